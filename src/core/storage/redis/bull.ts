import { setTimeout as delay } from 'node:timers/promises';
import { ErrorCode, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ROOT } from './scripts.ts';

/** BullMQ's keys begin with {nod}: and the name of the queue, beside the records. */
export const BULL_PREFIX = ROOT.slice(0, -1);
/** Events are not read by anyone. */
const KEPT_EVENTS = 100;
/** A run fails only where Redis refuses something. */
const AFTER_REFUSAL_MS = 10_000;
/** Redis is waited for so long at the end. */
const STOP_MS = 5_000;
const TOO_LATE: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
];

/** A queue whose jobs are tried until they succeed, and leave nothing then. */
export const openQueue = <T>(name: string, client: Redis): Queue<T> =>
  new Queue<T>(name, {
    connection: client,
    prefix: BULL_PREFIX,
    streams: { events: { maxLen: KEPT_EVENTS } },
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: true,
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'fixed', delay: AFTER_REFUSAL_MS },
      stackTraceLimit: 1,
    },
  });

/** Whether BullMQ says that the job is gone, somebody else's or in another state by now. */
export const isTooLate = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && TOO_LATE.includes(error.code);

/** Whether it was not too late for a change. */
export async function isDone(change: Promise<unknown>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (isTooLate(error)) return false;
    throw error;
  }
}

/** Whether something came to its end before Redis has been waited for long enough. */
export async function inTime(end: Promise<unknown>, failed: (error: unknown) => void): Promise<boolean> {
  const patience = new AbortController();
  const isLate = delay(STOP_MS, true, { signal: patience.signal }).catch(() => true);
  const isOver = end.then(() => false).catch((error) => void failed(error));
  const late = await Promise.race([isOver, isLate]);
  patience.abort();
  return late === false;
}
