import { access } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import sharp from 'sharp';

const FORMS = {
  /** Sharp enough for the phone on the page, at two pixels a dot. */
  photo: { width: 720, height: 1280, quality: 72 },
  /** Stands there until the video shows a picture of its own, and has to be there before. */
  poster: { width: 480, height: 854, quality: 60 },
} as const;
const KEPT_BYTES = 16_000_000;

/** Makes small copies of pictures for pages, one at a time, and keeps the last ones in memory. */
export function createSmallPictures() {
  const kept = new LRUCache<string, Buffer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ byteLength }) => byteLength,
  });
  const making = new Map<string, Promise<Buffer>>();
  let last: Promise<unknown> = Promise.resolve();

  /** The picture as a small WebP. */
  async function read(path: string, form: keyof typeof FORMS): Promise<Buffer> {
    const key = `${form} ${path}`;
    const known = kept.get(key) ?? making.get(key);
    if (known !== undefined) return known;
    const { quality, ...frame } = FORMS[form];
    const made = last.then(() =>
      sharp(path)
        .resize({ ...frame, fit: 'inside', withoutEnlargement: true })
        .webp({ quality })
        .toBuffer(),
    );
    last = made.catch(() => {});
    making.set(key, made);
    try {
      const small = await made;
      kept.set(key, small);
      return small;
    } finally {
      making.delete(key);
    }
  }

  return { read };
}

export type SmallPictures = ReturnType<typeof createSmallPictures>;

/** Answers with a small copy of the picture at `path`; 404 where that is not there any more. */
export async function answerSmall(
  smallPictures: SmallPictures,
  { path, form, headers }: { path: string; form: keyof typeof FORMS; headers: Record<string, string> },
): Promise<Response> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return new Response('Not found.', { status: 404, headers });
  const small = await smallPictures.read(path, form);
  return new Response(new Uint8Array(small), {
    headers: {
      ...headers,
      'Content-Type': 'image/webp',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}
