import { createHash } from 'node:crypto';
import { WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { BULL_PREFIX, isDone, openQueue } from '../../storage/redis/bull.ts';
import { SLOWEST_RETRY_MS } from '../../storage/redis/ioredis.ts';
import { ROOT } from '../../storage/redis/scripts.ts';
import { jobKey } from '../prepare.ts';
import type { MediaUse, StoredFile } from '../types.ts';
import type { Outcome } from './outcomes.ts';

const QUEUE = 'conversions';
/** Who waits for a conversion: the ids of their asks, by when their notes end (ms by the clock of Redis). */
const WAITERS = `${ROOT}conversion-waiters:`;
const PROGRESS = `${ROOT}conversion-progress:`;
/** What became of it, for each ask that waited then. */
const OUTCOME = `${ROOT}conversion-outcome:`;

/** A note of whoever waits is good for so long; nobody renews that of a killed process. */
const NOTE_MS = 5_000;
const KEPT_MS = 60_000;
const LEFT_OVER_MS = 3_600_000;
/** Another worker takes over what nobody has renewed the lock of for so long, and looks for such this often. */
const LOCK_MS = 5_000;
const LOOK_MS = 1_000;
/** A process that is about to end may have taken the sign that a job has come. */
const LOOK_ANYWAY_SECONDS = 1;
/** A file that ends its workers must not end all of them, over and over. */
const MOST_ENDED_WORKERS = 3;

/** A file to be prepared. */
export interface ConversionJob {
  readonly source: StoredFile;
  readonly use: MediaUse;
  /** In whose line it waits at the worker. */
  readonly owner: string;
}

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** ARGV: job, ask and whether its note is to be renewed, one after the other. Of each: outcome, progress, whether there is a job. */
const SEE = `${NOW}
local seen = {}
for i = 1, #ARGV, 3 do
  local job, ask, renew = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if renew == '1' then
    redis.call('ZADD', '${WAITERS}' .. job, string.format('%.0f', now + ${NOTE_MS}), ask)
    redis.call('PEXPIRE', '${WAITERS}' .. job, ${LEFT_OVER_MS})
  end
  seen[#seen + 1] = {
    redis.call('GET', '${OUTCOME}' .. ask),
    redis.call('GET', '${PROGRESS}' .. job),
    redis.call('EXISTS', '${BULL_PREFIX}:${QUEUE}:' .. job),
  }
end
return seen
`;

/** ARGV: job and its progress or nothing, one after the other. Of each: how many notes there are, and how many are good. */
const COUNT = `${NOW}
local counts = {}
for i = 1, #ARGV, 2 do
  local job, progress = ARGV[i], ARGV[i + 1]
  if progress ~= '' then redis.call('SET', '${PROGRESS}' .. job, progress, 'PX', ${KEPT_MS}) end
  counts[#counts + 1] = {
    redis.call('ZCARD', '${WAITERS}' .. job),
    redis.call('ZCOUNT', '${WAITERS}' .. job, string.format('(%.0f', now), '+inf'),
  }
end
return counts
`;

/** ARGV: job, outcome. Leaves it for all who wait now; who comes later has it done anew. */
const FINISH = `
for _, ask in ipairs(redis.call('ZRANGE', '${WAITERS}' .. ARGV[1], '0', '-1')) do
  redis.call('SET', '${OUTCOME}' .. ask, ARGV[2], 'PX', ${KEPT_MS})
end
return redis.call('DEL', '${WAITERS}' .. ARGV[1], '${PROGRESS}' .. ARGV[1])
`;

/**
 * One job for each source and use that somebody waits for, in a queue that all processes share; beside it the notes of those
 * who wait, and what came of it.
 */
export function createConversionJobs({ client }: { client: Redis }) {
  const queue = openQueue<ConversionJob>(QUEUE, client);

  /** Nothing happens where it is there already. */
  const add = (job: ConversionJob): Promise<unknown> => queue.add('prepare', job, { jobId: idOf(job) });

  /** How it stands with what some asks wait for; leaves or renews their notes where that is wanted. */
  async function see(asks: readonly { id: string; job: ConversionJob; isNoteDue: boolean }[]) {
    const values = asks.flatMap(({ id, job, isNoteDue }) => [idOf(job), id, isNoteDue ? '1' : '0']);
    const replies = await client.eval(SEE, 0, ...values);
    return rowsOf(replies).map(([outcome, progress, isThere]) => ({
      outcome: typeof outcome === 'string' ? (JSON.parse(outcome) as Outcome) : undefined,
      fraction: typeof progress === 'string' ? Number(progress) : undefined,
      isThere: isThere === 1,
    }));
  }

  /** Takes the note of an ask away, and what came of it. */
  async function forget({ id, job }: { id: string; job: ConversionJob }): Promise<void> {
    await Promise.all([client.zrem(`${WAITERS}${idOf(job)}`, id), client.del(`${OUTCOME}${id}`)]);
  }

  /** Tells how far some jobs have come, and how many wait for each: notes that are there, and those that still hold. */
  async function countWaiters(jobs: readonly { job: ConversionJob; fraction?: number | undefined }[]) {
    const values = jobs.flatMap(({ job, fraction }) => [idOf(job), fraction === undefined ? '' : fraction]);
    const replies = await client.eval(COUNT, 0, ...values);
    return rowsOf(replies).map(([noted, waiting]) => ({ noted: Number(noted), waiting: Number(waiting) }));
  }

  const finish = (job: ConversionJob, outcome: Outcome): Promise<unknown> =>
    client.eval(FINISH, 0, idOf(job), JSON.stringify(outcome));

  /** Takes jobs from the queue; one whose run answers false goes back for another worker. */
  function work(run: (job: ConversionJob) => Promise<boolean>, concurrency: number): Worker<ConversionJob> {
    return new Worker<ConversionJob>(
      QUEUE,
      async (job, token) => {
        if (job.stalledCounter >= MOST_ENDED_WORKERS) {
          await finish(job.data, { type: 'failed' });
          return;
        }
        if (await run(job.data)) return;
        await isDone(job.moveToWait(token));
        throw new WaitingError();
      },
      {
        connection: client,
        prefix: BULL_PREFIX,
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: LOOK_MS,
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        drainDelay: LOOK_ANYWAY_SECONDS,
        runRetryDelay: SLOWEST_RETRY_MS,
      },
    );
  }

  return {
    add,
    see,
    forget,
    countWaiters,
    finish,
    work,
    onError: (heard: (error: Error) => void) => void queue.on('error', heard),
    close: () => queue.close(),
  };
}

/** BullMQ takes no colons in an id. */
const idOf = ({ source, use }: ConversionJob): string =>
  `prepare-${createHash('sha256').update(jobKey(source, use)).digest('hex')}`;

const rowsOf = (replies: unknown): unknown[][] => (Array.isArray(replies) ? replies : []);
