import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { MediaTimeoutError, UserError } from '../../problems.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { PHOTO_LIMITS } from '../types.ts';
import { decodeBmp } from './bmp.ts';
import type { PhotoFacts } from './facts.ts';
import { decodeHeic } from './heic/decode.ts';
import { isCut, speaksOfAnEnd } from './incomplete.ts';
import { MAX_MENDED_BYTES } from './memory-need.ts';
import { mendJpeg } from './mend-jpeg.ts';

/** A photo's pixels, as often as they are needed. */
export interface PhotoSource {
  /** EXIF's orientation that is still to be undone. */
  readonly orientation: number;
  /** Hands the picture to what reads it whole; throws a `UserError` for damaged or missing data. */
  readonly read: <T>(use: (picture: Sharp) => Promise<T>) => Promise<T>;
}

/** Opens a photo for decoding. */
export async function openPhoto(
  path: string,
  facts: PhotoFacts,
  { ffmpeg, signal }: { ffmpeg?: Ffmpeg | undefined; signal?: AbortSignal | undefined } = {},
): Promise<PhotoSource> {
  const { orientation } = facts;
  if (facts.format === 'HEIC') {
    const tiff = await openHeic(path, facts, signal);
    // What HEIC says of its turn is done, and its EXIF says the same again.
    return { orientation: 1, read: (use) => use(open(tiff)).catch(refuse) };
  }
  if (facts.format === 'BMP') {
    const { width, height } = facts;
    const pixels = await decodeBmp(path, { width, height }, { ffmpeg, signal });
    return { orientation: 1, read: (use) => use(sharp(pixels, { raw: { width, height, channels: 4 } })) };
  }
  if (facts.format === 'JPEG') return { orientation, read: (use) => readJpeg(path, facts, use) };
  const read = <T>(use: (picture: Sharp) => Promise<T>) =>
    use(open(path)).catch(async (error: unknown) => refuse(error, await isCut(path, facts)));
  return { orientation, read };
}

/**
 * Every viewer shows a JPEG that has stray bytes between its segments, no end marker or a scan header of Samsung's.
 * Decoders tell the first oddity alone, so a file that has one is read again with all of these put right: what is
 * still odd then are its data.
 */
async function readJpeg<T>(path: string, facts: PhotoFacts, use: (picture: Sharp) => Promise<T>): Promise<T> {
  try {
    return await use(open(path));
  } catch (error) {
    // What it says decides nothing: libvips mixes the words of pictures that fail at once.
    if (isDecided(error) || facts.bytes > MAX_MENDED_BYTES) return refuse(error, await isCut(path, facts));
    const mended = mendJpeg(await readFile(path));
    return use(open(mended)).catch(async (second: unknown) => refuse(second, await isCut(path, facts)));
  }
}

function openHeic(path: string, facts: PhotoFacts, signal: AbortSignal | undefined): Promise<Buffer> {
  const maxPixels = facts.width * facts.height;
  const maxBytes = facts.memoryBytes - maxPixels * (facts.hasAlpha ? 4 : 3);
  return decodeHeic({ path, maxPixels, maxBytes }, { signal });
}

function open(input: string | Buffer): Sharp {
  return sharp(input, { limitInputPixels: PHOTO_LIMITS.maxPixels, failOn: 'warning' });
}

const isDecided = (error: unknown): boolean =>
  error instanceof UserError || error instanceof MediaTimeoutError;

function refuse(error: unknown, isCut = false): never {
  if (isDecided(error)) throw error;
  const isIncomplete = isCut || speaksOfAnEnd(error);
  throw new UserError({ code: isIncomplete ? 'file_incomplete' : 'file_damaged' }, { cause: error });
}
