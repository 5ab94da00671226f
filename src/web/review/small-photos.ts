import { LRUCache } from 'lru-cache';
import sharp from 'sharp';

/** Sharp enough for the phone on the page, at two pixels a dot. */
const FRAME = { width: 720, height: 1280, fit: 'inside', withoutEnlargement: true } as const;
const KEPT_BYTES = 16_000_000;

/** Makes small copies of photos for pages, one at a time, and keeps the last ones in memory. */
export function createSmallPhotos() {
  const kept = new LRUCache<string, Buffer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ byteLength }) => byteLength,
  });
  const making = new Map<string, Promise<Buffer>>();
  let last: Promise<unknown> = Promise.resolve();

  /** The photo as a small WebP. */
  async function read(path: string): Promise<Buffer> {
    const known = kept.get(path) ?? making.get(path);
    if (known !== undefined) return known;
    const made = last.then(() => sharp(path).resize(FRAME).webp({ quality: 72 }).toBuffer());
    last = made.catch(() => {});
    making.set(path, made);
    try {
      const small = await made;
      kept.set(path, small);
      return small;
    } finally {
      making.delete(path);
    }
  }

  return { read };
}
