import { open } from 'node:fs/promises';
import { UserError } from '../../../problems.ts';

export interface Mp4Box {
  readonly type: string;
  /** From the start of what was read, header included. */
  readonly start: number;
  readonly contentStart: number;
  /** Where the box says that it ends, which may be past the end of a truncated file. */
  readonly end: number;
}

/** Of the file, and in each box. */
const MAX_BOXES = 100_000;

/** The top-level boxes of an MP4 or MOV file, reading their headers alone. */
export async function readTopLevelBoxes(path: string): Promise<{ boxes: Mp4Box[]; bytes: number }> {
  const handle = await open(path, 'r');
  try {
    const { size: bytes } = await handle.stat();
    const header = Buffer.alloc(16);
    const boxes: Mp4Box[] = [];
    let start = 0;
    while (start + 8 <= bytes && boxes.length < MAX_BOXES) {
      const { bytesRead } = await handle.read(header, 0, header.length, start);
      const box = parseHeader(header.subarray(0, bytesRead), { offset: 0, start, limit: bytes });
      // Some cameras append notes of their own after the last box.
      if (!box) break;
      boxes.push(box);
      start = box.end;
    }
    return { boxes, bytes };
  } finally {
    await handle.close();
  }
}

/** The boxes inside a part of a buffer; throws a `UserError` where there are more than any program writes. */
export function parseBoxes(content: Buffer, { from, to }: { from: number; to: number }): Mp4Box[] {
  const boxes: Mp4Box[] = [];
  let start = from;
  while (start + 8 <= to) {
    const box = parseHeader(content.subarray(0, to), { offset: start, start, limit: to });
    if (!box) break;
    if (boxes.push(box) > MAX_BOXES) return refuse('file_damaged');
    start = box.end;
  }
  return boxes;
}

/** The first box of a type inside another; one that runs past its parent is a lie. */
export function childOf(content: Buffer, parent: Mp4Box, type: string): Mp4Box | undefined {
  const to = Math.min(parent.end, content.length);
  const found = parseBoxes(content, { from: parent.contentStart, to }).find((box) => box.type === type);
  if (found && found.end > to) return refuse('file_damaged');
  return found;
}

/** Throws the problem of a file that is not as it says. */
export function refuse(code: 'file_damaged' | 'file_incomplete' | 'video_without_picture'): never {
  throw new UserError({ code });
}

function parseHeader(
  content: Buffer,
  { offset, start, limit }: { offset: number; start: number; limit: number },
): Mp4Box | undefined {
  if (content.length < offset + 8) return undefined;
  const type = content.toString('latin1', offset + 4, offset + 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined;
  const size = content.readUInt32BE(offset);
  // 0 means "up to the end", 1 that the size follows in 64 bits.
  if (size === 0) return { type, start, contentStart: start + 8, end: limit };
  if (size >= 8) return { type, start, contentStart: start + 8, end: start + size };
  if (size !== 1 || content.length < offset + 16) return undefined;
  const largeSize = Number(content.readBigUInt64BE(offset + 8));
  return largeSize < 16 ? undefined : { type, start, contentStart: start + 16, end: start + largeSize };
}
