// Faithful: the published hints, about 1 message/s per chat with short bursts, 20 a minute per group
// (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this) and retry_after. Simplified:
// sliding windows with plain counts. Missing: the limit over all chats and the real, unpublished numbers.
import type { VirtualClock } from './clock.ts';
import { tooManyRequests } from './failure.ts';
import type { KnownChat } from './state.ts';

/** How many sends and edits pass before 429; false switches a limit off. */
export type FloodLimits = { chatPerSecond: number | false; groupPerMinute: number | false };

/** Creates the check that every send and edit passes. */
export function createFlood({ clock, limits }: { clock: VirtualClock; limits: FloodLimits }) {
  const times = new Map<number, number[]>();
  const current = { ...limits };

  const check = (recent: number[], limit: number | false, windowMs: number, count: number) => {
    if (limit === false) return;
    const inWindow = recent.filter((at) => at > clock.now() - windowMs);
    if (inWindow.length + count <= limit) return;
    const freeAtMs = (inWindow[0] ?? clock.now()) + windowMs;
    throw tooManyRequests(Math.max(1, Math.ceil((freeAtMs - clock.now()) / 1000)));
  };

  return {
    /** Counts `count` messages to a chat, or throws 429. */
    pass(chat: KnownChat, count = 1) {
      const recent = (times.get(chat.id) ?? []).filter((at) => at > clock.now() - 60_000);
      check(recent, current.chatPerSecond, 1000, count);
      if (chat.type !== 'private') check(recent, current.groupPerMinute, 60_000, count);
      for (let i = 0; i < count; i++) recent.push(clock.now());
      times.set(chat.id, recent);
    },
    set(change: Partial<FloodLimits>) {
      Object.assign(current, change);
    },
  };
}

export type Flood = ReturnType<typeof createFlood>;
