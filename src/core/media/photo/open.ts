import { open as openFile, readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { MediaTimeoutError, UserError } from '../../problems.ts';
import { PHOTO_LIMITS } from '../types.ts';
import type { PhotoFacts } from './facts.ts';
import { decodeHeic } from './heic/decode.ts';
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
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<PhotoSource> {
  const { orientation } = facts;
  if (facts.format === 'HEIC') {
    const tiff = await openHeic(path, facts, signal);
    // What HEIC says of its turn is done, and its EXIF says the same again.
    return { orientation: 1, read: (use) => use(open(tiff)).catch(refuse) };
  }
  if (facts.format === 'JPEG') return { orientation, read: (use) => readJpeg(path, use) };
  const read = <T>(use: (picture: Sharp) => Promise<T>) =>
    use(open(path)).catch(async (error: unknown) => refuse(error, await isCut(path, facts)));
  return { orientation, read };
}

/**
 * Every viewer shows a JPEG that has stray bytes between its segments, no end marker or a scan header of Samsung's.
 * Decoders tell the first oddity alone, so a file that has one is read again with all of these put right: what is
 * still odd then are its data.
 */
async function readJpeg<T>(path: string, use: (picture: Sharp) => Promise<T>): Promise<T> {
  try {
    return await use(open(path));
  } catch (error) {
    if (!isOdd(error)) return refuse(error);
    const mended = mendJpeg(await readFile(path));
    return use(open(mended)).catch(refuse);
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

const isOdd = (error: unknown): boolean => error instanceof Error && error.message.startsWith('VipsJpeg:');

const SPEAKS_OF_AN_END = /premature end|unexpected end|not enough data/i;

function refuse(error: unknown, isCut = false): never {
  if (error instanceof UserError || error instanceof MediaTimeoutError) throw error;
  const isIncomplete = isCut || (error instanceof Error && SPEAKS_OF_AN_END.test(error.message));
  throw new UserError({ code: isIncomplete ? 'file_incomplete' : 'file_damaged' }, { cause: error });
}

/** The last chunk of a PNG, and what some programs write behind it. */
const TAIL_BYTES = 4096;

/** Whether the end is missing of a file that cannot be read; most decoders do not tell that from other damage. */
async function isCut(
  path: string,
  { format, bytes }: Pick<PhotoFacts, 'format' | 'bytes'>,
): Promise<boolean> {
  if (format !== 'PNG' && format !== 'WebP') return false;
  const handle = await openFile(path, 'r');
  try {
    const part = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    await handle.read(part, 0, part.length, format === 'PNG' ? bytes - part.length : 0);
    return format === 'PNG' ? !part.includes('IEND') : part.readUInt32LE(4) + 8 > bytes;
  } finally {
    await handle.close();
  }
}
