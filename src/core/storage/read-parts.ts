import { open } from 'node:fs/promises';

const PART_BYTES = 1024 ** 2;

/**
 * The content of a file from its beginning, at most up to `end`, a megabyte at a time; the next part is read while one is
 * used, which may be changed and is only valid until the next one.
 */
export async function* readParts(
  path: string,
  { end = Number.POSITIVE_INFINITY }: { end?: number } = {},
): AsyncGenerator<Buffer, void> {
  const handle = await open(path, 'r');
  const one = Buffer.allocUnsafe(PART_BYTES);
  const other = Buffer.allocUnsafe(PART_BYTES);
  const read = (into: Buffer, start: number) =>
    handle.read(into, 0, Math.max(0, Math.min(PART_BYTES, end - start)), start);
  try {
    let start = 0;
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
