/** Lets at most `concurrency` runs happen at once; the others wait their turn, first come first served. */
export function createLimiter({ concurrency }: { concurrency: number }) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function limit<T>(run: () => Promise<T>): Promise<T> {
    if (running < concurrency) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      // The place is handed on, not given back, so that nobody can slip in before the first in line.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
