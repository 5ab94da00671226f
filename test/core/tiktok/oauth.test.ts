import { expect, test } from 'vitest';
import {
  authorizeUrl,
  challengeOf,
  createPkce,
  parseCallback,
  SCOPES,
} from '../../../src/core/tiktok/oauth.ts';

test('makes the challenge in hex, as TikTok wants it', () => {
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    '13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3',
  );
});

test('makes a new verifier of allowed characters each time', () => {
  const [one, two] = [createPkce(), createPkce()];
  expect(one.codeVerifier).toMatch(/^[A-Za-z0-9\-._~]{43,128}$/);
  expect(one.codeChallenge).toBe(challengeOf(one.codeVerifier));
  expect(one.codeVerifier).not.toBe(two.codeVerifier);
});

test('sends everything that the consent page asks for', () => {
  const href = authorizeUrl({
    authorizeUrl: 'https://www.tiktok.com/v2/auth/authorize/',
    clientKey: 'awkey',
    redirectUri: 'https://nod.example.com/oauth/tiktok?',
    scopes: SCOPES,
    state: 'a&b=c',
    codeChallenge: '13d3',
  });
  expect(href).toMatch(/^https:\/\/www\.tiktok\.com\/v2\/auth\/authorize\/\?/);
  expect(Object.fromEntries(new URL(href).searchParams)).toEqual({
    client_key: 'awkey',
    scope: 'user.info.basic,video.publish,video.upload',
    response_type: 'code',
    redirect_uri: 'https://nod.example.com/oauth/tiktok?',
    state: 'a&b=c',
    code_challenge: '13d3',
    code_challenge_method: 'S256',
    disable_auto_auth: '1',
  });
});

test('reads the granted scopes of a consent', () => {
  const query = new URLSearchParams('code=v%2A%21x&scopes=user.info.basic%2Cvideo.upload&state=s1');
  expect(parseCallback(query)).toEqual({
    code: 'v*!x',
    scopes: ['user.info.basic', 'video.upload'],
    state: 's1',
  });
});

test('reads a refusal with everything that TikTok says about it', () => {
  const query = new URLSearchParams(
    'error=access_denied&error_type=non_sandbox_target&error_description=No+target&state=s1&code=x',
  );
  expect(parseCallback(query)).toEqual({
    error: 'access_denied',
    errorType: 'non_sandbox_target',
    description: 'No target',
    state: 's1',
  });
});

test.each(['', 'code=x', 'state=s', 'code=&state=s', 'error=&code='])(
  'takes "%s" for no callback',
  (query) => {
    expect(parseCallback(new URLSearchParams(query))).toMatchObject({ error: 'invalid_callback' });
  },
);

test('cuts a text that somebody blew up', () => {
  const result = parseCallback(new URLSearchParams({ error: 'x'.repeat(10_000) }));
  expect('error' in result && result.error.length).toBe(500);
});
