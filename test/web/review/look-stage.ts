import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import type { PreparedMedia, StoredFile } from '../../../src/core/media/types.ts';
import type { Post, PostBase, PostContent, PostState } from '../../../src/core/publish/post.ts';
import { baseWith, contentWith, REVIEW } from '../../core/posts.ts';
import { fixture } from '../../e2e/stage.ts';
import { createWorld } from '../world.ts';

type Added = Partial<Omit<PostBase, 'content' | 'media'>> & {
  content?: Partial<PostContent>;
  state?: PostState;
};

/** The sizes and schemes in which the pages are looked at. */
export const SIZES = [375, 900, 1440].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({
    name: `${width}-${colorScheme}`,
    viewport: { width, height: width === 375 ? 812 : 900 },
    colorScheme,
  })),
);

/** The web over a real core, with posts of files that browsers can show. */
export async function createLookStage(options: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld(options);
  const server = await world.start();
  let count = 0;

  async function add(media: readonly PreparedMedia[] | undefined, { content = {}, state, ...fields }: Added) {
    count += 1;
    const id = `post-${count}`;
    const base = baseWith({ review: REVIEW, ...fields, id, content: contentWith(content) });
    const now = world.time.now;
    const open: PostState = { status: 'in_review', since: now, expiresAt: now + 72 * 3_600_000 };
    await world.posts.create(id, { ...base, media, ...(state ?? open) } as Post);
    return { id, path: world.previewLinks.urlPath({ id }) };
  }

  const store = (content: Readable, maxBytes: number, extension: string): Promise<StoredFile> =>
    world.mediaStore.add(content, { maxBytes, extension });

  async function photo(hue: number): Promise<PreparedMedia> {
    const [width, height] = [1080, 1440];
    const pixels = Buffer.alloc(width * height * 3);
    for (let at = 0; at < pixels.length; at += 3) {
      const [x, y] = [(at / 3) % width, Math.floor(at / 3 / width)];
      const isInside = (x - 540) ** 2 + (y - 620) ** 2 < 300 ** 2;
      pixels[at] = isInside ? 240 : hue;
      pixels[at + 1] = (x * 200) / width;
      pixels[at + 2] = (y * 200) / height;
    }
    const raw = { width, height, channels: 3 as const };
    const bytes = await sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
    const file = await store(Readable.from([bytes]), bytes.length, 'jpg');
    return { kind: 'photo', file, contentType: 'image/jpeg', width, height, changes: [] };
  }

  async function addPhotos(number: number, more: Added = {}) {
    const media = await Promise.all(Array.from({ length: number }, (_, index) => photo(index * 50)));
    const sources = media.map(({ file }) => ({ name: 'x.jpg', file }));
    return add(media, { ...more, content: { sources, ...more.content } });
  }

  async function addVideo(more: Added = {}) {
    const path = fixture('tiktok-h264.mp4');
    const file = await store(createReadStream(path), (await stat(path)).size, 'mp4');
    const media: PreparedMedia = {
      kind: 'video',
      file,
      contentType: 'video/mp4',
      width: 540,
      height: 960,
      changes: [],
    };
    return add([media], { ...more, content: { kind: 'video', ...more.content } });
  }

  /** A picture of a video, as its card in the chat has it. */
  async function poster(): Promise<StoredFile> {
    const bytes = await sharp(fixture('demo/beach.png')).resize(720, 1280).jpeg({ quality: 85 }).toBuffer();
    return store(Readable.from([bytes]), bytes.length, 'jpg');
  }

  return {
    world,
    server,
    add,
    poster,
    addPhotos,
    addVideo,
    async [Symbol.asyncDispose]() {
      await server.close();
      await world.dispose();
    },
  };
}

export type LookStage = Awaited<ReturnType<typeof createLookStage>>;
