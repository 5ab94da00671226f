import type { Update } from 'grammy/types';
import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall, makePicture } from './wire.ts';

const start = async () => {
  const telegram = await startTelegramEmulator();
  return { telegram, call: createCall(telegram), ana: telegram.ana, chat: telegram.anaChat };
};
const afterLast = (updates: Update[]) => (updates.at(-1)?.update_id ?? 0) + 1;

it('answers a waiting poll as soon as something is sent', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const poll = call('getUpdates', { timeout: 30 });
  await telegram.waitForPoll();
  await telegram.sendText(chat, ana, '/start now');
  const message = {
    text: '/start now',
    from: { id: ana.id, is_bot: false },
    chat: { id: ana.id, type: 'private' },
    entities: [{ type: 'bot_command', offset: 0, length: 6 }],
  };
  expect((await poll).result).toMatchObject([{ message }]);
});

it('repeats updates until a higher offset confirms them', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  for (const text of ['a', 'b', 'c']) await telegram.sendText(chat, ana, text);
  const first = (await call('getUpdates', { limit: 2 })).result;
  expect((await call('getUpdates')).result).toHaveLength(3);
  const rest = (await call('getUpdates', { offset: afterLast(first) })).result;
  expect(rest.map(({ message }) => message?.text)).toEqual(['c']);
  expect((await call('getUpdates')).result).toHaveLength(1);
});

it('forgets all but the last updates on a negative offset', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  for (const text of ['a', 'b', 'c']) await telegram.sendText(chat, ana, text);
  expect((await call('getUpdates', { offset: -1 })).result).toHaveLength(1);
  expect(telegram.pendingUpdates()).toHaveLength(1);
});

it('delivers confirmed updates once more when asked to', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  await telegram.sendText(chat, ana, 'once');
  const updates = (await call('getUpdates')).result;
  const offset = afterLast(updates);
  const poll = call('getUpdates', { offset, timeout: 30 });
  await telegram.waitForPoll();
  telegram.redeliver();
  expect((await poll).result).toEqual(updates);
  expect((await call('getUpdates', { offset })).result).toEqual([]);
});

it('ends the older of two polls with 409', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const older = call('getUpdates', { timeout: 30 });
  await telegram.waitForPoll();
  const newer = call('getUpdates', { timeout: 30 });
  expect(await older).toMatchObject({ status: 409, ok: false, error_code: 409 });
  await telegram.sendText(chat, ana, 'hi');
  expect((await newer).result).toHaveLength(1);
});

it('keeps allowed_updates until they are given again, an empty list being the default', async () => {
  const { telegram, call, ana } = await start();
  await using _ = telegram;
  const group = telegram.group({ title: 'Team', members: [ana], botIsAdmin: true });
  const message = await telegram.sendText(group, ana, 'hello');
  await call('getUpdates', { allowed_updates: ['message_reaction'] });
  await call('getUpdates', { offset: -1 });
  await telegram.sendText(group, ana, 'unheard');
  await telegram.react(message, ana, '👍');
  const reactions = (await call('getUpdates', { offset: 100_002 })).result;
  const change = {
    message_id: message.message_id,
    user: { id: ana.id },
    old_reaction: [],
    new_reaction: [{ type: 'emoji', emoji: '👍' }],
  };
  expect(reactions).toMatchObject([{ message_reaction: change }]);
  expect((await call('getWebhookInfo')).result.allowed_updates).toEqual(['message_reaction']);
  await call('getUpdates', { allowed_updates: [], offset: afterLast(reactions) });
  await telegram.react(message, ana, '👎');
  await telegram.sendText(group, ana, 'heard');
  const heard = (await call('getUpdates')).result;
  expect(heard.map(({ message: said }) => said?.text)).toEqual(['heard']);
});

it('sends reactions only to a bot that is an administrator', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  await call('getUpdates', { allowed_updates: ['message_reaction'] });
  const group = telegram.group({ title: 'Team', members: [ana] });
  await telegram.react(await telegram.sendText(group, ana, 'hello'), ana, '👍');
  await telegram.react(await telegram.sendText(chat, ana, 'hello'), ana, '👍');
  expect(telegram.pendingUpdates()).toEqual([]);
});

it('forgets updates after 24 h and presses after 150 s', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const keyboard = { inline_keyboard: [[{ text: 'A', callback_data: 'a' }]] };
  const { result: card } = await call('sendMessage', {
    chat_id: chat.id,
    text: 'card',
    reply_markup: keyboard,
  });
  telegram.press(card, 'A', ana).catch(() => {});
  await telegram.sendText(chat, ana, 'hi');
  expect(telegram.pendingUpdates()).toHaveLength(2);
  telegram.advance(151_000);
  expect(telegram.pendingUpdates().map((update) => Object.keys(update)[1])).toEqual(['message']);
  telegram.advance(24 * 3600_000);
  expect(telegram.pendingUpdates()).toEqual([]);
});

it('shows a bot in a group only what is meant for it, and everything once it is an administrator', async () => {
  const { telegram, call, ana } = await start();
  await using _ = telegram;
  const ben = telegram.user({ firstName: 'Ben' });
  const group = telegram.group({ title: 'Team', members: [ana], admins: [ben] });
  const { result: question } = await call('sendMessage', { chat_id: group.id, text: 'Well?' });
  await telegram.sendText(group, ana, 'small talk');
  await telegram.sendText(group, ana, '/help@other_bot');
  await telegram.sendText(group, ana, '/help');
  await telegram.sendText(group, ana, 'dear @nod_test_bot, help');
  await telegram.sendText(group, ana, 'an answer', { replyTo: question });
  telegram.setAdmin(group, 'bot', true);
  await telegram.sendText(group, ana, 'more small talk');
  const seen = telegram
    .pendingUpdates()
    .map(({ message, my_chat_member: change }) => message?.text ?? change?.new_chat_member.status);
  expect(seen).toEqual([
    '/help',
    'dear @nod_test_bot, help',
    'an answer',
    'administrator',
    'more small talk',
  ]);
});

it('delivers an album item by item as its gate opens', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const bytes = await makePicture(640, 480);
  const pendingAtGate: number[] = [];
  const sent = await telegram.sendAlbum(
    chat,
    ana,
    [
      { type: 'photo', bytes },
      { type: 'photo', bytes },
      { type: 'video', bytes: new Uint8Array([1]) },
    ],
    { caption: 'three', gate: async () => void pendingAtGate.push(telegram.pendingUpdates().length) },
  );
  expect(pendingAtGate).toEqual([1, 2]);
  const updates = (await call('getUpdates')).result;
  expect(updates.map(({ message }) => message)).toMatchObject([
    { media_group_id: sent[0]?.media_group_id, caption: 'three', photo: [{ width: 320 }, { width: 640 }] },
    { media_group_id: sent[0]?.media_group_id },
    { media_group_id: sent[0]?.media_group_id, video: { mime_type: 'video/mp4' } },
  ]);
  expect(updates[1]?.message?.caption).toBeUndefined();
});

it('names the channel as which somebody speaks in a supergroup, without being in it', async () => {
  await using telegram = await startTelegramEmulator();
  const call = createCall(telegram);
  const passer = telegram.user({ firstName: 'Passer' });
  const members = [telegram.ana];
  const team = telegram.group({ title: 'Team', members, supergroup: true, botIsAdmin: true });
  const asChannel = { id: -1_000_000_000_777, type: 'channel' as const, title: 'News' };
  await telegram.sendText(team, passer, 'hello', { asChannel });
  const { result } = await call('getUpdates', {});
  const from = { id: 136817688, is_bot: true, username: 'Channel_Bot' };
  expect(result).toMatchObject([{ message: { text: 'hello', sender_chat: asChannel, from } }]);
  await expect(telegram.sendText(telegram.anaChat, passer, 'hello', { asChannel })).rejects.toThrow(
    'Channels speak in supergroups alone.',
  );
});

it('forwards what a channel posts into its discussion group, as Telegram, and lets comments reply to it', async () => {
  await using telegram = await startTelegramEmulator();
  const call = createCall(telegram);
  const team = telegram.group({ title: 'Talk', members: [telegram.ana], supergroup: true, botIsAdmin: true });
  const channel = { id: -1_000_000_000_777, type: 'channel' as const, title: 'News' };
  const bytes = await makePicture(10, 10, 'jpeg');
  const post = await telegram.postInChannel(team, channel, { bytes, caption: 'New' });
  await telegram.sendText(team, telegram.ana, 'Nice', { replyTo: post });
  const { result } = await call('getUpdates', {});
  const forwarded = {
    from: { id: 777000, is_bot: false },
    sender_chat: channel,
    is_automatic_forward: true,
    forward_origin: { type: 'channel', chat: channel },
    caption: 'New',
  };
  expect(result).toMatchObject([
    { message: forwarded },
    { message: { text: 'Nice', message_thread_id: post.message_id, reply_to_message: forwarded } },
  ]);
  expect(result).not.toMatchObject([{}, { message: { is_topic_message: true } }]);
});

it('lets administrators alone be anonymous', async () => {
  await using telegram = await startTelegramEmulator();
  const team = telegram.group({ title: 'Team', members: [telegram.ana] });
  await expect(telegram.sendText(team, telegram.ana, 'hello', { isAnonymous: true })).rejects.toThrow(
    'only they are anonymous',
  );
});

it('refuses to do what an app cannot', async () => {
  const { telegram, ana, chat } = await start();
  await using _ = telegram;
  const png = await makePicture(10, 10, 'png');
  const document = { type: 'document' as const, bytes: png };
  await expect(telegram.sendPhoto(chat, ana, { bytes: png })).rejects.toThrow('use sendDocument');
  await expect(telegram.sendAlbum(chat, ana, [document, { type: 'video', bytes: png }])).rejects.toThrow(
    'mix',
  );
  await expect(telegram.sendAlbum(chat, ana, [document])).rejects.toThrow('2 to 10');
  const message = await telegram.sendText(chat, ana, 'hi');
  await expect(telegram.react(message, ana, '✅')).rejects.toThrow('not among the reactions');
});

it('refuses getUpdates while a webhook is set', async () => {
  const { telegram, call } = await start();
  await using _ = telegram;
  expect(await call('setWebhook', { url: 'http://example.org' })).toMatchObject({ status: 400 });
  await call('setWebhook', { url: 'https://example.org/hook' });
  expect(await call('getUpdates')).toMatchObject({ status: 409 });
  await call('deleteWebhook');
  expect(await call('getUpdates')).toMatchObject({ status: 200, result: [] });
});

it('tells of edits with all that the message shows, for 48 hours', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const bytes = await makePicture(60, 40);
  const item = { type: 'photo' as const, bytes };
  const [first, second] = await telegram.sendAlbum(chat, ana, [item, { ...item, caption: 'Two' }], {
    caption: 'One',
  });
  if (first === undefined || second === undefined) throw new Error('The album has two.');
  await telegram.replacePhoto(second, ana, { bytes: await makePicture(40, 40) });
  await telegram.editText(first, ana, '');
  telegram.repeatAsEdited(first);
  const updates = (await call('getUpdates')).result;
  expect(updates.map(({ message }) => message?.caption).slice(0, 2)).toEqual(['One', 'Two']);
  const edits = updates.slice(2).map(({ edited_message }) => edited_message);
  expect(edits).toMatchObject([{ caption: 'Two', photo: [{ width: 40 }] }, { photo: [{}] }, { photo: [{}] }]);
  expect(edits[1]).not.toHaveProperty('caption');
  telegram.advance(49 * 3_600_000);
  await expect(telegram.editText(first, ana, 'late')).rejects.toThrow('48 hours');
});
