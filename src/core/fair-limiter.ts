/** Runs something when its owner's turn has come; throws the reason of a signal that ends the wait. */
export type Limiter = <T>(
  owner: string,
  run: () => Promise<T>,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<T>;

/**
 * Lets at most `concurrency` runs happen at once, and `perOwner` of one owner. The owners of those that wait take turns, each owner's own runs in
 * their order, so that nobody waits for all that somebody else has begun.
 */
export function createLimiter({
  concurrency,
  perOwner = concurrency,
}: {
  concurrency: number;
  perOwner?: number;
}): Limiter {
  /** What waits, by owner; the owner whose turn comes next stands first. Nobody is kept who has nothing waiting. */
  const waiting = new Map<string, (() => void)[]>();
  /** How many run, by owner. */
  const runningOf = new Map<string, number>();
  let running = 0;

  return async function limit(owner, run, { signal } = {}) {
    signal?.throwIfAborted();
    if (running < concurrency && mayBegin(owner)) count(owner, 1);
    else await turnOf(owner, signal);
    try {
      signal?.throwIfAborted();
      return await run();
    } finally {
      count(owner, -1);
      // The place is taken at once, so that nobody can slip in before the first in line.
      takeNext()?.();
    }
  };

  function mayBegin(owner: string): boolean {
    return (runningOf.get(owner) ?? 0) < perOwner;
  }

  function count(owner: string, change: 1 | -1): void {
    const now = (runningOf.get(owner) ?? 0) + change;
    if (now === 0) runningOf.delete(owner);
    else runningOf.set(owner, now);
    running += change;
  }

  async function turnOf(owner: string, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    function leave(): void {
      leaveLine(owner, resolve);
      reject(signal?.reason);
    }
    const line = waiting.get(owner);
    if (line) line.push(resolve);
    else waiting.set(owner, [resolve]);
    signal?.addEventListener('abort', leave, { once: true });
    await promise;
    signal?.removeEventListener('abort', leave);
  }

  function leaveLine(owner: string, begin: () => void): void {
    const line = waiting.get(owner);
    if (line === undefined || !line.includes(begin)) return;
    line.splice(line.indexOf(begin), 1);
    if (line.length === 0) waiting.delete(owner);
  }

  /** The first in the line of the owner whose turn it is; an owner with more waiting goes behind the others. */
  function takeNext(): (() => void) | undefined {
    for (const [owner, line] of waiting) {
      if (!mayBegin(owner)) continue;
      count(owner, 1);
      const next = line.shift();
      waiting.delete(owner);
      if (line.length > 0) waiting.set(owner, line);
      return next;
    }
    return undefined;
  }
}
