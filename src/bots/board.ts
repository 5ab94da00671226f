import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { ChatRef } from '../core/post.ts';
import type { Store, Versioned } from '../core/stores.ts';
import {
  type Bot,
  type Card,
  ChatBusyError,
  ChatClosedError,
  MessageGoneError,
  type MessageRef,
} from './bot.ts';

/** Where a subject's card stands, and what it shows. */
export interface CardRecord extends Versioned {
  readonly message: MessageRef;
  readonly shownHash: string;
  /** Which ending was told in a message of its own. */
  readonly toldEnding?: string;
}

/** Which subject a message of ours is about: a card, or a question that we asked. */
export interface Anchor extends Versioned {
  readonly subject: string;
}

/** What a subject looks like now. */
export interface Rendering {
  readonly chat: ChatRef;
  readonly card: Card;
  /** Told once in a message of its own, so that a phone buzzes; a new key is a new ending. */
  readonly ending?: { readonly key: string; readonly card: Card };
}

/** The work on one subject's card. */
interface Easel {
  editedAt: number;
  failures: number;
  isStale: boolean;
  timer?: NodeJS.Timeout | undefined;
  drawing?: Promise<void> | undefined;
}

/** The first card waits this long for the rest of an album. */
const GATHER_MS = 400;
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000, 30_000, 60_000];

/**
 * Keeps one card for each subject: sent once, then edited in place, at most once per interval and always to the newest
 * state. A card that is gone is sent anew; rendering twice is harmless, and failing to render changes nothing else.
 */
export function createBoard({
  cards,
  anchors,
  botFor,
  render,
  intervalMs = 3_000,
  now,
  log,
}: {
  cards: Store<CardRecord>;
  anchors: Store<Anchor>;
  botFor: (chat: ChatRef) => Bot;
  /** Undefined when the subject is gone; its card then stays as it is. */
  render: (subject: string) => Promise<Rendering | undefined>;
  intervalMs?: number;
  now: () => number;
  log: Logger;
}) {
  const easels = new Map<string, Easel>();
  let stopping = false;

  /** Says that the subject may look different now; `soon` when a person waits for it. */
  function touch(subject: string, { soon = false }: { soon?: boolean } = {}): void {
    if (stopping) return;
    const easel: Easel = easels.get(subject) ?? { editedAt: 0, failures: 0, isStale: true };
    const isNew = !easels.has(subject);
    easels.set(subject, easel);
    easel.isStale = true;
    if (easel.drawing !== undefined || (easel.timer !== undefined && !soon)) return;
    clearTimeout(easel.timer);
    plan(subject, easel, isNew && !soon ? GATHER_MS : easel.editedAt + intervalMs - now());
  }

  function plan(subject: string, easel: Easel, delayMs: number): void {
    if (!stopping) easel.timer = setTimeout(draw, Math.max(0, delayMs), subject);
  }

  function draw(subject: string): void {
    const easel = easels.get(subject);
    if (easel === undefined || easel.drawing !== undefined) return;
    easel.timer = undefined;
    easel.isStale = false;
    easel.drawing = drawNow(subject, easel).finally(() => {
      easel.drawing = undefined;
      if (easel.isStale) plan(subject, easel, easel.editedAt + intervalMs - now());
      else if (easel.timer === undefined) forgetLater(subject, easel);
    });
  }

  async function drawNow(subject: string, easel: Easel): Promise<void> {
    try {
      const rendering = await render(subject);
      if (rendering !== undefined) await show(subject, rendering, easel);
      easel.failures = 0;
    } catch (error) {
      if (error instanceof ChatClosedError) {
        log.info({ err: error }, 'A card cannot be shown: the chat is closed to the bot');
        return;
      }
      const delayMs =
        error instanceof ChatBusyError
          ? error.retryAfterMs
          : (RETRY_DELAYS_MS[Math.min(easel.failures, RETRY_DELAYS_MS.length - 1)] ?? 0);
      easel.failures += 1;
      log.warn({ err: error, delayMs }, 'A card could not be shown; it is tried again');
      plan(subject, easel, delayMs);
    }
  }

  async function show(subject: string, { chat, card, ending }: Rendering, easel: Easel): Promise<void> {
    const shownHash = hashOf(card);
    let record = await cards.get(subject);
    if (record?.shownHash !== shownHash) {
      easel.editedAt = now();
      const message = await sendOrEdit(chat, card, record?.message);
      record = await save(subject, record, { message, shownHash, ...endingOf(record) });
    }
    if (ending === undefined || record === undefined || record.toldEnding === ending.key) return;
    await botFor(chat).send(chat, ending.card, { replyTo: record.message });
    await cards.update(subject, (current) => ({ ...current, toldEnding: ending.key }));
  }

  async function sendOrEdit(chat: ChatRef, card: Card, message: MessageRef | undefined): Promise<MessageRef> {
    const bot = botFor(chat);
    if (message !== undefined) {
      try {
        return await bot.edit(message, card);
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    }
    return bot.send(chat, card, { silent: true });
  }

  async function save(
    subject: string,
    before: CardRecord | undefined,
    record: Omit<CardRecord, 'version'>,
  ): Promise<CardRecord | undefined> {
    if (before?.message.id !== record.message.id) await anchor(record.message, subject);
    return (await cards.create(subject, record)) ?? (await cards.update(subject, () => record));
  }

  /** Remembers which subject a message is about, so that a reply to it is understood. */
  async function anchor(message: MessageRef, subject: string): Promise<void> {
    await anchors.create(anchorKey(message), { subject });
  }

  /** The subject of a message of ours; undefined for any other message. */
  async function subjectOf(message: MessageRef): Promise<string | undefined> {
    return (await anchors.get(anchorKey(message)))?.subject;
  }

  async function messageOf(subject: string): Promise<MessageRef | undefined> {
    return (await cards.get(subject))?.message;
  }

  /** Shows a card in place of the subject's own, until the subject changes. */
  async function showInstead(subject: string, card: Card): Promise<void> {
    const record = await cards.get(subject);
    if (record === undefined) return;
    const message = await sendOrEdit(record.message.chat, card, record.message);
    await save(subject, record, { message, shownHash: hashOf(card), ...endingOf(record) });
  }

  /** An idle subject needs no memory once its interval is over. */
  function forgetLater(subject: string, easel: Easel): void {
    if (stopping) return;
    easel.timer = setTimeout(() => {
      easel.timer = undefined;
      if (easel.isStale) draw(subject);
      else easels.delete(subject);
    }, intervalMs);
  }

  /** Shows what still is to be shown, without waiting for the interval, and stops. */
  async function stop(): Promise<void> {
    stopping = true;
    const open = [...easels].map(async ([subject, easel]) => {
      clearTimeout(easel.timer);
      await easel.drawing;
      if (easel.isStale) await drawNow(subject, easel);
    });
    await Promise.all(open);
  }

  return { touch, showInstead, anchor, subjectOf, messageOf, stop };
}

export type Board = ReturnType<typeof createBoard>;

function anchorKey({ chat, id }: MessageRef): string {
  return `${chat} ${id}`;
}

function endingOf(record: CardRecord | undefined) {
  return record?.toldEnding === undefined ? {} : { toldEnding: record.toldEnding };
}

function hashOf(card: Card): string {
  const { picture, lines, rows } = card;
  return createHash('sha256')
    .update(JSON.stringify([picture?.key, lines, rows]))
    .digest('base64url');
}
