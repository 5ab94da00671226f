import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { bytesOf, fixture, LINK, startStage } from './stage.ts';

const REASONS = [
  ['photoshop.jpg', 'Nod does not take Photoshop.'],
  ['truncated.jpg', 'The file arrived incomplete: its end is missing. Send it again, best as a file.'],
  ['truncated.mp4', 'The file arrived incomplete: its end is missing. Send it again, best as a file.'],
  ['sound-only.mp4', 'There is no picture in this video'],
] as const;

it.each(REASONS)('refuses %s with the reason', async (name, reason) => {
  await using stage = await startStage();
  await stage.sendFile(name);
  const draft = await stage.draft(reason);
  expect(textOf(draft)).toContain(`${name}  ✕ `);
  expect(buttonsOf(draft)).toEqual(['Discard']);
});

it.each([
  ['paper.pdf', '%PDF-1.7\n%âãÏÓ\n1 0 obj\n<<>>\nendobj\n', 'Nod does not take PDF.'],
  ['notes.txt', 'These are only words.', 'Nod does not take a text file.'],
])('refuses %s by its content', async (name, content, reason) => {
  await using stage = await startStage();
  const { telegram, anaChat, ana } = stage;
  await telegram.sendDocument(anaChat, ana, { bytes: Buffer.from(content, 'latin1'), fileName: name });
  expect(textOf(await stage.draft(reason))).toContain(name);
});

it('refuses what Telegram does not give to bots before it asks for it, with both sizes', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  const draft = await stage.draft('31.0 MB; this chat gives bots files up to 20 MB');
  await stage.choose(draft, 'Discard', 'Discarded. Nothing was posted.');
  await stage.settled();
  expect(stage.telegram.state.requests.filter(({ method }) => method === 'getFile')).toEqual([]);
});

it('names the files that cannot be used and leaves them out when told to', async () => {
  await using stage = await startStage();
  await stage.sendAlbum(['phone.jpg', 'photoshop.jpg', 'photo.webp', 'truncated.jpg']);
  const draft = await stage.draft('2 photos for TikTok');
  expect(textOf(draft)).toMatch(
    /2 {2}photoshop\.jpg {2}✕ Nod does not take Photoshop[\s\S]*4 {2}truncated\.jpg {2}✕ The file arrived incomplete/,
  );
  await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({
    text: '2 files cannot be used. Leave them out first.',
  });
  const left = await stage.choose(draft, 'Leave out what cannot be used', /^((?!✕)[\s\S])*$/);
  expect(textOf(left)).toContain('Who can see it?  Everyone');
  await stage.tap(draft, 'Post now');
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{ kind: 'jpeg' }, { kind: 'jpeg' }] }]);
});

it('takes single photos out by their numbers', async () => {
  await using stage = await startStage();
  await stage.sendAlbum(['phone.jpg', 'photo.webp', 'transparent.png']);
  const draft = await stage.draft('3 photos');
  const menu = await stage.choose(draft, 'Photos…', (message) => buttonsOf(message).includes('Back'));
  expect(buttonsOf(menu)).toEqual(['1 ★', '2', '3', 'Back']);
  await stage.choose(draft, '2', 'Photo 2 of 3');
  const left = await stage.choose(draft, 'Leave out', '2 photos');
  expect(textOf(left)).toMatch(/1 {2}phone\.jpg[\s\S]*2 {2}transparent\.png/);
  await stage.choose(draft, 'Back', 'Who can see it?');
});

it('makes drafts of the photos and of each video of an album, with the same caption, and says so', async () => {
  await using stage = await startStage();
  const sent = ['phone.jpg', 'tiktok-h264.mp4', 'photo.webp', 'demo/sunset.mp4'];
  await stage.sendAlbum(sent, { caption: 'Sea' });
  const words =
    'A TikTok post is photos or one video: what was sent with this has its own draft, begun with the same caption.';
  const isWhole = (message: Message) => textOf(message).includes(words) && textOf(message).includes('Sea');
  const photos = await stage.draft((message) => isWhole(message) && textOf(message).startsWith('2 photos'));
  const sunset = await stage.draft((message) => isWhole(message) && textOf(message).includes('sunset.mp4'));
  await stage.draft((message) => isWhole(message) && textOf(message).includes('tiktok-h264.mp4'));
  await stage.post(photos);
  await stage.shows(photos, LINK);
  await stage.post(sunset);
  await stage.shows(sunset, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([
    { mediaType: 'PHOTO', media: [{}, {}] },
    { media: [{ bytes: (await bytesOf('demo/sunset.mp4')).length }] },
  ]);
});

it('says what it is while a file is on its way, and offers nothing to choose', async () => {
  await using stage = await startStage();
  const held = stage.telegram.fault('hold', { method: 'file' });
  await stage.sendFile('phone.jpg');
  const card = await stage.card('phone.jpg  on the way');
  expect(textOf(card)).toContain('Choices follow once the files are here.');
  expect(buttonsOf(card)).toEqual(['Discard']);
  await stage.telegram.until(() => (held.hits > 0 ? true : undefined));
  held.lift();
  await stage.draft('1 photo for TikTok');
});

it('copies a file again whose download was cut', async () => {
  await using stage = await startStage();
  stage.telegram.fault('cut-download');
  await stage.telegram.sendVideo(stage.anaChat, stage.ana, { path: fixture('tiktok-h264.mp4') });
  await stage.post(await stage.draft('Video for TikTok'));
  await stage.card(LINK);
});
