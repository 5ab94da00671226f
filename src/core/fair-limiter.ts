/**
 * Lets at most `concurrency` runs happen at once. The owners of those that wait take turns, each owner's own runs in
 * their order, so that nobody waits for all that somebody else has begun.
 */
export function createLimiter({ concurrency }: { concurrency: number }) {
  /** What waits, by owner; the owner whose turn comes next stands first. Nobody is kept who has nothing waiting. */
  const waiting = new Map<string, (() => void)[]>();
  let running = 0;

  return async function limit<T>(owner: string, run: () => Promise<T>): Promise<T> {
    if (running < concurrency) running += 1;
    else await new Promise<void>((resolve) => wait(owner, resolve));
    try {
      return await run();
    } finally {
      // The place is handed on, not given back, so that nobody can slip in before the first in line.
      const next = takeNext();
      if (next) next();
      else running -= 1;
    }
  };

  function wait(owner: string, begin: () => void): void {
    const line = waiting.get(owner);
    if (line) line.push(begin);
    else waiting.set(owner, [begin]);
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
