import { setTimeout as delay } from 'node:timers/promises';
import { ErrorCode } from 'bullmq';
import { ROOT } from './scripts.ts';

/** BullMQ's keys begin with {nod}: and the name of the queue, beside the records. */
export const BULL_PREFIX = ROOT.slice(0, -1);
/** Redis is waited for so long at the end. */
const STOP_MS = 5_000;
const TOO_LATE: readonly unknown[] = [
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
];

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
