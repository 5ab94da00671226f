import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LastSessions } from '../../../src/bots/discord/index.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../../core/media/files.ts';
import { startHarness } from './harness.ts';

async function startWithSessions(options: Parameters<typeof startHarness>[0] = {}) {
  const harness = await startHarness(options);
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(async () => {
    await harness[Symbol.asyncDispose]();
    await stores.close();
  });
  return { ...harness, sessions: stores.store<LastSessions>('discord-session', { isExpendable: true }) };
}

test('what comes while one Nod is stopped and the next one is started is handled by that one, once', async () => {
  const { discord, startBot, sessions } = await startWithSessions();
  const { ana, posts } = discord;
  const run = (subcommand: string) =>
    discord.runCommand({ user: ana, channel: posts, name: 'tiktok', subcommand });
  const first = await startBot(undefined, { sessions });
  await first.bot.stop();
  const asked = run('queue');
  const second = await startBot(undefined, { sessions });
  await asked;
  await run('accounts');
  await second.events.first(2);
  await discord.waitUntilHeard();
  expect(second.events.all).toMatchObject([
    { type: 'command', name: 'queue' },
    { type: 'command', name: 'accounts' },
  ]);
  expect(first.events.all).toEqual([]);
  expect(discord.state.resumes).toBe(1);
  expect(await sessions.get('last')).toBeUndefined();
});

test('what comes meanwhile is handled of all servers, where these have shards', async () => {
  const { discord, startBot, sessions } = await startWithSessions({ serversPerShard: 1, maxConcurrency: 16 });
  discord.advance(1);
  const second = discord.guild({ name: 'Second' });
  discord.addMember(second, discord.ana, { permissions: ['MANAGE_GUILD'] });
  const channels = [discord.posts, discord.channel(second, { name: 'general' })];
  const first = await startBot(undefined, { sessions });
  await first.bot.stop();
  const asked = channels.map((channel) =>
    discord.runCommand({ user: discord.ana, channel, name: 'tiktok', subcommand: 'queue' }),
  );
  const { events } = await startBot(undefined, { sessions });
  await Promise.all(asked);
  await events.first(2);
  await discord.waitUntilHeard();
  expect(new Set(events.all.map(({ chat }) => chat)).size).toBe(2);
  expect(events.all).toHaveLength(2);
});

test('the session of a Nod that was stopped long ago is left alone', async () => {
  const { discord, startBot, sessions } = await startWithSessions();
  const first = await startBot(undefined, { sessions });
  await first.bot.stop();
  discord.advance(60_000);
  const second = await startBot(undefined, { sessions });
  await discord.waitUntilHeard();
  expect(second.events.all).toEqual([]);
  expect(discord.state.resumes).toBe(0);
});

test('a session that Discord knows no more keeps nothing from starting', async () => {
  const { discord, startBot, sessions } = await startWithSessions();
  const first = await startBot(undefined, { sessions });
  await first.bot.stop();
  await sessions.update('last', (last) => ({
    ...last,
    sessions: last.sessions.map((session) => ({ ...session, sessionId: 'unknown' })),
  }));
  const { bot, events } = await startBot(undefined, { sessions });
  const { ana, posts } = discord;
  await discord.runCommand({ user: ana, channel: posts, name: 'tiktok', subcommand: 'queue' });
  await events.first(1);
  await bot.stop();
});

test('whoever stops a bot that is stopping already waits until its session is kept', async () => {
  const { startBot, sessions } = await startWithSessions();
  const { bot } = await startBot(undefined, { sessions });
  const stopping = bot.stop();
  await bot.stop();
  expect(await sessions.get('last')).toBeDefined();
  await stopping;
});
