import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall, makeForm } from './wire.ts';

const start = async () => {
  const telegram = await startTelegramEmulator();
  const { ana } = telegram;
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', members: [ana], admins: [ben], botIsAdmin: true });
  return { telegram, call: createCall(telegram), ana, ben, team };
};

it('shows an ephemeral message to its receiver alone', async () => {
  const { telegram, call, ana, ben, team } = await start();
  await using _ = telegram;
  const { result: card } = await call('sendMessage', { chat_id: team.id, text: 'card' });
  const { result } = await call('sendMessage', {
    chat_id: team.id,
    text: 'only you',
    ephemeral_message_parameters: { receiver_user_id: ana.id },
    reply_parameters: { message_id: card.message_id },
  });
  expect(result).toMatchObject({ message_id: 0, ephemeral_message_id: 1, receiver_user: { id: ana.id } });
  expect(telegram.shownTo(team, ana)).toMatchObject([{ text: 'only you' }]);
  expect(telegram.shownTo(team, ben)).toEqual([]);
  expect(telegram.botMessages(team)).toHaveLength(1);
  const { result: next } = await call('sendMessage', { chat_id: team.id, text: 'next' });
  expect(next.message_id).toBe(card.message_id + 1);
  expect(telegram.state.lint).toEqual([]);
});

it('takes ephemeral messages of an administrator for members of groups alone', async () => {
  const { telegram, call, ana, team } = await start();
  await using _ = telegram;
  const cleo = telegram.user({ firstName: 'Cleo' });
  const show = async (receiver: number, others: Record<string, unknown> = {}) =>
    (
      await call('sendMessage', {
        chat_id: team.id,
        text: 'only you',
        ephemeral_message_parameters: { receiver_user_id: receiver },
        ...others,
      })
    ).description;
  expect(await show(ana.id)).toBeUndefined();
  expect(await show(cleo.id)).toBe('Bad Request: USER_NOT_PARTICIPANT');
  expect(await show(telegram.state.bot.id)).toBe('Bad Request: USER_IS_BOT');
  expect(await show(ana.id, { chat_id: telegram.anaChat.id })).toBe('Bad Request: BOT_NOT_ADMIN');
  const missing = { message_id: 99, allow_sending_without_reply: true };
  expect(await show(ana.id, { reply_parameters: missing })).toBe(
    'Bad Request: message to be replied not found',
  );
  telegram.setAdmin(team, 'bot', false);
  expect(await show(ana.id)).toBe('Bad Request: BOT_NOT_ADMIN');
});

it('lets any bot answer a press with an ephemeral message for 15 s', async () => {
  const { telegram, call, ana, ben, team } = await start();
  await using _ = telegram;
  telegram.setAdmin(team, 'bot', false);
  const reply_markup = { inline_keyboard: [[{ text: 'A', callback_data: 'a' }]] };
  const { result: card } = await call('sendMessage', { chat_id: team.id, text: 'card', reply_markup });
  telegram.press(card, 'A', ana).catch(() => {});
  const [callback_query_id] = telegram.state.callbackQueries.keys();
  const show = async (receiver: number) =>
    (
      await call('sendMessage', {
        chat_id: team.id,
        text: 'only you',
        ephemeral_message_parameters: { receiver_user_id: receiver, callback_query_id },
      })
    ).status;
  expect(await show(ana.id)).toBe(200);
  expect(await show(ben.id)).toBe(400);
  telegram.advance(15_001);
  expect(await show(ana.id)).toBe(400);
});

it('takes a document with its name and bytes', async () => {
  const { telegram, call, team } = await start();
  await using _ = telegram;
  const document = new TextEncoder().encode('a,b\n');
  const { result } = await call(
    'sendDocument',
    makeForm({ chat_id: team.id, caption: 'file' }, { document }),
  );
  expect(result).toMatchObject({ caption: 'file', document: { file_name: 'document.bin', file_size: 4 } });
  expect(telegram.files.get(result.document.file_id)?.bytes).toEqual(document);
});

it('keeps to the reactions that a chat allows, for the bot and for people', async () => {
  const { telegram, call, ana, team } = await start();
  await using _ = telegram;
  const message = await telegram.sendText(team, ana, 'hello');
  telegram.restrictReactions(team, [{ type: 'emoji', emoji: '🔥' }]);
  const react = async (emoji: string) =>
    (
      await call('setMessageReaction', {
        chat_id: team.id,
        message_id: message.message_id,
        reaction: [{ type: 'emoji', emoji }],
      })
    ).description;
  expect(await react('👍')).toBe('Bad Request: REACTION_INVALID');
  expect(await react('🔥')).toBeUndefined();
  await expect(telegram.react(message, ana, '👍')).rejects.toThrow('do not allow 👍');
  await telegram.react(message, ana, '🔥');
});

it('tells who reacted, or in whose name, and says nothing of its own reactions', async () => {
  const { telegram, call, ana, ben, team } = await start();
  await using _ = telegram;
  await call('getUpdates', { allowed_updates: ['message_reaction'] });
  const message = await telegram.sendText(team, ana, 'hello');
  await telegram.react(message, ana, '👍');
  await telegram.react(message, ben, '👎', { isAnonymous: true });
  const reaction = [{ type: 'emoji', emoji: '👍' }];
  await call('setMessageReaction', { chat_id: team.id, message_id: message.message_id, reaction });
  const changes = telegram.pendingUpdates().map(({ message_reaction: change }) => change);
  expect(changes).toMatchObject([{ user: { id: ana.id } }, { actor_chat: { id: team.id, title: 'Team' } }]);
  expect(changes[1]).not.toHaveProperty('user');
  expect(changes[0]).not.toHaveProperty('message_thread_id');
});

it('refuses the old id of a group that became a supergroup, and tells the new one in both chats', async () => {
  const { telegram, call, ana, team } = await start();
  await using _ = telegram;
  await call('sendMessage', { chat_id: team.id, text: 'filler' });
  const { result: card } = await call('sendMessage', { chat_id: team.id, text: 'card' });
  const supergroup = telegram.migrateToSupergroup(team);
  const old = { chat_id: team.id, message_id: card.message_id };
  const calls: [string, Record<string, unknown>][] = [
    ['sendMessage', { chat_id: team.id, text: 'x' }],
    ['editMessageText', { ...old, text: 'x' }],
    ['deleteMessage', old],
    ['setMessageReaction', { ...old, reaction: [] }],
    ['getChatMember', { chat_id: team.id, user_id: ana.id }],
  ];
  for (const [method, parameters] of calls)
    expect(await call(method, parameters), method).toMatchObject({
      error_code: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: supergroup.id },
    });
  const inNew = { id: supergroup.id, type: 'supergroup' };
  expect(telegram.pendingUpdates()).toMatchObject([
    { my_chat_member: { chat: inNew, old_chat_member: { status: 'left' } } },
    { message: { chat: { id: team.id }, migrate_to_chat_id: supergroup.id } },
    { message: { chat: inNew, migrate_from_chat_id: team.id, message_id: 1 } },
  ]);
  const moved = { ...old, chat_id: supergroup.id, text: 'x' };
  expect((await call('editMessageText', moved)).description).toBe('Bad Request: message to edit not found');
});

it('makes a message of a topic that answers nothing a reply to the beginning of the topic', async () => {
  const { telegram, call, ana } = await start();
  await using _ = telegram;
  const forum = telegram.group({ title: 'Forum', members: [ana], forum: true, botIsAdmin: true });
  const threadId = telegram.topic(forum, 'TikTok');
  const hello = await telegram.sendText(forum, ana, 'hello', { threadId });
  await telegram.sendText(forum, ana, 'and on', { threadId, replyTo: hello });
  const updates = (await call('getUpdates')).result;
  expect(updates.map(({ message }) => message?.reply_to_message)).toMatchObject([
    { message_id: threadId, forum_topic_created: { name: 'TikTok' } },
    { text: 'hello' },
  ]);
});
