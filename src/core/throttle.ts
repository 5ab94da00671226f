const MAX_KEYS = 5_000;

/** Lets each key do something `limit` times within `windowMs` milliseconds, and not oftener. */
export function createThrottle({
  limit,
  windowMs,
  now,
}: {
  limit: number;
  windowMs: number;
  now: () => number;
}) {
  /** When each key did it, oldest first; the key that was quiet longest comes first. */
  const times = new Map<string, readonly number[]>();

  /** Whether the key may do it once more; if so, that counts. */
  function take(key: string): boolean {
    const recent = (times.get(key) ?? []).filter((at) => now() - at < windowMs);
    const isAllowed = recent.length < limit;
    times.delete(key);
    times.set(key, isAllowed ? [...recent, now()] : recent);
    const [quietest] = times.keys();
    if (times.size > MAX_KEYS && quietest !== undefined) times.delete(quietest);
    return isAllowed;
  }

  return { take };
}

export type Throttle = ReturnType<typeof createThrottle>;
