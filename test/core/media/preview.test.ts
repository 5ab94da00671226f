import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createMediaPreparer } from '../../../src/core/media/prepare.ts';
import { arrangeTiles, createContactSheet } from '../../../src/core/media/preview.ts';
import { addBytes, addFixture, emptyStore, fixture } from './files.ts';

const COLOURS = [
  '#e02020',
  '#20c040',
  '#2040e0',
  '#e0c020',
  '#20c0c0',
  '#c020c0',
  '#f08020',
  '#8060e0',
  '#60e0a0',
];

async function preparePhotos(count: number, { width = 300, height = 400 } = {}) {
  const store = emptyStore();
  const preparer = createMediaPreparer({ store });
  const photos = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const background = COLOURS[index % COLOURS.length] ?? '#000';
      const content = await sharp({ create: { width, height, channels: 3, background } })
        .png()
        .toBuffer();
      return preparer.prepare(await addBytes(store, content), { owner: 'ana' });
    }),
  );
  return { store, preparer, photos };
}

async function show(count: number, size?: { width: number; height: number }) {
  const { store, preparer, photos } = await preparePhotos(count, size);
  const file = await preparer.preview(photos, { owner: 'ana' });
  if (!file) throw new Error('Expected a preview.');
  const { data, info } = await sharp(await store.read(file))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => {
    const start = (Math.floor(y) * info.width + Math.floor(x)) * info.channels;
    return `#${data.subarray(start, start + 3).toString('hex')}`;
  };
  return { file, info, pixel };
}

function distance(first: string, second: string) {
  const channels = (colour: string) => [...Buffer.from(colour.slice(1), 'hex')];
  const other = channels(second);
  return Math.max(...channels(first).map((value, index) => Math.abs(value - (other[index] ?? 0))));
}

/** How many pixels of the last tile are white. */
function whitesOf({ info, pixel }: Awaited<ReturnType<typeof show>>): number {
  let count = 0;
  for (let y = Math.ceil(info.height * 0.7); y < info.height; y += 1)
    for (let x = Math.ceil(info.width * 0.7); x < info.width; x += 1)
      if (distance(pixel(x, y), '#ffffff') < 10) count += 1;
  return count;
}

describe('the preview', () => {
  it('shows one photo whole and never bigger than it is', async () => {
    const { info, pixel } = await show(1);
    expect([info.width, info.height]).toEqual([300, 400]);
    expect(distance(pixel(150, 200), '#e02020')).toBeLessThan(8);
  });

  it('fits a photo inside 1280×1280', async () => {
    const { info } = await show(1, { width: 1000, height: 1778 });
    expect(info).toMatchObject({ width: 720, height: 1280 });
  });

  it.each([2, 3, 4, 5, 6, 7, 8, 9])(
    'shows %i photos in their order, each in its own colour',
    async (count) => {
      const { info, pixel } = await show(count);
      const aspects = Array.from({ length: count }, () => 3 / 4);
      const layout = arrangeTiles(aspects, { maxSide: 1280, gap: 8 });
      expect(info).toMatchObject({ width: layout.width, height: layout.height, channels: 3 });
      const seen = layout.tiles.map((tile) => pixel(tile.left + tile.width / 2, tile.top + tile.height / 2));
      expect(seen.map((colour, index) => distance(colour, COLOURS[index] ?? ''))).toSatisfy((far: number[]) =>
        far.every((one) => one < 10),
      );
    },
  );

  it('darkens the ninth tile and writes on it how many it stands for', async () => {
    const nine = await show(9);
    const twelve = await show(12);
    const [x, y] = [nine.info.width - 10, nine.info.height - 10];
    expect(distance(nine.pixel(x, y), '#60e0a0')).toBeLessThan(10);
    expect(distance(twelve.pixel(x, y), '#265a40')).toBeLessThan(12);
    expect(whitesOf(nine)).toBe(0);
    expect(whitesOf(twelve)).toBeGreaterThan(500);
    const thirteen = await show(13);
    expect(thirteen.file.key).not.toBe(twelve.file.key);
  });

  it.each([
    [1, { width: 8192, height: 820 }],
    [1, { width: 64, height: 640 }],
    [3, { width: 8000, height: 800 }],
    [35, { width: 200, height: 2000 }],
  ])('stays within what Telegram takes for %i photos of %o', async (count, size) => {
    const { info, file } = await show(count, size);
    expect(Math.max(info.width, info.height) / Math.min(info.width, info.height)).toBeLessThanOrEqual(20);
    expect(Math.max(info.width, info.height)).toBeLessThanOrEqual(1280);
    expect(file.bytes).toBeLessThan(10_000_000);
  });

  it('is the same for the same photos', async () => {
    expect((await show(10)).file).toEqual((await show(10)).file);
  });

  it("shows a video's poster where there is one, and nothing otherwise", async () => {
    const store = emptyStore();
    const preparer = createMediaPreparer({ store });
    const video = await preparer.prepare(await addFixture(store, 'demo/sunset.mp4'), { owner: 'ana' });
    expect(await preparer.preview([video], { owner: 'ana' })).toBeUndefined();
    const poster = await preparer.preview([video], { owner: 'ana', posterPath: fixture('phone.jpg') });
    if (!poster) throw new Error('Expected a preview.');
    expect(await sharp(store.path(poster)).metadata()).toMatchObject({ width: 960, height: 1280 });
  });
});

describe('a contact sheet', () => {
  const draw = async (colours: readonly string[], size = { width: 270, height: 480 }) => {
    const store = emptyStore();
    const pictures = await Promise.all(
      colours.map((background) =>
        sharp({ create: { ...size, channels: 3, background } })
          .jpeg()
          .toBuffer(),
      ),
    );
    const file = await createContactSheet({ store, pictures });
    return sharp(store.path(file)).raw().toBuffer({ resolveWithObject: true });
  };

  it('shows the pictures in their order, with another number on each', async () => {
    const { data, info } = await draw(Array.from({ length: 9 }, () => '#2040e0'));
    const aspects = Array.from({ length: 9 }, () => 270 / 480);
    const { tiles, ...size } = arrangeTiles(aspects, { maxSide: 1280, gap: 8 });
    expect(info).toMatchObject(size);
    const badges = tiles.map(({ left, top, width, height }) => {
      const side = Math.round(width * 0.24);
      const rows = Array.from({ length: side }, (_, row) => {
        const from = ((top + height - side + row) * info.width + left) * 3;
        return [...data.subarray(from, from + side * 3)].map((value) => (value > 160 ? 1 : 0)).join('');
      });
      return rows.join('');
    });
    expect(new Set(badges).size).toBe(9);
    for (const badge of badges) expect(badge).toContain('111111');
  });

  it.each([
    { width: 4096, height: 360 },
    { width: 360, height: 4096 },
    { width: 2, height: 2 },
  ])('is drawn of pictures of %o', async (size) => {
    const { info } = await draw(COLOURS, size);
    expect(Math.max(info.width, info.height)).toBeLessThanOrEqual(1280);
  });
});

describe('the tiles of a preview', () => {
  it.each([
    [[0.75, 1.5, 1, 0.5625, 2, 0.75, 0.75, 1.78]],
    [[0.01, 100]],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [[0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]],
  ])('fill the width of every row and stay inside: %j', (aspects) => {
    const { width, height, tiles } = arrangeTiles(aspects, { maxSide: 1280, gap: 8 });
    expect(tiles).toHaveLength(aspects.length);
    expect(Math.max(width, height)).toBeLessThanOrEqual(1280);
    for (const top of new Set(tiles.map((tile) => tile.top))) {
      const row = tiles.filter((tile) => tile.top === top);
      const last = row.at(-1);
      expect((last?.left ?? 0) + (last?.width ?? 0)).toBe(width);
      expect(new Set(row.map((tile) => tile.height)).size).toBe(1);
    }
    expect(Math.max(...tiles.map((tile) => tile.top + tile.height))).toBe(height);
  });
});
