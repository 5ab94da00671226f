import { LRUCache } from 'lru-cache';
import sharp from 'sharp';
import type { MediaStore } from '../../core/media/store/store.ts';

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
  async function fetch({ mediaStore, key: file, form }: SmallPicture): Promise<Buffer> {
    const key = `${form} ${file}`;
    const known = kept.get(key) ?? making.get(key);
    if (known !== undefined) return known;
    const { quality, ...frame } = FORMS[form];
    const made = last.then(async () => {
      using local = await mediaStore.fetch(file);
      return await sharp(local.path)
        .resize({ ...frame, fit: 'inside', withoutEnlargement: true })
        .webp({ quality })
        .toBuffer();
    });
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

  return { fetch };
}

interface SmallPicture {
  readonly mediaStore: Pick<MediaStore, 'fetch' | 'has'>;
  /** Under which the store has the picture. */
  readonly key: string;
  readonly form: keyof typeof FORMS;
}

export type SmallPictures = ReturnType<typeof createSmallPictures>;

/** Answers with a small copy of a picture; 404 where that is not there any more. */
export async function answerSmall(
  smallPictures: SmallPictures,
  { headers, ...picture }: SmallPicture & { headers: Record<string, string> },
): Promise<Response> {
  if (!(await picture.mediaStore.has(picture.key)))
    return new Response('Not found.', { status: 404, headers });
  const small = await smallPictures.fetch(picture);
  return new Response(new Uint8Array(small), {
    headers: {
      ...headers,
      'Content-Type': 'image/webp',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}
