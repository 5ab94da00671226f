import { type Bot, type Card, MessageGoneError, type MessageRef } from '../../src/bots/platform.ts';
import type { ChatRef, Person } from '../../src/core/people.ts';
import type { Member, VoteChoice } from '../../src/core/review/review.ts';
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
  const messages: PaperMessage[] = [];
  const marks = new Map<string, readonly VoteChoice[]>();
  const whispered: { readonly person: Person; readonly card: Card }[] = [];
  const failures: { readonly error: Error; readonly arrives: boolean }[] = [];
  const watch = createWatch();

  /** The next send or edit fails; what `arrives` is done all the same. */
  function fail(error: Error, { arrives = false } = {}): void {
    failures.push({ error, arrives });
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
    isReachable: async () => isReachable(),
    async send(chat, card, { onceKey } = {}) {
      return perform(() => {
        const version = { card, at: Date.now() };
        const known = messages.find(
          (one) => onceKeyMs > 0 && onceKey !== undefined && one.onceKey === onceKey,
        );
        known?.versions.push(version);
        if (known !== undefined) return known.ref;
        const ref = { chat, id: String(messages.length + 1) };
        messages.push({ ref, onceKey, versions: [version] });
        return ref;
      });
    },
    async edit(ref, card) {
      return perform(() => {
        const message = messages.find((one) => one.ref.id === ref.id);
        if (message === undefined) throw new MessageGoneError('The paper is lost.');
        message.versions.push({ card, at: Date.now() });
        return ref;
      });
    },
    remove: async () => {},
    openFile: () => Promise.reject(new Error('There are no files on paper.')),
    fetchMember: async (chat, person) => standingOf(person, chat),
    addReactions: async (ref, put) => perform(() => void marks.set(ref.id, put)),
    receivesReactions: async () => hears,
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
    fail,
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
