import { rm } from 'node:fs/promises';
import { FfmpegMissingError, UserError } from '../problems.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import type { PhotoFacts } from './inspect.ts';
import type { MediaStore } from './store.ts';
import type { MediaUse, PreparedMedia, StoredFile } from './types.ts';
import { VIDEO_LIMITS } from './types.ts';
import { codecName, isAudioCodecCarried, isVideoCodecAccepted } from './video/codecs.ts';
import type { VideoFacts } from './video/facts.ts';
import { runVideoJob } from './video/jobs.ts';

export { inspectVideo, type VideoFacts } from './video/facts.ts';
export { readFrames } from './video/frames.ts';

/** NTSC's 23.976 is above the limit, but a short clip's average may measure a little below; 60 a little above. */
const FRAME_RATE_TOLERANCE = 0.05;

/** Passes an MP4 through as it is and repackages a MOV as MP4; throws a `UserError` outside TikTok's limits. */
export async function prepareVideo({
  store,
  source,
  facts,
  signal,
}: {
  store: MediaStore;
  source: StoredFile;
  facts: VideoFacts;
  use?: MediaUse | undefined;
  ffmpeg?: Ffmpeg | undefined;
  signal?: AbortSignal | undefined;
  /** Told from time to time which part is done, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined;
}): Promise<PreparedMedia> {
  checkVideo(facts);
  if (facts.container === 'MP4') {
    const { width, height, durationSeconds } = facts;
    return {
      kind: 'video',
      file: source,
      contentType: 'video/mp4',
      width,
      height,
      durationSeconds,
      changes: [],
    };
  }
  const { file, content } = await repackage({ store, source, signal });
  return {
    kind: 'video',
    file,
    contentType: 'video/mp4',
    width: content.width,
    height: content.height,
    durationSeconds: content.durationSeconds,
    changes: [{ type: 'repackaged', from: facts.container, to: 'MP4' }],
  };
}

/** Makes a short video of an animation: its pictures as long as they are shown, on white, again and again up to 3 s. */
export async function prepareAnimation({
  facts,
  ffmpeg,
}: {
  store: MediaStore;
  source: StoredFile;
  facts: PhotoFacts;
  ffmpeg?: Ffmpeg | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((fraction: number) => void) | undefined;
}): Promise<PreparedMedia> {
  if (!ffmpeg)
    throw new FfmpegMissingError('An animation becomes a video with ffmpeg alone. Install ffmpeg.');
  throw new UserError({ code: 'format_not_accepted', format: `animated ${facts.format}` });
}

/** Throws a `UserError` for the first of TikTok's limits that the video breaks, or audio that an MP4 cannot carry. */
export function checkVideo(facts: VideoFacts): void {
  const limits = VIDEO_LIMITS;
  checkCodecs(facts);
  if (facts.bytes > limits.maxBytes) {
    throw new UserError({ code: 'video_too_big', bytes: facts.bytes, maxBytes: limits.maxBytes });
  }
  const { width, height, framesPerSecond, durationSeconds } = facts;
  if (Math.min(width, height) < limits.minSide || Math.max(width, height) > limits.maxSide) {
    throw new UserError({
      code: 'video_dimensions',
      width,
      height,
      min: limits.minSide,
      max: limits.maxSide,
    });
  }
  const [min, max] = [limits.minFramesPerSecond, limits.maxFramesPerSecond];
  if (framesPerSecond < min - FRAME_RATE_TOLERANCE || framesPerSecond > max + FRAME_RATE_TOLERANCE) {
    throw new UserError({ code: 'video_frame_rate', framesPerSecond, min, max });
  }
  if (durationSeconds > limits.maxSeconds) {
    throw new UserError({ code: 'video_too_long', durationSeconds, maxSeconds: limits.maxSeconds });
  }
}

function checkCodecs({ container, codec, audioCodecs }: VideoFacts): void {
  if (!isVideoCodecAccepted(codec)) {
    throw new UserError({ code: 'video_codec_not_accepted', codec: codecName(codec) });
  }
  const [firstAudio] = audioCodecs;
  if (container === 'MP4' || firstAudio === undefined || audioCodecs.some(isAudioCodecCarried)) return;
  throw new UserError({ code: 'video_codec_not_accepted', codec: codecName(firstAudio) });
}

async function repackage({
  store,
  source,
  signal,
}: {
  store: MediaStore;
  source: StoredFile;
  signal: AbortSignal | undefined;
}) {
  const to = await store.reserve();
  try {
    const content = await runVideoJob({ type: 'repackage', path: store.path(source), to }, { signal });
    return { content, file: await store.adopt(to, { extension: 'mp4' }) };
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}
