import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { createLimiter, type Limiter } from '../fair-limiter.ts';
import type { PreparedFile } from '../health/observer.ts';
import { FfmpegMissingError, MediaTimeoutError, UserError } from '../problems.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { inspectFile, type MediaFacts } from './inspect.ts';
import { createMemoryBudget } from './memory.ts';
import { configureSharp, convertPhoto } from './photo/convert.ts';
import { createContactSheet, createPreview } from './preview.ts';
import { createSharedJobs, type Wanted, type Wish } from './shared-jobs.ts';
import { readFormat } from './sniff.ts';
import { NoRoomError } from './store/disk-room.ts';
import { MediaAwayError, type MediaStore } from './store/store.ts';
import type { MediaUse, PreparedMedia, PreparingProblem, StoredFile } from './types.ts';
import { PHOTO_LIMITS, useKey, VIDEO_LIMITS } from './types.ts';
import type { VideoPlan } from './video/plan.ts';
import {
  type AtTurn,
  isPictureEncoded,
  prepareAnimation,
  prepareVideo,
  readFrames,
  type VideoFacts,
  type VideoParts,
} from './video.ts';

/** Nod stops before the file is prepared; that is no failure. */
export class PreparingStoppedError extends Error {
  override name = 'PreparingStoppedError' as const;

  constructor() {
    super('Nod is stopping; the file is prepared after the next start.');
  }
}

/** How many bytes a second of what ffmpeg encodes has at most, nearly always; what exceeds it needs room when it does. */
const ENCODED_BYTES_PER_SECOND = 1_500_000;
const ANIMATION_BYTES = 20_000_000;
/** As big as the picture of a card gets. */
const POSTER_HEIGHT = 1280;
const TILE_HEIGHT = 426;

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** What a person is told of a failure that is neither the file's fault nor the chat's. */
export function preparingProblem(error: unknown, { name }: { name: string }): PreparingProblem {
  if (error instanceof MediaTimeoutError) return { code: 'preparing_failed', reason: 'too_slow', name };
  if (error instanceof FfmpegMissingError)
    return { code: 'preparing_failed', reason: 'ffmpeg_missing', name };
  if (error instanceof NoRoomError) return { code: 'preparing_failed', reason: error.reason, name };
  if (error instanceof MediaAwayError) return { code: 'preparing_failed', reason: 'media_away', name };
  const isFull = diskFullCode(error) !== undefined;
  return { code: 'preparing_failed', reason: isFull ? 'disk_full' : 'unknown', name };
}

/** The code with which a disk says that it is full; undefined for any other error. */
export function diskFullCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && DISK_FULL.has(code) ? code : undefined;
}

/** How long judging a file may take. */
const INSPECT_TIMEOUT_MS = 10_000;
const INSPECTIONS = 2;
/** Facts of files that were judged last; a file is judged when it comes and again when it is prepared. */
const KNOWN_FACTS = 100;

const NO_FFMPEG =
  'ffmpeg is missing, so videos that TikTok does not take as they are cannot be posted. Install it, such as with "apt-get install ffmpeg"; it is found without a restart';

/** How somebody asks for a file. */
export interface Asking {
  /** In whose line it waits: owners take turns. */
  readonly owner: string;
  /** Ends the wish; work that nobody wants any more ends at once. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes files fit for TikTok. Judging, quick work and long work have places of their own, a few each, and none waits for
 * the others; a source that is asked for twice at once is worked on once.
 */
export function createMediaPreparer({
  store,
  findFfmpeg = () => undefined,
  concurrency = availableParallelism(),
  tellEveryMs,
  onPrepared = () => {},
  log,
}: {
  store: MediaStore;
  /** Asked again for as long as there is none. */
  findFfmpeg?: () => Ffmpeg | undefined;
  /** Photos and quick work on videos at once; half as many transcodes besides, as each keeps several cores busy. */
  concurrency?: number;
  /** How often progress is told at most. */
  tellEveryMs?: number | undefined;
  /** Told of work that is over, unless nobody wanted it any more. */
  onPrepared?: ((prepared: PreparedFile) => void) | undefined;
  log?: Pick<Logger, 'debug' | 'warn' | 'error'>;
}) {
  configureSharp();
  const judging = createLimiter({ concurrency: INSPECTIONS });
  // What a video holds is found out step by step, which a hostile one draws out; photos don't wait for that.
  const judgingVideos = createLimiter({ concurrency: INSPECTIONS });
  const quick = createLimiter({ concurrency });
  const long = createLimiter({ concurrency: Math.ceil(concurrency / 2) });
  const memory = createMemoryBudget();
  const judgements = createSharedJobs<MediaFacts>();
  const conversions = createSharedJobs<PreparedMedia>({ tellEveryMs });
  const stopping = new AbortController();
  const known = new LRUCache<string, MediaFacts>({ max: KNOWN_FACTS });
  let found = findFfmpeg();
  if (found === undefined) log?.warn(NO_FFMPEG);

  function ffmpeg(): Ffmpeg | undefined {
    if (found !== undefined) return found;
    found = findFfmpeg();
    // With it more can be told of a file.
    if (found !== undefined) known.clear();
    return found;
  }

  /**
   * Judges a file by its content.
   *
   * @throws UserError for the file's faults, PreparingStoppedError, the reason of the signal, and anything else for a
   * failure of ours.
   */
  function inspect(
    source: StoredFile,
    { owner, signal, timeoutMs = INSPECT_TIMEOUT_MS }: Asking & { timeoutMs?: number | undefined },
  ): Promise<MediaFacts> {
    const options = { ffmpeg: ffmpeg(), timeoutMs };
    return judgements.want(source.key, { owner, signal }, async (wanted) => {
      const facts = known.get(source.key) ?? (await judge(source, { ...options, wanted }));
      known.set(source.key, facts);
      return facts;
    });
  }

  async function judge(
    source: StoredFile,
    { wanted, ...options }: { wanted: Wanted; ffmpeg: Ffmpeg | undefined; timeoutMs: number },
  ): Promise<MediaFacts> {
    const { inTurn, signal } = wanted;
    using local = await store.fetch(source);
    const { path } = local;
    const inspectHere = () => inspectFile(path, { ...options, signal });
    const photo = await inTurn(judging, async () =>
      (await readFormat(path)).kind === 'video' ? undefined : inspectHere(),
    );
    return photo ?? (await inTurn(judgingVideos, inspectHere));
  }

  /**
   * The file as TikTok will pull it: the same source and use give the same result.
   *
   * @throws as `inspect` does.
   */
  function prepare(
    source: StoredFile,
    { use = {}, ...wish }: Wish & { use?: MediaUse | undefined },
  ): Promise<PreparedMedia> {
    return conversions.want(jobKey(source, use), wish, async (wanted) => {
      const startedAt = performance.now();
      const over = (kind: PreparedFile['kind'], outcome: PreparedFile['outcome']) =>
        onPrepared({ kind, outcome, tookMs: performance.now() - startedAt });
      try {
        const prepared = await work(source, use, { owner: wish.owner, wanted });
        over(kindOf(prepared), 'ok');
        return prepared;
      } catch (error) {
        if (!wanted.signal.aborted) over('unknown', error instanceof UserError ? 'refused' : 'failed');
        if (error instanceof FfmpegMissingError) found = undefined;
        if (!(error instanceof UserError) && !wanted.signal.aborted)
          log?.error({ err: error, source: source.key }, 'A file could not be prepared');
        throw error;
      }
    });
  }

  /** How many files are being prepared or wait for that. */
  const depth = (): number => conversions.count();

  /** How much of a file is prepared, 0 to 1; undefined where that is not known. */
  const progressOf = (source: StoredFile, use: MediaUse = {}): number | undefined =>
    conversions.progressOf(jobKey(source, use));

  async function work(
    source: StoredFile,
    use: MediaUse,
    { owner, wanted }: { owner: string; wanted: Wanted },
  ): Promise<PreparedMedia> {
    const startedAt = performance.now();
    const { signal } = wanted;
    const facts = await inspect(source, { owner, signal });
    const prepared = await convert(source, use, { facts, wanted });
    const durationMs = Math.round(performance.now() - startedAt);
    log?.debug({ source: source.key, result: prepared.file.key, durationMs }, 'media prepared');
    return prepared;
  }

  async function convert(
    source: StoredFile,
    use: MediaUse,
    { facts, wanted }: { facts: MediaFacts; wanted: Wanted },
  ): Promise<PreparedMedia> {
    const { signal, onProgress } = wanted;
    const common = { source, ffmpeg: ffmpeg(), onProgress };
    function inLane<T>(lane: Limiter, bytes: number, run: (parts: VideoParts) => Promise<T>): Promise<T> {
      return wanted.inTurn(lane, () =>
        store.withRoom(bytes, ({ signal, ...parts }) => run({ store: { ...store, ...parts }, signal }), {
          signal,
        }),
      );
    }
    if (facts.kind === 'video') {
      const atTurn: AtTurn = (plan, run) =>
        inLane(isPictureEncoded(plan) ? long : quick, estimateBytes(plan, facts), run);
      return prepareVideo({ ...common, facts, use, atTurn });
    }
    if (facts.pictures > 1 && use.asVideo)
      return inLane(long, ANIMATION_BYTES, (parts) =>
        prepareAnimation({ ...common, ...parts, facts, memory }),
      );
    return wanted.inTurn(quick, async () => {
      using local = await store.fetch(source);
      return await storePhoto(
        await convertPhoto(local.path, facts, { memory, ffmpeg: common.ffmpeg, signal }),
      );
    });
  }

  async function storePhoto({ content, width, height, changes }: Awaited<ReturnType<typeof convertPhoto>>) {
    const file = await store.add(Readable.from([content]), {
      maxBytes: PHOTO_LIMITS.maxBytes,
      expectedBytes: content.length,
      extension: 'jpg',
    });
    return { kind: 'photo', contentType: 'image/jpeg', file, width, height, changes } as const;
  }

  /** Whether the machine has ffmpeg now. */
  const hasFfmpeg = (): boolean => ffmpeg() !== undefined;

  /** The picture for the chat card: of a video `posterPath`, or what it shows at its cover; undefined without either. */
  function preview(
    media: readonly PreparedMedia[],
    {
      owner,
      posterPath,
      coverMs = 0,
    }: { owner: string; posterPath?: string | undefined; coverMs?: number | undefined },
  ): Promise<StoredFile | undefined> {
    return quick(owner, async () => {
      const [first] = media;
      const needsPicture = first?.kind === 'video' && posterPath === undefined && hasFfmpeg();
      const [picture] = needsPicture
        ? await readPictures(first, { momentsMs: [coverMs], height: POSTER_HEIGHT })
        : [];
      return createPreview({ store, media, poster: posterPath ?? picture });
    });
  }

  /** Pictures of a prepared video at some moments (milliseconds), as JPEGs; those that cannot be read are left out. */
  async function readPictures(
    { file }: PreparedMedia,
    { momentsMs, height }: { momentsMs: readonly number[]; height: number },
  ): Promise<Buffer[]> {
    const tools = ffmpeg();
    if (tools === undefined) throw new FfmpegMissingError('Pictures of a video need ffmpeg.');
    const { signal } = stopping;
    const moments = momentsMs.map((ms) => ms / 1000);
    using local = await store.fetch(file);
    const pictures = await readFrames({ path: local.path, moments, height, ffmpeg: tools, signal });
    return pictures.filter((picture) => picture !== undefined);
  }

  /** Numbered pictures of a prepared video at these moments; undefined where not each of them can be read. */
  async function contactSheet(
    video: PreparedMedia,
    { owner, momentsMs }: { owner: string; momentsMs: readonly number[] },
  ): Promise<StoredFile | undefined> {
    return quick(owner, async () => {
      const pictures = await readPictures(video, { momentsMs, height: TILE_HEIGHT });
      return pictures.length < momentsMs.length ? undefined : createContactSheet({ store, pictures });
    });
  }

  /** Ends whatever is under way, and waits until nothing is left of it; what is asked for later is refused. */
  async function stop(): Promise<void> {
    const reason = new PreparingStoppedError();
    stopping.abort(reason);
    await Promise.all([judgements.stop(reason), conversions.stop(reason)]);
  }

  return { inspect, prepare, depth, progressOf, preview, contactSheet, hasFfmpeg, stop };
}

export type MediaPreparer = ReturnType<typeof createMediaPreparer>;

/** How many bytes a plan may write, as far as is known beforehand. */
function estimateBytes(plan: VideoPlan, facts: VideoFacts): number {
  if (plan.type === 'clean') return facts.bytes;
  if (plan.type !== 'convert') return 0;
  const encodedBytes = plan.durationSeconds * ENCODED_BYTES_PER_SECOND;
  return Math.min(VIDEO_LIMITS.maxBytes, isPictureEncoded(plan) ? encodedBytes : facts.bytes);
}

function kindOf({ kind, changes }: PreparedMedia): PreparedFile['kind'] {
  if (changes.some(({ type }) => type === 'animation_encoded')) return 'animation';
  return changes.some(({ type }) => type === 'picture_encoded') ? 'video_encoded' : kind;
}

/** What is worked on once, however many ask for it. */
export const jobKey = ({ key }: StoredFile, use: MediaUse): string => `${key} ${useKey(use)}`;
