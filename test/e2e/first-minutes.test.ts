import type { Message, User } from 'grammy/types';
import { expect, it } from 'vitest';
import { welcomeText } from '../../src/welcome.ts';
import type { InteractionHandle, WireChannel, WireMessage } from '../emulators/discord/index.ts';
import { addManager, linksShownTo } from '../team.ts';
import { buttonsOf, createWorld, discordOf, textOf, type World, walkThroughConsent } from '../world.ts';
import { labelsOf, textOf as textOnDiscord } from './discord-stage.ts';
import { runNod } from './process.ts';
import { fixture, LINK } from './stage.ts';
import { createTranscript, type Transcript } from './transcript.ts';

const CODE = 'K7QM-2F4D';
const HOUR_MS = 3_600_000;

/**
 * The first minutes of a private Nod, word for word, from its start to the first posts in each kind of place. The page in
 * `docs` is what this test writes: `npx vitest run test/e2e/first-minutes.test.ts -u` after a change of words.
 */
it('leads from the start to the first posts, in the words that the docs show', async () => {
  await using world = await createWorld({
    withDiscord: true,
    // TikTok has looked at a post when the test says so.
    tiktok: { moderationMs: HOUR_MS },
    environment: { ACCESS: 'invite', CLAIM_CODE: CODE },
  });
  const { telegram } = world;
  const { ana, anaChat } = telegram;
  const discord = discordOf(world);
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const terminal = await startedOnce(world);
  await using _app = await world.start();

  const privately = createTranscript(() => telegram.render(anaChat), hidden(world));
  // A stranger first: Kim found the bot by its name.
  const kim = telegram.user({ firstName: 'Kim' });
  const kimChat = telegram.privateChat(kim);
  await postInPrivate(world, privately);
  await telegram.sendText(kimChat, kim, '/start');
  await telegram.waitForMessage(kimChat, 'This Nod is private.');
  const request = await telegram.waitForMessage(anaChat, 'would like to use Nod');
  privately.step('Kim, a stranger, writes to the bot');
  await telegram.press(request, 'Allow', ana);
  await telegram.waitForMessage(kimChat, 'may be used here now');
  await telegram.waitForMessage(anaChat, 'may use this Nod');
  privately.step('Ana taps Allow');
  const stranger = createTranscript(() => telegram.render(kimChat), hidden(world));
  stranger.step('Kim writes to the bot, and is let in');

  const groups: [string, Transcript][] = [];
  for (const kind of ['plain', 'admin', 'topic'] as const)
    groups.push([GROUPS[kind].heading, await postInGroup(world, kind)]);
  const places: [string, Transcript][] = [];
  const ben = addManager(discord, 'Ben');
  places.push(['Discord: a channel', await postInChannel(world, ben)]);
  const forum = discord.forum(discord.studio, { name: 'ideas' });
  places.push([
    'Discord: a thread',
    await postInThread(world, {
      thread: discord.thread(discord.posts, { name: 'launch' }),
      file: 'photo.webp',
    }),
  ]);
  places.push([
    'Discord: a post in a forum',
    await postInThread(world, { thread: discord.thread(forum, { name: 'Summer' }), file: 'grey.png' }),
  ]);

  privately.step('Ana reads there meanwhile');

  const sections = [
    ['The terminal', hidden(world)(terminal)],
    ['Telegram: Ana opens the link, which sends /start with the code', privately.text()],
    ['Telegram: Kim, who found the bot by its name', stranger.text()],
    ...[...groups, ...places].map(([title, { text }]) => [title, text()]),
  ].flatMap(([title = '', text = '']) => ['', `## ${title}`, '', '```', text.trim(), '```']);
  const page = [
    '# The first minutes, word for word',
    '',
    'From the start of a private Nod to the first posts in each kind of place, as its test plays it. Each step shows what is new',
    'in the chat.',
    ...sections,
  ].join('\n');
  await expect(`${page}\n`).toMatchFileSnapshot('../../docs/first-minutes.md');
});

/** What the terminal shows. */
async function startedOnce(world: World): Promise<string> {
  const { publicUrl, environment, telegram } = world;
  await using nod = runNod({ environment });
  await nod.logged('Privacy Policy URL');
  const terminal = /Nod is ready at.*?\/privacy/s.exec(nod.output.out)?.[0] ?? '';
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
            url: `https://discord.com/oauth2/authorize?client_id=${discordOf(world).applicationId}&scope=bot%20applications.commands&permissions=274878024768`,
          },
        ],
      },
      { publicUrl },
    ),
  );
  await nod.end('SIGTERM');
  return terminal;
}

/** Leaves out what differs from one time to another. */
const hidden =
  (world: World) =>
  (text: string): string =>
    text
      .replaceAll(world.publicUrl, 'https://nod.example.com')
      .replaceAll(discordOf(world).applicationId, 'APPLICATION_ID')
      .replaceAll(world.telegram.state.bot.username, 'your_nod_bot')
      .replace(/\/connect\/[\w-]{32}/g, '/connect/…')
      .replace(/\/look\/[\w.-]+/g, '/look/…')
      .replace(/\/(photo|video)\/\d+/g, '/$1/…')
      .replace(/picture-[0-9a-f]{64}\.jpg\.jpg/g, 'the photo')
      .replace(/photo-\d+\.jpg/g, 'photo.jpg')
      .replace(/Open until [^;]+;/g, 'Open until …;')
      .replace(/<t:\d+:(\w)>/g, '<t:…:$1>')
      .replace(/· \d+ s(?=\*\* ·| ·)/g, '· … s')
      .replace(/<@\d+>/g, '@Ana')
      .replace(/\d+ KB/g, '… KB');

/** Claims Nod, connects and posts in the private chat of its operator. */
async function postInPrivate(world: World, { step }: Transcript): Promise<void> {
  const { telegram, tiktok } = world;
  const { ana, anaChat } = telegram;
  await telegram.sendText(anaChat, ana, `/start ${CODE}`);
  await telegram.waitForMessage(anaChat, 'This is your Nod now.');
  step('Ana opens the link');
  await telegram.sendText(anaChat, ana, '/connect');
  const invitation = await telegram.waitForMessage(anaChat, '/connect/');
  await walkThroughConsent(/https?:\/\/\S+\/connect\/\S+/.exec(textOf(invitation))?.[0] ?? '', tiktok);
  await telegram.waitForMessage(anaChat, 'is connected');
  step('Ana connects');
  await telegram.sendPhoto(anaChat, ana, { path: fixture('phone.jpg'), caption: 'First light' });
  const draft = await telegram.waitForMessage(anaChat, isDrawn);
  step('Ana sends a photo');
  await telegram.press(draft, 'Everyone', ana);
  await telegram.press(draft, 'Post now', ana);
  await endOnTelegram(world, draft);
  step('Ana taps Everyone and Post now');
}

/** Waits for the word about the end of a post, then for the link on its card. */
async function endOnTelegram(world: World, card: Message): Promise<void> {
  const { telegram } = world;
  const isSame = ({ message_id }: Message) => message_id === card.message_id;
  await telegram.waitForMessage(card.chat, ({ reply_to_message: to }) => to !== undefined && isSame(to));
  finishReview(world);
  await telegram.waitForMessage(card.chat, (one) => isSame(one) && LINK.test(textOf(one)));
}

/** TikTok has looked at what was posted last. */
function finishReview({ tiktok }: World): void {
  const { publishId } = tiktok.state.publishes.at(-1) ?? {};
  if (publishId === undefined) throw new Error('TikTok has got nothing.');
  tiktok.setModeration(publishId, 'approve');
}

const isDrawn = (message: Message): boolean =>
  message.photo !== undefined && buttonsOf(message).includes('Everyone');

const GROUPS = {
  plain: { title: 'Editors', heading: 'Telegram: a group in which the bot is a member' },
  admin: { title: 'Studio', heading: 'Telegram: a group in which the bot is an administrator' },
  topic: { title: 'Newsroom', heading: 'Telegram: a topic of a forum group' },
} as const;

/** Adds the bot to a group of Ana and Dora, and brings a post to its review there, or to its end. */
async function postInGroup(world: World, kind: keyof typeof GROUPS): Promise<Transcript> {
  const { telegram, tiktok } = world;
  const { ana, state } = telegram;
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({
    title: GROUPS[kind].title,
    admins: [ana, dora],
    supergroup: true,
    botIsAdmin: kind === 'admin',
    forum: kind === 'topic',
    announce: true,
  });
  const at = `@${state.bot.username}`;
  const where = kind === 'topic' ? { threadId: telegram.topic(group, 'TikTok') } : {};
  const alone = (person: User) =>
    telegram.shownTo(group, person).map((message) => {
      const lines = textOf(message).split('\n');
      return [`Nod (only ${person.first_name} sees this)`, ...lines.map((line) => `  ${line}`)].join('\n');
    });
  const transcript = createTranscript(
    () => [telegram.render(group), ...alone(ana), ...alone(dora)].join('\n'),
    hidden(world),
  );
  const { step } = transcript;
  await telegram.waitForMessage(group, `Hello ${group.title}`);
  await telegram.waitForMessage(telegram.anaChat, `${group.title} (Telegram) may use`);
  if (kind === 'admin') {
    await telegram.sendPhoto(group, ana, { path: fixture('cmyk.jpg'), caption: 'Lunch' });
    await telegram.until(() => telegram.shownTo(group, ana).at(0), { what: 'The hint' });
    await telegram.sendText(group, ana, `/accounts${at}`);
    await telegram.waitForMessage(group, 'No TikTok account is connected');
    step('Ana adds the bot, shows her lunch, and asks for the accounts');
  } else if (kind === 'plain') {
    await telegram.sendText(group, ana, `/help${at}`);
    await telegram.waitForMessage(group, 'A post is 1 to 35 photos');
    step('Ana adds the bot, and asks for help');
  }
  const used = linksShownTo(telegram, group, ana);
  await telegram.sendText(group, ana, `/connect${at}`, where);
  const link = await telegram.until(
    () => linksShownTo(telegram, group, ana).find((one) => !used.includes(one)),
    { what: 'The link to connect' },
  );
  await walkThroughConsent(link, tiktok);
  await telegram.waitForMessage(group, 'is connected, by');
  step(kind === 'topic' ? 'Ana adds the bot, and connects in the topic' : 'Ana connects');
  await telegram.sendPhoto(group, ana, { path: fixture('phone.jpg'), caption: `${at} Hello`, ...where });
  const draft = await telegram.waitForMessage(group, isDrawn);
  if (kind === 'plain') step('Ana sends a photo to the bot');
  await telegram.press(draft, 'Everyone', ana);
  await telegram.press(draft, 'Ask for approval', ana);
  const review = await telegram.waitForMessage(group, 'wants to post');
  if (kind === 'admin')
    await telegram.until(() => (telegram.find(review).reactions.size > 0 ? true : undefined));
  step(
    kind === 'plain'
      ? 'Ana taps Everyone and Ask for approval'
      : 'Ana sends a photo to the bot, taps Everyone and Ask for approval',
  );
  if (kind === 'topic') return transcript;
  if (kind === 'admin') await telegram.react(review, dora, '👍');
  else await telegram.press(review, 'Approve', dora);
  await endOnTelegram(world, review);
  step(kind === 'admin' ? 'Dora reacts with 👍' : 'Dora taps Approve');
  return transcript;
}

/** Claims Nod, connects and posts in #posts, where Ben approves. */
async function postInChannel(world: World, ben: { id: string }): Promise<Transcript> {
  const discord = discordOf(world);
  const { posts } = discord;
  const transcript = createTranscript(() => discord.render(posts), hidden(world));
  const { step } = transcript;
  const command = { user: discord.ana, channel: posts, name: 'tiktok' };
  const claimed = await discord.runCommand({ ...command, subcommand: 'claim', options: { code: CODE } });
  await claimed.waitForResponse('This is your Nod now.');
  await world.telegram.waitForMessage(world.telegram.anaChat, 'has claimed this Nod');
  await discord.waitForMessage(posts, 'Hello Studio');
  step('Ana claims Nod');
  const help = await discord.runCommand({ ...command, subcommand: 'help' });
  await help.waitForResponse('A post is 1 to 35 photos');
  step('Ana asks for help');
  const connect = await discord.runCommand({ ...command, subcommand: 'connect' });
  await connect.waitForResponse('Connect a TikTok account');
  await walkThroughConsent(discord.linkOf(connect, 'Connect TikTok', discord.ana), world.tiktok);
  await discord.waitForMessage(posts, 'is connected');
  step('Ana connects');
  const draft = await offerOn(world, posts, { file: 'phone.jpg', caption: 'First light' });
  step('Ana uses /tiktok post with a photo');
  const review = await askOn(world, posts, draft);
  step('Ana picks Everyone and presses Ask for approval');
  discord.react(review, '✅', ben);
  await discord.waitForMessage(posts, ({ message_reference: to }) => to?.message_id === review.id);
  finishReview(world);
  await discord.waitForMessage(posts, (one) => one.id === review.id && LINK.test(textOnDiscord(one)));
  step('Ben reacts with ✅');
  return transcript;
}

/** Posts in a thread of a server that knows Nod. */
async function postInThread(
  world: World,
  { thread, file }: { thread: WireChannel; file: string },
): Promise<Transcript> {
  const discord = discordOf(world);
  const transcript = createTranscript(() => discord.render(thread), hidden(world));
  const draft = await offerOn(world, thread, { file, caption: `From ${thread.name}` });
  await askOn(world, thread, draft);
  transcript.step('Ana uses /tiktok post with a photo, picks Everyone and presses Ask for approval');
  return transcript;
}

async function offerOn(
  world: World,
  channel: WireChannel,
  { file, caption }: { file: string; caption: string },
): Promise<InteractionHandle> {
  const discord = discordOf(world);
  const command = { user: discord.ana, channel, name: 'tiktok', subcommand: 'post' };
  const draft = await discord.runCommand({
    ...command,
    options: { media1: { path: fixture(file) }, caption },
  });
  await draft.waitForResponse('Who can see it?');
  await discord.until(() => discord.render(draft).includes('picture-') || undefined);
  return draft;
}

/** Asks for approval; the card of the review, with both reactions under it. */
async function askOn(world: World, channel: WireChannel, draft: InteractionHandle): Promise<WireMessage> {
  const discord = discordOf(world);
  await discord.select(draft, 'Who can see it?', ['Everyone'], discord.ana);
  await discord.until(() => /Who can see it\?.*Everyone/.test(discord.render(draft)) || undefined);
  await discord.press(draft, 'Ask for approval', discord.ana);
  await draft.waitForResponse('went to the team');
  return discord.waitForMessage(
    channel,
    (message) => labelsOf(message).includes('Approve') && message.reactions?.length === 2,
  );
}
