import { afterEach, beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../../../src/core/tiktok/codes.ts';
import { TikTokAuthError } from '../../../src/core/tiktok/errors.ts';
import { authorizeUrl, createPkce, parseCallback, SCOPES } from '../../../src/core/tiktok/oauth.ts';
import { type BothSides, REDIRECT_URI, refusal, startBothSides } from './both-sides.ts';

let sides: BothSides;
let tiktok: BothSides['tiktok'];
let client: BothSides['client'];

beforeEach(async () => {
  sides = await startBothSides();
  ({ tiktok, client } = sides);
});

afterEach(async () => {
  await sides.close();
});

async function consent(scopes?: string[]) {
  const { codeVerifier, codeChallenge } = createPkce();
  const url = authorizeUrl({
    authorizeUrl: tiktok.authorizeUrl,
    clientKey: tiktok.app.clientKey,
    redirectUri: REDIRECT_URI,
    scopes: SCOPES,
    state: 'state-1',
    codeChallenge,
  });
  const target = await tiktok.authorize({
    url,
    signedInAs: tiktok.creator.username,
    ...(scopes !== undefined && { scopes }),
  });
  const callback = parseCallback(new URL(target).searchParams);
  if (!('code' in callback)) throw new Error(`TikTok answered ${callback.error}.`);
  return { ...callback, codeVerifier };
}

test('brings the tokens and scopes that the creator granted', async () => {
  const { code, codeVerifier, state, scopes } = await consent(['user.info.basic', 'video.upload']);
  expect(state).toBe('state-1');
  const grant = await client.exchangeCode({ code, codeVerifier, redirectUri: REDIRECT_URI });
  expect(grant.openId).toBe(tiktok.openIdOf());
  expect([...grant.scopes].sort()).toEqual(['user.info.basic', 'video.upload']);
  expect([...scopes].sort()).toEqual(['user.info.basic', 'video.upload']);
  expect(grant.expiresInSeconds).toBe(7200);
  expect(await client.fetchUserInfo(grant.accessToken, grant.scopes)).toEqual({
    openId: grant.openId,
    displayName: tiktok.creator.nickname,
    avatarUrl: tiktok.creator.avatarUrl,
  });
});

test('takes a code once', async () => {
  const { code, codeVerifier } = await consent();
  await client.exchangeCode({ code, codeVerifier, redirectUri: REDIRECT_URI });
  const again = client.exchangeCode({ code, codeVerifier, redirectUri: REDIRECT_URI });
  expect(await refusal(again)).toBeInstanceOf(TikTokAuthError);
});

test('refuses the code with another verifier', async () => {
  const { code } = await consent();
  const { codeVerifier } = createPkce();
  const error = await refusal(client.exchangeCode({ code, codeVerifier, redirectUri: REDIRECT_URI }));
  expect(error).toMatchObject({ code: 'invalid_request' });
});

test('reads a denial', async () => {
  const { codeChallenge } = createPkce();
  const url = authorizeUrl({
    authorizeUrl: tiktok.authorizeUrl,
    clientKey: tiktok.app.clientKey,
    redirectUri: REDIRECT_URI,
    scopes: SCOPES,
    state: 'state-2',
    codeChallenge,
  });
  const target = await tiktok.authorize({ url, deny: true });
  expect(parseCallback(new URL(target).searchParams)).toMatchObject({
    error: 'access_denied',
    state: 'state-2',
  });
});

test('rotates the refresh token; the old one is dead', async () => {
  const { refresh_token: first } = tiktok.grant();
  const grant = await client.refreshToken(first);
  expect(grant.refreshToken).not.toBe(first);
  expect(await client.queryCreatorInfo(grant.accessToken)).toMatchObject({
    username: tiktok.creator.username,
  });
  expect(await refusal(client.refreshToken(first))).toBeInstanceOf(TikTokAuthError);
});

test('ends with a revocation, which TikTok echoes', async () => {
  const token = tiktok.grant().access_token;
  await client.revokeToken(token);
  const error = await refusal(client.queryCreatorInfo(token));
  expect(error).toBeInstanceOf(TikTokAuthError);
  expect(refusalOf(error.code)).toMatchObject({ retry: 'now', ask: 'reconnect' });
  await tiktok.whenWebhook(({ delivered }) => delivered);
  expect(sides.events).toMatchObject([
    { type: 'authorization.removed', openId: tiktok.openIdOf(), reason: 'developer_revoked' },
  ]);
});
