import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLIENT_SECRET, createWorld, type World } from './world.ts';

const SIGNED_AT = 1_770_210_900;
const BODY =
  '{"client_key":"awexample0000001","event":"post.publish.publicly_available","create_time":1770210873,"user_openid":"-000EXAMPLEopenid","content":"{\\"publish_id\\":\\"v_pub_url~v2-1.7602997070760331285\\",\\"publish_type\\":\\"DIRECT_PUBLISH\\",\\"post_id\\":\\"7602997517160123666\\"}"}';
const SIGNATURE = 'e2dcc75ee1c20e8ac04f746303277379a485eac3d6a83929f60393b330a9d00b';
const PUBLISH_ID = 'v_pub_url~v2-1.7602997070760331285';
const OPEN_ID = '-000EXAMPLEopenid';

let world: World;

beforeEach(async () => {
  world = await createWorld();
  world.time.now = SIGNED_AT * 1000;
});
afterEach(() => world.dispose());

async function send(body: string, signature = sign(body), { app } = world) {
  const headers = { 'content-type': 'application/json', 'tiktok-signature': signature };
  const response = await app.request('/webhooks/tiktok', { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

function sign(body: string, t = SIGNED_AT): string {
  return `t=${t},s=${createHmac('sha256', CLIENT_SECRET).update(`${t}.${body}`).digest('hex')}`;
}

const event = (name: string, content: object, createTime = SIGNED_AT) =>
  JSON.stringify({
    client_key: 'k',
    event: name,
    create_time: createTime,
    user_openid: OPEN_ID,
    content: JSON.stringify(content),
  });

const connect = (workspace = 'telegram:1') =>
  world.accounts.connect({
    workspace,
    chat: `${workspace}:0`,
    person: { id: 'telegram:1', name: 'Ana' },
    grant: {
      openId: OPEN_ID,
      scopes: [],
      accessToken: 'act.1',
      expiresInSeconds: 60,
      refreshToken: 'rft.1',
      refreshExpiresInSeconds: 60,
    },
    info: undefined,
  });

test('takes the documented event and wakes the post', async () => {
  await world.signals.link(PUBLISH_ID, 'post-1');
  expect(await send(BODY, `t=${SIGNED_AT},s=${SIGNATURE}`)).toEqual({ status: 200, text: 'OK' });
  expect(world.woken).toEqual(['post-1']);
  expect(await world.signals.read('post-1')).toMatchObject({ hints: 1 });
});

test.each([
  'post.publish.failed',
  'post.publish.complete',
  'post.publish.inbox_delivered',
  'post.publish.no_longer_publicaly_available',
])('%s wakes the post, as often as it comes', async (name) => {
  await world.signals.link('v_1', 'post-1');
  const body = event(name, { publish_id: 'v_1' });
  expect(await send(body)).toMatchObject({ status: 200 });
  expect(await send(body)).toMatchObject({ status: 200 });
  expect(world.woken).toEqual(['post-1', 'post-1']);
});

test('takes what is of no use, so that TikTok stops repeating it', async () => {
  expect(await send(event('post.publish.complete', { publish_id: 'of-another-app' }))).toMatchObject({
    status: 200,
  });
  expect(await send(event('video.upload.failed', { share_id: '1' }))).toMatchObject({ status: 200 });
  expect(await send(event('portability.download.ready', {}))).toMatchObject({ status: 200 });
  // This one is taken after all of those.
  await world.signals.link('v_1', 'post-1');
  expect(await send(event('post.publish.complete', { publish_id: 'v_1' }))).toMatchObject({ status: 200 });
  expect(world.woken).toEqual(['post-1']);
});

test.each([
  ['no signature', ''],
  ['another signature', `t=${SIGNED_AT},s=${SIGNATURE.replace('e2', 'e3')}`],
  ['an old one', sign(BODY, SIGNED_AT - 3600)],
])('refuses %s without saying why', async (_, signature) => {
  await world.signals.link(PUBLISH_ID, 'post-1');
  expect(await send(BODY, signature)).toEqual({ status: 401, text: 'Unauthorized' });
  // This one is taken after it.
  expect(await send(BODY)).toMatchObject({ status: 200 });
  expect(world.woken).toEqual(['post-1']);
  expect(world.lines.join()).not.toContain(CLIENT_SECRET);
  expect(world.lines.join()).not.toContain(SIGNATURE.slice(4));
});

test('refuses a body beyond 64 KiB', async () => {
  expect(await send(event('x', { padding: 'x'.repeat(70_000) }))).toMatchObject({ status: 413 });
});

test('an access that was removed takes the account from everyone who shared it, and tells once', async () => {
  await connect('telegram:1');
  await connect('discord:2');
  const body = event('authorization.removed', { reason: 1 });
  expect(await send(body)).toMatchObject({ status: 200 });
  expect(await send(body)).toMatchObject({ status: 200 });
  expect(await world.accounts.get(OPEN_ID)).toBeUndefined();
  expect(world.removals).toEqual([[OPEN_ID, expect.arrayContaining(['telegram:1:0', 'discord:2:0'])]]);
});

test('a late removal leaves an account that was connected since', async () => {
  await connect();
  expect(await send(event('authorization.removed', { reason: 5 }, SIGNED_AT - 100))).toMatchObject({
    status: 200,
  });
  expect(await world.accounts.get(OPEN_ID)).toBeDefined();
  expect(world.removals).toEqual([]);
});

test('a failure of ours makes TikTok send it again, without details', async () => {
  await using broken = await createWorld({
    web: {
      signals: { hint: () => Promise.reject(new Error('The disk is full.')) },
      now: () => SIGNED_AT * 1000,
    },
  });
  const { status, text } = await send(BODY, `t=${SIGNED_AT},s=${SIGNATURE}`, broken);
  expect(status).toBe(500);
  expect(text).not.toContain('disk');
  expect(broken.lines.join()).toContain('The disk is full.');
});

test('an account that is gone stays gone though the chats cannot be told', async () => {
  await using mute = await createWorld({
    web: {
      accounts: world.accounts,
      onAccountRemoved: () => Promise.reject(new Error('The chat is gone.')),
      now: () => SIGNED_AT * 1000,
    },
  });
  await connect();
  const body = event('authorization.removed', { reason: 1 });
  expect(await send(body, sign(body), mute)).toMatchObject({ status: 200 });
  expect(await world.accounts.get(OPEN_ID)).toBeUndefined();
});
