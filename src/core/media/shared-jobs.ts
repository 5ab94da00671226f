import type { Limiter } from '../fair-limiter.ts';

/** Somebody who wants a result. */
export interface Wish {
  /** In whose line it waits. */
  readonly owner: string;
  /** Ends the wish, and the work with it where nobody else wants it. */
  readonly signal?: AbortSignal | undefined;
  /** Told now and then that the work has come on. */
  readonly onProgress?: (() => void) | undefined;
}

/** What work sees of those who want it. */
export interface Wanted {
  /** Aborts when nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** Runs at the turn of whichever of its owners has it first. */
  readonly inTurn: <T>(limit: Limiter, run: () => Promise<T>) => Promise<T>;
  /** How much of the work is done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

interface Job<T> {
  readonly result: Promise<T>;
  readonly ending: AbortController;
  readonly wishes: Set<Wish>;
  /** Puts one more owner in the line in which the work waits. */
  lineUp: (owner: string) => void;
  fraction?: number;
}

const TELL_EVERY_MS = 1_000;

/** Work by its key: what several want at once is done once, and ends as soon as nobody wants it any more. */
export function createSharedJobs<T>({
  tellEveryMs = TELL_EVERY_MS,
}: {
  tellEveryMs?: number | undefined;
} = {}) {
  const jobs = new Map<string, Job<T>>();
  /** Results that nobody waits for, of work that is being ended. */
  const ending = new Set<Promise<T>>();
  let stopReason: Error | undefined;

  /** The result of the work. Rejects at once with the reason of the wish's signal; the work ends in the background then. */
  async function want(key: string, wish: Wish, work: (wanted: Wanted) => Promise<T>): Promise<T> {
    if (stopReason !== undefined) throw stopReason;
    const { owner, signal } = wish;
    signal?.throwIfAborted();
    const job = jobs.get(key) ?? begin(key, work);
    const isNew = ownersOf(job).every((known) => known !== owner);
    job.wishes.add(wish);
    if (isNew) job.lineUp(owner);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    function leave(): void {
      reject(signal?.reason);
      job.wishes.delete(wish);
      if (job.wishes.size === 0) end(key, job, signal?.reason);
    }
    signal?.addEventListener('abort', leave, { once: true });
    job.result.then(resolve, reject);
    return promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  function begin(key: string, work: (wanted: Wanted) => Promise<T>): Job<T> {
    const controller = new AbortController();
    const { signal } = controller;
    // The work begins when the first wish is known.
    const result = Promise.resolve()
      .then(() =>
        work({ signal, inTurn: (limit, run) => inTurn(job, limit, run), onProgress: progressIn(job) }),
      )
      .catch((error) => {
        throw signal.aborted ? signal.reason : error;
      })
      .finally(() => {
        if (jobs.get(key) === job) jobs.delete(key);
      });
    result.catch(() => {});
    const job: Job<T> = { result, ending: controller, wishes: new Set(), lineUp: () => {} };
    jobs.set(key, job);
    return job;
  }

  /** Whoever wants the same from now on begins anew. */
  function end(key: string, job: Job<T>, reason: unknown): void {
    if (jobs.get(key) === job) jobs.delete(key);
    ending.add(job.result);
    void job.result.catch(() => {}).finally(() => ending.delete(job.result));
    job.ending.abort(reason);
  }

  function progressIn(job: Job<T>): (fraction: number) => void {
    let told = { percent: 0, at: Number.NEGATIVE_INFINITY };
    return (fraction) => {
      job.fraction = Math.min(1, Math.max(0, fraction));
      const [percent, at] = [Math.floor(job.fraction * 100), performance.now()];
      if (percent === told.percent || at - told.at < tellEveryMs) return;
      told = { percent, at };
      for (const { onProgress } of job.wishes) onProgress?.();
    };
  }

  /** How much of some work is done, 0 to 1; undefined where that is not known. */
  const progressOf = (key: string): number | undefined => jobs.get(key)?.fraction;

  /** Ends all work, and whatever begins later, with this reason; resolves when nothing is left of it. */
  async function stop(reason: Error): Promise<void> {
    stopReason = reason;
    for (const [key, job] of jobs) end(key, job, reason);
    await Promise.allSettled(ending);
  }

  return { want, progressOf, count: () => jobs.size, stop };
}

const ownersOf = <T>(job: Job<T>): string[] => [...job.wishes].map(({ owner }) => owner);

function inTurn<T>(job: Job<unknown>, limit: Limiter, run: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const begun = new AbortController();
  const { signal } = job.ending;
  // Whose turn comes first brings it to all of them, and the others' lines are left.
  const leaves = AbortSignal.any([signal, begun.signal]);
  async function turn(): Promise<void> {
    begun.abort();
    await run().then(resolve, reject);
  }
  job.lineUp = (owner) => void limit(owner, turn, { signal: leaves }).catch(() => {});
  // What runs hears of the signal itself, and holds its place until it is over.
  const giveUp = () => {
    if (!begun.signal.aborted) reject(signal.reason);
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  for (const owner of new Set(ownersOf(job))) job.lineUp(owner);
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}
