import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTikTokClient, type TikTokClient } from '../../../src/core/tiktok/client.ts';
import { TikTokRateLimitError } from '../../../src/core/tiktok/errors.ts';
import { makeJpeg, startScene } from '../../emulators/tiktok/scene.ts';
import { startReplyServer } from './reply-server.ts';

const TOKEN = 'act.token';
const ID = '7602997517160123666';
const FIELDS =
  'id,create_time,share_url,title,video_description,duration,view_count,like_count,comment_count,share_count';
const WHOLE = {
  create_time: 1_800_000_000,
  share_url: `https://www.tiktok.com/@studio.ana/video/${ID}`,
  title: 'A title',
  video_description: 'A caption',
  duration: 12,
  view_count: 3_000_000_000,
  like_count: 4,
  comment_count: 3,
  share_count: 0,
};

let server: Awaited<ReturnType<typeof startReplyServer>>;
let client: TikTokClient;
let nowMs: number;

beforeEach(async () => {
  nowMs = 1_800_000_000_000;
  server = await startReplyServer();
  client = createTikTokClient({
    apiUrl: server.url,
    clientKey: 'awkey',
    clientSecret: 'secret',
    now: () => nowMs,
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const ok = (data: unknown) => server.answersJson(200, { data, error: { code: 'ok', message: '' } });
const okRaw = (data: string) => server.answersJson(200, `{"data":${data},"error":{"code":"ok"}}`);
const calls = () =>
  server.received.map(({ method, url, headers, body }) => {
    const { pathname, searchParams } = new URL(url, server.url);
    const { authorization } = headers;
    const fields = searchParams.get('fields');
    return { method, pathname, fields, authorization, body: JSON.parse(body) };
  });

/** The one post of a reply that has this besides its id. */
async function read(fields: object) {
  ok({ videos: [{ id: ID, ...WHOLE, ...fields }] });
  const [video] = await client.queryVideos(TOKEN, [ID]);
  return video;
}

describe('on the wire', () => {
  const authorization = `Bearer ${TOKEN}`;

  test('posts are asked for by their ids', async () => {
    ok({ videos: [{ id: ID, ...WHOLE }] });
    expect(await client.queryVideos(TOKEN, [ID, '2'])).toEqual([
      {
        id: ID,
        createdAt: 1_800_000_000_000,
        shareUrl: WHOLE.share_url,
        title: 'A title',
        description: 'A caption',
        durationSeconds: 12,
        counts: { views: 3_000_000_000, likes: 4, comments: 3, shares: 0 },
      },
    ]);
    const body = { filters: { video_ids: [ID, '2'] } };
    const pathname = '/v2/video/query/';
    expect(calls()).toEqual([{ method: 'POST', pathname, fields: FIELDS, authorization, body }]);
  });

  test('the list is asked for in pages of 20, each from the cursor of the last', async () => {
    ok({ videos: [{ id: ID }], cursor: 1_799_000_000_000, has_more: true });
    const { nextCursor } = await client.listVideos(TOKEN);
    expect(nextCursor).toBe(1_799_000_000_000);
    ok({ videos: [{ id: '2' }], cursor: 1_798_000_000_000, has_more: false });
    expect(await client.listVideos(TOKEN, { cursor: nextCursor })).toMatchObject({
      videos: [{ id: '2' }],
      nextCursor: undefined,
    });
    const common = { method: 'POST', pathname: '/v2/video/list/', fields: FIELDS, authorization };
    expect(calls()).toEqual([
      { ...common, body: { max_count: 20 } },
      { ...common, body: { max_count: 20, cursor: 1_799_000_000_000 } },
    ]);
  });

  test('no ids ask nothing, and more than 20 must not have come this far', async () => {
    expect(await client.queryVideos(TOKEN, [])).toEqual([]);
    const ids = Array.from({ length: 21 }, (_, index) => String(index + 1));
    await expect(client.queryVideos(TOKEN, ids)).rejects.toThrow(TypeError);
    expect(server.received).toEqual([]);
  });
});

test('600 calls a minute go out for each endpoint and token, and no more', async () => {
  ok({ videos: [] });
  const query = (token = TOKEN) => client.queryVideos(token, [ID]);
  for (let n = 0; n < 600; n += 1) await query();
  const error = await query().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TikTokRateLimitError);
  expect(error).toMatchObject({ heldBack: true, retryAfterMs: 61_000 });
  expect(server.received).toHaveLength(600);
  await client.listVideos(TOKEN);
  await query('act.another');
  nowMs += 61_000;
  await query();
});

describe('a reply that nobody expects', () => {
  test.each([
    'http://www.tiktok.com/@ana/video/1',
    'https://www.tiktok.com.evil.example/@ana/video/1',
    'https://eviltiktok.com/@ana/video/1',
    'https://evil.example/?https://www.tiktok.com/',
    'https://evil.example\\@www.tiktok.com/',
    'https://www.tiktok.com@evil.example/',
    'https://ana@www.tiktok.com/',
    'https://:ana@www.tiktok.com/',
    'javascript:alert(1)//www.tiktok.com',
    'www.tiktok.com/@ana/video/1',
    'https://www.tiktok.com/@evil/video/1',
    `https://www.tiktok.com/@evil/video/${ID}0`,
    `https://www.tiktok.com/link/v2?target=https://evil.example/video/${ID}`,
    `https://www.tiktok.com/${'x'.repeat(500)}`,
    '',
    7,
    null,
  ])('has no link in share_url %j', async (share_url) => {
    expect(await read({ share_url })).toMatchObject({ id: ID, shareUrl: undefined, title: 'A title' });
  });

  test('has its link written as a URL, not as it came', async () => {
    const share_url = `https://WWW.tiktok.com/@ana> <b>\u202e\n/video/\t${ID}`;
    expect(await read({ share_url })).toMatchObject({
      shareUrl: `https://www.tiktok.com/@ana%3E%20%3Cb%3E%E2%80%AE/video/${ID}`,
    });
  });

  test('has its link without what names the app that asked', async () => {
    const share_url = `${WHOLE.share_url}?utm_campaign=tt4d_open_api&utm_source=awkey#top`;
    expect(await read({ share_url })).toMatchObject({ shareUrl: WHOLE.share_url });
  });

  test.each([
    [`{"id":${ID}}`, [ID]],
    [`{"id":"${ID}"}`, [ID]],
    ['{"id":"0"}', []],
    ['{"id":"-1"}', []],
    ['{"id":1.5}', []],
    ['{"id":1e30}', []],
    ['{"id":"../1"}', []],
    [`{"id":"${'9'.repeat(21)}"}`, []],
    ['{"id":{}}', []],
    ['{}', []],
    ['null', []],
    ['"7"', []],
  ])('has of %s the ids %j', async (entry, ids) => {
    okRaw(`{"videos":[${entry}]}`);
    const { videos } = await client.listVideos(TOKEN);
    expect(videos.map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    { view_count: undefined },
    { like_count: null },
    { comment_count: -1 },
    { share_count: '4' },
    { view_count: 0.5 },
    { like_count: 2 ** 60 },
  ])('has no numbers where not all of them are told: %j', async (fields) => {
    expect(await read(fields)).toMatchObject({ id: ID, counts: undefined });
  });

  test.each([undefined, null, '1800000000', -1, 1.5, 9e15])('has no time in create_time %j', async (at) => {
    expect(await read({ create_time: at })).toMatchObject({ id: ID, createdAt: undefined });
  });

  test('has at most 20 posts of 10,000', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index + 1) }));
    ok({ videos: many, cursor: 5, has_more: true });
    const { videos, nextCursor } = await client.listVideos(TOKEN);
    expect(videos.map(({ id }) => id)).toEqual(many.slice(0, 20).map(({ id }) => id));
    expect(nextCursor).toBe(5);
  });

  test('has of the posts that were asked for each once, and no other', async () => {
    const foreign = Array.from({ length: 10_000 }, (_, index) => ({ id: String(index + 1) }));
    ok({ videos: [...foreign, { id: ID, title: 'First' }, { id: ID, title: 'Second' }] });
    expect(await client.queryVideos(TOKEN, [ID])).toMatchObject([{ id: ID, title: 'First' }]);
  });

  test.each([1000, 1001, -1, 'next', undefined])('leads from cursor 1000 not on to %j', async (cursor) => {
    ok({ videos: [{ id: ID }], cursor, has_more: true });
    expect(await client.listVideos(TOKEN, { cursor: 1000 })).toMatchObject({ nextCursor: undefined });
  });

  test.each(['{}', '{"videos":null}', '{"videos":{}}', '[]'])('is an error as %s', async (data) => {
    okRaw(data);
    await expect(client.queryVideos(TOKEN, [ID])).rejects.toThrow('TikTok');
    await expect(client.listVideos(TOKEN)).rejects.toThrow('TikTok');
  });
});

test('TikTok tells what was posted, its numbers, and nothing of what is gone', async () => {
  await using scene = await startScene({ moderationMs: 1 });
  const { tiktok, tokens } = scene;
  const { clientKey, clientSecret } = tiktok.app;
  const real = createTikTokClient({ apiUrl: tiktok.apiUrl, clientKey, clientSecret });
  scene.media.files.set('a.jpg', await makeJpeg());
  await scene.postPhotos(['a.jpg']);
  const publish = await tiktok.whenPublish(({ postIds }) => postIds.length === 1);
  const [id = ''] = publish.postIds;
  tiktok.setCounts(id, { views: 5 });
  for (let age = 1; age <= 25; age += 1)
    tiktok.postInApp({ createdAt: tiktok.clock.now() - age * 1000, caption: `Post ${age}` });

  const first = await real.listVideos(tokens.access_token);
  expect(first.videos).toHaveLength(20);
  expect(first.videos[0]).toMatchObject({
    id,
    shareUrl: `https://www.tiktok.com/@studio.ana/photo/${id}`,
    title: 'A title',
    description: 'A text',
    counts: { views: 5, likes: 0, comments: 0, shares: 0 },
  });
  const second = await real.listVideos(tokens.access_token, { cursor: first.nextCursor });
  expect(second).toMatchObject({ videos: { length: 6 }, nextCursor: undefined });
  expect(await real.queryVideos(tokens.access_token, [id, '1'])).toMatchObject([{ id }]);
  tiktok.setModeration(publish.publishId, 'remove');
  expect(await real.queryVideos(tokens.access_token, [id])).toEqual([]);
  await real.close();
});
