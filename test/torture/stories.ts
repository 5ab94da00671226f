import type { Message } from 'grammy/types';
import { labelsOf } from '../e2e/discord-stage.ts';
import type { InteractionHandle, WireMessage } from '../emulators/discord/index.ts';
import { textOf as discordText } from '../emulators/discord/mentions.ts';
import { inputsOf } from '../emulators/discord/modal.ts';
import type { OptionInputs } from '../emulators/discord/option-values.ts';
import type { Random } from '../fuzz/random.ts';
import { uploadWith } from '../web/uploads/upload-stage.ts';
import { buttonsOf, discordOf, textOf, type World } from '../world.ts';
import type { Made } from './files.ts';
import type { Persist } from './persist.ts';
import { type Alone, APPROVALS, type Server, type Team } from './places.ts';

/** What somebody posts, and what has to come of it. */
export interface Story {
  readonly caption: string;
  readonly files: readonly Made[];
  readonly what: string;
  /** `either` where it is cancelled so late that it may go out before; its card says which. */
  readonly end: 'published' | 'rejected' | 'cancelled' | 'discarded' | 'either';
}

export interface Telling {
  readonly world: World;
  readonly random: Random;
  readonly persist: Persist;
}

const LIVE = /✓ (Live on TikTok|Posted)/;
const UNDER_WAY = /✓ (Live on TikTok|Posted)|^\**(Posting|Scheduled|Waiting)|wants to post/m;
const CANCELLED = /^\**Cancelled/m;
const LINK = /https?:[^"\s]+\/upload\/[\w-]{32}/;
const isFresh = (text: string): boolean => !/ {2}(on the way|being prepared)/.test(text);

/** What people do on Telegram, each thing until Nod shows that it has been done. */
export function createTelegramActs({ world, random, persist }: Telling) {
  const { telegram } = world;

  /** The newest message about it in a chat. */
  const newest = (chat: { id: number }, caption: string, fits: (message: Message) => boolean) =>
    telegram.botMessages(chat).findLast((message) => textOf(message).includes(caption) && fits(message));

  async function send(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    { caption, files }: Story,
  ) {
    const [first] = files;
    if (first === undefined) throw new Error('Nobody posts nothing.');
    const { bytes, name, kind } = first;
    if (files.length > 1) {
      const items = files.map((file) =>
        file.kind === 'photo'
          ? { type: 'photo' as const, bytes: file.bytes }
          : { type: 'video' as const, bytes: file.bytes },
      );
      await telegram.sendAlbum(chat, user, items, { caption });
    } else if (kind === 'video') await telegram.sendVideo(chat, user, { bytes, fileName: name, caption });
    else await telegram.sendPhoto(chat, user, { bytes, caption });
  }

  /** Presses a button of the newest message that has it, at times twice. */
  async function press(
    chat: { id: number },
    caption: string,
    button: string,
    user: Alone['user'],
  ): Promise<void> {
    const card = newest(chat, caption, (message) => buttonsOf(message).includes(button));
    if (card === undefined) throw new Error(`No message about ${caption} has the button ${button}.`);
    const pressed = telegram.press(card, button, user);
    if (random.below(5) === 0) await telegram.press(card, button, user);
    await pressed;
  }

  /** The draft with all of its files, who can see it chosen. */
  async function chooseAudience(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    caption: string,
  ) {
    await persist(`A draft of ${caption}`, () =>
      newest(
        chat,
        caption,
        (message) => isFresh(textOf(message)) && buttonsOf(message).some((label) => /Everyone$/.test(label)),
      ),
    );
    await persist(
      `The audience of ${caption}`,
      () => newest(chat, caption, (message) => buttonsOf(message).includes('● Everyone')),
      () => press(chat, caption, 'Everyone', user),
    );
  }

  const shows = (chat: { id: number }, caption: string, text: RegExp) =>
    newest(chat, caption, (message) => text.test(textOf(message)));

  async function submit(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    caption: string,
    button: string,
  ) {
    await persist(
      `The post ${caption}`,
      () => shows(chat, caption, UNDER_WAY),
      () => press(chat, caption, button, user),
    );
  }

  async function post(place: Alone, story: Story): Promise<void> {
    await send(place, story);
    await chooseAudience(place, story.caption);
    await submit(place, story.caption, 'Post now');
    await persist(`The end of ${story.caption}`, () => shows(place.chat, story.caption, LIVE));
  }

  /** Posts it and stops it at once, which may be too late. */
  async function postAndCancel(place: Alone, story: Story): Promise<void> {
    const { caption } = story;
    await send(place, story);
    await chooseAudience(place, caption);
    await submit(place, caption, 'Post now');
    await persist(
      `The end of ${caption}`,
      () => shows(place.chat, caption, LIVE) ?? shows(place.chat, caption, CANCELLED),
      () => press(place.chat, caption, 'Cancel', place.user),
    );
  }

  async function discard(place: Alone, story: Story): Promise<void> {
    await send(place, story);
    await chooseAudience(place, story.caption);
    const isOpen = (message: Message) => buttonsOf(message).includes('Discard');
    const draft = newest(place.chat, story.caption, isOpen);
    if (draft === undefined) throw new Error(`The draft of ${story.caption} is gone.`);
    // What is left of it does not name it.
    await persist(
      `The end of the draft ${story.caption}`,
      () => !isOpen(telegram.find(draft).current) || undefined,
      () => telegram.press(draft, 'Discard', place.user),
    );
  }

  /** The first file by the chat, the others by the page. */
  async function upload(place: Alone, story: Story): Promise<void> {
    const { caption, files } = story;
    const [first, ...others] = files;
    if (first === undefined) throw new Error('Nobody uploads nothing.');
    const before = telegram.botMessages(place.chat).at(-1)?.message_id ?? 0;
    await send(place, { ...story, files: [first] });
    const page = await persist(
      `The page for ${caption}`,
      () =>
        telegram
          .botMessages(place.chat)
          .filter(({ message_id }) => message_id > before)
          .map((message) => LINK.exec(JSON.stringify(message))?.[0])
          .findLast((link) => link !== undefined),
      () => press(place.chat, caption, 'Add a big file', place.user),
    );
    for (const file of others) await uploadTo(page, file);
    await persist(`All files of ${caption}`, () =>
      shows(place.chat, caption, new RegExp(`${files.length} photos for TikTok`)),
    );
    await chooseAudience(place, caption);
    await submit(place, caption, 'Post now');
    await persist(`The end of ${caption}`, () => shows(place.chat, caption, LIVE));
  }

  return { newest, send, press, chooseAudience, submit, shows, post, postAndCancel, discard, upload };
}

export type TelegramActs = ReturnType<typeof createTelegramActs>;

/** The same on Discord. */
export function createDiscordActs({ world, persist }: Telling) {
  const discord = discordOf(world);

  const newest = (channel: { id: string }, caption: string, fits: (message: WireMessage) => boolean) =>
    discord.messages(channel).findLast((message) => discordText(message).includes(caption) && fits(message));

  const shows = (channel: { id: string }, caption: string, text: RegExp) =>
    newest(channel, caption, (message) => text.test(discordText(message)));

  /** A command that Nod has heard; each is a draft of its own. */
  async function offer(
    { channel, author }: Server,
    { caption, files }: Story,
    options: OptionInputs = {},
  ): Promise<InteractionHandle> {
    const media = Object.fromEntries(
      files.map(({ bytes, name }, index) => [`media${index + 1}`, { bytes, fileName: name }]),
    );
    const handles: InteractionHandle[] = [];
    return persist(
      `A composer of ${caption}`,
      // A kill may have come between two of its files; then the person gives the command once more.
      () => handles.find((handle) => isComposer(handle.response(), caption, files.length)),
      async () => {
        handles.push(
          await discord.runCommand({
            user: author,
            channel,
            name: 'tiktok',
            subcommand: 'post',
            options: { ...media, caption, ...options },
          }),
        );
      },
    );
  }

  async function see(handle: InteractionHandle, { author }: Server, caption: string): Promise<void> {
    await persist(
      `The audience of ${caption}`,
      () =>
        (handle.response() &&
          /Who can see it\? {2}\*\*Everyone/.test(discordText(handle.response() as WireMessage))) ||
        undefined,
      () => discord.select(handle, 'Who can see it?', ['Everyone'], author),
    );
  }

  /** Presses a button of the composer until the server shows a card of the post. */
  async function submit(
    handle: InteractionHandle,
    { channel, author }: Server,
    caption: string,
    button: string,
  ) {
    return persist(
      `The post ${caption}`,
      () => shows(channel, caption, UNDER_WAY),
      () => discord.press(handle, button, author),
    );
  }

  async function press(channel: { id: string }, caption: string, button: string, user: { id: string }) {
    const card = newest(channel, caption, (message) => labelsOf(message).includes(button));
    if (card === undefined) throw new Error(`No message about ${caption} has the button ${button}.`);
    return discord.press(card, button, user);
  }

  async function post(server: Server, story: Story): Promise<void> {
    const handle = await offer(server, story);
    await see(handle, server, story.caption);
    await submit(handle, server, story.caption, 'Post now');
    await persist(`The end of ${story.caption}`, () => shows(server.channel, story.caption, LIVE));
  }

  /** Plans it for later, then for soon. */
  async function schedule(server: Server, story: Story): Promise<void> {
    const { channel, author } = server;
    const { caption } = story;
    const handle = await offer(server, story, { when: 'in 50 minutes' });
    await see(handle, server, caption);
    await submit(handle, server, caption, 'Schedule');
    if (story.end === 'cancelled') {
      await persist(
        `The end of ${caption}`,
        () => shows(channel, caption, CANCELLED),
        () => press(channel, caption, 'Cancel', author),
      );
      return;
    }
    await persist(
      `The end of ${caption}`,
      () => shows(channel, caption, LIVE),
      async () => {
        const opened = await press(channel, caption, 'Other time…', author);
        const [field] = opened.modal === undefined ? [] : inputsOf(opened.modal);
        if (field === undefined) throw new Error('This press has opened no window.');
        await discord.submitModal(opened, { [field.label]: 'in 3 seconds' });
      },
    );
  }

  /** The first file with the command, the others by the page. */
  async function upload(server: Server, story: Story): Promise<void> {
    const { caption, files } = story;
    const [first, ...others] = files;
    if (first === undefined) throw new Error('Nobody uploads nothing.');
    const handle = await offer(server, { ...story, files: [first] });
    const given: InteractionHandle[] = [];
    const link = () =>
      given
        .map((one) => LINK.exec(JSON.stringify(one.response() ?? ''))?.[0])
        .findLast((one) => one !== undefined);
    const page = await persist(`The page for ${caption}`, link, async () => {
      given.push(await discord.press(handle, 'Add a big file', server.author));
    });
    for (const file of others) await uploadTo(page, file);
    await persist(`All files of ${caption}`, () => {
      const shown = handle.response();
      return (
        (shown &&
          discordText(shown).includes(`${files.length} photos for TikTok`) &&
          isFresh(discordText(shown))) ||
        undefined
      );
    });
    await see(handle, server, caption);
    await submit(handle, server, caption, 'Post now');
    await persist(`The end of ${caption}`, () => shows(server.channel, caption, LIVE));
  }

  return { newest, shows, offer, see, submit, press, post, schedule, upload };
}

export type DiscordActs = ReturnType<typeof createDiscordActs>;

const ASKS = /wants to post/;

/** What a team does about a post: it decides by reactions, in both of its chats. */
export function createTeamActs({
  world,
  random,
  persist,
  onTelegram,
  onDiscord,
}: Telling & { onTelegram: TelegramActs; onDiscord: DiscordActs }) {
  const { telegram } = world;
  const discord = discordOf(world);

  type Vote = 'approve' | 'reject' | 'none';
  /** Sets the reaction of one person under the newest card; not again where that has been done. */
  type Voter = (vote: Vote) => Promise<void>;

  function votersOf(team: Team, caption: string): Voter[] {
    const voter = (find: () => { id: string } | undefined, react: (vote: Vote) => Promise<void>): Voter => {
      const done = new Map<string, Vote>();
      return async (vote) => {
        const card = find();
        if (card === undefined) throw new Error(`No card asks for votes on ${caption}.`);
        if (done.get(card.id) === vote) return;
        await react(vote);
        done.set(card.id, vote);
      };
    };
    const onServer = () =>
      onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve'));
    const inGroup = () => onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve'));
    return [
      ...team.onDiscord.map((user) =>
        voter(onServer, async (vote) => {
          const card = onServer();
          if (card === undefined) return;
          if (vote === 'none') discord.unreact(card, '✅', user);
          else discord.react(card, vote === 'approve' ? '✅' : '❌', user);
        }),
      ),
      ...team.onTelegram.map((user) =>
        voter(
          () => {
            const message = inGroup();
            return message && { id: String(message.message_id) };
          },
          async (vote) => {
            const card = inGroup();
            if (card) await telegram.react(card, user, { approve: '👍', reject: '👎', none: [] }[vote]);
          },
        ),
      ),
    ];
  }

  /** In any order, and now and then with a vote that is taken back at first. */
  function shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((one) => ({ one, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ one }) => one);
  }

  async function decide(team: Team, { caption, end }: Story): Promise<void> {
    await persist(
      `Cards of the review of ${caption}`,
      () =>
        onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve')) &&
        onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve')),
    );
    const voters = shuffled(votersOf(team, caption));
    const [first] = voters;
    if (random.below(4) === 0)
      await first?.('approve')
        .then(() => first('none'))
        .catch(() => {});
    const vote = end === 'rejected' ? 'reject' : 'approve';
    const asked = voters.slice(0, vote === 'reject' ? 1 : APPROVALS);
    const isOver = end === 'rejected' ? /Not approved/ : LIVE;
    const cards = () => [
      onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve'))?.id,
      onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve'))?.message_id,
    ];
    const hasEnded = () =>
      onDiscord.shows(team.channel, caption, isOver) && onTelegram.shows(team.group, caption, isOver);
    for (;;) {
      const [onServer, inGroup] = cards();
      // Who looks at a newer card puts a reaction under it as well.
      const isNewer = () => {
        const [server, group] = cards();
        return (server !== undefined && server !== onServer) || (group !== undefined && group !== inGroup);
      };
      const seen = await persist(
        `The end of ${caption}`,
        () => (hasEnded() ? 'end' : isNewer() ? 'newer card' : undefined),
        () => Promise.all(asked.map((cast) => cast(vote))),
      );
      if (seen === 'end') return;
    }
  }

  async function review(team: Team, story: Story): Promise<void> {
    const { caption } = story;
    const handle = await onDiscord.offer(team, story);
    await onDiscord.see(handle, team, caption);
    await onDiscord.submit(handle, team, caption, 'Ask for approval');
    if (story.end === 'cancelled') {
      await persist(
        `The end of ${caption}`,
        () =>
          (onDiscord.shows(team.channel, caption, /Cancelled by/) &&
            onTelegram.shows(team.group, caption, /Cancelled by/)) ||
          undefined,
        () => onDiscord.press(team.channel, caption, 'Cancel', team.author),
      );
      return;
    }
    await decide(team, story);
  }

  /** Offered by a member of the group. */
  async function reviewFromGroup(team: Team, story: Story): Promise<void> {
    const place = { user: team.member, chat: team.group };
    const { username } = telegram.state.bot;
    await onTelegram.send(place, { ...story, caption: `@${username} ${story.caption}` });
    await onTelegram.chooseAudience(place, story.caption);
    await persist(
      `The review of ${story.caption}`,
      () => onTelegram.shows(team.group, story.caption, ASKS),
      () => onTelegram.press(team.group, story.caption, 'Ask for approval', team.member),
    );
    await decide(team, story);
  }

  /** Takes it back into a draft while it is reviewed, and asks anew. */
  async function edit(team: Team, story: Story): Promise<void> {
    const { caption } = story;
    const handle = await onDiscord.offer(team, story);
    await onDiscord.see(handle, team, caption);
    await onDiscord.submit(handle, team, caption, 'Ask for approval');
    const opened: InteractionHandle[] = [];
    const composer = await persist(
      `The draft of ${caption}`,
      () => opened.find((one) => isComposer(one.response(), caption, story.files.length)),
      async () => {
        opened.push(await onDiscord.press(team.channel, caption, 'Edit', team.author));
      },
    );
    const isOld = new Set(discord.messages(team.channel).map(({ id }) => id));
    await onDiscord.see(composer, team, caption);
    await persist(
      `The next review of ${caption}`,
      () =>
        onDiscord.newest(
          team.channel,
          caption,
          (one) => !isOld.has(one.id) && labelsOf(one).includes('Approve'),
        ),
      () => discord.press(composer, 'Ask for approval', team.author),
    );
    await decide(team, story);
  }

  return { review, reviewFromGroup, edit };
}

function isComposer(message: WireMessage | undefined, caption: string, files: number): boolean {
  if (message === undefined) return false;
  const text = discordText(message);
  const hasAll = files === 1 || text.includes(`${files} photos for TikTok`);
  return labelsOf(message).includes('Discard') && text.includes(caption) && isFresh(text) && hasAll;
}

/** Uploads as the page does, over all lives of Nod. */
async function uploadTo(page: string, { bytes, name }: Made): Promise<void> {
  const { upload, done } = uploadWith(bytes, {
    endpoint: `${page}/files`,
    name,
    chunkSize: 4_000,
    retryDelays: Array.from({ length: 2_000 }, () => 200),
  });
  upload.start();
  await done;
}
