import type { Logger } from 'pino';
import { AFTER_BUG_MS, type Engine, type Tick } from './engine.ts';

/** So soon it is noticed that the clock was set, by a person or after the machine has slept. */
const LONGEST_TIMER_MS = 10_000;

/**
 * The embedded engine: due times in memory, and one timer for all of them. The posts on the disk are the truth, this is only
 * their alarm clock.
 *
 * Times that pass before `start` are kept for it.
 */
export function createEmbeddedEngine({ now, log }: { now: () => number; log: Logger }): Engine {
  const due = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  /** The latest time that the clock has shown since all were looked at. */
  let lookedAt = now();
  const running = new Map<string, Promise<void>>();
  const wokenWhileRunning = new Set<string>();
  let tick: Tick | undefined;
  let stopping = false;

  function start(start?: Tick): void {
    tick = start;
    setTimer();
  }

  function schedule(postId: string, at: number): void {
    if (stopping) return;
    due.set(postId, at);
    lookedAt = Math.max(lookedAt, now());
    if (tick !== undefined && at < timerAt) setTimer();
  }

  /** For whichever post is due next. */
  function setTimer(): void {
    clearTimeout(timer);
    timerAt = Number.POSITIVE_INFINITY;
    for (const at of due.values()) timerAt = Math.min(timerAt, at);
    if (due.size === 0) return;
    timer = setTimeout(runDue, Math.min(Math.max(0, timerAt - now()), LONGEST_TIMER_MS));
  }

  function runDue(): void {
    for (const postId of findDue()) run(postId);
    setTimer();
  }

  /** Those whose time has come; all where the clock was set back, by which each would come too late. */
  function findDue(): string[] {
    const at = now();
    const isSetBack = at < lookedAt;
    lookedAt = at;
    // A timer may come a millisecond early.
    return [...due].filter(([, dueAt]) => isSetBack || dueAt <= at + 1).map(([postId]) => postId);
  }

  async function wake(postId: string): Promise<void> {
    if (tick === undefined) return schedule(postId, 0);
    const current = running.get(postId);
    run(postId);
    await current;
    await running.get(postId);
  }

  async function clockMoved(): Promise<void> {
    await Promise.all(findDue().map((postId) => wake(postId)));
    setTimer();
  }

  function run(postId: string): void {
    if (stopping || tick === undefined) return;
    due.delete(postId);
    if (due.size === 0) setTimer();
    if (running.has(postId)) {
      wokenWhileRunning.add(postId);
      return;
    }
    running.set(postId, step(postId, tick));
  }

  async function step(postId: string, tick: Tick): Promise<void> {
    let next: number | undefined;
    // The run is noted before it begins: a tick may wake its own post.
    await Promise.resolve();
    try {
      next = await tick(postId);
      // A post that is due at once goes on in this run.
      while (!stopping && next !== undefined && next <= now()) {
        wokenWhileRunning.delete(postId);
        next = await tick(postId);
      }
    } catch (error) {
      log.error({ err: error, postId }, 'A tick failed; it is tried again');
      next = now() + AFTER_BUG_MS;
    }
    running.delete(postId);
    if (wokenWhileRunning.delete(postId)) run(postId);
    else if (next !== undefined) schedule(postId, Math.min(next, due.get(postId) ?? next));
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(timer);
    due.clear();
    await Promise.all(running.values());
  }

  function depth() {
    let count = 0;
    for (const at of due.values()) if (at <= now()) count += 1;
    return { due: count, running: running.size };
  }

  return { start, schedule, wake, depth, clockMoved, stop };
}
