import { open } from 'node:fs/promises';
import { FfmpegMissingError, UserError } from '../../problems.ts';
import { type Ffmpeg, isFaultOfInput, runFfmpeg } from '../ffmpeg.ts';

const HEAD_BYTES = 34;
const SHORTEST_HEAD_BYTES = 26;
/** The header of OS/2's first version has sides of two bytes. */
const OLD_HEADER = 12;
/** Run-length encoded, by its number. */
const PACKED = new Set([1, 2]);
const TIMEOUT_MS = 60_000;
const CHANNELS = 4;

/** The size of a BMP as its header tells it; throws a `UserError` where its end is missing for sure. */
export async function readBmpSize(
  path: string,
  { bytes }: { bytes: number },
): Promise<{ width: number; height: number }> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    // What lacks of packed rows is filled in by every decoder, so the size of the file has to be as it says.
    const isPacked = PACKED.has(buffer.readUInt32LE(30)) && buffer.readUInt32LE(14) !== OLD_HEADER;
    if (bytesRead < SHORTEST_HEAD_BYTES || (isPacked && buffer.readUInt32LE(2) > bytes))
      throw new UserError({ code: 'file_incomplete' });
    const isOld = buffer.readUInt32LE(14) === OLD_HEADER;
    const width = isOld ? buffer.readUInt16LE(18) : buffer.readInt32LE(18);
    // Below zero, its rows come from the top.
    const height = Math.abs(isOld ? buffer.readUInt16LE(20) : buffer.readInt32LE(22));
    if (width <= 0 || height === 0) throw new UserError({ code: 'file_damaged' });
    return { width, height };
  } finally {
    await handle.close();
  }
}

/**
 * The RGBA pixels of a BMP. ffmpeg decodes it in a process of its own: sharp knows none, and the libraries for it
 * know only some of the kinds that Windows and OS/2 have had.
 */
export async function decodeBmp(
  path: string,
  { width, height }: { width: number; height: number },
  { ffmpeg, signal }: { ffmpeg: Ffmpeg | undefined; signal: AbortSignal | undefined },
): Promise<Buffer> {
  if (ffmpeg === undefined) throw new FfmpegMissingError('A BMP is decoded by ffmpeg, which is missing.');
  const pixels = Buffer.alloc(width * height * CHANNELS);
  let filled = 0;
  const output = ['-frames:v', '1', '-pix_fmt', 'rgba', '-f', 'rawvideo', 'pipe:1'];
  try {
    await runFfmpeg(
      ffmpeg,
      { input: { path, demuxer: 'bmp_pipe' }, output, isStrict: true },
      {
        signal,
        timeoutMs: TIMEOUT_MS,
        maxStdoutBytes: pixels.length,
        onStdout: (chunk) => {
          filled += chunk.copy(pixels, filled);
        },
      },
    );
  } catch (error) {
    if (!isFaultOfInput(error)) throw error;
    const isCut = /not enough data/.test(error.stderr);
    throw new UserError({ code: isCut ? 'file_incomplete' : 'file_damaged' }, { cause: error });
  }
  if (filled < pixels.length) throw new UserError({ code: 'file_incomplete' });
  return pixels;
}
