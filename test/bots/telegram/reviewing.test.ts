import { expect, it } from 'vitest';
import {
  buttonRow,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
} from '../../../src/bots/platform.ts';
import { createReleaseGate } from '../records.ts';
import { type Harness, startHarness } from './harness.ts';

const card = { lines: [['Ready?']], rows: [] };

it('tells which marks stand when somebody changes them', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, chat, message, shown } = await startTeam(harness);
  await telegram.react(shown, telegram.ana, '👍');
  await telegram.react(shown, telegram.ana, '👎');
  await telegram.react(shown, telegram.ana, []);
  const [first, second, third] = await events.first(3);
  expect(first).toEqual({
    id: expect.stringMatching(/^\d+$/),
    type: 'reaction',
    chat,
    workspace: chat,
    chatTitle: 'Team',
    isPrivate: false,
    person: { id: `telegram:${telegram.ana.id}`, name: 'Ana' },
    message,
    marks: { approve: true, reject: false },
  });
  expect(second).toMatchObject({ marks: { approve: false, reject: true } });
  expect(third).toMatchObject({ marks: { approve: false, reject: false } });
});

it('keeps nothing of reactions that say nothing', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, shown } = await startTeam(harness);
  await telegram.react(shown, telegram.ana, '🔥');
  await telegram.react(shown, telegram.ana, ['🔥', '👌', '💯']);
  await telegram.react(shown, telegram.ana, ['👍']);
  await telegram.react(shown, telegram.ana, ['👍', '👎']);
  expect(await events.first(2)).toMatchObject([
    { marks: { approve: true, reject: false } },
    { marks: { approve: true, reject: true } },
  ]);
  expect(await harness.inboxRecords()).toHaveLength(2);
});

it('tells of a mark from before it was an administrator as soon as Telegram shows it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, team, shown } = await startTeam(harness, { botIsAdmin: false });
  await telegram.react(shown, telegram.ana, '👍');
  telegram.setAdmin(team, 'bot', true);
  await events.one('rights');
  await telegram.react(shown, telegram.ana, ['👍', '🔥']);
  expect(await events.one('reaction')).toMatchObject({ marks: { approve: true, reject: false } });
});

it('gives presses that came while it was away one time, because Telegram tells none', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, team, ben } = await startTeam(harness);
  const rows = [buttonRow({ label: 'Approve', press: 'approve' })];
  await bot.send(`telegram:${team.id}`, { lines: [['Vote']], rows });
  const card = await telegram.waitForMessage(team, 'Vote');
  await bot.stop();
  const taps = [telegram.press(card, 'Approve', ben), telegram.press(card, 'Approve', ben)];
  const { events } = await harness.startBot(undefined, { now: () => 7_000 });
  await Promise.all(taps);
  expect(events.all).toMatchObject([
    { type: 'press', at: 7_000 },
    { type: 'press', at: 7_000 },
  ]);
});

it('names the group for whoever reacts anonymously', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events, chat, ben, shown } = await startTeam(harness);
  await telegram.react(shown, ben, '👍', { isAnonymous: true });
  expect(await events.one('reaction')).toMatchObject({
    person: { id: chat, name: 'Team' },
    isAnonymous: true,
    marks: { approve: true },
  });
});

it('hears of a reaction in a topic without the topic', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana], forum: true, botIsAdmin: true });
  const topic = telegram.topic(team, 'TikTok');
  const { bot, events } = await harness.startBot();
  const { id } = await bot.send(`telegram:${team.id}:${topic}`, card);
  await telegram.react(await telegram.waitForMessage(team, 'Ready?'), telegram.ana, '👍');
  const chat = `telegram:${team.id}`;
  expect(await events.one('reaction')).toMatchObject({ chat, message: { chat, id } });
});

it('keeps reactions in order with everything else of their chat', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  const { events, shown, team } = await startTeam(harness, { receive: () => gate.opened });
  await telegram.sendText(team, telegram.ana, '/accounts');
  await telegram.react(shown, telegram.ana, '👍');
  await telegram.sendText(team, telegram.ana, '/accounts');
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  expect(events.all).toHaveLength(1);
  gate.open();
  expect((await events.first(3)).map(({ type }) => type)).toEqual(['command', 'reaction', 'command']);
});

it('puts the first mark under a message, also twice', async () => {
  await using harness = await startHarness();
  const { bot, message, shown } = await startTeam(harness);
  await bot.addReactions(message, ['approve', 'reject']);
  await bot.addReactions(message, ['approve', 'reject']);
  await bot.addReactions(message, []);
  expect(reactionsOf(harness, shown.message_id)).toEqual(['👍']);
  await bot.addReactions(message, ['reject']);
  expect(reactionsOf(harness, shown.message_id)).toEqual(['👎']);
});

it('gets over a mark that is not wanted, and tells when nobody has heard of it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, message, team } = await startTeam(harness);
  telegram.restrictReactions(team, [{ type: 'emoji', emoji: '🔥' }]);
  await bot.addReactions(message, ['approve']);
  await bot.addReactions({ chat, id: '4711' }, ['approve']);
  await bot.addReactions({ chat: 'telegram:-4711', id: '1' }, ['approve']);
  const refusals = harness.logLines.all.filter((line) => line.includes('Our reaction was not wanted'));
  expect(refusals.map((line) => JSON.parse(line).level)).toEqual([20, 20, 20]);
  telegram.fault('429', { retryAfterSeconds: 7 });
  expect(await harness.errorOf(bot.addReactions(message, ['approve']))).toBeInstanceOf(ChatBusyError);
  telegram.fault('drop-reply');
  expect(await harness.errorOf(bot.addReactions(message, ['approve']))).toBeInstanceOf(ChatUnreachableError);
});

it('hears marks where it is an administrator, and knows at once when that changes', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events } = await harness.startBot();
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', admins: [ben], members: [telegram.ana] });
  const chat = `telegram:${team.id}`;
  expect(await bot.receivesReactions(chat)).toBe(false);
  telegram.setAdmin(team, 'bot', true);
  expect(await events.one('rights')).toMatchObject({
    chat,
    workspace: chat,
    chatTitle: 'Team',
    person: { id: `telegram:${ben.id}`, name: 'Ben' },
  });
  expect(await bot.receivesReactions(chat)).toBe(true);
  telegram.removeBot(team);
  await events.first(2);
  expect(await bot.receivesReactions(chat)).toBe(false);
  const asked = telegram.state.requests.filter(({ method }) => method === 'getChatMember');
  expect(asked).toHaveLength(1);
});

it('tells all administrators of a group but the bots', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, chat, ben } = await startTeam(harness);
  expect(await bot.fetchManagers(chat)).toEqual({ people: [personOf(ben)], isComplete: true });
  expect(await bot.fetchManagers(harness.chat)).toMatchObject({ people: [{ id: harness.chat }] });
  expect(await harness.errorOf(bot.fetchManagers('telegram:-4711'))).toBeInstanceOf(ChatClosedError);
  expect(telegram.state.lint).toEqual([]);
});

it('hears no marks in private chats and where it is not', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events } = await harness.startBot();
  expect(await bot.receivesReactions(harness.chat)).toBe(false);
  expect(await bot.receivesReactions('telegram:-4711')).toBe(false);
  telegram.block(telegram.ana);
  telegram.unblock(telegram.ana);
  await telegram.sendText(telegram.anaChat, telegram.ana, 'hello');
  await events.one('text');
  expect(events.all.map(({ type }) => type)).toEqual(['rights', 'rights', 'text']);
});

it('whispers in the group, next to the message', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, message, shown, team, ben } = await startTeam(harness);
  const rows = [buttonRow({ label: 'Say why', press: 'why' })];
  expect(await bot.tellPrivately(message, personOf(ben), { lines: [['Use the button']], rows })).toBe(true);
  expect(telegram.shownTo(team, ben)).toMatchObject([
    {
      text: 'Use the button',
      reply_to_message: { message_id: shown.message_id },
      reply_markup: { inline_keyboard: [[{ text: 'Say why' }]] },
    },
  ]);
  expect(telegram.botMessages(team)).toHaveLength(1);
});

it('hears a button of a whisper, which it can no longer reach', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events, chat, message, team, ben } = await startTeam(harness);
  const rows = [buttonRow({ label: 'Say why', press: 'why' })];
  await bot.tellPrivately(message, personOf(ben), { lines: [['Use the button']], rows });
  const [whispered] = telegram.shownTo(team, ben);
  if (whispered === undefined) throw new Error('Nothing was whispered.');
  await expect(telegram.press(whispered, 'Say why', telegram.ana)).rejects.toThrow('no message');
  await telegram.press(whispered, 'Say why', ben);
  const pressed = await events.one('press');
  expect(pressed).toMatchObject({ chat, press: 'why', person: personOf(ben) });
  expect(await harness.errorOf(bot.edit(pressed.message, card))).toBeInstanceOf(MessageGoneError);
  await bot.remove(pressed.message);
  await bot.send(chat, card, { replyTo: pressed.message });
  expect(telegram.botMessages(team).at(-1)).not.toHaveProperty('reply_to_message');
});

it('whispers in the private chat where it does not administer the group', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, message, team, ben } = await startTeam(harness, { botIsAdmin: false });
  expect(await bot.tellPrivately(message, personOf(telegram.ana), card)).toBe(true);
  expect(telegram.botMessages(telegram.anaChat)).toMatchObject([{ text: 'Ready?' }]);
  expect(await bot.tellPrivately(message, personOf(ben), card)).toBe(false);
  telegram.block(telegram.ana);
  expect(await bot.tellPrivately(message, personOf(telegram.ana), card)).toBe(false);
  await harness.settled();
  expect(telegram.shownTo(team, ben)).toEqual([]);
  expect(telegram.state.requests.filter(({ status }) => status === 400)).toEqual([]);
  expect(telegram.botMessages(team)).toHaveLength(1);
});

it('whispers in the private chat to somebody who has left the group', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, message } = await startTeam(harness);
  const cleo = telegram.user({ firstName: 'Cleo' });
  const cleosChat = telegram.privateChat(cleo);
  expect(await bot.tellPrivately(message, personOf(cleo), card)).toBe(true);
  expect(telegram.botMessages(cleosChat)).toMatchObject([{ text: 'Ready?' }]);
});

it('whispers to nobody who has no name, and never twice when it is not sure', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, message, chat, team } = await startTeam(harness);
  expect(await bot.tellPrivately(message, { id: chat, name: 'Team' }, card)).toBe(false);
  expect(await bot.tellPrivately(message, { id: 'discord:1', name: 'x' }, card)).toBe(false);
  telegram.fault('drop-reply', { method: 'sendMessage' });
  expect(await bot.tellPrivately(message, personOf(telegram.ana), card)).toBe(false);
  telegram.fault('429', { method: 'sendMessage' });
  expect(await bot.tellPrivately(message, personOf(telegram.ana), card)).toBe(false);
  await harness.settled();
  expect(telegram.shownTo(team, telegram.ana)).toHaveLength(1);
  expect(telegram.botMessages(telegram.anaChat)).toEqual([]);
});

async function startTeam(harness: Harness, { botIsAdmin = true, receive = async () => {} } = {}) {
  const { telegram } = harness;
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', admins: [ben], members: [telegram.ana], botIsAdmin });
  const chat = `telegram:${team.id}`;
  const { bot, events } = await harness.startBot(receive);
  const message = await bot.send(chat, card);
  const shown = await telegram.waitForMessage(team, 'Ready?');
  await telegram.waitForPoll();
  return { bot, events, team, ben, chat, message, shown };
}

const personOf = ({ id, first_name: name }: { id: number; first_name: string }) => ({
  id: `telegram:${id}`,
  name,
});

function reactionsOf({ telegram: { state } }: Harness, messageId: number): string[] {
  const found = state.messages.find((message) => message.messageId === messageId);
  const reactions = found?.reactions.get(state.bot.id) ?? [];
  return reactions.map((reaction) => (reaction.type === 'emoji' ? reaction.emoji : reaction.type));
}
