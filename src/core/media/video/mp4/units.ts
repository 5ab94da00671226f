import { open } from 'node:fs/promises';
import { refuse } from './boxes.ts';
import type { Mp4Index, Mp4Track } from './index.ts';

/**
 * Walks the units of every H.264 and H.265 sample, which need not be decoded for that: throws a `UserError` for a
 * sample whose lengths are wrong or that has no picture in it.
 */
export async function checkUnits(path: string, index: Mp4Index, { entry, samples }: Mp4Track): Promise<void> {
  const lengthBytes = entry?.lengthBytes;
  if (lengthBytes === undefined || typeof samples.sizes === 'number') return;
  const isPicture = entry?.codec === 'hevc' ? isHevcPicture : isAvcPicture;
  const handle = await open(path, 'r');
  const head = Buffer.alloc(lengthBytes + 1);
  try {
    let sample = 0;
    for (const [chunk, count] of samples.perChunk.entries()) {
      let start = samples.chunks[chunk * 2] ?? 0;
      for (let one = 0; one < count; one += 1, sample += 1) {
        const end = start + (samples.sizes[sample] ?? 0);
        let hasPicture = false;
        for (let at = start; at < end; ) {
          await handle.read(head, 0, head.length, at);
          const length = head.readUIntBE(0, lengthBytes);
          at += lengthBytes + length;
          if (length === 0 || at > Math.min(end, index.bytes)) return refuse('file_damaged');
          hasPicture ||= isPicture(head[lengthBytes] ?? 0);
        }
        if (!hasPicture) return refuse('file_damaged');
        start = end;
      }
    }
  } finally {
    await handle.close();
  }
}

const isAvcPicture = (header: number): boolean => (header & 31) >= 1 && (header & 31) <= 5;
const isHevcPicture = (header: number): boolean => ((header >> 1) & 63) < 32;
