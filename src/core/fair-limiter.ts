/** Runs something when its owner's turn has come; throws the reason of a signal that ends the wait. */
export type Limiter = <T>(
  owner: string,
  run: () => Promise<T>,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<T>;

/**
 * Lets at most `concurrency` runs happen at once. The owners of those that wait take turns, each owner's own runs in
 * their order, so that nobody waits for all that somebody else has begun.
 */
export function createLimiter({ concurrency }: { concurrency: number }): Limiter {
  /** What waits, by owner; the owner whose turn comes next stands first. Nobody is kept who has nothing waiting. */
  const waiting = new Map<string, (() => void)[]>();
  let running = 0;

  return async function limit(owner, run, { signal } = {}) {
    signal?.throwIfAborted();
    if (running < concurrency) running += 1;
    else await turnOf(owner, signal);
    try {
      signal?.throwIfAborted();
      return await run();
    } finally {
      // The place is handed on, not given back, so that nobody can slip in before the first in line.
      const next = takeNext();
      if (next) next();
      else running -= 1;
    }
  };

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
      const next = line.shift();
      waiting.delete(owner);
      if (line.length > 0) waiting.set(owner, line);
      return next;
    }
    return undefined;
  }
}
