import { LRUCache } from 'lru-cache';
import { type CallRank, RANKS } from '../platform.ts';

/** So many in a time; the smaller shares of those that nobody waits for leave room to the others. */
interface Limit {
  readonly ms: number;
  readonly share: Readonly<Record<CallRank, number>>;
}

// What Telegram hints at (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this): one message a second
// in a chat with short bursts, 20 a minute in a group, 30 a second in all. The real numbers are not told.
const IN_CHAT: Limit = { ms: 5_000, share: { person: 5, new: 4, edit: 3 } };
const IN_GROUP: Limit = { ms: 60_000, share: { person: 20, new: 18, edit: 15 } };
const IN_ALL: Limit = { ms: 1_000, share: { person: 30, new: 25, edit: 20 } };
/** How long a chat that has refused goes by what it has let pass. */
const LEARNED_MS = 10 * 60_000;
const LEARNED_SHARE = 0.8;
/** What comes after fewer is no limit of a minute. */
const LEARNS_FROM = 10;
const MAX_CHATS = 5_000;

/** What is known of one chat. */
interface ChatPace {
  /** When it was last written to; no more than the limits look at. */
  times: number[];
  /** It has asked to wait until then. */
  busyUntil: number;
  /** It has refused more than that in a minute. */
  learned?: { readonly perMinute: number; readonly until: number } | undefined;
}

interface Waiting {
  readonly chatId: number;
  readonly rank: CallRank;
  readonly go: () => void;
}

/**
 * Keeps what is sent and edited within Telegram's limits, for each chat and in all: what people wait for goes first. What a chat
 * refuses all the same teaches how much it takes. Times are those of a clock that nobody sets.
 */
export function createPace({ now = () => performance.now() }: { now?: (() => number) | undefined } = {}) {
  const chats = new LRUCache<number, ChatPace>({ max: MAX_CHATS });
  const all: ChatPace = { times: [], busyUntil: 0 };
  const waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  /** Resolves when a call about a message of this chat may go, and counts it. */
  function take(chatId: number, rank: CallRank): Promise<void> {
    const isFirst = !waiting.some((other) => isBefore(other, { chatId, rank }));
    if (isStopped || (isFirst && pauseMs(chatId, rank) === 0)) {
      count(chatId);
      return Promise.resolve();
    }
    return new Promise((go) => {
      waiting.push({ chatId, rank, go });
      waiting.sort((one, other) => RANKS.indexOf(one.rank) - RANKS.indexOf(other.rank));
      advance();
    });
  }

  function advance(): void {
    clearTimeout(timer);
    let soonest = Number.POSITIVE_INFINITY;
    for (const each of [...waiting]) {
      const ms = isStopped ? 0 : pauseMs(each.chatId, each.rank);
      soonest = Math.min(soonest, ms);
      if (ms > 0) continue;
      waiting.splice(waiting.indexOf(each), 1);
      count(each.chatId);
      each.go();
    }
    if (waiting.length > 0) timer = setTimeout(advance, Math.max(1, soonest));
  }

  /** How long a call of this rank has to wait for the chat, in milliseconds. */
  function pauseMs(chatId: number, rank: CallRank): number {
    const chat = chats.get(chatId);
    const at = now();
    const limits = [freeAt(all, IN_ALL, rank), all.busyUntil];
    if (chat !== undefined) {
      limits.push(chat.busyUntil, freeAt(chat, IN_CHAT, rank));
      if (chatId < 0) limits.push(freeAt(chat, IN_GROUP, rank));
      if (chat.learned !== undefined && chat.learned.until > at) {
        const { perMinute } = chat.learned;
        limits.push(
          freeAt(chat, { ms: 60_000, share: { person: perMinute, new: perMinute, edit: perMinute } }, rank),
        );
      }
    }
    return Math.max(0, Math.max(...limits) - at);
  }

  function count(chatId: number): void {
    for (const pace of [all, paceOf(chatId)]) {
      const { ms } = pace === all ? IN_ALL : IN_GROUP;
      pace.times = [...pace.times.filter((at) => at > now() - ms), now()];
    }
  }

  function paceOf(chatId: number): ChatPace {
    const known = chats.get(chatId) ?? { times: [], busyUntil: 0 };
    chats.set(chatId, known);
    return known;
  }

  /** Takes in that Telegram asks to wait: with what was about a chat, or in all. */
  function noteBusy(chatId: number | undefined, retryAfterMs: number): void {
    const pace = chatId === undefined ? all : paceOf(chatId);
    pace.busyUntil = Math.max(pace.busyUntil, now() + retryAfterMs);
    if (chatId === undefined) return;
    const passed = pace.times.filter((at) => at > now() - 60_000).length;
    if (passed < LEARNS_FROM) return;
    const perMinute = Math.floor(passed * LEARNED_SHARE);
    pace.learned = { perMinute, until: now() + LEARNED_MS };
  }

  /** How many calls wait. */
  const depth = (): number => waiting.length;

  /** Lets everything pass at once: what is still to be said must not keep the process. */
  function stop(): void {
    isStopped = true;
    advance();
  }

  return { take, pauseMs, noteBusy, depth, stop };
}

export type Pace = ReturnType<typeof createPace>;

/** When one more fits into a limit. */
function freeAt({ times }: ChatPace, { ms, share }: Limit, rank: CallRank): number {
  const first = times.at(-share[rank]);
  return times.length < share[rank] || first === undefined ? 0 : first + ms;
}

/** Whether something that waits goes before another: it is about the same chat, and nobody waits for the other one more. */
const isBefore = (
  waiting: Pick<Waiting, 'chatId' | 'rank'>,
  other: Pick<Waiting, 'chatId' | 'rank'>,
): boolean => waiting.chatId === other.chatId && RANKS.indexOf(waiting.rank) <= RANKS.indexOf(other.rank);
