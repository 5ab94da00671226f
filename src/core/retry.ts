import { setTimeout as delay } from 'node:timers/promises';

/** A longer timer ends at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface RetryOptions {
  /** Milliseconds to wait after an error, after so many failures before it; undefined where no further try helps. */
  readonly pauseAfter: (error: unknown, failures: number) => number | undefined;
  /** Ends a wait, and the tries with it. */
  readonly signal?: AbortSignal;
}

/** Calls until a call succeeds; throws its error where no further try helps, and an `AbortError` when stopped. */
export async function retry<T>(call: () => Promise<T>, { pauseAfter, signal }: RetryOptions): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      const pauseMs = pauseAfter(error, failures);
      if (pauseMs === undefined) throw error;
      await delay(Math.min(pauseMs, LONGEST_TIMER_MS), undefined, { signal });
    }
  }
}

/** Ever longer pauses for what is tried until it succeeds: from half a second to half a minute. */
export const backoffMs = (failures: number): number => Math.min(500 * 2 ** failures, 30_000);
