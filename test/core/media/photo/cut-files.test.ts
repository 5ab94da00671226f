import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../../src/core/media/ffmpeg.ts';
import { inspectFile } from '../../../../src/core/media/inspect.ts';
import { createMemoryBudget } from '../../../../src/core/media/memory.ts';
import { configureSharp, convertPhoto } from '../../../../src/core/media/photo/convert.ts';
import { fixture, problemOf, temporaryDirectory } from '../files.ts';

beforeAll(configureSharp);

const memory = createMemoryBudget();

async function convert(content: Buffer) {
  const path = join(temporaryDirectory(), 'photo');
  writeFileSync(path, content);
  const facts = await inspectFile(path);
  if (facts.kind !== 'photo') throw new Error('Expected a photo.');
  return convertPhoto(path, facts, { memory, ffmpeg: findFfmpeg() });
}

/** Of noise, so that a part of the file is a part of the picture, and with a white bottom as many pictures have one. */
const KINDS: Record<string, (picture: Sharp) => Sharp> = {
  'baseline JPEG': (picture) => picture.jpeg(),
  'progressive JPEG': (picture) => picture.jpeg({ progressive: true }),
  PNG: (picture) => picture.png(),
  'interlaced PNG': (picture) => picture.png({ progressive: true }),
  'lossy WebP': (picture) => picture.webp({ effort: 0 }),
  'lossless WebP': (picture) => picture.webp({ lossless: true, effort: 0 }),
  GIF: (picture) => picture.gif({ effort: 1 }),
  'packed TIFF': (picture) => picture.tiff({ compression: 'lzw' }),
  TIFF: (picture) => picture.tiff({ compression: 'none' }),
  AVIF: (picture) => picture.avif({ effort: 0 }),
};

const whole = new Map<string, Buffer>();
beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const picture = await sharp({ create: { width: 320, height: 240, channels: 3, background: 'red', noise } })
    .extend({ bottom: 40, background: 'white' })
    .png()
    .toBuffer();
  for (const [kind, encode] of Object.entries(KINDS))
    whole.set(kind, await encode(sharp(picture)).toBuffer());
  for (const name of ['24-bit', '8-bit-rle'])
    whole.set(`BMP of ${name}`, readFileSync(fixture(`bmp/${name}.bmp`)));
  whole.set('HEIC', readFileSync(fixture('phone.heic')));
});

const kinds = [...Object.keys(KINDS), 'BMP of 24-bit', 'BMP of 8-bit-rle', 'HEIC'];
const CUTS = [0.05, 0.5, 0.9, 0.97, 0.995];
const END_OF_JPEG = Buffer.from([0xff, 0xd9]);

describe('a photo that arrived in part', () => {
  it.each(kinds)('is refused as incomplete: %s', async (kind) => {
    const content = whole.get(kind) ?? Buffer.alloc(0);
    await convert(content);
    for (const part of CUTS) {
      const problem = await problemOf(convert(content.subarray(0, Math.floor(content.length * part))));
      expect.soft(problem.code, `${part}`).toMatch(part > 0.5 ? 'file_incomplete' : /^file_/);
    }
  });

  it.each(kinds.filter((kind) => kind.includes('JPEG')))(
    'is refused though it ends like one: %s',
    async (kind) => {
      const content = whole.get(kind) ?? Buffer.alloc(0);
      for (const part of CUTS) {
        const cut = Buffer.concat([content.subarray(0, Math.floor(content.length * part)), END_OF_JPEG]);
        expect.soft(await problemOf(convert(cut)), `${part}`).toEqual({ code: 'file_incomplete' });
      }
    },
  );

  it('is refused where it ends between two scans', async () => {
    const content = whole.get('progressive JPEG') ?? Buffer.alloc(0);
    const lastScan = content.lastIndexOf(Buffer.from([0xff, 0xda]));
    const lastTables = content.lastIndexOf(Buffer.from([0xff, 0xc4]), lastScan);
    const cuts = [lastScan, lastScan + 5, lastTables, lastTables + 9];
    for (const cut of cuts)
      expect(await problemOf(convert(content.subarray(0, cut)))).toEqual({ code: 'file_incomplete' });
  });
});

/** Where a segment of a JPEG begins. */
const at = (jpeg: Buffer, marker: number) => jpeg.indexOf(Buffer.from([0xff, marker]));
const insert = (jpeg: Buffer, place: number, ...bytes: number[]) =>
  Buffer.concat([jpeg.subarray(0, place), Buffer.from(bytes), jpeg.subarray(place)]);

describe('a JPEG that every viewer shows', () => {
  const oddities: [string, (jpeg: Buffer) => Buffer][] = [
    ['stray bytes before its tables', (jpeg) => insert(jpeg, at(jpeg, 0xc4), 0x12, 0x34)],
    ['stray bytes before its scan', (jpeg) => insert(jpeg, at(jpeg, 0xda), 0, 0xff, 0, 1)],
    ['no end marker', (jpeg) => jpeg.subarray(0, -2)],
    ['half an end marker', (jpeg) => jpeg.subarray(0, -1)],
    ['notes behind its end', (jpeg) => Buffer.concat([jpeg, Buffer.from('SEFT and more')])],
    ['all of these', (jpeg) => insert(insert(jpeg.subarray(0, -2), at(jpeg, 0xda), 7, 7), at(jpeg, 0xc4), 8)],
  ];

  it.each(oddities)('is taken with %s', async (_, change) => {
    for (const kind of ['baseline JPEG', 'progressive JPEG']) {
      const content = whole.get(kind) ?? Buffer.alloc(0);
      expect((await convert(change(content))).content.equals((await convert(content)).content)).toBe(true);
    }
  });

  it('is taken with the scan header of Samsung', async () => {
    const content = whole.get('baseline JPEG') ?? Buffer.alloc(0);
    const changed = Buffer.from(content);
    const scan = at(changed, 0xda);
    // The spectral selection of a scan that is not progressive has one right value, which some phones leave out.
    changed.writeUInt8(0, scan + 2 + changed.readUInt16BE(scan + 2) - 2);
    expect((await convert(changed)).content.equals((await convert(content)).content)).toBe(true);
  });

  it.each([
    ['a JPEG', 'baseline JPEG', (jpeg: Buffer) => at(jpeg, 0xda), Buffer.from([0xff, 0xe1, 0, 2])],
    [
      'a progressive JPEG',
      'progressive JPEG',
      (jpeg: Buffer) => jpeg.length - 2,
      Buffer.from([0xff, 0xe1, 0, 2]),
    ],
    ['a WebP', 'lossy WebP', (webp: Buffer) => webp.length, Buffer.from('JUNK\0\0\0\0')],
    ['a PNG', 'PNG', () => 33, Buffer.from('0000000074455874c1a1a5d3', 'hex')],
  ])(
    'is refused before it is opened where it has more parts than any program writes: %s',
    async (_, kind, place, part) => {
      const content = whole.get(kind) ?? Buffer.alloc(0);
      const parts = Buffer.alloc(part.length * 30_000, part);
      const many = Buffer.concat([
        content.subarray(0, place(content)),
        parts,
        content.subarray(place(content)),
      ]);
      expect(await problemOf(convert(many))).toEqual({ code: 'file_damaged' });
    },
  );

  it('is refused when bytes in the middle are missing', async () => {
    const content = whole.get('baseline JPEG') ?? Buffer.alloc(0);
    const middle = Math.floor(content.length / 2);
    const holed = Buffer.concat([content.subarray(0, middle), content.subarray(middle + 3000)]);
    expect((await problemOf(convert(holed))).code).toMatch(/^file_(incomplete|damaged)$/);
  });
});
