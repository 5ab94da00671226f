import { availableParallelism } from 'node:os';
import { UserError } from '../../problems.ts';
import { type Ffmpeg, faultsIn, runFfmpeg } from '../ffmpeg.ts';
import { VIDEO_LIMITS } from '../types.ts';
import { demuxerOf } from './codecs.ts';
import type { VideoFacts } from './facts.ts';
import type { PictureEncoding, VideoPlan } from './plan.ts';

export type Conversion = Extract<VideoPlan, { type: 'convert' }>;

const COPY_TIMEOUT_MS = 60_000;
const BYTES_PER_MS = 5_000;
/** Of a second of 1080p; a small server takes two. */
const ENCODE_MS_PER_SECOND = 40_000;
const FULL_HD_PIXELS = 1920 * 1080;
const COPY_MEMORY_BYTES = 2 * 1024 ** 3;
const ENCODE_MEMORY_BYTES = 8 * 1024 ** 3;
/** Moving the index to the front writes everything once more. */
const FAST_START_BYTES = 100 * 1024 ** 2;

/** A part is not to become longer by the last packet of sound; copied frames come out of their order besides. */
const PACKET_SECONDS = 0.05;

/**
 * TikTok encodes what it gets once more, so this is near the source and quick rather than small; ten minutes at the
 * highest rate stay below TikTok's 4 GB.
 */
export const X264 = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
  ...['-maxrate', '40M', '-bufsize', '80M'],
  // A key frame at least every other second, so that players and our own samples find their place quickly.
  ...['-g', '60'],
];

const LEAST_HELD_SECONDS = 0.5;

/** Takes everything from the result but picture and sound, and the chance from its bytes. */
export const NO_METADATA = [
  ...['-map_metadata', '-1', '-map_metadata:s', '-1', '-map_chapters', '-1', '-empty_hdlr_name', '1'],
  ...['-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact'],
];

/** Writes a video anew as planned; `isStrict` fails at the first thing that does not decode. */
export async function convertVideo(
  ffmpeg: Ffmpeg,
  plan: Conversion,
  {
    path,
    to,
    facts,
    isStrict,
    signal,
    onProgress,
  }: {
    path: string;
    to: string;
    facts: VideoFacts;
    isStrict: boolean;
    signal: AbortSignal | undefined;
    onProgress: (fraction: number) => void;
  },
): Promise<void> {
  const { picture, sound, part, durationSeconds, as } = plan;
  const isCopy = picture === 'copy';
  const options = ['-threads', `${availableParallelism()}`];
  // Some old files have no times of showing.
  if (facts.container === 'AVI') options.push('-fflags', '+genpts');
  if (part && part.startSeconds > 0) options.push('-ss', `${part.startSeconds}`);
  if (part)
    options.push(
      '-t',
      `${part.durationSeconds - (isCopy ? 4 / facts.picture.framesPerSecond : 0) - PACKET_SECONDS}`,
    );
  const endSeconds = (part?.startSeconds ?? 0) + durationSeconds;
  const output = ['-map', `0:${facts.picture.stream}`];
  if (sound !== 'none' && facts.sound) output.push('-map', `0:${facts.sound.stream}`);
  output.push(...(isCopy ? ['-c:v', 'copy'] : pictureArgs(picture, facts, endSeconds)));
  if (isCopy && facts.picture.codec === 'hevc') output.push('-tag:v', 'hvc1');
  if (sound !== 'none' && facts.sound) output.push(...soundArgs(sound, facts.sound.sampleRate));
  output.push(...NO_METADATA, '-max_muxing_queue_size', '4096', '-fs', `${VIDEO_LIMITS.maxBytes}`);
  if (as === 'mp4' && (!isCopy || facts.bytes < FAST_START_BYTES)) output.push('-movflags', '+faststart');
  const work = isCopy ? 0 : (picture.width * picture.height) / FULL_HD_PIXELS;
  const { stderr } = await runFfmpeg(
    ffmpeg,
    {
      input: { path, demuxer: demuxerOf(facts.container), options },
      output: [...output, '-f', as, `file:${to}`],
      isStrict,
    },
    {
      signal,
      timeoutMs:
        COPY_TIMEOUT_MS +
        facts.bytes / BYTES_PER_MS +
        durationSeconds * ENCODE_MS_PER_SECOND * (isCopy ? 0.05 : Math.max(0.5, work)),
      maxMemoryBytes: isCopy ? COPY_MEMORY_BYTES : ENCODE_MEMORY_BYTES,
      onProgress: ({ seconds }) => onProgress(Math.min(1, seconds / durationSeconds)),
    },
  );
  // What has been encoded with a fault in it decodes without one.
  const [fault] = isCopy ? [] : faultsIn(stderr);
  if (isStrict && fault !== undefined)
    throw new UserError({ code: 'file_damaged' }, { cause: new Error(fault) });
}

function pictureArgs(encoding: PictureEncoding, facts: VideoFacts, endSeconds: number): string[] {
  // Players show the last frame for as long as there is sound.
  const missing = endSeconds - facts.picture.endSeconds;
  const hold = missing > LEAST_HELD_SECONDS ? [`tpad=stop_mode=clone:stop_duration=${missing}`] : [];
  const threads = `${availableParallelism()}`;
  const rate = asFraction(encoding.framesPerSecond);
  return [
    ...['-vf', [...filtersOf(encoding, facts), ...hold].join(','), '-filter_threads', threads],
    ...['-fps_mode', 'cfr', '-r', rate, ...X264, '-threads', threads],
  ];
}

/** Each step as early as it makes the following ones cheaper. */
function filtersOf(
  { width, height, framesPerSecond, isInterlaced, hdr }: PictureEncoding,
  { picture }: VideoFacts,
) {
  const fps = `fps=${asFraction(framesPerSecond)}:start_time=0`;
  const drops = picture.framesPerSecond > framesPerSecond;
  const isRgb = /rgb|bgr|gbr|pal8|monow|monob/.test(picture.pixelFormat ?? '');
  const scale = `scale=${width}:${height}:flags=bicubic:out_range=tv${isRgb ? ':out_color_matrix=bt709' : ''}`;
  const filters = isInterlaced ? ['bwdif=mode=send_frame'] : [];
  if (drops) filters.push(fps);
  if (hdr) filters.push(...toSdr(hdr, { width, height }));
  else filters.push(scale);
  filters.push('format=yuv420p', 'setsar=1');
  if (!drops) filters.push(fps);
  return filters;
}

/** From the light that HDR means to that of a usual screen, with its bright parts rolled off. */
function toSdr(hdr: 'pq' | 'hlg', { width, height }: { width: number; height: number }): string[] {
  const [transfer, peak] = hdr === 'pq' ? ['smpte2084', 100] : ['arib-std-b67', 200];
  const source = `tin=${transfer}:min=2020_ncl:pin=2020`;
  return [
    `zscale=w=${width}:h=${height}:${source}:t=linear:p=bt709:npl=${peak}`,
    'format=gbrpf32le',
    'tonemap=hable:desat=0',
    'zscale=t=bt709:m=bt709:r=limited',
  ];
}

function soundArgs(sound: 'copy' | 'encode', sampleRate: number): string[] {
  if (sound === 'copy') return ['-c:a', 'copy'];
  return [
    '-c:a',
    'aac',
    '-b:a',
    '160k',
    '-ac',
    '2',
    '-ar',
    sampleRate % 44_100 === 0 || sampleRate === 22_050 ? '44100' : '48000',
  ];
}

/** NTSC's rates are fractions of 1001. */
function asFraction(rate: number): string {
  const ntsc = Math.round(rate * 1.001);
  return Math.abs((ntsc * 1000) / 1001 - rate) < 0.0001
    ? `${ntsc * 1000}/1001`
    : `${Math.round(rate * 100)}/100`;
}
