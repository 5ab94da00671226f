import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ChatRef, type Obstacle, wholeOf } from '../../core/people.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import {
  type Bot,
  type CallRank,
  type Card,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  type MessageRef,
  RANKS,
} from '../platform.ts';
import type { CardIndex } from './card-index.ts';
import { createCardLanes, firstOf } from './card-lanes.ts';
import type { Copies } from './copies.ts';
import { copiesIn, createShowCard, type Doubts, type Rendering } from './show-card.ts';
import { parseSubject } from './subjects.ts';

/** The work on one subject's card. */
interface CardState {
  /** No edit before then: the last one is too recent for the chat. */
  restsUntil: number;
  /** The chat asked to wait until then, or did not answer. */
  blockedUntil: number;
  failures: number;
  readonly doubts: Doubts;
  /** The chat does not let us show it. */
  isShut: boolean;
  isStale: boolean;
  /** What it goes by among the other cards of its chat; the last of ranks unless it is new. */
  rank: CallRank;
  /** What it shows next may be stopped for some seconds only, so it is shown although the last edit is recent. */
  isUrgent: boolean;
  /** An edit that nobody knows the outcome of may arrive after the next one. */
  mayBeOvertaken: boolean;
  instead?: Card;
  timer?: NodeJS.Timeout | undefined;
  drawing?: Promise<void> | undefined;
}

/** The first card waits this long for the rest of an album. */
const GATHER_MS = 400;
const RETRY_DELAYS_MS = [1_000, 3_000, 10_000, 30_000, 60_000];
/** A card that people must act on is rather shown twice than not at all; so often, and then no oftener than this. */
const MAX_COPIES = 4;
const COPY_PAUSE_MS = 10 * 60_000;
/** A request that was on its way in a network that is cut may arrive so long after the network is there again, as TCP tries ever more seldom: https://www.rfc-editor.org/rfc/rfc6298#section-5 */
const LATE_MS = 60_000;
const MAX_STOP_MS = 5_000;
/** So many cards are still shown when Nod stops, those first that people wait for; the next start shows the others. */
const MAX_AT_STOP = 50;

/**
 * Keeps one card for each subject: sent once, then edited in place, no oftener than the chat likes and always to the
 * newest state. A card that is gone is sent anew; rendering twice is harmless, and failing to render changes nothing
 * else.
 */
export function createCardQueue({
  cardIndex,
  copies,
  botFor,
  render,
  onClosed = () => {},
  onShown = () => {},
  onMoved = () => {},
  onFound = () => {},
  editPauseMs,
  lateMs = LATE_MS,
  now,
  log,
}: {
  cardIndex: CardIndex;
  copies: Pick<Copies, 'begin' | 'find'>;
  botFor: (chat: ChatRef) => Bot;
  /** Undefined when the subject is gone; its card then stays as it is. */
  render: (subject: string) => Promise<Rendering | undefined>;
  /** Told when a card can be shown nowhere. */
  onClosed?: (subject: string, obstacle: Obstacle) => void;
  /** Told when a card is as it should be. */
  onShown?: (subject: string) => void;
  /** Told when a card begins or ends to stand elsewhere than where it belongs. */
  onMoved?: (subject: string) => void;
  /** Told of a card in the chat that a crash had kept from being known. */
  onFound?: () => void;
  /** In place of what the chat platforms ask for. */
  editPauseMs?: number | undefined;
  /** How much later than ours an edit may arrive whose outcome is not known. */
  lateMs?: number | undefined;
  now: () => number;
  log: Logger;
}) {
  /** By which all pauses go. */
  const steadyNow = createSteadyClock(now);
  const showCard = createShowCard({ cardIndex, copies, botFor, onMoved, onFound, now: steadyNow, log });
  const cardStates = new Map<string, CardState>();
  /** Of cards that are shown once more. */
  const again = new Map<string, NodeJS.Timeout>();
  let overtakenUntil = Number.NEGATIVE_INFINITY;
  const lanes = createCardLanes({ pauseMs });
  let stopping = false;

  /**
   * Says that the subject may look different now: `soon` when that is news, `urgent` when for some seconds only. Somebody waits
   * for it unless it has changed `byItself`.
   */
  function touch(
    subject: string,
    {
      soon = false,
      urgent = false,
      byItself = false,
    }: { soon?: boolean; urgent?: boolean; byItself?: boolean } = {},
  ): void {
    const cardState = cardStateOf(subject, soon ? 0 : GATHER_MS);
    cardState.isUrgent ||= urgent;
    if (soon && !byItself) cardState.rank = 'person';
    disturb(subject, cardState, soon);
  }

  /** Shows the subject where its chat does not show it as it is now; resolves when that was looked at. */
  async function check(subject: string): Promise<void> {
    const known = cardStates.get(subject);
    if (stopping || known?.isStale) return;
    if (known?.drawing !== undefined) return touch(subject);
    const isShown = await render(subject)
      .then((rendering) => rendering === undefined || showCard.isShown(subject, rendering))
      .catch(() => false);
    if (isShown) onShown(subject);
    else touch(subject);
  }

  /**
   * Says that another process may have had edits under way when it was cut off: what is shown in the next time is shown once more,
   * after they can have come.
   */
  function expectLateEdits(): void {
    overtakenUntil = steadyNow() + lateMs;
  }

  /** Shows once more, when it is time, what was left unsure by the last run. */
  async function takeUpUnsure(): Promise<void> {
    for (const subject of await cardIndex.unsure()) touch(subject);
  }

  function showAgain(subject: string, at: number): void {
    if (stopping) return;
    clearTimeout(again.get(subject));
    const timer = setTimeout(() => {
      again.delete(subject);
      touch(subject);
    }, at - steadyNow());
    again.set(subject, timer);
  }

  /** Shows a card for good in place of the subject's own; never sends one. */
  function showInstead(subject: string, card: Card): void {
    const cardState = cardStateOf(subject);
    cardState.instead = card;
    disturb(subject, cardState, true);
  }

  /** Shows what a chat did not take, because it may take it now. */
  function retry(): void {
    for (const [subject, cardState] of cardStates) if (cardState.isShut) disturb(subject, cardState, false);
  }

  function cardStateOf(subject: string, gatherMs = 0): CardState {
    const known = cardStates.get(subject);
    if (known !== undefined) return known;
    const fresh = {
      restsUntil: steadyNow() + gatherMs,
      blockedUntil: 0,
      failures: 0,
      doubts: new Map(),
      isShut: false,
      isStale: false,
      isUrgent: false,
      mayBeOvertaken: false,
      rank: 'edit' as const,
    };
    cardStates.set(subject, fresh);
    return fresh;
  }

  function disturb(subject: string, cardState: CardState, soon: boolean): void {
    if (soon && copiesIn(cardState.doubts) >= MAX_COPIES) cardState.blockedUntil = 0;
    cardState.isStale = true;
    if (cardState.drawing === undefined) plan(subject, cardState);
  }

  function plan(subject: string, cardState: CardState): void {
    clearTimeout(cardState.timer);
    if (stopping) return;
    const restsUntil = cardState.isUrgent ? 0 : cardState.restsUntil;
    const at = Math.max(restsUntil, cardState.blockedUntil);
    cardState.timer = setTimeout(queueUp, Math.max(0, at - steadyNow()), subject, cardState);
  }

  /** Has the card drawn in its turn. */
  async function queueUp(subject: string, cardState: CardState): Promise<void> {
    const about = parseSubject(subject);
    const message = await cardIndex.messageOf(subject).catch(() => undefined);
    if (stopping || cardState.drawing !== undefined) return;
    if (message === undefined) cardState.rank = firstOf(cardState.rank, 'new');
    // Where a first draft goes is known when it is drawn; nobody else has one in that moment.
    const chat = message?.chat ?? ('postId' in about ? about.chat : undefined);
    if (chat === undefined) void draw(subject, cardState);
    else lanes.enter(wholeOf(chat), { subject, rank: cardState.rank }, () => draw(subject, cardState));
  }

  function draw(subject: string, cardState: CardState): Promise<void> {
    if (stopping || cardState.drawing !== undefined) return Promise.resolve();
    cardState.isStale = false;
    cardState.isUrgent = false;
    cardState.drawing = drawNow(subject, cardState).finally(() => {
      cardState.drawing = undefined;
      if (cardState.isStale) plan(subject, cardState);
      else if (!cardState.isShut) forgetLater(subject, cardState);
    });
    return cardState.drawing;
  }

  async function drawNow(subject: string, cardState: CardState): Promise<void> {
    const { rank } = cardState;
    cardState.rank = 'edit';
    try {
      const rendering = await renderOrInstead(subject, cardState);
      if (rendering !== undefined) {
        const { doubts, mayBeOvertaken } = cardState;
        const isUnsure = mayBeOvertaken || steadyNow() < overtakenUntil;
        const shown = await showCard.show(subject, rendering, {
          doubts,
          rank,
          unsureUntil: isUnsure ? steadyNow() + lateMs : undefined,
        });
        const { edited, unsureUntil } = shown;
        if (edited !== undefined) cardState.restsUntil = steadyNow() + pauseAfter(edited);
        if (unsureUntil !== undefined) showAgain(subject, unsureUntil);
      }
      cardState.mayBeOvertaken = false;
      cardState.failures = 0;
      cardState.isShut = false;
      cardState.doubts.clear();
      onShown(subject);
    } catch (error) {
      cardState.isShut = error instanceof ChatClosedError;
      cardState.mayBeOvertaken ||= error instanceof ChatUnreachableError && error.maybeDone;
      const delayMs = retryDelayMs(error, cardState);
      if (delayMs === undefined) {
        onClosed(subject, error instanceof ChatClosedError ? error.obstacle : { type: 'fault' });
        log.warn({ err: error }, 'A card could not be shown; it is left as it is for now');
        return;
      }
      cardState.failures += 1;
      cardState.rank = firstOf(cardState.rank, rank);
      cardState.isStale = true;
      cardState.blockedUntil = steadyNow() + delayMs;
      log.warn({ err: error, delayMs }, 'A card could not be shown; it is tried again');
    }
  }

  /** Where there is no bot any more, that is found out when the card is drawn. */
  function pauseMs(chat: ChatRef, rank: CallRank): number {
    try {
      return botFor(chat).pauseMs?.(chat, rank) ?? 0;
    } catch {
      return 0;
    }
  }

  function pauseAfter(message: MessageRef): number {
    return editPauseMs ?? botFor(message.chat).editPauseMs(message, now());
  }

  async function renderOrInstead(subject: string, { instead }: CardState): Promise<Rendering | undefined> {
    if (instead === undefined) return render(subject);
    const message = await cardIndex.messageOf(subject);
    if (message === undefined) return undefined;
    const isForAll = message.isPrivate !== true;
    return { chat: message.chat, card: instead, isForAll, isOnlyInPlace: true };
  }

  /** An idle subject needs no memory once its rest is over. */
  function forgetLater(subject: string, cardState: CardState): void {
    const delayMs = Math.max(0, cardState.restsUntil - steadyNow());
    if (!stopping) cardState.timer = setTimeout(() => cardStates.delete(subject), delayMs);
  }

  /** How many cards are not as they should be yet. */
  function depth(): number {
    let count = 0;
    for (const { isStale, drawing } of cardStates.values()) if (isStale || drawing !== undefined) count += 1;
    return count;
  }

  /** Shows what still is to be shown, without waiting for the rest, and stops. */
  async function stop(): Promise<void> {
    stopping = true;
    for (const timer of again.values()) clearTimeout(timer);
    lanes.stop();
    const byRank = [...cardStates].sort(([, a], [, b]) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank));
    const open = byRank.map(async ([subject, cardState], index) => {
      clearTimeout(cardState.timer);
      await cardState.drawing;
      if (cardState.isStale && cardState.blockedUntil <= steadyNow() && index < MAX_AT_STOP)
        await drawNow(subject, cardState);
    });
    // A chat that does not answer must not keep the process; the next start shows what this one could not.
    await Promise.race([Promise.all(open), delay(MAX_STOP_MS, undefined, { ref: false })]);
  }

  return { touch, check, showInstead, expectLateEdits, takeUpUnsure, retry, depth, stop };
}

export type CardQueue = ReturnType<typeof createCardQueue>;

/** Undefined when trying again does not help. */
function retryDelayMs(error: unknown, { failures, doubts }: CardState): number | undefined {
  if (error instanceof ChatClosedError) return undefined;
  if (error instanceof ChatBusyError) return error.retryAfterMs;
  if (copiesIn(doubts) >= MAX_COPIES) return COPY_PAUSE_MS;
  const next = RETRY_DELAYS_MS[failures];
  return error instanceof ChatUnreachableError ? (next ?? RETRY_DELAYS_MS.at(-1)) : next;
}
