import { open } from 'node:fs/promises';

const PART_BYTES = 1024 ** 2;

/** Where parts of a file lie while they are used; whoever reads much makes them once. */
export type PartBuffers = readonly [Buffer, Buffer];

export const makePartBuffers = (bytes: number = PART_BYTES): PartBuffers => [
  Buffer.allocUnsafeSlow(bytes),
  Buffer.allocUnsafeSlow(bytes),
];

/**
 * The content of a file from `start`, at most up to `end` (exclusive), a megabyte at a time or as much as the buffers hold;
 * the next part is read while one is used, which may be changed and is only valid until the next one.
 */
export async function* readParts(
  path: string,
  {
    start: first = 0,
    end = Number.POSITIVE_INFINITY,
    buffers: [one, other] = makePartBuffers(),
  }: { start?: number; end?: number; buffers?: PartBuffers } = {},
): AsyncGenerator<Buffer, void> {
  const handle = await open(path, 'r');
  const read = (into: Buffer, start: number) =>
    handle.read(into, 0, Math.max(0, Math.min(into.length, end - start)), start);
  try {
    let start = first;
    let next = read(one, start);
    for (let { buffer, bytesRead } = await next; bytesRead > 0; { buffer, bytesRead } = await next) {
      start += bytesRead;
      next = read(buffer === one ? other : one, start);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
