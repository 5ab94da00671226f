import { Bot, InlineKeyboard, InputFile, InputMediaBuilder } from 'grammy';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { makePicture } from './wire.ts';

it('lets a grammY bot answer a text with buttons, take a press and edit', async () => {
  await using telegram = await startTelegramEmulator();
  const { ana, anaChat } = telegram;
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.apiUrl } });
  bot.on('message:text', async (ctx) => {
    const keyboard = new InlineKeyboard().text('Yes', 'yes').text('No', 'no');
    await ctx.reply(`<b>You said</b> ${ctx.msg.text}`, { parse_mode: 'HTML', reply_markup: keyboard });
  });
  bot.on('callback_query:data', async (ctx) => {
    await ctx.answerCallbackQuery(`took ${ctx.callbackQuery.data}`);
    await ctx.editMessageText('Done');
  });
  const running = bot.start();
  await telegram.sendText(anaChat, ana, 'hello');
  const card = await telegram.waitForMessage(anaChat, 'You said hello');
  expect(card.entities).toEqual([{ type: 'bold', offset: 0, length: 8 }]);
  await expect(telegram.press(card, 'Perhaps', ana)).rejects.toThrow('[ Yes ] [ No ]');
  expect(await telegram.press(card, /^y/i, ana)).toEqual({ text: 'took yes', show_alert: false });
  const edited = await telegram.waitForMessage(anaChat, 'Done');
  expect(edited).toMatchObject({ message_id: card.message_id });
  expect(edited.reply_markup).toBeUndefined();
  expect(telegram.render(anaChat)).toContain('edited 1×');
  expect(telegram.state.lint).toEqual([]);
  await bot.stop();
  await running;
});

it('lets a grammY bot receive an album item by item and download a photo', async () => {
  await using telegram = await startTelegramEmulator();
  const { ana, anaChat } = telegram;
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.apiUrl } });
  const groups: (string | undefined)[] = [];
  bot.on('message:photo', async (ctx) => {
    groups.push(ctx.msg.media_group_id);
    const file = await ctx.getFile();
    const response = await fetch(`${telegram.apiUrl}/file/bot${telegram.token}/${file.file_path}`);
    const { width } = await sharp(await response.arrayBuffer()).metadata();
    await ctx.reply(`width ${width}`);
  });
  const running = bot.start();
  const bytes = await sharp({ create: { width: 400, height: 500, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  await telegram.sendAlbum(
    anaChat,
    ana,
    [
      { type: 'photo', bytes },
      { type: 'photo', bytes },
    ],
    { caption: 'two' },
  );
  await telegram.until(() => (telegram.botMessages(anaChat).length === 2 ? true : undefined));
  expect(telegram.botMessages(anaChat).map(({ text }) => text)).toEqual(['width 400', 'width 400']);
  expect(new Set(groups).size).toBe(1);
  await bot.stop();
  await running;
});

it('takes uploads and albums from grammY', async () => {
  await using telegram = await startTelegramEmulator();
  const { api } = new Bot(telegram.token, { client: { apiRoot: telegram.apiUrl } });
  const { id } = telegram.anaChat;
  const bytes = await makePicture(80, 60);
  const picture = () => new InputFile(bytes, 'p.jpg');
  await api.sendMediaGroup(id, [
    InputMediaBuilder.photo(picture(), { caption: 'a' }),
    InputMediaBuilder.photo(picture()),
  ]);
  const video = { width: 10, height: 20, duration: 5, thumbnail: picture() };
  await api.sendVideo(id, new InputFile(new Uint8Array(8), 'clip.mp4'), video);
  await api.sendDocument(id, new InputFile(new Uint8Array(8), 'notes.txt'));
  await api.sendAnimation(id, new InputFile(new Uint8Array(8), 'fun.mp4'));
  const card = await api.sendMessage(id, 'card');
  const keyboard = new InlineKeyboard().text('A', 'a').success().url('TikTok', 'https://www.tiktok.com/@a');
  await api.editMessageMedia(id, card.message_id, InputMediaBuilder.photo(picture(), { caption: 'now' }), {
    reply_markup: keyboard,
  });
  expect(telegram.botMessages(id)).toMatchObject([
    { caption: 'a', photo: [{ width: 80, file_size: bytes.byteLength }] },
    { photo: [{ height: 60 }] },
    { video: { duration: 5, file_name: 'clip.mp4', thumbnail: { width: 80 } } },
    { document: { file_name: 'notes.txt' } },
    { animation: { file_name: 'fun.mp4' }, document: { file_name: 'fun.mp4' } },
    {
      caption: 'now',
      photo: [{ width: 80 }],
      reply_markup: { inline_keyboard: [[{ style: 'success' }, {}]] },
    },
  ]);
  expect(await telegram.press(card, 'TikTok', telegram.ana)).toEqual({ url: 'https://www.tiktok.com/@a' });
  expect(telegram.state.lint).toEqual([]);
});

it('gives a running grammY bot the same updates again', async () => {
  await using telegram = await startTelegramEmulator();
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.apiUrl } });
  bot.on('message:text', (ctx) => ctx.reply(`update ${ctx.update.update_id}`));
  const running = bot.start();
  await telegram.sendText(telegram.anaChat, telegram.ana, 'hi');
  await telegram.waitForMessage(telegram.anaChat, 'update');
  await telegram.waitForPoll();
  telegram.redeliver();
  await telegram.until(() => (telegram.botMessages(telegram.anaChat).length === 2 ? true : undefined));
  expect(new Set(telegram.botMessages(telegram.anaChat).map(({ text }) => text)).size).toBe(1);
  await bot.stop();
  await running;
});
