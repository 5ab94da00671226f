import { open } from 'node:fs/promises';
import type { PhotoFormatName } from '../sniff.ts';

/** Whether a decoder says that the end is missing. */
export const speaksOfAnEnd = (error: unknown): boolean =>
  error instanceof Error && /premature end|unexpected end|not enough data|bad seek/i.test(error.message);

const JPEG_END = Buffer.from([0xff, 0xd9]);
/** The last chunk of a PNG, or the end marker of a JPEG, and what some programs write behind it. */
const TAIL_BYTES = 4096;

/** Whether the end is missing of a file that cannot be read; most decoders do not tell that from other damage. */
export async function isCut(
  path: string,
  { format, bytes }: { format: PhotoFormatName; bytes: number },
): Promise<boolean> {
  if (format !== 'PNG' && format !== 'WebP' && format !== 'JPEG') return false;
  const handle = await open(path, 'r');
  try {
    const part = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    await handle.read(part, 0, part.length, format === 'WebP' ? 0 : bytes - part.length);
    if (format === 'WebP') return part.readUInt32LE(4) + 8 > bytes;
    return !part.includes(format === 'PNG' ? 'IEND' : JPEG_END);
  } finally {
    await handle.close();
  }
}
