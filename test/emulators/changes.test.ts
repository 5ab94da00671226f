import { expect, test } from 'vitest';
import { startDiscordEmulator } from './discord/index.ts';
import { startTelegramEmulator } from './telegram/index.ts';
import { startTikTokEmulator } from './tiktok/index.ts';

test('whoever listens to Telegram hears of a message until they have had enough', async () => {
  await using telegram = await startTelegramEmulator();
  const { ana, anaChat } = telegram;
  const texts: number[] = [];
  const end = telegram.onChange(() => texts.push(telegram.state.messages.length));
  await telegram.sendText(anaChat, ana, 'One');
  end();
  await telegram.sendText(anaChat, ana, 'Two');
  expect(texts.at(-1)).toBe(1);
});

test('whoever listens to Discord hears of a message and of a reaction', async () => {
  await using discord = await startDiscordEmulator();
  const { ana, posts } = discord;
  const seen: unknown[] = [];
  discord.onChange(() => seen.push(discord.messagesFor(posts, ana)[0]?.reactions?.length));
  const message = await discord.sendMessage(posts, ana, 'Sea');
  discord.react(message, '🔥', ana);
  expect(seen[0]).toBeUndefined();
  expect(seen.at(-1)).toBe(1);
});

test('whoever listens to TikTok hears of a post and of its numbers', async () => {
  await using tiktok = await startTikTokEmulator();
  const views: unknown[] = [];
  tiktok.onChange(() => views.push(tiktok.state.posts[0]?.counts.views));
  const { id } = tiktok.postInApp();
  tiktok.setCounts(id, { views: 7 });
  expect(views).toEqual([0, 7]);
});
