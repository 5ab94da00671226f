import { type FileHandle, open } from 'node:fs/promises';
import { type ProbedMedia, probeMedia } from './index.ts';

/** Boxes whose content says nothing about the file. */
const FILLING = ['mdat', 'free', 'skip', 'wide'];
const MAX_INDEX_BYTES = 64_000_000;
const HEAD_BYTES = 1_000_000;

/** Probes a file of any size: an MP4 or MOV by its boxes without their frames, anything else by its beginning. */
export async function probeBigFile(path: string): Promise<ProbedMedia> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const boxes = await readIndex(file, size);
    if (boxes === undefined) return probeMedia(await read(file, 0, Math.min(size, HEAD_BYTES)));
    const probed = probeMedia(boxes.index);
    return { ...probed, complete: probed.complete && boxes.end === size };
  } finally {
    await file.close();
  }
}

/** The boxes of a file, those with frames emptied; undefined where it has none. */
async function readIndex(file: FileHandle, size: number) {
  const parts: Buffer[] = [];
  let kept = 0;
  let at = 0;
  while (at + 8 <= size) {
    const header = await read(file, at, Math.min(16, size - at));
    const type = header.subarray(4, 8).toString('latin1');
    if (at === 0 && type !== 'ftyp' && type !== 'moov') return undefined;
    const short = header.readUInt32BE(0);
    const length = short === 1 ? Number(header.readBigUInt64BE(8)) : short === 0 ? size - at : short;
    if (length < 8) break;
    if (FILLING.includes(type)) parts.push(emptyBox(type));
    else {
      kept += length;
      if (kept > MAX_INDEX_BYTES) break;
      parts.push(await read(file, at, Math.min(length, size - at)));
    }
    at += length;
  }
  return { index: Buffer.concat(parts), end: at };
}

function emptyBox(type: string): Buffer {
  const box = Buffer.alloc(8);
  box.writeUInt32BE(8);
  box.write(type, 4, 'latin1');
  return box;
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
