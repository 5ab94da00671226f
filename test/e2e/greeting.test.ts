import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { textOf } from '../world.ts';
import { startDiscordStage, textOf as wordsOf } from './discord-stage.ts';
import { fixture, startStage } from './stage.ts';

const said = (messages: readonly Message[]) => messages.map(textOf);

it('greets a new group once, with the steps as they are there, and says the same when asked', async () => {
  await using stage = await startStage();
  const { telegram, ana } = stage;
  const group = telegram.group({ title: 'Editors', admins: [ana], announce: true });
  const greeting = textOf(await telegram.waitForMessage(group, 'Hello Editors.'));
  expect(greeting).toBe(
    [
      'Hello Editors. Nod posts to TikTok from here.',
      '',
      '1. An administrator connects a TikTok account with /connect.',
      '2. Send a photo, an album or a video and mention me in its caption, or reply to it with /post.',
      '3. Choose on the card who can see it, then tap Ask for approval. It goes out after 1 approval; /settings changes that.',
      '',
      '/help tells more.',
    ].join('\n'),
  );
  const steps = greeting.split('\n').slice(2, 5).join('\n');
  await telegram.sendText(group, ana, `/help@${telegram.state.bot.username}`);
  const help = textOf(await telegram.waitForMessage(group, 'A post is 1 to 35 photos'));
  expect(help.startsWith(steps)).toBe(true);
  await telegram.sendText(group, ana, '/post');
  expect(steps).toContain(textOf(await telegram.waitForMessage(group, /^Send a photo/)));
  telegram.removeBot(group);
  telegram.setAdmin(group, 'bot', true);
  await stage.settled();
  expect(said(telegram.botMessages(group)).filter((text) => text.startsWith('Hello'))).toHaveLength(1);
});

it('says the steps of a private chat there, and what to do with what it cannot take', async () => {
  await using stage = await startStage();
  const { telegram, ana, anaChat } = stage;
  await stage.say('/start');
  expect(textOf(await stage.card('Nod posts to TikTok from this chat.'))).toContain(
    [
      '1. Connected: Studio Ana.',
      '2. Send a photo, an album or a video.',
      '3. Choose on the card who can see it, then tap Post now.',
    ].join('\n'),
  );
  for (const kind of ['sticker', 'sticker', 'voice', 'location', 'poll', 'contact', 'dice'] as const)
    await telegram.sendOther(anaChat, ana, kind);
  await stage.say('https://www.tiktok.com/@studio.ana/video/7602997517160123666');
  await stage.say('http://example.com/clip.mp4');
  await stage.card('Nod fetches files from https links only.');
  const answers = said(telegram.botMessages(anaChat)).slice(1);
  expect(answers.map((text) => text.split('. ')[0])).toEqual([
    'Nod cannot post a sticker',
    'Nod cannot post a sound alone',
    'Nod cannot post a place',
    'Nod cannot post a poll',
    'Nod cannot post a contact',
    'Nod cannot post this',
    'Nod cannot post from a link to TikTok',
    'Nod fetches files from https links only',
  ]);
});

it('hints once to a person, and to nobody who knows how, where it sees what is not for it', async () => {
  await using stage = await startStage();
  const { telegram, ana } = stage;
  const ben = telegram.user({ firstName: 'Ben' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [ben], botIsAdmin: true });
  const at = `@${telegram.state.bot.username}`;
  const photo = (who: typeof ana, caption: string) =>
    telegram.sendPhoto(group, who, { path: fixture('phone.jpg'), caption });
  await photo(ana, `${at} First`);
  await telegram.waitForMessage(group, 'First');
  await photo(ana, 'Lunch');
  await photo(ben, 'Lunch');
  await photo(ben, 'Dinner');
  await stage.settled();
  expect(said(telegram.shownTo(group, ben))).toEqual([
    'Do you want to post this to TikTok? Then reply to it with /post. Next time mention me in its caption. I say this only once.',
  ]);
  expect(telegram.shownTo(group, ana)).toEqual([]);
  expect(said(telegram.botMessages(group)).filter((text) => text.includes('Do you want to post'))).toEqual(
    [],
  );
});

it('says nothing to a group that a stranger adds it to, and greets it once its operator lets it in', async () => {
  const code = 'K7QM-2F4D';
  await using stage = await startStage({
    connect: false,
    environment: { ACCESS: 'invite', CLAIM_CODE: code },
  });
  const { telegram, ana } = stage;
  const kim = telegram.user({ firstName: 'Kim' });
  await stage.say(`/start ${code}`);
  await stage.card('This is your Nod now.');
  const group = telegram.group({ title: 'Fans', admins: [kim], announce: true });
  await telegram.waitUntilFetched();
  await telegram.sendText(group, kim, `/help@${telegram.state.bot.username}`);
  const request = await stage.card('would like to use Nod');
  await stage.tap(request, 'Allow');
  const welcome = await telegram.waitForMessage(group, 'This Nod may be used here now.');
  expect(textOf(welcome)).toContain('2. Send a photo, an album or a video and mention me in its caption');
  const own = telegram.group({ title: 'Studio', admins: [ana], announce: true });
  await telegram.waitForMessage(own, 'Hello Studio.');
  await stage.settled();
  expect(said(telegram.botMessages(group))).toEqual([
    'This Nod is private. Its operator has been asked.',
    textOf(welcome),
  ]);
  expect(telegram.botMessages(own)).toHaveLength(1);
});

it('greets a new server once, where all may read it', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const server = discord.guild({ name: 'Fans', channels: ['rules', 'general'] });
  const [rules] = [...discord.state.channels.values()].filter(({ guildId }) => guildId === server.id);
  const greeting = await discord.waitForMessage(rules?.channel ?? server, 'Hello Fans.');
  expect(wordsOf(greeting)).toContain('Post photos or a video with /tiktok post.');
  expect(wordsOf(greeting)).toContain('Connect a TikTok account with /tiktok connect');
});

it('shows in each kind of chat the commands that make sense there', async () => {
  await using stage = await startStage();
  const { telegram } = stage;
  await telegram.until(() => (telegram.state.commands.size === 3 ? true : undefined));
  const menus = new Map(
    [...telegram.state.commands.values()].map(({ scope, commands }) => [
      scope.type,
      commands.map(({ command }) => command),
    ]),
  );
  expect(menus.get('all_private_chats')).toEqual(
    expect.arrayContaining(['start', 'connect', 'posts', 'help']),
  );
  expect(menus.get('all_private_chats')).not.toContain('approver');
  expect(menus.get('all_group_chats')).toEqual(expect.arrayContaining(['post', 'posts', 'help']));
  for (const command of ['start', 'connect', 'settings', 'approver'])
    expect(menus.get('all_group_chats')).not.toContain(command);
  expect(menus.get('all_chat_administrators')).toEqual(
    expect.arrayContaining(['post', 'connect', 'settings', 'approver', 'join']),
  );
});
