import { expect, it } from 'vitest';
import {
  buttonRow,
  type Card,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
} from '../../../src/bots/platform.ts';
import { startHarness } from './harness.ts';

const card = (...lines: string[]): Card => ({ lines: lines.map((line) => [line]), rows: [] });

it('sets a card with styles, links and buttons', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  await bot.send(chat, {
    lines: [
      ['📷 ', { text: '3 photos', style: 'bold' }, ' <b>&amp;'],
      [],
      [{ text: 'rules', href: 'https://www.tiktok.com/legal' }, ' of 👩‍👩‍👧 ', { text: 'x', style: 'code' }],
    ],
    rows: [
      buttonRow(
        { label: 'Post now', press: 'post', tone: 'good' },
        { label: 'Drop', press: 'drop', tone: 'bad' },
      ),
      buttonRow({ label: 'Connect', href: 'https://nod.example.com/connect', tone: 'main' }),
    ],
  });
  const message = await telegram.waitForMessage(telegram.anaChat, '3 photos');
  expect(message.text).toBe('📷 3 photos <b>&amp;\n\nrules of 👩‍👩‍👧 x');
  const shown = message.entities?.map(({ type, offset, length }) => [
    type,
    message.text?.slice(offset, offset + length),
  ]);
  expect(shown).toEqual([
    ['bold', '3 photos'],
    ['text_link', 'rules'],
    ['code', 'x'],
  ]);
  expect(message.link_preview_options).toEqual({ is_disabled: true });
  expect(message.reply_markup?.inline_keyboard).toEqual([
    [
      { text: 'Post now', callback_data: 'post', style: 'success' },
      { text: 'Drop', callback_data: 'drop', style: 'danger' },
    ],
    [{ text: 'Connect', url: 'https://nod.example.com/connect', style: 'primary' }],
  ]);
  expect(telegram.state.lint).toEqual([]);
});

it('writes a link that Telegram takes for no button into the text', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  await harness.createBot().send(chat, {
    lines: [['Connect an account'], [{ text: 'here', href: 'http://127.0.0.1:8080/a' }]],
    rows: [buttonRow({ label: 'Connect', href: 'http://localhost:8080/connect?state=1' })],
  });
  const message = await telegram.waitForMessage(telegram.anaChat, 'Connect an account');
  expect(message.text).toBe(
    'Connect an account\nhere http://127.0.0.1:8080/a\nConnect: http://localhost:8080/connect?state=1',
  );
  expect(message.reply_markup).toBeUndefined();
});

it('turns a text into a picture, keeps the picture, and puts another one', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const [one, two] = [await harness.picture('one'), await harness.picture('two', 'blue')];
  const shown = () => telegram.botMessages(telegram.anaChat);

  const text = await bot.send(chat, card('Looking at it'));
  const first = await bot.edit(text, { ...card('3 photos'), attachment: one });
  expect(first).toEqual({ chat, id: text.id, picture: 'one' });
  expect(shown()).toMatchObject([{ message_id: Number(text.id), caption: '3 photos', photo: [{}] }]);

  expect(await bot.edit(first, { ...card('Posting'), attachment: one })).toEqual(first);
  expect(await bot.edit(first, card('Live'))).toEqual(first);
  expect(shown()).toMatchObject([{ caption: 'Live', photo: [{ width: 40 }] }]);
  const before = shown()[0]?.photo?.[0]?.file_unique_id;

  expect(await bot.edit(first, { ...card('Live'), attachment: two })).toMatchObject({ picture: 'two' });
  expect(shown()[0]?.photo?.[0]?.file_unique_id).not.toBe(before);
  const methods = telegram.state.requests.map(({ method }) => method).filter((name) => /edit/.test(name));
  expect(methods).toEqual([
    'editMessageMedia',
    'editMessageCaption',
    'editMessageCaption',
    'editMessageMedia',
  ]);
});

it('edits the caption of a message that it takes for a text', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, { ...card('3 photos'), attachment: await harness.picture('one') });
  await bot.edit({ chat, id: sent.id }, card('Live'));
  expect(telegram.botMessages(telegram.anaChat)).toMatchObject([{ caption: 'Live', photo: [{}] }]);
});

it('shortens a caption to what Telegram takes and keeps its last lines', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const long = '👩‍👩‍👧 surf '.repeat(200);
  await harness.createBot().send(chat, {
    ...card('3 photos', long, 'Post now: choose who can see it'),
    attachment: await harness.picture('one'),
  });
  const { caption = '' } = await telegram.waitForMessage(telegram.anaChat, '3 photos');
  expect(caption.length).toBeLessThanOrEqual(1024);
  expect(caption.length).toBeGreaterThan(1000);
  expect(caption).toMatch(/^3 photos\n.*surf.*…\nPost now: choose who can see it$/su);
});

it('takes an unchanged card for a success', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, card('Posting'));
  expect(await bot.edit(sent, card('Posting'))).toEqual(sent);
  expect(telegram.state.requests.at(-1)?.description).toContain('message is not modified');
});

it('asks a person for a reply, with a way out where Telegram allows it', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const ana = { id: `telegram:${telegram.ana.id}`, name: 'Ana' };
  const rows = [buttonRow({ label: 'Cancel', press: 'cancel' })];
  const first = await bot.send(chat, { lines: [['Which caption?']], rows }, { asksFor: ana });
  await bot.send(chat, card('Anything else?'), { asksFor: ana, replyTo: first, silent: true });
  const parameters = telegram.state.requests.map((request) => request.parameters);
  expect(parameters).toMatchObject([
    {
      reply_markup: {
        inline_keyboard: [[{ text: 'Cancel', callback_data: 'cancel' }]],
        force_reply: true,
      },
    },
    {
      reply_markup: { force_reply: true, selective: true },
      reply_parameters: { message_id: Number(first.id), allow_sending_without_reply: true },
      disable_notification: true,
    },
  ]);
  await bot.edit(first, card('Thanks'));
  expect(telegram.botMessages(telegram.anaChat)[0]?.text).toBe('Thanks');
});

it('sends a file with its caption, and edits the caption only', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const file = { type: 'file' as const, name: 'reviews.csv', text: 'when,who\n1,Añá 👩‍👩‍👧\n' };
  const rows = [buttonRow({ label: 'Done', press: 'done' })];
  const sent = await bot.send(chat, { ...card('All reviews'), rows, attachment: file }, { silent: true });
  expect(sent).toEqual({ chat, id: expect.stringMatching(/^\d+$/) });
  const { document, caption, reply_markup } = await telegram.waitForMessage(telegram.anaChat, 'All reviews');
  expect({ caption, reply_markup }).toMatchObject({
    caption: 'All reviews',
    reply_markup: { inline_keyboard: [[{ text: 'Done' }]] },
  });
  const stored = telegram.files.get(document?.file_id ?? '');
  expect(stored?.fileName).toBe('reviews.csv');
  expect(Buffer.from(stored?.bytes ?? []).toString()).toBe(file.text);
  expect(await harness.errorOf(bot.edit(sent, { ...card('New'), attachment: file }))).toBeInstanceOf(
    MessageGoneError,
  );
  await bot.edit(sent, card('Seen'));
  expect(telegram.botMessages(telegram.anaChat)).toMatchObject([{ caption: 'Seen', document: {} }]);
});

it('says that a message is gone', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, card('Posting'));
  await telegram.deleteMessage(await telegram.waitForMessage(telegram.anaChat, 'Posting'));
  expect(await harness.errorOf(bot.edit(sent, card('Live')))).toBeInstanceOf(MessageGoneError);
  const asked = await bot.send(chat, card('Which?'), { asksFor: { id: 'telegram:1', name: 'Ana' } });
  expect(await harness.errorOf(bot.edit(asked, card('Thanks')))).toBeInstanceOf(MessageGoneError);
});

it('removes a message, also one that is gone or too old', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, card('Which caption?'));
  await bot.remove(sent);
  expect(telegram.botMessages(telegram.anaChat)).toEqual([]);
  await bot.remove(sent);
  const old = await bot.send(chat, card('Old'));
  telegram.advance(49 * 60 * 60 * 1000);
  await bot.remove(old);
  expect(telegram.botMessages(telegram.anaChat)).toHaveLength(1);
});

it('says that a chat is closed', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  const group = telegram.group({ title: 'Team', admins: [telegram.ana] });
  telegram.block(telegram.ana);
  telegram.removeBot(group);
  for (const closed of [chat, `telegram:${group.id}`, 'telegram:-4711']) {
    expect(await harness.errorOf(bot.send(closed, card('Hello')))).toBeInstanceOf(ChatClosedError);
  }
});

it('says how long Telegram asks to wait, and does not try again by itself', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  telegram.fault('429', { retryAfterSeconds: 7 });
  const error = await harness.errorOf(bot.send(chat, card('Posting')));
  expect(error).toBeInstanceOf(ChatBusyError);
  expect(error).toHaveProperty('retryAfterMs', 7000);
  expect(telegram.state.requests).toHaveLength(1);
});

it('says that Telegram was not reached, and does not send twice', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  for (const fault of ['5xx', 'drop-request', 'drop-reply'] as const) {
    telegram.fault(fault);
    expect(await harness.errorOf(bot.send(chat, card(fault)))).toBeInstanceOf(ChatUnreachableError);
  }
  expect(telegram.botMessages(telegram.anaChat).map(({ text }) => text)).toEqual(['drop-reply']);
});

it('names the method and the reason of any other refusal', async () => {
  await using harness = await startHarness();
  const bot = harness.createBot();
  const error = await harness.errorOf(bot.send(harness.chat, card('')));
  expect(error).toHaveProperty(
    'message',
    'Telegram refused sendMessage with 400: Bad Request: message text is empty.',
  );
  const wide = { lines: [['x']], rows: [buttonRow({ label: 'Wide', press: 'ü'.repeat(33) })] };
  await expect(bot.send(harness.chat, wide)).rejects.toThrow('66 bytes');
  const missing = {
    ...card('x'),
    attachment: { type: 'picture' as const, key: 'x', path: '/nowhere/x.jpg' },
  };
  await expect(bot.send(harness.chat, missing)).rejects.toThrow('ENOENT');
});
