import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { createLimiter } from '../../src/core/fair-limiter.ts';

const run = promisify(execFile);

/** A whole file, from which changed ones are made. */
export interface Seed {
  readonly format: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** As it is when nobody has changed it. */
  readonly kind: 'photo' | 'animation' | 'video';
}

/** What no file that leaves Nod may tell; the seeds tell it in every place that their format has for words. */
export const SECRET = 'WrittenByAna';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const MAX_FIXTURE_BYTES = 300_000;
const MEDIA = /\.(png|jpe?g|webp|hei[cf]|avif|tiff?|bmp|gif|apng|mp4|mov|m4v|webm|mkv|avi|3gp|ts|flv|mpe?g)$/;
const PHOTO = /\.(png|jpe?g|webp|hei[cf]|avif|tiff?|bmp)$/;
const ANIMATION = /^anim|\.(gif|apng)$/;
const TS_SYNC = 0x47;

/** The project's own fixtures, then files of every format, made in a folder that is empty. */
export async function makeSeeds(folder: string): Promise<Seed[]> {
  const [fixtures, photos, videos] = await Promise.all([
    readFixtures(),
    makePhotos(folder),
    makeVideos(folder),
  ]);
  return [...photos, ...videos, ...fixtures];
}

async function readFixtures(): Promise<Seed[]> {
  const names = (await readdir(FIXTURES, { recursive: true })).filter((name) => MEDIA.test(name)).sort();
  const seeds = await Promise.all(
    names.map(async (name) => ({
      format: `fixtures ${extname(name).slice(1)}`,
      name,
      bytes: await readFile(join(FIXTURES, name)),
      kind: kindOf(name),
    })),
  );
  return seeds.filter(
    ({ name, bytes }) =>
      bytes.length > 0 &&
      bytes.length <= MAX_FIXTURE_BYTES &&
      // The makers of the fixtures are no streams, though they end so.
      (!name.endsWith('.ts') || bytes[0] === TS_SYNC),
  );
}

function kindOf(name: string): Seed['kind'] {
  if (ANIMATION.test(name)) return 'animation';
  return PHOTO.test(name) ? 'photo' : 'video';
}

async function makePhotos(folder: string): Promise<Seed[]> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const create = { width: 480, height: 400, channels: 3, background: '#888', noise } as const;
  // Softened, so that it is coded as photos are.
  const picture = await sharp({ create }).blur(4).png().toBuffer();
  const told = () =>
    sharp(picture).withExif({ IFD0: { Artist: SECRET, Make: SECRET }, IFD3: { GPSLatitudeRef: 'N' } });
  const seed = async (format: string, bytes: Promise<Buffer>): Promise<Seed> => ({
    format,
    name: `made ${format}`,
    bytes: await bytes,
    kind: 'photo',
  });
  const bmp = join(folder, 'photo.bmp');
  return Promise.all([
    seed('PNG', told().ensureAlpha(0.5).png().toBuffer()),
    seed('PNG interlaced', told().png({ progressive: true }).toBuffer()),
    seed('JPEG baseline', told().jpeg().toBuffer()),
    seed('JPEG progressive', told().jpeg({ progressive: true }).toBuffer()),
    seed('WebP', told().webp({ quality: 60 }).toBuffer()),
    seed('WebP lossless', told().webp({ lossless: true, effort: 1 }).toBuffer()),
    seed('AVIF', told().avif({ effort: 0 }).toBuffer()),
    seed('TIFF', told().tiff({ compression: 'lzw' }).toBuffer()),
    seed('BMP', ffmpeg(['-vf', 'scale=320:240', '-frames:v', '1'], bmp)),
  ]);
}

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const HEVC = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-x265-params',
  'log-level=none',
];
const AAC = ['-c:a', 'aac'];

/** How each format is encoded, by the name of its file. */
const VIDEOS: readonly [format: string, file: string, parameters: readonly string[]][] = [
  ['MP4 H.264', 'h264.mp4', [...H264, ...AAC]],
  ['MP4 H.264, index first', 'first.mp4', [...H264, ...AAC, '-movflags', '+faststart']],
  ['MP4 fragmented', 'fragments.mp4', [...H264, ...AAC, '-movflags', '+frag_keyframe+empty_moov']],
  ['MP4 HEVC', 'hevc.mp4', [...HEVC, ...AAC, '-tag:v', 'hvc1']],
  ['MP4 MPEG-4', 'mpeg4.mp4', ['-c:v', 'mpeg4', ...AAC]],
  ['MOV H.264', 'h264.mov', [...H264, '-c:a', 'pcm_s16le']],
  ['MOV Motion JPEG', 'mjpeg.mov', ['-c:v', 'mjpeg', '-q:v', '20', '-an']],
  ['M4V', 'video.m4v', [...H264, ...AAC]],
  ['WebM VP8', 'vp8.webm', ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '16', '-c:a', 'libopus']],
  [
    'WebM VP9',
    'vp9.webm',
    ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus'],
  ],
  ['MKV', 'video.mkv', [...H264, ...AAC]],
  ['AVI', 'video.avi', ['-c:v', 'mpeg4', '-c:a', 'libmp3lame']],
  ['3GP', 'video.3gp', [...H264, ...AAC]],
  ['TS', 'video.ts', [...H264, ...AAC]],
  ['FLV', 'video.flv', [...H264, ...AAC]],
  ['GIF animated', 'animated.gif', ['-vf', 'fps=10,scale=400:-2', '-an']],
  ['APNG', 'animated.apng', ['-vf', 'fps=10,scale=400:-2', '-plays', '0', '-an']],
  ['WebP animated', 'animated.webp', ['-c:v', 'libwebp_anim', '-vf', 'fps=10,scale=400:-2', '-an']],
];

async function makeVideos(folder: string): Promise<Seed[]> {
  const make = async ([format, file, parameters]: (typeof VIDEOS)[number]): Promise<Seed> => {
    const bytes = await ffmpeg(parameters, join(folder, file));
    return { format, name: `made ${file}`, bytes, kind: kindOf(file) };
  };
  const limit = createLimiter({ concurrency: availableParallelism() });
  return Promise.all(VIDEOS.map((video) => limit('videos', () => make(video))));
}

const WORDS = ['title', 'artist', 'comment', 'location', 'description', 'copyright'];

/** Encodes less than a second of a test picture with a tone. */
async function ffmpeg(parameters: readonly string[], path: string): Promise<Buffer> {
  const sources = ['testsrc2=size=400x360:rate=25:duration=0.8', 'sine=frequency=440:duration=0.8'];
  await run('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-threads', '1'],
    ...sources.flatMap((source) => ['-f', 'lavfi', '-i', source]),
    ...parameters,
    ...WORDS.flatMap((name) => ['-metadata', `${name}=${SECRET}`]),
    path,
  ]);
  return readFile(path);
}
