import { LRUCache } from 'lru-cache';

/** So many keys are remembered; then the one that was asked for longest ago is forgotten. */
const MAX_KEYS = 4_000;

/** Counts what is done under a key, and says when that is too often: at most `limit` times in any span of `windowMs`. */
export function createThrottle({
  limit,
  windowMs,
  now,
}: {
  limit: number;
  windowMs: number;
  now: () => number;
}) {
  /** When each key was taken. */
  const times = new LRUCache<string, readonly number[]>({ max: MAX_KEYS });

  /** Counts one more and returns true, or counts nothing and returns false. */
  function take(key: string): boolean {
    const at = now();
    const counted = (times.get(key) ?? []).filter((each) => isCounted(each, at));
    if (counted.length >= limit) return false;
    times.set(key, [...counted, at]);
    return true;
  }

  /** Counts the last one no more. */
  function giveBack(key: string): void {
    const counted = times.get(key);
    if (counted !== undefined) times.set(key, counted.slice(0, -1));
  }

  /** A time ahead of the clock means that the clock was set back; it would count for too long. */
  const isCounted = (each: number, at: number): boolean => each <= at && at - each < windowMs;

  return { take, giveBack };
}
