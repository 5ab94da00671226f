import { Worker } from 'node:worker_threads';
import { MediaTimeoutError, type Problem, UserError } from '../../../problems.ts';
import { threadEnvironment } from '../../memory.ts';

export interface HeicJob {
  readonly path: string;
  /** As its header says; there is memory for no more. */
  readonly maxPixels: number;
  /** For libheif itself. */
  readonly maxBytes: number;
}

export type HeicJobAnswer =
  | { readonly tiff: Uint8Array<ArrayBuffer> }
  | { readonly problem: Problem; readonly cause: string };

const TIMEOUT_MS = 120_000;
const MAX_HEAP_MB = 64;

/**
 * Decodes the picture of a HEIC that is shown, and gives it upright as a TIFF with its colour profile. It runs on a
 * thread of its own, which is ended after two minutes or when the signal says so: its data are computed in WebAssembly,
 * in memory that is gone with the thread. Throws a `UserError` for the file's faults.
 */
export async function decodeHeic(
  job: HeicJob,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Buffer> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: job,
    // What reads the files of strangers has no use for our tokens.
    env: threadEnvironment(),
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    // What libheif has to say is no line of our log.
    stdout: true,
    stderr: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<HeicJobAnswer>();
  const timer = setTimeout(
    () => reject(new MediaTimeoutError(`A HEIC took longer than ${TIMEOUT_MS} ms. Send a smaller one.`)),
    TIMEOUT_MS,
  );
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`The HEIC thread ended with code ${code} and no answer.`)));
  try {
    const answer = await promise;
    if ('problem' in answer) throw new UserError(answer.problem, { cause: new Error(answer.cause) });
    return Buffer.from(answer.tiff.buffer);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
