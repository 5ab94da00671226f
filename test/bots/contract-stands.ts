import type { Bot, ChatEvent, ChatEventOf, Picture } from '../../src/bots/platform.ts';
import type { WireComponent } from '../emulators/discord/index.ts';
import { findFreePort } from '../free-port.ts';
import { card as discordCard, photo, startHarness as startDiscord } from './discord/harness.ts';
import { jpeg, startHarness as startTelegram } from './telegram/harness.ts';

export const card = discordCard;

/** What a person sees of one message. */
interface Seen {
  readonly text: string;
  readonly pictures: number;
  readonly buttons: readonly string[];
}

/** A platform as the contract sees it: a bot over its emulator, Ana in front of it, and what may go wrong. */
export interface Stand extends AsyncDisposable {
  readonly chat: string;
  /** A chat that the bot is shut out of. */
  readonly closedChat: () => string;
  readonly anaId: string;
  readonly bot: Bot;
  readonly events: { one<T extends ChatEvent['type']>(type: T): Promise<ChatEventOf<T>> };
  readonly picture: (key: string, background?: string) => Promise<Picture>;
  readonly seen: () => Seen[];
  /** Who was pinged by the newest message. */
  readonly pinged: () => string[];
  readonly deleteNewest: () => void | Promise<void>;
  readonly fault: (name: 'cut' | 'down' | 'busy' | 'cut-download') => void;
  /** The same bot where nobody listens. */
  readonly nowhere: () => Promise<Bot>;
  readonly press: (button: string) => Promise<string | undefined>;
  readonly sendPhoto: () => Promise<Buffer>;
  readonly errorOf: (call: Promise<unknown>) => Promise<unknown>;
}

type Receive = (event: ChatEvent) => Promise<void>;

export async function startTelegramStand(receive?: Receive): Promise<Stand> {
  const harness = await startTelegram();
  const { telegram, chat } = harness;
  const { ana, anaChat } = telegram;
  const { bot, events } = await harness.startBot(receive);
  const newest = () => telegram.botMessages(anaChat).at(-1) ?? fail();
  const faults = {
    cut: () => telegram.fault('drop-reply', { method: 'sendMessage' }),
    down: () => telegram.fault('5xx', { method: 'sendMessage' }),
    busy: () => telegram.fault('429', { retryAfterSeconds: 60 }),
    'cut-download': () => telegram.fault('cut-download'),
  };
  return {
    chat,
    bot,
    events,
    picture: harness.picture,
    errorOf: harness.errorOf,
    anaId: `telegram:${ana.id}`,
    closedChat() {
      const ben = telegram.user({ firstName: 'Ben', username: 'ben_test' });
      const benChat = telegram.privateChat(ben);
      telegram.block(ben);
      return `telegram:${benChat.id}`;
    },
    seen: () =>
      telegram.botMessages(anaChat).map(({ text, caption, photo: shown, reply_markup: markup }) => ({
        text: text ?? caption ?? '',
        pictures: shown === undefined ? 0 : 1,
        buttons: (markup?.inline_keyboard ?? []).flat().map((button) => button.text),
      })),
    pinged: () =>
      (newest().entities ?? []).flatMap((entity) =>
        entity.type === 'text_mention' ? [String(entity.user.id)] : [],
      ),
    deleteNewest: () => telegram.deleteMessage(newest()),
    fault: (name) => void faults[name](),
    nowhere: async () => harness.createBot({ apiUrl: await nobodysUrl() }),
    press: async (button) => (await telegram.press(newest(), button, ana)).text,
    async sendPhoto() {
      const bytes = await jpeg();
      await telegram.sendDocument(anaChat, ana, { bytes, fileName: 'a.jpg', mimeType: 'image/jpeg' });
      return bytes;
    },
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

export async function startDiscordStand(receive?: Receive): Promise<Stand> {
  const harness = await startDiscord({ rateLimits: { sends: false, edits: false }, allowLint: true });
  const { discord, chat } = harness;
  const { ana, posts } = discord;
  const { bot, events } = await harness.startBot(receive);
  const newest = () => discord.messages(posts).at(-1) ?? fail();
  const faults = {
    cut: () => discord.fault('drop-reply'),
    down: () => discord.fault('5xx', { times: 4 }),
    busy: () => discord.fault('429', { retryAfterSeconds: 60 }),
    'cut-download': () => discord.fault('cut-download'),
  };
  return {
    chat,
    bot,
    events,
    picture: harness.picture,
    errorOf: harness.errorOf,
    anaId: `discord:${ana.id}`,
    closedChat() {
      const channel = discord.channel(discord.studio, { name: 'closed' });
      discord.setOverwrite(channel, 'bot', { deny: ['SEND_MESSAGES'] });
      return `discord:${channel.id}`;
    },
    seen: () => discord.messages(posts).map(({ components }) => seenIn(components)),
    pinged: () => discord.state.messages.get(newest().id)?.pings.users ?? [],
    deleteNewest() {
      discord.grant(discord.studio, ana, ['MANAGE_MESSAGES']);
      discord.deleteMessage(newest(), ana);
    },
    fault: (name) => void faults[name](),
    nowhere: async () => harness.createBot({ apiUrl: `${await nobodysUrl()}/api` }),
    async press(button) {
      const pressed = await discord.press(newest(), button, ana);
      const { components } = await pressed.waitForFollowUp();
      return seenIn(components).text;
    },
    async sendPhoto() {
      const { bytes, fileName } = await photo('a.jpg');
      await discord.runCommand({
        user: ana,
        channel: posts,
        name: 'tiktok',
        subcommand: 'post',
        options: { media1: { bytes, fileName } },
      });
      return Buffer.from(bytes);
    },
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

function seenIn(parts: readonly WireComponent[]): Seen {
  const all = parts.flatMap(function inside(part): WireComponent[] {
    return [part, ...(part.components ?? []).flatMap(inside)];
  });
  return {
    text: all.flatMap(({ content }) => (content === undefined ? [] : [content])).join('\n'),
    pictures: all.reduce((sum, { items = [] }) => sum + items.length, 0),
    buttons: all.flatMap(({ label, options = [] }) => [
      ...(label ? [label] : []),
      ...options.map((one) => one.label),
    ]),
  };
}

function fail(): never {
  throw new Error('The bot has said nothing yet.');
}

/** An address at which nobody listens. */
const nobodysUrl = async (): Promise<string> => `http://127.0.0.1:${await findFreePort()}`;
