import { expect, it } from 'vitest';
import { type Bot, buttonRow, ChatClosedError, MessageGoneError } from '../../../src/bots/platform.ts';
import { createReleaseGate } from '../records.ts';
import { type Harness, jpeg, startHarness } from './harness.ts';

const card = (text: string) => ({ lines: [[text]], rows: [buttonRow({ label: 'Go', press: 'go' })] });

it('hears of a supergroup under the name of the group that it was', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events, chat, ben, supergroup } = await startMoved(harness);
  const bytes = await jpeg();
  const photo = await telegram.sendPhoto(supergroup, telegram.ana, { bytes, caption: '/post' });
  const names = { chat, workspace: chat, chatTitle: 'Team', isPrivate: false };
  expect(await events.one('media')).toMatchObject({
    ...names,
    messageId: `${supergroup.id}/${photo.message_id}`,
    order: photo.message_id,
  });
  const sent = await bot.send(chat, card('Ready?'));
  expect(sent).toEqual({ chat, id: expect.stringMatching(`^${supergroup.id}/\\d+$`) });
  const shown = await telegram.waitForMessage(supergroup, 'Ready?');
  await telegram.press(shown, 'Go', telegram.ana);
  expect(await events.one('press')).toMatchObject({ ...names, message: sent });
  await telegram.react(shown, telegram.ana, '👍');
  expect(await events.one('reaction')).toMatchObject({ ...names, message: sent });
  await telegram.sendText(supergroup, telegram.ana, 'sure', { replyTo: shown });
  expect(await events.one('text')).toMatchObject({ ...names, replyTo: sent });
  const anonymous = await telegram.sendText(supergroup, ben, 'hello', { isAnonymous: true });
  await telegram.sendText(supergroup, ben, '/accounts', { isAnonymous: true, replyTo: anonymous });
  const group = { id: chat, name: 'Team' };
  expect(await events.one('command')).toMatchObject({ ...names, person: group, target: group });
  const heard = events.all.length;
  telegram.setAdmin(supergroup, 'bot', false);
  expect((await events.first(heard + 1)).at(-1)).toMatchObject({ ...names, type: 'rights' });
});

it('tells that what it has sent can no longer be reached', async () => {
  await using harness = await startHarness();
  const { events, chat } = await startMoved(harness);
  await events.when((all) => all.some((event) => event.type === 'rights' && event.chat === chat));
});

it('edits and removes what it sent into the supergroup', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, supergroup } = await startMoved(harness);
  const first = await bot.send(chat, card('One'));
  expect(await bot.edit(first, card('Two'))).toEqual(first);
  const answer = await bot.send(chat, card('Three'), { replyTo: first });
  expect(telegram.botMessages(supergroup)).toMatchObject([
    { text: 'Two' },
    { text: 'Three', reply_to_message: { text: 'Two' } },
  ]);
  await bot.addReactions(answer, ['approve']);
  expect(telegram.render(supergroup)).toContain('👍');
  await bot.remove(first);
  expect(telegram.botMessages(supergroup)).toHaveLength(1);
});

it('takes messages from before the move for gone', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, old, supergroup } = await startMoved(harness);
  // The numbers begin anew, so that an old one may be another message's.
  while (telegram.botMessages(supergroup).every(({ message_id: id }) => id < Number(old.id)))
    await bot.send(chat, card('Another'));
  const touching = () =>
    telegram.state.requests.filter(({ method }) => /^(edit|deleteMessage|setMessage)/.test(method));
  expect(await harness.errorOf(bot.edit(old, card('New')))).toBeInstanceOf(MessageGoneError);
  await bot.remove(old);
  await bot.addReactions(old, ['approve']);
  expect(touching()).toEqual([]);
  await bot.send(chat, card('Answer'), { replyTo: old });
  expect(await telegram.waitForMessage(supergroup, 'Answer')).not.toHaveProperty('reply_to_message');
});

it.each([
  'send',
  'edit',
  'remove',
  'addReactions',
  'receivesReactions',
  'fetchMember',
  'tellPrivately',
] as const)('learns of a move that it missed from a refusal: %s', async (method) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const bot = harness.createBot();
  const { chat, team, ben, old } = await makeTeam(harness, bot);
  const supergroup = telegram.migrateToSupergroup(team);
  const person = { id: `telegram:${ben.id}`, name: 'Ben' };
  const calls = {
    send: async () => (await bot.send(chat, card('New'))).id.split('/')[0],
    edit: () => harness.errorOf(bot.edit(old, card('New'))),
    remove: () => bot.remove(old),
    addReactions: () => bot.addReactions(old, ['approve']),
    receivesReactions: () => bot.receivesReactions(chat),
    fetchMember: () => bot.fetchMember(chat, person),
    tellPrivately: () => bot.tellPrivately(old, person, card('New')),
  };
  const results = {
    send: String(supergroup.id),
    edit: expect.any(MessageGoneError),
    remove: undefined,
    addReactions: undefined,
    receivesReactions: true,
    fetchMember: { isMember: true, isManager: true, roles: [] },
    tellPrivately: true,
  };
  expect(await calls[method]()).toEqual(results[method]);
  expect(await harness.supergroups.get(String(team.id))).toMatchObject({ to: supergroup.id });
  expect(await bot.send(chat, card('And on'))).toHaveProperty('id', expect.stringContaining('/'));
  const sent = telegram.botMessages(supergroup).map(({ text }) => text);
  expect(sent).toEqual(method === 'send' ? ['New', 'And on'] : ['And on']);
  expect(telegram.shownTo(supergroup, ben)).toHaveLength(method === 'tellPrivately' ? 1 : 0);
});

it('remembers a move over a restart', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, old, supergroup } = await startMoved(harness);
  const sent = await bot.send(chat, card('One'));
  await bot.stop();
  // Not started yet: what is shown again at a start must not wait for Telegram.
  const silent = harness.createBot();
  expect(await silent.edit(sent, card('Two'))).toEqual(sent);
  expect(await harness.errorOf(silent.edit(old, card('Two')))).toBeInstanceOf(MessageGoneError);
  const { events } = await harness.startBot();
  const own = await telegram.sendText(supergroup, telegram.ana, '/accounts');
  const command = await events.one('command');
  const message = { chat, id: `${supergroup.id}/${own.message_id}` };
  expect(command).toMatchObject({ chat, workspace: chat, message });
});

it('follows a chain of moves to its end and back to its beginning', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana], supergroup: true, botIsAdmin: true });
  await harness.supergroups.create('-1', { to: -2 });
  await harness.supergroups.create('-2', { to: team.id });
  const { bot, events } = await harness.startBot();
  expect(await bot.send('telegram:-1', card('Hello'))).toMatchObject({ chat: 'telegram:-1' });
  expect(telegram.botMessages(team)).toMatchObject([{ text: 'Hello' }]);
  await telegram.sendText(team, telegram.ana, '/accounts');
  expect(await events.one('command')).toMatchObject({ chat: 'telegram:-1' });
  const asGroup = { id: `telegram:${team.id}`, name: 'Team' };
  expect(await bot.fetchMember('telegram:-1', asGroup)).toMatchObject({ isManager: true });
  expect(await bot.fetchMember('telegram:-1', { id: 'telegram:-3', name: 'x' })).toMatchObject({
    isManager: false,
  });
});

it('keeps what is said before and after a move in order', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  const { events, team } = await startTeam(harness, () => gate.opened);
  await telegram.sendText(team, telegram.ana, '/accounts before');
  const supergroup = telegram.migrateToSupergroup(team);
  await telegram.sendText(supergroup, telegram.ana, '/accounts after');
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  const said = () => events.all.filter(({ type }) => type === 'command');
  expect(said()).toHaveLength(1);
  gate.open();
  await events.when(() => said().length === 2);
  expect(said()).toMatchObject([{ argument: 'before' }, { argument: 'after' }]);
});

it('still says that a chat is closed when the supergroup has shut it out', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, supergroup } = await startMoved(harness);
  telegram.removeBot(supergroup);
  expect(await harness.errorOf(bot.send(chat, card('Hello')))).toBeInstanceOf(ChatClosedError);
});

async function startTeam(harness: Harness, receive?: () => Promise<void>) {
  const { bot, events } = await harness.startBot(receive);
  return { ...(await makeTeam(harness, bot)), bot, events };
}

async function makeTeam({ telegram }: Harness, bot: Bot) {
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', admins: [ben], members: [telegram.ana], botIsAdmin: true });
  const chat = `telegram:${team.id}`;
  for (let count = 0; count < 3; count += 1) await bot.send(chat, card('Filler'));
  return { team, ben, chat, old: await bot.send(chat, card('Old')) };
}

async function startMoved(harness: Harness) {
  const { telegram } = harness;
  const stand = await startTeam(harness);
  await telegram.waitForPoll();
  const supergroup = telegram.migrateToSupergroup(stand.team);
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  return { ...stand, supergroup };
}
