import { expect, it } from 'vitest';
import { ChatClosedError } from '../../../src/bots/platform.ts';
import type { PermissionName } from '../../emulators/discord/permissions.ts';
import { card, type Harness, startHarness } from './harness.ts';

/** What keeps a card out, as the error of a call tells. */
async function obstacleIn(harness: Harness, call: Promise<unknown>): Promise<unknown> {
  const error = await harness.errorOf(call);
  return error instanceof ChatClosedError ? error.obstacle : error;
}

/** A bot that has heard what the gateway tells of this. */
async function startedWith(harness: Harness, deny: PermissionName[]) {
  const { discord } = harness;
  discord.setOverwrite(discord.posts, 'bot', { deny });
  return (await harness.startBot()).bot;
}

it.each([
  [['SEND_MESSAGES'], ['send']],
  [['ATTACH_FILES'], ['pictures']],
  [['VIEW_CHANNEL'], ['view']],
] as const)('names the right that is missing without %s', async (denied, missing) => {
  await using harness = await startHarness();
  const bot = await startedWith(harness, [...denied]);
  const whole = { ...card('Hello'), attachment: await harness.picture('one') };
  expect(await obstacleIn(harness, bot.send(harness.chat, whole))).toEqual({ type: 'rights', missing });
  expect(await bot.fetchObstacle(harness.chat)).toEqual({ type: 'rights', missing });
});

it('knows of nothing that keeps cards from a channel where it may do all, and none that it does not know', async () => {
  await using harness = await startHarness();
  const bot = await startedWith(harness, []);
  expect(await bot.fetchObstacle(harness.chat)).toBeUndefined();
  expect(await bot.fetchObstacle('discord:100000000000000001')).toBeUndefined();
});

it('knows from an interaction what it may do in a channel, before it sends anything there', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const bot = await startedWith(harness, ['ADD_REACTIONS', 'ATTACH_FILES']);
  await discord.runCommand({ user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'help' });
  expect(await bot.fetchObstacle(harness.chat)).toEqual({ type: 'rights', missing: ['pictures', 'react'] });
  expect(harness.callsOf('getChannel')).toEqual([]);
});

it('sends words where only pictures are forbidden', async () => {
  await using harness = await startHarness();
  const bot = await startedWith(harness, ['ATTACH_FILES']);
  await bot.send(harness.chat, card('Hello'));
  expect(harness.discord.render(harness.discord.posts)).toContain('│ Hello');
});

it('needs a right of its own in threads', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const thread = discord.thread(discord.posts, { name: 'launch' });
  const bot = await startedWith(harness, ['SEND_MESSAGES_IN_THREADS']);
  const chat = `discord:${thread.id}`;
  const missing = { type: 'rights', missing: ['send_in_threads'] };
  expect(await obstacleIn(harness, bot.send(chat, card('Hello')))).toEqual(missing);
  expect(await bot.fetchObstacle(chat)).toEqual(missing);
  await bot.send(harness.chat, card('Hello'));
});

it('opens a thread again that was archived meanwhile, to change what stands there', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const thread = discord.thread(discord.posts, { name: 'launch' });
  const { bot } = await harness.startBot();
  const sent = await bot.send(`discord:${thread.id}`, card('Posting'));
  discord.setThread(thread, { archived: true });
  await bot.edit(sent, card('Live'));
  expect(discord.render(thread)).toContain('│ Live');
});

it('says that a locked thread is closed, and hears when it is opened', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const thread = discord.thread(discord.posts, { name: 'launch' });
  const { bot, gaps } = await harness.startBot();
  discord.setThread(thread, { locked: true });
  const call = bot.send(`discord:${thread.id}`, card('Hello'));
  expect(await obstacleIn(harness, call)).toEqual({ type: 'thread_closed' });
  await gaps.when(({ length }) => length === 1);
  discord.setThread(thread, { locked: false });
  await gaps.when(({ length }) => length === 2);
  await bot.send(`discord:${thread.id}`, card('Hello'));
});

it('hears that it was invited again', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, gaps } = await harness.startBot();
  discord.removeBot(discord.studio);
  await harness.errorOf(bot.send(chat, card('Hello')));
  discord.addBot(discord.studio);
  await gaps.when(({ length }) => length === 2);
  await bot.send(chat, card('Hello'));
});

it('says that a channel is deleted, and that AutoMod blocks what is said', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot } = await harness.startBot();
  discord.blockWords(discord.studio, /giveaway/);
  expect(await obstacleIn(harness, bot.send(harness.chat, card('A giveaway')))).toEqual({ type: 'filtered' });
  discord.deleteChannel(discord.posts);
  expect(await obstacleIn(harness, bot.send(harness.chat, card('Hello')))).toEqual({ type: 'gone' });
});

it('asks for all that it needs in its invitation', async () => {
  await using harness = await startHarness();
  const { bot } = await harness.startBot();
  const permissions = BigInt(new URL(bot.openUrl() ?? '').searchParams.get('permissions') ?? 0);
  for (const bit of [6n, 10n, 11n, 14n, 15n, 16n, 38n]) expect(permissions & (1n << bit)).not.toBe(0n);
});
