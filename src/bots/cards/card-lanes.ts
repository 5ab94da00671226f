import type { ChatRef } from '../../core/people.ts';
import { type CallRank, RANKS } from '../platform.ts';

/** So many cards of one chat are on their way at once; those that people wait for are not counted. */
const MAX_AT_ONCE = 3;

interface Lane {
  /** What waits, by its rank and its subject, in the order in which it came. */
  readonly waiting: Readonly<Record<CallRank, Map<string, () => Promise<void>>>>;
  running: number;
  timer?: NodeJS.Timeout | undefined;
}

/**
 * Has the cards of one chat drawn as fast as the chat likes: first those that people wait for, then new ones, then changes. Until
 * its turn a card is not drawn, so that it shows the newest state then.
 */
export function createCardLanes({ pauseMs }: { pauseMs: (chat: ChatRef, rank: CallRank) => number }) {
  const lanes = new Map<ChatRef, Lane>();
  let isStopped = false;

  /** Begins the work on a subject when its turn has come; once more in place of what waits for it already. */
  function enter(
    chat: ChatRef,
    { subject, rank }: { subject: string; rank: CallRank },
    begin: () => Promise<void>,
  ): void {
    const lane = lanes.get(chat) ?? newLane(chat);
    const before = RANKS.find((each) => lane.waiting[each].delete(subject)) ?? rank;
    lane.waiting[firstOf(before, rank)].set(subject, begin);
    advance(chat, lane);
  }

  function newLane(chat: ChatRef): Lane {
    const lane = { waiting: { person: new Map(), new: new Map(), edit: new Map() }, running: 0 };
    lanes.set(chat, lane);
    return lane;
  }

  function advance(chat: ChatRef, lane: Lane): void {
    clearTimeout(lane.timer);
    while (!isStopped) {
      const rank = RANKS.find((each) => lane.waiting[each].size > 0);
      if (rank === undefined) {
        if (lane.running === 0) lanes.delete(chat);
        return;
      }
      if (rank !== 'person' && lane.running >= MAX_AT_ONCE) return;
      const ms = pauseMs(chat, rank);
      if (ms > 0) {
        lane.timer = setTimeout(advance, ms, chat, lane);
        return;
      }
      begin(chat, lane, rank);
    }
  }

  function begin(chat: ChatRef, lane: Lane, rank: CallRank): void {
    for (const [subject, work] of lane.waiting[rank]) {
      lane.waiting[rank].delete(subject);
      lane.running += 1;
      void work().finally(() => {
        lane.running -= 1;
        advance(chat, lane);
      });
      return;
    }
  }

  /** Begins nothing any more. */
  function stop(): void {
    isStopped = true;
    for (const { timer } of lanes.values()) clearTimeout(timer);
  }

  return { enter, stop };
}

/** Whichever of the two comes first. */
export const firstOf = (one: CallRank, other: CallRank): CallRank =>
  RANKS.indexOf(one) < RANKS.indexOf(other) ? one : other;
