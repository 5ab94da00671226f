import { setTimeout as delay } from 'node:timers/promises';
import type { Update } from 'grammy/types';
import type { Logger } from 'pino';
import { backoffMs, retry } from '../../core/retry.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import { FencedError, RecordUnreadableError, type Store, type Versioned } from '../../core/storage/store.ts';
import { createPerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import { ChatBusyError, ChatUnreachableError } from '../platform.ts';

interface Waiting {
  readonly state: 'waiting';
  readonly update: Update;
  readonly receivedAt: number;
  /** Its place among all that came; absent in updates from before it was kept. */
  readonly order?: number;
  /** How often handling it has failed. */
  readonly tries: number;
  /**
   * In how many lives of Nod it was begun without an end that we know of: counted when it is begun, the first time when
   * it comes. Absent in updates from before it was kept.
   */
  readonly lives?: number;
}

/** An update, kept until it is handled; afterwards only that it was, so that it is known when it comes again. */
export type InboxRecord = Versioned & (Waiting | { readonly state: 'done'; readonly doneAt: number });

const MAX_TRIES = 3;
/** A process ends for many reasons, and seldom because of an update. */
const MAX_LIVES = 10;
/** Lives after which an update waits before it is begun once more, so that everything else has its turn. */
const LIVES_AT_ONCE = 3;
const RETRY_MS = 300;
const MAX_PAUSE_MS = 15_000;
/** What waits behind an update should not wait for ever. */
const PATIENCE_MS = 10 * 60_000;
/** Telegram repeats an update for at most 24 hours. */
const KEPT_MS = 25 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

type Counted = InboxRecord & Waiting;

/** Gets each update with the time at which it was received first, in epoch milliseconds. */
type Handler = (update: Update, receivedAt: number) => Promise<void>;

interface InboxOptions {
  readonly store: Store<InboxRecord>;
  readonly log: Logger;
  readonly now: () => number;
  /** The name that a chat keeps when its id changes. */
  readonly firstIdOf: (chatId: number) => number;
  /** Says in its chat that an update is given up. */
  readonly tellGivenUp: (update: Update) => Promise<void>;
}

/**
 * Keeps every update on disk before Telegram is told that it has come, and handles each at least once.
 *
 * A set of ids and no high-water mark: updates may come out of order and twice.
 */
export function createInbox({ store, log, now, firstIdOf, tellGivenUp }: InboxOptions) {
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
    const begun = { order: lastOrder, tries: 0, lives: 1 };
    const waiting = { state: 'waiting' as const, update, receivedAt: now(), ...begun };
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

  /** `counted`: the record of an update that has just come, in which its first life is counted already. */
  async function run(update: Update, counted?: InboxRecord): Promise<void> {
    try {
      let record = counted ?? (await countLife(update));
      for (let outages = 1; !closed && handle !== undefined && record?.state === 'waiting'; outages += 1) {
        const error = await attempt(handle, record);
        if (error === undefined) return;
        // An outage of the chat's is no fault of the update, for some minutes.
        const outageMs = outageOf(error, outages);
        const isExcused = outageMs !== undefined && now() - record.receivedAt < PATIENCE_MS;
        if (!isExcused) record = await countTry(record);
        if (record?.state === 'waiting') await wait(isExcused ? outageMs : RETRY_MS * record.tries);
      }
    } catch (error) {
      log.error({ err: error, updateId: update.update_id }, 'The inbox could not be written');
    }
  }

  /** Reads and writes for as long as the records are away: no update is to wait for the next start because of that. */
  const kept = <T>(call: () => Promise<T>): Promise<T> =>
    retry(call, {
      signal: closing.signal,
      pauseAfter(error, failures) {
        const isFinal = error instanceof FencedError || error instanceof RecordUnreadableError;
        if (closed || isFinal) return undefined;
        log.warn({ err: error }, 'The inbox could not be written yet');
        return backoffMs(failures);
      },
    });

  const wait = (ms: number): Promise<void> =>
    delay(ms, undefined, { signal: closing.signal }).catch(() => {});

  /**
   * Counts the life before it begins, so that an update that ends the process does not do so for ever; the later ones wait
   * longer and longer before. Undefined where the update is done or given up.
   */
  async function countLife(update: Update): Promise<InboxRecord | undefined> {
    const record = await kept(() => store.get(keyOf(update)));
    if (record?.state !== 'waiting') return undefined;
    const { tries, lives = 1 } = record;
    if (tries >= MAX_TRIES || lives >= MAX_LIVES) return giveUp(record);
    if (lives >= LIVES_AT_ONCE) await wait(1_000 * 2 ** (lives - LIVES_AT_ONCE));
    if (closed) return undefined;
    return kept(() => store.update(keyOf(update), () => ({ ...record, lives: lives + 1 }), record));
  }

  /** It has failed once more, and this life with it goes on. */
  async function countTry(record: Counted): Promise<InboxRecord | undefined> {
    const tries = record.tries + 1;
    if (tries >= MAX_TRIES) return giveUp(record);
    return kept(() => store.update(keyOf(record.update), () => ({ ...record, tries }), record));
  }

  async function giveUp(record: Counted): Promise<undefined> {
    const { update } = record;
    log.error({ updateId: update.update_id }, 'An update is given up');
    // First, since it may be what nobody hears of otherwise.
    await tellGivenUp(update).catch((error: unknown) =>
      log.warn({ err: error, updateId: update.update_id }, 'Nobody was told of an update that is given up'),
    );
    await finish(record);
  }

  const finish = (record: Counted) =>
    kept(() => store.update(keyOf(record.update), () => ({ state: 'done', doneAt: now() }), record));

  /** The error by which it has failed. */
  async function attempt(handler: Handler, record: Counted): Promise<unknown> {
    const { update, receivedAt } = record;
    try {
      await handler(update, receivedAt);
    } catch (error) {
      log.error({ err: error, updateId: update.update_id }, 'An update could not be handled');
      return error ?? new Error('An update has failed without an error.');
    }
    await finish(record);
    return undefined;
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
function outageOf(error: unknown, outages: number): number | undefined {
  if (error instanceof ChatBusyError) return error.retryAfterMs;
  return error instanceof ChatUnreachableError ? Math.min(RETRY_MS * 2 ** outages, MAX_PAUSE_MS) : undefined;
}

const keyOf = (update: Update): string => String(update.update_id).padStart(12, '0');

/** The chat that an update is about. */
export function chatIdOf(update: Update): number {
  const { message, edited_message, callback_query, message_reaction, my_chat_member } = update;
  const about = message ?? edited_message ?? callback_query?.message ?? message_reaction ?? my_chat_member;
  return about?.chat.id ?? 0;
}
