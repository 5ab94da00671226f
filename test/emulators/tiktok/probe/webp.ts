import { readExif } from './exif.ts';
import type { ProbedMedia } from './index.ts';

/** Walks the chunks of a WebP: lossy, lossless or extended. https://developers.google.com/speed/webp/docs/riff_container */
export function probeWebp(bytes: Buffer): ProbedMedia | undefined {
  const text = (from: number) => bytes.subarray(from, from + 4).toString('latin1');
  if (text(0) !== 'RIFF' || text(8) !== 'WEBP') return undefined;
  const media: ProbedMedia = {
    kind: 'webp',
    width: 0,
    height: 0,
    complete: bytes.length >= bytes.readUInt32LE(4) + 8,
    components: 3,
    animated: false,
    hasExif: false,
    hasGps: false,
    hasIcc: false,
  };
  let hasPixels = false;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const type = text(at);
    const length = bytes.readUInt32LE(at + 4);
    readChunk(media, type, bytes.subarray(at + 8, at + 8 + length));
    if (type === 'VP8 ' || type === 'VP8L' || type === 'ANMF') hasPixels = true;
    at += 8 + length + (length % 2);
  }
  return hasPixels ? media : { ...media, complete: false };
}

function readChunk(media: ProbedMedia, type: string, chunk: Buffer) {
  const isSized = media.width > 0;
  if (type === 'VP8X') {
    const flags = chunk.readUInt8(0);
    media.width = chunk.readUIntLE(4, 3) + 1;
    media.height = chunk.readUIntLE(7, 3) + 1;
    media.components = flags & 0x10 ? 4 : 3;
    media.animated = (flags & 0x02) !== 0;
  } else if (type === 'VP8 ' && !isSized) {
    if (chunk.readUIntBE(3, 3) !== 0x9d012a) throw new RangeError('The VP8 frame has no start code.');
    media.width = chunk.readUInt16LE(6) & 0x3fff;
    media.height = chunk.readUInt16LE(8) & 0x3fff;
  } else if (type === 'VP8L' && !isSized) {
    const bits = chunk.readUInt32LE(1);
    media.width = (bits & 0x3fff) + 1;
    media.height = ((bits >>> 14) & 0x3fff) + 1;
    media.components = (bits >>> 28) & 1 ? 4 : 3;
  } else if (type === 'ICCP') media.hasIcc = true;
  else if (type === 'XMP ') media.hasXmp = true;
  else if (type === 'EXIF') Object.assign(media, readExif(chunk));
}
