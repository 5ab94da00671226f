import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { SCOPES } from '../../src/core/tiktok/oauth.ts';
import { buttonsOf, connectAccount, textOf } from '../world.ts';
import { labelsOf, startDiscordStage, textOf as textOnDiscord } from './discord-stage.ts';
import { LINK, type Stage, startStage } from './stage.ts';

const UNAUDITED = ['Send to my inbox instead', 'Edit and try again', 'Try again'];
const AI_LABEL = 'The field is_aigc is not supported for photos';
const LABEL_REFUSED = '✕ Not posted: TikTok did not take the AI label of photos';

const initsOf = ({ tiktok }: Pick<Stage, 'tiktok'>) =>
  tiktok.state.requests.filter(({ endpoint }) => endpoint?.endsWith('/init'));

/** A draft for everyone, which still waits for “Post now”. */
async function draftFor(stage: Stage, file: string): Promise<Message> {
  await stage.sendFile(file, { caption: 'First light' });
  return stage.choose(await stage.draft('First light'), 'Everyone', 'Who can see it?  Everyone');
}

it('sends to the inbox in Telegram what TikTok refuses for want of an audit', async () => {
  await using stage = await startStage({ tiktok: { app: { audited: false } } });
  const draft = await draftFor(stage, 'phone.jpg');
  await stage.tap(draft, 'Post now');
  const failed = await stage.shows(draft, /^✕ Not posted: TikTok has not audited this Nod yet/);
  expect(buttonsOf(failed)).toEqual(UNAUDITED);
  await stage.tap(failed, 'Send to my inbox instead');
  await stage.shows(draft, '✓ In the TikTok inbox');
  expect(stage.tiktok.state.publishes).toMatchObject([{ mode: 'MEDIA_UPLOAD' }]);
});

it('sends to the inbox in Discord what TikTok refuses for want of an audit', async () => {
  await using stage = await startDiscordStage({ tiktok: { app: { audited: false } } });
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  const failed = await stage.card(/✕ Not posted: TikTok has not audited this Nod yet/);
  expect(labelsOf(failed)).toEqual(UNAUDITED);
  await stage.press(failed, 'Send to my inbox instead');
  await stage.card('✓ In the TikTok inbox');
  expect(stage.tiktok.state.publishes).toMatchObject([{ mode: 'MEDIA_UPLOAD' }]);
});

it('leads over a new consent to the inbox where the account has not allowed that', async () => {
  await using stage = await startStage({ connect: false, tiktok: { app: { audited: false } } });
  await connectAccount(stage.world, { scopes: SCOPES.filter((scope) => scope !== 'video.upload') });
  const draft = await draftFor(stage, 'phone.jpg');
  await stage.tap(draft, 'Post now');
  const failed = await stage.shows(
    draft,
    'For the inbox the account has to allow it: connect it again first.',
  );
  expect(buttonsOf(failed)).toEqual(['Connect again', ...UNAUDITED]);
  expect(await stage.tap(failed, 'Send to my inbox instead')).toMatchObject({
    text: expect.stringContaining('This account did not allow Nod to send to its TikTok inbox.'),
  });
  expect(initsOf(stage)).toHaveLength(1);
  await connectAccount(stage.world);
  await stage.tap(failed, 'Send to my inbox instead');
  await stage.shows(draft, '✓ In the TikTok inbox');
});

it('trims in Telegram what TikTok finds too long', async () => {
  await using stage = await startStage();
  const draft = await draftFor(stage, 'demo/sunset.mp4');
  stage.tiktok.creator.maxVideoPostDurationSec = 2;
  await stage.tap(draft, 'Post now');
  const failed = await stage.shows(draft, /^✕ Not posted: the video is too long or too short/);
  expect(buttonsOf(failed)).toEqual(['Trim…', 'Edit and try again', 'Try again']);
  await stage.tap(failed, 'Trim…');
  const opened = await stage.card('This account may post up to 2 s. Which part shall it be?');
  expect(buttonsOf(opened)).toEqual(['Trim to 2 s', 'Trim from…', 'Back']);
  await stage.tap(opened, 'Trim to 2 s');
  const trimmed = await stage.draft(({ message_id }) => message_id === opened.message_id);
  await stage.post(trimmed);
  await stage.shows(trimmed, LINK);
});

it('trims in Discord what TikTok finds too long', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['demo/sunset.mp4']);
  await stage.composer(handle);
  await stage.see(handle, 'Everyone');
  stage.tiktok.creator.maxVideoPostDurationSec = 2;
  await stage.press(handle, 'Post now');
  const failed = await stage.card(/✕ Not posted: the video is too long or too short/);
  expect(labelsOf(failed)).toEqual(['Trim…', 'Edit and try again', 'Try again']);
  const opened = await stage.press(failed, 'Trim…');
  const menu = await opened.waitForResponse('This account may post up to 2 s. Which part shall it be?');
  expect(labelsOf(menu)).toEqual(['Trim to 2 s', 'Trim from…', 'Back']);
  await stage.choose(opened, 'Trim to 2 s', /Post now|Who can see it/);
  await stage.composer(opened);
  await stage.post(opened);
  await stage.card(LINK);
});

it('says in Discord until when a limit holds a post', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.see(handle, 'Everyone');
  stage.tiktok.creator.postCap = 0;
  await stage.press(handle, 'Post now');
  const waiting = await stage.card(
    /Waiting[\s\S]*Those of other apps count too\.\nTikTok is asked again <t:\d+/,
  );
  expect(labelsOf(waiting)).toEqual(['Cancel']);
  await stage.press(waiting, 'Cancel');
  await stage.card(/Cancelled by Ana/);
  expect(initsOf(stage)).toHaveLength(1);
});

it('posts photos in Telegram without the AI label only after a person has said so', async () => {
  await using stage = await startStage();
  const draft = await draftFor(stage, 'phone.jpg');
  await stage.choose(draft, 'AI label: off', 'AI-generated  yes');
  stage.tiktok.fault('init-403:invalid_params', { message: AI_LABEL });
  await stage.tap(draft, 'Post now');
  const failed = await stage.shows(draft, LABEL_REFUSED);
  expect(textOf(failed)).toContain('Nod posts it without the label only if you say so');
  expect(buttonsOf(failed)).toEqual(['Post without the AI label', 'Edit and try again', 'Try again']);
  expect(initsOf(stage)).toHaveLength(1);
  await stage.tap(failed, 'Post without the AI label');
  const live = await stage.shows(draft, LINK);
  expect(textOf(live)).toContain(
    'Without the AI label, which TikTok did not take: set it in the TikTok app.',
  );
  expect(stage.tiktok.state.publishes).toMatchObject([{ isAigc: false }]);
});

it('posts photos in Discord without the AI label only after a person has said so', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.choose(handle, 'AI label: off', 'AI-generated  **yes**');
  stage.tiktok.fault('init-403:invalid_params', { message: AI_LABEL });
  await stage.post(handle);
  const failed = await stage.card(LABEL_REFUSED);
  expect(labelsOf(failed)).toEqual(['Post without the AI label', 'Edit and try again', 'Try again']);
  expect(initsOf(stage)).toHaveLength(1);
  await stage.press(failed, 'Post without the AI label');
  expect(textOnDiscord(await stage.card(LINK))).toContain('Without the AI label');
  expect(stage.tiktok.state.publishes).toMatchObject([{ isAigc: false }]);
});
