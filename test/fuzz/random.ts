/** Numbers that are the same for the same seed, so that a file of a run can be made again. */
export function createRandom(seed: number) {
  let state = seed >>> 0;

  /** At least 0, below 1 (mulberry32). */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  const below = (limit: number): number => Math.floor(next() * limit);

  function pick<T>(from: readonly T[]): T {
    const picked = from[below(from.length)];
    if (picked === undefined) throw new RangeError('There is nothing to pick from.');
    return picked;
  }

  return { next, below, pick };
}

export type Random = ReturnType<typeof createRandom>;
