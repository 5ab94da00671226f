import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { type Ffmpeg, runFfmpeg } from '../media/ffmpeg.ts';
import { decodeHeic } from '../media/photo/heic/decode.ts';
import { X264 } from '../media/video/perform.ts';
import { codeOf } from '../start-error.ts';
import { type Finding, ok, toDo } from './check.ts';

/** A HEIC of one colour. */
const SAMPLE = { path: fileURLToPath(new URL('./sample.heic', import.meta.url)), size: 64 };
const HEIC_BYTES = 64 * 1024 ** 2;
/** Three frames of grey. */
const FRAMES = Buffer.alloc((64 * 64 * 3 * 3) / 2, 128);
/** The signal is sooner. */
const TIMEOUT_MS = 60_000;
const INSTALL = 'install ffmpeg (Debian: “apt install ffmpeg”)';

/** Whether videos can be converted: encodes a tiny one, as they are. */
export async function checkFfmpeg(
  findFfmpeg: () => Ffmpeg | undefined,
  { signal }: { signal: AbortSignal },
): Promise<Finding> {
  const ffmpeg = findFfmpeg();
  if (ffmpeg === undefined)
    return toDo(`Without ffmpeg only MP4 videos that TikTok takes as they are can be posted: ${INSTALL}.`);
  try {
    const { stdout } = await runFfmpeg(
      ffmpeg,
      {
        input: { demuxer: 'rawvideo', options: ['-s', '64x64', '-pix_fmt', 'yuv420p', '-r', '30'] },
        output: [...X264, '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'],
        isStrict: true,
      },
      { signal, timeoutMs: TIMEOUT_MS, stdin: Readable.from([FRAMES]) },
    );
    if (stdout.includes('avc1')) return ok('has encoded a tiny video');
    return toDo(`ffmpeg makes no H.264: ${INSTALL} as your system has it.`);
  } catch (error) {
    signal.throwIfAborted();
    return toDo(`ffmpeg does not encode a tiny video (${whatOf(error)}): ${INSTALL} as your system has it.`);
  }
}

/** Whether photos of iPhones can be converted: does so with a tiny one. */
export async function checkHeic({ signal }: { signal: AbortSignal }): Promise<Finding> {
  try {
    const { path, size } = SAMPLE;
    const tiff = await decodeHeic({ path, maxPixels: size * size, maxBytes: HEIC_BYTES }, { signal });
    const { info } = await sharp(tiff).jpeg().toBuffer({ resolveWithObject: true });
    if (info.width === size && info.height === size) return ok('a tiny photo has become a JPEG');
    return toDo('A tiny HEIC has become another picture: install Nod’s packages anew with “npm ci”.');
  } catch (error) {
    signal.throwIfAborted();
    return toDo(
      `A tiny HEIC cannot be converted (${whatOf(error)}): install Nod’s packages anew with “npm ci”.`,
    );
  }
}

const whatOf = (error: unknown): string =>
  codeOf(error) || (error instanceof Error ? error.name : 'no reason');
