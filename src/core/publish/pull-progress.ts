import { LRUCache } from 'lru-cache';
import type { SentCount } from '../cluster/cluster.ts';
import type { Attempt } from './release-gate.ts';

/** So many attempts that are over stay known, because a transfer may run on for a while. */
const MAX_FORGOTTEN = 1_000;

/** How much of an attempt's media has left, by our own web server's count. */
export interface PullProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  /** From 1: the file that left last. */
  readonly fileNumber: number;
  readonly files: number;
  /** When the last missing byte left. */
  readonly completedAt?: number;
}

interface Count {
  readonly sentUpTo: number[];
  fileNumber: number;
  completedAt?: number | undefined;
  /** On the clock of the process. */
  readonly begunAt: number;
}

const newCount = ({ files }: Attempt): Count => ({
  sentUpTo: files.map(() => 0),
  fileNumber: 1,
  begunAt: performance.now(),
});

/**
 * Counts the bytes that TikTok takes, for the bar on the card and for the right moment of the first status check.
 *
 * It lives in memory: after a restart the count begins anew, and TikTok's own count stands in for it.
 */
export function createPullProgress({
  now,
  onProgress,
  onComplete = () => {},
}: {
  now: () => number;
  onProgress: (attempt: Attempt) => void;
  /** Told once all of an attempt has left, and how long after its first byte. */
  onComplete?: ((tookMs: number) => void) | undefined;
}) {
  const counts = new Map<string, Count>();
  const forgotten = new LRUCache<string, true>({ max: MAX_FORGOTTEN });

  /** Notes that a file's bytes up to `end` (exclusive) have left. Ranges and second fetches count once. */
  function sent(attempt: Attempt, fileName: string, end: number): void {
    const index = attempt.files.findIndex((file) => file.name === fileName);
    const file = attempt.files[index];
    if (file === undefined || forgotten.has(attempt.id)) return;
    const count = counts.get(attempt.id) ?? newCount(attempt);
    counts.set(attempt.id, count);
    if (end <= (count.sentUpTo[index] ?? 0)) return;
    count.sentUpTo[index] = Math.min(end, file.bytes);
    count.fileNumber = index + 1;
    const isComplete = attempt.files.every((each, i) => count.sentUpTo[i] === each.bytes);
    if (isComplete && count.completedAt === undefined) {
      count.completedAt = now();
      onComplete(performance.now() - count.begunAt);
    }
    onProgress(attempt);
  }

  function progress(attempt: Attempt): PullProgress {
    const count = counts.get(attempt.id);
    return {
      bytes: count?.sentUpTo.reduce((sum, bytes) => sum + bytes, 0) ?? 0,
      totalBytes: attempt.files.reduce((sum, file) => sum + file.bytes, 0),
      fileNumber: count?.fileNumber ?? 1,
      files: attempt.files.length,
      ...(count?.completedAt !== undefined && { completedAt: count.completedAt }),
    };
  }

  /** What is counted of an attempt, for other processes; undefined before its first byte. */
  const countOf = (attemptId: string): SentCount | undefined => counts.get(attemptId);

  /** What another process has counted. */
  function heard(attemptId: string, { sentUpTo, fileNumber, completedAt }: SentCount): void {
    if (forgotten.has(attemptId)) return;
    const known = counts.get(attemptId);
    counts.set(attemptId, {
      sentUpTo: sentUpTo.map((end, index) => Math.max(end, known?.sentUpTo[index] ?? 0)),
      fileNumber,
      completedAt: completedAt ?? known?.completedAt,
      begunAt: known?.begunAt ?? performance.now(),
    });
  }

  const completedAt = (attemptId: string): number | undefined => counts.get(attemptId)?.completedAt;

  /** Lets go of an attempt that is over, for good. */
  function forget(attemptId: string): void {
    counts.delete(attemptId);
    forgotten.set(attemptId, true);
  }

  return { sent, heard, countOf, progress, completedAt, forget };
}

export type PullCounts = ReturnType<typeof createPullProgress>;
