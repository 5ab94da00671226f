import { stat } from 'node:fs/promises';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { VideoFormat } from '../types.ts';
import { runVideoJob } from './jobs.ts';
import type { VideoContent } from './probe.ts';

export interface VideoFacts extends VideoContent {
  readonly kind: 'video';
  readonly container: VideoFormat;
  readonly bytes: number;
}

/**
 * Says what is inside a video whose container is known.
 *
 * @throws UserError for the file's faults, FfmpegMissingError where only ffmpeg can tell, MediaTimeoutError.
 */
export async function inspectVideo({
  path,
  format,
  signal,
  timeoutMs,
}: {
  path: string;
  format: VideoFormat;
  ffmpeg?: Ffmpeg | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}): Promise<VideoFacts> {
  const { size: bytes } = await stat(path);
  const content = await runVideoJob({ type: 'probe', path }, { signal, timeoutMs });
  return { kind: 'video', container: format, bytes, ...content };
}
