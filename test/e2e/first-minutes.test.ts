import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { welcomeText } from '../../src/welcome.ts';
import { createWorld, discordOf, textOf, walkThroughConsent } from '../world.ts';
import { runNod } from './process.ts';
import { fixture } from './stage.ts';

const CODE = 'K7QM-2F4D';

/**
 * The first minutes of a private Nod, word for word, from its start to the first draft in both chats. The page in `docs`
 * is what this test writes: `npx vitest run test/e2e/first-minutes.test.ts -u` after a change of words.
 */
it('leads from the start to the first draft, in the words that the docs show', async () => {
  await using world = await createWorld({
    withDiscord: true,
    environment: { ACCESS: 'invite', CLAIM_CODE: CODE },
  });
  const { telegram, tiktok, publicUrl, environment } = world;
  const { ana, anaChat } = telegram;
  const discord = discordOf(world);
  const { posts } = discord;
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  await using nod = runNod({ environment });
  await nod.logged('Privacy Policy URL');
  const terminal = /Nod is ready at.*?\/privacy/s.exec(nod.output.out)?.[0] ?? '';

  // A stranger first: Kim found the bot by its name.
  const kim = telegram.user({ firstName: 'Kim' });
  const kimChat = telegram.privateChat(kim);
  await telegram.sendText(anaChat, ana, `/start ${CODE}`);
  await telegram.waitForMessage(anaChat, 'This is your Nod now.');
  await telegram.sendText(anaChat, ana, '/connect');
  const invitation = await telegram.waitForMessage(anaChat, '/connect/');
  await walkThroughConsent(/https?:\/\/\S+\/connect\/\S+/.exec(textOf(invitation))?.[0] ?? '', tiktok);
  await telegram.waitForMessage(anaChat, 'is connected');
  await telegram.sendPhoto(anaChat, ana, { path: fixture('phone.jpg'), caption: 'First light' });
  const isDrawn = (message: Message) =>
    message.photo !== undefined && textOf(message).includes('Who can see it?');
  await telegram.waitForMessage(anaChat, isDrawn);

  await telegram.sendText(kimChat, kim, '/start');
  await telegram.waitForMessage(kimChat, 'This Nod is private.');
  const request = await telegram.waitForMessage(anaChat, 'would like to use Nod');
  await telegram.press(request, 'Allow', ana);
  await telegram.waitForMessage(kimChat, 'may be used here now');
  await telegram.waitForMessage(anaChat, 'may use this Nod');

  const command = { user: discord.ana, channel: posts, name: 'tiktok' };
  const claimed = await discord.runCommand({ ...command, subcommand: 'claim', options: { code: CODE } });
  await claimed.waitForResponse('This is your Nod now.');
  const connect = await discord.runCommand({ ...command, subcommand: 'connect' });
  await connect.waitForResponse('Connect a TikTok account');
  await walkThroughConsent(discord.linkOf(connect, 'Connect TikTok', discord.ana), tiktok);
  await discord.waitForMessage(posts, 'is connected');
  const options = { media1: { path: fixture('phone.jpg') }, caption: 'First light' };
  const draft = await discord.runCommand({ ...command, subcommand: 'post', options });
  await draft.waitForResponse('Who can see it?');
  await discord.until(() => discord.render(posts).includes('picture-') || undefined);

  expect(terminal.trim()).toBe(
    welcomeText(
      {
        claimCode: CODE,
        chats: [
          {
            platform: 'telegram',
            connection: 'connected',
            url: `https://t.me/${telegram.state.bot.username}`,
          },
          {
            platform: 'discord',
            connection: 'connected',
            url: `https://discord.com/oauth2/authorize?client_id=${discord.applicationId}&scope=bot%20applications.commands&permissions=274878024768`,
          },
        ],
      },
      { publicUrl },
    ),
  );
  const plain = (text: string) =>
    text
      .replaceAll(publicUrl, 'https://nod.example.com')
      .replaceAll(discord.applicationId, 'APPLICATION_ID')
      .replaceAll(telegram.state.bot.username, 'your_nod_bot')
      .replace(/\/connect\/[\w-]{32}/g, '/connect/…')
      .replace(/picture-[0-9a-f]{64}\.jpg\.jpg/g, 'the photo')
      .replace(/\d+ KB/g, '… KB')
      // On a busy machine the picture comes later than the words.
      .replace(/, edited \d+×/g, '');
  const page = [
    '# The first minutes, word for word',
    '',
    'From the start of a private Nod to the first draft, as its test plays it.',
    ...section('The terminal', plain(terminal)),
    ...section(
      'Telegram: Ana opens the link, which sends /start with the code',
      plain(telegram.render(anaChat)),
    ),
    ...section('Telegram: Kim, who found the bot by its name', plain(telegram.render(kimChat))),
    ...section('Discord: Ana in #posts', plain(discord.render(posts))),
  ].join('\n');
  await expect(`${page}\n`).toMatchFileSnapshot('../../docs/first-minutes.md');
});

const section = (title: string, text: string): string[] => ['', `## ${title}`, '', '```', text.trim(), '```'];
