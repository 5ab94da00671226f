import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { BULL_PREFIX, inTime, isTooLate } from '../../storage/redis/bull.ts';
import {
  answeredSoon,
  createComplaints,
  openConnection,
  SLOWEST_RETRY_MS,
} from '../../storage/redis/ioredis.ts';
import { createJobs, QUEUE, type TickJob } from './bullmq-jobs.ts';
import { AFTER_BUG_MS, type Engine, type Tick } from './engine.ts';

/** Another process takes over a run whose lock nobody has renewed for so long, and looks for such this often. */
const LOCK_MS = 5_000;
const LOOK_MS = 1_000;
/** The waiting within a run has its bounds elsewhere. */
const MOST_RUNS = 1_000;
/** How soon it is noticed that another process has answered a wake. */
const ANSWER_MS = 100;
const ROUND_MS = 1_000;
/** A word that lies there for so many rounds was left by a process that died. */
const ROUNDS_OF_WORDS = 5;
/** Whoever wakes a post waits no longer for a run that another process has to make. */
const LONGEST_WAIT_MS = 10_000;
const SET_BACK_MS = 1_000;

/** A wake that somebody waits for. */
interface Waiter {
  readonly answered: () => void;
}

/**
 * The engine of several processes: BullMQ plans the runs in Redis, and any of them makes them. Where a process ends in the
 * middle of one, another makes it again a few seconds later.
 *
 * A process that Redis has not heard from for some seconds may run a post that another one has taken over. The posts are
 * saved by compare-and-set for that reason.
 */
export function createBullEngine({ url, now, log }: { url: string; now: () => number; log: Logger }): Engine {
  /** What was asked for before the start. */
  const early = new Map<string, number>();
  const id = crypto.randomUUID();
  /** Runs in this process, until their job is put back; their ticks; what Redis is told at their end. */
  const running = new Map<string, { readonly ended: Promise<void>; readonly covered: Set<Waiter> }>();
  const ticking = new Set<Promise<void>>();
  const ending = new Set<Promise<unknown>>();
  const waiters = new Map<string, Set<Waiter>>();
  /** What is to be told to the queue, and the posts of which something is being told. */
  const untold = new Map<string, { isWoken: boolean; at?: number | undefined }>();
  const telling = new Map<string, Promise<void>>();
  let wakes = 0;
  let due = 0;
  let open: ReturnType<typeof connect> | undefined;
  let isStopping = false;
  let isClosed = false;
  let stopped: Promise<void> | undefined;
  const complaints = createComplaints(log, 'The engine cannot use Redis; posts go on when it can');

  function start(tick?: Tick): void {
    open = connect(tick);
    for (const [postId, at] of early) schedule(postId, at);
    early.clear();
  }

  function connect(tick: Tick | undefined) {
    const client = openConnection(url, failed);
    const jobs = createJobs({ client, now });
    jobs.onError(failed);
    const rounds = createRounds({ client, jobs });
    const worker = tick && createWorker({ client, jobs, tick });
    return { client, jobs, worker, rounds };
  }

  function createWorker({
    client,
    jobs,
    tick,
  }: {
    client: Redis;
    jobs: ReturnType<typeof createJobs>;
    tick: Tick;
  }) {
    const worker = new Worker<TickJob>(QUEUE, (job, token) => run(job, token, tick), {
      connection: client,
      prefix: BULL_PREFIX,
      concurrency: MOST_RUNS,
      lockDuration: LOCK_MS,
      stalledInterval: LOOK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: SLOWEST_RETRY_MS,
    });
    worker.on('completed', ({ data }) => void atEnd(() => jobs.settle(data.postId)).catch(() => {}));
    worker.on('error', failed);
    return worker;
  }

  function failed(error: unknown): void {
    if (!isClosed && !isTooLate(error)) complaints.tell(error);
  }

  function schedule(postId: string, at: number): void {
    if (isClosed) return;
    if (open === undefined) {
      if (!isStopping) early.set(postId, at);
    } else if (at <= now()) leaveWake(postId);
    else tell(postId, { isWoken: untold.get(postId)?.isWoken ?? false, at });
  }

  async function wake(postId: string): Promise<void> {
    if (open === undefined || isStopping) return schedule(postId, 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { answered: resolve };
    waitersOf(postId).add(waiter);
    leaveWake(postId);
    const patience = open.worker === undefined ? setTimeout(giveUp, LONGEST_WAIT_MS) : undefined;
    await promise;
    clearTimeout(patience);

    function giveUp(): void {
      waiters.get(postId)?.delete(waiter);
      resolve();
    }
  }

  /** All commands go over one connection in their order, so a run that begins after this call finds it. */
  function leaveWake(postId: string): void {
    if (open === undefined) return;
    wakes += 1;
    open.jobs.leaveWake(postId, `${id} ${wakes}`).catch((error) => leaveWakeLater(postId, error));
    tell(postId, { isWoken: true });
  }

  async function leaveWakeLater(postId: string, error: unknown): Promise<void> {
    failed(error);
    await delay(SLOWEST_RETRY_MS, undefined, { ref: false });
    if (!isClosed) leaveWake(postId);
  }

  function tell(postId: string, word: { isWoken: boolean; at?: number }): void {
    untold.set(postId, word);
    if (!telling.has(postId))
      telling.set(
        postId,
        Promise.resolve().then(() => tellAll(postId)),
      );
  }

  /** One after the other, so that what was said last holds. */
  async function tellAll(postId: string): Promise<void> {
    for (let word = untold.get(postId); word !== undefined && !isClosed; word = untold.get(postId)) {
      untold.delete(postId);
      try {
        if (word.isWoken) await open?.jobs.rouse(postId);
        if (word.at !== undefined) await open?.jobs.plan(postId, word.at);
      } catch (error) {
        failed(error);
        if (isClosed) break;
        untold.set(postId, untold.get(postId) ?? word);
        await delay(SLOWEST_RETRY_MS);
      }
    }
    telling.delete(postId);
  }

  /** One job of the queue: a run, and once more as long as the post is woken in it. */
  async function run(job: Job<TickJob>, token: string | undefined, tick: Tick): Promise<void> {
    const { postId } = job.data;
    // One that Redis has not heard from for too long is still at work here.
    while (running.has(postId)) await running.get(postId)?.ended;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const covered = new Set<Waiter>();
    running.set(postId, { ended, covered });
    try {
      const { next, planned } = await step(postId, tick, covered);
      if (next !== undefined) await atEnd(() => putBack(job, token, { next, planned }));
      answer(covered);
      if (next !== undefined) throw new DelayedError();
    } finally {
      // Where Redis has refused something, the next run answers them.
      for (const waiter of covered) waitersOf(postId).add(waiter);
      running.delete(postId);
      resolve();
    }
  }

  /** Runs a post; those who woke it before the last run began are in `covered` then. */
  async function step(postId: string, tick: Tick, covered: Set<Waiter>) {
    const { jobs } = opened();
    for (;;) {
      let next: number | undefined = now();
      let answered: string | null = null;
      // A post that is due at once goes on in this run.
      while (!isStopping && next !== undefined && next <= now()) {
        for (const waiter of takeWaiters(postId)) covered.add(waiter);
        answered = await jobs.readWake(postId);
        next = await tickOnce(postId, tick);
      }
      const { isWoken, planned } = await jobs.end(postId, answered);
      if (!isWoken || isStopping) return { next: earliest(isWoken ? now() : next, planned), planned };
      answer(covered);
    }
  }

  async function tickOnce(postId: string, tick: Tick): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    ticking.add(promise);
    try {
      return await tick(postId);
    } catch (error) {
      log.error({ err: error, postId }, 'A tick failed; it is tried again');
      return now() + AFTER_BUG_MS;
    } finally {
      ticking.delete(promise);
      resolve();
    }
  }

  async function putBack(
    job: Job<TickJob>,
    token: string | undefined,
    { next, planned }: { next: number; planned: number | undefined },
  ): Promise<void> {
    const { jobs } = opened();
    const isOurs = await jobs.putBack(job, token, next);
    await jobs.settle(job.data.postId, isOurs ? planned : undefined);
  }

  /** Something that still has to be told to Redis. */
  async function atEnd<T>(tellIt: () => Promise<T>): Promise<T> {
    const told = tellIt();
    const known = told.catch(failed);
    ending.add(known);
    try {
      return await told;
    } finally {
      ending.delete(known);
    }
  }

  function opened() {
    if (open === undefined) throw new Error('The engine has not been started.');
    return open;
  }

  function waitersOf(postId: string): Set<Waiter> {
    const known = waiters.get(postId) ?? new Set();
    waiters.set(postId, known);
    return known;
  }

  function takeWaiters(postId: string): Set<Waiter> {
    const taken = waiters.get(postId) ?? new Set();
    waiters.delete(postId);
    return taken;
  }

  function answer(those: Set<Waiter>): void {
    for (const { answered } of those) answered();
    those.clear();
  }

  /** What is looked at from time to time. */
  function createRounds({ client, jobs }: { client: Redis; jobs: ReturnType<typeof createJobs> }) {
    let lookedAt = now();
    let round = 0;
    let isAsking = false;
    let isLooking = false;
    let known = new Map<string, string>();
    const answers = setInterval(() => void lookForAnswers().catch(failed), ANSWER_MS);
    const rounds = setInterval(() => void look().catch(failed), ROUND_MS);

    /** Wakes may be answered by other processes. */
    async function lookForAnswers(): Promise<void> {
      if (waiters.size === 0 || isAsking) return;
      isAsking = true;
      try {
        const asked = [...waiters].map(([postId, those]) => ({ postId, those: [...those] }));
        const areWoken = await jobs.areWoken(asked.map(({ postId }) => postId));
        for (const [index, { postId, those }] of asked.entries()) {
          if (areWoken[index]) continue;
          const left = waiters.get(postId);
          for (const waiter of those) if (left?.delete(waiter)) waiter.answered();
          if (left?.size === 0) waiters.delete(postId);
        }
      } finally {
        isAsking = false;
      }
    }

    async function look(): Promise<void> {
      if (isLooking) return;
      isLooking = true;
      try {
        due = await answeredSoon(client, jobs.countDue());
        complaints.clear();
        if (isSetBack()) runDue(true).catch(failed);
        round += 1;
        if (round % ROUNDS_OF_WORDS === 0) await followUpWords();
      } finally {
        isLooking = false;
      }
    }

    async function followUpWords(): Promise<void> {
      const before = known;
      known = await jobs.words();
      for (const [postId, word] of known) if (before.get(postId) === word) await jobs.followUp(postId);
    }

    /** Whether the clock has been set back since the last time, by which each run would come too late. */
    function isSetBack(): boolean {
      const at = now();
      const isBack = at < lookedAt - SET_BACK_MS;
      lookedAt = isBack ? at : Math.max(at, lookedAt);
      return isBack;
    }

    return {
      isSetBack,
      stop(): void {
        clearInterval(answers);
        clearInterval(rounds);
      },
    };
  }

  async function clockMoved(): Promise<void> {
    if (open === undefined) return;
    const isSetBack = open.rounds.isSetBack();
    await Promise.all([...telling.values(), ...ending]);
    await runDue(isSetBack);
  }

  async function runDue(isSetBack: boolean): Promise<void> {
    const waiting = await opened().jobs.waiting();
    const meant = waiting.filter(({ at }) => isSetBack || at <= now() + 1);
    await Promise.all(meant.map(({ postId }) => wake(postId)));
  }

  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  async function end(): Promise<void> {
    isStopping = true;
    early.clear();
    for (const postId of [...waiters.keys()]) if (!running.has(postId)) answer(takeWaiters(postId));
    if (open !== undefined) await close(open);
    isClosed = true;
    for (const those of waiters.values()) answer(those);
    for (const { covered } of running.values()) answer(covered);
  }

  async function close({ client, jobs, worker, rounds }: ReturnType<typeof connect>): Promise<void> {
    await worker?.pause(true);
    while (ticking.size > 0) await Promise.all(ticking);
    // A Redis that is away keeps nobody from ending; BullMQ would wait for it, and renew its locks for ever.
    const isTold = await inTime(allTold(), failed);
    if (worker !== undefined) await inTime(worker.close(!isTold || client.status !== 'ready'), failed);
    await inTime(Promise.all(ending), failed);
    isClosed = true;
    rounds.stop();
    await inTime(jobs.close(), failed);
    client.disconnect();
  }

  async function allTold(): Promise<void> {
    await Promise.all([...[...running.values()].map(({ ended }) => ended), ...telling.values()]);
    await Promise.all(ending);
  }

  return {
    start,
    schedule,
    wake,
    depth: () => ({ due, running: running.size }),
    clockMoved,
    stop,
  };
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
