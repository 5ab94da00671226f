import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { textOf as discordTextOf, labelsOf, startDiscordStage } from './discord-stage.ts';
import { LINK, startStage } from './stage.ts';

const NUMBERS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

it('takes the cover of a video from numbered pictures, or by its moment, on Telegram', async () => {
  await using stage = await startStage();
  await stage.sendFile('demo/sunset.mp4');
  const draft = await stage.draft((message) => message.photo !== undefined);
  const before = draft.photo?.at(-1)?.file_unique_id;
  await stage.tap(draft, 'Cover…');
  const menu = await stage.shows(draft, (message) => buttonsOf(message).includes('9'));
  expect(buttonsOf(menu)).toEqual([...NUMBERS, 'Other moment…', 'Back']);
  expect(menu.photo?.at(-1)?.file_unique_id).not.toBe(before);
  await stage.tap(menu, '5');
  await stage.shows(draft, 'Cover  at 0:01.1');
  await stage.tap(draft, 'Cover…');
  await stage.shows(draft, (message) => buttonsOf(message).includes('● 5'));
  await stage.tap(draft, 'Other moment…');
  const question = await stage.card('reply to this with the moment that shall be the cover');
  await stage.say('a bit later', question);
  await stage.card('“a bit later” is no moment that Nod understands.');
  await stage.say('5 s', question);
  await stage.card('The video runs 3 s, so it has ended by 0:05. Name an earlier moment.');
  await stage.say('2 s', question);
  const covered = await stage.shows(draft, 'Cover  at 0:02');
  expect(textOf(covered)).not.toContain('Which picture');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { video_cover_timestamp_ms: 2_000 } }]);
});

it('shows a video on Discord before it is posted, with the cover that was chosen', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['demo/sunset.mp4']);
  await stage.composer(handle, (message) => JSON.stringify(message).includes('attachment'));
  await stage.press(handle, 'Cover…');
  await handle.waitForResponse((message) => labelsOf(message).includes('9'));
  await stage.choose(handle, '9', 'Cover  **at 0:02.2**');
  await stage.post(handle);
  const card = await stage.card(LINK);
  expect(discordTextOf(card)).not.toContain('Cover');
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { video_cover_timestamp_ms: 2_222 } }]);
});
