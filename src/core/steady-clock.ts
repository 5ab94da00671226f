/**
 * A clock for spans within this process (milliseconds): it goes with `now`, but is never set back; where that is, it goes on by
 * the machine's own count.
 */
export function createSteadyClock(now: () => number): () => number {
  let last = { wall: now(), machine: performance.now() };
  let time = last.wall;
  return () => {
    const next = { wall: now(), machine: performance.now() };
    time += next.wall < last.wall ? next.machine - last.machine : next.wall - last.wall;
    last = next;
    return time;
  };
}
