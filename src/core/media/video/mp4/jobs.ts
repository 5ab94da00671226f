import { Worker } from 'node:worker_threads';
import { MediaTimeoutError, type Problem, UserError } from '../../../problems.ts';
import { threadEnvironment } from '../../memory.ts';
import type { FrameTiming } from '../timing.ts';
import type { Mp4Cleaning } from './clean.ts';
import type { SampleEntry } from './sample-entry.ts';

/** What is asked of a file's index; `hasUnits` walks through every sample of the picture as well. */
export interface Mp4Job {
  readonly path: string;
  readonly hasUnits: boolean;
}

/** What the index tells; undefined where only ffmpeg can read it. */
export interface Mp4Content {
  readonly picture: TrackContent & { readonly timing: FrameTiming; readonly rotation: number };
  readonly sound: TrackContent | undefined;
  /** Neither the picture nor the sound. */
  readonly otherTracks: number;
  readonly cleaning: Mp4Cleaning | undefined;
}

export interface TrackContent {
  /** Its number in the file, from 0. */
  readonly stream: number;
  readonly entry: SampleEntry;
  /** When it ends as players show it. */
  readonly endSeconds: number;
  /** What players leave out at both ends together, in seconds. */
  readonly hiddenSeconds: number;
  /** What is shown begins and ends where the samples can be cut apart. */
  readonly isCutCleanly: boolean;
}

export type Mp4JobAnswer =
  | { readonly content: Mp4Content | undefined }
  | { readonly problem: Problem; readonly cause?: string };

const TIMEOUT_MS = 60_000;
/** Many times what any honest index needs, whose tables don't count here. */
const MAX_HEAP_MB = 256;

/**
 * Reads a file's index on a thread of its own, because it is JavaScript and would hold up everybody else; the thread
 * is ended after `timeoutMs` or when the signal says so. Throws a `UserError` for the file's faults.
 */
export async function runMp4Job(
  job: Mp4Job,
  {
    signal,
    timeoutMs = TIMEOUT_MS,
  }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {},
): Promise<Mp4Content | undefined> {
  signal?.throwIfAborted();
  const answer = await askWorker(job, { signal, timeoutMs });
  if ('content' in answer) return answer.content;
  throw new UserError(answer.problem, answer.cause === undefined ? {} : { cause: new Error(answer.cause) });
}

async function askWorker(
  job: Mp4Job,
  { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number },
): Promise<Mp4JobAnswer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: job,
    // What reads the files of strangers has no use for our tokens.
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Mp4JobAnswer>();
  const timer = setTimeout(() => {
    reject(new MediaTimeoutError(`Reading a video's index took longer than ${timeoutMs} ms.`));
  }, timeoutMs);
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  worker.once('message', resolve);
  worker.once('error', (error) => reject(isOutOfMemory(error) ? tooBig(error) : error));
  worker.once('exit', (code) => reject(new Error(`The video thread ended with code ${code} and no answer.`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

/** https://nodejs.org/api/errors.html#err_worker_out_of_memory */
const isOutOfMemory = (error: Error): boolean => 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';

const tooBig = (cause: Error): UserError => new UserError({ code: 'file_damaged' }, { cause });
