// Faithful: buckets per route and channel, the headers of every answer, 429 with retry_after, the global 50 per second
// that spares interactions, 30046 for edits of messages older than an hour
// (https://discord.com/developers/docs/topics/rate-limits). Simplified: the numbers are what people observe, Discord
// publishes none; fixed windows.
import { createHash } from 'node:crypto';
import type { VirtualClock } from './clock.ts';
import { type ApiFailure, rateLimited } from './failure.ts';

export type Limit = { limit: number; windowMs: number } | false;

/** How many requests pass per window; false switches a limit and its headers off. */
export type RateLimits = {
  sends: Limit;
  edits: Limit;
  reactions: Limit;
  /** Interaction answers and their webhooks, per interaction. */
  interactions: Limit;
  others: Limit;
  /** Edits of messages older than an hour, per channel: 30046. */
  oldEdits: Limit;
  global: Limit;
};

export const DEFAULT_RATE_LIMITS: RateLimits = {
  sends: { limit: 5, windowMs: 5000 },
  edits: { limit: 5, windowMs: 5000 },
  reactions: { limit: 4, windowMs: 1000 },
  interactions: { limit: 5, windowMs: 2000 },
  others: { limit: 50, windowMs: 1000 },
  oldEdits: { limit: 3, windowMs: 6000 },
  global: { limit: 50, windowMs: 1000 },
};

type Window = { used: number; endsAtMs: number };
export type Pass = { headers: Record<string, string>; failure?: ApiFailure };

/** Creates the counters of all buckets. */
export function createRateLimits({ clock, limits }: { clock: VirtualClock; limits: RateLimits }) {
  const windows = new Map<string, Window>();
  const current = { ...limits };

  const count = (key: string, limit: Exclude<Limit, false>): Window => {
    const old = windows.get(key);
    const window =
      old && old.endsAtMs > clock.now() ? old : { used: 0, endsAtMs: clock.now() + limit.windowMs };
    window.used++;
    windows.set(key, window);
    return window;
  };
  const secondsLeft = ({ endsAtMs }: Window) => Math.max(1, endsAtMs - clock.now()) / 1000;

  return {
    set(change: Partial<RateLimits>) {
      Object.assign(current, change);
      windows.clear();
    },

    /** Counts a request against its bucket and the global limit. */
    pass(bucket: keyof RateLimits, key: string): Pass {
      if (bucket !== 'interactions' && current.global) {
        const window = count('global', current.global);
        if (window.used > current.global.limit)
          return { headers: {}, failure: rateLimited(secondsLeft(window), { isGlobal: true }) };
      }
      const limit = current[bucket];
      if (!limit) return { headers: {} };
      const window = count(`${bucket} ${key}`, limit);
      const isOver = window.used > limit.limit;
      const headers = {
        'X-RateLimit-Limit': String(limit.limit),
        'X-RateLimit-Remaining': String(Math.max(0, limit.limit - window.used)),
        'X-RateLimit-Reset': String(window.endsAtMs / 1000),
        'X-RateLimit-Reset-After': String(secondsLeft(window)),
        'X-RateLimit-Bucket': createHash('sha256').update(bucketName(bucket, key)).digest('hex').slice(0, 32),
      };
      return isOver ? { headers, failure: rateLimited(secondsLeft(window)) } : { headers };
    },

    /** Counts an edit of a message older than an hour; throws 30046. */
    passOldEdit(channelId: string) {
      if (!current.oldEdits) return;
      const window = count(`oldEdits ${channelId}`, current.oldEdits);
      if (window.used > current.oldEdits.limit) throw rateLimited(secondsLeft(window), { code: 30046 });
    },
  };
}

/** Routes share a bucket's name; the channel or guild in the path keeps the counts apart. */
const bucketName = (bucket: string, key: string) => `${bucket} ${key.split(' ')[0]}`;

export type RateLimitBook = ReturnType<typeof createRateLimits>;
