import { readFileSync } from 'node:fs';

/** How long this thread has had to wait for a processor, in milliseconds; 0 where the system does not tell. */
export function heldUpMs(): number {
  try {
    // https://docs.kernel.org/scheduler/sched-stats.html: the second number, in nanoseconds.
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1] ?? 0) / 1_000_000;
  } catch {
    return 0;
  }
}
