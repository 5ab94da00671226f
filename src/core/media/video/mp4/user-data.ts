import { closeSync, openSync, readSync } from 'node:fs';
import type { Mp4Track } from './index.ts';

/** What a camera has written between the encoded pictures. */
export interface UserData {
  readonly start: number;
  /** What is to stand there, of the same length. */
  readonly bytes: Buffer;
  readonly hasPlace: boolean;
}

const WINDOW_BYTES = 256;
const MAX_UNIT_BYTES = 64 * 1024;
/** SEI messages of bytes that only their maker knows: https://www.itu.int/rec/T-REC-H.264, D.1.6. */
const UNREGISTERED = 5;
const SEI = { avc: 6, hevc: 39 } as const;
const UUID_BYTES = 16;
/** Of x264 and x265, which write their own settings. */
const ENCODERS = new Set(['dc45e9bde6d948b7962cd820d923eeef', '2ca2de09b51747dbbb55a4fe7fc2fc4e']);
const FILLING = 0x20;

/**
 * Finds what cameras write into the pictures of H.264 and H.265 themselves, such as the place and the time in the files
 * of a camcorder.
 */
export function findUserData(path: string, { entry, samples }: Mp4Track, maxCount: number): UserData[] {
  const lengthBytes = entry?.lengthBytes ?? 0;
  const found: UserData[] = [];
  if (lengthBytes === 0) return found;
  const isHevc = entry?.codec === 'hevc';
  const { sizes } = samples;
  const sizeOf = (sample: number) => (typeof sizes === 'number' ? sizes : (sizes[sample] ?? 0));
  const headerBytes = isHevc ? 2 : 1;
  const file = openSync(path, 'r');
  try {
    let sample = 0;
    for (const [chunk, count] of samples.perChunk.entries()) {
      let start = samples.chunks[chunk * 2] ?? 0;
      for (let one = 0; one < count; one += 1, sample += 1) {
        const end = start + sizeOf(sample);
        readSample(start, end);
        if (found.length > maxCount) return found;
        start = end;
      }
    }
    return found;
  } finally {
    closeSync(file);
  }

  function readSample(start: number, end: number): void {
    let window = read(start, Math.min(end, start + WINDOW_BYTES));
    let from = start;
    for (let at = start; at + lengthBytes + headerBytes < end; ) {
      if (at + lengthBytes + headerBytes > from + window.length) {
        from = at;
        window = read(at, Math.min(end, at + WINDOW_BYTES));
        if (window.length < lengthBytes + headerBytes) return;
      }
      const length = window.readUIntBE(at - from, lengthBytes);
      const type = window[at - from + lengthBytes] ?? 0;
      const content = at + lengthBytes + headerBytes;
      at += lengthBytes + length;
      if (length === 0 || at > end) return;
      if (isHevc ? ((type >> 1) & 63) === SEI.hevc : (type & 31) === SEI.avc)
        found.push(...userDataOf(read(content, Math.min(at, content + MAX_UNIT_BYTES)), content));
    }
  }

  function read(start: number, end: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.max(0, end - start));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start));
  }
}

/** The messages of one unit that are to go. */
function userDataOf(unit: Buffer, start: number): UserData[] {
  const places = withoutEscapes(unit);
  const byte = (index: number) => unit[places[index] ?? 0] ?? 0;
  const found: UserData[] = [];
  for (let at = 0; at + 2 < places.length; ) {
    const readNumber = () => {
      let number = 0;
      while (at < places.length && byte(at) === 255) {
        number += 255;
        at += 1;
      }
      number += byte(at);
      at += 1;
      return number;
    };
    const [type, bytes] = [readNumber(), readNumber()];
    const message = places.subarray(at, at + bytes);
    at += bytes;
    if (type !== UNREGISTERED || message.length === 0) continue;
    const content = Buffer.from(message.map((place) => unit[place] ?? 0));
    if (ENCODERS.has(content.toString('hex', 0, UUID_BYTES))) continue;
    const [first = 0, last = 0] = [message[0], message.at(-1)];
    const changed = fill(unit, first, last + 1);
    if (changed.equals(unit.subarray(first, last + 1))) continue;
    found.push({ start: start + first, bytes: changed, hasPlace: namesPlace(content) });
  }
  return found;
}

/** Where the bytes of a unit lie that count; a 3 behind two zeros does not. */
function withoutEscapes(unit: Buffer): Uint32Array {
  const places = new Uint32Array(unit.length);
  let count = 0;
  for (let at = 0; at < unit.length; at += 1) {
    if (isEscape(unit, at)) continue;
    places[count] = at;
    count += 1;
  }
  return places.subarray(0, count);
}

const isEscape = (unit: Buffer, at: number): boolean =>
  at >= 2 && unit[at] === 3 && unit[at - 1] === 0 && unit[at - 2] === 0;

/** Spaces of the same length; escapes stay, and the two zeros before each. */
function fill(unit: Buffer, from: number, to: number): Buffer {
  const filled = Buffer.alloc(to - from, FILLING);
  for (let at = from; at < to + 2 && at < unit.length; at += 1) {
    if (!isEscape(unit, at)) continue;
    for (const place of [at - 2, at - 1, at])
      if (place >= from && place < to) filled[place - from] = unit[place] ?? 0;
  }
  return filled;
}

/** Of camcorders' own data, whose numbers from 0xb0 on are those of EXIF's GPS; or in words. */
function namesPlace(content: Buffer): boolean {
  const text = content.toString('latin1');
  if (/gps|location/i.test(text)) return true;
  const start = text.indexOf('MDPM');
  if (start === -1) return false;
  const numbers = content.subarray(start + 5);
  for (let at = 0; at < numbers.length; at += 5)
    if ((numbers[at] ?? 0) >= 0xb0 && (numbers[at] ?? 0) <= 0xca) return true;
  return false;
}
