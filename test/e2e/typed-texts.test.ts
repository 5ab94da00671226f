import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { fixture, LINK, type Stage, startStage } from './stage.ts';

/** Sends a photo as Ana does from the app. */
const sendPhoto = ({ telegram, ana, anaChat }: Stage, caption: string) =>
  telegram.sendPhoto(anaChat, ana, { path: fixture('phone.jpg'), caption });

it('publishes a caption as its message reads after an edit', async () => {
  await using stage = await startStage();
  const sent = await sendPhoto(stage, 'Frist light');
  const draft = await stage.draft('Frist light');
  await stage.telegram.editText(sent, stage.ana, 'First light');
  await stage.shows(draft, /First light\nIt follows your message, which you have edited\./);
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { description: 'First light' } }]);
});

it('publishes the picture that took the place of another one', async () => {
  await using stage = await startStage();
  const { telegram, ana } = stage;
  const sent = await sendPhoto(stage, 'First light');
  const draft = await stage.draft('First light');
  await telegram.replacePhoto(sent, ana, { path: fixture('cmyk.jpg') });
  const replaced = await stage.shows(draft, 'takes the place of what your message showed before');
  await stage.post(await stage.shows(replaced, (message) => buttonsOf(message).includes('Post now')));
  await stage.shows(draft, LINK);
  expect(stage.fed()).toHaveLength(1);
});

it('tells of an edit that comes too late, and takes the post back when told to', async () => {
  await using stage = await startStage();
  const { telegram, ana } = stage;
  const sent = await sendPhoto(stage, 'Frist light');
  const draft = await stage.draft('Frist light');
  await stage.tap(draft, 'Everyone');
  await stage.tap(draft, 'When…');
  await stage.tap(await stage.card('which time zone do you mean?'), /^UTC/);
  await stage.card('reply to this with the time');
  await stage.say('tomorrow 18:00');
  await stage.shows(draft, 'Goes out');
  await stage.tap(draft, 'Schedule');
  await stage.shows(draft, /Planned|Scheduled|Goes out/);
  await telegram.editText(sent, ana, 'First light');
  const offer = await stage.card('You edited your message after this was submitted');
  expect(textOf(offer)).toContain('First light\n\nThe post goes back into a draft');
  expect(textOf(offer)).toContain('Nothing has changed yet.');
  await stage.tap(offer, 'Change the caption');
  await stage.shows(offer, 'The post is a draft again, with the new caption.');
  const again = await stage.draft((message) => message.message_id > offer.message_id);
  expect(textOf(again)).toContain('First light');
  expect(textOf(again)).toContain('Goes out');
});

it('takes the next text in a private chat for the answer, and takes the question away', async () => {
  await using stage = await startStage();
  await sendPhoto(stage, 'First light');
  const draft = await stage.draft('First light');
  await stage.tap(draft, 'Edit caption');
  const question = await stage.card('reply to this with the caption');
  await stage.say('Second light');
  await stage.shows(draft, 'Second light');
  await stage.telegram.until(() =>
    stage.cards().every(({ message_id }) => message_id !== question.message_id) ? true : undefined,
  );
});
