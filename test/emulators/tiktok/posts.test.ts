import { expect, test } from 'vitest';
import type { TikTokEmulatorOptions } from './index.ts';
import { makeJpeg, readFixture, startScene } from './scene.ts';

async function startReading(options: TikTokEmulatorOptions = {}) {
  const scene = await startScene({ moderationMs: 1, ...options });
  scene.media.files.set('a.jpg', await makeJpeg());
  scene.media.files.set('a.mp4', readFixture('tiktok-h264.mp4'));
  const list = async (body: object = {}, fields = 'id') =>
    (await scene.call(`video/list/?fields=${fields}`, body)).json.data;
  const query = async (ids: readonly string[], fields = 'id') =>
    (await scene.call(`video/query/?fields=${fields}`, { filters: { video_ids: ids } })).json.data.videos;
  return { ...scene, list, query };
}

test('posts that the person made in the app are listed, newest first, also two with one caption', async () => {
  await using scene = await startReading();
  const { postInApp, clock } = scene.tiktok;
  const now = clock.now();
  const older = postInApp({ caption: 'Same', createdAt: now - 60_000, durationSeconds: 7 });
  const newer = postInApp({ caption: 'Same', createdAt: now });
  const oldest = postInApp({ caption: 'A photo', kind: 'photo', createdAt: now - 120_000 });
  const { videos } = await scene.list({}, 'id,create_time,video_description,duration,share_url');
  expect(videos).toEqual([
    {
      id: newer.id,
      create_time: Math.floor(now / 1000),
      video_description: 'Same',
      duration: 10,
      share_url: `https://www.tiktok.com/@studio.ana/video/${newer.id}`,
    },
    expect.objectContaining({ id: older.id, video_description: 'Same', duration: 7 }),
    expect.objectContaining({ id: oldest.id, duration: 0 }),
  ]);
  expect(scene.tiktok.state.webhooks).toEqual([]);
});

test('titles and descriptions are cut at 150, never within a character', async () => {
  await using scene = await startReading();
  scene.tiktok.postInApp({ caption: 'x'.repeat(151) });
  scene.tiktok.postInApp({ caption: `${'y'.repeat(149)}😀` });
  const { videos } = await scene.list({}, 'title,video_description');
  const [emoji, long] = ['y'.repeat(149), 'x'.repeat(150)];
  expect(videos).toEqual([
    { title: emoji, video_description: emoji },
    { title: long, video_description: long },
  ]);
});

test('line breaks of captions become spaces where that is switched on', async () => {
  await using scene = await startReading({ flattenCaptions: true });
  await scene.postVideo('a.mp4', (body) => {
    body.post_info.title = 'One\n\ntwo';
    body.post_info.privacy_level = 'PUBLIC_TO_EVERYONE';
  });
  await scene.tiktok.whenPublish((publish) => publish.postIds.length === 1);
  expect((await scene.list({}, 'video_description')).videos).toEqual([{ video_description: 'One two' }]);
});

test('a page has 20 posts at most, and the cursor leads to the next one', async () => {
  await using scene = await startReading();
  const now = scene.tiktok.clock.now();
  for (let age = 0; age < 23; age += 1) scene.tiktok.postInApp({ createdAt: now - age * 1000 });
  const first = await scene.list({ max_count: 20 });
  expect(first).toMatchObject({ videos: { length: 20 }, cursor: now - 19_000, has_more: true });
  const second = await scene.list({ max_count: 20, cursor: first.cursor });
  expect(second).toMatchObject({ videos: { length: 3 }, has_more: false });
  expect((await scene.list()).videos).toHaveLength(10);
  expect((await scene.call('video/list/?fields=id', { max_count: 21 })).code).toBe('invalid_params');
  const ids = Array.from({ length: 21 }, (_, index) => String(index + 1));
  const asked = await scene.call('video/query/?fields=id', { filters: { video_ids: ids } });
  expect(asked.code).toBe('invalid_params');
  expect((await scene.call('video/list/?fields=id,views')).code).toBe('invalid_params');
});

test('numbers of a post are 0 until they are set', async () => {
  await using scene = await startReading();
  const { id } = scene.tiktok.postInApp();
  const fields = 'view_count,like_count,comment_count,share_count';
  const numbers = () => scene.query([id], fields);
  expect(await numbers()).toEqual([{ view_count: 0, like_count: 0, comment_count: 0, share_count: 0 }]);
  scene.tiktok.setCounts(id, { views: 3_000_000_000, likes: 12 });
  expect(await numbers()).toEqual([
    { view_count: 3_000_000_000, like_count: 12, comment_count: 0, share_count: 0 },
  ]);
  expect(() => scene.tiktok.setCounts('1', {})).toThrow('no post');
});

test('photos of some creators are neither listed nor found', async () => {
  await using scene = await startReading({ creator: { listsPhotos: false } });
  const photo = scene.tiktok.postInApp({ kind: 'photo' });
  const video = scene.tiktok.postInApp();
  expect((await scene.list()).videos).toEqual([{ id: video.id }]);
  expect(await scene.query([photo.id, video.id])).toEqual([{ id: video.id }]);
});

test('a post that was taken down is neither listed nor found, until it is public again', async () => {
  await using scene = await startReading();
  await scene.postPhotos(['a.jpg']);
  const publish = await scene.tiktok.whenPublish(({ postIds }) => postIds.length === 1);
  const ids = [...publish.postIds];
  scene.tiktok.setModeration(publish.publishId, 'remove');
  expect((await scene.list()).videos).toEqual([]);
  expect(await scene.query(ids)).toEqual([]);
  scene.tiktok.setModeration(publish.publishId, 'approve');
  expect(await scene.query(ids)).toEqual([{ id: ids[0] }]);
});

test('nothing is read without video.list, nor of another creator', async () => {
  await using scene = await startReading();
  const { id } = scene.tiktok.postInApp();
  const ask = (token: string) =>
    scene.call('video/query/?fields=id', { filters: { video_ids: [id] } }, { token });
  const { access_token: basic } = scene.tiktok.grant({ scopes: ['user.info.basic'] });
  expect(await ask(basic)).toMatchObject({ status: 401, code: 'scope_not_authorized' });
  scene.tiktok.seedCreator({ username: 'other' });
  const { access_token: foreign } = scene.tiktok.grant({ creator: 'other' });
  expect((await ask(foreign)).json.data.videos).toEqual([]);
});
