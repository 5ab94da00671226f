/** Keeps calls below a limit; counts them here, or with other processes. */
export interface WindowLimiter {
  /** Counts a call and returns 0, or counts nothing and returns the milliseconds to wait. */
  take(key: string): number | Promise<number>;
  /** How many calls of a key count now. */
  read(key: string): CallCount | Promise<CallCount>;
}

export interface CallCount {
  readonly used: number;
  readonly limit: number;
}

export interface LimitOptions {
  /** Of which calls. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly now?: (() => number) | undefined;
}

/**
 * Creates a strict sliding-window limiter: no span of `windowMs` ever holds more than `limit` calls of a key.
 * TikTok's window slides too (https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit);
 * a fixed window would let twice the limit through around its edge.
 */
export function createWindowLimiter({ limit, windowMs, now = Date.now }: Omit<LimitOptions, 'name'>) {
  /** Times of the calls of each key; the key that called last stands last. */
  const callsOf = new Map<string, number[]>();

  /** A time ahead of the clock means that the clock was set back; it would hold calls back for too long. */
  const counts = (at: number, nowMs: number) => at <= nowMs && nowMs - at < windowMs;

  function dropIdleKeys(nowMs: number) {
    for (const [key, calls] of callsOf) {
      const last = calls.at(-1);
      if (last !== undefined && counts(last, nowMs)) return;
      callsOf.delete(key);
    }
  }

  return {
    /** Counts a call and returns 0, or counts nothing and returns the milliseconds to wait. */
    take(key: string): number {
      const nowMs = now();
      dropIdleKeys(nowMs);
      const calls = (callsOf.get(key) ?? []).filter((at) => counts(at, nowMs));
      const oldest = calls[0];
      if (oldest !== undefined && calls.length >= limit) return oldest + windowMs - nowMs;
      calls.push(nowMs);
      callsOf.delete(key);
      callsOf.set(key, calls);
      return 0;
    },

    /** How many calls of a key count now. */
    read(key: string): { used: number; limit: number } {
      const nowMs = now();
      return { used: (callsOf.get(key) ?? []).filter((at) => counts(at, nowMs)).length, limit };
    },

    /** How many keys are kept in memory. */
    get size() {
      return callsOf.size;
    },
  };
}
