import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall, makeForm, makePicture } from './wire.ts';

const keyboard = (...texts: string[]) => ({
  inline_keyboard: [texts.map((text) => ({ text, callback_data: text.toLowerCase() }))],
});
const NOT_MODIFIED =
  'Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message';

/** An emulator with a text message and a photo message of the bot. */
async function start() {
  const telegram = await startTelegramEmulator();
  const call = createCall(telegram);
  const chat_id = telegram.anaChat.id;
  const text = await call('sendMessage', { chat_id, text: 'card', reply_markup: keyboard('A', 'B') });
  const photo = await call(
    'sendPhoto',
    makeForm({ chat_id, caption: 'cap' }, { photo: await makePicture(50, 40) }),
  );
  return {
    telegram,
    call,
    chat_id,
    text: { chat_id, message_id: text.result.message_id },
    photo: { chat_id, message_id: photo.result.message_id },
    fileId: photo.result.photo[0]?.file_id ?? '',
  };
}

it('edits text, and drops the keyboard when it is left out', async () => {
  const { telegram, call, text } = await start();
  await using _ = telegram;
  const edited = await call('editMessageText', { ...text, text: '<i>new</i>', parse_mode: 'HTML' });
  expect(edited.result).toMatchObject({
    text: 'new',
    entities: [{ type: 'italic' }],
    edit_date: expect.any(Number),
  });
  expect(edited.result).not.toHaveProperty('reply_markup');
  const versions = telegram.state.messages[0]?.versions.map(({ message }) => message.text);
  expect(versions).toEqual(['card', 'new']);
});

it('refuses an edit that changes nothing', async () => {
  const { telegram, call, text, photo, fileId } = await start();
  await using _ = telegram;
  const same = keyboard('A', 'B');
  const describe = async (method: string, parameters: Record<string, unknown>) =>
    (await call(method, parameters)).description;
  expect(await describe('editMessageText', { ...text, text: 'card', reply_markup: same })).toBe(NOT_MODIFIED);
  expect(await describe('editMessageReplyMarkup', { ...text, reply_markup: same })).toBe(NOT_MODIFIED);
  expect(await describe('editMessageCaption', { ...photo, caption: 'cap' })).toBe(NOT_MODIFIED);
  const media = { type: 'photo', media: fileId, caption: 'cap' };
  expect(await describe('editMessageMedia', { ...photo, media })).toBe(NOT_MODIFIED);
  expect(
    await describe('editMessageText', { ...text, text: '<b>card</b>', parse_mode: 'HTML' }),
  ).toBeUndefined();
  expect(await describe('editMessageReplyMarkup', { ...text, reply_markup: keyboard('C') })).toBeUndefined();
});

it('tells text from caption, and one message from another', async () => {
  const { telegram, call, text, photo, chat_id } = await start();
  await using _ = telegram;
  const describe = async (method: string, parameters: Record<string, unknown>) =>
    (await call(method, parameters)).description;
  expect(await describe('editMessageText', { ...photo, text: 'x' })).toBe(
    'Bad Request: there is no text in the message to edit',
  );
  expect(await describe('editMessageCaption', { ...text, caption: 'x' })).toBe(
    'Bad Request: there is no caption in the message to edit',
  );
  expect(await describe('editMessageText', { chat_id, message_id: 99, text: 'x' })).toBe(
    'Bad Request: message to edit not found',
  );
  const theirs = await telegram.sendText(chat_id, telegram.ana, 'mine');
  const asked = await call('sendMessage', { chat_id, text: 'Caption?', reply_markup: { force_reply: true } });
  for (const { message_id } of [theirs, asked.result])
    expect(await describe('editMessageText', { chat_id, message_id, text: 'x' })).toBe(
      "Bad Request: message can't be edited",
    );
  await call('deleteMessage', text);
  expect(await describe('editMessageText', { ...text, text: 'x' })).toBe(
    'Bad Request: message to edit not found',
  );
});

it('turns a text into a photo, and a photo into a video', async () => {
  const { telegram, call, text, photo, chat_id } = await start();
  await using _ = telegram;
  const picture = await makePicture(60, 60);
  const media = { type: 'photo', media: 'attach://p', caption: 'now a photo' };
  const first = await call(
    'editMessageMedia',
    makeForm({ ...text, media, reply_markup: keyboard('C') }, { p: picture }),
  );
  expect(first.result).toMatchObject({
    caption: 'now a photo',
    photo: [{ width: 60 }],
    reply_markup: keyboard('C'),
  });
  expect(first.result).not.toHaveProperty('text');
  const clip = { type: 'video', media: 'attach://v' };
  const second = await call(
    'editMessageMedia',
    makeForm({ ...photo, media: clip }, { v: new Uint8Array(9) }),
  );
  expect(second.result).toMatchObject({ video: { file_size: 9 } });
  expect(second.result).not.toHaveProperty('caption');
  expect(telegram.render(chat_id)).toContain('[ C ]');
});

it('keeps albums to their kind and without buttons', async () => {
  const { telegram, call, chat_id, fileId } = await start();
  await using _ = telegram;
  const photo = { type: 'photo', media: fileId };
  const { result } = await call('sendMediaGroup', { chat_id, media: [photo, photo] });
  const item = { chat_id, message_id: result[0]?.message_id };
  const document = { type: 'document', media: 'attach://d' };
  const files = { d: new Uint8Array(4) };
  expect((await call('editMessageMedia', makeForm({ ...item, media: document }, files))).status).toBe(400);
  expect((await call('editMessageReplyMarkup', { ...item, reply_markup: keyboard('A') })).status).toBe(400);
  expect((await call('editMessageCaption', { ...item, caption: 'fine' })).status).toBe(200);
});

it('takes a press to the bot and its answer back, once and in time', async () => {
  const { telegram, call, text } = await start();
  await using _ = telegram;
  const card = telegram.botMessages(text.chat_id)[0];
  if (!card) throw new Error('no card');
  const pressed = telegram.press(card, (data) => data === 'b', telegram.ana);
  const [update] = (await call('getUpdates')).result;
  expect(update?.callback_query).toMatchObject({
    data: 'b',
    from: { id: telegram.ana.id },
    message: { text: 'card' },
  });
  const callback_query_id = update?.callback_query?.id;
  await call('answerCallbackQuery', {
    callback_query_id,
    text: 'Only Editors can approve here.',
    show_alert: true,
  });
  expect(await pressed).toEqual({ text: 'Only Editors can approve here.', show_alert: true });
  const tooOld = 'Bad Request: query is too old and response timeout expired or query ID is invalid';
  expect((await call('answerCallbackQuery', { callback_query_id })).description).toBe(tooOld);
  telegram.press(card, 'A', telegram.ana).catch(() => {});
  const late = [...telegram.state.callbackQueries.keys()].at(-1);
  telegram.advance(150_000);
  expect((await call('answerCallbackQuery', { callback_query_id: late })).description).toBe(tooOld);
});

it('shows the chat when a press or a wait times out', async () => {
  const { telegram, text } = await start();
  await using _ = telegram;
  const [card] = telegram.botMessages(text.chat_id);
  if (!card) throw new Error('no card');
  await expect(telegram.press(card, 'A', telegram.ana, { timeoutMs: 5 })).rejects.toThrow(
    'did not answer the press of "A"',
  );
  await expect(telegram.waitForMessage(text.chat_id, 'Live', { timeoutMs: 5 })).rejects.toThrow(
    '[ A ] [ B ]',
  );
});

it('sets only reactions from the list, one at a time', async () => {
  const { telegram, call, text } = await start();
  await using _ = telegram;
  const react = async (...emoji: string[]) =>
    (await call('setMessageReaction', { ...text, reaction: emoji.map((e) => ({ type: 'emoji', emoji: e })) }))
      .description;
  expect(await react('✅')).toBe('Bad Request: REACTION_INVALID');
  expect(await react('❤️')).toBe('Bad Request: REACTION_INVALID');
  expect(await react('👍', '🔥')).toBe('Bad Request: REACTIONS_TOO_MANY');
  expect(await react('❤')).toBeUndefined();
  expect(telegram.render(text.chat_id)).toContain('❤');
  expect(await react()).toBeUndefined();
});

it('deletes own messages younger than 48 h', async () => {
  const { telegram, call, text, photo } = await start();
  await using _ = telegram;
  expect(await call('deleteMessage', text)).toMatchObject({ ok: true, result: true });
  expect((await call('deleteMessage', text)).description).toBe('Bad Request: message to delete not found');
  telegram.advance(48 * 3600_000);
  expect((await call('deleteMessage', photo)).description).toBe(
    "Bad Request: message can't be deleted for everyone",
  );
});

it('keeps commands per scope and language', async () => {
  const { telegram, call } = await start();
  await using _ = telegram;
  const commands = [{ command: 'post', description: 'Post' }];
  await call('setMyCommands', { commands, scope: { type: 'all_private_chats' }, language_code: 'de' });
  const ask = async (parameters: Record<string, unknown>) => (await call('getMyCommands', parameters)).result;
  expect(await ask({ scope: { type: 'all_private_chats' }, language_code: 'de' })).toEqual(commands);
  expect(await ask({})).toEqual([]);
  const upper = [{ command: 'Post', description: 'x' }];
  expect((await call('setMyCommands', { commands: upper })).description).toBe(
    'Bad Request: BOT_COMMAND_INVALID',
  );
});

it('tells who is who in a group', async () => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  const ben = telegram.user({ firstName: 'Ben' });
  const stranger = telegram.user({ firstName: 'Cleo' });
  const group = telegram.group({ title: 'Team', members: [telegram.ana], admins: [ben], botIsAdmin: true });
  const status = async (user_id: number) =>
    (await call('getChatMember', { chat_id: group.id, user_id })).result.status;
  expect(await status(ben.id)).toBe('creator');
  expect(await status(telegram.ana.id)).toBe('member');
  expect(await status(stranger.id)).toBe('left');
  const { result: admins } = await call('getChatAdministrators', { chat_id: group.id });
  expect(admins.map(({ user }) => user.first_name)).toEqual(['Ben', 'Nod']);
  expect((await call('getChatAdministrators', { chat_id })).status).toBe(400);
  expect((await call('getChat', { chat_id: group.id })).result).toMatchObject({
    type: 'group',
    title: 'Team',
  });
});
