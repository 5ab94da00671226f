import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { textOf } from '../world.ts';
import { bytesOf, fixture, LINK, startStage } from './stage.ts';

it('publishes an album of PNG and JPEG files on one card', async () => {
  await using stage = await startStage({ tiktok: { keepMedia: true } });
  const { tiktok, telegram, anaChat } = stage;
  const before = stage.cards().length;
  await stage.sendAlbum(['demo/beach.png', 'phone.jpg', 'transparent.png'], {
    caption: 'First light #surf @maria',
  });
  const draft = await stage.draft('3 photos');
  expect(textOf(draft)).toMatch(/1 {2}beach\.png {2}PNG → JPEG/);
  expect(textOf(draft)).toMatch(/2 {2}phone\.jpg {2}1200×1600 → 1080×1440, turned upright/);
  await stage.shows(draft, (message) => message.photo !== undefined);
  await stage.post(draft);
  const ended = await stage.shows(draft, LINK);
  await telegram.waitForMessage(anaChat, (message) => message.message_id > draft.message_id);

  await stage.settled();
  const [publish, ...others] = tiktok.state.publishes;
  expect(others).toEqual([]);
  expect(publish).toMatchObject({ mode: 'DIRECT_POST', mediaType: 'PHOTO', status: 'PUBLISH_COMPLETE' });
  expect(publish?.postInfo).toMatchObject({
    description: 'First light #surf @maria',
    privacy_level: 'PUBLIC_TO_EVERYONE',
    disable_comment: true,
  });
  expect(publish?.media.map(({ kind, contentType }) => [kind, contentType])).toEqual(
    Array.from({ length: 3 }, () => ['jpeg', 'image/jpeg']),
  );
  expect(publish?.fetches.filter(({ method }) => method === 'GET')).toHaveLength(3);
  expect(textOf(ended)).toContain(`/photo/${publish?.postIds[0]}`);
  const [card, ending, ...more] = stage.cards().slice(before);
  expect(more).toEqual([]);
  expect(card?.message_id).toBe(draft.message_id);
  expect(textOf(ending ?? draft)).toMatch(/^✓ (Live on TikTok|Posted)/);
  expect(ending?.reply_to_message?.message_id).toBe(draft.message_id);
});

it('hands an MP4 over byte for byte, exactly once', async () => {
  await using stage = await startStage();
  await stage.telegram.sendVideo(stage.anaChat, stage.ana, { path: fixture('tiktok-h264.mp4') });
  await stage.post(await stage.draft('Video for TikTok'));
  await stage.card(LINK);
  await stage.settled();
  const [publish, ...others] = stage.tiktok.state.publishes;
  expect(others).toEqual([]);
  const sha256 = createHash('sha256')
    .update(await bytesOf('tiktok-h264.mp4'))
    .digest('hex');
  expect(publish?.media).toMatchObject([{ kind: 'mp4', sha256 }]);
  expect(publish?.fetches.filter(({ method }) => method === 'GET')).toHaveLength(1);
});

it('repackages a MOV as MP4 and says so', async () => {
  await using stage = await startStage();
  await stage.sendFile('h264.mov');
  const draft = await stage.draft('Video for TikTok');
  await stage.shows(draft, 'MOV → MP4');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ mediaType: 'VIDEO', media: [{ kind: 'mp4' }] }]);
});

it.each(['phone.jpg', 'photo.webp'])('publishes the single photo %s as JPEG', async (name) => {
  await using stage = await startStage();
  await stage.sendFile(name);
  const draft = await stage.draft('1 photo for TikTok');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ mediaType: 'PHOTO', media: [{ kind: 'jpeg' }] }]);
});

it('publishes a photo that Telegram has compressed', async () => {
  await using stage = await startStage();
  await stage.telegram.sendPhoto(stage.anaChat, stage.ana, { path: fixture('phone.jpg') });
  const draft = await stage.draft('1 photo for TikTok');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.fed()).toHaveLength(1);
});

it('publishes ten photos in the order in which they were sent', async () => {
  await using stage = await startStage({ tiktok: { keepMedia: true } });
  const names = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'phone.jpg' : 'photo.webp'));
  await stage.sendAlbum(names);
  const draft = await stage.draft('10 photos');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  const media = stage.tiktok.state.publishes[0]?.media ?? [];
  expect(media.map(({ sha256 }) => sha256)).toEqual(names.map((_, index) => media[index % 2]?.sha256));
  expect(media[0]?.sha256).not.toBe(media[1]?.sha256);
});

it('takes a late photo into the draft while that is open', async () => {
  await using stage = await startStage();
  const late = Promise.withResolvers<void>();
  const sending = stage.sendAlbum(['phone.jpg', 'photo.webp', 'transparent.png'], {
    gate: async (index) => (index === 2 ? late.promise : undefined),
  });
  const draft = await stage.draft('2 photos');
  late.resolve();
  await sending;
  await stage.post(await stage.shows(draft, /3 photos[\s\S]*JPEG, on white/));
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{}, {}, {}] }]);
});

it('begins a draft of its own with a photo that comes after its album was posted', async () => {
  await using stage = await startStage();
  const late = Promise.withResolvers<void>();
  const sending = stage.sendAlbum(['phone.jpg', 'photo.webp', 'transparent.png'], {
    gate: async (index) => (index === 2 ? late.promise : undefined),
  });
  const draft = await stage.draft('2 photos');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  late.resolve();
  await sending;
  expect((await stage.draft('1 photo')).message_id).not.toBe(draft.message_id);
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});
