import { expect, it } from 'vitest';
import type { ChatEvent } from '../../../src/bots/platform.ts';
import { type Harness, jpeg, startHarness } from './harness.ts';

it('lets media of a group count when it addresses the bot', async () => {
  await using harness = await startHarness();
  const { events, team, say, photo } = await startTeam(harness);
  await photo('just lunch');
  await photo('/post First light');
  await photo(`Second @${harness.telegram.state.bot.username}`);
  await photo('/post@another_bot Third');
  await say('/accounts');
  const [first, second] = await events.first(3);
  expect(first).toMatchObject({ type: 'media', caption: 'First light', chatTitle: 'Team', isPrivate: false });
  expect(first).toMatchObject({ workspace: `telegram:${team.id}`, chat: `telegram:${team.id}` });
  expect(second).toMatchObject({ type: 'media', caption: 'Second' });
});

it('takes the photo that a /post replies to, from whoever gives the command', async () => {
  await using harness = await startHarness();
  const { events, team, ben, photo } = await startTeam(harness);
  const shared = await photo('just lunch');
  await harness.telegram.sendText(team, ben, '/post Lunch at last', { replyTo: shared });
  expect(await events.one('media')).toMatchObject({
    messageId: String(shared.message_id),
    order: shared.message_id,
    caption: 'Lunch at last',
    person: { id: `telegram:${ben.id}`, name: 'Ben' },
  });
  expect(events.all).toHaveLength(1);
});

it('takes a whole album once one of its items addresses the bot', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team } = await startTeam(harness);
  const item = { type: 'photo' as const, bytes: await jpeg() };
  const quiet = await telegram.sendAlbum(team, telegram.ana, [item, item]);
  const sent = await telegram.sendAlbum(team, telegram.ana, [item, item, item], { caption: '/tiktok three' });
  const [last] = quiet.slice(-1);
  if (last === undefined) throw new Error('The album is empty.');
  await events.first(3);
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: last });
  expect(idsOf(await events.first(5))).toEqual([...sent, ...quiet].map(({ message_id }) => `${message_id}`));
  expect(events.all[0]).toMatchObject({ caption: 'three', album: sent[0]?.media_group_id });
});

it('hears of texts only what is meant for it and keeps nothing else', async () => {
  await using harness = await startHarness();
  const { bot, events, team, say } = await startTeam(harness);
  const { telegram } = harness;
  await bot.send(`telegram:${team.id}`, { lines: [['Which caption?']], rows: [] });
  const question = await telegram.waitForMessage(team, 'Which caption?');
  await say('what a day');
  await say('/roll 6');
  await say(`@${telegram.state.bot.username} are you there?`);
  await telegram.sendText(team, telegram.ana, 'First light', { replyTo: question });
  expect(await events.first(2)).toMatchObject([
    { type: 'text', text: 'are you there?' },
    { type: 'text', text: 'First light', replyTo: { id: String(question.message_id) } },
  ]);
  expect(await harness.inboxRecords()).toHaveLength(2);
});

it('tells whose message a command replies to, and nobody for a bot or the beginning of a topic', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', members: [telegram.ana, ben], forum: true, botIsAdmin: true });
  const topic = telegram.topic(team, 'TikTok');
  const { bot, events } = await harness.startBot();
  const bens = await telegram.sendText(team, ben, 'hello');
  await bot.send(`telegram:${team.id}`, { lines: [['A card']], rows: [] });
  const ours = await telegram.waitForMessage(team, 'A card');
  await telegram.sendText(team, telegram.ana, '/roll', { replyTo: bens });
  await telegram.sendText(team, telegram.ana, '/accounts add', { replyTo: bens });
  await telegram.sendText(team, telegram.ana, '/accounts', { replyTo: ours });
  await telegram.sendText(team, telegram.ana, '/accounts', { threadId: topic });
  const [add, ...others] = await events.first(3);
  expect(add).toMatchObject({
    type: 'command',
    argument: 'add',
    target: { id: `telegram:${ben.id}`, name: 'Ben' },
  });
  for (const other of others) expect(other).not.toHaveProperty('target', expect.anything());
});

it('keeps to the topic of a forum', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana], forum: true, botIsAdmin: true });
  const topic = telegram.topic(team, 'TikTok');
  const { bot, events } = await harness.startBot();
  await telegram.sendText(team, telegram.ana, '/accounts', { threadId: topic });
  const { chat, workspace } = await events.one('command');
  expect(chat).toBe(`telegram:${team.id}:${topic}`);
  expect(workspace).toBe(`telegram:${team.id}`);
  await bot.send(chat, { lines: [['Here']], rows: [] });
  expect(await telegram.waitForMessage(team, 'Here')).toMatchObject({ message_thread_id: topic });
});

it('lets the administrators of a group manage, and everybody their private chat', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events, team, ben } = await startTeam(harness);
  const chat = `telegram:${team.id}`;
  const member = (id: number, where = chat) => bot.fetchMember(where, { id: `telegram:${id}`, name: 'x' });
  expect(await member(ben.id)).toEqual({ isMember: true, isManager: true, roles: [] });
  expect(await member(telegram.ana.id)).toEqual({ isMember: true, isManager: false, roles: [] });
  expect(await member(424242)).toMatchObject({ isMember: false, isManager: false });
  expect(await bot.fetchMember(chat, { id: 'discord:1', name: 'x' })).toMatchObject({
    isMember: false,
    isManager: false,
  });
  expect(await member(telegram.ana.id, harness.chat)).toEqual({
    isMember: true,
    isManager: true,
    roles: [],
  });
  await telegram.sendText(team, ben, '/accounts', { isAnonymous: true });
  const { person } = await events.one('command');
  expect(person).toEqual({ id: chat, name: 'Team' });
  expect(await bot.fetchMember(chat, person)).toMatchObject({ isManager: true });
});

async function startTeam(harness: Harness) {
  const { telegram } = harness;
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', admins: [ben], members: [telegram.ana], botIsAdmin: true });
  const bytes = await jpeg();
  return {
    ...(await harness.startBot()),
    team,
    ben,
    say: (text: string) => telegram.sendText(team, telegram.ana, text),
    photo: (caption: string) => telegram.sendPhoto(team, telegram.ana, { bytes, caption }),
  };
}

const idsOf = (events: readonly ChatEvent[]) =>
  events.map((event) => (event.type === 'media' ? event.messageId : event.type));

it('takes what a channel posts into its discussion group only from who replies to it with /post', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Talk', admins: [telegram.ana], supergroup: true, botIsAdmin: true });
  const { events } = await harness.startBot();
  const channel = { id: -1_000_000_000_777, type: 'channel' as const, title: 'News' };
  const caption = `First light @${telegram.state.bot.username}`;
  const post = await telegram.postInChannel(team, channel, { bytes: await jpeg(), caption });
  await telegram.sendText(team, telegram.ana, '/post', { replyTo: post });
  const media = await events.one('media');
  expect(media).toMatchObject({
    chat: `telegram:${team.id}`,
    person: { id: `telegram:${telegram.ana.id}`, name: 'Ana' },
    caption: 'First light',
  });
  await harness.settled();
  expect(events.all).toHaveLength(1);
});

it('counts no channel that speaks in a group as a member of it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const passer = telegram.user({ firstName: 'Passer' });
  const team = telegram.group({ title: 'Team', admins: [telegram.ana], supergroup: true, botIsAdmin: true });
  const { bot, events } = await harness.startBot();
  const asChannel = { id: -1_000_000_000_777, type: 'channel' as const, title: 'News' };
  await telegram.sendText(team, passer, '/accounts', { asChannel });
  const { chat, person } = await events.one('command');
  expect(person).toEqual({ id: `telegram:${asChannel.id}`, name: 'News' });
  expect(await bot.fetchMember(chat, person)).toEqual({ isMember: false, isManager: false, roles: [] });
});

it.each([
  ['member list is inaccessible', { isManager: false, roles: [] }],
  ['CHAT_ADMIN_REQUIRED', { isManager: false, roles: [] }],
  ['user not found', { isMember: false, isManager: false, roles: [] }],
  ['member not found', { isMember: false, isManager: false, roles: [] }],
  ['invalid user_id specified', { isMember: false, isManager: false, roles: [] }],
  ['PARTICIPANT_ID_INVALID', { isMember: false, isManager: false, roles: [] }],
])('reads the refusal “%s” of a member as what it says', async (reason, member) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { team, bot } = await startTeam(harness);
  telegram.fault('400', { method: 'getChatMember', reason });
  const person = { id: `telegram:${telegram.ana.id}`, name: 'Ana' };
  expect(await bot.fetchMember(`telegram:${team.id}`, person)).toEqual(member);
});

it.each([
  ['a refusal that it does not know', '400', 'Telegram refused getChatMember with 400'],
  ['being shut out', '403-blocked', 'Telegram refused getChatMember with 403'],
  ['an outage', '5xx', 'Telegram refused getChatMember with 502'],
  ['silence', 'drop-request', 'Telegram did not answer getChatMember'],
] as const)('takes nobody for a member or a stranger after %s', async (_, fault, message) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { team, bot } = await startTeam(harness);
  telegram.fault(fault, { method: 'getChatMember' });
  const person = { id: `telegram:${telegram.ana.id}`, name: 'Ana' };
  await expect(bot.fetchMember(`telegram:${team.id}`, person)).rejects.toThrow(message);
});
