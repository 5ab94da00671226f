import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startScene } from './scene.ts';

const redirectUri = 'https://nod.example.com/callback';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const hexChallenge = '13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3';
const base64Challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

type Scene = Awaited<ReturnType<typeof startScene>>;

function authorizeUrl({ tiktok }: Scene, changes: Record<string, string> = {}) {
  const url = new URL(tiktok.authorizeUrl);
  url.search = String(
    new URLSearchParams({
      client_key: tiktok.app.clientKey,
      scope: 'user.info.basic,video.publish',
      response_type: 'code',
      redirect_uri: tiktok.app.redirectUris[0] ?? '',
      state: 'st&te=1',
      ...changes,
    }),
  );
  return String(url);
}

async function startWeb() {
  const scene = await startScene();
  scene.tiktok.app.redirectUris.push(redirectUri);
  return scene;
}

async function visit(scene: Scene, changes: Record<string, string> = {}, more = {}) {
  const location = await scene.tiktok.authorize({ url: authorizeUrl(scene, changes), ...more });
  return Object.fromEntries(new URL(location).searchParams);
}

const exchange = (scene: Scene, code: string | undefined, more: Record<string, string> = {}) =>
  scene.form('token', {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: scene.tiktok.app.redirectUris[0] ?? '',
    ...more,
  });

test('a person allows and the code becomes tokens', async () => {
  await using scene = await startWeb();
  const answer = await visit(scene);
  expect(answer).toMatchObject({ state: 'st&te=1', scopes: 'user.info.basic,video.publish' });
  const { status, json } = await exchange(scene, answer.code);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    access_token: expect.stringMatching(/^act\./),
    refresh_token: expect.stringMatching(/^rft\./),
    expires_in: 7200,
    refresh_expires_in: 15_552_000,
    open_id: scene.tiktok.openIdOf('studio.ana'),
    scope: 'user.info.basic,video.publish',
    token_type: 'Bearer',
  });
});

test('a person denies, or ticks fewer scopes', async () => {
  await using scene = await startWeb();
  expect(await visit(scene, {}, { deny: true })).toMatchObject({ error: 'access_denied', state: 'st&te=1' });
  const answer = await visit(scene, {}, { scopes: ['video.publish'] });
  expect((await exchange(scene, answer.code)).json.scope).toBe('video.publish');
  const less = await visit(scene, {}, { refuse: ['video.publish'] });
  expect((await exchange(scene, less.code)).json.scope).toBe('user.info.basic');
});

test('a wrong authorize URL ends on an error page without a redirect', async () => {
  await using scene = await startWeb();
  const wrong: [Record<string, string>, string][] = [
    [{ client_key: 'nobody' }, 'error_type=client_key'],
    [{ redirect_uri: `${redirectUri}/` }, 'error_type=redirect_uri'],
    [{ scope: 'user.info.basic video.publish' }, 'error_type=scope'],
    [{ response_type: 'token' }, 'error_type=response_type'],
    [{ state: '' }, 'error_type=state'],
    [{ code_challenge: hexChallenge, code_challenge_method: 'plain' }, 'error_type=code_challenge'],
  ];
  for (const [changes, text] of wrong) await expect(visit(scene, changes)).rejects.toThrow(text);
  expect(scene.tiktok.state.codes).toEqual([]);
});

test('a signed-in person is sent back at once unless disable_auto_auth is 1', async () => {
  await using scene = await startWeb();
  const url = authorizeUrl(scene);
  await exchange(scene, (await visit(scene)).code);
  const quick = await fetch(url, { redirect: 'manual', headers: { cookie: 'tiktok_session=studio.ana' } });
  expect(quick.status).toBe(302);
  const shown = await fetch(`${url}&disable_auto_auth=1`, {
    redirect: 'manual',
    headers: { cookie: 'tiktok_session=studio.ana' },
  });
  expect(shown.status).toBe(200);
});

test('a code works once, for 60 seconds, with the same redirect URI', async () => {
  await using scene = await startWeb();
  const { code } = await visit(scene);
  await exchange(scene, code);
  expect((await exchange(scene, code)).json.error).toBe('invalid_grant');

  const late = await visit(scene);
  scene.tiktok.clock.advance(60_000);
  expect((await exchange(scene, late.code)).json.error_description).toBe('Authorization code is expired.');

  const other = await visit(scene);
  const { status, json } = await exchange(scene, other.code, { redirect_uri: `${redirectUri}/` });
  expect(status).toBe(400);
  expect(json.error_description).toBe('Redirect_uri is not matched with the uri when requesting code.');
});

test('a web app may leave PKCE out, but a challenge has to be hex', async () => {
  await using scene = await startWeb();
  const challenged = { code_challenge: hexChallenge, code_challenge_method: 'S256' };
  expect((await exchange(scene, (await visit(scene)).code, { code_verifier: verifier })).status).toBe(200);
  const fine = await exchange(scene, (await visit(scene, challenged)).code, { code_verifier: verifier });
  expect(fine.status).toBe(200);
  const base64 = { ...challenged, code_challenge: base64Challenge };
  const refused = await exchange(scene, (await visit(scene, base64)).code, { code_verifier: verifier });
  expect(refused.json).toMatchObject({
    error: 'invalid_request',
    error_description: 'Code verifier or code challenge is invalid.',
  });
});

test('a desktop app needs a hex challenge, and any port for a wildcard', async () => {
  await using scene = await startScene({
    app: { kind: 'desktop', redirectUris: ['http://127.0.0.1:*/cb/'] },
  });
  const desktop = { redirect_uri: 'http://127.0.0.1:4321/cb/', code_challenge_method: 'S256' };
  const more = { redirect_uri: desktop.redirect_uri, code_verifier: verifier };
  expect(createHash('sha256').update(verifier).digest('hex')).toBe(hexChallenge);
  await expect(visit(scene, { redirect_uri: desktop.redirect_uri })).rejects.toThrow('code_challenge');
  await expect(visit(scene, { redirect_uri: 'http://127.0.0.1:x/cb/' })).rejects.toThrow('redirect_uri');
  const hex = await visit(scene, { ...desktop, code_challenge: hexChallenge });
  expect((await exchange(scene, hex.code, more)).status).toBe(200);
  const base64 = await visit(scene, { ...desktop, code_challenge: base64Challenge });
  expect((await exchange(scene, base64.code, more)).json.error).toBe('invalid_request');
});

test('a refresh rotates, the old refresh token dies, and its 180 days do not start anew', async () => {
  await using scene = await startScene();
  scene.tiktok.clock.advance(10_000_000_000);
  const refresh = (token: string) =>
    scene.form('token', { grant_type: 'refresh_token', refresh_token: token });
  const first = await refresh(scene.tokens.refresh_token);
  expect(first.json.refresh_token).not.toBe(scene.tokens.refresh_token);
  expect(first.json.refresh_expires_in).toBeLessThanOrEqual(5_552_000);
  expect((await refresh(scene.tokens.refresh_token)).json.error).toBe('invalid_grant');
  expect((await refresh(first.json.refresh_token)).status).toBe(200);
});

test('a refresh starts the life of the refresh token anew where that is switched on', async () => {
  await using scene = await startScene({ strict: { refreshRenewsLifetime: true } });
  scene.tiktok.clock.advance(10_000_000_000);
  const { refresh_token } = scene.tokens;
  const { json } = await scene.form('token', { grant_type: 'refresh_token', refresh_token });
  expect(json.refresh_expires_in).toBe(15_552_000);
});

test('refresh tokens stay as they are where rotation is switched off', async () => {
  await using scene = await startScene({ strict: { refreshRotates: false } });
  const refresh_token = scene.tokens.refresh_token;
  const { json } = await scene.form('token', { grant_type: 'refresh_token', refresh_token });
  expect(json.refresh_token).toBe(refresh_token);
});

test('a refresh may end the old access token, and may fail in a sandbox', async () => {
  await using scene = await startScene({ strict: { oldAccessTokenDies: true, sandboxRefreshFails: true } });
  const { access_token, refresh_token } = scene.tokens;
  const refresh = () => scene.form('token', { grant_type: 'refresh_token', refresh_token });
  const ask = () => scene.call('post/publish/creator_info/query/', {}, { token: access_token });
  scene.tiktok.app.sandbox = true;
  expect((await refresh()).json.error).toBe('invalid_grant');
  expect((await ask()).status).toBe(200);
  scene.tiktok.app.sandbox = false;
  expect((await refresh()).status).toBe(200);
  expect((await ask()).code).toBe('access_token_invalid');
});

test('OAuth refuses JSON, wrong secrets and unknown grants', async () => {
  await using scene = await startScene({ strict: { oauthErrorStatus: 200 } });
  const response = await fetch(`${scene.tiktok.apiUrl}/v2/oauth/token/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"grant_type":"client_credentials"}',
  });
  expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  const wrong = await scene.form('token', { grant_type: 'client_credentials', client_secret: 'x' });
  expect(wrong).toMatchObject({ status: 200, json: { error: 'invalid_client' } });
  expect((await scene.form('token', { grant_type: 'password' })).json.error).toBe('unsupported_grant_type');
  const client = await scene.form('token', { grant_type: 'client_credentials' });
  expect(client.json).toMatchObject({ access_token: expect.stringMatching(/^clt\./), expires_in: 7200 });
});

test('an access token expires, and a revoked one is dead at once', async () => {
  await using scene = await startScene({ accessTokenSeconds: 100 });
  const ask = (token: string) => scene.call('post/publish/creator_info/query/', {}, { token });
  expect((await ask(scene.tokens.access_token)).status).toBe(200);
  scene.tiktok.clock.advance(100_000);
  expect(await ask(scene.tokens.access_token)).toMatchObject({ status: 401, code: 'access_token_invalid' });

  const { access_token: token, refresh_token } = scene.tiktok.grant();
  expect(await scene.form('revoke', { token })).toMatchObject({ status: 200, text: '' });
  expect((await ask(token)).code).toBe('access_token_invalid');
  expect((await scene.form('token', { grant_type: 'refresh_token', refresh_token })).status).toBe(400);
});

test('a sandbox lets in its target users only', async () => {
  await using scene = await startScene({
    app: { sandbox: true, targetUsers: ['studio.ana'], redirectUris: [redirectUri] },
  });
  scene.tiktok.seedCreator({ username: 'stranger' });
  expect(await visit(scene, {}, { creator: 'stranger' })).toMatchObject({ error_type: 'non_sandbox_target' });
  expect(await visit(scene, {}, { creator: 'studio.ana' })).toHaveProperty('code');
});
