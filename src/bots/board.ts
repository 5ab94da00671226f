import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ChatRef } from '../core/post.ts';
import { type Bot, type Card, ChatBusyError, ChatClosedError, ChatUnreachableError } from './bot.ts';
import type { CardRecords } from './card-records.ts';
import { createShowing, type Doubts, isTooDoubtful, type Rendering } from './showing.ts';

/** The work on one subject's card. */
interface Easel {
  editedAt: number;
  /** The chat asked to wait until then, or did not answer. */
  blockedUntil: number;
  failures: number;
  readonly doubts: Doubts;
  /** Nobody knows whether the card has arrived, so only a person's doing has it sent again. */
  isLost: boolean;
  isStale: boolean;
  /** A person waits for it. */
  isUrgent: boolean;
  instead?: { readonly card: Card; readonly forGood: boolean } | undefined;
  timer?: NodeJS.Timeout | undefined;
  drawing?: Promise<void> | undefined;
}

/** The first card waits this long for the rest of an album. */
const GATHER_MS = 400;
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000, 30_000, 60_000];
const MAX_STOP_MS = 5_000;

/**
 * Keeps one card for each subject: sent once, then edited in place, at most once per interval and always to the newest
 * state. A card that is gone is sent anew; rendering twice is harmless, and failing to render changes nothing else.
 *
 * What a person waits for is shown after a third of the interval.
 */
export function createBoard({
  records,
  botFor,
  render,
  intervalMs = 3_000,
  now,
  log,
}: {
  records: CardRecords;
  botFor: (chat: ChatRef) => Bot;
  /** Undefined when the subject is gone; its card then stays as it is. */
  render: (subject: string) => Promise<Rendering | undefined>;
  intervalMs?: number;
  now: () => number;
  log: Logger;
}) {
  const showing = createShowing({ records, botFor, log });
  const easels = new Map<string, Easel>();
  let stopping = false;

  /** Says that the subject may look different now; `soon` when a person waits for it. */
  function touch(subject: string, { soon = false }: { soon?: boolean } = {}): void {
    const easel = easelOf(subject);
    if (!easel.instead?.forGood) easel.instead = undefined;
    disturb(subject, easel, soon);
  }

  /** Shows a card in place of the subject's own, until the subject changes or `forGood`; never sends one. */
  function showInstead(subject: string, card: Card, { forGood = false } = {}): void {
    const easel = easelOf(subject);
    easel.instead = { card, forGood };
    disturb(subject, easel, true);
  }

  function easelOf(subject: string): Easel {
    const known = easels.get(subject);
    if (known !== undefined) return known;
    const fresh = {
      // As if it had been edited just long enough ago for the next edit to follow the gathering.
      editedAt: now() + GATHER_MS - intervalMs,
      ...{ blockedUntil: 0, failures: 0, doubts: new Map() },
      ...{ isLost: false, isStale: false, isUrgent: false },
    };
    easels.set(subject, fresh);
    return fresh;
  }

  function disturb(subject: string, easel: Easel, soon: boolean): void {
    if (easel.isLost && !soon) return;
    if (easel.isLost) easel.doubts.clear();
    easel.isLost = false;
    easel.isStale = true;
    easel.isUrgent ||= soon;
    if (easel.drawing === undefined) plan(subject, easel);
  }

  function plan(subject: string, easel: Easel): void {
    clearTimeout(easel.timer);
    if (stopping) return;
    const pauseMs = easel.isUrgent ? intervalMs / 3 : intervalMs;
    const at = Math.max(easel.editedAt + pauseMs, easel.blockedUntil);
    easel.timer = setTimeout(draw, Math.max(0, at - now()), subject, easel);
  }

  function draw(subject: string, easel: Easel): void {
    easel.isStale = false;
    easel.isUrgent = false;
    easel.drawing = drawNow(subject, easel).finally(() => {
      easel.drawing = undefined;
      if (easel.isStale) plan(subject, easel);
      else if (!easel.isLost) forgetLater(subject, easel);
    });
  }

  async function drawNow(subject: string, easel: Easel): Promise<void> {
    try {
      const rendering = await renderOrInstead(subject, easel);
      easel.editedAt = now();
      if (rendering !== undefined) await showing.show(subject, rendering, easel.doubts);
      easel.failures = 0;
      easel.doubts.clear();
    } catch (error) {
      easel.isLost = isTooDoubtful(easel.doubts);
      const delayMs = retryDelayMs(error, easel);
      if (delayMs === undefined) {
        log.warn({ err: error }, 'A card could not be shown; it is left as it is until it changes');
        return;
      }
      easel.failures += 1;
      easel.isStale = true;
      easel.blockedUntil = now() + delayMs;
      log.warn({ err: error, delayMs }, 'A card could not be shown; it is tried again');
    }
  }

  async function renderOrInstead(subject: string, { instead }: Easel): Promise<Rendering | undefined> {
    if (instead === undefined) return render(subject);
    const message = await records.messageOf(subject);
    return message && { chat: message.chat, card: instead.card };
  }

  /** An idle subject needs no memory once its interval is over. */
  function forgetLater(subject: string, easel: Easel): void {
    if (!stopping) easel.timer = setTimeout(() => easels.delete(subject), intervalMs);
  }

  /** Shows what still is to be shown, without waiting for the interval, and stops. */
  async function stop(): Promise<void> {
    stopping = true;
    const open = [...easels].map(async ([subject, easel]) => {
      clearTimeout(easel.timer);
      await easel.drawing;
      if (easel.isStale && easel.blockedUntil <= now()) await drawNow(subject, easel);
    });
    // A chat that does not answer must not keep the process; the next start shows what this one could not.
    await Promise.race([Promise.all(open), delay(MAX_STOP_MS, undefined, { ref: false })]);
  }

  return { touch, showInstead, stop };
}

export type Board = ReturnType<typeof createBoard>;

/** Undefined when trying again does not help, or might say twice over what was said already. */
function retryDelayMs(error: unknown, { failures, isLost }: Easel): number | undefined {
  if (isLost || error instanceof ChatClosedError) return undefined;
  if (error instanceof ChatBusyError) return error.retryAfterMs;
  const next = RETRY_DELAYS_MS[failures];
  return error instanceof ChatUnreachableError ? (next ?? RETRY_DELAYS_MS.at(-1)) : next;
}
