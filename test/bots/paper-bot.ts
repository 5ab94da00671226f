import {
  type Bot,
  type Card,
  ChatClosedError,
  MessageGoneError,
  type MessageRef,
  shownPicture,
} from '../../src/bots/platform.ts';
import type { ChatRef, Obstacle, Person } from '../../src/core/people.ts';
import type { Electorate, Member, VoteChoice } from '../../src/core/review/review.ts';
import { createWatch, PATIENCE_MS } from '../emulators/watch.ts';

interface PaperMessage {
  readonly ref: MessageRef;
  readonly onceKey?: string | undefined;
  /** As sent, then as after each edit. */
  readonly versions: { readonly card: Card; readonly at: number }[];
}

interface PaperOptions {
  readonly onceKeyMs?: number;
  readonly platform?: Bot['platform'];
  /** What people are; everybody manages unless it says otherwise. */
  readonly standingOf?: (person: Person, chat: ChatRef) => Member;
  /** Who manages; nobody knows unless it says otherwise. */
  readonly managers?: (chat: ChatRef) => Electorate;
  /** Whether reactions reach us. */
  readonly hears?: boolean;
  /** Whether people can be told alone. */
  readonly whispers?: boolean;
  /** Whether the platform answers at all, asked without effect. */
  readonly isReachable?: () => boolean;
}

const MANAGER: Member = { isMember: true, isManager: true, roles: [] };

/** A chat platform that keeps its messages on paper and fails when told to. */
export function createPaperBot(options: PaperOptions = {}) {
  const { onceKeyMs = 0, platform = 'telegram', hears = true, whispers = true } = options;
  const { standingOf = () => MANAGER, isReachable = () => true } = options;
  const { managers = () => ({ people: [], isComplete: false }) } = options;
  const messages: PaperMessage[] = [];
  const marks = new Map<string, readonly VoteChoice[]>();
  const whispered: { readonly person: Person; readonly card: Card }[] = [];
  const failures: { readonly error: Error; readonly arrives: boolean }[] = [];
  /** What keeps us out of chats; edits still go where only sending is forbidden. */
  const closed = new Map<ChatRef, Obstacle>();
  let refusals = 0;
  let isAway = false;
  /** How often we were asked whether anybody is there. */
  let questions = 0;
  const removed: string[] = [];
  const watch = createWatch();

  /** The next send or edit fails; what `arrives` is done all the same. */
  function fail(error: Error, { arrives = false } = {}): void {
    failures.push({ error, arrives });
  }

  /** Keeps messages, or with the right `pictures` only those with one, from a chat; undefined lifts it. */
  function close(chat: ChatRef, obstacle: Obstacle | undefined): void {
    if (obstacle === undefined) closed.delete(chat);
    else closed.set(chat, obstacle);
  }

  function checkMaySend(chat: ChatRef, card: Card): void {
    const obstacle = closed.get(chat);
    if (obstacle === undefined) return;
    const isPictureOnly =
      obstacle.type === 'rights' && obstacle.missing.every((right) => right === 'pictures');
    if (isPictureOnly && shownPicture(card) === undefined) return;
    refusals += 1;
    throw new ChatClosedError('The paper is not to be had here.', obstacle);
  }

  function perform<T>(act: () => T): T {
    const failure = failures.shift();
    try {
      if (failure === undefined) return act();
      if (failure.arrives) act();
      throw failure.error;
    } finally {
      queueMicrotask(watch.changed);
    }
  }

  const bot: Bot = {
    platform,
    composesInPrivate: false,
    start: async () => {},
    stop: async () => {},
    connection: () => 'connected',
    async isReachable() {
      questions += 1;
      queueMicrotask(watch.changed);
      return !isAway && isReachable();
    },
    async send(chat, card, { onceKey } = {}) {
      return perform(() => {
        checkMaySend(chat, card);
        const version = { card, at: Date.now() };
        const known = messages.find(
          (one) => onceKeyMs > 0 && onceKey !== undefined && one.onceKey === onceKey,
        );
        known?.versions.push(version);
        if (known !== undefined) return known.ref;
        const picture = shownPicture(card);
        const own = { chat, id: String(messages.length + 1) };
        const ref = picture === undefined ? own : { ...own, picture: picture.key };
        messages.push({ ref, onceKey, versions: [version] });
        return ref;
      });
    },
    async edit(ref, card) {
      return perform(() => {
        if (shownPicture(card) !== undefined && ref.picture === undefined) checkMaySend(ref.chat, card);
        const message = messages.find((one) => one.ref.id === ref.id);
        if (message === undefined) throw new MessageGoneError('The paper is lost.');
        message.versions.push({ card, at: Date.now() });
        return ref;
      });
    },
    fingerprintOf: textOf,
    readCopy: async (ref) => textOf(messages.find((one) => one.ref.id === ref.id)?.versions.at(-1)?.card),
    messageUrl: () => undefined,
    chatUrl: () => undefined,
    remove: async (ref) => perform(() => void removed.push(ref.id)),
    openFile: () => Promise.reject(new Error('There are no files on paper.')),
    fetchMember: async (chat, person) => standingOf(person, chat),
    fetchManagers: async (chat) => managers(chat),
    addReactions: async (ref, put) => perform(() => void marks.set(ref.id, put)),
    receivesReactions: async () => hears,
    fetchObstacle: async (chat) => closed.get(chat),
    examine: async ({ chat = '' }) => ({ name: 'Paper', fault: closed.get(chat) }),
    tellPrivately: async (_, person, card) => {
      if (whispers) whispered.push({ person, card });
      return whispers;
    },
    privateChat: async ({ id }) => id,
    openUrl: () => undefined,
    editPauseMs: () => 0,
    onceKeyMs,
  };

  const until = <T>(read: () => T | undefined): Promise<T> =>
    watch.until(read, { timeoutMs: PATIENCE_MS, onTimeout: () => new Error(`It did not come:\n${show()}`) });

  /** Every message as it stands. */
  const show = (): string[] => messages.map(({ versions }) => textOf(versions.at(-1)?.card));

  return {
    bot,
    messages,
    /** Our own reactions, by the id of the message. */
    marks,
    whispered,
    /** The ids of the messages that were taken away. */
    removed,
    fail,
    close,
    /** How many messages a closed chat has refused. */
    sendsRefused: () => refusals,
    /** Harmless questions get no answer. */
    setAway(value: boolean): void {
      isAway = value;
    },
    /** Resolves when a harmless question was asked. */
    asked: () => until(() => (questions > 0 ? true : undefined)),
    show,
    until,
    /** Resolves when exactly these messages stand in the chat. */
    shows: (...texts: string[]) => until(() => (show().join('|') === texts.join('|') ? true : undefined)),
    /** Resolves when all failures have been met. */
    failed: () => until(() => (failures.length === 0 ? true : undefined)),
  };
}

export type PaperBot = ReturnType<typeof createPaperBot>;

/** A card of one line. */
export const paper = (text: string): Card => ({ lines: [[text]], rows: [] });

/** What a card says, without its buttons. */
export function textOf(card: Card | undefined): string {
  const lines = card?.lines.map((line) =>
    line.map((span) => (typeof span === 'string' ? span : span.text)).join(''),
  );
  return lines?.join('\n') ?? '';
}
