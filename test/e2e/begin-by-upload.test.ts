import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { openStores } from '../../src/core/storage/database.ts';
import type { UploadTicket } from '../../src/core/uploads/tickets.ts';
import { uploadWith } from '../web/uploads/upload-stage.ts';
import { buttonsOf, textOf } from '../world.ts';
import { textOf as discordText, labelsOf, startDiscordStage } from './discord-stage.ts';
import { bytesOf, LINK, startStage } from './stage.ts';

const GIVEN = 'Upload a video or photos of up to 4 GB a file with this link. The first one begins your draft';
const MINUTES = 60_000;

function linkIn(message: Message): string {
  const text = JSON.stringify(message);
  const [link] = /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(text) ?? [];
  if (link === undefined) throw new Error(`There is no link in ${text}.`);
  return link;
}

async function uploadTo(page: string, name: string): Promise<void> {
  const content = await bytesOf(name);
  const { upload, done } = uploadWith(content, { endpoint: `${page}/files`, name, chunkSize: 5_000 });
  upload.start();
  await done;
}

it('begins a draft in Discord with nothing but a video that is too big for it', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.run('upload');
  const given = discordText(await handle.waitForResponse(GIVEN));
  expect(given).toContain('after that /tiktok posts brings up the draft');
  const link = stage.discord.linkOf(handle, 'Upload', stage.ana);
  await uploadTo(link, 'tiktok-h264.mp4');
  // The message that showed the link alone to Ana is the card now.
  await stage.composer(handle, 'Video for TikTok');
  await stage.post(handle);
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{ kind: 'mp4' }] }]);
  expect(stage.discord.messages(stage.discord.dm(stage.ana))).toEqual([]);
  expect(JSON.stringify(stage.discord.messages(stage.posts))).not.toContain('/upload/');
  expect((await fetch(link)).status).toBe(404);
});

it('shows a draft in Discord by its command where its upload began too late for the message of the link', async () => {
  await using stage = await startDiscordStage({ movesClock: true });
  const handle = await stage.run('upload');
  await handle.waitForResponse(GIVEN);
  const link = stage.discord.linkOf(handle, 'Upload', stage.ana);
  stage.world.advance(16 * MINUTES);
  await uploadTo(link, 'tiktok-h264.mp4');
  const own = stage.discord.dm(stage.ana);
  await stage.discord.waitForMessage(own, 'What you uploaded is in your draft.');
  expect(stage.discord.messages(own).map(discordText).join()).toContain('/tiktok posts in Studio (Discord)');
  const list = await stage.run('posts');
  await list.waitForResponse((message) => labelsOf(message).includes('Continue draft: 1 file'));
  await stage.press(list, /Continue draft/);
  await stage.composer(list, 'Video for TikTok');
});

it('names the way for big files where a post in Discord has no file', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana, posts } = stage;
  const nothing = await stage.offer([], { options: { caption: 'Sunday' } });
  await nothing.waitForResponse('For a file that is too big for Discord use /tiktok upload.');
  const german = await discord.runCommand({
    user: ana,
    channel: posts,
    name: 'tiktok',
    subcommand: 'post',
    locale: 'de',
  });
  await german.waitForResponse('Für eine Datei, die für Discord zu groß ist, nimm /tiktok hochladen.');
});

it('begins a draft in Telegram, also after a restart of Nod before the first byte', async () => {
  await using stage = await startStage();
  await stage.say('/upload');
  const link = linkIn(await stage.card(GIVEN));
  await stage.restart();
  await uploadTo(link, 'tiktok-h264.mp4');
  const draft = await stage.draft('Video for TikTok');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{ kind: 'mp4' }] }]);
  expect((await fetch(link)).status).toBe(404);
});

it('begins a draft in a Telegram group, whose link one person gets alone', async () => {
  await using stage = await startStage({ connect: false });
  const { telegram, ana } = stage;
  const group = telegram.group({ title: 'Studio', admins: [ana], botIsAdmin: false });
  await telegram.sendText(group, ana, `/upload@${telegram.state.bot.username}`);
  await telegram.waitForMessage(group, 'Ana, the link to upload is for you alone');
  const link = linkIn(await stage.card('The first one begins your draft in “Studio”'));
  await uploadTo(link, 'tiktok-h264.mp4');
  await telegram.waitForMessage(group, (message) => textOf(message).startsWith('Video for TikTok'));
  await stage.settled();
  expect(JSON.stringify(telegram.botMessages(group))).not.toContain('/upload/');
});

it('tells in a Telegram group whom it cannot reach alone how to get the link', async () => {
  await using stage = await startStage({ connect: false });
  const { telegram, ana } = stage;
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [dora], botIsAdmin: false });
  const at = telegram.state.bot.username;
  await telegram.sendText(group, dora, `/upload@${at}`);
  const kept = await telegram.waitForMessage(
    group,
    'Dora, the link is for you alone. Open a private chat with me, then write /upload here again.',
  );
  expect(await telegram.press(kept, 'Open a private chat', dora)).toEqual({
    url: `https://t.me/${at}?start=begin`,
  });
  const own = telegram.privateChat(dora, { started: false });
  await telegram.sendText(own, dora, '/start begin');
  await telegram.waitForMessage(own, 'Now write /upload in your group again: I send you the link here.');
  await telegram.sendText(group, dora, `/upload@${at}`);
  linkIn(await telegram.waitForMessage(own, 'The first one begins your draft in “Studio”'));
});

it('leads to the upload page from a file that is too big for Telegram, in private and in a group', async () => {
  await using stage = await startStage({ connect: false });
  const { telegram, ana, anaChat } = stage;
  const group = telegram.group({ title: 'Studio', admins: [ana], botIsAdmin: false });
  const bytes = await bytesOf('tiktok-h264.mp4');
  const video = { bytes, fileName: 'movie.mp4', mimeType: 'video/mp4', declaredBytes: 31_000_000 };
  await telegram.sendDocument(anaChat, ana, video);
  await telegram.sendDocument(group, ana, { ...video, caption: `@${telegram.state.bot.username}` });
  for (const chat of [anaChat.id, group.id]) {
    const card = await telegram.waitForMessage(chat, (message) => textOf(message).includes('31.0 MB'));
    expect(buttonsOf(card)).toEqual(['Add a big file', 'Discard']);
  }
});

it('leaves nothing of a link through which nobody has uploaded', async () => {
  await using stage = await startDiscordStage({ movesClock: true });
  const handle = await stage.run('upload');
  await handle.waitForResponse(GIVEN);
  const link = stage.discord.linkOf(handle, 'Upload', stage.ana);
  stage.world.advance(61 * MINUTES);
  expect((await fetch(link)).status).toBe(404);
  // A start ends what is over.
  await stage.settled();
  await stage.restart();
  await stage.settled();
  await using stores = openStores({ file: `${stage.world.dataDir}/nod.db` });
  const left = (name: string) => Array.fromAsync(stores.store<UploadTicket>(name).entries());
  expect([...(await left('upload-tickets')), ...(await left('drafts'))]).toEqual([]);
  expect([...(await left('cards')), ...(await left('anchors'))]).toEqual([]);
});

it('gives no link to whoever has as many open drafts as one person may have', async () => {
  await using stage = await startStage({ environment: { MAX_DRAFTS_PER_PERSON: '1' } });
  await stage.say('/upload');
  const early = linkIn(await stage.card(GIVEN));
  await stage.sendFile('phone.jpg');
  await stage.draft('1 photo for TikTok');
  await stage.say('/upload');
  await stage.card('you have 1 open draft, the most one person may have here');
  await expect(uploadTo(early, 'phone.mp4')).rejects.toThrow('as many open drafts in the chat');
});
