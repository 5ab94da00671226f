import { expect, it } from 'vitest';
import { createReleaseGate } from '../records.ts';
import { card, type Harness, startHarness } from './harness.ts';

/** A bot with a message in #posts. */
async function startReview(harness: Harness) {
  const started = await harness.startBot();
  const message = await started.bot.send(harness.chat, card('In review'));
  return { ...started, message };
}

/** Something that comes after all that was done so far. */
async function passBy({ discord }: Harness, channel = discord.posts) {
  await discord.runCommand({ user: discord.ana, channel, name: 'tiktok', subcommand: 'help' });
}

function addBen({ discord }: Harness) {
  const ben = discord.user({ name: 'ben', globalName: 'Ben' });
  discord.addMember(discord.studio, ben);
  return ben;
}

it('brings a reaction and its end, with whose it is', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { events, message } = await startReview(harness);
  discord.react(message, '✅', discord.ana);
  discord.react(message, '❌', discord.ana);
  discord.unreact(message, '✅', discord.ana);
  const seen = (await events.first(3)).filter((event) => event.type === 'reaction');
  expect(seen.map(({ marks }) => marks)).toEqual([{ approve: true }, { reject: true }, { approve: false }]);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
  for (const event of seen)
    expect(event).toMatchObject({
      chat,
      message: { chat, id: message.id },
      workspace: `discord:${discord.studio.id}`,
      chatTitle: 'Studio #posts',
      workspaceTitle: 'Studio',
      isPrivate: false,
      person: { id: `discord:${discord.ana.id}`, name: 'Ana' },
    });
});

it('brings reactions in a direct message, and finds out the name', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  const chat = `discord:${discord.dm(discord.ana).id}`;
  const message = await bot.send(chat, card('In review'));
  discord.react(message, '✅', discord.ana);
  discord.unreact(message, '✅', discord.ana);
  const [added, removed] = await events.first(2);
  expect(added).toMatchObject({
    type: 'reaction',
    chat,
    message,
    marks: { approve: true },
    isPrivate: true,
    chatTitle: 'Ana',
    workspace: `discord:user:${discord.ana.id}`,
    person: { name: 'Ana' },
  });
  expect(removed).toMatchObject({ marks: { approve: false }, person: { name: 'Ana' } });
  expect(harness.callsOf('getUser')).toHaveLength(1);
});

it('hears of nothing but ✅ and ❌ of people under its own messages', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events, message } = await startReview(harness);
  const robot = discord.user({ name: 'Robot', isBot: true });
  discord.addMember(discord.studio, robot);
  const foreign = await discord.sendMessage(discord.posts, discord.ana, 'Lunch?');
  await bot.addReactions(message, ['approve', 'reject']);
  discord.react(message, '✅', robot);
  discord.unreact(message, '✅', robot);
  discord.react(message, '👍', discord.ana);
  discord.react(message, 'yes:123456789012345678', discord.ana);
  discord.react(foreign, '✅', discord.ana);
  discord.unreact(foreign, '✅', discord.ana);
  await passBy(harness);
  await events.one('command');
  expect(events.all.map(({ type }) => type)).toEqual(['command']);
  // Only the robot's, of which Discord does not tell that it is one.
  expect(harness.callsOf('getReactions')).toHaveLength(2);
});

it('takes a super reaction for a mark, which stands as long as one of the two does', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startReview(harness);
  const marks = () => events.all.map((event) => (event.type === 'reaction' ? event.marks : event.type));
  discord.react(message, '✅', discord.ana, { burst: true });
  discord.react(message, '✅', discord.ana);
  discord.unreact(message, '✅', discord.ana, { burst: true });
  await passBy(harness);
  await events.one('command');
  expect(marks()).toEqual([{ approve: true }, { approve: true }, 'command']);
  discord.unreact(message, '✅', discord.ana);
  await events.first(4);
  expect(marks().at(-1)).toEqual({ approve: false });
});

it('does not take the reaction of somebody else for one that is left', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startReview(harness);
  const [ben, cleo] = [addBen(harness), discord.user({ name: 'Cleo' })];
  discord.addMember(discord.studio, cleo);
  for (const person of [discord.ana, ben, cleo]) discord.react(message, '✅', person);
  discord.unreact(message, '✅', ben);
  const last = (await events.first(4))[3];
  expect(last).toMatchObject({ marks: { approve: false }, person: { id: `discord:${ben.id}` } });
});

it('believes the end of a reaction when Discord does not say what is left', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startReview(harness);
  discord.react(message, '✅', discord.ana, { burst: true });
  discord.react(message, '✅', discord.ana);
  await events.first(2);
  discord.fault('5xx', { route: 'getReactions', times: 2 });
  discord.unreact(message, '✅', discord.ana, { burst: true });
  expect((await events.first(3))[2]).toMatchObject({ marks: { approve: false } });
});

it('finds out who it was whose reaction ended, and does without a name if it must', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const ben = addBen(harness);
  const sent = await harness.createBot().send(chat, card('In review'));
  discord.react(sent, '✅', ben);
  discord.react(sent, '✅', discord.ana);
  const { events } = await harness.startBot();
  discord.unreact(sent, '✅', ben);
  expect(await events.one('reaction')).toMatchObject({ person: { id: `discord:${ben.id}`, name: 'Ben' } });
  discord.fault('5xx', { route: 'getGuildMember' });
  discord.unreact(sent, '✅', discord.ana);
  const last = (await events.first(2))[1];
  expect(last).toMatchObject({ person: { id: `discord:${discord.ana.id}`, name: 'somebody' } });
});

it('keeps reactions in one order with what else happens in the channel', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const gate = createReleaseGate();
  const { bot, events } = await harness.startBot(async ({ type, chat: where }) => {
    if (type === 'command' && where === chat) await gate.opened;
  });
  const other = discord.channel(discord.studio, { name: 'other' });
  const [here, there] = [
    await bot.send(chat, card('Here')),
    await bot.send(`discord:${other.id}`, card('There')),
  ];
  await passBy(harness);
  discord.react(here, '✅', discord.ana);
  discord.react(there, '✅', discord.ana);
  const seen = await events.first(2);
  expect(seen.map(({ type, chat: where }) => [type, where])).toEqual([
    ['command', chat],
    ['reaction', `discord:${other.id}`],
  ]);
  gate.open();
  expect((await events.first(3))[2]).toMatchObject({ type: 'reaction', chat });
});

it('knows from a reaction what somebody is', async () => {
  await using harness = await startHarness({ anaPermissions: ['MANAGE_GUILD'] });
  const { discord, chat } = harness;
  const { bot, events, message } = await startReview(harness);
  discord.react(message, '✅', discord.ana);
  const { person } = await events.one('reaction');
  expect(await bot.fetchMember(chat, person)).toMatchObject({ isManager: true });
  expect(harness.callsOf('getGuildMember')).toEqual([]);
  discord.setRoles(discord.studio, discord.ana, []);
  discord.advance(5_001);
  expect(await bot.fetchMember(chat, person)).toMatchObject({ isManager: false });
});

it('tells that something may be missed when reactions are cleared', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, gaps, message } = await startReview(harness);
  discord.grant(discord.studio, discord.ana, ['MANAGE_MESSAGES']);
  const foreign = await discord.sendMessage(discord.posts, discord.ana, 'Lunch?');
  for (const one of [message, foreign])
    for (const emoji of ['✅', '👍']) discord.react(one, emoji, discord.ana);
  discord.clearReactions(foreign, discord.ana);
  discord.clearReactions(message, discord.ana, '👍');
  await passBy(harness);
  await events.one('command');
  expect(gaps.all).toHaveLength(1);
  discord.clearReactions(message, discord.ana, '✅');
  await gaps.when(({ length }) => length === 2);
  discord.clearReactions(message, discord.ana);
  await gaps.when(({ length }) => length === 3);
});

it('goes on after a reaction that could not be handled', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, events } = await harness.startBot(async (event) => {
    if (event.type === 'reaction') throw new Error('The disk is full.');
  });
  const message = await bot.send(chat, card('In review'));
  discord.react(message, '✅', discord.ana);
  discord.react(message, '❌', discord.ana);
  await events.first(2);
  await harness.logged('The disk is full.');
});

it('loses no reaction when the gateway is cut in the middle', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, gaps, message } = await startReview(harness);
  discord.cutGateway();
  discord.react(message, '✅', discord.ana);
  expect(await events.one('reaction')).toMatchObject({ marks: { approve: true } });
  await harness.settled();
  expect(gaps.all).toHaveLength(1);
});
