import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectFile } from '../../../../src/core/media/inspect.ts';
import { createMemoryBudget } from '../../../../src/core/media/memory.ts';
import { configureSharp, convertPhoto } from '../../../../src/core/media/photo/convert.ts';
import {
  gridItems,
  mirrorProperty,
  readCodedPicture,
  turnProperty,
  writeHeif,
} from '../../../fixtures/heif.ts';
import { changedFixture, fixture, problemOf, temporaryDirectory } from '../files.ts';

beforeAll(configureSharp);

const memory = createMemoryBudget();

async function convert(path: string) {
  const facts = await inspectFile(path);
  if (facts.kind !== 'photo') throw new Error('Expected a photo.');
  const converted = await convertPhoto(path, facts, { memory });
  const { data, info } = await sharp(converted.content).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  return { ...converted, facts, pixel };
}

function written(content: Buffer) {
  const path = join(temporaryDirectory(), 'photo.heic');
  writeFileSync(path, content);
  return path;
}

function near(colour: readonly number[], tolerance = 8) {
  return colour.map((value) => expect.toSatisfy((got: number) => Math.abs(got - value) <= tolerance));
}

const RED = [0xd0, 0x20, 0x20];
const GREEN = [0x20, 0xa0, 0x40];
const BLUE = [0x20, 0x40, 0xd0];
const YELLOW = [0xe0, 0xc0, 0x20];
const WHITE = [255, 255, 255];

/** The colours in the corners of a picture, from the top left on, row by row. */
function cornersOf({ width, height, pixel }: Awaited<ReturnType<typeof convert>>) {
  const [right, bottom] = [width - 9, height - 9];
  return [pixel(8, 8), pixel(right, 8), pixel(8, bottom), pixel(right, bottom)];
}

/** The tiles of a grid, turned and mirrored in this order. */
function turnedGrid(...turn: Buffer[]): Buffer {
  const grid = readFileSync(fixture('grid.heic'));
  const tiles = [2, 3, 4, 5].map((item) => readCodedPicture(grid, item));
  return writeHeif(gridItems(tiles, turn), { brand: 'heic' });
}

describe('converting a HEIC', () => {
  it.each(['photo.heic', 'ten-bit.heic'])('shows the colours of %s', async (name) => {
    const photo = await convert(fixture(name));
    expect(photo.facts).toMatchObject({ format: 'HEIC', width: 600, height: 400, pictures: 1 });
    expect(cornersOf(photo)).toEqual([RED, GREEN, BLUE, YELLOW].map((colour) => near(colour)));
    expect(photo.changes).toEqual([{ type: 'converted', from: 'HEIC', to: 'JPEG' }]);
  });

  it('turns the photo of a phone once, though its EXIF asks for it again, and takes the place out', async () => {
    const photo = await convert(fixture('phone.heic'));
    expect([photo.width, photo.height]).toEqual([1080, 1440]);
    expect(cornersOf(photo)).toEqual([RED, GREEN, BLUE, YELLOW].map((colour) => near(colour)));
    expect(photo.changes).toEqual([
      { type: 'converted', from: 'HEIC', to: 'JPEG' },
      { type: 'resized', from: [1200, 1600], to: [1080, 1440] },
    ]);
    expect(photo.content.includes('Exif')).toBe(false);
  });

  it.each([
    ['as it lies', [], [RED, GREEN, BLUE, YELLOW]],
    ['a quarter to the left', [turnProperty(1)], [GREEN, YELLOW, RED, BLUE]],
    ['a half', [turnProperty(2)], [YELLOW, BLUE, GREEN, RED]],
    ['a quarter to the right', [turnProperty(3)], [BLUE, RED, YELLOW, GREEN]],
    ['mirrored left and right', [mirrorProperty(1)], [GREEN, RED, YELLOW, BLUE]],
    ['mirrored top and bottom', [mirrorProperty(0)], [BLUE, YELLOW, RED, GREEN]],
    ['to the left, then mirrored', [turnProperty(1), mirrorProperty(1)], [YELLOW, GREEN, BLUE, RED]],
    ['to the right, then mirrored', [turnProperty(3), mirrorProperty(1)], [RED, BLUE, GREEN, YELLOW]],
  ])('puts the tiles of a grid together: %s', async (_, turn, corners) => {
    const photo = await convert(written(turnedGrid(...turn)));
    const isUpright = turn.length > 0 && turn[0]?.includes('irot') === true && turn[0]?.at(-1) !== 2;
    const size = isUpright ? [200, 240] : [240, 200];
    expect([photo.width, photo.height]).toEqual(size);
    expect(cornersOf(photo)).toEqual(corners.map((colour) => near(colour)));
    // Where the tiles meet: 112 pixels of the second column and 72 of the second row are seen.
    const flat = await sharp(photo.content).raw().toBuffer();
    const reds = Array.from({ length: flat.length / 3 }, (__, index) =>
      flat.subarray(index * 3, index * 3 + 3),
    );
    const count = reds.filter(
      ([red = 0, green = 0, blue = 0]) => red > 180 && green < 80 && blue < 80,
    ).length;
    expect(count / (128 * 128)).toBeCloseTo(1, 1);
  });

  it('puts white where the picture beside it says that it is transparent', async () => {
    const photo = await convert(fixture('alpha.heic'));
    expect(photo.pixel(300, 200)).toEqual(near(WHITE));
    expect(photo.pixel(20, 20)).toEqual(near(RED));
    expect(photo.changes).toContainEqual({ type: 'flattened_on_white' });
  });

  it.each(['display-p3.heic', 'nclx-p3.heic'])('keeps the colours of %s', async (name) => {
    const photo = await convert(fixture(name));
    expect(photo.pixel(64, 64)).toEqual(near([200, 30, 60], 6));
    expect((await sharp(photo.content).metadata()).hasProfile).toBe(false);
  });

  it('shows the primary picture, and neither thumbnails nor gain maps nor what comes first', async () => {
    const photo = await convert(fixture('extras.heic'));
    expect(photo.pixel(64, 64)).toEqual(near(GREEN));
    expect(photo.facts.pictures).toBe(1);
  });

  it.each([0.05, 0.5, 0.9, 0.97, 0.995])('refuses one of which %d has arrived', async (part) => {
    for (const name of ['photo.heic', 'grid.heic']) {
      const content = await changedFixture(name, (whole) =>
        whole.subarray(0, Math.round(whole.length * part)),
      );
      expect((await problemOf(convert(written(content)))).code).toMatch(/^file_(incomplete|damaged)$/);
    }
  });

  it('refuses one whose data are zeros', async () => {
    const content = await changedFixture(
      'photo.heic',
      (whole) => void whole.fill(0, whole.indexOf('mdat') + 4),
    );
    expect((await problemOf(convert(written(content)))).code).toMatch(/^file_(incomplete|damaged)$/);
  });

  it('refuses a picture that is bigger than it is said to be', async () => {
    // The picture has 600×400 pixels, and is said to have 64×64.
    const content = await changedFixture('photo.heic', (whole) => {
      const size = whole.indexOf('ispe') + 8;
      whole.writeUInt32BE(64, size);
      whole.writeUInt32BE(64, size + 4);
    });
    expect(await problemOf(convert(written(content)))).toEqual({ code: 'file_damaged' });
  });

  it('decodes in a thread that is ended when nobody wants it any more', async () => {
    const facts = await inspectFile(fixture('phone.heic'));
    if (facts.kind !== 'photo') throw new Error('Expected a photo.');
    const controller = new AbortController();
    let threads = 0;
    const whenBegun = (worker: { on: (event: 'exit', listener: () => void) => void }) => {
      threads += 1;
      worker.on('exit', () => {
        threads -= 1;
      });
      controller.abort(new Error('not wanted'));
    };
    process.once('worker', whenBegun as never);
    await expect(
      convertPhoto(fixture('phone.heic'), facts, { memory, signal: controller.signal }),
    ).rejects.toThrow('not wanted');
    expect(threads).toBe(0);
  });
});
