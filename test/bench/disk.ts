import { open } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE = Buffer.alloc(4096, 'nod');

/** The yardstick for whatever is durable: how many milliseconds a page takes that is appended to a file and synced. */
export async function timeWrites(directory: string, count: number): Promise<number[]> {
  await using file = await open(join(directory, 'disk-yardstick'), 'wx');
  const times: number[] = [];
  while (times.length < count) {
    const startedAt = performance.now();
    await file.write(PAGE);
    await file.datasync();
    times.push(performance.now() - startedAt);
  }
  return times;
}
