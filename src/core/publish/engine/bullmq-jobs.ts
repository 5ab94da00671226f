import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { BULL_PREFIX, isDone, openQueue } from '../../storage/redis/bull.ts';
import { ROOT } from '../../storage/redis/scripts.ts';

export const QUEUE = 'ticks';
/** The last wake of each post that no run has answered yet. */
const WAKES = `${ROOT}wakes`;
/** Times that were given for a post while it ran, or was about to. */
const PLANNED = `${ROOT}planned`;
/** In the scores of delayed jobs a millisecond has so many places. */
const SCORES_PER_MS = 0x1000;

export interface TickJob {
  readonly postId: string;
  /** When it is due, by the clock of whoever planned it. */
  readonly at: number;
}

/** KEYS: wakes, planned. ARGV: post, the wake that the run has answered. Whether it was woken since; the time that was given meanwhile. */
const END = `
local wake = redis.call('HGET', KEYS[1], ARGV[1])
if wake and wake ~= ARGV[2] then return { 1, false } end
redis.call('HDEL', KEYS[1], ARGV[1])
return { 0, redis.call('HGET', KEYS[2], ARGV[1]) }
`;

/** KEYS: planned. ARGV: post, a time. Forgets it, unless another one was given since. */
const FORGET = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`;

/**
 * One job for each post that is called for, in a queue that all processes share.
 *
 * A job that is active can be neither added nor moved by others, so what a running post has to know lies beside it. The
 * order is always the same: whoever calls leaves the word first and looks at the job then; a run first ends and looks for
 * words then.
 */
export function createJobs({ client, now }: { client: Redis; now: () => number }) {
  const queue = openQueue<TickJob>(QUEUE, client);

  /** Leaves the word that a post is woken. */
  const leaveWake = (postId: string, wake: string): Promise<unknown> => client.hset(WAKES, postId, wake);

  const readWake = (postId: string): Promise<string | null> => client.hget(WAKES, postId);

  /** Those of the posts that have been woken and not run since. */
  async function areWoken(postIds: readonly string[]): Promise<boolean[]> {
    const wakes = await client.hmget(WAKES, ...postIds);
    return wakes.map((wake) => wake !== null);
  }

  /** Has a post run that was woken: now, or once more where it runs. */
  async function rouse(postId: string): Promise<void> {
    for (;;) {
      const [wake, { job, state }] = await Promise.all([readWake(postId), find(postId)]);
      if (wake === null || isComing(state)) return;
      if (job === undefined) {
        await add(postId, 0);
        return;
      }
      if (await isDone(job.promote())) return;
    }
  }

  /** Has a post run at a time, in place of what was planned for it. */
  async function plan(postId: string, at: number): Promise<void> {
    for (;;) {
      const { job, state } = await find(postId);
      if (isComing(state)) {
        await client.hset(PLANNED, postId, String(at));
        if (isComing((await find(postId)).state)) return;
        // Its run has ended meanwhile: either it has seen the time, or it is planned here.
        if (!(await forget(postId, String(at)))) return;
      } else if (job === undefined) {
        if (!isComing(await add(postId, at)) || at <= now()) return;
      } else if (await delayUntil(job, at)) return;
    }
  }

  /** The job of a post, unless it is in an end or in none of the lists, where it would keep its id for nothing. */
  async function find(postId: string): Promise<{ job: Job<TickJob> | undefined; state: string }> {
    const id = jobIdOf(postId);
    const [job, state] = await Promise.all([queue.getJob(id), queue.getJobState(id)]);
    if (isComing(state) || state === 'delayed' || job === undefined) return { job, state };
    await queue.remove(id);
    return { job: undefined, state };
  }

  async function delayUntil(job: Job<TickJob>, at: number): Promise<boolean> {
    const [, isChanged] = await Promise.all([
      isDone(job.updateData({ postId: job.data.postId, at })),
      isDone(job.changeDelay(delayOf(at))),
    ]);
    return isChanged;
  }

  /** Answers in which state the job is; another process may have added one at the same time, and only the first stays. */
  async function add(postId: string, at: number): Promise<string> {
    const job = await queue.add('tick', { postId, at }, { jobId: jobIdOf(postId), delay: delayOf(at) });
    const state = await job.getState();
    if (state === 'delayed') await (at > now() ? delayUntil(job, at) : isDone(job.promote()));
    return state;
  }

  /** Ends a run that has answered a wake: whether it was woken since, and the time that was given meanwhile. */
  async function end(
    postId: string,
    answered: string | null,
  ): Promise<{ isWoken: boolean; planned: number | undefined }> {
    const reply = await client.eval(END, 2, WAKES, PLANNED, postId, answered ?? '');
    const [isWoken, planned] = Array.isArray(reply) ? reply : [];
    return { isWoken: isWoken === 1, planned: typeof planned === 'string' ? Number(planned) : undefined };
  }

  /** Puts the job of a run that has ended back until its next one. False where it is no longer ours. */
  async function putBack(job: Job<TickJob>, token: string | undefined, at: number): Promise<boolean> {
    const { postId } = job.data;
    const [, isMoved] = await Promise.all([
      isDone(job.updateData({ postId, at })),
      isDone(job.moveToDelayed(Date.now() + delayOf(at), token)),
    ]);
    return isMoved;
  }

  /** Looks for words that came while a run ended; `seen` is the time that it has gone by. */
  async function settle(postId: string, seen?: number): Promise<void> {
    const [wake, planned] = await Promise.all([readWake(postId), client.hget(PLANNED, postId)]);
    if (planned !== null && (await forget(postId, planned)) && Number(planned) !== seen)
      await plan(postId, Number(planned));
    if (wake !== null) await rouse(postId);
  }

  async function forget(postId: string, planned: string): Promise<boolean> {
    return (await client.eval(FORGET, 1, PLANNED, postId, planned)) === 1;
  }

  /** All words that no run has answered yet, by post. */
  async function words(): Promise<Map<string, string>> {
    const [wakes, planned] = await Promise.all([client.hgetall(WAKES), client.hgetall(PLANNED)]);
    const all = new Map<string, string>();
    for (const [kind, found] of [['w', wakes] as const, ['p', planned] as const])
      for (const [postId, word] of Object.entries(found))
        all.set(postId, `${all.get(postId) ?? ''} ${kind}${word}`);
    return all;
  }

  /** Goes on with a word that was left by a process that died before it looked at the job. */
  async function followUp(postId: string): Promise<void> {
    if ((await find(postId)).state !== 'active') await settle(postId);
  }

  /** The posts that wait for a run, and when it is due. */
  async function waiting(): Promise<TickJob[]> {
    return (await queue.getJobs(['waiting', 'delayed'])).map(({ data }) => data);
  }

  async function countDue(): Promise<number> {
    const [waiting, late] = await Promise.all([
      client.llen(`${BULL_PREFIX}:${QUEUE}:wait`),
      client.zcount(`${BULL_PREFIX}:${QUEUE}:delayed`, 0, Date.now() * SCORES_PER_MS),
    ]);
    return waiting + late;
  }

  /** BullMQ goes by the clock of the machine. */
  const delayOf = (at: number): number => Math.max(0, Math.ceil(at - now()));

  return {
    leaveWake,
    readWake,
    areWoken,
    rouse,
    plan,
    end,
    putBack,
    settle,
    words,
    followUp,
    waiting,
    countDue,
    onError: (heard: (error: Error) => void) => void queue.on('error', heard),
    close: () => queue.close(),
  };
}

/** BullMQ takes no integers and no colons. */
const jobIdOf = (postId: string): string => `post-${encodeURIComponent(postId)}`;

/** It runs, or will as soon as a worker has room for it. */
const isComing = (state: string): boolean => state === 'active' || state === 'waiting';
