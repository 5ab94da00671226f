import { Readable } from 'node:stream';
import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import type { MediaStore } from './store.ts';
import { PHOTO_LIMITS, type PreparedMedia, type StoredFile } from './types.ts';

const MAX_SIDE = 1280;
const MAX_TILES = 9;
const GAP = 8;
const BACKGROUND = '#16181c';
const BARS = '#23262b';
/** Telegram refuses photos of more than 20:1, of more than 10,000 pixels for both sides together, and above 10 MB. */
const MAX_RATIO = 10;
const MAX_BYTES = 10 * 1024 ** 2;

/**
 * The picture for the card in the chat: one photo or poster fitted, several in rows in their order. Nothing is cut
 * off, because people approve what they see. Undefined for a video without a poster.
 */
export async function createPreview({
  store,
  media,
  posterPath,
}: {
  store: MediaStore;
  media: readonly PreparedMedia[];
  posterPath?: string;
}): Promise<StoredFile | undefined> {
  const photos = media.filter((one) => one.kind === 'photo').map((one) => store.path(one.file));
  const paths = photos.length === 0 && posterPath !== undefined ? [posterPath] : photos;
  const [first] = paths;
  if (first === undefined) return undefined;
  const picture = paths.length === 1 ? await fitOne(first) : await drawGrid(paths);
  return store.add(Readable.from([picture]), { maxBytes: MAX_BYTES, extension: 'jpg' });
}

async function fitOne(path: string): Promise<Buffer> {
  const { data, info } = await openPhoto(path)
    .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const narrowest = Math.ceil(Math.max(info.width, info.height) / MAX_RATIO);
  const frame = { width: Math.max(info.width, narrowest), height: Math.max(info.height, narrowest) };
  return encode(sharp(data, { raw }).resize({ ...frame, fit: 'contain', background: BACKGROUND }));
}

async function drawGrid(paths: readonly string[]): Promise<Buffer> {
  const shown = paths.slice(0, MAX_TILES);
  const aspects = await Promise.all(shown.map(readAspect));
  const { width, height, tiles } = arrangeTiles(aspects, { maxSide: MAX_SIDE, gap: GAP });
  const layers: OverlayOptions[] = [];
  // One by one: the caller's turn in the limiter stands for one picture in memory at a time.
  for (const [index, tile] of tiles.entries()) {
    const path = shown[index];
    if (path !== undefined) layers.push(await drawTile(path, tile));
  }
  const lastTile = tiles.at(-1);
  // The ninth tile stands for itself and for all that follow.
  if (paths.length > MAX_TILES && lastTile) layers.push(...countOver(lastTile, paths.length - MAX_TILES + 1));
  return encode(sharp({ create: { width, height, channels: 3, background: BACKGROUND } }).composite(layers));
}

async function readAspect(path: string): Promise<number> {
  const { autoOrient } = await sharp(path).metadata();
  return autoOrient.width / autoOrient.height;
}

async function drawTile(path: string, { left, top, width, height }: Tile): Promise<OverlayOptions> {
  // A tile's shape is a rounding away from its picture's, which may be stretched away; only an extreme shape gets bars.
  const isNear = Math.abs(width / height / (await readAspect(path)) - 1) < 0.02;
  const { data, info } = await openPhoto(path)
    .resize({ width, height, fit: isNear ? 'fill' : 'contain', background: BARS })
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { input: data, raw: { width, height, channels: info.channels }, left, top };
}

function countOver({ left, top, width, height }: Tile, count: number): OverlayOptions[] {
  const numerals = drawNumerals(`+${count}`, { height: Math.round(Math.min(width, height) * 0.26) });
  const shade = { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.6 } } as const;
  return [
    { input: { create: shade }, left, top },
    {
      input: numerals.data,
      raw: { width: numerals.width, height: numerals.height, channels: 4 },
      left: left + Math.round((width - numerals.width) / 2),
      top: top + Math.round((height - numerals.height) / 2),
    },
  ];
}

function openPhoto(path: string) {
  return sharp(path, { limitInputPixels: PHOTO_LIMITS.maxPixels }).autoOrient().toColourspace('srgb');
}

function encode(picture: Sharp): Promise<Buffer> {
  return picture.jpeg({ quality: 85 }).toBuffer();
}

export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How many tiles stand in each row, the first rows bigger because they hold fewer. */
const ROWS: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [3],
  [2, 2],
  [2, 3],
  [3, 3],
  [2, 2, 3],
  [2, 3, 3],
  [3, 3, 3],
];
const MIN_ASPECT = 0.4;
const MAX_ASPECT = 2.5;

/**
 * Arranges up to nine pictures in rows of equal width, each row as high as its pictures' shapes ask for, so that
 * the edges are flush and nothing has to be cut off. Aspect is width by height.
 */
export function arrangeTiles(
  aspects: readonly number[],
  { maxSide, gap }: { maxSide: number; gap: number },
): { width: number; height: number; tiles: Tile[] } {
  const rows = splitRows(aspects.map((aspect) => Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, aspect))));
  const width = gridWidth(rows, { maxSide, gap });
  const tiles: Tile[] = [];
  let top = 0;
  for (const row of rows) {
    const placed = placeRow(row, { top, width, gap });
    tiles.push(...placed);
    top += (placed[0]?.height ?? 0) + gap;
  }
  return { width, height: top - gap, tiles };
}

function splitRows(aspects: readonly number[]): number[][] {
  let to = 0;
  return (ROWS[aspects.length] ?? []).map((count) => {
    to += count;
    return aspects.slice(to - count, to);
  });
}

/** The width at which the rows together are as high as they may be, or the whole width if they stay below. */
function gridWidth(rows: readonly number[][], { maxSide, gap }: { maxSide: number; gap: number }): number {
  let heightPerWidth = 0;
  let gapHeight = (rows.length - 1) * gap;
  for (const row of rows) {
    heightPerWidth += 1 / sum(row);
    gapHeight -= ((row.length - 1) * gap) / sum(row);
  }
  return Math.floor(Math.min(maxSide, (maxSide - rows.length - gapHeight) / heightPerWidth));
}

function placeRow(
  row: readonly number[],
  { top, width, gap }: { top: number; width: number; gap: number },
): Tile[] {
  const exactHeight = (width - (row.length - 1) * gap) / sum(row);
  const height = Math.round(exactHeight);
  let left = 0;
  return row.map((aspect, index) => {
    const isLast = index === row.length - 1;
    const tile = { left, top, width: isLast ? width - left : Math.round(exactHeight * aspect), height };
    left += tile.width + gap;
    return tile;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

const ADVANCE = 0.86;
const GLYPH_WIDTH = 0.6;
const STROKE_WIDTH = 0.13;

/**
 * Draws "+12" in white on nothing, as raw RGBA of the given height. Drawn by hand because a font would have to be
 * installed and would look different on every machine.
 */
function drawNumerals(text: string, { height }: { height: number }) {
  const scale = height / (1 + STROKE_WIDTH);
  const width = Math.ceil(((text.length - 1) * ADVANCE + GLYPH_WIDTH + STROKE_WIDTH) * scale);
  const strokes = [...text].flatMap((sign, index) => moved(glyph(sign), index * ADVANCE));
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at: Point = [(x + 0.5) / scale - STROKE_WIDTH / 2, (y + 0.5) / scale - STROKE_WIDTH / 2];
      const insidePixels = (STROKE_WIDTH / 2 - distance(strokes, at)) * scale;
      data[(y * width + x) * 4 + 3] = Math.round(255 * Math.min(1, Math.max(0, insidePixels + 0.5)));
    }
  }
  return { data, width, height };
}

/** In a box 0.6 wide and 1 high, y growing downwards; angles in degrees, clockwise from the right. */
function glyph(sign: string): Stroke[] {
  const six = [arc([0.3, 0.7], 0.3, 0, 360), curve([0, 0.7], [0.02, 0.3], [0.44, 0])];
  const glyphs: Record<string, Stroke[]> = {
    '+': [line([0, 0.5], [0.6, 0.5]), line([0.3, 0.2], [0.3, 0.8])],
    '0': [[...arc([0.3, 0.3], 0.3, 180, 360), ...arc([0.3, 0.7], 0.3, 0, 180), [0, 0.3]]],
    '1': [line([0.1, 0.2], [0.36, 0], [0.36, 1])],
    '2': [[...arc([0.3, 0.3], 0.3, 190, 395), [0, 1], [0.6, 1]]],
    '3': [arc([0.28, 0.24], 0.24, 195, 450), arc([0.28, 0.74], 0.26, 270, 525)],
    '4': [line([0.44, 1], [0.44, 0], [0, 0.7], [0.6, 0.7])],
    '5': [[[0.54, 0], [0.1, 0], ...arc([0.28, 0.68], 0.32, 225, 510)]],
    '6': six,
    '7': [line([0, 0], [0.6, 0], [0.2, 1])],
    '8': [arc([0.3, 0.24], 0.24, 0, 360), arc([0.3, 0.72], 0.28, 0, 360)],
    '9': six.map((stroke) => stroke.map(([x, y]): Point => [GLYPH_WIDTH - x, 1 - y])),
  };
  return glyphs[sign] ?? [];
}

function line(...points: Point[]): Stroke {
  return points;
}

function arc([x, y]: Point, radius: number, fromDegrees: number, toDegrees: number): Stroke {
  return Array.from({ length: 25 }, (_, step): Point => {
    const angle = ((fromDegrees + ((toDegrees - fromDegrees) * step) / 24) * Math.PI) / 180;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

function curve([x0, y0]: Point, [x1, y1]: Point, [x2, y2]: Point): Stroke {
  return Array.from({ length: 13 }, (_, step): Point => {
    const t = step / 12;
    const weights = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2] as const;
    return [
      weights[0] * x0 + weights[1] * x1 + weights[2] * x2,
      weights[0] * y0 + weights[1] * y1 + weights[2] * y2,
    ];
  });
}

function moved(strokes: Stroke[], by: number): Stroke[] {
  return strokes.map((stroke) => stroke.map(([x, y]): Point => [x + by, y]));
}

function distance(strokes: Stroke[], at: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const stroke of strokes) {
    let from: Point | undefined;
    for (const to of stroke) {
      if (from) nearest = Math.min(nearest, distanceToSegment(from, to, at));
      from = to;
    }
  }
  return nearest;
}

function distanceToSegment([x1, y1]: Point, [x2, y2]: Point, [x, y]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / lengthSquared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
