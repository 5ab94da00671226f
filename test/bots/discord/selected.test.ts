import { expect, it } from 'vitest';
import { buttonRow, type Card, type Picker } from '../../../src/bots/platform.ts';
import { type Harness, startHarness } from './harness.ts';

const menus = (roles: Partial<Picker> = {}, people: Partial<Picker> = {}): Card => ({
  lines: [['Who approves?']],
  rows: [
    { type: 'picker', pick: 'roles', prompt: 'Roles', press: 's:1:roles', picked: [], max: 3, ...roles },
    { type: 'picker', pick: 'people', prompt: 'People', press: 's:1:people', picked: [], max: 2, ...people },
  ],
});

async function startSettings(harness: Harness, card: Card = menus()) {
  const started = await harness.startBot();
  const message = await started.bot.send(harness.chat, card);
  return { ...started, message };
}

function addBen({ discord }: Harness) {
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  return ben;
}

it('shows who is picked, of Discord alone and no more than fit', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const editors = discord.role(discord.studio, { name: 'Editors' });
  const ben = addBen(harness);
  const picked = [
    `telegram:1`,
    `discord:${discord.ana.id}`,
    `discord:${ben.id}`,
    'discord:123456789012345678',
  ];
  await startSettings(harness, menus({ picked: [`discord:${editors.id}`] }, { picked }));
  expect(discord.render(discord.posts)).toContain('│ [ ▾ Roles: @Editors ]\n  │ [ ▾ People: @Ana, @Ben ]');
});

it('brings back the roles that somebody picks, without everybody’s', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startSettings(harness);
  const [editors, leads] = ['Editors', 'Leads'].map((name) => discord.role(discord.studio, { name }));
  if (editors === undefined || leads === undefined) throw new Error('There are no roles.');
  const handle = await discord.select(message, 'Roles', [leads, editors, discord.studio], discord.ana);
  expect(handle.answerType).toBe(6);
  expect(await events.one('press')).toMatchObject({
    press: 's:1:roles',
    message,
    picked: [
      { id: `discord:${leads.id}`, name: 'Leads' },
      { id: `discord:${editors.id}`, name: 'Editors' },
    ],
  });
});

it('names roles, people and places without characters that nobody sees or that turn names around', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const guild = discord.state.guilds.get(discord.studio.id);
  if (guild === undefined) throw new Error('There is no server.');
  guild.name = 'Stu\u202Edio\u0000';
  const { bot, events, message } = await startSettings(harness);
  const [editors, unseen] = ['Edi\u202Etors\u200B', '\u3164'].map((name) =>
    discord.role(discord.studio, { name }),
  );
  if (editors === undefined || unseen === undefined) throw new Error('There are no roles.');
  const roles = [
    { id: `discord:${editors.id}`, name: 'Editors' },
    { id: `discord:${unseen.id}`, name: unseen.id },
  ];
  const ben = addBen(harness);
  discord.setRoles(discord.studio, ben, [editors, unseen]);
  const standing = await bot.fetchMember(chat, { id: `discord:${ben.id}`, name: 'Ben' });
  expect(standing.roles).toEqual(roles);
  const member = guild.members.get(ben.id);
  if (member !== undefined) member.nick = '\u2067neB\u2069 \n\u00AD';
  await discord.select(message, 'Roles', [editors, unseen], ben);
  expect(await events.one('press')).toMatchObject({
    picked: roles,
    person: { name: 'neB' },
    workspaceTitle: 'Studio',
    chatTitle: 'Studio #posts',
  });
});

it('brings back the people whom somebody picks, without bots', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startSettings(harness);
  const robot = discord.user({ name: 'Robot', isBot: true });
  discord.addMember(discord.studio, robot);
  const ben = addBen(harness);
  const member = discord.state.guilds.get(discord.studio.id)?.members.get(ben.id);
  if (member !== undefined) member.nick = 'Benny';
  await discord.select(message, 'People', [ben, robot], discord.ana);
  const { picked } = await events.one('press');
  expect(picked).toEqual([{ id: `discord:${ben.id}`, name: 'Benny' }]);
});

it('brings back that nothing is picked any more', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startSettings(harness);
  await discord.select(message, 'Roles', [], discord.ana);
  await discord.select(message, 'People', [], discord.ana);
  const seen = await events.first(2);
  expect(seen).toMatchObject([
    { press: 's:1:roles', picked: [] },
    { press: 's:1:people', picked: [] },
  ]);
});

it('brings nothing picked along with a button', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events, message } = await startSettings(harness, {
    lines: [['Text']],
    rows: [buttonRow({ label: 'Go', press: 'go' })],
  });
  await discord.press(message, 'Go', discord.ana);
  expect(await events.one('press')).not.toHaveProperty('picked');
});

it('offers menus in an answer that one person sees', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const editors = discord.role(discord.studio, { name: 'Editors' });
  const { bot, events } = await harness.startBot();
  const handle = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'settings',
  });
  const { reply } = await events.one('command');
  if (reply === undefined) throw new Error('There is no reply.');
  await bot.edit(reply, menus());
  await handle.waitForResponse('Who approves?');
  await expect(discord.select(handle, 'Roles', [editors], addBen(harness))).rejects.toThrow('Only Ana sees');
  await discord.select(handle, 'Roles', [editors], discord.ana);
  expect(await events.one('press')).toMatchObject({
    picked: [{ name: 'Editors' }],
    reply: { isPrivate: true },
  });
});
