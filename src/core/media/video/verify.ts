import { UserError } from '../../problems.ts';
import { type Ffmpeg, type FfmpegProgress, faultsIn, isFaultOfInput, runFfmpeg } from '../ffmpeg.ts';
import { VIDEO_LIMITS } from '../types.ts';
import { demuxerOf } from './codecs.ts';
import type { VideoFacts } from './facts.ts';

/** A video is decoded whole up to so many pixels: half a minute of 1080p, or a few seconds of our own encoding. */
const WHOLE_PIXELS = { copied: 30 * 30 * 1920 * 1080, encoded: 4 * 30 * 1920 * 1080 };
const WHOLE_BYTES = 64 * 1024 ** 2;
/** A sample has no more of either. */
const SAMPLE = { seconds: 1, bytes: 8 * 1024 ** 2 };
const SAMPLE_SHARES = [0, 0.33, 0.66];
/** Of a second of video. */
const DECODE_MS_PER_SECOND = 5_000;
const DECODE_TIMEOUT_MS = 30_000;
const DECODE_MEMORY_BYTES = 4 * 1024 ** 3;
/** How much of its frames a picture may lack before it counts as incomplete. */
const LEAST_SHARE = 0.95;
const LOST_SECONDS = 0.3;
const GAINED_SECONDS = 1;

/**
 * Decodes a video that is to be sent, the whole of a short one, the start, the end and samples of a long one. Throws a
 * `UserError` where it doesn't play, or is not as promised.
 */
export async function verifyVideo(
  ffmpeg: Ffmpeg,
  {
    path,
    facts,
    durationSeconds,
    isPart = false,
    isEncoded,
    signal,
  }: {
    path: string;
    /** Of the video itself. */
    facts: VideoFacts;
    /** What was promised. */
    durationSeconds: number;
    /** It may not be a moment longer. */
    isPart?: boolean | undefined;
    isEncoded: boolean;
    signal: AbortSignal | undefined;
  },
): Promise<void> {
  checkPromise(facts, { durationSeconds, isPart });
  const { picture, width, height } = facts;
  const pixels = picture.frames * width * height;
  const isShort = pixels <= WHOLE_PIXELS[isEncoded ? 'encoded' : 'copied'] && facts.bytes <= WHOLE_BYTES;
  if (!isShort && (await areSamplesGood(ffmpeg, facts, { path, signal }))) return;
  const decoded = await decode(ffmpeg, facts, { path, isStrict: true, signal });
  if (decoded.frames < picture.frames * LEAST_SHARE) throw new UserError({ code: 'file_damaged' });
}

function checkPromise(facts: VideoFacts, promised: { durationSeconds: number; isPart: boolean }): void {
  const { width, height, bytes, durationSeconds, picture, trim } = facts;
  const { minSide, maxSide, minFramesPerSecond, maxFramesPerSecond, maxBytes } = VIDEO_LIMITS;
  if (bytes > maxBytes) throw new UserError({ code: 'video_too_big', bytes, maxBytes });
  const isLost = durationSeconds < promised.durationSeconds - LOST_SECONDS;
  if (isLost || picture.endSeconds < promised.durationSeconds * LEAST_SHARE - 2)
    throw new UserError({ code: 'file_incomplete' });
  const isAsPromised =
    // What was trimmed away is not to lie hidden in it.
    trim === undefined &&
    durationSeconds <= promised.durationSeconds + (promised.isPart ? 0.001 : GAINED_SECONDS) &&
    Math.min(width, height) >= minSide &&
    Math.max(width, height) <= maxSide &&
    picture.framesPerSecond >= minFramesPerSecond - 0.5 &&
    picture.framesPerSecond <= maxFramesPerSecond + 1;
  if (!isAsPromised) throw new UserError({ code: 'file_damaged' });
}

/** A sample that begins between two key frames may complain without need, so a bad one decides nothing. */
async function areSamplesGood(
  ffmpeg: Ffmpeg,
  facts: VideoFacts,
  { path, signal }: { path: string; signal: AbortSignal | undefined },
): Promise<boolean> {
  const { picture, durationSeconds, bytes } = facts;
  const seconds = Math.min(SAMPLE.seconds, (SAMPLE.bytes * durationSeconds) / bytes);
  const end = Math.max(0, Math.min(picture.endSeconds, durationSeconds) - seconds);
  const samples = [
    ...SAMPLE_SHARES.map((share) => ({ from: share * end, isExact: false })),
    { from: end, isExact: true },
  ];
  const isGood = async (sample: { from: number; isExact: boolean }) => {
    // Up to the last frame all since its key frame is decoded, which is too much of what has gigabytes.
    const isExact = sample.isExact && seconds === SAMPLE.seconds;
    const decoding = decode(ffmpeg, facts, {
      path,
      sample: { ...sample, seconds, isExact },
      isStrict: true,
      signal,
    });
    try {
      return (await decoding).frames > 0;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  };
  for (let first = 0; first < samples.length; first += 2) {
    // Two at once, as one alone mostly waits for its start; both end before anything else is tried.
    const both = await Promise.allSettled(samples.slice(first, first + 2).map(isGood));
    const failed = both.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    if (both.some((one) => one.status === 'fulfilled' && !one.value)) return false;
  }
  return true;
}

/** What of a source can be decoded. */
export interface Decodability {
  /** Not one fault in it. */
  readonly isPictureGood: boolean;
  /** The frames that come out, of those that there should be. */
  readonly pictureShare: number;
  readonly isSoundGood: boolean;
  readonly soundShare: number;
}

/** Finds out which part of a file does not play, and how much of it does. */
export async function diagnose(
  ffmpeg: Ffmpeg,
  facts: VideoFacts,
  { path, signal }: { path: string; signal: AbortSignal | undefined },
): Promise<Decodability> {
  const { picture, sound, durationSeconds } = facts;
  async function tryTrack(track: 'picture' | 'sound') {
    try {
      return { isGood: true, ...(await decode(ffmpeg, facts, { path, track, isStrict: true, signal })) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { isGood: false, ...(await tryLeniently(track)) };
    }
  }
  async function tryLeniently(track: 'picture' | 'sound'): Promise<FfmpegProgress> {
    try {
      return await decode(ffmpeg, facts, { path, track, isStrict: false, signal });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { frames: 0, seconds: 0 };
    }
  }
  const pictures = await tryTrack('picture');
  const sounds = sound ? await tryTrack('sound') : { isGood: true, seconds: durationSeconds };
  return {
    isPictureGood: pictures.isGood,
    pictureShare: pictures.frames / picture.frames,
    isSoundGood: sounds.isGood,
    soundShare: sounds.seconds / durationSeconds,
  };
}

async function decode(
  ffmpeg: Ffmpeg,
  { container, picture, sound, durationSeconds }: VideoFacts,
  {
    path,
    track,
    sample,
    isStrict,
    signal,
  }: {
    path: string;
    /** Usually both. */
    track?: 'picture' | 'sound' | undefined;
    /** From the key frame before, unless it is exact. */
    sample?: { from: number; seconds: number; isExact: boolean } | undefined;
    isStrict: boolean;
    signal: AbortSignal | undefined;
  },
): Promise<FfmpegProgress> {
  // With several threads a fault of a frame may be told after that was put out, or not at all.
  const options = ['-threads', '1'];
  if (sample) options.push('-ss', `${sample.from}`, '-t', `${sample.seconds}`);
  if (sample && !sample.isExact) options.push('-noaccurate_seek');
  const output: string[] = [];
  if (track !== 'sound') output.push('-map', `0:${picture.stream}`);
  if (track !== 'picture' && sound) output.push('-map', `0:${sound.stream}`);
  // The times of the file itself, which a rate of its own would press together.
  output.push('-fps_mode', 'passthrough', '-enc_time_base:v', '-1', '-f', 'null', '-');
  let reached: FfmpegProgress = { frames: 0, seconds: 0 };
  try {
    const { stderr } = await runFfmpeg(
      ffmpeg,
      { input: { path, demuxer: demuxerOf(container), options }, output, isStrict },
      {
        signal,
        timeoutMs: DECODE_TIMEOUT_MS + (sample?.seconds ?? durationSeconds) * DECODE_MS_PER_SECOND,
        maxMemoryBytes: DECODE_MEMORY_BYTES,
        onProgress: (progress) => {
          reached = progress;
        },
      },
    );
    const [fault] = faultsIn(stderr);
    if (isStrict && fault !== undefined)
      throw new UserError({ code: 'file_damaged' }, { cause: new Error(fault) });
  } catch (error) {
    if (!isFaultOfInput(error)) throw error;
    throw new UserError({ code: 'file_damaged' }, { cause: error });
  }
  return reached;
}
