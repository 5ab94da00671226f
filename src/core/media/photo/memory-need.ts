import type { Metadata } from 'sharp';
import type { PhotoFormatName } from '../sniff.ts';

/** Measured with sharp 0.35 on pictures of 24 to 108 megapixels, rounded up. */
const FIXED_BYTES = 24_000_000;
/** What reads a picture line by line keeps this many lines of it. */
const LINES_KEPT = 2300;

/** An odd JPEG is mended in memory; what phones write behind a photo may be longer than this. */
export const MAX_MENDED_BYTES = 64 * 1024 ** 2;
const LIBHEIF_BYTES = 20_000_000;
const TILE_BYTES = 40_000_000;

/** What sharp tells of a file, as far as it counts here. */
type Header = Pick<Metadata, 'width' | 'height' | 'channels' | 'depth'> & Partial<Metadata>;

/** What decoding a photo to its size for TikTok holds in memory at once, at most. */
export function memoryNeed(
  { width, height, channels, ...found }: Header,
  { format, bytes, isGrid }: { format: PhotoFormatName; bytes: number; isGrid: boolean },
): number {
  const pixels = width * height;
  const pixelBytes = channels * (found.depth === 'uchar' ? 1 : 2);
  const lines = Math.min(height, LINES_KEPT) * width * pixelBytes;
  switch (format) {
    case 'JPEG':
      // Made smaller while it is read; the bytes are those of one that has to be mended.
      return (
        FIXED_BYTES +
        2 * Math.min(bytes, MAX_MENDED_BYTES) +
        (found.isProgressive === true ? pixels * coefficientBytes(found, channels) : 0)
      );
    case 'PNG':
      return FIXED_BYTES + lines + (found.isProgressive === true ? pixels * pixelBytes : 0);
    case 'WebP':
    case 'GIF':
      return FIXED_BYTES + pixels * 6.5;
    case 'TIFF':
      // A strip or a tile may be the whole picture.
      return FIXED_BYTES + lines + pixels * pixelBytes;
    case 'AVIF':
      return FIXED_BYTES + bytes + pixels * ((found.bitsPerSample ?? 8) > 8 ? 26 : 20);
    case 'HEIC':
      // libheif works on a tile at a time, where there are tiles; what it gives is read again line by line.
      return (
        FIXED_BYTES +
        pixels * channels +
        Math.max(lines, LIBHEIF_BYTES + 2 * bytes + (isGrid ? TILE_BYTES : pixels * 11))
      );
    case 'BMP':
      return FIXED_BYTES + lines + pixels * 4;
  }
}

/** A JPEG whose picture comes in several scans keeps two bytes for each of its samples until the last one. */
function coefficientBytes(
  { chromaSubsampling }: Pick<Metadata, 'chromaSubsampling'>,
  channels: number,
): number {
  if (channels !== 3) return 2 * channels;
  if (chromaSubsampling === '4:2:0') return 3;
  return chromaSubsampling === '4:2:2' ? 4 : 6;
}
