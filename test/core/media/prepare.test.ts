import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { createMediaPreparer } from '../../../src/core/media/prepare.ts';
import { addBytes, addFixture, emptyStore, filmWithFault, problemOf } from './files.ts';
import { type PreparerKind, startPreparerKinds } from './preparers.ts';

/** A preparer whose store notes how many sources are between being opened and being answered for, once they are judged. */
function watched({
  create = createMediaPreparer,
  concurrency,
}: {
  create?: PreparerKind['create'];
  concurrency?: number;
} = {}) {
  const store = emptyStore();
  const seen = { open: 0, mostOpen: 0, opened: 0 };
  const watchedStore = {
    ...store,
    fetch(file: Parameters<typeof store.fetch>[0]) {
      seen.open += 1;
      seen.opened += 1;
      seen.mostOpen = Math.max(seen.mostOpen, seen.open);
      return store.fetch(file);
    },
    async add(...parameters: Parameters<typeof store.add>) {
      const file = await store.add(...parameters);
      seen.open -= 1;
      return file;
    },
  };
  const preparer = create({ store: watchedStore, ...(concurrency && { concurrency }) });
  async function addJudged(content: Buffer) {
    const source = await addBytes(store, content);
    await preparer.inspect(source, ANA);
    seen.open -= 1;
    seen.opened -= 1;
    seen.mostOpen = 0;
    return source;
  }
  return { ...preparer, addJudged, seen };
}

/** Whose files these are. */
const ANA = { owner: 'ana' };

async function photo(background: string, { width = 80, height = 64 } = {}) {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

for (const { name, skipped, create } of startPreparerKinds())
  describe.skipIf(skipped !== undefined)(skipped === undefined ? name : `${name}: ${skipped}`, () => {
    it('stores the JPEG that TikTok will pull', async () => {
      const store = emptyStore();
      const { prepare } = create({ store });
      const prepared = await prepare(await addFixture(store, 'demo/beach.png'), ANA);
      expect(prepared).toMatchObject({
        kind: 'photo',
        contentType: 'image/jpeg',
        width: 1080,
        height: 1440,
        changes: [
          { type: 'converted', from: 'PNG', to: 'JPEG' },
          { type: 'flattened_on_white' },
          { type: 'resized', from: [1200, 1600], to: [1080, 1440] },
        ],
      });
      expect(prepared.file.key).toMatch(/\.jpg$/);
      const content = await store.read(prepared.file);
      expect(content.length).toBe(prepared.file.bytes);
      expect((await sharp(content).metadata()).format).toBe('jpeg');
    });

    it.each(['demo/studio.jpg', 'h264.mov', 'demo/sunset.mp4'])(
      'makes the same of %s every time',
      async (name) => {
        const [first, second] = await Promise.all(
          [emptyStore(), emptyStore()].map(async (store) =>
            create({ store }).prepare(await addFixture(store, name), ANA),
          ),
        );
        expect(first).toEqual(second);
      },
    );

    it('works once on a source that is asked for twice at once, and again later', async () => {
      const { prepare, addJudged, seen } = watched({ create });
      const source = await addJudged(await photo('#123456'));
      const [first, second] = await Promise.all([prepare(source, ANA), prepare(source, ANA)]);
      expect(first).toBe(second);
      expect(seen.opened).toBe(1);
      expect(await prepare(source, ANA)).toEqual(first);
      expect(seen.opened).toBe(2);
    });

    it('works on no more sources at once than it may', async () => {
      const { prepare, addJudged, seen } = watched({ create, concurrency: 2 });
      const colours = ['#111', '#222', '#333', '#444', '#555', '#666'];
      const sources = await Promise.all(colours.map(async (colour) => addJudged(await photo(colour))));
      await Promise.all(sources.map((source) => prepare(source, ANA)));
      expect(seen).toMatchObject({ opened: 6, mostOpen: 2 });
    });

    it('encodes a video that turns out to have a fault without holding up a photo', async () => {
      const store = emptyStore();
      const { inspect, prepare } = create({ store, findFfmpeg, concurrency: 1 });
      const film = await addBytes(store, await filmWithFault());
      const picture = await addBytes(store, await photo('#abcdef'));
      await Promise.all([inspect(film, ANA), inspect(picture, ANA)]);
      const order: string[] = [];
      const video = prepare(film, ANA).finally(() => order.push('video'));
      await Promise.all([video, prepare(picture, ANA).finally(() => order.push('photo'))]);
      expect(order).toEqual(['photo', 'video']);
      expect((await video).changes).toContainEqual({ type: 'picture_encoded', why: [{ type: 'repair' }] });
    });

    it('goes on after a file that it refuses', async () => {
      const store = emptyStore();
      const { prepare } = create({ store, concurrency: 1 });
      const words = await addBytes(store, 'just words');
      const picture = await addBytes(store, await photo('#abcdef'));
      const [problem, prepared] = await Promise.all([problemOf(prepare(words, ANA)), prepare(picture, ANA)]);
      expect(problem).toEqual({ code: 'format_not_accepted', format: 'a text file' });
      expect(prepared).toMatchObject({ kind: 'photo', width: 80, height: 64 });
    });

    it('ends what is under way when it stops', async () => {
      const store = emptyStore();
      const { prepare, stop } = create({ store, concurrency: 1 });
      const sources = [await addFixture(store, 'h264.mov'), await addFixture(store, 'hevc.mov')];
      const running = Promise.allSettled(sources.map((source) => prepare(source, ANA)));
      await stop();
      expect((await running).map((run) => run.status)).toEqual(['rejected', 'rejected']);
    });
  });

describe('preparing media in one process', () => {
  it('works once on a source of two owners, at the turn of whoever has it first', async () => {
    const { prepare, addJudged, seen } = watched({ concurrency: 1 });
    const colours = ['#111', '#222', '#333', '#444'];
    const sources = await Promise.all(colours.map(async (colour) => addJudged(await photo(colour))));
    const done: string[] = [];
    const preparing = sources.map(async (source, index) => {
      const prepared = await prepare(source, ANA);
      done.push(`ana ${index}`);
      return prepared;
    });
    const [last] = sources.slice(-1);
    if (last === undefined) throw new Error('There are four.');
    const shared = await prepare(last, { owner: 'ben' });
    done.push('ben');
    expect(await Promise.all(preparing)).toContain(shared);
    expect(seen.opened).toBe(4);
    expect(done).toEqual(['ana 0', 'ana 1', 'ana 3', 'ben', 'ana 2']);
  });

  it('cannot be made to draw an SVG', async () => {
    const store = emptyStore();
    const { prepare } = createMediaPreparer({ store });
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    expect(await problemOf(prepare(await addBytes(store, svg), ANA))).toMatchObject({ format: 'SVG' });
    await expect(sharp(Buffer.from(svg)).metadata()).rejects.toThrow('unsupported image format');
  });

  it('leaves the event loop free while it converts a big photo', async () => {
    const store = emptyStore();
    const { prepare } = createMediaPreparer({ store });
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
    const big = sharp({ create: { width: 3600, height: 2400, channels: 3, background: '#fff', noise } });
    const source = await addBytes(store, await big.png({ compressionLevel: 1 }).toBuffer());
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 5);
    await prepare(source, ANA);
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(10);
  });

  it('repackages a video on a thread of its own', async () => {
    const store = emptyStore();
    const { prepare } = createMediaPreparer({ store });
    const source = await addFixture(store, 'h264.mov');
    let threads = 0;
    const count = () => {
      threads += 1;
    };
    process.on('worker', count);
    await prepare(source, ANA);
    process.off('worker', count);
    expect(threads).toBe(2);
  });
});
