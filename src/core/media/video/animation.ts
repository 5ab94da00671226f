import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { FfmpegMissingError, UserError } from '../../problems.ts';
import { type Ffmpeg, type FfmpegInput, type FfmpegProgress, isFaultOfInput, runFfmpeg } from '../ffmpeg.ts';
import type { PhotoFacts } from '../inspect.ts';
import type { MemoryBudget } from '../memory.ts';
import type { MediaStore } from '../store/store.ts';
import type { MediaChange, PreparedMedia, StoredFile } from '../types.ts';
import { VIDEO_LIMITS } from '../types.ts';
import { cleanInPlace } from './cleaning.ts';
import { NO_METADATA, X264 } from './perform.ts';
import { fittingSize } from './plan.ts';
import { verifyVideo } from './verify.ts';

const RATE = 30;
const MIN_SECONDS = 3;
const MAX_SECONDS = 60;
/** What browsers take for a picture that names no time, or too short a one. */
const USUAL_DELAY_MS = 100;
const MIN_DELAY_MS = 11;
const TIMEOUT_MS = 10 * 60_000;
const MEMORY_BYTES = 4 * 1024 ** 3;
/** How many bytes of decoded pictures are in memory at a time. */
const DECODED_BYTES = 64 * 1024 ** 2;
/** What ffmpeg reads itself. */
const DEMUXERS = new Map<string, string>([
  ['GIF', 'gif'],
  ['PNG', 'apng'],
]);

/** Makes a short video of an animation: its pictures as long as they are shown, on white, again and again up to 3 s, and a minute at most. */
export async function prepareAnimation({
  store,
  source,
  facts,
  memory,
  ffmpeg,
  signal,
  onProgress,
}: {
  store: MediaStore;
  source: StoredFile;
  facts: PhotoFacts;
  /** What is decoded here and not by ffmpeg waits for it. */
  memory: MemoryBudget;
  ffmpeg?: Ffmpeg | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((fraction: number) => void) | undefined;
}): Promise<PreparedMedia> {
  if (!ffmpeg)
    throw new FfmpegMissingError('An animation becomes a video with ffmpeg alone. Install ffmpeg.');
  const { width, height } = facts;
  const { minSide: min, maxSide: max } = VIDEO_LIMITS;
  const size = fittingSize(width, height);
  if (!size) throw new UserError({ code: 'video_dimensions', width, height, min, max });
  using local = await store.fetch(source);
  const { path } = local;
  const [once, looped] = [await store.reserve(), await store.reserve()];
  try {
    const { frames } = await encode(ffmpeg, { path, facts, memory, size, to: once, signal, onProgress });
    if (frames === 0) throw new UserError({ code: 'file_damaged' });
    const times = Math.ceil((MIN_SECONDS * RATE) / frames);
    if (times > 1) await loop(ffmpeg, { from: once, to: looped, times, signal });
    const to = times > 1 ? looped : once;
    const made = await cleanInPlace(to, signal);
    const durationSeconds = (frames * times) / RATE;
    await verifyVideo(ffmpeg, { path: to, facts: made, durationSeconds, isEncoded: true, signal });
    const file = await store.adopt(to, { extension: 'mp4' });
    const changes: MediaChange[] = [{ type: 'animation_encoded', from: facts.format, times }];
    if (frames >= MAX_SECONDS * RATE) changes.push({ type: 'cut', startSeconds: 0, endSeconds: MAX_SECONDS });
    if (size[0] !== width || size[1] !== height)
      changes.push({ type: 'resized', from: [width, height], to: size });
    return {
      kind: 'video',
      file,
      contentType: 'video/mp4',
      width: made.width,
      height: made.height,
      durationSeconds: made.durationSeconds,
      changes,
    };
  } finally {
    await Promise.all([rm(once, { force: true }), rm(looped, { force: true })]);
  }
}

async function encode(
  ffmpeg: Ffmpeg,
  {
    path,
    facts,
    memory,
    size: [width, height],
    to,
    signal,
    onProgress,
  }: {
    path: string;
    facts: PhotoFacts;
    memory: MemoryBudget;
    size: readonly [number, number];
    to: string;
    signal: AbortSignal | undefined;
    onProgress: ((fraction: number) => void) | undefined;
  },
): Promise<FfmpegProgress> {
  const demuxer = DEMUXERS.get(facts.format);
  const pages = demuxer === undefined ? await readPages(path) : undefined;
  const input: FfmpegInput =
    demuxer === undefined
      ? { demuxer: 'rawvideo', options: rawOptions(pages) }
      : { path, demuxer, options: demuxer === 'gif' ? ['-ignore_loop', '1'] : [] };
  const scale = `scale=${width}:${height}:flags=bicubic`;
  // What can be seen through is seen on white, as in a photo.
  const onWhite = `color=white:s=${width}x${height}:r=${RATE}[white];[0:v]fps=${RATE},format=rgba,${scale}[picture];`;
  const overlay = '[white][picture]overlay=shortest=1:format=gbrp';
  const toVideo = 'scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1';
  const colours = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709'];
  const output = [
    '-filter_complex',
    `${onWhite}${overlay},${toVideo}[out]`,
    '-map',
    '[out]',
    '-r',
    `${RATE}`,
  ];
  output.push(
    '-t',
    `${MAX_SECONDS}`,
    ...X264,
    '-threads',
    `${availableParallelism()}`,
    ...colours,
    ...NO_METADATA,
  );
  let reached: FfmpegProgress = { frames: 0, seconds: 0 };
  const stdin =
    pages && Readable.from(rawFrames(path, pages, { memory, facts, signal }), { objectMode: true });
  try {
    await runFfmpeg(
      ffmpeg,
      { input, output: [...output, '-movflags', '+faststart', '-f', 'mp4', `file:${to}`] },
      {
        signal,
        timeoutMs: TIMEOUT_MS,
        maxMemoryBytes: MEMORY_BYTES,
        stdin,
        onProgress: (progress) => {
          reached = progress;
          onProgress?.(Math.min(0.9, progress.seconds / MAX_SECONDS));
        },
      },
    );
  } catch (error) {
    if (!isFaultOfInput(error)) throw error;
    throw new UserError({ code: 'file_damaged' }, { cause: error });
  }
  return reached;
}

/** Plays one round of the animation several times, without encoding it again. */
async function loop(
  ffmpeg: Ffmpeg,
  { from, to, times, signal }: { from: string; to: string; times: number; signal: AbortSignal | undefined },
): Promise<void> {
  const input = { path: from, demuxer: 'mov', options: ['-stream_loop', `${times - 1}`] };
  const output = [
    '-map',
    '0:v:0',
    '-c',
    'copy',
    ...NO_METADATA,
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    `file:${to}`,
  ];
  await runFfmpeg(ffmpeg, { input, output }, { signal, timeoutMs: TIMEOUT_MS });
}

/** The pictures of an animated WebP, which ffmpeg does not read. */
interface Pages {
  readonly width: number;
  readonly height: number;
  /** How many frames of the video each is shown. */
  readonly lasting: readonly number[];
}

async function readPages(path: string): Promise<Pages> {
  const {
    width,
    height,
    pageHeight = height,
    pages = 1,
    delay = [],
  } = await sharp(path, { animated: true })
    .metadata()
    .catch((cause: unknown) => {
      throw new UserError({ code: 'file_damaged' }, { cause });
    });
  const lasting: number[] = [];
  let shownMs = 0;
  let frames = 0;
  for (let page = 0; page < pages && frames < MAX_SECONDS * RATE; page += 1) {
    const named = delay[page] ?? 0;
    shownMs += named < MIN_DELAY_MS ? USUAL_DELAY_MS : named;
    // By the end of each, so that roundings don't add up.
    const until = Math.min(MAX_SECONDS * RATE, Math.max(frames, Math.round((shownMs / 1000) * RATE)));
    lasting.push(until - frames);
    frames = until;
  }
  return { width, height: pageHeight, lasting };
}

function rawOptions(pages: Pages | undefined): string[] {
  if (!pages) return [];
  return ['-pixel_format', 'rgba', '-video_size', `${pages.width}x${pages.height}`, '-framerate', `${RATE}`];
}

/** The frames of the video one by one; a few pages are decoded at a time. */
async function* rawFrames(
  path: string,
  { width, height, lasting }: Pages,
  { memory, facts, signal }: { memory: MemoryBudget; facts: PhotoFacts; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer, void> {
  const pageBytes = width * height * 4;
  const atOnce = Math.max(1, Math.floor(DECODED_BYTES / pageBytes));
  for (let first = 0; first < lasting.length; first += atOnce) {
    const pages = Math.min(atOnce, lasting.length - first);
    const bytes = facts.memoryBytes + pages * pageBytes;
    const { content, release } = await memory.borrow(bytes, () => decodePages(path, { first, pages }), {
      signal,
    });
    try {
      for (let page = 0; page < pages; page += 1) {
        const picture = content.subarray(page * pageBytes, (page + 1) * pageBytes);
        for (let frame = 0; frame < (lasting[first + page] ?? 0); frame += 1) yield picture;
      }
    } finally {
      release();
    }
  }
}

function decodePages(path: string, { first, pages }: { first: number; pages: number }): Promise<Buffer> {
  return sharp(path, { page: first, pages, limitInputPixels: false })
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer()
    .catch((cause: unknown) => {
      throw new UserError({ code: 'file_damaged' }, { cause });
    });
}
