import { readExif } from './exif.ts';
import type { ProbedMedia } from './index.ts';

const endMarker = Buffer.from([0xff, 0xd9]);

/** Walks the segments of a JPEG up to the first scan. */
export function probeJpeg(bytes: Buffer): ProbedMedia | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8 || bytes[2] !== 0xff) return undefined;
  const media: ProbedMedia = {
    kind: 'jpeg',
    width: 0,
    height: 0,
    complete: false,
    hasExif: false,
    hasGps: false,
    hasIcc: false,
  };
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return media;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) {
      // The end marker of an EXIF thumbnail lies before the scan and proves nothing.
      media.complete = media.width > 0 && bytes.lastIndexOf(endMarker) > at;
      return media;
    }
    const length = bytes.readUInt16BE(at + 2);
    readSegment(media, marker, bytes.subarray(at + 4, at + 2 + length));
    at += 2 + length;
  }
  return media;
}

function readSegment(media: ProbedMedia, marker: number, segment: Buffer) {
  // SOF0 to SOF15, without DHT, JPG and DAC, which lie in the same range.
  const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
  if (isFrame) {
    media.height = segment.readUInt16BE(1);
    media.width = segment.readUInt16BE(3);
    media.components = segment.readUInt8(5);
    media.progressive = marker === 0xc2;
  } else if (marker === 0xe1 && segment.subarray(0, 6).toString('latin1') === 'Exif\0\0') {
    Object.assign(media, readExif(segment));
  } else if (marker === 0xe1 && segment.toString('latin1', 0, 28) === 'http://ns.adobe.com/xap/1.0/') {
    media.hasXmp = true;
  } else if (marker === 0xed) {
    media.hasIptc = true;
  } else if (marker === 0xfe) {
    media.hasComment = true;
  } else if (marker === 0xe2 && segment.subarray(0, 12).toString('latin1') === 'ICC_PROFILE\0') {
    media.hasIcc = true;
  }
}
