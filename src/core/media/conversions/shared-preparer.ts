import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { inTime, isTooLate } from '../../storage/redis/bull.ts';
import { answeredSoon, createComplaints, openConnection } from '../../storage/redis/ioredis.ts';
import { jobKey, type MediaPreparer, PreparingStoppedError } from '../prepare.ts';
import { createSharedJobs, type Wanted } from '../shared-jobs.ts';
import type { PreparedMedia } from '../types.ts';
import { type ConversionJob, createConversionJobs } from './conversion-jobs.ts';
import { failedOutcome, mediaOf, type Outcome } from './outcomes.ts';

/** How soon it is noticed that a worker has come on, or is done. */
const LOOK_MS = 100;
/** A note that says that somebody waits ends after five seconds. */
const RENEW_MS = 1_000;
/** How often a worker tells how far it is, and looks whether anybody still waits. */
const ROUND_MS = 250;
/** Whoever takes over from somebody comes a moment later, and the notes of all may have ended while Redis was away. */
const ROUNDS_WITHOUT_NOTES = 2;
const ROUNDS_WITH_OLD_NOTES = 20;
/** More than can be worked on at once, so that owners take turns here; not many more, as idle workers could do them. */
const PLACES = 3 * availableParallelism();

/** Somebody here who waits for a worker. */
interface Ask {
  readonly id: string;
  readonly job: ConversionJob;
  readonly onProgress: (fraction: number) => void;
  readonly answered: (outcome: Outcome) => void;
  /** When its note was renewed last. */
  notedAt: number;
}

/** A conversion that this process makes. */
interface Run {
  readonly job: ConversionJob;
  readonly ended: Promise<void>;
  readonly ending: AbortController;
  /** So many rounds in a row nobody has waited for it. */
  unwantedRounds: number;
  /** What was told last. */
  fraction?: number | undefined;
}

/**
 * The preparer of several processes: what one asks for is prepared by whichever worker has room for it. The same source and
 * use is one job, whoever asks. Where a worker ends in the middle, another one begins again a few seconds later.
 *
 * Each who waits leaves a note in Redis and renews it. Work ends once no note is left, or none has been renewed for some
 * seconds.
 */
export function createSharedPreparer({
  url,
  local,
  isWorker,
  tellEveryMs,
  log,
}: {
  url: string;
  /** Prepares what this process takes, and does all else. */
  local: MediaPreparer;
  isWorker: boolean;
  /** How often progress is told at most. */
  tellEveryMs?: number | undefined;
  log: Pick<Logger, 'warn'>;
}): MediaPreparer & { start(): void } {
  const asks = new Set<Ask>();
  const runs = new Set<Run>();
  const conversions = createSharedJobs<PreparedMedia>({ tellEveryMs });
  let open: ReturnType<typeof connect> | undefined;
  let isStopping = false;
  let isClosed = false;
  let stopped: Promise<void> | undefined;
  const complaints = createComplaints(log, 'Conversions cannot use Redis; they go on when they can');

  /** Asks the workers, and does their work where this is one. */
  function start(): void {
    open = connect();
    void look([...asks]);
  }

  function connect() {
    const client = openConnection(url, failed);
    const jobs = createConversionJobs({ client });
    jobs.onError(failed);
    const worker = isWorker ? jobs.work(run, PLACES) : undefined;
    worker?.on('error', failed);
    const lookNow = notTwiceAtOnce(() => look([...asks]));
    const lookForWaitersNow = notTwiceAtOnce(lookForWaiters);
    const timers = [setInterval(lookNow, LOOK_MS), setInterval(lookForWaitersNow, ROUND_MS)];
    return { client, jobs, worker, timers };
  }

  function failed(error: unknown): void {
    if (!isClosed && !isTooLate(error)) complaints.tell(error);
  }

  const prepare: MediaPreparer['prepare'] = (source, { use = {}, ...wish }) =>
    conversions.want(jobKey(source, use), wish, (wanted) => ask({ source, use, owner: wish.owner }, wanted));

  async function ask(job: ConversionJob, { signal, onProgress }: Wanted): Promise<PreparedMedia> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    const one: Ask = {
      id: randomUUID(),
      job,
      onProgress,
      answered: resolve,
      notedAt: Number.NEGATIVE_INFINITY,
    };
    asks.add(one);
    void look([one]);
    try {
      return mediaOf(await promise);
    } finally {
      signal.removeEventListener('abort', leave);
      asks.delete(one);
      // At a stop the note stays, so that whoever takes over finds the work under way.
      if (!isStopping) open?.jobs.forget(one).catch(failed);
    }
  }

  /** Looks what has become of what some wait for; what nobody works on is asked for once more. */
  async function look(those: readonly Ask[]): Promise<void> {
    if (open === undefined || those.length === 0) return;
    const { client, jobs } = open;
    const at = performance.now();
    try {
      const isNoteDue = those.map(({ notedAt }) => at - notedAt >= RENEW_MS);
      const asked = those.map(({ id, job }, index) => ({ id, job, isNoteDue: isNoteDue[index] === true }));
      const seen = await answeredSoon(client, jobs.see(asked));
      const missing: ConversionJob[] = [];
      for (const [index, { outcome, fraction, isThere }] of seen.entries()) {
        const one = those[index];
        if (one === undefined || !asks.has(one)) continue;
        if (isNoteDue[index]) one.notedAt = at;
        if (fraction !== undefined) one.onProgress(fraction);
        if (outcome !== undefined) one.answered(outcome);
        else if (!isThere) missing.push(one.job);
      }
      await Promise.all(missing.map(jobs.add));
      complaints.clear();
    } catch (error) {
      failed(error);
    }
  }

  /** One job of the queue; false where this process stops before it is done. */
  async function run(job: ConversionJob): Promise<boolean> {
    const { jobs } = opened();
    const [before] = await jobs.countWaiters([{ job }]);
    if (before?.noted === 0) return true;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const one: Run = { job, ended, ending: new AbortController(), unwantedRounds: 0 };
    runs.add(one);
    try {
      const outcome = await convert(one);
      if (outcome === 'stopped') return false;
      if (outcome !== 'unwanted') await jobs.finish(job, outcome);
      return true;
    } finally {
      runs.delete(one);
      resolve();
    }
  }

  async function convert({ job, ending: { signal } }: Run): Promise<Outcome | 'unwanted' | 'stopped'> {
    const { source, use, owner } = job;
    try {
      return { type: 'prepared', media: await local.prepare(source, { use, owner, signal }) };
    } catch (error) {
      if (error instanceof PreparingStoppedError) return 'stopped';
      return signal.aborted ? 'unwanted' : failedOutcome(error);
    }
  }

  /** Tells how far the conversions here are, and ends those that nobody waits for. */
  async function lookForWaiters(): Promise<void> {
    if (open === undefined || runs.size === 0) return;
    const { client, jobs } = open;
    const those = [...runs];
    try {
      const told = those.map((one) => ({ job: one.job, fraction: newFractionOf(one) }));
      const counts = await answeredSoon(client, jobs.countWaiters(told));
      for (const [index, { noted, waiting }] of counts.entries()) {
        const one = those[index];
        if (one === undefined) continue;
        one.fraction = told[index]?.fraction ?? one.fraction;
        one.unwantedRounds = waiting > 0 ? 0 : one.unwantedRounds + 1;
        const patience = noted === 0 ? ROUNDS_WITHOUT_NOTES : ROUNDS_WITH_OLD_NOTES;
        if (one.unwantedRounds >= patience) one.ending.abort();
      }
    } catch (error) {
      for (const one of those) one.unwantedRounds = 0;
      failed(error);
    }
  }

  function newFractionOf({ job: { source, use }, fraction }: Run): number | undefined {
    const now = local.progressOf(source, use);
    return now === fraction ? undefined : now;
  }

  function opened() {
    if (open === undefined) throw new Error('The shared preparer has not been started.');
    return open;
  }

  const progressOf: MediaPreparer['progressOf'] = (source, use = {}) =>
    conversions.progressOf(jobKey(source, use));

  /** What is asked for here, and what is worked on here. */
  const depth = (): number =>
    new Set([...asks, ...runs].map(({ job: { source, use } }) => jobKey(source, use))).size;

  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  async function end(): Promise<void> {
    isStopping = true;
    await open?.worker?.pause(true);
    await Promise.all([conversions.stop(new PreparingStoppedError()), local.stop()]);
    if (open !== undefined) await close(open);
    isClosed = true;
  }

  /** A Redis that is away keeps nobody from ending. */
  async function close({ client, jobs, worker, timers }: ReturnType<typeof connect>): Promise<void> {
    const isTold = await inTime(Promise.all([...runs].map(({ ended }) => ended)), failed);
    if (worker !== undefined) await inTime(worker.close(!isTold || client.status !== 'ready'), failed);
    isClosed = true;
    for (const timer of timers) clearInterval(timer);
    await inTime(jobs.close(), failed);
    client.disconnect();
  }

  return { ...local, prepare, progressOf, depth, start, stop };
}

export type SharedPreparer = ReturnType<typeof createSharedPreparer>;

/** Does nothing while the last run has not ended. */
function notTwiceAtOnce(run: () => Promise<void>): () => void {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    await run();
    isRunning = false;
  };
}
