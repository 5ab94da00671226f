import { open } from 'node:fs/promises';

const SIGNATURE_BYTES = 8;
const MAX_CHUNKS = 4096;

/** How many pictures a PNG shows one after the other: 1 unless it says before its data that it is animated. */
export async function countPngPictures(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    // The length and the type of a chunk, and of the chunk that tells of an animation the number of its pictures.
    const chunk = Buffer.alloc(12);
    let start = SIGNATURE_BYTES;
    for (let count = 0; count < MAX_CHUNKS; count += 1) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, start);
      const type = chunk.toString('latin1', 4, 8);
      if (bytesRead < chunk.length || type === 'IDAT') return 1;
      if (type === 'acTL') return Math.max(1, chunk.readUInt32BE(8));
      start += 12 + chunk.readUInt32BE(0);
    }
    return 1;
  } finally {
    await handle.close();
  }
}
