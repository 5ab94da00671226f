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

test('the init endpoints share a bucket where that is switched on', async () => {
  await using scene = await startScene({ pull: { never: true }, strict: { sharedInitLimit: true } });
  for (let count = 0; count < 3; count += 1) {
    await scene.postPhotos(['a.jpg']);
    await scene.postVideo('a.mp4');
  }
  expect((await scene.draftVideo('a.mp4')).status).toBe(429);
});
