import { Worker } from 'node:worker_threads';
import { MediaTimeoutError, type Problem, UserError } from '../../problems.ts';
import type { VideoContent } from './probe.ts';

/** `probe` reads a file's facts; `repackage` writes a new MP4 to `to` and reads the facts of that. */
export type VideoJob =
  | { readonly type: 'probe'; readonly path: string }
  | { readonly type: 'repackage'; readonly path: string; readonly to: string };

export type VideoJobAnswer =
  | { readonly content: VideoContent }
  | { readonly problem: Problem; readonly cause?: string };

const TIMEOUT_MS = { probe: 60_000, repackage: 5 * 60_000 };
const MAX_HEAP_MB = 512;

/**
 * Runs a job on a thread of its own, because reading a container is JavaScript and would hold up everybody else;
 * the thread is ended after `timeoutMs` or when the signal says so. Throws a `UserError` for the file's faults.
 */
export async function runVideoJob(
  job: VideoJob,
  {
    signal,
    timeoutMs = TIMEOUT_MS[job.type],
  }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {},
): Promise<VideoContent> {
  signal?.throwIfAborted();
  const answer = await askWorker(job, { signal, timeoutMs });
  if ('content' in answer) return answer.content;
  throw new UserError(answer.problem, answer.cause === undefined ? {} : { cause: new Error(answer.cause) });
}

async function askWorker(
  job: VideoJob,
  { signal, timeoutMs }: { signal: AbortSignal | undefined; timeoutMs: number },
): Promise<VideoJobAnswer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: job,
    // What reads the files of strangers has no use for our tokens.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<VideoJobAnswer>();
  const timer = setTimeout(() => {
    reject(
      new MediaTimeoutError(`A video's ${job.type} took longer than ${timeoutMs} ms. Send a shorter one.`),
    );
  }, timeoutMs);
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`The video thread ended with code ${code} and no answer.`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
