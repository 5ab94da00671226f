import { join } from 'node:path';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { type Anchor, type CardRecord, createCardIndex } from '../../../src/bots/cards/card-index.ts';
import { createChats } from '../../../src/bots/index.ts';
import type { Card, ChatEvent, ChatEventOf, MessageRef, Question } from '../../../src/bots/platform.ts';
import { createCore } from '../../../src/core/index.ts';
import { findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { createMediaStore } from '../../../src/core/media/store/local.ts';
import type { Person } from '../../../src/core/people.ts';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createTikTokClient } from '../../../src/core/tiktok/client.ts';
import { temporaryDirectory } from '../../core/media/files.ts';
import { NO_CHATS, WITHOUT_LIMITS } from '../../core/nod.ts';
import { createPaperBot, textOf } from '../paper-bot.ts';

const NOWHERE = 'http://127.0.0.1:9';
const NOW = Date.UTC(2026, 10, 22, 17, 2);
export const ANA: Person = { id: 'telegram:1', name: 'Ana' };
export const BEN: Person = { id: 'telegram:2', name: 'Ben' };
export const CHIARA: Person = { id: 'discord:30', name: 'Chiara' };

type Frame = Pick<ChatEvent, 'id' | 'chat' | 'workspace' | 'chatTitle' | 'isPrivate' | 'person' | 'reply'>;

const group = { id: '1', chat: 'telegram:-5', workspace: 'telegram:-5', chatTitle: 'Lab', isPrivate: false };
const server = {
  id: '1',
  chat: 'discord:10',
  workspace: 'discord:1',
  chatTitle: 'Studio',
  isPrivate: false,
};
const alone = { id: '1', chat: 'telegram:1', workspace: 'telegram:1', chatTitle: 'Ana', isPrivate: true };

/** Ana manages the group and Chiara the server; Ben manages nothing. */
export const LAB: Frame = { ...group, person: ANA };
export const LAB_AS_BEN: Frame = { ...group, person: BEN };
export const STUDIO: Frame = { ...server, person: CHIARA };
export const ALONE: Frame = { ...alone, person: ANA };

/** The whole of Nod but TikTok and the web, in a Telegram group and on a Discord server on paper. */
export async function startSettings({ whispers = true } = {}) {
  const directory = temporaryDirectory();
  const stores = openStores({ file: join(directory, 'nod.db') });
  const refusals: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void refusals.push(...refusedIn(line)) });
  const now = () => NOW;
  const standingOf = ({ id }: Person) => ({ isManager: id !== BEN.id, roles: [] });
  const telegram = createPaperBot({ standingOf, whispers });
  const discord = createPaperBot({ platform: 'discord', standingOf });
  const paperOf = (chat: string) => (chat.startsWith('discord:') ? discord : telegram);

  const client = createTikTokClient({ apiUrl: NOWHERE, clientKey: 'key', clientSecret: 'secret', now });
  const core = createCore({
    stores,
    client,
    findFfmpeg,
    mediaStore: createMediaStore({ directory: join(directory, 'media') }),
    publicUrl: NOWHERE,
    secretKey: 'a key',
    tiktok: { clientKey: 'key', authorizeUrl: NOWHERE },
    access: { isOpen: true },
    limits: WITHOUT_LIMITS,
    keepPostsMs: Number.POSITIVE_INFINITY,
    pacing: DEFAULT_PACING,
    chats: { ...NO_CHATS, fetchObstacle: (chat) => paperOf(chat).bot.fetchObstacle(chat) },
    now,
    log,
  });
  const { workspaces, joins, history } = core;
  const chats = createChats({
    core,
    bots: [telegram.bot, discord.bot],
    stores,
    publicUrl: NOWHERE,
    previewUrl: () => NOWHERE,
    isOpen: true,
    now,
    log,
  });
  const cardIndex = createCardIndex({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  onTestFinished(async () => {
    await chats.cardQueue.stop();
    await core.stop();
    await client.close();
    await stores.close();
  });

  /** @throws Refusal */
  async function receive(event: ChatEvent): Promise<void> {
    await chats.conversation.handle(event);
    const [code] = refusals.splice(0);
    if (code !== undefined) throw new Refusal(code);
  }

  for (const { workspace, chat, chatTitle, isPrivate } of [LAB, STUDIO, ALONE]) {
    await workspaces.meet({ workspace, chat, chatTitle, isPrivate });
    await workspaces.change(workspace, () => ({ timeZone: 'Europe/Berlin' }));
  }

  async function command(frame: Frame, name: string, more: { argument?: string; target?: Person } = {}) {
    await receive({ ...frame, type: 'command', name, argument: '', ...more });
  }

  /** A message that stands in the chat, such as a card that somebody presses on. */
  const stand = (frame: Frame, more: Partial<MessageRef> = {}): Promise<MessageRef> =>
    paperOf(frame.chat)
      .bot.send(frame.chat, { lines: [['card']], rows: [] })
      .then((message) => ({ ...message, ...more }));

  /** Presses a button; gives the note that the presser got. */
  async function press(
    frame: Frame,
    data: string,
    more: Partial<Omit<ChatEventOf<'press'>, 'isOnMessage'>> = {},
  ) {
    const notes: (string | undefined)[] = [];
    const answer = async (note?: string) => void notes.push(note);
    const message = more.message ?? (await stand(frame));
    const pressed = { ...frame, type: 'press' as const, press: data, message, isOnMessage: true, answer };
    await receive({ ...pressed, ...more });
    return notes[0];
  }

  /** Answers a question that was asked about a subject. */
  async function answer(frame: Frame, subject: string, text: string, reply?: MessageRef) {
    const event = { ...frame, type: 'text' as const, text, subject };
    await receive(reply === undefined ? event : { ...event, reply });
  }

  /** What the newest message of a chat shows. */
  function newest({ chat }: Frame): Card | undefined {
    const messages = paperOf(chat).messages.filter(({ ref }) => ref.chat === chat);
    return messages.at(-1)?.versions.at(-1)?.card;
  }

  async function told(frame: Frame): Promise<string[]> {
    const entries = await history.recent(await workspaces.idsOf(frame.workspace), 20);
    return entries.map(({ person, what, detail }) => `${person?.name} ${what} ${detail}`);
  }

  return {
    workspaces,
    joins,
    history,
    cardIndex,
    telegram,
    discord,
    command,
    press,
    answer,
    stand,
    newest,
    told,
    says: (frame: Frame) => textOf(newest(frame)),
    policyOf: async (frame: Frame) => (await workspaces.settingsOf(frame.workspace)).policy,
  };
}

/** What somebody did was refused, and they were told why. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`Refused: ${code}`);
    this.code = code;
  }
}

/** The code under which a line of the log says that something was refused. */
function refusedIn(line: string): string[] {
  const { msg, code } = JSON.parse(line);
  return msg === 'An event was refused' ? [code] : [];
}

/** The code of the problem that a person is told. */
export async function problemOf(doing: Promise<unknown>): Promise<string> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  throw new Error('There was no problem.');
}

/** A window that records what it asks. */
export function createWindow() {
  const asked: Question[] = [];
  return { asked, ask: async (question: Question) => void asked.push(question) };
}
