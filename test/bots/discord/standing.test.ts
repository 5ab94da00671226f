import { expect, it } from 'vitest';
import { startHarness } from './harness.ts';

const person = ({ id }: { id: string }) => ({ id: `discord:${id}`, name: 'Somebody' });

it('lets manage whoever has Manage Server, is an administrator or the owner', async () => {
  await using harness = await startHarness({ anaPermissions: ['MANAGE_GUILD'] });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const [ben, cleo, dora] = ['Ben', 'Cleo', 'Dora'].map((name) => discord.user({ name }));
  if (ben === undefined || cleo === undefined || dora === undefined) throw new Error('Nobody is there.');
  discord.addMember(discord.studio, ben);
  discord.addMember(discord.studio, cleo, { permissions: ['ADMINISTRATOR'] });
  expect(await bot.mayManage(chat, person(discord.ana))).toBe(true);
  expect(await bot.mayManage(chat, person(cleo))).toBe(true);
  expect(await bot.mayManage(chat, person(ben))).toBe(false);
  expect(await bot.mayManage(chat, person(dora))).toBe(false);
  const owner = discord.state.guilds.get(discord.studio.id)?.ownerId ?? '';
  expect(await bot.mayManage(chat, person({ id: owner }))).toBe(true);
  expect(await bot.mayManage(chat, { id: 'telegram:1', name: 'Ana' })).toBe(false);
});

it('lets everybody manage their direct messages', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const bot = harness.createBot();
  expect(await bot.mayManage(`discord:${discord.dm(discord.ana).id}`, person(discord.ana))).toBe(true);
});

it('knows from what somebody does whether they may manage, for five minutes', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, events } = await harness.startBot();
  const help = () =>
    discord.runCommand({
      ...{ user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'help' },
    });
  await help();
  await events.first(1);
  expect(await bot.mayManage(chat, person(discord.ana))).toBe(false);
  expect(harness.callsOf('getGuildMember')).toEqual([]);
  discord.grant(discord.studio, discord.ana, ['MANAGE_GUILD']);
  expect(await bot.mayManage(chat, person(discord.ana))).toBe(false);
  await help();
  await events.first(2);
  expect(await bot.mayManage(chat, person(discord.ana))).toBe(true);
  discord.setRoles(discord.studio, discord.ana, []);
  discord.advance(5 * 60_000 + 1);
  expect(await bot.mayManage(chat, person(discord.ana))).toBe(false);
  expect(harness.callsOf('getGuildMember')).toHaveLength(1);
});
