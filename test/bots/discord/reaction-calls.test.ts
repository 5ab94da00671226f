import { expect, it } from 'vitest';
import { markOf } from '../../../src/bots/discord/reactions.ts';
import {
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
  type MessageRef,
} from '../../../src/bots/platform.ts';
import { card, type Harness, startHarness } from './harness.ts';

const both = ['approve', 'reject'] as const;
const limits = { reactions: false, others: false, global: false } as const;

function addBen({ discord }: Harness) {
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  return ben;
}

it.each([
  ['✅', 'approve'],
  ['✅\uFE0F', 'approve'],
  ['❌', 'reject'],
  ['❌\u{1F3FD}', 'reject'],
  ['👍', undefined],
  ['☑️', undefined],
  ['✅✅', undefined],
  [null, undefined],
])('reads %s as %s', (name, mark) => {
  expect(markOf({ id: null, name })).toBe(mark);
});

it('reads no mark from an emoji of a server', () => {
  expect(markOf({ id: '123456789012345678', name: '✅' })).toBeUndefined();
});

it('puts its own marks for others to join, in order and also twice', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  await bot.addReactions(message, both);
  await bot.addReactions(message, both);
  const reactions = discord.messages(discord.posts)[0]?.reactions;
  expect(reactions?.map(({ emoji, count, me }) => [emoji.name, count, me])).toEqual([
    ['✅', 1, true],
    ['❌', 1, true],
  ]);
});

it('tells with one question which of many messages nobody but itself has reacted to', async () => {
  await using harness = await startHarness({ rateLimits: limits });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const ben = addBen(harness);
  const messages: MessageRef[] = [];
  for (const text of ['One', 'Two', 'Three', 'Gone']) messages.push(await bot.send(chat, card(text)));
  const [one, two, three, gone] = messages as [MessageRef, MessageRef, MessageRef, MessageRef];
  await bot.addReactions(one, both);
  discord.react(two, '✅', ben);
  discord.react(three, '👀', ben);
  discord.grant(discord.studio, discord.ana, ['MANAGE_MESSAGES']);
  discord.deleteMessage(gone, discord.ana);
  expect(await bot.fetchUntouched?.(chat, messages)).toEqual(new Set([one.id, three.id]));
  expect(harness.callsOf('getMessages')).toHaveLength(1);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  expect(await bot.fetchUntouched?.(chat, messages)).toEqual(new Set());
});

it('does without its own marks where Discord takes none', async () => {
  await using harness = await startHarness({ rateLimits: limits });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  for (let index = 0; index < 19; index += 1)
    discord.react(message, String.fromCodePoint(0x1f600 + index), discord.ana);
  await bot.addReactions(message, both);
  expect(harness.callsOf('createReaction').map(({ code }) => code)).toEqual([undefined, 30_010]);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['ADD_REACTIONS'] });
  const silent = await bot.send(chat, card('Another'));
  await bot.addReactions(silent, both);
  expect(discord.messages(discord.posts)[1]).not.toHaveProperty('reactions');
  await harness.logged('Discord lets us put no reaction');
});

it('puts and reads no marks under a message that only one person sees', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'help',
  });
  const { reply } = await events.one('command');
  if (reply === undefined) throw new Error('There is no reply.');
  await bot.addReactions(reply, both);
  expect(await bot.fetchReactions?.(reply)).toEqual([]);
  await harness.settled();
  expect(harness.callsOf('createReaction')).toEqual([]);
});

it('reads everybody’s marks, super reactions too, and leaves bots out', async () => {
  await using harness = await startHarness({ rateLimits: limits });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  await bot.addReactions(message, both);
  const ben = addBen(harness);
  const robot = discord.user({ name: 'Robot', isBot: true });
  discord.addMember(discord.studio, robot);
  discord.react(message, '✅', discord.ana);
  discord.react(message, '✅', discord.ana, { burst: true });
  discord.react(message, '❌', discord.ana);
  discord.react(message, '❌', ben, { burst: true });
  discord.react(message, '✅', robot);
  discord.react(message, '👍', ben);
  const [ana, other] = [discord.ana, ben].map(({ id }) => `discord:${id}`);
  expect(await bot.fetchReactions?.(message)).toEqual([
    { person: { id: ana, name: 'Ana' }, mark: 'approve' },
    { person: { id: ana, name: 'Ana' }, mark: 'reject' },
    { person: { id: other, name: 'Ben' }, mark: 'reject' },
  ]);
});

it('reads page after page', async () => {
  await using harness = await startHarness({ rateLimits: limits });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  const crowd = Array.from({ length: 250 }, (_, index) => discord.user({ name: `P${index}` }));
  for (const one of crowd) {
    discord.addMember(discord.studio, one);
    discord.react(message, '✅', one);
  }
  const marks = await bot.fetchReactions?.(message);
  expect(marks?.map(({ person }) => person.id)).toEqual(crowd.map(({ id }) => `discord:${id}`));
});

it('tells a message that is gone, a closed chat and an outage from no marks', async () => {
  await using harness = await startHarness({ rateLimits: limits });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const message = await bot.send(chat, card('In review'));
  expect(await bot.fetchReactions?.(message)).toEqual([]);
  const read = () => harness.errorOf(bot.fetchReactions?.(message) ?? Promise.resolve());
  discord.fault('5xx', { route: 'getReactions', times: 4 });
  expect(await read()).toBeInstanceOf(ChatUnreachableError);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  expect(await read()).toBeInstanceOf(ChatClosedError);
  discord.setOverwrite(discord.posts, 'bot', {});
  await bot.remove(message);
  expect(await read()).toBeInstanceOf(MessageGoneError);
  expect(await harness.errorOf(bot.addReactions(message, both))).toBeInstanceOf(MessageGoneError);
});

it('hears marks where it sees a channel and its past', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot } = await harness.startBot();
  const hears = async (isHeard: boolean) => {
    // What Discord tells of rights arrives in its own time; a command after it has arrived once it is handled.
    await discord.runCommand({
      user: discord.ana,
      channel: discord.dm(discord.ana),
      name: 'tiktok',
      subcommand: 'help',
    });
    expect(await bot.receivesReactions(chat)).toBe(isHeard);
  };
  await hears(true);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  await hears(false);
  discord.grant(discord.studio, 'bot', ['ADMINISTRATOR']);
  await hears(true);
  expect(await bot.receivesReactions(`discord:${discord.dm(discord.ana).id}`)).toBe(true);
});
