import type { Logger } from 'pino';
import type { Store, Versioned } from '../../core/storage/database.ts';

/** When Nod was there. */
export interface DowntimeRecord extends Versioned {
  readonly lastSeenAt: number;
  readonly away?: Away | undefined;
}

/** A time in which Nod heard nothing; epoch milliseconds. */
export interface Away {
  readonly from: number;
  readonly until: number;
}

const KEY = 'nod';
const BEAT_MS = 30_000;
/** Telegram keeps presses of buttons for 150 s, so that a shorter absence loses nothing. */
const NOTICEABLE_MS = 150_000;

/** Notices how long Nod was away, where a platform cannot tell afterwards what happened meanwhile. */
export function createDowntime({
  presences,
  now,
  log,
}: {
  presences: Store<DowntimeRecord>;
  now: () => number;
  log: Logger;
}) {
  let away: Away | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  /** Finds out about the last absence, and stays present from now on. */
  async function start(): Promise<void> {
    const last = await presences.get(KEY);
    const gap = last && { from: last.lastSeenAt, until: now() };
    away = gap !== undefined && gap.until - gap.from > NOTICEABLE_MS ? gap : last?.away;
    await beat();
    timer = setInterval(() => {
      writing = beat().catch((error) => log.error({ err: error }, 'The time could not be noted'));
    }, BEAT_MS);
  }

  async function beat(): Promise<void> {
    const seen = { lastSeenAt: now(), away };
    await presences.upsert(KEY, () => seen);
  }

  /** The last absence, if it fell into the time since then. */
  const awayDuring = (since: number): Away | undefined =>
    away !== undefined && away.until > since ? away : undefined;

  async function stop(): Promise<void> {
    clearInterval(timer);
    await writing;
    await beat();
  }

  return { start, stop, awayDuring };
}

export type Downtime = ReturnType<typeof createDowntime>;
