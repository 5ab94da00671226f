import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Message, User } from 'grammy/types';
import { expect } from 'vitest';
import type { AlbumItem, SentFile, TelegramEmulator } from '../emulators/telegram/index.ts';
import { seed } from '../seed.ts';
import { settle } from '../settle.ts';
import { buttonsOf, connectAccount, createWorld, textOf, type World, type WorldOptions } from '../world.ts';

export interface StageOptions extends WorldOptions {
  /** False leaves the chat without a TikTok account. */
  readonly connect?: boolean;
  /** Has Ana connect it in the chat, so that messages and the history tell of it. */
  readonly byHand?: boolean;
  /** Runs Nod some other way than in this process. */
  readonly launch?: (world: World) => Promise<AsyncDisposable>;
}

export type Stage = Awaited<ReturnType<typeof startStage>>;
type AlbumOptions = Parameters<TelegramEmulator['sendAlbum']>[3];
type Choice = string | RegExp | ((message: Message) => boolean);

/** A running Nod between both emulators, Ana's account connected, and what Ana does in her chat. */
export async function startStage({
  connect = true,
  byHand = false,
  launch = inProcess,
  ...options
}: StageOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createWorld(options));
  const { telegram, tiktok } = world;
  const { ana, anaChat } = telegram;
  // Cards change faster here than Telegram would let them.
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const connectedBy = { id: `telegram:${ana.id}`, name: 'Ana' };
  const place = { workspace: `telegram:${anaChat.id}`, chat: `telegram:${anaChat.id}` as const };
  if (connect && !byHand) await seed(world, [{ ...place, title: 'Ana', isPrivate: true, connectedBy }]);
  let app = await launch(world);
  stack.defer(() => app[Symbol.asyncDispose]());
  if (connect && byHand) await connectAccount(world);

  /** The newest card that fits, now or later. */
  const card = (choice: Choice): Promise<Message> => telegram.waitForMessage(anaChat, fits(choice));

  /** The same message, once it fits. */
  const shows = (message: Message, choice: Choice): Promise<Message> =>
    telegram.waitForMessage(
      message.chat.id,
      (current) => current.message_id === message.message_id && fits(choice)(current),
    );

  /** A draft whose files are all prepared. */
  const draft = (choice: Choice = () => true): Promise<Message> =>
    card((message) => isDraft(message) && fits(choice)(message));

  const tap = (message: Message, button: string | RegExp, from: User = ana) =>
    telegram.press(message, button, from);

  /** Taps and waits until the card shows what the tap changed. */
  async function choose(message: Message, button: string | RegExp, shown: Choice): Promise<Message> {
    await tap(message, button);
    return shows(message, shown);
  }

  /** Everyone, post now. */
  async function post(message: Message): Promise<void> {
    await tap(message, 'Everyone');
    expect(await tap(message, 'Post now')).toEqual({ show_alert: false });
  }

  async function sendAlbum(names: readonly string[], album?: AlbumOptions): Promise<void> {
    await telegram.sendAlbum(anaChat, ana, names.map(asDocument), album);
  }

  async function sendFile(name: string, other: Partial<SentFile> = {}): Promise<void> {
    const bytes = await bytesOf(name);
    await telegram.sendDocument(anaChat, ana, {
      bytes,
      fileName: nameOf(name),
      mimeType: mimeTypeOf(name),
      ...other,
    });
  }

  async function restart(): Promise<void> {
    await app[Symbol.asyncDispose]();
    app = await launch(world);
  }

  /** Stops Nod once nothing is under way: what is missing then would not have come later. */
  const settled = () =>
    settle(world, {
      stop: () => app[Symbol.asyncDispose](),
      start: async () => {
        app = await launch(world);
      },
    });

  /** The publishes of which TikTok has received anything. */
  const fed = () => tiktok.state.publishes.filter(({ fetches }) => fetches.some(({ bytes }) => bytes > 0));

  const say = (text: string, replyTo?: Message) =>
    telegram.sendText(anaChat, ana, text, replyTo === undefined ? {} : { replyTo });

  const cards = () => telegram.botMessages(anaChat);
  const kept = stack.move();
  return {
    world,
    telegram,
    tiktok,
    ana,
    anaChat,
    card,
    shows,
    draft,
    tap,
    choose,
    post,
    sendAlbum,
    sendFile,
    restart,
    settled,
    fed,
    say,
    cards,
    /** Disposing also asserts that neither platform saw anything careless. */
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
      expect(telegram.state.lint).toEqual([]);
      expect(tiktok.state.lint).toEqual([]);
    },
  };
}

const inProcess = (world: World): Promise<AsyncDisposable> => world.start();

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export const bytesOf = (name: string): Promise<Buffer> => readFile(fixture(name));

const nameOf = (path: string): string => path.split('/').at(-1) ?? path;

const asDocument = (name: string): AlbumItem => ({
  type: 'document',
  path: fixture(name),
  mimeType: mimeTypeOf(name),
});

const MIME_TYPES: Record<string, string> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
};

function mimeTypeOf(name: string): string {
  return MIME_TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
}

function fits(choice: Choice): (message: Message) => boolean {
  if (typeof choice === 'function') return choice;
  return (message) =>
    typeof choice === 'string' ? textOf(message).includes(choice) : choice.test(textOf(message));
}

function isDraft(message: Message): boolean {
  const isReady = !/ {2}(on the way|being prepared)/.test(textOf(message));
  return isReady && buttonsOf(message).some((label) => /Discard/.test(label));
}

/** The link to a post, once TikTok has told its id. */
export const LINK = /https:\/\/www\.tiktok\.com\/@studio\.ana\/(photo|video)\/\d{19}/;
