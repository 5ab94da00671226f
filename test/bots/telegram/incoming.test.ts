import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { buttonRow } from '../../../src/bots/platform.ts';
import { jpeg, startHarness } from './harness.ts';

it('delivers a text with who said it and where', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const sent = await telegram.sendText(telegram.anaChat, telegram.ana, 'hello 👋');
  expect(await events.one('text')).toEqual({
    id: expect.stringMatching(/^\d+$/),
    type: 'text',
    chat: harness.chat,
    workspace: harness.chat,
    chatTitle: 'Ana',
    isPrivate: true,
    person: { id: `telegram:${telegram.ana.id}`, name: 'Ana' },
    handle: '@ana_test',
    text: 'hello 👋',
    messageId: String(sent.message_id),
    order: sent.message_id,
  });
});

it('tells an answer to one of our messages from an answer to somebody else', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const { bot, events } = await harness.startBot();
  const question = await bot.send(chat, { lines: [['Which caption?']], rows: [] });
  const asked = await telegram.waitForMessage(telegram.anaChat, 'Which caption?');
  const own = await telegram.sendText(telegram.anaChat, telegram.ana, 'First light', { replyTo: asked });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'really', { replyTo: own });
  const [answer, remark] = await events.first(2);
  expect(answer).toMatchObject({ type: 'text', text: 'First light', replyTo: question });
  expect(remark).not.toHaveProperty('replyTo', expect.anything());
});

it('reads commands with their arguments and leaves those of other bots alone', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const { ana, anaChat } = telegram;
  await telegram.sendText(anaChat, ana, '/start@another_bot token');
  await telegram.sendText(anaChat, ana, `/Start@${telegram.state.bot.username}  token-1`);
  const own = await telegram.sendText(anaChat, ana, '/accounts');
  const [start, accounts] = await events.first(2);
  expect(start).toMatchObject({ type: 'command', name: 'start', argument: 'token-1' });
  expect(accounts).toMatchObject({ type: 'command', name: 'accounts', argument: '' });
  expect(accounts).toMatchObject({ message: { chat: harness.chat, id: String(own.message_id) } });
});

it('links to its private chat with a payload that /start brings back, once it knows its own name', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  expect(harness.createBot().startUrl?.('connect')).toBeUndefined();
  const { bot, events } = await harness.startBot();
  const url = new URL(bot.startUrl?.('connect') ?? '');
  expect(url.href).toBe(`https://t.me/${telegram.state.bot.username}?start=connect`);
  await telegram.sendText(telegram.anaChat, telegram.ana, `/start ${url.searchParams.get('start')}`);
  expect(await events.one('command')).toMatchObject({ name: 'start', argument: 'connect' });
});

it('brings a press back with its message and answers it once', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const { bot } = await harness.startBot(async (event) => {
    if (event.type !== 'press') return;
    await event.answer(`took ${event.press}`);
    await event.answer('too late');
    await bot.edit(event.message, { lines: [['Done']], rows: [] });
  });
  await bot.send(chat, {
    lines: [['Ready?']],
    rows: [buttonRow({ label: 'Yes', press: 'yes', tone: 'good' })],
  });
  const card = await telegram.waitForMessage(telegram.anaChat, 'Ready?');
  expect(await telegram.press(card, 'Yes', telegram.ana)).toEqual({ text: 'took yes', show_alert: false });
  const done = await telegram.waitForMessage(telegram.anaChat, 'Done');
  expect(done.message_id).toBe(card.message_id);
  expect(done.reply_markup).toBeUndefined();
});

it('ends the spinner of a press that nobody answers or that fails', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const { bot } = await harness.startBot(async (event) => {
    if (event.type === 'press' && event.press === 'fail') throw new Error('a bug');
  });
  const rows = [buttonRow({ label: 'Quiet', press: 'quiet' }, { label: 'Fail', press: 'fail' })];
  await bot.send(chat, { lines: [['Card']], rows });
  const card = await telegram.waitForMessage(telegram.anaChat, 'Card');
  expect(await telegram.press(card, 'Quiet', telegram.ana)).toEqual({ show_alert: false });
  expect((await telegram.press(card, 'Fail', telegram.ana)).text).toContain('Something went wrong.');
});

it('gets over a press that can no longer be answered', async () => {
  await using harness = await startHarness({ callbackLifetimeMs: 0 });
  const { telegram, chat } = harness;
  const { bot, events } = await harness.startBot();
  await bot.send(chat, { lines: [['Card']], rows: [buttonRow({ label: 'Late', press: 'late' })] });
  const card = await telegram.waitForMessage(telegram.anaChat, 'Card');
  const pressed = harness.errorOf(telegram.press(card, 'Late', telegram.ana));
  await telegram.waitForRequest('answerCallbackQuery', { when: ({ status }) => status === 400 });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'and on');
  expect(await events.one('text')).toMatchObject({ text: 'and on' });
  expect(events.all.filter(({ type }) => type === 'press')).toHaveLength(1);
  await telegram.close();
  await pressed;
});

it('offers a photo in its largest size and opens it', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events } = await harness.startBot();
  const bytes = await jpeg(800, 600);
  const message = await telegram.sendPhoto(telegram.anaChat, telegram.ana, { bytes, caption: 'First light' });
  const { file, ...event } = await events.one('media');
  expect(event).toMatchObject({ messageId: String(message.message_id), caption: 'First light' });
  expect(event).not.toHaveProperty('album', expect.anything());
  expect(file).toMatchObject({
    name: `photo-${message.message_id}.jpg`,
    bytes: bytes.byteLength,
    claimedKind: 'photo',
  });
  expect(await buffer(await bot.openFile(file.ref))).toEqual(bytes);
  const thumbnail = await buffer(await bot.openFile(file.thumbnailRef ?? ''));
  expect(thumbnail.byteLength).toBeLessThan(bytes.byteLength);
});

it('opens a file again after its link has expired', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events } = await harness.startBot();
  await telegram.sendPhoto(telegram.anaChat, telegram.ana, { bytes: await jpeg() });
  const { file } = await events.one('media');
  const first = await buffer(await bot.openFile(file.ref));
  telegram.advance(2 * 60 * 60 * 1000);
  expect(await buffer(await bot.openFile(file.ref))).toEqual(first);
});

it('names videos, animations and documents by what the sender says', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const { ana, anaChat } = telegram;
  const bytes = Buffer.from('not looked at here');
  await telegram.sendVideo(anaChat, ana, { bytes, thumbnail: await jpeg(100, 100) });
  await telegram.sendAnimation(anaChat, ana, { bytes, fileName: 'wave.mp4' });
  await telegram.sendDocument(anaChat, ana, { bytes, fileName: '../a\u202Egnp.jpg', mimeType: 'image/png' });
  await telegram.sendDocument(anaChat, ana, { bytes, fileName: 'notes.txt', mimeType: 'text/plain' });
  const files = (await events.first(4)).map((event) => (event.type === 'media' ? event.file : undefined));
  expect(files).toMatchObject([
    {
      name: expect.stringMatching(/^video-\d+\.mp4$/),
      claimedKind: 'video',
      thumbnailRef: expect.any(String),
    },
    { name: 'wave.mp4', claimedKind: 'video' },
    { name: 'agnp.jpg', claimedKind: 'photo' },
    { name: 'notes.txt' },
  ]);
  expect(files[3]).not.toHaveProperty('claimedKind', expect.anything());
});

it('says of a file above 20 MiB that Telegram does not give it to a bot', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const { ana, anaChat } = telegram;
  const bytes = Buffer.from('x');
  await telegram.sendVideo(anaChat, ana, { bytes, declaredBytes: 20 * 1024 * 1024 + 1 });
  await telegram.sendVideo(anaChat, ana, { bytes, declaredBytes: 20 * 1024 * 1024 });
  const files = (await events.first(2)).map((event) => (event.type === 'media' ? event.file : undefined));
  expect(files[0]).toMatchObject({ tooBig: { maxBytes: 20 * 1024 * 1024 } });
  expect(files[1]).not.toHaveProperty('tooBig', expect.anything());
});

it('marks the items of an album, a late one too', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const photo = { type: 'photo' as const, bytes: await jpeg() };
  const sent = await telegram.sendAlbum(telegram.anaChat, telegram.ana, [photo, photo, photo], {
    caption: 'three',
    gate: async (index) => {
      if (index === 2) await events.first(2);
    },
  });
  const items = await events.first(3);
  expect(items).toMatchObject([{ type: 'media', caption: 'three' }, { type: 'media' }, { type: 'media' }]);
  expect(items.map((event) => event.type === 'media' && event.messageId)).toEqual(
    sent.map(({ message_id }) => String(message_id)),
  );
  expect(new Set(items.map((event) => event.type === 'media' && event.album)).size).toBe(1);
  expect(items[0]).toHaveProperty('album', sent[0]?.media_group_id);
});

it('names people and chats without characters that nobody sees or that turn names around', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const eve = telegram.user({ firstName: '\u202EneB Ro\u200B\n\u2067we' });
  const ghost = telegram.user({ firstName: '\u3164', username: 'ghost_test' });
  const nobody = telegram.user({ firstName: '\u200B' });
  const group = telegram.group({ title: 'Ed\u202Eitors\u0000', members: [eve, ghost, nobody] });
  const untitled = telegram.group({ title: '\u2800', members: [eve] });
  for (const person of [eve, ghost, nobody]) await telegram.sendText(group, person, '/accounts');
  await events.first(3);
  await telegram.sendText(untitled, eve, '/accounts');
  const seen = await events.first(4);
  expect(seen.map(({ person, chatTitle }) => [person.name, chatTitle])).toEqual([
    ['neB Ro we', 'Editors'],
    ['ghost_test', 'Editors'],
    [String(nobody.id), 'Editors'],
    ['neB Ro we', String(untitled.id)],
  ]);
});
