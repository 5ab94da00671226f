import { expect, it } from 'vitest';
import { connectAccount, createWorld, discordOf, postPublicly, textOf as textOnTelegram } from '../world.ts';
import { startDiscordStage } from './discord-stage.ts';
import { bytesOf, fixture, LINK } from './stage.ts';

it('publishes from both platforms side by side, each where it was asked', async () => {
  await using stage = await startDiscordStage();
  const { telegram, tiktok, world } = stage;
  await connectAccount(world);
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'From Discord' } });
  await telegram.sendDocument(telegram.anaChat, telegram.ana, {
    path: fixture('photo.webp'),
    caption: 'From Telegram',
  });
  await stage.composer(handle);
  await Promise.all([
    stage.post(handle),
    postPublicly(telegram, (message) => textOnTelegram(message).includes('From Telegram')),
  ]);
  await stage.card(LINK);
  await telegram.waitForMessage(telegram.anaChat, LINK);
  expect(tiktok.state.publishes.map(({ postInfo }) => postInfo.description).sort()).toEqual([
    'From Discord',
    'From Telegram',
  ]);
  expect(telegram.render(telegram.anaChat)).not.toContain('/tiktok');
});

it('works in Telegram while Discord cannot be reached, and in Discord once it can', async () => {
  await using world = await createWorld({ withDiscord: true });
  const { telegram } = world;
  const discord = discordOf(world);
  const outage = discord.fault('unreachable');
  await using _app = await world.start();
  const { anaChat, ana } = telegram;
  telegram.setFlood({ chatPerSecond: false });
  await connectAccount(world);
  await telegram.sendDocument(anaChat, ana, { bytes: await bytesOf('phone.jpg'), fileName: 'phone.jpg' });
  await postPublicly(telegram, (message) => textOnTelegram(message).includes('1 photo for TikTok'));
  await telegram.waitForMessage(anaChat, LINK);
  outage.lift();
  await discord.until(() => discord.state.commands[0]);
  await discord.waitForGateway();
  const asked = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'accounts',
  });
  await asked.waitForResponse('No TikTok account is connected here.');
});
