import { open } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { UserError } from '../../problems.ts';
import { DECODED_BYTES } from '../memory.ts';
import type { PhotoFormatName } from '../sniff.ts';
import { PHOTO_LIMITS } from '../types.ts';
import { countPngPictures } from './apng.ts';
import { readBmpSize } from './bmp.ts';
import { isCut, speaksOfAnEnd } from './incomplete.ts';
import { memoryNeed } from './memory-need.ts';
import { checkParts } from './parts.ts';

/** What a photo is; width and height are as shown, after the turn that the file asks for. */
export interface PhotoFacts {
  readonly kind: 'photo';
  readonly format: PhotoFormatName;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8; 1 is upright. */
  readonly orientation: number;
  /** There is an alpha channel; it may still be opaque everywhere. */
  readonly hasAlpha: boolean;
  readonly colourSpace: string;
  /** 1 unless it is an animation. */
  readonly pictures: number;
  /** 1 unless it is a document of several pages, such as a scan. */
  readonly pages: number;
  /** What decoding it holds in memory at once, at most. */
  readonly memoryBytes: number;
}

/** Reads what a photo's header tells; throws a `UserError` for what cannot become a photo that people see. */
export async function inspectPhoto(
  path: string,
  { format, bytes }: { format: PhotoFormatName; bytes: number },
): Promise<PhotoFacts> {
  if (format === 'BMP') return inspectBmp(path, bytes);
  await checkParts(path, format);
  const found = await readHeader(path, { format, bytes });
  const { width, height } = found.autoOrient;
  checkSize({ width, height });
  const name = nameOf(found, format);
  const memoryBytes = memoryNeed(found, {
    format: name,
    bytes,
    isGrid: name === 'HEIC' && (await isGrid(path)),
  });
  checkMemory(memoryBytes, width * height);
  return {
    kind: 'photo',
    format: name,
    bytes,
    width,
    height,
    orientation: found.orientation ?? 1,
    hasAlpha: found.hasAlpha,
    colourSpace: found.space,
    pictures: await countPictures(path, found, format),
    pages: format === 'TIFF' ? (found.pages ?? 1) : 1,
    memoryBytes,
  };
}

/** sharp knows no BMP. */
async function inspectBmp(path: string, bytes: number): Promise<PhotoFacts> {
  const { width, height } = await readBmpSize(path, { bytes });
  checkSize({ width, height });
  const header = { width, height, channels: 4, depth: 'uchar' } as const;
  const memoryBytes = memoryNeed(header, { format: 'BMP', bytes, isGrid: false });
  checkMemory(memoryBytes, width * height);
  return {
    kind: 'photo',
    format: 'BMP',
    bytes,
    width,
    height,
    orientation: 1,
    hasAlpha: true,
    colourSpace: 'srgb',
    pictures: 1,
    pages: 1,
    memoryBytes,
  };
}

async function readHeader(path: string, file: { format: PhotoFormatName; bytes: number }): Promise<Metadata> {
  try {
    // Nothing is decoded here, so there is no limit to keep: a bomb is told by what it says it holds.
    // libheif's own limits are for 256 tiles, which a phone's 48 megapixels reach.
    return await sharp(path, { limitInputPixels: false, unlimited: file.format === 'HEIC' }).metadata();
  } catch (cause) {
    const isIncomplete = speaksOfAnEnd(cause) || (await isCut(path, file));
    throw new UserError({ code: isIncomplete ? 'file_incomplete' : 'file_damaged' }, { cause });
  }
}

/** The sides are as shown, so that a strip is too long either way. */
function checkSize({ width, height }: { width: number; height: number }): void {
  const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
  const { minSide, maxRatio, maxPixels } = PHOTO_LIMITS;
  if (shorter < minSide) throw new UserError({ code: 'photo_too_small', width, height, minSide });
  if (longer > shorter * maxRatio) throw new UserError({ code: 'photo_too_long', width, height, maxRatio });
  const pixels = width * height;
  if (pixels > maxPixels) throw new UserError({ code: 'photo_too_many_pixels', pixels, maxPixels });
}

/** What would need more than all the memory there is for pictures could wait for ever. */
function checkMemory(memoryBytes: number, pixels: number): void {
  if (memoryBytes <= DECODED_BYTES) return;
  const maxPixels = Math.floor((pixels * DECODED_BYTES) / memoryBytes);
  throw new UserError({ code: 'photo_too_many_pixels', pixels, maxPixels });
}

/** The one box of HEIC and AVIF says by its codec which of them it is. */
function nameOf({ format, compression }: Metadata, sniffed: PhotoFormatName): PhotoFormatName {
  if (format !== 'heif' || (sniffed !== 'HEIC' && sniffed !== 'AVIF')) return sniffed;
  if (compression === 'av1') return 'AVIF';
  if (compression === 'hevc') return 'HEIC';
  throw new UserError({ code: 'format_not_accepted', format: `HEIF with ${compression ?? 'unknown data'}` });
}

/** All that a HEIC says about its pictures is at its beginning. */
const HEIC_HEAD_BYTES = 65_536;

/** Whether a HEIC is likely to be made of tiles, as phones make them; its decoding is bounded by the answer. */
async function isGrid(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEIC_HEAD_BYTES), 0, HEIC_HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead).includes('grid');
  } finally {
    await handle.close();
  }
}

async function countPictures(
  path: string,
  { pages = 1 }: Metadata,
  format: PhotoFormatName,
): Promise<number> {
  if (format === 'PNG') return countPngPictures(path);
  return format === 'GIF' || format === 'WebP' ? pages : 1;
}
