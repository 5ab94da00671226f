import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { createLimiter } from '../fair-limiter.ts';
import { FfmpegMissingError, MediaTimeoutError, UserError } from '../problems.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { inspectFile } from './inspect.ts';
import { configureSharp, convertPhoto } from './photo.ts';
import { createPreview } from './preview.ts';
import type { MediaStore } from './store.ts';
import type { MediaUse, PreparedMedia, PreparingProblem, StoredFile } from './types.ts';
import { PHOTO_LIMITS } from './types.ts';
import { prepareVideo } from './video.ts';

/** A use of a source that is asked for, or worked on. */
interface Job {
  readonly prepared: Promise<PreparedMedia>;
  /** Does the work; only the first call counts. */
  readonly run: () => Promise<void>;
  /** In whose lines it stands. */
  readonly owners: Set<string>;
}

/** Nod stops before the file is prepared; that is no failure. */
export class PreparingStoppedError extends Error {
  override name = 'PreparingStoppedError' as const;
}

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** What a person is told of a failure that is neither the file's fault nor the chat's. */
export function preparingProblem(error: unknown, { name }: { name: string }): PreparingProblem {
  if (error instanceof MediaTimeoutError) return { code: 'preparing_failed', reason: 'too_slow', name };
  if (error instanceof FfmpegMissingError)
    return { code: 'preparing_failed', reason: 'ffmpeg_missing', name };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isFull = typeof code === 'string' && DISK_FULL.has(code);
  return { code: 'preparing_failed', reason: isFull ? 'disk_full' : 'unknown', name };
}

/** Makes files fit for TikTok, a few at a time; a source that is asked for twice at once is worked on once. */
export function createMediaPreparer({
  store,
  ffmpeg,
  concurrency = availableParallelism(),
  log,
}: {
  store: MediaStore;
  ffmpeg?: Ffmpeg | undefined;
  concurrency?: number;
  log?: Pick<Logger, 'debug' | 'warn' | 'error'>;
}) {
  configureSharp();
  if (ffmpeg === undefined) log?.warn('Without ffmpeg on this machine many videos are refused');
  const limit = createLimiter({ concurrency });
  const underWay = new Map<string, Job>();
  const stopping = new AbortController();

  /**
   * The file as TikTok will pull it: the same source and use give the same result. Owners take turns.
   *
   * @throws UserError for the file's faults, PreparingStoppedError, and anything else for a failure of ours.
   */
  function prepare(
    source: StoredFile,
    { owner, use = {} }: { owner: string; use?: MediaUse | undefined },
  ): Promise<PreparedMedia> {
    const key = `${source.key} ${JSON.stringify(use)}`;
    const job = underWay.get(key) ?? begin(key, source);
    if (!job.owners.has(owner)) {
      // In the line of each who asks: whose turn comes first brings it to all of them.
      job.owners.add(owner);
      void limit(owner, job.run);
    }
    return job.prepared;
  }

  function begin(key: string, source: StoredFile): Job {
    const { promise, resolve, reject } = Promise.withResolvers<PreparedMedia>();
    let hasBegun = false;
    async function run(): Promise<void> {
      if (hasBegun) return;
      hasBegun = true;
      try {
        resolve(await work(source));
      } catch (error) {
        if (!(error instanceof UserError || error instanceof PreparingStoppedError))
          log?.error({ err: error, source: source.key }, 'A file could not be prepared');
        reject(error);
      } finally {
        underWay.delete(key);
      }
    }
    const job = { prepared: promise, run, owners: new Set<string>() };
    underWay.set(key, job);
    return job;
  }

  async function work(source: StoredFile): Promise<PreparedMedia> {
    const { signal } = stopping;
    signal.throwIfAborted();
    const startedAt = performance.now();
    const path = store.path(source);
    const facts = await inspectFile(path, { signal });
    const prepared =
      facts.kind === 'video'
        ? await prepareVideo({ store, source, facts, signal })
        : await storePhoto(await convertPhoto(path, facts));
    const durationMs = Math.round(performance.now() - startedAt);
    log?.debug({ source: source.key, result: prepared.file.key, durationMs }, 'media prepared');
    return prepared;
  }

  async function storePhoto({ content, width, height, changes }: Awaited<ReturnType<typeof convertPhoto>>) {
    const file = await store.add(Readable.from([content]), {
      maxBytes: PHOTO_LIMITS.maxBytes,
      extension: 'jpg',
    });
    return { kind: 'photo', contentType: 'image/jpeg', file, width, height, changes } as const;
  }

  /** The picture for the chat card; undefined for a video without a poster. */
  function preview(
    media: readonly PreparedMedia[],
    { owner, ...options }: { owner: string; posterPath?: string | undefined },
  ) {
    return limit(owner, () => createPreview({ store, media, ...options }));
  }

  /** Ends the threads that work on videos and waits for what is under way; what waits in line is refused. */
  async function stop(): Promise<void> {
    stopping.abort(new PreparingStoppedError('Nod is stopping; the file is prepared after the next start.'));
    await Promise.allSettled([...underWay.values()].map(({ prepared }) => prepared));
  }

  return { prepare, preview, stop };
}

export type MediaPreparer = ReturnType<typeof createMediaPreparer>;
