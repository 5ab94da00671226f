import { setTimeout as delay } from 'node:timers/promises';
import type { Update } from 'grammy/types';
import type { Logger } from 'pino';
import { createSteadyClock } from '../../core/steady-clock.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import { createPerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import { ChatBusyError, ChatUnreachableError } from '../platform.ts';

interface Waiting {
  readonly state: 'waiting';
  readonly update: Update;
  readonly receivedAt: number;
  /** Its place among all that came; absent in updates from before it was kept. */
  readonly order?: number;
  /** Begun ones; the first is counted when the update comes. */
  readonly tries: number;
}

/** An update, kept until it is handled; afterwards only that it was, so that it is known when it comes again. */
export type InboxRecord = Versioned & (Waiting | { readonly state: 'done'; readonly doneAt: number });

const MAX_TRIES = 3;
const RETRY_MS = 300;
const MAX_PAUSE_MS = 15_000;
/** What waits behind an update should not wait for ever. */
const PATIENCE_MS = 10 * 60_000;
/** Telegram repeats an update for at most 24 hours. */
const KEPT_MS = 25 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

/** Gets each update with the time at which it was received first, in epoch milliseconds. */
type Handler = (update: Update, receivedAt: number) => Promise<void>;

interface InboxOptions {
  readonly store: Store<InboxRecord>;
  readonly log: Logger;
  readonly now: () => number;
  /** The name that a chat keeps when its id changes. */
  readonly firstIdOf: (chatId: number) => number;
}

/**
 * Keeps every update on disk before Telegram is told that it has come, and handles each at least once.
 *
 * A set of ids and no high-water mark: updates may come out of order and twice.
 */
export function createInbox({ store, log, now, firstIdOf }: InboxOptions) {
  const chatQueue = createPerChatQueue();
  let handle: Handler | undefined;
  const closing = new AbortController();
  let closed = false;
  const steadyNow = createSteadyClock(now);
  let sweptAt = 0;
  let lastOrder = 0;

  /** Hands out what is left from last time, oldest first, then whatever is accepted. */
  async function open(handler: Handler): Promise<void> {
    handle = handler;
    const left: Waiting[] = [];
    for await (const [, record] of store.entries()) if (record.state === 'waiting') left.push(record);
    // Ids run on by one, but begin anew at random after a quiet week.
    left.sort(
      (a, b) =>
        (a.order ?? 0) - (b.order ?? 0) ||
        a.receivedAt - b.receivedAt ||
        a.update.update_id - b.update.update_id,
    );
    lastOrder = left.at(-1)?.order ?? 0;
    for (const { update } of left) inTurn(update, () => run(update));
    if (left.length > 0) log.info({ updates: left.length }, 'Taking up the updates of last time');
    await sweep();
  }

  /** Resolves when the update is on disk; one that is known already is dropped. */
  async function accept(update: Update): Promise<void> {
    if (closed) throw new Error('The inbox is closed.');
    lastOrder += 1;
    const waiting = { state: 'waiting' as const, update, receivedAt: now(), order: lastOrder, tries: 1 };
    const accepted = await store.create(keyOf(update), waiting);
    if (accepted !== undefined) inTurn(update, () => run(update, accepted));
    if (steadyNow() - sweptAt >= SWEEP_EVERY_MS) await sweep();
  }

  /** Handles an update of which nothing may be kept, as those of strangers: in its turn, once, and forgotten in a crash. */
  function pass(update: Update): void {
    if (!closed) inTurn(update, () => handleOnce(update));
  }

  async function handleOnce(update: Update): Promise<void> {
    if (closed || handle === undefined) return;
    await handle(update, now()).catch((error: unknown) =>
      log.warn({ err: error, updateId: update.update_id }, 'An update that is not kept could not be handled'),
    );
  }

  /** Finishes what is being handled; what still waits is handled at the next start. */
  async function close(): Promise<void> {
    closed = true;
    closing.abort();
    await chatQueue.idle();
  }

  const inTurn = (update: Update, task: () => Promise<void>): void =>
    chatQueue.run(String(firstIdOf(chatIdOf(update))), task);

  /** `counted`: the record of an update that has just come, whose first try is counted already. */
  async function run(update: Update, counted?: InboxRecord): Promise<void> {
    try {
      for (let tries = 1; !closed && handle !== undefined; tries += 1) {
        const record = tries === 1 && counted !== undefined ? counted : await countTry(update);
        if (record?.state !== 'waiting') break;
        const pauseMs = await attempt(handle, record, tries);
        if (pauseMs === undefined) break;
        await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
      }
    } catch (error) {
      log.error({ err: error, updateId: update.update_id }, 'The inbox could not be written');
    }
  }

  /** Counts the try before it begins, so that an update that kills the process does not do so for ever. */
  const countTry = (update: Update): Promise<InboxRecord | undefined> =>
    store.update(keyOf(update), (record) => {
      if (record.state === 'done') return undefined;
      if (record.tries >= MAX_TRIES) return { state: 'done', doneAt: now() };
      return { ...record, tries: record.tries + 1 };
    });

  /** How long to wait for the next try, in milliseconds; undefined when it is done. */
  async function attempt(
    handler: Handler,
    record: InboxRecord & Waiting,
    tries: number,
  ): Promise<number | undefined> {
    const { update, receivedAt } = record;
    try {
      await handler(update, receivedAt);
    } catch (error) {
      log.error({ err: error, updateId: update.update_id }, 'An update could not be handled');
      const outageMs = outageOf(error, tries);
      if (outageMs === undefined || !(await excuse(update))) return RETRY_MS * tries;
      return outageMs;
    }
    await store.update(keyOf(update), () => ({ state: 'done', doneAt: now() }), record);
    return undefined;
  }

  /** An outage of the chat's is no fault of the update: its try does not count, for some minutes. False after those. */
  async function excuse(update: Update): Promise<boolean> {
    const record = await store.update(keyOf(update), (current) =>
      current.state === 'waiting' && now() - current.receivedAt < PATIENCE_MS
        ? { ...current, tries: current.tries - 1 }
        : undefined,
    );
    return record?.state === 'waiting' && now() - record.receivedAt < PATIENCE_MS;
  }

  async function sweep(): Promise<void> {
    sweptAt = steadyNow();
    for await (const [key, record] of store.entries()) {
      if (record.state === 'done' && now() - record.doneAt > KEPT_MS) await store.delete(key);
    }
  }

  return { open, accept, pass, close, depth: chatQueue.depth };
}

/** How long to wait where the chat did not answer, or asked to wait; undefined for every other error. */
function outageOf(error: unknown, tries: number): number | undefined {
  if (error instanceof ChatBusyError) return error.retryAfterMs;
  return error instanceof ChatUnreachableError ? Math.min(RETRY_MS * 2 ** tries, MAX_PAUSE_MS) : undefined;
}

const keyOf = (update: Update): string => String(update.update_id).padStart(12, '0');

/** The chat that an update is about. */
export function chatIdOf(update: Update): number {
  const { message, edited_message, callback_query, message_reaction, my_chat_member } = update;
  const about = message ?? edited_message ?? callback_query?.message ?? message_reaction ?? my_chat_member;
  return about?.chat.id ?? 0;
}
