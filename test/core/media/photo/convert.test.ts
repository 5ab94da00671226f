import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../../src/core/media/ffmpeg.ts';
import { inspectFile } from '../../../../src/core/media/inspect.ts';
import { createMemoryBudget } from '../../../../src/core/media/memory.ts';
import { configureSharp, convertPhoto, fittedSize } from '../../../../src/core/media/photo/convert.ts';
import { FfmpegMissingError } from '../../../../src/core/problems.ts';
import { fixture, problemOf, temporaryDirectory } from '../files.ts';

beforeAll(configureSharp);

const memory = createMemoryBudget();
const ffmpeg = findFfmpeg();

async function convert(path: string) {
  const facts = await inspectFile(path);
  if (facts.kind !== 'photo') throw new Error('Expected a photo.');
  const converted = await convertPhoto(path, facts, { memory, ffmpeg });
  const { data, info } = await sharp(converted.content).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
  ];
  return { ...converted, pixel, metadata: await sharp(converted.content).metadata() };
}

function near(colour: readonly number[], tolerance = 6) {
  return colour.map((value) => expect.toSatisfy((got: number) => Math.abs(got - value) <= tolerance));
}

const RED = [0xd0, 0x20, 0x20];
const GREEN = [0x20, 0xa0, 0x40];
const BLUE = [0x20, 0x40, 0xd0];
const YELLOW = [0xe0, 0xc0, 0x20];

describe('converting a photo', () => {
  it('puts white where a PNG is transparent', async () => {
    const photo = await convert(fixture('transparent.png'));
    expect(photo.pixel(300, 200)).toEqual(near([255, 255, 255]));
    expect(photo.pixel(20, 20)).toEqual(near(RED));
    expect(photo.changes).toEqual([
      { type: 'converted', from: 'PNG', to: 'JPEG' },
      { type: 'flattened_on_white' },
    ]);
  });

  it('does not claim to have flattened an alpha channel that is opaque everywhere', async () => {
    const photo = await convert(fixture('opaque-alpha.png'));
    expect(photo.changes).toEqual([{ type: 'converted', from: 'PNG', to: 'JPEG' }]);
    expect(photo.pixel(580, 20)).toEqual(near(GREEN));
  });

  it('does not take resized noise for transparency', async () => {
    const path = join(temporaryDirectory(), 'noise.png');
    const noise = { type: 'gaussian', mean: 128, sigma: 90 } as const;
    const photo = sharp({ create: { width: 1700, height: 1500, channels: 3, background: '#fff', noise } });
    await photo.ensureAlpha().png().toFile(path);
    const { changes } = await convert(path);
    expect(changes.map((change) => change.type)).toEqual(['converted', 'resized']);
  });

  it('turns a phone photo upright, makes it smaller and strips what the phone wrote into it', async () => {
    const photo = await convert(fixture('phone.jpg'));
    expect([photo.width, photo.height]).toEqual([1080, 1440]);
    expect([photo.metadata.width, photo.metadata.height]).toEqual([1080, 1440]);
    expect(photo.pixel(20, 20)).toEqual(near(RED));
    expect(photo.pixel(1060, 20)).toEqual(near(GREEN));
    expect(photo.pixel(20, 1420)).toEqual(near(BLUE));
    expect(photo.pixel(1060, 1420)).toEqual(near(YELLOW));
    expect(photo.changes).toEqual([
      { type: 'turned_upright' },
      { type: 'resized', from: [1200, 1600], to: [1080, 1440] },
    ]);
    for (const trace of ['Exif', 'http://ns.adobe.com', 'ICC_PROFILE', 'Photoshop', 'Secret', 'Example']) {
      expect(photo.content.includes(trace), trace).toBe(false);
    }
    const { orientation, exif, icc, xmp, iptc } = photo.metadata;
    expect({ orientation, exif, icc, xmp, iptc }).toEqual({});
  });

  it('starts from a photo that does hold a place and a title', async () => {
    const { exif, xmp } = await sharp(fixture('phone.jpg')).metadata();
    expect(exif?.length).toBeGreaterThan(100);
    expect(xmp?.includes('Secret')).toBe(true);
  });

  it('reports nothing for a JPEG that only loses its metadata', async () => {
    const { changes, metadata } = await convert(fixture('display-p3.jpg'));
    expect(changes).toEqual([]);
    expect(metadata.hasProfile).toBe(false);
  });

  it('keeps the colours of a Display P3 photo', async () => {
    const { pixel } = await convert(fixture('display-p3.jpg'));
    expect(pixel(200, 150)).toEqual(near([200, 30, 60]));
    const stored = await sharp(fixture('display-p3.jpg'), { ignoreIcc: true }).raw().toBuffer();
    expect([...stored.subarray(0, 3)]).not.toEqual(near([200, 30, 60]));
  });

  it.each(['cmyk.jpg', 'sixteen-bit.png', 'grey.png', 'photo.webp'])(
    'makes %s a plain sRGB JPEG',
    async (name) => {
      const { metadata } = await convert(fixture(name));
      expect(metadata).toMatchObject({
        format: 'jpeg',
        space: 'srgb',
        channels: 3,
        depth: 'uchar',
        isProgressive: false,
      });
    },
  );

  it('shows CMYK and 16-bit colours as they are', async () => {
    const cmyk = await convert(fixture('cmyk.jpg'));
    const [red = 0, green = 0, blue = 0] = cmyk.pixel(20, 20);
    expect(red).toBeGreaterThan(150);
    expect(Math.max(green, blue)).toBeLessThan(90);
    expect((await convert(fixture('sixteen-bit.png'))).pixel(20, 380)).toEqual(near(BLUE));
  });

  it.each(['truncated.jpg', 'truncated.png'])('refuses %s', async (name) => {
    expect(await problemOf(convert(fixture(name)))).toEqual({ code: 'file_incomplete' });
  });

  it('makes the same bytes again', async () => {
    const [first, second] = [await convert(fixture('phone.jpg')), await convert(fixture('phone.jpg'))];
    expect(first.content.equals(second.content)).toBe(true);
  });

  it.each([2, 3, 4, 5, 6, 7, 8])('turns a photo of orientation %i upright', async (orientation) => {
    const path = join(temporaryDirectory(), 'turned.jpg');
    await sharp(fixture('phone.jpg')).withMetadata({ orientation }).toFile(path);
    const photo = await convert(path);
    const expected = await sharp(path).autoOrient().resize(photo.width, photo.height).raw().toBuffer();
    const pixel = (x: number, y: number) => [...expected.subarray((y * photo.width + x) * 3).subarray(0, 3)];
    for (const x of [20, photo.width - 20])
      for (const y of [20, photo.height - 20]) expect(photo.pixel(x, y)).toEqual(near(pixel(x, y)));
    expect(photo.changes).toContainEqual({ type: 'turned_upright' });
  });

  it.each([
    ['still.gif', [{ type: 'converted', from: 'GIF', to: 'JPEG' }]],
    ['photo.tiff', [{ type: 'converted', from: 'TIFF', to: 'JPEG' }]],
    ['photo.avif', [{ type: 'converted', from: 'AVIF', to: 'JPEG' }]],
    ['photo-10-bit.avif', [{ type: 'converted', from: 'AVIF', to: 'JPEG' }]],
    ['cmyk.tiff', [{ type: 'converted', from: 'TIFF', to: 'JPEG' }]],
    ['sixteen-bit.tiff', [{ type: 'converted', from: 'TIFF', to: 'JPEG' }]],
    ['jpeg.tiff', [{ type: 'converted', from: 'TIFF', to: 'JPEG' }]],
    [
      'two-pages.tiff',
      [
        { type: 'converted', from: 'TIFF', to: 'JPEG' },
        { type: 'first_picture', of: 2 },
      ],
    ],
  ])('makes %s a JPEG of the same colours', async (name, changes) => {
    const photo = await convert(fixture(name));
    expect(photo.changes).toEqual(changes);
    const corners = [photo.pixel(20, 20), photo.pixel(580, 20), photo.pixel(20, 380), photo.pixel(580, 380)];
    const tolerance = name === 'cmyk.tiff' ? 90 : 8;
    expect(corners).toEqual([RED, GREEN, BLUE, YELLOW].map((colour) => near(colour, tolerance)));
  });

  it.each(['24-bit', '32-bit', '32-bit-no-alpha', '5-6-5', '5-5-5', '8-bit', '8-bit-rle', '4-bit', 'os2'])(
    'shows the colours of a BMP of %s',
    async (name) => {
      const photo = await convert(fixture(`bmp/${name}.bmp`));
      const corners = [photo.pixel(8, 8), photo.pixel(72, 8), photo.pixel(8, 56), photo.pixel(72, 56)];
      expect(corners).toEqual([RED, GREEN, BLUE, YELLOW].map((colour) => near(colour, 10)));
      expect(photo.changes).toEqual([{ type: 'converted', from: 'BMP', to: 'JPEG' }]);
    },
  );

  it('needs ffmpeg for a BMP', async () => {
    const path = fixture('bmp/24-bit.bmp');
    const facts = await inspectFile(path);
    if (facts.kind !== 'photo') throw new Error('Expected a photo.');
    await expect(convertPhoto(path, facts, { memory })).rejects.toThrow(FfmpegMissingError);
  });

  it('shows the turn and the transparency of an AVIF', async () => {
    const photo = await convert(fixture('turned-alpha.avif'));
    expect([photo.width, photo.height]).toEqual([400, 600]);
    expect(photo.pixel(200, 300)).toEqual(near([255, 255, 255]));
    // A quarter turn to the left brings the right half to the top.
    expect(photo.pixel(20, 20)).toEqual(near(GREEN, 10));
    expect(photo.pixel(380, 580)).toEqual(near(BLUE, 10));
    expect(photo.changes).toEqual([
      { type: 'converted', from: 'AVIF', to: 'JPEG' },
      { type: 'flattened_on_white' },
    ]);
  });

  it.each([
    ['animated.gif', 'GIF'],
    ['animated.webp', 'WebP'],
    ['animated.png', 'PNG'],
  ])('takes the first picture of %s', async (name, from) => {
    const photo = await convert(fixture(name));
    expect(photo.pixel(32, 32)).toEqual(near(RED, 10));
    expect(photo.changes).toEqual([
      { type: 'converted', from, to: 'JPEG' },
      { type: 'first_picture', of: 2 },
    ]);
  });
});

describe('the size of a photo', () => {
  it.each([
    [1080, 1920, 1080, 1920],
    [1920, 1080, 1920, 1080],
    [1086, 1448, 1080, 1440],
    [1254, 1254, 1080, 1080],
    [4000, 3000, 1440, 1080],
    [16_000, 4000, 4320, 1080],
    [100_000, 1000, 8192, 82],
    [90_000, 1, 8192, 1],
    [3, 2, 3, 2],
  ])('%i×%i becomes %i×%i', (width, height, newWidth, newHeight) => {
    expect(fittedSize({ width, height })).toEqual({ width: newWidth, height: newHeight });
  });
});
