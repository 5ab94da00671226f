import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/publish/post.ts';
import {
  type Bot,
  type Card,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  type MessageRef,
} from '../platform.ts';
import type { CardRecords } from './card-index.ts';
import { createShowing, type Doubts, isTooDoubtful, type Rendering } from './show-card.ts';

/** The work on one subject's card. */
interface Easel {
  /** No edit before then: the last one is too recent for the chat. */
  restsUntil: number;
  /** The chat asked to wait until then, or did not answer. */
  blockedUntil: number;
  failures: number;
  readonly doubts: Doubts;
  /** Nobody knows whether the card has arrived, so only a person's doing has it sent again. */
  isLost: boolean;
  /** The chat does not let us show it. */
  isShut: boolean;
  isStale: boolean;
  /** A person has done something since the drawing began. */
  isAwaited: boolean;
  instead?: { readonly card: Card; readonly forGood: boolean } | undefined;
  timer?: NodeJS.Timeout | undefined;
  drawing?: Promise<void> | undefined;
}

/** The first card waits this long for the rest of an album. */
const GATHER_MS = 400;
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000, 30_000, 60_000];
const MAX_STOP_MS = 5_000;

/**
 * Keeps one card for each subject: sent once, then edited in place, no oftener than the chat likes and always to the
 * newest state. A card that is gone is sent anew; rendering twice is harmless, and failing to render changes nothing
 * else.
 */
export function createBoard({
  records,
  botFor,
  render,
  onClosed = () => {},
  editPauseMs,
  now,
  log,
}: {
  records: CardRecords;
  botFor: (chat: ChatRef) => Bot;
  /** Undefined when the subject is gone; its card then stays as it is. */
  render: (subject: string) => Promise<Rendering | undefined>;
  /** Told when a card cannot stand in its chat. */
  onClosed?: (subject: string) => void;
  /** In place of what the chat platforms ask for. */
  editPauseMs?: number;
  now: () => number;
  log: Logger;
}) {
  const showing = createShowing({ records, botFor, now, log });
  const easels = new Map<string, Easel>();
  let stopping = false;

  /** Says that the subject may look different now; `soon` when a person waits for it. */
  function touch(subject: string, { soon = false }: { soon?: boolean } = {}): void {
    const easel = easelOf(subject, soon ? 0 : GATHER_MS);
    if (!easel.instead?.forGood) easel.instead = undefined;
    disturb(subject, easel, soon);
  }

  /** Shows a card in place of the subject's own, until the subject changes or `forGood`; never sends one. */
  function showInstead(subject: string, card: Card, { forGood = false } = {}): void {
    const easel = easelOf(subject);
    easel.instead = { card, forGood };
    disturb(subject, easel, true);
  }

  /** Shows what a chat did not take, because it may take it now. */
  function retry(): void {
    for (const [subject, easel] of easels) if (easel.isShut) disturb(subject, easel, false);
  }

  function easelOf(subject: string, gatherMs = 0): Easel {
    const known = easels.get(subject);
    if (known !== undefined) return known;
    const fresh = {
      restsUntil: now() + gatherMs,
      ...{ blockedUntil: 0, failures: 0, doubts: new Map() },
      ...{ isLost: false, isShut: false, isStale: false, isAwaited: false },
    };
    easels.set(subject, fresh);
    return fresh;
  }

  function disturb(subject: string, easel: Easel, soon: boolean): void {
    if (easel.isLost && !soon) return;
    if (easel.isLost) easel.doubts.clear();
    easel.isLost = false;
    easel.isStale = true;
    easel.isAwaited ||= soon;
    if (easel.drawing === undefined) plan(subject, easel);
  }

  function plan(subject: string, easel: Easel): void {
    clearTimeout(easel.timer);
    if (stopping) return;
    const at = Math.max(easel.restsUntil, easel.blockedUntil);
    easel.timer = setTimeout(draw, Math.max(0, at - now()), subject, easel);
  }

  function draw(subject: string, easel: Easel): void {
    easel.isStale = false;
    easel.isAwaited = false;
    easel.drawing = drawNow(subject, easel).finally(() => {
      easel.drawing = undefined;
      if (easel.isStale) plan(subject, easel);
      else if (!easel.isLost && !easel.isShut) forgetLater(subject, easel);
    });
  }

  async function drawNow(subject: string, easel: Easel): Promise<void> {
    try {
      const rendering = await renderOrInstead(subject, easel);
      if (rendering !== undefined) {
        const edited = await showing.show(subject, rendering, easel.doubts);
        if (edited !== undefined) easel.restsUntil = now() + pauseAfter(edited);
      }
      easel.failures = 0;
      easel.isShut = false;
      easel.doubts.clear();
    } catch (error) {
      easel.isShut = error instanceof ChatClosedError;
      doubt(easel);
      if (error instanceof ChatClosedError) onClosed(subject);
      const delayMs = retryDelayMs(error, easel);
      if (delayMs === undefined) {
        log.warn({ err: error }, 'A card could not be shown; it is left as it is for now');
        return;
      }
      easel.failures += 1;
      easel.isStale = true;
      easel.blockedUntil = now() + delayMs;
      log.warn({ err: error, delayMs }, 'A card could not be shown; it is tried again');
    }
  }

  /** What may have arrived twice is not sent again before a person wants to see it. */
  function doubt(easel: Easel): void {
    if (!isTooDoubtful(easel.doubts)) return;
    easel.doubts.clear();
    easel.isLost = !easel.isAwaited;
    easel.isStale = easel.isAwaited;
  }

  function pauseAfter(message: MessageRef): number {
    return editPauseMs ?? botFor(message.chat).editPauseMs(message, now());
  }

  async function renderOrInstead(subject: string, { instead }: Easel): Promise<Rendering | undefined> {
    if (instead === undefined) return render(subject);
    const message = await records.messageOf(subject);
    return message && { chat: message.chat, card: instead.card, isForAll: message.isPrivate !== true };
  }

  /** An idle subject needs no memory once its rest is over. */
  function forgetLater(subject: string, easel: Easel): void {
    const delayMs = Math.max(0, easel.restsUntil - now());
    if (!stopping) easel.timer = setTimeout(() => easels.delete(subject), delayMs);
  }

  /** Shows what still is to be shown, without waiting for the rest, and stops. */
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

  return { touch, showInstead, retry, stop };
}

export type Board = ReturnType<typeof createBoard>;

/** Undefined when trying again does not help, or might say twice over what was said already. */
function retryDelayMs(error: unknown, { failures, isLost }: Easel): number | undefined {
  if (isLost || error instanceof ChatClosedError) return undefined;
  if (error instanceof ChatBusyError) return error.retryAfterMs;
  const next = RETRY_DELAYS_MS[failures];
  return error instanceof ChatUnreachableError ? (next ?? RETRY_DELAYS_MS.at(-1)) : next;
}
