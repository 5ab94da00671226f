import { expect, it } from 'vitest';
import { ChatClosedError } from '../../../src/bots/platform.ts';
import { type Harness, startHarness } from './harness.ts';

const person = ({ id }: { id: string }) => ({ id: `discord:${id}`, name: 'Somebody' });
const NOTHING = { isMember: false, isManager: false, roles: [] };
const MEMBER = { isMember: true, isManager: false, roles: [] };
const MANAGER = { isMember: true, isManager: true, roles: [] };

const help = ({ discord }: Harness) =>
  discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'help',
  });

it('knows as managers whoever has Manage Server, is an administrator or the owner', async () => {
  await using harness = await startHarness({ anaPermissions: ['MANAGE_GUILD'] });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const [ben, cleo, dora] = ['Ben', 'Cleo', 'Dora'].map((name) => discord.user({ name }));
  if (ben === undefined || cleo === undefined || dora === undefined) throw new Error('Nobody is there.');
  discord.addMember(discord.studio, ben);
  discord.addMember(discord.studio, cleo, { permissions: ['ADMINISTRATOR'] });
  expect(await bot.fetchMember(chat, person(discord.ana))).toMatchObject({ isManager: true });
  expect(await bot.fetchMember(chat, person(cleo))).toMatchObject({ isManager: true });
  expect(await bot.fetchMember(chat, person(ben))).toEqual(MEMBER);
  expect(await bot.fetchMember(chat, person(dora))).toEqual(NOTHING);
  expect(await bot.fetchMember(chat, person({ id: '123456789012345678' }))).toEqual(NOTHING);
  const owner = discord.state.guilds.get(discord.studio.id)?.ownerId ?? '';
  expect(await bot.fetchMember(chat, person({ id: owner }))).toEqual(MANAGER);
  expect(await bot.fetchMember(chat, { id: 'telegram:1', name: 'Ana' })).toEqual(NOTHING);
});

it('tells the roles that somebody holds, without everybody’s', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const editors = discord.role(discord.studio, { name: 'Editors' });
  discord.role(discord.studio, { name: 'Others' });
  discord.setRoles(discord.studio, discord.ana, [editors]);
  const roles = [{ id: `discord:${editors.id}`, name: 'Editors' }];
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual({ ...MEMBER, roles });
});

it('knows everybody as managers where the role of everybody lets them manage', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const everyone = discord.state.guilds.get(discord.studio.id)?.roles.get(discord.studio.id);
  if (everyone !== undefined) everyone.permissions = String(1n << 5n);
  const member = MANAGER;
  expect(await harness.createBot().fetchMember(chat, person(discord.ana))).toEqual(member);
});

it('knows a role that is newer than what it has read of the server', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual(MEMBER);
  const editors = discord.role(discord.studio, { name: 'Editors', permissions: ['MANAGE_GUILD'] });
  discord.setRoles(discord.studio, discord.ana, [editors]);
  expect(await bot.fetchMember(chat, person(discord.ana))).toMatchObject({
    isManager: true,
    roles: [{ name: 'Editors' }],
  });
});

it('lets everybody manage their direct messages', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const chat = `discord:${discord.dm(discord.ana).id}`;
  const member = MANAGER;
  expect(await harness.createBot().fetchMember(chat, person(discord.ana))).toEqual(member);
});

it('knows from what somebody does what they are, for five seconds', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const { bot, events } = await harness.startBot();
  await help(harness);
  await events.first(1);
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual(MEMBER);
  expect(harness.callsOf('getGuildMember')).toEqual([]);
  discord.grant(discord.studio, discord.ana, ['MANAGE_GUILD']);
  await help(harness);
  await events.first(2);
  expect(await bot.fetchMember(chat, person(discord.ana))).toMatchObject({ isManager: true });
  discord.setRoles(discord.studio, discord.ana, []);
  discord.advance(5_001);
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual(MEMBER);
  expect(harness.callsOf('getGuildMember')).toHaveLength(1);
});

it('takes the say from who has lost a role or left, at the next reading', async () => {
  await using harness = await startHarness({ anaPermissions: ['MANAGE_GUILD'] });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  expect(await bot.fetchMember(chat, person(discord.ana))).toMatchObject({ isManager: true });
  discord.setRoles(discord.studio, discord.ana, []);
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual(MEMBER);
  discord.removeMember(discord.studio, discord.ana);
  expect(await bot.fetchMember(chat, person(discord.ana))).toEqual(NOTHING);
});

it('says that a chat is closed where it may not look', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  discord.removeBot(discord.studio);
  const error = await harness.errorOf(harness.createBot().fetchMember(chat, person(discord.ana)));
  expect(error).toBeInstanceOf(ChatClosedError);
});

it('tells the owner as manager, and that there may be others where a role lets people manage', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const guild = discord.state.guilds.get(discord.studio.id);
  if (guild === undefined) throw new Error('There is a server.');
  guild.ownerId = discord.ana.id;
  const owner = { id: `discord:${discord.ana.id}`, name: 'Ana' };
  expect(await bot.fetchManagers(chat)).toEqual({ people: [owner], isComplete: true });
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben, { permissions: ['MANAGE_GUILD'] });
  expect(await harness.createBot().fetchManagers(chat)).toEqual({ people: [owner], isComplete: false });
});
