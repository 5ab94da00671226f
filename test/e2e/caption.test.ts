import { expect, it } from 'vitest';
import { textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('takes a reply to the card for the caption', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg', { caption: 'Not this' });
  const draft = await stage.draft('Not this');
  await stage.say('But this', draft);
  await stage.post(await stage.shows(draft, 'But this'));
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { description: 'But this' } }]);
});

it('asks for the caption when told to, and takes the reply to its question', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('none yet');
  await stage.tap(draft, 'Add caption');
  const question = await stage.card('reply to this with the caption');
  expect(question.reply_to_message?.message_id).toBe(draft.message_id);
  await stage.say('Line one\nline two', question);
  await stage.post(await stage.shows(draft, 'Line one\nline two'));
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { description: 'Line one\nline two' } }]);
});

it('takes plain text in a private chat for the caption of the one draft without', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.say('Just typed');
  await stage.shows(draft, 'Just typed');
  await stage.say('And this?');
  await stage.card('To change a caption, reply to its card.');
  expect(textOf(await stage.draft())).toContain('Just typed');
});

it('refuses a caption that is too long, with the numbers', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4');
  const draft = await stage.draft();
  await stage.say('x'.repeat(2300), draft);
  const sentence = 'The caption has 2300 characters; TikTok takes 2200 with a video. Shorten it by 100.';
  await stage.shows(draft, sentence);
  await stage.tap(draft, 'Everyone');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({ text: sentence, show_alert: true });
  await stage.say('x'.repeat(2200), draft);
  await stage.shows(draft, '2200 of 2200');
  await stage.tap(draft, 'Post now');
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { title: 'x'.repeat(2200) } }]);
});

it('sends a video to the inbox without its caption and hands the caption back', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4', { caption: 'Finish me' });
  const draft = await stage.draft();
  expect(await stage.tap(draft, 'To my inbox, without caption')).toEqual({ show_alert: false });
  await stage.shows(draft, 'In the TikTok inbox');
  const ending = await stage.card((message) => message.message_id > draft.message_id);
  expect(textOf(ending)).toMatch(/ready to copy:\nFinish me$/);
  const [publish] = stage.tiktok.state.publishes;
  expect(publish).toMatchObject({ mode: 'MEDIA_UPLOAD', mediaType: 'VIDEO', postInfo: {} });

  stage.tiktok.completeDraft(publish?.publishId ?? '');
  await stage.shows(draft, LINK);
  await stage.card(({ message_id }) => message_id > ending.message_id);
});

it('sends photos to the inbox with their caption', async () => {
  await using stage = await startStage();
  await stage.sendAlbum(['phone.jpg', 'photo.webp'], { caption: 'Two of them' });
  const draft = await stage.draft('2 photos');
  await stage.tap(draft, 'To my TikTok inbox');
  await stage.shows(draft, 'In the TikTok inbox');
  expect(stage.tiktok.state.publishes).toMatchObject([
    { mode: 'MEDIA_UPLOAD', mediaType: 'PHOTO', postInfo: { description: 'Two of them' } },
  ]);
});
