import { expect, it } from 'vitest';
import { TokenRefusedError } from '../../../src/bots/discord/index.ts';
import type { ChatEvent } from '../../../src/bots/platform.ts';
import { createReleaseGate } from '../records.ts';
import { card, startHarness } from './harness.ts';

const accounts = (harness: Awaited<ReturnType<typeof startHarness>>) => {
  const { discord } = harness;
  return discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'accounts',
  });
};

it('listens with no privileged intent', async () => {
  await using harness = await startHarness();
  await harness.startBot();
  await harness.discord.waitForGateway();
  await harness.logged('Listening to Discord');
});

it('refuses to start with a token that Discord does not know', async () => {
  await using harness = await startHarness();
  const fatal: Error[] = [];
  const bot = harness.createBot({ token: 'wrong', onFatal: (error) => fatal.push(error) });
  const error = await harness.errorOf(bot.start(async () => {}));
  expect(error).toBeInstanceOf(TokenRefusedError);
  expect(String(error)).toContain('DISCORD_TOKEN');
  expect(fatal).toEqual([]);
});

it('refuses to start when the gateway refuses the token', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const hold = discord.fault('hold', { route: 'getGatewayBot' });
  const bot = harness.createBot();
  const starting = harness.errorOf(bot.start(async () => {}));
  await discord.waitForRequest('getGatewayBot');
  hold.lift();
  await discord.until(() => discord.state.requests.find(({ status }) => status === 200));
  discord.state.isTokenRevoked = true;
  expect(await starting).toBeInstanceOf(TokenRefusedError);
});

it('tells once when Discord stops taking the token', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const fatal = Promise.withResolvers<Error>();
  let times = 0;
  const { bot } = await harness.startBot(undefined, {
    onFatal(error) {
      times += 1;
      fatal.resolve(error);
    },
  });
  discord.state.isTokenRevoked = true;
  expect(await harness.errorOf(bot.send(chat, card('a')))).toBeInstanceOf(TokenRefusedError);
  expect(await harness.errorOf(bot.send(chat, card('a')))).toBeInstanceOf(TokenRefusedError);
  expect(await fatal.promise).toBeInstanceOf(TokenRefusedError);
  expect(times).toBe(1);
});

it('tells when the gateway is closed for good', async () => {
  await using harness = await startHarness();
  const fatal = Promise.withResolvers<Error>();
  await harness.startBot(undefined, { onFatal: fatal.resolve });
  harness.discord.closeGateway(4004);
  expect(await fatal.promise).toBeInstanceOf(TokenRefusedError);
});

it('waits for a Discord that does not answer, and starts when it does', async () => {
  await using harness = await startHarness();
  const outage = harness.discord.fault('unreachable');
  const bot = harness.createBot();
  const started = bot.start(async () => {});
  await harness.logged('Discord does not answer');
  outage.lift();
  await started;
  expect(harness.discord.state.commands).not.toEqual([]);
});

it('stops while it waits for a Discord that does not answer', async () => {
  await using harness = await startHarness();
  harness.discord.fault('unreachable');
  const bot = harness.createBot();
  const started = bot.start(async () => {});
  await harness.logged('Discord does not answer');
  await bot.stop();
  await started;
  expect(harness.discord.state.identifies).toEqual([]);
});

it('stops while the gateway is away', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot } = await harness.startBot();
  const cut = discord.fault('gateway-cut');
  await harness.logged('broke off');
  await bot.stop();
  cut.lift();
  await expect(discord.waitForGateway({ timeoutMs: 1_500 })).rejects.toThrow('did not connect');
});

it('loses nothing when the gateway is cut in the middle', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, gaps } = await harness.startBot();
  discord.cutGateway();
  const handle = await accounts(harness);
  expect(handle.ephemeral).toBe(true);
  expect((await events.one('command')).name).toBe('accounts');
  expect(discord.state.resumes).toBe(1);
  expect(gaps.all).toHaveLength(1);
  await harness.logged('broke off');
});

it('goes on after a session that cannot be resumed, and tells that something may be missed', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, gaps } = await harness.startBot();
  discord.invalidateSession();
  expect(gaps.all).toHaveLength(1);
  // The library lets 5 s pass between two sessions, as Discord asks.
  await discord.until(() => (discord.state.identifies.length === 2 ? true : undefined), { timeoutMs: 9_000 });
  await gaps.when(({ length }) => length === 2);
  await accounts(harness);
  expect((await events.one('command')).name).toBe('accounts');
});

it('finishes what is under way when it stops, and takes nothing new', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const gate = createReleaseGate();
  const done: ChatEvent[] = [];
  const { bot, events } = await harness.startBot(async (event) => {
    await gate.opened;
    if (event.reply !== undefined) await bot.edit(event.reply, card('Done'));
    done.push(event);
  });
  const handle = await accounts(harness);
  await events.one('command');
  const stopping = bot.stop();
  gate.open();
  await stopping;
  expect(done).toHaveLength(1);
  expect(handle.response()?.flags).toBeDefined();
  expect(discord.render(handle)).toContain('Done');
  await expect(accounts(harness)).rejects.toThrow('did not respond');
});

it('handles the events of a chat one after the other, and those of others meanwhile', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const gate = createReleaseGate();
  const { events } = await harness.startBot(async (event) => {
    if (event.chat === harness.chat) await gate.opened;
  });
  const other = discord.channel(discord.studio, { name: 'other' });
  await accounts(harness);
  await accounts(harness);
  await discord.runCommand({ user: discord.ana, channel: other, name: 'tiktok', subcommand: 'help' });
  const seen = await events.first(2);
  expect(seen.map(({ chat }) => chat)).toEqual([harness.chat, `discord:${other.id}`]);
  gate.open();
  await events.first(3);
});

it('has as many connections as Discord wants for its servers, and is connected while all of them are', async () => {
  const harness = await startHarness({ serversPerShard: 1, maxConcurrency: 16 });
  await using _ = harness;
  const { discord } = harness;
  discord.advance(1);
  const second = discord.guild({ name: 'Second' });
  const there = discord.channel(second, { name: 'general' });
  discord.addMember(second, discord.ana, { permissions: ['MANAGE_GUILD'] });
  const { bot, events } = await harness.startBot();
  expect(discord.state.identifies.length).toBeGreaterThan(1);
  const run = (channel: { id: string }, subcommand: string) =>
    discord.runCommand({ user: discord.ana, channel, name: 'tiktok', subcommand });
  await run(discord.posts, 'accounts');
  await run(there, 'queue');
  await run(discord.dm(discord.ana), 'posts');
  await events.first(3);
  expect(events.all.map((event) => 'name' in event && event.name).toSorted()).toEqual([
    'accounts',
    'posts',
    'queue',
  ]);
  expect(bot.connection()).toBe('connected');
  const outage = discord.fault('gateway-cut');
  await harness.logged('broke off');
  expect(bot.connection()).toBe('away');
  outage.lift();
  await expect.poll(() => bot.connection()).toBe('connected');
  await run(there, 'accounts');
  await events.first(4);
});

it('answers nothing while another process may hold the connection, and goes on once it is clear that none does', async () => {
  await using harness = await startHarness();
  let isActing = false;
  const held = await harness.startBot(undefined, { mayAct: () => isActing });
  const leading = await harness.startBot();
  await accounts(harness);
  await leading.events.one('command');
  await leading.bot.stop();
  await harness.logged('left to another process');
  expect(held.events.all).toEqual([]);
  const asked = accounts(harness);
  isActing = true;
  await asked;
  await held.events.first(1);
  expect(held.events.all).toHaveLength(1);
});
