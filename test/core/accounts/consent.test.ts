import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { type Consent, createConsents, type Invitation } from '../../../src/core/accounts/consent.ts';
import { createCoreWorld } from '../core-world.ts';
import type { Around } from '../mortal.ts';
import { ANA, CHAT, WORKSPACE } from '../posts.ts';

const BROWSER = 'cookie-of-the-browser';
const REDIRECT_URI = 'http://127.0.0.1:1/oauth/callback';

async function consentWorld({ around, stats }: { around?: Around; stats?: boolean } = {}) {
  const world = await createCoreWorld();
  world.tiktok.app.redirectUris.push(REDIRECT_URI);
  const { stores, accounts, client } = around === undefined ? world.nod : world.openAnother({ around });
  const invitations = stores.store<Invitation>('invitations');
  const kept = stores.store<Consent>('consents');
  const lines: string[] = [];
  /** What the hook says: whether whoever asked may connect accounts now. */
  const rights: { read: (invitation: Invitation) => Promise<boolean> } = { read: async () => true };
  const consents = createConsents({
    mayConnect: (invitation) => rights.read(invitation),
    invitations,
    consents: kept,
    accounts,
    client,
    now: world.now,
    stats,
    redirectUri: REDIRECT_URI,
    clientKey: world.tiktok.app.clientKey,
    authorizePage: world.tiktok.authorizeUrl,
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
  });
  const invite = () => consents.invite({ workspace: WORKSPACE, chat: CHAT, chatTitle: 'Ana', person: ANA });

  /** Goes through TikTok's page as the person; what TikTok sends the browser back with. */
  async function callback(
    invitation: Invitation,
    {
      browser = BROWSER,
      ...visit
    }: { browser?: string; deny?: boolean; scopes?: string[]; refuse?: string[]; creator?: string } = {},
  ) {
    const url = await consents.begin(invitation, browser);
    const back = new URL(await world.tiktok.authorize({ url, ...visit })).searchParams;
    const [code, error] = [back.get('code'), back.get('error')];
    return {
      state: back.get('state') ?? '',
      browser,
      ...(code !== null && { code }),
      ...(error !== null && { error }),
    };
  }

  return { world, consents, rights, invite, callback, invitations, kept, lines };
}

describe('an invitation', () => {
  it('is good for an hour', async () => {
    const { world, consents, invite } = await consentWorld();
    await using _ = world;
    const { id } = await invite();
    expect(id).toMatch(/^[\w-]{32}$/);
    world.tiktok.clock.advance(3_599_999);
    expect(await consents.readInvitation(id)).toMatchObject({ id, person: ANA });
    world.tiktok.clock.advance(1);
    expect(await consents.readInvitation(id)).toBeUndefined();
    expect(await consents.readInvitation('nobody')).toBeUndefined();
  });
});

describe('a way through the consent page', () => {
  it('connects the account, once, and uses the invitation up', async () => {
    const { world, consents, invite, callback, lines } = await consentWorld();
    await using _ = world;
    const invitation = await invite();
    const back = await callback(invitation);
    const outcomes = await Promise.all([consents.finish(back), consents.finish(back)]);
    expect(outcomes.map(({ type }) => type).sort()).toEqual(['connected', 'reused']);
    expect(outcomes.find(({ type }) => type === 'connected')).toMatchObject({
      account: { nickname: 'Studio Ana', connectedBy: ANA },
      missingScopes: [],
    });
    expect(await world.nod.accounts.list(WORKSPACE)).toHaveLength(1);
    expect(await consents.readInvitation(invitation.id)).toBeUndefined();
    expect(await consents.finish(back)).toMatchObject({ type: 'reused' });
    for (const { value } of world.tiktok.state.tokens) expect(lines.join('')).not.toContain(value);
  });

  it('says which scopes the person left out', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite(), { scopes: ['user.info.basic', 'video.upload'] });
    expect(await consents.finish(back)).toMatchObject({
      type: 'connected',
      missingScopes: ['video.publish'],
    });
  });

  it.each([
    { stats: false, refuse: [], asked: false, granted: false, lacksStats: false },
    { stats: true, refuse: [], asked: true, granted: true, lacksStats: false },
    { stats: true, refuse: ['video.list'], asked: true, granted: false, lacksStats: true },
  ])(
    'asks for video.list where it is wanted, and misses nothing without it: %j',
    async ({ stats, refuse, asked, granted, lacksStats }) => {
      const { world, consents, invite, callback } = await consentWorld({ stats });
      await using _ = world;
      const invitation = await invite();
      const url = new URL(await consents.begin(invitation, BROWSER));
      expect(url.searchParams.get('scope')?.split(',').includes('video.list')).toBe(asked);
      const outcome = await consents.finish(await callback(invitation, { refuse }));
      expect(outcome).toMatchObject({ type: 'connected', missingScopes: [], lacksStats });
      const [account] = await world.nod.accounts.list(WORKSPACE);
      expect(account?.scopes.includes('video.list')).toBe(granted);
    },
  );

  it.each([undefined, '', 'another cookie'])(
    'belongs to the browser that began it, not to %j',
    async (browser) => {
      const { world, consents, invite, callback } = await consentWorld();
      await using _ = world;
      const back = await callback(await invite());
      expect(await consents.finish({ ...back, browser })).toMatchObject({ type: 'foreign' });
      expect(await consents.finish(back)).toMatchObject({ type: 'connected' });
    },
  );

  it('ends where the person says no', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite(), { deny: true });
    expect(await consents.finish(back)).toMatchObject({ type: 'denied', invitation: { person: ANA } });
    expect(await world.nod.accounts.list(WORKSPACE)).toEqual([]);
  });

  it('ends after ten minutes', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    world.tiktok.clock.advance(600_000);
    expect(await consents.finish(back)).toMatchObject({ type: 'expired' });
  });

  it('ends with what TikTok refuses', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const { code: __, ...bare } = await callback(await invite());
    expect(await consents.finish(bare)).toMatchObject({ type: 'refused', code: 'code_missing' });
    const forged = { ...(await callback(await invite())), code: 'forged' };
    expect(await consents.finish(forged)).toMatchObject({ type: 'refused', code: 'invalid_grant' });
    const odd = { ...(await callback(await invite())), error: 'server_error' };
    expect(await consents.finish(odd)).toMatchObject({ type: 'refused', code: 'server_error' });
  });

  it('says so when TikTok does not answer', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    world.tiktok.fault('token-5xx');
    expect(await consents.finish(back)).toMatchObject({ type: 'unreachable' });
  });

  it('connects without a name where TikTok does not tell it', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    world.tiktok.fault('error', { endpoint: 'user/info', status: 500, code: 'internal_error' });
    expect(await consents.finish(back)).toMatchObject({
      type: 'connected',
      account: { nickname: 'TikTok account' },
    });
  });

  it('is unknown under a state that we never made', async () => {
    const { world, consents } = await consentWorld();
    await using _ = world;
    expect(await consents.finish({ state: 'made up', browser: BROWSER, code: 'x' })).toEqual({
      type: 'unknown',
    });
  });
});

describe('two ways through one invitation', () => {
  async function twoWays(options: { around?: Around } = {}) {
    const stage = await consentWorld(options);
    const { world, invite, callback } = stage;
    world.tiktok.seedCreator({ username: 'mallory', nickname: 'Mallory' });
    const invitation = await invite();
    const first = await callback(invitation);
    const second = await callback(invitation, { browser: 'another browser', creator: 'mallory' });
    const names = async () => (await world.nod.accounts.list(WORKSPACE)).map(({ nickname }) => nickname);
    return { ...stage, invitation, first, second, names };
  }

  it('connect the account of the first that ends well', async () => {
    const { world, consents, first, second, names } = await twoWays();
    await using _ = world;
    expect(await consents.finish(first)).toMatchObject({ type: 'connected' });
    expect(await consents.finish(second)).toMatchObject({ type: 'used', isTold: false });
    expect(await consents.finish(second)).toMatchObject({ type: 'used', isTold: true });
    expect(await names()).toEqual(['Studio Ana']);
    expect(world.tiktok.state.tokens.filter(({ kind }) => kind === 'access')).toHaveLength(1);
  });

  it('connect one account when both end at the same time', async () => {
    const { world, consents, first, second, names } = await twoWays();
    await using _ = world;
    const outcomes = await Promise.all([first, second, first, second].map((back) => consents.finish(back)));
    const types = outcomes.map(({ type }) => type);
    expect(types.filter((type) => type === 'connected')).toHaveLength(1);
    expect(types.every((type) => ['connected', 'reused', 'used'].includes(type))).toBe(true);
    expect(await names()).toHaveLength(1);
  });

  it('leave the invitation to the second where TikTok refuses the first, or does not answer', async () => {
    const { world, consents, invitation, first, second, callback, names } = await twoWays();
    await using _ = world;
    expect(await consents.finish({ ...first, code: 'forged' })).toMatchObject({ type: 'refused' });
    expect(await consents.readInvitation(invitation.id)).toMatchObject({ id: invitation.id });
    const third = await callback(invitation);
    world.tiktok.fault('token-5xx');
    expect(await consents.finish(third)).toMatchObject({ type: 'unreachable' });
    expect(await consents.readInvitation(invitation.id)).toMatchObject({ id: invitation.id });
    expect(await consents.finish(second)).toMatchObject({ type: 'connected' });
    expect(await names()).toEqual(['Mallory']);
    expect(await consents.readInvitation(invitation.id)).toBeUndefined();
  });

  it('are not used up by who says no, comes late or comes from elsewhere', async () => {
    const { world, consents, invitation, first, second, callback } = await twoWays();
    await using _ = world;
    await consents.finish(await callback(invitation, { deny: true }));
    await consents.finish({ ...second, browser: BROWSER });
    const { code: __, ...bare } = second;
    await consents.finish(bare);
    expect(await consents.readInvitation(invitation.id)).toMatchObject({ id: invitation.id });
    world.tiktok.clock.advance(600_000);
    expect(await consents.finish(first)).toMatchObject({ type: 'expired' });
    expect(await consents.readInvitation(invitation.id)).toMatchObject({ id: invitation.id });
  });

  it('find the invitation used that an older Nod deleted', async () => {
    const { world, consents, invitations, invitation, first, names } = await twoWays();
    await using _ = world;
    await invitations.delete(invitation.id);
    expect(await consents.finish(first)).toMatchObject({ type: 'used' });
    expect(await names()).toEqual([]);
  });

  it('are open for the newest twenty, however many somebody begins', async () => {
    const { world, consents, kept, invitation, first, callback, names } = await twoWays();
    await using _ = world;
    for (let ways = 0; ways < 19; ways += 1) await consents.begin(invitation, BROWSER);
    const last = await callback(invitation);
    expect(await Array.fromAsync(kept.entries())).toHaveLength(20);
    expect(await consents.finish(first)).toEqual({ type: 'unknown' });
    expect(await consents.finish(last)).toMatchObject({ type: 'connected' });
    expect(await names()).toEqual(['Studio Ana']);
  });

  it('leave the invitation free where the fault is ours, and do not blame TikTok', async () => {
    let isFull = true;
    const around: Around = (name, run) =>
      isFull && name === 'create accounts' ? Promise.reject(new Error('The disk is full.')) : run();
    const { world, consents, first, second, names } = await twoWays({ around });
    await using _ = world;
    expect(await consents.finish(first)).toMatchObject({ type: 'fault' });
    isFull = false;
    expect(await consents.finish(second)).toMatchObject({ type: 'connected' });
    expect(await names()).toEqual(['Mallory']);
  });
});

describe('the right to connect', () => {
  it('is asked for when the consent ends: without it no code is exchanged', async () => {
    const { world, consents, rights, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    rights.read = async () => false;
    expect(await consents.finish(back)).toMatchObject({ type: 'forbidden', isTold: false });
    expect(await consents.finish(back)).toMatchObject({ type: 'forbidden', isTold: true });
    expect(await world.nod.accounts.list(WORKSPACE)).toEqual([]);
    expect(world.tiktok.state.tokens).toEqual([]);
    rights.read = async () => true;
    expect(await consents.finish(back)).toMatchObject({ type: 'connected' });
  });

  it('is that of whoever asked', async () => {
    const { world, consents, rights, invite, callback } = await consentWorld();
    await using _ = world;
    const asked: unknown[] = [];
    rights.read = async (invitation) => asked.push(invitation) > 0;
    await consents.finish(await callback(await invite()));
    expect(asked).toMatchObject([{ person: ANA, chat: CHAT, workspace: WORKSPACE }]);
  });

  it('uses nothing up where it cannot be told', async () => {
    const { world, consents, rights, invite, callback, lines } = await consentWorld();
    await using _ = world;
    const invitation = await invite();
    const back = await callback(invitation);
    rights.read = () => Promise.reject(new Error('The chat does not answer.'));
    expect(await consents.finish(back)).toMatchObject({ type: 'unchecked' });
    expect(await consents.finish(back)).toMatchObject({ type: 'unchecked' });
    expect(lines.join('')).toContain('The chat does not answer.');
    expect(lines.join('')).not.toContain(invitation.id);
    rights.read = async () => true;
    expect(await consents.finish(back)).toMatchObject({ type: 'connected' });
  });

  it('lost after the invitation was used is not asked for again', async () => {
    const { world, consents, rights, invite, callback } = await consentWorld();
    await using _ = world;
    const invitation = await invite();
    const [first, second] = [await callback(invitation), await callback(invitation)];
    await consents.finish(first);
    rights.read = () => Promise.reject(new Error('Nobody should ask.'));
    expect(await consents.finish(second)).toMatchObject({ type: 'used' });
  });
});

describe('what the chat is told', () => {
  it('of a callback that is opened again, it is told once', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    await consents.finish(back);
    const again = await Promise.all(Array.from({ length: 5 }, () => consents.finish(back)));
    expect(again.every(({ type }) => type === 'reused')).toBe(true);
    expect(again.filter((outcome) => 'isTold' in outcome && !outcome.isTold)).toHaveLength(1);
  });

  it('of another browser, it is told once', async () => {
    const { world, consents, invite, callback } = await consentWorld();
    await using _ = world;
    const back = await callback(await invite());
    const elsewhere = { ...back, browser: 'another browser' };
    const outcomes = [await consents.finish(elsewhere), await consents.finish(elsewhere)];
    expect(outcomes).toMatchObject([
      { type: 'foreign', isTold: false },
      { type: 'foreign', isTold: true },
    ]);
    expect(await consents.finish(back)).toMatchObject({ type: 'connected' });
    expect(await consents.finish(elsewhere)).toMatchObject({ type: 'reused', isTold: false });
  });
});

describe('sweeping', () => {
  it('deletes what expired a day ago and keeps the rest', async () => {
    const { world, consents, invite, invitations, kept } = await consentWorld();
    await using _ = world;
    const old = await invite();
    await consents.begin(old, BROWSER);
    world.tiktok.clock.advance(26 * 3_600_000);
    const fresh = await invite();
    await consents.begin(fresh, BROWSER);
    await consents.sweep();
    expect(await Array.fromAsync(invitations.entries(), ([id]) => id)).toEqual([fresh.id]);
    expect(await Array.fromAsync(kept.entries())).toHaveLength(1);
  });
});
