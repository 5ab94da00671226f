import { type Ffmpeg, isFaultOfInput, runFfmpeg } from '../ffmpeg.ts';
import { demuxerOf } from './codecs.ts';

const TIMEOUT_MS = 30_000;
const MAX_FRAME_BYTES = 8 * 1024 ** 2;
const AT_ONCE = 2;
/** The last frame is a little before the end that a file names. */
const STEP_BACK_SECONDS = [0, 0.1, 0.5, 2];

/** The pictures of a prepared video at some moments, in seconds, as JPEGs of one height; undefined where none is. */
export async function readFrames({
  path,
  moments,
  height,
  ffmpeg,
  signal,
}: {
  path: string;
  moments: readonly number[];
  height: number;
  ffmpeg: Ffmpeg;
  signal?: AbortSignal | undefined;
}): Promise<(Buffer | undefined)[]> {
  const demuxer = demuxerOf(path.endsWith('.webm') ? 'WebM' : 'MP4');
  const frames: (Buffer | undefined)[] = [];
  for (let first = 0; first < moments.length; first += AT_ONCE) {
    const some = moments.slice(first, first + AT_ONCE);
    const read = (moment: number) => readFrame({ path, demuxer, moment, height, ffmpeg, signal });
    frames.push(...(await Promise.all(some.map(read))));
  }
  return frames;
}

async function readFrame({
  path,
  demuxer,
  moment,
  height,
  ffmpeg,
  signal,
}: {
  path: string;
  demuxer: string;
  moment: number;
  height: number;
  ffmpeg: Ffmpeg;
  signal: AbortSignal | undefined;
}): Promise<Buffer | undefined> {
  for (const back of STEP_BACK_SECONDS) {
    const options = ['-ss', `${Math.max(0, moment - back)}`, '-threads', '1'];
    const filter = `scale=-2:${height}:out_range=full,format=yuvj420p,setsar=1`;
    const output = ['-map', '0:v:0', '-frames:v', '1', '-vf', filter, '-c:v', 'mjpeg', '-q:v', '3'];
    const run = runFfmpeg(
      ffmpeg,
      { input: { path, demuxer, options }, output: [...output, '-f', 'image2pipe', 'pipe:1'] },
      { signal, timeoutMs: TIMEOUT_MS, maxStdoutBytes: MAX_FRAME_BYTES },
    );
    const frame = await run.catch((error: unknown) => {
      if (isFaultOfInput(error)) return undefined;
      throw error;
    });
    if (frame && frame.stdout.length > 0) return frame.stdout;
    if (moment - back <= 0) return undefined;
  }
  return undefined;
}
