/** A part of a file as its format has it: a chunk, a segment, a box. */
export interface Part {
  readonly start: number;
  readonly end: number;
  /** Where its size is written. */
  readonly sizeAt: number;
  readonly sizeBytes: 2 | 4;
  readonly isLittleEndian: boolean;
}

/** The parts that a file says it has, outermost first; none for formats without such parts. */
export function partsOf(bytes: Buffer): Part[] {
  if (bytes.length < 16) return [];
  if (bytes.readUInt32BE(0) === 0x89504e47) return chunksOfPng(bytes);
  if (bytes.readUInt16BE(0) === 0xffd8) return segmentsOfJpeg(bytes);
  if (bytes.toString('latin1', 0, 4) === 'RIFF') return chunksOfRiff(bytes, { start: 12, end: bytes.length });
  if (bytes.toString('latin1', 4, 8) === 'ftyp') return boxesOf(bytes, { start: 0, end: bytes.length });
  return [];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function chunksOfPng(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let start = 8; start + 12 <= bytes.length; ) {
    const end = start + 12 + bytes.readUInt32BE(start);
    parts.push({ start, end, sizeAt: start, sizeBytes: 4, isLittleEndian: false });
    start = end;
  }
  return parts;
}

function segmentsOfJpeg(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let start = 2; start + 4 <= bytes.length && bytes[start] === 0xff; ) {
    const end = start + 2 + bytes.readUInt16BE(start + 2);
    parts.push({ start, end, sizeAt: start + 2, sizeBytes: 2, isLittleEndian: false });
    if (bytes[start + 1] === 0xda) break;
    start = end;
  }
  return parts;
}

function chunksOfRiff(bytes: Buffer, range: Range): Part[] {
  const parts: Part[] = [];
  for (let { start } = range; start + 8 <= range.end; ) {
    const size = bytes.readUInt32LE(start + 4);
    const end = Math.min(range.end, start + 8 + size + (size % 2));
    parts.push({ start, end, sizeAt: start + 4, sizeBytes: 4, isLittleEndian: true });
    if (bytes.toString('latin1', start, start + 4) === 'LIST')
      parts.push(...chunksOfRiff(bytes, { start: start + 12, end }));
    start = end;
  }
  return parts;
}

/** Boxes that hold boxes, with the bytes before the first of these. */
const NESTED: Readonly<Record<string, number>> = {
  moov: 8,
  trak: 8,
  mdia: 8,
  minf: 8,
  stbl: 8,
  edts: 8,
  moof: 8,
  traf: 8,
  mvex: 8,
  iprp: 8,
  ipco: 8,
  meta: 12,
};

function boxesOf(bytes: Buffer, range: Range): Part[] {
  const parts: Part[] = [];
  for (let { start } = range; start + 8 <= range.end; ) {
    const size = bytes.readUInt32BE(start);
    const end = size < 8 ? range.end : Math.min(range.end, start + size);
    parts.push({ start, end, sizeAt: start, sizeBytes: 4, isLittleEndian: false });
    const head = NESTED[bytes.toString('latin1', start + 4, start + 8)];
    if (head !== undefined) parts.push(...boxesOf(bytes, { start: start + head, end }));
    start = end;
  }
  return parts;
}
