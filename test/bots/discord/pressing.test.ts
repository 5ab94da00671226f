import { expect, it } from 'vitest';
import { buttonRow, type Card, type ChatEvent, type MessageRef } from '../../../src/bots/platform.ts';
import { createReleaseGate } from '../records.ts';
import { card, type Harness, startHarness } from './harness.ts';

const composer: Card = {
  lines: [['3 photos']],
  rows: [
    {
      type: 'choice',
      prompt: 'Who can see it?',
      options: [
        { label: 'Everyone', press: 'd:1:privacy:PUBLIC', isChosen: false },
        { label: 'Only me', press: 'd:1:privacy:SELF', isChosen: false },
      ],
    },
    buttonRow(
      { label: 'Post now', press: 'd:1:post', tone: 'main' },
      { label: 'Edit caption', press: 'd:1:caption' },
    ),
  ],
};

type Press = ChatEvent & { type: 'press' };

/** A bot that shows the composer for /tiktok posts and does `press` when something is pressed on it. */
async function startComposer(harness: Harness, press: (event: Press) => Promise<void>) {
  const { discord } = harness;
  const { bot, events } = await harness.startBot(async (event) => {
    if (event.type === 'press') await press(event);
    else if (event.reply !== undefined && event.type === 'command') await bot.edit(event.reply, composer);
  });
  const handle = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'posts',
  });
  await handle.waitForResponse('3 photos');
  return { bot, events, handle };
}

/** A bot with a card in the channel. */
async function startCard(harness: Harness, press: (event: Press) => Promise<void>) {
  const { bot, events } = await harness.startBot(async (event) => {
    if (event.type === 'press') await press(event);
  });
  const sent = await bot.send(harness.chat, composer);
  return { bot, events, sent };
}

const nothing = async () => {};

it('brings back what a button and a menu stand for', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { events, sent } = await startCard(harness, nothing);
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  expect(pressed.answerType).toBe(6);
  await discord.select(sent, 'Who can see it?', ['Only me'], discord.ana);
  const [first, second] = await events.first(2);
  expect(first).toMatchObject({
    id: pressed.id,
    press: 'd:1:post',
    message: sent,
    chat,
    workspace: `discord:${discord.studio.id}`,
    person: { id: `discord:${discord.ana.id}`, name: 'Ana' },
  });
  expect(first).not.toHaveProperty('reply');
  expect(second).toMatchObject({ press: 'd:1:privacy:SELF', message: sent });
});

it('tells which picture the message shows', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, events } = await harness.startBot();
  const key = `${'ab12'.repeat(16)}.jpg`;
  const picture = { ...(await harness.picture('one')), key };
  const sent = await bot.send(chat, { ...composer, attachment: picture });
  await discord.press(sent, 'Post now', discord.ana);
  const { message } = await events.one('press');
  expect(message).toEqual({ chat, id: sent.id, picture: key });
  await bot.edit(message, { ...composer, attachment: picture });
  expect(harness.callsOf('editMessage')[0]?.files).toEqual([]);
});

it('tells the presser alone what a note says, once', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { sent } = await startCard(harness, async ({ answer }) => {
    await answer('Choose who can see it *first*.');
    await answer('Never said.');
  });
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  await pressed.waitForFollowUp('Choose who can see it \\*first\\*.');
  expect(pressed.followUps).toHaveLength(1);
  expect((pressed.followUps[0]?.flags ?? 0) & 64).toBe(64);
  expect(discord.render(discord.posts)).toContain('Nod (only Ana sees this)');
});

it('edits a message that only one person sees by the newest press', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const places: MessageRef[] = [];
  const { bot, handle } = await startComposer(harness, async ({ message, reply }) => {
    expect(reply).toEqual(message);
    places.push(message);
  });
  discord.advance(14 * 60_000);
  await discord.press(handle, 'Post now', discord.ana);
  discord.advance(14 * 60_000);
  const [place] = places;
  if (place === undefined) throw new Error('There was no press.');
  expect(place.isPrivate).toBe(true);
  await bot.edit(place, card('Still here'));
  await handle.waitForResponse('Still here');
  discord.advance(2 * 60_000);
  expect(await harness.errorOf(bot.edit(place, card('Too late')))).toMatchObject({
    name: 'MessageGoneError',
  });
});

it('keeps the composer where a note follows a press on it', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, handle } = await startComposer(harness, async ({ answer, message }) => {
    await answer('Not yet.');
    await bot.edit(message, card('4 photos'));
  });
  const pressed = await discord.press(handle, 'Post now', discord.ana);
  await pressed.waitForFollowUp('Not yet.');
  await handle.waitForResponse('4 photos');
});

it('asks in a window, whose answer tells what it is about', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, handle, events } = await startComposer(harness, async ({ ask, answer }) => {
    await ask?.({ subject: 'draft-7', title: 'Caption', text: 'Old\nwords', maxLength: 2_200 });
    await answer();
  });
  const opened = await discord.press(handle, 'Edit caption', discord.ana);
  expect(opened.answerType).toBe(9);
  expect(discord.render(opened)).toContain('=== Caption ===\nCaption: _Old\nwords_');
  const submitted = await discord.submitModal(opened, { text: 'New words' });
  expect(submitted.answerType).toBe(6);
  const text = await events.one('text');
  expect(text).toMatchObject({ subject: 'draft-7', text: 'New words', reply: { isPrivate: true } });
  if (text.reply !== undefined) await bot.edit(text.reply, card('New words it is'));
  await handle.waitForResponse('New words it is');
});

it('takes an answer to a question after a restart, also an empty one', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, sent } = await startCard(harness, async ({ ask }) => {
    await ask?.({ subject: 'draft-7', title: 'A title '.repeat(9), text: '', maxLength: 9_000 });
  });
  const opened = await discord.press(sent, 'Edit caption', discord.ana);
  await bot.stop();
  const { events } = await harness.startBot();
  await discord.submitModal(opened, { text: '' });
  const text = await events.one('text');
  // The card is for all, so the answer is a message of its own.
  expect(text).toMatchObject({ subject: 'draft-7', text: '', reply: { isPrivate: true } });
});

it('acknowledges a press by itself when nothing answers it in time, and asks to press again', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const gate = createReleaseGate();
  const { sent } = await startCard(harness, async ({ ask }) => {
    await gate.opened;
    await ask?.({ subject: 'draft-7', title: 'Caption', text: '', maxLength: 100 });
  });
  const pressed = await discord.press(sent, 'Edit caption', discord.ana, { locale: 'de' });
  expect(pressed.answerType).toBe(6);
  expect(pressed.acknowledgedAfterMs).toBeLessThan(3_000);
  gate.open();
  await pressed.waitForFollowUp('noch einmal');
});

it('opens a place for the presser alone', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, sent } = await startCard(harness, async ({ openPrivately }) => {
    const place = await openPrivately?.();
    if (place !== undefined) await bot.edit(place, composer);
  });
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  expect(pressed).toMatchObject({ answerType: 5, ephemeral: true });
  await pressed.waitForResponse('3 photos');
  expect(discord.render(discord.posts)).toContain('Nod (only Ana sees this');
});

it('opens a place for the presser alone after the press was acknowledged', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, sent } = await startCard(harness, async ({ openPrivately, answer }) => {
    await answer();
    const place = await openPrivately?.();
    if (place !== undefined) await bot.edit(place, composer);
  });
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  await pressed.waitForFollowUp('3 photos');
  expect(discord.render(discord.posts)).toContain('Nod (only Ana sees this');
});

it('fills an opened place with what went wrong', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { sent } = await startCard(harness, async ({ openPrivately, answer }) => {
    await openPrivately?.();
    await answer('This post is gone.');
  });
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  await pressed.waitForResponse('This post is gone.');
});

it('ends the spinner and says so when a press cannot be handled', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { sent } = await startCard(harness, async () => {
    throw new Error('The disk is full.');
  });
  const pressed = await discord.press(sent, 'Post now', discord.ana);
  expect(pressed.answerType).toBe(6);
  await pressed.waitForFollowUp('Something went wrong');
});
