import { expect, test } from 'vitest';
import { startScene } from './scene.ts';

test('six inits a minute per token, thirty status calls, in a sliding window', async () => {
  await using scene = await startScene({ pull: { never: true }, frozenClock: true });
  for (let count = 0; count < 6; count += 1) {
    expect((await scene.postPhotos(['a.jpg'])).status).toBe(200);
    scene.tiktok.clock.advance(1000);
  }
  expect(await scene.postPhotos(['a.jpg'])).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  expect((await scene.postVideo('a.mp4')).status).toBe(200);
  scene.tiktok.clock.advance(54_000);
  expect((await scene.postPhotos(['a.jpg'])).status).toBe(200);
  expect((await scene.postPhotos(['a.jpg'])).status).toBe(429);

  for (let count = 0; count < 30; count += 1) expect((await scene.fetchStatus('x')).status).toBe(400);
  expect((await scene.fetchStatus('x')).status).toBe(429);
});

test('reading posts and the profile has 600 calls a minute, each endpoint apart', async () => {
  await using scene = await startScene({ frozenClock: true });
  const calls = {
    list: () => scene.call('video/list/?fields=id'),
    query: () => scene.call('video/query/?fields=id', { filters: { video_ids: [] } }),
    user: () => scene.call('user/info/?fields=open_id', undefined, { method: 'GET' }),
  };
  for (const call of [calls.list, calls.query, calls.user]) {
    for (let count = 0; count < 600; count += 1) expect((await call()).status).toBe(200);
    expect((await call()).code).toBe('rate_limit_exceeded');
  }
  scene.tiktok.clock.advance(60_000);
  expect((await calls.list()).status).toBe(200);
});

test('the init endpoints share a bucket where that is switched on', async () => {
  await using scene = await startScene({ pull: { never: true }, strict: { sharedInitLimit: true } });
  for (let count = 0; count < 3; count += 1) {
    await scene.postPhotos(['a.jpg']);
    await scene.postVideo('a.mp4');
  }
  expect((await scene.draftVideo('a.mp4')).status).toBe(429);
});
