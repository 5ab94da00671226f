import { childOf, type Mp4Box, refuse } from './boxes.ts';

/** Where the samples of a track lie and when they are shown. */
export interface Samples {
  readonly count: number;
  /** Of the whole media, without edits. */
  readonly durationSeconds: number;
  /** In seconds of the media and in the order of decoding; of pictures alone. */
  readonly moments: Float64Array;
  /** Where the last shown one ends, in seconds of the media. */
  readonly endSeconds: number;
  readonly isReordered: boolean;
  /** Numbers of the samples that need no other, from 0; undefined where all are such. */
  readonly keys: Uint32Array | undefined;
  /** Chunk by chunk: where it starts and ends in the file. */
  readonly chunks: Float64Array;
  /** One for each sample, or one for all. */
  readonly sizes: Uint32Array | number;
  readonly perChunk: Uint32Array;
}

/** What players show of a track. */
export interface VisiblePart {
  /** Nothing is shown before, in seconds of the movie. */
  readonly offsetSeconds: number;
  /** In seconds of the media. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Several parts, or one at another speed. */
  readonly isComplex: boolean;
}

/** Those of seven hours at 60 a second. */
export const MAX_PICTURES = 1_500_000;
/** Sounds of different sizes, too. */
const MAX_SIZES = 4 * MAX_PICTURES;
/** Recorders that were stopped in the middle disagree with themselves by a sample or two. */
const LOOSE_SAMPLES = 2;

/** Reads the sample tables of a track; nothing that they claim is believed beyond the file's own bytes. */
export function readSamples(
  moov: Buffer,
  table: Mp4Box,
  {
    bytes,
    timescale,
    bytesPerSample,
    hasTimes,
  }: { bytes: number; timescale: number; bytesPerSample: number | undefined; hasTimes: boolean },
): Samples {
  const find = (type: string) => childOf(moov, table, type);
  const { count, sizes } = readSizes(moov, find('stsz') ?? find('stz2'), { bytes, bytesPerSample });
  const deltas = readRuns(moov, find('stts'));
  const { samples: claimed, values: duration } = sumOf(deltas);
  const loose = Math.max(LOOSE_SAMPLES, count / 100);
  const offsets = readRuns(moov, find('ctts'));
  const { samples: claimedOffsets } = sumOf(offsets);
  if (Math.abs(claimed - count) > loose || claimedOffsets > count + loose) return refuse('file_damaged');
  const { chunks, perChunk } = readChunks(moov, find, { bytes, count, sizes });
  const times = hasTimes ? readMoments({ count, deltas, offsets, timescale }) : undefined;
  return {
    count,
    durationSeconds: duration / timescale,
    moments: times?.moments ?? new Float64Array(),
    endSeconds: times?.endSeconds ?? duration / timescale,
    isReordered: isVarying(offsets),
    keys: readKeys(moov, find('stss')),
    chunks,
    sizes,
    perChunk,
  };
}

/** The runs of an `stts` or `ctts`: so many samples with this value. They are read where they lie, as there may be millions. */
interface Runs {
  readonly length: number;
  readonly countOf: (run: number) => number;
  readonly stepOf: (run: number) => number;
}

function readRuns(moov: Buffer, box: Mp4Box | undefined): Runs {
  if (!box) return { length: 0, countOf: () => 0, stepOf: () => 0 };
  const { count, at } = readCount(moov, box, 8);
  const isUnsigned = box.type === 'stts';
  return {
    length: count,
    countOf: (run) => moov.readUInt32BE(at + run * 8),
    stepOf: (run) => (isUnsigned ? moov.readUInt32BE(at + run * 8 + 4) : moov.readInt32BE(at + run * 8 + 4)),
  };
}

/** How many samples the runs have together, and what their values add up to. */
function sumOf({ length, countOf, stepOf }: Runs): { samples: number; values: number } {
  const sum = { samples: 0, values: 0 };
  for (let run = 0; run < length; run += 1) {
    sum.samples += countOf(run);
    sum.values += countOf(run) * stepOf(run);
  }
  return sum;
}

function isVarying({ length, stepOf }: Runs): boolean {
  for (let run = 1; run < length; run += 1) if (stepOf(run) !== stepOf(0)) return true;
  return false;
}

/** The number of entries in a full box, which has to have room for them. */
function readCount(moov: Buffer, { contentStart, end }: Mp4Box, entryBytes: number) {
  if (contentStart + 8 > end) return refuse('file_damaged');
  const count = moov.readUInt32BE(contentStart + 4);
  if (count * entryBytes > end - contentStart - 8) return refuse('file_damaged');
  return { count, at: contentStart + 8 };
}

function readSizes(
  moov: Buffer,
  box: Mp4Box | undefined,
  { bytes, bytesPerSample }: { bytes: number; bytesPerSample: number | undefined },
): { count: number; sizes: Uint32Array | number } {
  if (!box || box.contentStart + 12 > box.end) return refuse('file_damaged');
  const size = moov.readUInt32BE(box.contentStart + 4);
  const count = moov.readUInt32BE(box.contentStart + 8);
  const at = box.contentStart + 12;
  if (box.type === 'stsz' && size > 0) {
    const each = bytesPerSample ?? size;
    if (count * each > bytes) return refuse(each === 1 || count > bytes ? 'file_damaged' : 'file_incomplete');
    return { count, sizes: each };
  }
  const bits = box.type === 'stsz' ? 32 : size & 0xff;
  const isLie = count > MAX_SIZES || Math.ceil((count * bits) / 8) > box.end - at;
  if (![4, 8, 16, 32].includes(bits) || isLie) return refuse('file_damaged');
  const sizes = new Uint32Array(count);
  let sum = 0;
  for (let sample = 0; sample < count; sample += 1) {
    const found = readBits(moov, at, sample, bits);
    sizes[sample] = found;
    sum += found;
  }
  // No file is smaller than its samples, unless it is cut short; far smaller, it never had them.
  if (sum > bytes) return refuse(sum > bytes * 20 ? 'file_damaged' : 'file_incomplete');
  return { count, sizes };
}

function readBits(moov: Buffer, at: number, index: number, bits: number): number {
  if (bits === 32) return moov.readUInt32BE(at + index * 4);
  if (bits === 16) return moov.readUInt16BE(at + index * 2);
  if (bits === 8) return moov.readUInt8(at + index);
  const both = moov.readUInt8(at + (index >> 1));
  return index % 2 === 0 ? both >> 4 : both & 15;
}

function readChunks(
  moov: Buffer,
  find: (type: string) => Mp4Box | undefined,
  { bytes, count, sizes }: { bytes: number; count: number; sizes: Uint32Array | number },
) {
  const [short, long, runs] = [find('stco'), find('co64'), find('stsc')];
  const box = short ?? long;
  if (count === 0) return { chunks: new Float64Array(), perChunk: new Uint32Array() };
  if (!box || !runs) return refuse('file_damaged');
  const offsets = readCount(moov, box, short ? 4 : 8);
  const perChunk = readPerChunk(moov, runs, { count, chunks: offsets.count });
  const chunks = new Float64Array(perChunk.length * 2);
  let sample = 0;
  for (const [chunk, samples] of perChunk.entries()) {
    const at = offsets.at + chunk * (short ? 4 : 8);
    const start = short ? moov.readUInt32BE(at) : Number(moov.readBigUInt64BE(at));
    let end = start;
    if (typeof sizes === 'number') end += samples * sizes;
    else for (let one = 0; one < samples; one += 1) end += sizes[sample + one] ?? 0;
    sample += samples;
    if (end > bytes) return refuse(chunk === 0 ? 'file_damaged' : 'file_incomplete');
    chunks[chunk * 2] = start;
    chunks[chunk * 2 + 1] = end;
  }
  return { chunks, perChunk };
}

/** How many samples each chunk has, which together are all samples. */
function readPerChunk(
  moov: Buffer,
  box: Mp4Box,
  { count, chunks }: { count: number; chunks: number },
): Uint32Array {
  const runs = readCount(moov, box, 12);
  // None is empty.
  const perChunk = new Uint32Array(Math.min(chunks, count));
  let rest = count;
  let chunk = 0;
  for (let run = 0; run < runs.count && rest > 0; run += 1) {
    const at = runs.at + run * 12;
    const samples = moov.readUInt32BE(at + 4);
    const next = run + 1 < runs.count ? moov.readUInt32BE(at + 12) - 1 : chunks;
    if (samples === 0 || next > chunks || moov.readUInt32BE(at) - 1 !== chunk) return refuse('file_damaged');
    for (; chunk < next && rest > 0; chunk += 1) {
      perChunk[chunk] = Math.min(samples, rest);
      rest -= perChunk[chunk] ?? 0;
    }
  }
  if (rest > 0) return refuse('file_damaged');
  return perChunk.subarray(0, chunk);
}

function readKeys(moov: Buffer, box: Mp4Box | undefined): Uint32Array | undefined {
  if (!box) return undefined;
  const { count, at } = readCount(moov, box, 4);
  return Uint32Array.from({ length: count }, (_, index) => moov.readUInt32BE(at + index * 4) - 1);
}

function readMoments({
  count,
  deltas,
  offsets,
  timescale,
}: {
  count: number;
  deltas: Runs;
  offsets: Runs;
  timescale: number;
}) {
  if (count > MAX_PICTURES) return refuse('file_damaged');
  const moments = new Float64Array(count);
  let time = 0;
  let sample = 0;
  let endSeconds = 0;
  const offsetOf = walk(offsets);
  for (let run = 0; run < deltas.length && sample < count; run += 1) {
    const delta = deltas.stepOf(run);
    for (let one = deltas.countOf(run); one > 0 && sample < count; one -= 1, sample += 1) {
      const shown = time + offsetOf();
      moments[sample] = shown / timescale;
      endSeconds = Math.max(endSeconds, (shown + delta) / timescale);
      time += delta;
    }
  }
  return { moments: moments.subarray(0, sample), endSeconds };
}

/** The values of runs one by one; 0 after the last. */
function walk({ length, countOf, stepOf }: Runs): () => number {
  let run = 0;
  let used = 0;
  return () => {
    while (run < length && used >= countOf(run)) {
      run += 1;
      used = 0;
    }
    used += 1;
    return run < length ? stepOf(run) : 0;
  };
}

/** What an edit list leaves of a track; all of it without one. */
export function readEdits(
  moov: Buffer,
  box: Mp4Box | undefined,
  { samples, timescale, movieTimescale }: { samples: Samples; timescale: number; movieTimescale: number },
): VisiblePart {
  const all = { offsetSeconds: 0, startSeconds: firstMoment(samples), endSeconds: samples.endSeconds };
  if (!box) return { ...all, isComplex: false };
  const isLong = moov[box.contentStart] === 1;
  const { count, at } = readCount(moov, box, isLong ? 20 : 12);
  let offsetSeconds = 0;
  let part: { start: number; end: number } | undefined;
  let isComplex = false;
  for (let entry = 0; entry < count; entry += 1) {
    const from = at + entry * (isLong ? 20 : 12);
    const duration = (isLong ? Number(moov.readBigUInt64BE(from)) : moov.readUInt32BE(from)) / movieTimescale;
    const time = isLong ? Number(moov.readBigInt64BE(from + 8)) : moov.readInt32BE(from + 4);
    const rate = moov.readInt32BE(from + (isLong ? 16 : 8));
    // -1 is a pause; players take whatever else is before the beginning for the beginning.
    if (time === -1) {
      if (part) isComplex = true;
      else offsetSeconds += duration;
      continue;
    }
    const start = Math.max(0, time) / timescale;
    // No duration stands for all that is left.
    const end = duration === 0 ? samples.endSeconds : start + duration;
    if (part && Math.abs(part.end - start) > 0.001) isComplex = true;
    if (rate !== 0x10000) isComplex = true;
    part = part ? { start: part.start, end: part.end + (end - start) } : { start, end };
  }
  if (!part) return { ...all, offsetSeconds, isComplex };
  const endSeconds = isComplex ? part.end : Math.min(part.end, samples.endSeconds);
  return { offsetSeconds, startSeconds: part.start, endSeconds, isComplex };
}

function firstMoment({ moments }: Samples): number {
  return moments.reduce((first, moment) => Math.min(first, moment), moments[0] ?? 0);
}
