import { UserError } from '../../problems.ts';
import { MAX_PARTS } from './parts.ts';

const MARKER = { sof0: 0xc0, sof1: 0xc1, rst0: 0xd0, rst7: 0xd7, soi: 0xd8, eoi: 0xd9, sos: 0xda } as const;
const SOI = Buffer.from([0xff, MARKER.soi]);
const EOI = Buffer.from([0xff, MARKER.eoi]);

/**
 * The same JPEG as the standard has it: nothing between its segments, the header of a sequential scan with the only
 * values that it may have, and an end marker. No entropy-coded data is touched, so what lacks still lacks.
 */
export function mendJpeg(content: Buffer): Buffer {
  const parts: Buffer[] = [SOI];
  let isSequential = false;
  let hasScan = false;
  const progress = new Map<number, number[]>();
  let at = 2;
  for (let segments = 0; ; segments += 1) {
    if (segments > MAX_PARTS) throw new UserError({ code: 'file_damaged' });
    at = nextMarker(content, at);
    const marker = content[at + 1];
    if (marker === MARKER.eoi) break;
    if (marker === undefined) {
      checkProgress(progress);
      break;
    }
    const end = at + 2 + (at + 4 <= content.length ? content.readUInt16BE(at + 2) : 2);
    if (end > content.length) {
      // Past the last scan nothing is missing.
      if (marker === MARKER.sos) throw new UserError({ code: 'file_incomplete' });
      checkProgress(progress);
      break;
    }
    const segment = content.subarray(at, end);
    if (marker === MARKER.sof0 || marker === MARKER.sof1) isSequential = true;
    at = end;
    if (marker !== MARKER.sos) {
      parts.push(segment);
      continue;
    }
    hasScan = true;
    noteScan(progress, segment, isSequential);
    parts.push(isSequential ? sequentialScan(segment) : segment);
    at = endOfScan(content, end);
    parts.push(content.subarray(end, at));
  }
  if (!hasScan) throw new UserError({ code: 'file_incomplete' });
  parts.push(EOI);
  return Buffer.concat(parts);
}

/** Notes which bits of which coefficients a scan brings: for each of its components, the lowest bit there is by now. */
function noteScan(progress: Map<number, number[]>, segment: Buffer, isSequential: boolean): void {
  const count = segment[4] ?? 0;
  const [first = 0, last = 0, bits = 0] = isSequential ? [0, 63, 0] : segment.subarray(5 + 2 * count);
  for (let index = 0; index < count; index += 1) {
    const component = segment[5 + 2 * index] ?? 0;
    const lowest = progress.get(component) ?? Array<number>(64).fill(Number.POSITIVE_INFINITY);
    progress.set(component, lowest.fill(bits & 15, first, last + 1));
  }
}

/** Where no end marker says that it was all, there must be every bit of every coefficient. */
function checkProgress(progress: ReadonlyMap<number, readonly number[]>): void {
  const isWhole = [...progress.values()].every((lowest) => lowest.every((bit) => bit === 0));
  if (!isWhole) throw new UserError({ code: 'file_incomplete' });
}

/** Where the next marker begins that opens a segment or ends the picture; the end of the file where none does. */
function nextMarker(content: Buffer, from: number): number {
  // A search for each byte would take long where there are millions of them.
  for (let at = from; at < content.length; at += 1) {
    if (content[at] !== 0xff) continue;
    const code = content[at + 1] ?? 0xff;
    const isSegment = code >= MARKER.sof0 && code !== 0xff && code !== MARKER.soi && !isRestart(code);
    if (isSegment) return at;
  }
  return content.length;
}

/** Where the data of a scan end: at the first marker but a restart. */
function endOfScan(content: Buffer, from: number): number {
  for (let at = from; at < content.length; at += 1) {
    if (content[at] !== 0xff) continue;
    const code = content[at + 1] ?? 0;
    if (code !== 0 && code !== 0xff && !isRestart(code)) return at;
  }
  return content.length;
}

const isRestart = (code: number): boolean => code >= MARKER.rst0 && code <= MARKER.rst7;

/** A scan header whose last three bytes are all coefficients at once, from the first bit on. */
function sequentialScan(segment: Buffer): Buffer {
  return Buffer.concat([segment.subarray(0, -3), Buffer.from([0, 63, 0])]);
}
