import { Redis } from 'ioredis';
import { QUEUE } from '../../../src/core/publish/engine/bullmq-jobs.ts';
import { BULL_PREFIX } from '../../../src/core/storage/redis/bull.ts';

/** How long it took until another process did what one had done that is gone. */
export interface TakeOver {
  readonly how: string;
  readonly ms: number;
  /** Whether all that is needed for it was there all the time: Redis, and another process that was ready. */
  readonly isPlain: boolean;
}

/** Which process leads, and how long nobody did. */
export function createLeads() {
  const takeOvers: TakeOver[] = [];
  let leader: string | undefined;
  let waiting: { since: number; how: string; isPlain: boolean } | undefined;

  /** A process says that it leads since `at` (epoch milliseconds). */
  function led(name: string, at: number): void {
    if (waiting !== undefined && at >= waiting.since)
      takeOvers.push({ how: waiting.how, ms: at - waiting.since, isPlain: waiting.isPlain });
    waiting = undefined;
    leader = name;
  }

  /** The process that leads is gone, or cannot be heard. */
  function lost({ how, hasOther }: { how: string; hasOther: boolean }): void {
    waiting = { since: Date.now(), how, isPlain: hasOther };
  }

  /** Something is gone that taking over needs. */
  function disturbed(): void {
    if (waiting !== undefined) waiting.isPlain = false;
  }

  /** The process is back before anybody has taken over. */
  function isBack(): void {
    waiting = undefined;
  }

  return {
    led,
    lost,
    disturbed,
    isBack,
    leader: () => leader,
    takeOvers: (): readonly TakeOver[] => takeOvers,
  };
}

const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 1_000;
const LEAST_MS = 2_000;

/** Watches the posts that a worker ran when it was killed, until another one goes on with them. */
export function createRuns(url: string) {
  const takeOvers: TakeOver[] = [];
  const watched = new Map<string, { mark: string; since: number; isPlain: boolean }>();
  const client = new Redis(url, {
    maxRetriesPerRequest: 0,
    commandTimeout: PATIENCE_MS,
    retryStrategy: () => PATIENCE_MS / 5,
  });
  // Redis is killed as well.
  client.on('error', () => {});
  const keyOf = (...parts: string[]): string => [BULL_PREFIX, QUEUE, ...parts].join(':');
  let isLooking = false;
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);

  /** The posts that a process runs now. */
  async function runningIn(mark: string): Promise<string[]> {
    try {
      const jobs = await client.lrange(keyOf('active'), 0, -1);
      const locks = await Promise.all(jobs.map((job) => client.get(keyOf(job, 'lock'))));
      return jobs.filter((_, index) => locks[index]?.startsWith(mark));
    } catch {
      return [];
    }
  }

  /** The process with this mark, which ran these, was killed just now. */
  function killed(mark: string, jobs: readonly string[], { hasOther }: { hasOther: boolean }): void {
    for (const job of jobs) watched.set(job, { mark, since: Date.now(), isPlain: hasOther });
  }

  function disturbed(): void {
    for (const one of watched.values()) one.isPlain = false;
  }

  async function look(): Promise<void> {
    if (isLooking || watched.size === 0) return;
    isLooking = true;
    try {
      const active = new Set(await client.lrange(keyOf('active'), 0, -1));
      const waiting = new Set(await client.lrange(keyOf('wait'), 0, -1));
      for (const [job, { mark, since, isPlain }] of watched) {
        const lock = await client.get(keyOf(job, 'lock'));
        // Where it is neither, it has been run and put back since.
        const isDone = lock === null ? !active.has(job) && !waiting.has(job) : !lock.startsWith(mark);
        if (!isDone) continue;
        watched.delete(job);
        // No lock ends so soon: the run had ended already.
        if (Date.now() - since < LEAST_MS) continue;
        takeOvers.push({ how: 'killed in the middle of a post', ms: Date.now() - since, isPlain });
      }
    } finally {
      isLooking = false;
    }
  }

  return {
    runningIn,
    killed,
    disturbed,
    takeOvers: (): readonly TakeOver[] => takeOvers,
    [Symbol.dispose](): void {
      clearInterval(timer);
      client.disconnect();
    },
  };
}

export type Runs = ReturnType<typeof createRuns>;
