import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { launchNod } from './process.ts';
import { bytesOf, fixture, LINK, startStage } from './stage.ts';

const AUTO = { environment: { VIDEO_TRANSFER: 'auto' } };

it('uploads a video byte for byte where TikTok cannot fetch it, and has photos fetched', async () => {
  await using stage = await startStage(AUTO);
  await stage.telegram.sendVideo(stage.anaChat, stage.ana, { path: fixture('tiktok-h264.mp4') });
  await stage.post(await stage.draft('Video for TikTok'));
  await stage.card(LINK);
  await stage.sendFile('phone.jpg');
  await stage.post(await stage.draft('1 photo'));
  await stage.card(/\/photo\//);
  await stage.settled();
  const [video, photo, ...others] = stage.tiktok.state.publishes;
  expect(others).toEqual([]);
  const sha256 = createHash('sha256')
    .update(await bytesOf('tiktok-h264.mp4'))
    .digest('hex');
  expect(video).toMatchObject({ fetches: [], upload: { count: 1 }, media: [{ kind: 'mp4', sha256 }] });
  expect(photo?.sourceUrls).toHaveLength(1);
  expect(stage.tiktok.state.lint).toEqual([]);
});

it('says on its card that it uploads, and goes on after a part that TikTok did not take', async () => {
  await using stage = await startStage(AUTO);
  // Often enough for a pause that the card cannot miss.
  stage.tiktok.fault('chunk-5xx', { times: 3 });
  await stage.telegram.sendVideo(stage.anaChat, stage.ana, { path: fixture('tiktok-h264.mp4') });
  await stage.post(await stage.draft('Video for TikTok'));
  const card = await stage.card('uploading the video to TikTok');
  await stage.shows(card, 'TikTok did not take a part of it. Next try');
  await stage.shows(card, LINK);
  await stage.settled();
  expect(stage.tiktok.state.publishes).toMatchObject([{ uploadedBytes: expect.any(Number) }]);
});

it('publishes once where it is killed while the last part is under way', async () => {
  await using stage = await startStage({ ...AUTO, launch: launchNod });
  stage.tiktok.fault('latency', { endpoint: 'upload', ms: 1e9 });
  await stage.telegram.sendVideo(stage.anaChat, stage.ana, { path: fixture('tiktok-h264.mp4') });
  await stage.post(await stage.draft('Video for TikTok'));
  await stage.tiktok.whenPublish(({ stage: at }) => at === 'settled');
  await stage.restart();
  await stage.card(LINK);
  await stage.settled();
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});
