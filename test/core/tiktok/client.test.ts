import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTikTokClient, type TikTokClient } from '../../../src/core/tiktok/client.ts';
import { publish } from './publish-request.ts';
import { startReplyServer } from './reply-server.ts';

const TOKEN = 'act.token';

let server: Awaited<ReturnType<typeof startReplyServer>>;
let client: TikTokClient;

beforeEach(async () => {
  server = await startReplyServer();
  client = createTikTokClient({
    apiUrl: server.url,
    clientKey: 'awkey',
    clientSecret: 'client&secret',
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const ok = (content: unknown) =>
  server.answersJson(200, { data: content, error: { code: 'ok', message: '' } });
const okRaw = (content: string) => server.answersJson(200, `{"data":${content},"error":{"code":"ok"}}`);
const last = () => server.received.at(-1);
const lastForm = () => Object.fromEntries(new URLSearchParams(last()?.body));

describe('OAuth', () => {
  const reply = {
    access_token: 'act.1',
    expires_in: 7200,
    open_id: '-000_open-id',
    refresh_token: 'rft.1',
    refresh_expires_in: 15_552_000,
    scope: 'user.info.basic, video.publish,',
    token_type: 'Bearer',
  };
  const grant = {
    openId: '-000_open-id',
    scopes: ['user.info.basic', 'video.publish'],
    accessToken: 'act.1',
    expiresInSeconds: 7200,
    refreshToken: 'rft.1',
    refreshExpiresInSeconds: 15_552_000,
  };

  test('exchanges a code by form', async () => {
    server.answersJson(200, reply);
    const code = 'abc*!1';
    const asked = { code, redirectUri: 'https://nod.example.com/cb', codeVerifier: 'verifier~' };
    expect(await client.exchangeCode(asked)).toEqual(grant);
    expect(last()).toMatchObject({
      method: 'POST',
      url: '/v2/oauth/token/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(last()?.headers).not.toHaveProperty('authorization');
    expect(lastForm()).toEqual({
      client_key: 'awkey',
      client_secret: 'client&secret',
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'https://nod.example.com/cb',
      code_verifier: 'verifier~',
    });
  });

  test.each([
    ['1e22', '1e22'],
    ['beyond 2^53', '12345678901234567890'],
    ['of digits', '"99999999999"'],
  ])('takes a lifetime that is %s for ten years, after which there still is a date', async (_, life) => {
    server.answersJson(200, JSON.stringify({ ...reply, refresh_expires_in: 0 }).replace(':0', `:${life}`));
    const { refreshExpiresInSeconds } = await client.refreshToken('rft.0');
    expect(refreshExpiresInSeconds).toBe(10 * 365 * 86_400);
  });

  test('refreshes by form', async () => {
    server.answersJson(200, reply);
    expect(await client.refreshToken('rft.0')).toEqual(grant);
    expect(lastForm()).toEqual({
      client_key: 'awkey',
      client_secret: 'client&secret',
      grant_type: 'refresh_token',
      refresh_token: 'rft.0',
    });
  });

  test('takes an empty answer to a revocation for done', async () => {
    server.answersJson(200, '');
    await client.revokeToken(TOKEN);
    expect(last()).toMatchObject({ method: 'POST', url: '/v2/oauth/revoke/' });
    expect(lastForm()).toEqual({ client_key: 'awkey', client_secret: 'client&secret', token: TOKEN });
  });
});

describe('user info', () => {
  const user = { open_id: 'o1', display_name: 'Ana', avatar_url: 'https://cdn.example/a', username: 'ana' };

  test('asks for the username only where it was granted', async () => {
    ok({ user: { ...user, username: undefined } });
    expect(await client.fetchUserInfo(TOKEN, ['user.info.basic'])).toEqual({
      openId: 'o1',
      displayName: 'Ana',
      avatarUrl: 'https://cdn.example/a',
    });
    expect(last()).toMatchObject({ method: 'GET', headers: { authorization: `Bearer ${TOKEN}` }, body: '' });
    expect(new URLSearchParams(last()?.url.split('?')[1]).get('fields')).toBe(
      'open_id,display_name,avatar_url',
    );

    ok({ user });
    expect(await client.fetchUserInfo(TOKEN, ['user.info.basic', 'user.info.profile'])).toMatchObject({
      username: 'ana',
    });
    expect(new URLSearchParams(last()?.url.split('?')[1]).get('fields')).toContain('username');
  });
});

test('names are told without characters that nobody sees, and not at all where nothing is left', async () => {
  ok({ creator_username: 'a\u202Ena', creator_nickname: '\u200BStudio\n Ana\u0000' });
  expect(await client.queryCreatorInfo(TOKEN)).toMatchObject({ username: 'ana', nickname: 'Studio Ana' });
  ok({ creator_username: '\u202E', creator_nickname: '\u3164' });
  const nameless = await client.queryCreatorInfo(TOKEN);
  expect(nameless).not.toHaveProperty('username');
  expect(nameless).not.toHaveProperty('nickname');
  const scopes = ['user.info.basic', 'user.info.profile'];
  ok({ user: { open_id: 'o', display_name: 'A'.repeat(300), username: 'a\u2066na' } });
  expect(await client.fetchUserInfo(TOKEN, scopes)).toMatchObject({
    displayName: 'A'.repeat(100),
    username: 'ana',
  });
});

describe('creator info', () => {
  test('is read in full', async () => {
    ok({
      creator_username: 'ana',
      creator_nickname: 'Ana',
      creator_avatar_url: 'https://cdn.example/a',
      privacy_level_options: ['FOLLOWER_OF_CREATOR', 'EVERYONE_ON_MARS', 5, 'SELF_ONLY'],
      comment_disabled: true,
      duet_disabled: false,
      stitch_disabled: true,
      max_video_post_duration_sec: 300,
    });
    expect(await client.queryCreatorInfo(TOKEN)).toEqual({
      username: 'ana',
      nickname: 'Ana',
      avatarUrl: 'https://cdn.example/a',
      privacyLevelOptions: ['FOLLOWER_OF_CREATOR', 'SELF_ONLY'],
      commentDisabled: true,
      duetDisabled: false,
      stitchDisabled: true,
      maxVideoDurationSeconds: 300,
    });
    expect(last()).toMatchObject({
      method: 'POST',
      url: '/v2/post/publish/creator_info/query/',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=UTF-8' },
      body: '{}',
    });
  });

  test('may lack every field', async () => {
    ok({});
    expect(await client.queryCreatorInfo(TOKEN)).toEqual({
      privacyLevelOptions: [],
      commentDisabled: false,
      duetDisabled: false,
      stitchDisabled: false,
    });
  });
});

describe('status', () => {
  test('keeps every digit of the post ids', async () => {
    okRaw('{"status":"PUBLISH_COMPLETE","publicaly_available_post_id":[7602997517160123666,12,"34"]}');
    expect(await client.fetchStatus(TOKEN, 'v_pub_url~1')).toEqual({
      status: 'PUBLISH_COMPLETE',
      statusRaw: 'PUBLISH_COMPLETE',
      postIds: ['7602997517160123666', '12', '34'],
    });
    expect(last()).toMatchObject({
      url: '/v2/post/publish/status/fetch/',
      body: '{"publish_id":"v_pub_url~1"}',
    });
  });

  test.each([
    ['7602997517160123666', ['7602997517160123666']],
    ['"7602997517160123666"', ['7602997517160123666']],
    ['[]', []],
    ['null', []],
    ['[0,"",{}]', []],
  ])('reads the post id %s', async (raw, postIds) => {
    okRaw(`{"status":"PUBLISH_COMPLETE","publicaly_available_post_id":${raw}}`);
    expect(await client.fetchStatus(TOKEN, 'p')).toMatchObject({ postIds });
  });

  test('tells why a publish failed, with empty fields left out', async () => {
    ok({ status: 'FAILED', fail_reason: 'file_format_check_failed' });
    expect(await client.fetchStatus(TOKEN, 'p')).toEqual({
      status: 'FAILED',
      statusRaw: 'FAILED',
      failReason: 'file_format_check_failed',
      postIds: [],
    });
  });

  test('takes a status that nobody documented for unknown', async () => {
    ok({ status: 'PROCESSING_DREAMS', fail_reason: '', downloaded_bytes: 10_000 });
    expect(await client.fetchStatus(TOKEN, 'p')).toEqual({
      status: 'UNKNOWN',
      statusRaw: 'PROCESSING_DREAMS',
      postIds: [],
      downloadedBytes: 10_000,
    });
  });
});

test('cancels without needing any content in the reply', async () => {
  server.answersJson(200, { error: { code: 'ok', message: '', log_id: 'l' } });
  await client.cancelPublish(TOKEN, 'p1');
  expect(last()).toMatchObject({ url: '/v2/post/publish/cancel/', body: '{"publish_id":"p1"}' });
});

test('reaches an API below a path', async () => {
  const below = createTikTokClient({ apiUrl: `${server.url}/proxy/`, clientKey: 'k', clientSecret: 's' });
  ok({ publish_id: 'p1' });
  expect(await below.initPublish(TOKEN, publish())).toEqual({ publishId: 'p1' });
  expect(last()?.url).toBe('/proxy/v2/post/publish/video/init/');
  await below.close();
});
