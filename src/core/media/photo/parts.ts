import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../../problems.ts';
import type { PhotoFormatName } from '../sniff.ts';

/** The longest notes that phones write into their photos take a thousand. */
export const MAX_PARTS = 20_000;
const WINDOW_BYTES = 64 * 1024;
const MARKER = { sof0: 0xc0, rst0: 0xd0, rst7: 0xd7, soi: 0xd8, eoi: 0xd9 } as const;

/**
 * Throws a `UserError` for a JPEG, PNG or WebP of more parts than any program writes: decoders keep a struct for each, many
 * times the size that it has in the file.
 */
export async function checkParts(path: string, format: PhotoFormatName): Promise<void> {
  const way = WAYS.get(format);
  if (way === undefined) return;
  const handle = await open(path, 'r');
  try {
    await walk(handle, way);
  } finally {
    await handle.close();
  }
}

interface Way {
  readonly from: number;
  readonly step: (window: Buffer, at: number) => Step | undefined;
}

interface Step {
  readonly bytes: number;
  readonly isPart?: boolean;
}

/** Goes through a file step by step; a step looks at 8 bytes, and nothing comes after the last one. */
async function walk(handle: FileHandle, { from, step }: Way): Promise<void> {
  const buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  let parts = 0;
  for (let start = from; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, WINDOW_BYTES, start);
    const window = buffer.subarray(0, bytesRead);
    let at = 0;
    while (at + 8 <= window.length) {
      const found = step(window, at);
      if (found === undefined) return;
      if (found.isPart) parts += 1;
      if (parts > MAX_PARTS) throw new UserError({ code: 'file_damaged' });
      at += found.bytes;
    }
    if (window.length < WINDOW_BYTES) return;
    start += at;
  }
}

/** A segment, or the bytes up to the next one, such as those of a scan. */
function stepOfJpeg(window: Buffer, start: number): Step | undefined {
  const last = window.length - 8;
  let at = start;
  while (at <= last && !isSegment(window, at)) {
    const next = window.indexOf(0xff, at + 1);
    at = next < 0 ? last + 1 : next;
  }
  if (at > start) return { bytes: Math.min(at, last + 1) - start };
  if (window[at + 1] === MARKER.eoi) return undefined;
  return { bytes: 2 + window.readUInt16BE(at + 2), isPart: true };
}

function isSegment(window: Buffer, at: number): boolean {
  if (window[at] !== 0xff) return false;
  const code = window[at + 1] ?? 0xff;
  const isRestart = code >= MARKER.rst0 && code <= MARKER.rst7;
  return code >= MARKER.sof0 && code !== 0xff && code !== MARKER.soi && !isRestart;
}

/** A chunk; decoders read none behind the picture. */
function stepOfPng(window: Buffer, at: number): Step | undefined {
  if (window.toString('latin1', at + 4, at + 8) === 'IDAT') return undefined;
  return { bytes: 12 + window.readUInt32BE(at), isPart: true };
}

/** A chunk, padded to an even length; the pictures of an animation may be many. */
function stepOfWebp(window: Buffer, at: number): Step | undefined {
  const bytes = window.readUInt32LE(at + 4);
  return { bytes: 8 + bytes + (bytes % 2), isPart: window.toString('latin1', at, at + 4) !== 'ANMF' };
}

/** Where the parts of a format begin, behind its signature. */
const WAYS = new Map<PhotoFormatName, Way>([
  ['JPEG', { from: 2, step: stepOfJpeg }],
  ['PNG', { from: 8, step: stepOfPng }],
  ['WebP', { from: 12, step: stepOfWebp }],
]);
