import { readExif } from './exif.ts';
import type { ProbedMedia } from './index.ts';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
const componentsOf: Record<number, number> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** Walks the chunks of a PNG. */
export function probePng(bytes: Buffer): ProbedMedia | undefined {
  if (!bytes.subarray(0, 8).equals(signature)) return undefined;
  const media: ProbedMedia = {
    kind: 'png',
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    complete: false,
    components: componentsOf[bytes.readUInt8(25)] ?? 3,
    animated: false,
    hasExif: false,
    hasGps: false,
    hasIcc: false,
  };
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.subarray(at + 4, at + 8).toString('latin1');
    if (type === 'acTL') media.animated = true;
    if (type === 'iCCP') media.hasIcc = true;
    if (type === 'eXIf') Object.assign(media, readExif(bytes.subarray(at + 8, at + 8 + length)));
    if (type === 'IEND') media.complete = true;
    at += 12 + length;
  }
  return media;
}
