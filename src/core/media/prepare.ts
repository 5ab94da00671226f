import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { configureSharp } from './configure-sharp.ts';
import { inspectFile } from './inspect.ts';
import { createLimiter } from './limiter.ts';
import { PHOTO_LIMITS } from './limits.ts';
import { convertPhoto } from './photos.ts';
import { createPreview } from './preview.ts';
import type { MediaStore } from './store.ts';
import type { PreparedMedia, StoredFile } from './types.ts';
import { prepareVideo } from './videos.ts';

/** Makes files fit for TikTok, a few at a time; a source that is asked for twice at once is worked on once. */
export function createMediaPreparer({
  store,
  concurrency = availableParallelism(),
  log,
}: {
  store: MediaStore;
  concurrency?: number;
  log?: Pick<Logger, 'debug'>;
}) {
  configureSharp();
  const limit = createLimiter({ concurrency });
  const underWay = new Map<string, Promise<PreparedMedia>>();
  const stopping = new AbortController();

  /** The file as TikTok will pull it: the same source gives the same result. Throws a `UserError` naming the reason. */
  function prepare(source: StoredFile): Promise<PreparedMedia> {
    const shared = underWay.get(source.key);
    if (shared) return shared;
    const run = limit(() => work(source)).finally(() => underWay.delete(source.key));
    underWay.set(source.key, run);
    return run;
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
  function preview(media: readonly PreparedMedia[], options: { posterPath?: string } = {}) {
    return limit(() => createPreview({ store, media, ...options }));
  }

  /** Ends the threads that work on videos and waits for what is under way; what waits in line is refused. */
  async function stop(): Promise<void> {
    stopping.abort(new Error('Nod is stopping; the file is prepared after the next start.'));
    await Promise.allSettled(underWay.values());
  }

  return { prepare, preview, stop };
}

export type MediaPreparer = ReturnType<typeof createMediaPreparer>;
