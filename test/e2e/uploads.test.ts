import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { uploadWith } from '../web/uploads/upload-stage.ts';
import { buttonsOf, textOf } from '../world.ts';
import { textOf as discordText, startDiscordStage } from './discord-stage.ts';
import { bytesOf, LINK, startStage } from './stage.ts';

const LABEL = 'Add a big file';
const URL_OF_PAGE = /https?:\/\/\S+\/upload\/[\w-]{32}/;

/** The link to the page in a message's button. */
function linkIn(message: Message): string {
  const text = JSON.stringify(message);
  const [link] = /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(text) ?? [];
  if (link === undefined) throw new Error(`There is no link in ${text}.`);
  return link;
}

async function uploadTo(page: string, names: readonly string[], chunkSize = 5_000): Promise<void> {
  for (const name of names) {
    const { upload, done } = uploadWith(await bytesOf(name), { endpoint: `${page}/files`, name, chunkSize });
    upload.start();
    await done;
  }
}

it('brings a video to TikTok that Telegram does not give to bots', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  const refused = await stage.draft('31.0 MB; this chat gives bots files up to 20 MB. Tap “Add a big file”');
  expect(buttonsOf(refused)).toEqual([LABEL, 'Discard']);
  await stage.tap(refused, LABEL);
  const link = linkIn(await stage.card('Upload files of up to 4 GB for your draft'));
  await uploadTo(link, ['tiktok-h264.mp4']);
  const draft = await stage.draft('Video for TikTok');
  expect(draft.message_id).toBe(refused.message_id);
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{ kind: 'mp4' }] }]);
  // The link has ended with the draft.
  expect((await fetch(link)).status).toBe(404);
});

it('goes on after a restart of Nod, and the card with it', async () => {
  await using stage = await startStage();
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  const refused = await stage.draft('31.0 MB');
  await stage.tap(refused, LABEL);
  const page = linkIn(await stage.card('Upload files of up to 4 GB'));
  const bytes = await bytesOf('tiktok-h264.mp4');
  const half = uploadWith(bytes, {
    endpoint: `${page}/files`,
    chunkSize: 2_000,
    onChunkComplete: (_, sent) => {
      if (sent >= 2_000) void half.upload.abort();
    },
  });
  half.upload.start();
  await stage.shows(refused, /on the way, \d+ %/);
  await stage.restart();
  const url = half.upload.url;
  if (url === null) throw new Error('The upload has no address.');
  const rest = uploadWith(bytes, { endpoint: `${page}/files`, uploadUrl: url });
  rest.upload.start();
  await rest.done;
  const draft = await stage.draft('Video for TikTok');
  expect(draft.message_id).toBe(refused.message_id);
  await stage.post(draft);
  await stage.shows(draft, LINK);
});

it('gives the link of a group’s draft to its author alone', async () => {
  await using stage = await startStage({ connect: false });
  const { telegram, ana } = stage;
  const ben = telegram.user({ firstName: 'Ben' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [ben], botIsAdmin: false });
  const at = telegram.state.bot.username;
  await telegram.sendPhoto(group, ana, {
    bytes: await bytesOf('phone.jpg'),
    caption: `@${at} Sunday`,
  });
  const draft = await telegram.waitForMessage(group, (message) => buttonsOf(message).includes(LABEL));
  expect(await telegram.press(draft, LABEL, ben)).toMatchObject({ text: expect.stringContaining('Ana') });
  await telegram.press(draft, LABEL, ana);
  await telegram.waitForMessage(group, 'Ana, the link to upload is for you alone');
  const link = linkIn(await stage.card('for your draft in “Studio”'));
  await uploadTo(link, ['photo.webp']);
  await telegram.waitForMessage(group, (message) => textOf(message).startsWith('2 photos for TikTok'));
  await stage.settled();
  expect(JSON.stringify(telegram.botMessages(group))).not.toContain('/upload/');
});

it('tells whom it cannot reach alone how to get the link', async () => {
  await using stage = await startStage({ connect: false });
  const { telegram, ana } = stage;
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [dora], botIsAdmin: false });
  const at = telegram.state.bot.username;
  await telegram.sendPhoto(group, dora, { bytes: await bytesOf('phone.jpg'), caption: `@${at}` });
  const draft = await telegram.waitForMessage(group, (message) => buttonsOf(message).includes(LABEL));
  await telegram.press(draft, LABEL, dora);
  const kept = await telegram.waitForMessage(group, 'Dora, the link is for you alone.');
  expect(await telegram.press(kept, 'Open a private chat', dora)).toEqual({
    url: `https://t.me/${at}?start=upload`,
  });
  const own = telegram.privateChat(dora, { started: false });
  await telegram.sendText(own, dora, '/start upload');
  await telegram.waitForMessage(own, 'Now tap “Add a big file” on your draft again');
  await telegram.press(draft, LABEL, dora);
  linkIn(await telegram.waitForMessage(own, 'for your draft in “Studio”'));
});

it('adds an album to a draft in Discord, in the order in which it came', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle, 'Who can see it?');
  const given = await stage.press(handle, LABEL);
  await given.waitForResponse('Upload files of up to 4 GB for your draft');
  const link = stage.discord.linkOf(given, 'Upload', stage.ana);
  expect(link).toMatch(URL_OF_PAGE);
  await uploadTo(link, ['photo.webp', 'grey.png']);
  const composer = await stage.composer(handle, '3 photos for TikTok');
  expect(discordText(composer)).toMatch(/1 {2}`?phone\.jpg[\s\S]*2 {2}`?photo\.webp[\s\S]*3 {2}`?grey\.png/);
  await stage.post(handle);
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{}, {}, {}] }]);
  expect(JSON.stringify(stage.discord.messages(stage.posts))).not.toContain('/upload/');
});

it('says on the card what was wrong with a file that came by a page', async () => {
  await using stage = await startStage({ environment: { UPLOAD_LIMIT_GB: '0.000006' } });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('1 photo for TikTok');
  await stage.tap(draft, LABEL);
  const link = linkIn(await stage.card('Upload files of up to'));
  await expect(uploadTo(link, ['phone.mp4'])).rejects.toThrow('more than the 6 KB that is taken here');
  await stage.shows(draft, 'phone.mp4  ✕ 19 KB, more than the 6 KB that this Nod takes of one file');
});
