import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { type Consent, createConsents, type Invitation } from '../../src/core/consents.ts';
import { createCoreWorld } from './core-world.ts';
import { ANA, CHAT, WORKSPACE } from './posts.ts';

const BROWSER = 'cookie-of-the-browser';
const REDIRECT_URI = 'http://127.0.0.1:1/oauth/callback';

async function consentWorld() {
  const world = await createCoreWorld();
  world.tiktok.app.redirectUris.push(REDIRECT_URI);
  const { stores, accounts, client } = world.nod;
  const invitations = stores.store<Invitation>('invitations');
  const kept = stores.store<Consent>('consents');
  const lines: string[] = [];
  const consents = createConsents({
    ...{ invitations, consents: kept, accounts, client, now: world.now, redirectUri: REDIRECT_URI },
    ...{ clientKey: world.tiktok.app.clientKey, authorizePage: world.tiktok.authorizeUrl },
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
  });
  const invite = () => consents.invite({ workspace: WORKSPACE, chat: CHAT, chatTitle: 'Ana', person: ANA });

  /** Goes through TikTok's page as the person; what TikTok sends the browser back with. */
  async function callback(invitation: Invitation, visit: { deny?: boolean; scopes?: string[] } = {}) {
    const url = await consents.begin(invitation, BROWSER);
    const back = new URL(await world.tiktok.authorize({ url, ...visit })).searchParams;
    const [code, error] = [back.get('code'), back.get('error')];
    return {
      state: back.get('state') ?? '',
      browser: BROWSER,
      ...(code !== null && { code }),
      ...(error !== null && { error }),
    };
  }

  return { world, consents, invite, callback, invitations, kept, lines };
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
