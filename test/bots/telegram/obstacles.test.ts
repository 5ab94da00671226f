import { expect, it } from 'vitest';
import { type Card, ChatClosedError } from '../../../src/bots/platform.ts';
import { startHarness } from './harness.ts';

type Harness = Awaited<ReturnType<typeof startHarness>>;

const card = (...lines: string[]): Card => ({ lines: lines.map((line) => [line]), rows: [] });

/** What keeps a card out, as the error of a call tells. */
async function obstacleIn(harness: Harness, call: Promise<unknown>): Promise<unknown> {
  const error = await harness.errorOf(call);
  return error instanceof ChatClosedError ? error.obstacle : error;
}

/** A group of Ana's in which the bot is a plain member. */
function groupIn({ telegram }: Harness, options: { forum?: boolean; supergroup?: boolean } = {}) {
  return telegram.group({ title: 'Editors', admins: [telegram.ana], ...options });
}

it.each([true, false])(
  'knows that a group lets nobody send photos, and sends words there (supergroup: %s)',
  async (supergroup) => {
    await using harness = await startHarness();
    const { telegram } = harness;
    const group = groupIn(harness, { supergroup });
    telegram.setPermissions(group, { can_send_photos: false });
    const bot = harness.createBot();
    const chat = `telegram:${group.id}`;
    const missing = { type: 'rights', missing: ['pictures'] };
    const whole = { ...card('Hello'), attachment: await harness.picture('one') };
    expect(await obstacleIn(harness, bot.send(chat, whole))).toEqual(missing);
    expect(await bot.fetchObstacle(chat)).toEqual(missing);
    const sent = await bot.send(chat, card('Hello'));
    expect(await obstacleIn(harness, bot.edit(sent, whole))).toEqual(missing);
    telegram.setAdmin(group, 'bot', true);
    expect(await bot.fetchObstacle(chat)).toBeUndefined();
    await bot.edit(sent, whole);
  },
);

it.each([true, false])('knows that a group lets nobody write (supergroup: %s)', async (supergroup) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const group = groupIn(harness, { supergroup });
  telegram.setPermissions(group, { can_send_messages: false });
  const bot = harness.createBot();
  const chat = `telegram:${group.id}`;
  const missing = { type: 'rights', missing: ['send'] };
  expect(await obstacleIn(harness, bot.send(chat, card('Hello')))).toEqual(missing);
  expect(await bot.fetchObstacle(chat)).toEqual(missing);
});

it('knows a closed topic from a deleted one, and hears when one is opened again', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const group = groupIn(harness, { forum: true });
  const [one, two] = [telegram.topic(group, 'One'), telegram.topic(group, 'Two')];
  const { bot, events } = await harness.startBot();
  telegram.closeTopic(group, one);
  telegram.deleteTopic(group, two);
  const send = (threadId: number) => bot.send(`telegram:${group.id}:${threadId}`, card('Hello'));
  expect(await obstacleIn(harness, send(one))).toEqual({ type: 'thread_closed' });
  expect(await obstacleIn(harness, send(two))).toEqual({ type: 'topic_gone' });
  telegram.closeTopic(group, one, false);
  expect(await events.one('rights')).toMatchObject({ chat: `telegram:${group.id}`, isPresent: true });
  await send(one);
});

it('knows that a person has blocked it, and hears when they no longer do', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const { bot, events } = await harness.startBot();
  telegram.block(telegram.ana);
  expect(await obstacleIn(harness, bot.send(chat, card('Hello')))).toEqual({ type: 'blocked' });
  telegram.unblock(telegram.ana);
  await events.when((all) => all.some((event) => event.type === 'rights' && event.isPresent));
  expect(await events.one('rights')).toMatchObject({ chat, isPrivate: true, isPresent: false });
  await bot.send(chat, card('Hello'));
});

it('knows that it was thrown out of a group', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const group = groupIn(harness);
  const bot = harness.createBot();
  telegram.removeBot(group);
  const chat = `telegram:${group.id}`;
  expect(await obstacleIn(harness, bot.send(chat, card('Hello')))).toEqual({ type: 'removed' });
  expect(await bot.fetchObstacle(chat)).toEqual({ type: 'removed' });
});
