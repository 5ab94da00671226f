import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTikTokEmulator, type TikTokEmulator, type Visit } from '../emulators/tiktok/index.ts';
import { CLIENT_KEY, CLIENT_SECRET, createWorld, type World } from './world.ts';

const PUBLIC_URL = 'https://nod.example.com';
const PAGE_TITLE = /<h1>(.*?)<\/h1>/;

let tiktok: TikTokEmulator;
let world: World;
/** Whether whoever asked may connect accounts now. */
let readRight: () => Promise<boolean>;

beforeEach(async () => {
  tiktok = await startTikTokEmulator({
    app: {
      clientKey: CLIENT_KEY,
      clientSecret: CLIENT_SECRET,
      redirectUris: [`${PUBLIC_URL}/oauth/callback`],
    },
    creator: { username: 'ana', nickname: 'Ana <3' },
  });
  readRight = async () => true;
  world = await createWorld({
    apiUrl: tiktok.apiUrl,
    authorizePage: tiktok.authorizeUrl,
    mayConnect: () => readRight(),
  });
});
afterEach(async () => {
  await world.dispose();
  await tiktok.close();
});

async function ask(path: string, init: RequestInit = {}) {
  const response = await world.app.request(path, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, title: PAGE_TITLE.exec(text)?.[1] };
}

const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(';')[0] ?? '';

/** Opens the link from the chat and presses the button, like a browser. */
async function begin({
  headers = {},
  invitation: given,
}: {
  headers?: Record<string, string>;
  invitation?: { id: string };
} = {}) {
  const invitation = given ?? (await world.invite());
  const opened = await ask(`/connect/${invitation.id}`);
  const cookie = cookieOf(opened.headers);
  const pressed = await ask(`/connect/${invitation.id}`, {
    method: 'POST',
    headers: { cookie, origin: PUBLIC_URL, ...headers },
  });
  return { invitation, opened, cookie, pressed, location: pressed.headers.get('location') ?? '' };
}

/** Goes through TikTok's page and comes back. */
async function comeBack(visit: Omit<Visit, 'url'> = {}) {
  const way = await begin();
  const callback = await tiktok.authorize({ url: way.location, ...visit });
  const path = callback.slice(PUBLIC_URL.length);
  return { ...way, path, back: await ask(path, { headers: { cookie: way.cookie } }) };
}

describe('the connect page', () => {
  test('says who asked, for which chat, and what Nod will be able to do', async () => {
    const { opened } = await begin();
    expect(opened.status).toBe(200);
    expect(opened.text).toContain('Team &lt;b&gt;Ana&lt;/b&gt;');
    expect(opened.text).toContain('Ana &amp; Co');
    for (const ability of ['name and picture', 'Publish videos and photos', 'TikTok inbox']) {
      expect(opened.text).toContain(ability);
    }
  });

  test('binds the browser by a cookie that other sites cannot use', async () => {
    const { opened } = await begin();
    expect(opened.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-nod_browser=[\w-]{32}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
    expect(opened.headers.get('cache-control')).toBe('no-store');
  });

  test('keeps the cookie of a browser that comes again', async () => {
    const { invitation, cookie } = await begin();
    const again = await ask(`/connect/${invitation.id}`, { headers: { cookie } });
    expect(cookieOf(again.headers)).toBe(cookie);
  });

  test('uses a plain cookie without https', async () => {
    await using local = await createWorld({ publicUrl: 'http://127.0.0.1:8080' });
    const { id } = await local.invite();
    const response = await local.app.request(`/connect/${id}`);
    expect(response.headers.getSetCookie()[0]).toMatch(/^nod_browser=[\w-]{32}; (?!.*Secure)/);
    expect(response.headers.get('strict-transport-security')).toBeNull();
  });

  test('leads to TikTok, which its policy allows', async () => {
    const { pressed, location, opened } = await begin();
    expect(pressed.status).toBe(303);
    expect(location).toMatch(new RegExp(`^${tiktok.authorizeUrl}\\?client_key=${CLIENT_KEY}`));
    expect(opened.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(tiktok.authorizeUrl).origin}`,
    );
  });

  test.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a hidden origin', { origin: 'null' }],
    ['a sister site', { 'sec-fetch-site': 'same-site' }],
    ['no cookie', { cookie: '' }],
    ['a cookie that is not ours', { cookie: '__Host-nod_browser=x' }],
  ])('refuses a form from %s', async (_, headers) => {
    const { pressed } = await begin({ headers });
    expect(pressed.status).toBe(403);
    expect(pressed.headers.get('location')).toBeNull();
  });

  test.each([{ method: 'GET' }, { method: 'POST' }])(
    'a wrong or old link leads to a hint: $method',
    async (init) => {
      const { id } = await world.invite();
      expect(await ask('/connect/wrong', init)).toMatchObject({
        status: 404,
        title: 'This link has run out',
      });
      world.time.now += 61 * 60_000;
      const old = await ask(`/connect/${id}`, init);
      expect(old).toMatchObject({ status: 404, title: 'This link has run out' });
      expect(old.text).toContain('/connect');
    },
  );
});

describe('the way back', () => {
  test('connects the account and tells the chat', async () => {
    const { back, invitation } = await comeBack();
    expect(back).toMatchObject({ status: 200, title: 'Connected' });
    expect(back.text).toContain('Ana &lt;3');
    expect(back.text).toContain('send a video or some photos');
    expect(await world.accounts.list('telegram:-100')).toMatchObject([{ nickname: 'Ana <3' }]);
    expect(world.outcomes).toMatchObject([{ type: 'connected', invitation: { id: invitation.id } }]);
  });

  test('shows the page though the chat cannot be told', async () => {
    await using broken = await createWorld({
      apiUrl: tiktok.apiUrl,
      authorizePage: tiktok.authorizeUrl,
      web: { consents: world.consents, onConsent: () => Promise.reject(new Error('The chat is gone.')) },
    });
    const { cookie, location } = await begin();
    const callback = await tiktok.authorize({ url: location });
    const back = await broken.app.request(callback.slice(PUBLIC_URL.length), { headers: { cookie } });
    expect(back.status).toBe(200);
    expect(await back.text()).toContain('<h1>Connected</h1>');
  });

  test.each([
    [['user.info.basic', 'video.upload'], 'only go to the inbox'],
    [['user.info.basic', 'video.publish'], 'only go straight to the profile'],
  ])('says what does not work with %s alone', async (scopes, text) => {
    const { back } = await comeBack({ scopes });
    expect(back).toMatchObject({ status: 200, title: 'Connected, with gaps' });
    expect(back.text).toContain(text);
    expect(back.text).toContain('/connect');
  });

  test('a refusal by the person is no failure, and can be taken back', async () => {
    const { back, invitation } = await comeBack({ deny: true });
    expect(back).toMatchObject({ status: 200, title: 'Nothing was connected' });
    expect(back.text).toContain(`href="/connect/${invitation.id}"`);
    expect(world.outcomes).toMatchObject([{ type: 'denied' }]);
  });

  test('a second return counts no more', async () => {
    const { path, cookie, invitation } = await comeBack();
    const again = await ask(path, { headers: { cookie } });
    expect(again).toMatchObject({ status: 409, title: 'This was already used' });
    expect(again.text).not.toContain(invitation.id);
    expect(await world.accounts.list('telegram:-100')).toHaveLength(1);
  });

  test('reloads are told on the page each time, and in the chat once', async () => {
    const { path, cookie } = await comeBack();
    for (let times = 0; times < 5; times += 1) {
      const again = await ask(path, { headers: { cookie } });
      expect(again).toMatchObject({ status: 409, title: 'This was already used' });
    }
    expect(world.outcomes.map(({ type }) => type)).toEqual(['connected', 'reused']);
  });

  test('of two browsers with one link, one connects an account', async () => {
    const first = await begin();
    const second = await begin({ invitation: first.invitation });
    expect(second.cookie).not.toBe(first.cookie);
    const [mine, theirs] = [
      await tiktok.authorize({ url: first.location }),
      await tiktok.authorize({ url: second.location }),
    ].map((url) => url.slice(PUBLIC_URL.length)) as [string, string];
    const connected = await ask(mine, { headers: { cookie: first.cookie } });
    expect(connected).toMatchObject({ status: 200, title: 'Connected' });
    for (let times = 0; times < 3; times += 1) {
      const late = await ask(theirs, { headers: { cookie: second.cookie } });
      expect(late).toMatchObject({ status: 409, title: 'This link was used already' });
      expect(late.text).toContain('/connect');
      expect(late.text).not.toContain(first.invitation.id);
    }
    expect(world.outcomes.map(({ type }) => type)).toEqual(['connected', 'used']);
    expect(tiktok.state.tokens.filter(({ kind }) => kind === 'access')).toHaveLength(1);
    expect(await ask(`/connect/${first.invitation.id}`)).toMatchObject({ status: 404 });
  });

  test('who may no longer connect accounts is stopped before TikTok is asked', async () => {
    const { location, cookie, invitation } = await begin();
    const path = (await tiktok.authorize({ url: location })).slice(PUBLIC_URL.length);
    readRight = async () => false;
    for (let times = 0; times < 2; times += 1) {
      const back = await ask(path, { headers: { cookie } });
      expect(back).toMatchObject({ status: 403, title: 'This is no longer allowed' });
      expect(back.text).toContain('Ana &amp; Co');
      expect(back.text).not.toContain(invitation.id);
    }
    expect(world.outcomes).toMatchObject([{ type: 'forbidden' }]);
    expect(tiktok.state.tokens).toEqual([]);
    expect((await world.accountStore.entries().next()).done).toBe(true);
  });

  test('rights that cannot be read are a fault of ours, after which a reload goes on', async () => {
    const { location, cookie } = await begin();
    const path = (await tiktok.authorize({ url: location })).slice(PUBLIC_URL.length);
    readRight = () => Promise.reject(new Error('The chat does not answer.'));
    for (let times = 0; times < 2; times += 1) {
      const back = await ask(path, { headers: { cookie } });
      expect(back).toMatchObject({ status: 503, title: 'Nod could not check this' });
      expect(back.text).toMatch(/Reload this page/);
      expect(back.text).not.toMatch(/TikTok (refused|did not)/);
    }
    readRight = async () => true;
    expect(await ask(path, { headers: { cookie } })).toMatchObject({ status: 200, title: 'Connected' });
    expect(world.outcomes.map(({ type }) => type)).toEqual(['unchecked', 'unchecked', 'connected']);
  });

  test.each(['token-5xx', 'forged'])('“Try again” works after a failure: %s', async (failure) => {
    const { invitation, location, cookie } = await begin();
    const path = (await tiktok.authorize({ url: location })).slice(PUBLIC_URL.length);
    if (failure !== 'forged') tiktok.fault(failure);
    const failed = await ask(failure === 'forged' ? path.replace(/code=[^&]+/, 'code=forged') : path, {
      headers: { cookie },
    });
    const [, again = ''] = /href="(\/connect\/[^"]+)"/.exec(failed.text) ?? [];
    expect(again).toBe(`/connect/${invitation.id}`);
    const retry = await begin({ invitation });
    const url = await tiktok.authorize({ url: retry.location });
    const back = await ask(url.slice(PUBLIC_URL.length), { headers: { cookie: retry.cookie } });
    expect(back).toMatchObject({ status: 200, title: 'Connected' });
  });

  test('another browser is stopped and learns nothing', async () => {
    const { location, invitation } = await begin();
    const callback = await tiktok.authorize({ url: location });
    for (const cookie of ['', `__Host-nod_browser=${'x'.repeat(32)}`]) {
      const back = await ask(callback.slice(PUBLIC_URL.length), { headers: { cookie } });
      expect(back).toMatchObject({ status: 403, title: 'This is another browser' });
      expect(back.text).not.toContain(invitation.id);
      expect(back.text).not.toContain('Team');
    }
    expect(world.outcomes).toMatchObject([{ type: 'foreign' }]);
    expect(await world.accounts.list('telegram:-100')).toEqual([]);
  });

  test('a return after ten minutes is too late', async () => {
    const { location, cookie } = await begin();
    const callback = await tiktok.authorize({ url: location });
    world.time.now += 11 * 60_000;
    const back = await ask(callback.slice(PUBLIC_URL.length), { headers: { cookie } });
    expect(back).toMatchObject({ status: 410, title: 'That took too long' });
  });

  test('TikTok that does not answer is told apart from a refusal', async () => {
    tiktok.fault('token-5xx');
    const { back } = await comeBack();
    expect(back).toMatchObject({ status: 502, title: 'TikTok did not answer' });
    expect(world.outcomes).toMatchObject([{ type: 'unreachable' }]);
  });

  test('a code that TikTok does not take is a refusal', async () => {
    const { location, cookie } = await begin();
    const state = new URL(location).searchParams.get('state');
    const back = await ask(`/oauth/callback?code=made-up&state=${state}`, { headers: { cookie } });
    expect(back).toMatchObject({ status: 400, title: 'TikTok refused' });
    expect(world.outcomes).toMatchObject([{ type: 'refused', code: 'invalid_grant' }]);
  });

  test('a sandbox tells who may connect', async () => {
    tiktok.app.sandbox = true;
    const { back } = await comeBack();
    expect(back).toMatchObject({ status: 400, title: 'TikTok refused' });
    expect(back.text).toContain('target user');
    expect(world.outcomes).toMatchObject([{ type: 'refused', code: 'non_sandbox_target' }]);
  });

  test.each([
    ['unauthorized_client&error_type=client_key', 'client_key', 'TIKTOK_CLIENT_KEY'],
    ['invalid_request&error_type=redirect_uri', 'redirect_uri', 'redirect URIs'],
    ['invalid_scope', 'invalid_scope', 'video.publish'],
    ['something_new', 'something_new', 'gave no reason'],
    ['%3Cscript%3E', 'unknown_error', 'gave no reason'],
  ])('the error %s comes with a hint', async (query, code, hint) => {
    const { location, cookie } = await begin();
    const state = new URL(location).searchParams.get('state');
    const back = await ask(`/oauth/callback?error=${query}&state=${state}`, { headers: { cookie } });
    expect(back).toMatchObject({ status: 400, title: 'TikTok refused' });
    expect(back.text).toContain(hint);
    expect(back.text).not.toContain('<script>');
    expect(world.outcomes).toMatchObject([{ type: 'refused', code }]);
  });

  test.each(['', '?code=x', '?code=x&state=unknown', '?error=access_denied'])(
    'a return that belongs to nobody leads nowhere: %s',
    async (query) => {
      expect(await ask(`/oauth/callback${query}`)).toMatchObject({
        status: 404,
        title: 'This link leads nowhere',
      });
      expect((await world.accountStore.entries().next()).done).toBe(true);
    },
  );

  test('a look with HEAD uses nothing up', async () => {
    const { location, cookie } = await begin();
    const callback = (await tiktok.authorize({ url: location })).slice(PUBLIC_URL.length);
    await world.app.request(callback, { method: 'HEAD', headers: { cookie } });
    expect(await ask(callback, { headers: { cookie } })).toMatchObject({ title: 'Connected' });
  });

  test('neither code nor state are passed on', async () => {
    const { back, path } = await comeBack();
    const query = new URL(path, PUBLIC_URL).searchParams;
    for (const secret of [query.get('code') ?? '?', query.get('state') ?? '?']) {
      expect(back.text).not.toContain(secret);
      expect(world.lines.join()).not.toContain(secret);
    }
    expect(back.headers.get('referrer-policy')).toBe('no-referrer');
    expect(back.headers.get('cache-control')).toBe('no-store');
  });
});
