import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall, makeForm, makePicture } from './wire.ts';

const start = async () => {
  const telegram = await startTelegramEmulator();
  return { telegram, call: createCall(telegram), ana: telegram.ana, chat_id: telegram.anaChat.id };
};

it('takes parameters as JSON, form, query and multipart, and method names in any case', async () => {
  const { telegram, chat_id } = await start();
  await using _ = telegram;
  const url = `${telegram.apiUrl}/bot${telegram.token}`;
  const form = new URLSearchParams({ chat_id: String(chat_id), text: 'form', disable_notification: 'true' });
  for (const response of [
    await fetch(`${url}/sendmessage?chat_id=${chat_id}&text=query`),
    await fetch(`${url}/SENDMESSAGE`, { method: 'POST', body: form }),
    await fetch(`${url}/sendMessage`, { method: 'POST', body: makeForm({ chat_id, text: 'multipart' }, {}) }),
  ])
    expect(await response.json()).toMatchObject({ ok: true, result: { chat: { type: 'private' } } });
  expect(telegram.botMessages(chat_id).map(({ text }) => text)).toEqual(['query', 'form', 'multipart']);
});

it('refuses strange tokens and methods with the envelope and matching status', async () => {
  const { telegram, call } = await start();
  await using _ = telegram;
  const wrong = createCall({ apiUrl: telegram.apiUrl, token: '123:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' });
  expect(await wrong('getMe')).toEqual({
    status: 401,
    ok: false,
    error_code: 401,
    description: 'Unauthorized',
  });
  const malformed = createCall({ apiUrl: telegram.apiUrl, token: 'nonsense' });
  expect(await malformed('getMe')).toMatchObject({ status: 404, description: 'Not Found' });
  expect(await call('makeCoffee')).toEqual({
    status: 404,
    ok: false,
    error_code: 404,
    description: 'Not Found',
  });
  expect(await call('getMe')).toMatchObject({ status: 200, ok: true, result: { username: 'nod_test_bot' } });
});

it('collects unknown parameters', async () => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  await call('sendMessage', { chat_id, text: 'x', disable_web_page_preview: true });
  expect(telegram.state.lint).toEqual(['sendMessage: unknown parameter disable_web_page_preview']);
});

it.each([
  [{ text: '' }, 'message text is empty'],
  [{ text: '   ' }, 'message text is empty'],
  [{ text: 'x'.repeat(4097) }, 'message is too long'],
  [
    { text: '<i>x', parse_mode: 'HTML' },
    `can't parse entities: Can't find end tag corresponding to start tag "i"`,
  ],
  [{ text: 'x', chat_id: 999 }, 'chat not found'],
  [{ text: 'x', reply_parameters: { message_id: 99 } }, 'message to be replied not found'],
  [{ text: 'x', message_thread_id: 7 }, 'message thread not found'],
])('refuses a message with %o', async (parameters, reason) => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  expect(await call('sendMessage', { chat_id, ...parameters })).toEqual({
    status: 400,
    ok: false,
    error_code: 400,
    description: `Bad Request: ${reason}`,
  });
});

it.each([
  [{ text: 'A', callback_data: 'é'.repeat(33) }, 'BUTTON_DATA_INVALID'],
  [{ text: 'A', callback_data: '' }, 'BUTTON_DATA_INVALID'],
  [{ text: '', callback_data: 'a' }, 'text must be non-empty'],
  [{ text: 'A' }, 'Text buttons are unallowed in the inline keyboard'],
  [{ text: 'A', url: 'http://localhost:3000/x' }, 'BUTTON_URL_INVALID'],
  [{ text: 'A', url: 'https://nas/x' }, 'BUTTON_URL_INVALID'],
  [{ text: 'A', url: 'ftp://example.org' }, 'BUTTON_URL_INVALID'],
  [{ text: 'A', callback_data: 'a', style: 'pink' }, "can't parse inline keyboard button"],
])('refuses the button %o', async (button, reason) => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  const reply = await call('sendMessage', {
    chat_id,
    text: 'x',
    reply_markup: { inline_keyboard: [[button]] },
  });
  expect(reply.status).toBe(400);
  expect(reply.description).toContain(reason);
});

it('keeps replies and topics', async () => {
  const { telegram, call, ana } = await start();
  await using _ = telegram;
  const forum = telegram.group({ title: 'Forum', members: [ana], forum: true });
  const threadId = telegram.topic(forum, 'Posts');
  const asked = await telegram.sendText(forum, ana, '/post', { threadId });
  const reply = { reply_parameters: { message_id: asked.message_id }, message_thread_id: threadId };
  const { result } = await call('sendMessage', { chat_id: forum.id, text: 'here', ...reply });
  expect(result).toMatchObject({
    message_thread_id: threadId,
    is_topic_message: true,
    reply_to_message: { message_id: asked.message_id, text: '/post' },
  });
  const loose = { message_id: 999, allow_sending_without_reply: true };
  const free = await call('sendMessage', { chat_id: forum.id, text: 'x', reply_parameters: loose });
  expect(free.result.reply_to_message).toBeUndefined();
});

it('refuses to write to people who never started or blocked the bot, and to groups without the bot', async () => {
  const { telegram, call, ana, chat_id } = await start();
  await using _ = telegram;
  const ben = telegram.user({ firstName: 'Ben' });
  const send = async (chat: number) => (await call('sendMessage', { chat_id: chat, text: 'x' })).description;
  expect(await send(ben.id)).toBe("Forbidden: bot can't initiate conversation with a user");
  const benChat = telegram.privateChat(ben, { started: false });
  expect(await send(ben.id)).toBe("Forbidden: bot can't initiate conversation with a user");
  await telegram.sendText(benChat, ben, '/start');
  expect(await send(ben.id)).toBeUndefined();
  telegram.block(ana);
  expect(await send(chat_id)).toBe('Forbidden: bot was blocked by the user');
  const group = telegram.group({ title: 'Team', admins: [ana] });
  telegram.removeBot(group);
  expect(await send(group.id)).toBe('Forbidden: bot was kicked from the group chat');
  expect(await call('getChatMember', { chat_id: group.id, user_id: ana.id })).toMatchObject({
    description: 'Forbidden: bot was kicked from the group chat',
  });
});

it('tells the new id of a group that became a supergroup', async () => {
  const { telegram, call, ana } = await start();
  await using _ = telegram;
  const group = telegram.group({ title: 'Team', admins: [ana] });
  const supergroup = telegram.migrateToSupergroup(group);
  expect(await call('sendMessage', { chat_id: group.id, text: 'x' })).toMatchObject({
    status: 400,
    description: 'Bad Request: group chat was upgraded to a supergroup chat',
    parameters: { migrate_to_chat_id: supergroup.id },
  });
  expect(await call('sendMessage', { chat_id: supergroup.id, text: 'x' })).toMatchObject({ ok: true });
  expect(telegram.pendingUpdates().flatMap(({ message }) => message ?? [])).toMatchObject([
    { chat: { id: group.id }, migrate_to_chat_id: supergroup.id },
    { chat: { id: supergroup.id }, migrate_from_chat_id: group.id },
  ]);
});

it('sends an album from parts and file_ids, and refuses wrong ones', async () => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  const picture = await makePicture(300, 200);
  const { result: single } = await call(
    'sendPhoto',
    makeForm({ chat_id, caption: '<b>one</b>', parse_mode: 'HTML' }, { photo: picture }),
  );
  expect(single).toMatchObject({ caption: 'one', caption_entities: [{ type: 'bold' }] });
  const old = single.photo[0]?.file_id ?? '';
  const media = [
    { type: 'photo', media: 'attach://first', caption: 'album' },
    { type: 'photo', media: old },
    { type: 'video', media: 'attach://clip', width: 10, height: 20, duration: 3 },
  ];
  const files = { first: picture, clip: new Uint8Array([1, 2, 3]) };
  const { result: album } = await call('sendMediaGroup', makeForm({ chat_id, media }, files));
  expect(album).toMatchObject([
    { caption: 'album', photo: [{ width: 300, height: 200 }] },
    { photo: [{ file_id: old }] },
    { video: { width: 10, height: 20, duration: 3, file_size: 3 } },
  ]);
  const groups = telegram.botMessages(chat_id).map((message) => message.media_group_id);
  expect(new Set(groups.slice(1)).size).toBe(1);
  const send = async (list: unknown[], parts = {}) =>
    (await call('sendMediaGroup', makeForm({ chat_id, media: list }, parts))).description;
  const document = { type: 'document', media: 'attach://clip' };
  expect(await send([media[0], document], files)).toMatch(
    "can't use the media of the specified type in the album",
  );
  expect(await send([media[1]])).toMatch('2-10');
  expect(await send(Array(11).fill(media[1]))).toMatch('too many');
  expect(await send([media[1], { type: 'video', media: old }])).toMatch(
    "can't use file of type Photo as Video",
  );
  expect(await send([media[1], { type: 'photo', media: 'attach://nothing' }])).toMatch(
    'wrong file identifier',
  );
  expect(await send([media[1], { type: 'photo', media: 'https://example.org/a.jpg' }])).toMatch(
    'failed to get HTTP',
  );
  expect(telegram.state.lint).toEqual(['sending media by HTTP URL is documented but not emulated']);
});

it('limits 30 messages a second to a chat, and 20 a minute to a group when asked to', async () => {
  const { telegram, call, ana, chat_id } = await start();
  await using _ = telegram;
  telegram.setFlood({ groupPerMinute: 20 });
  const group = telegram.group({ title: 'Team', members: [ana] });
  const send = async (chat: number, count: number) => {
    const replies = [];
    for (let i = 0; i < count; i++) replies.push(await call('sendMessage', { chat_id: chat, text: `${i}` }));
    return replies.map(({ status }) => status);
  };
  telegram.setFlood({ chatPerSecond: 3 });
  expect(await send(chat_id, 4)).toEqual([200, 200, 200, 429]);
  telegram.advance(1000);
  expect(await send(chat_id, 1)).toEqual([200]);
  telegram.setFlood({ chatPerSecond: false });
  expect((await send(group.id, 21)).at(-1)).toBe(429);
  const refused = await call('sendMessage', { chat_id: group.id, text: 'x' });
  expect(refused).toMatchObject({
    description: 'Too Many Requests: retry after 60',
    parameters: { retry_after: 60 },
  });
  telegram.advance(60_000);
  expect(await send(group.id, 1)).toEqual([200]);
});
