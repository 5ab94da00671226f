import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import type { MediaStore } from './store/store.ts';
import { PHOTO_LIMITS, type PreparedMedia, type StoredFile } from './types.ts';

const MAX_SIDE = 1280;
/** What is more is counted on the last one. */
export const MAX_TILES = 9;
const GAP = 8;
const BACKGROUND = '#16181c';
const BARS = '#23262b';
/** Our own, because a server may have no fonts. */
const FONT_FILE = fileURLToPath(
  import.meta.resolve('@expo-google-fonts/archivo-black/400Regular/ArchivoBlack_400Regular.ttf'),
);
/** Telegram refuses photos of more than 20:1, of more than 10,000 pixels for both sides together, and above 10 MB. */
const MAX_RATIO = 10;
const MAX_BYTES = 10 * 1024 ** 2;

/**
 * The picture for the card in the chat: one photo or poster fitted, several in rows in their order. Nothing is cut
 * off, because people approve what they see. Undefined for a video without a picture.
 */
export async function createPreview({
  store,
  media,
  poster,
}: {
  store: MediaStore;
  media: readonly PreparedMedia[];
  /** A picture of the video. */
  poster?: PhotoInput | undefined;
}): Promise<StoredFile | undefined> {
  using local = new DisposableStack();
  const ofMedia: PhotoInput[] = [];
  for (const { kind, file } of media)
    if (kind === 'photo') ofMedia.push(local.use(await store.fetch(file)).path);
  const photos = ofMedia.length === 0 && poster !== undefined ? [poster] : ofMedia;
  const [first] = photos;
  if (first === undefined) return undefined;
  const picture = photos.length === 1 ? await fitOne(first) : await drawGrid(photos, { isNumbered: false });
  return await store.add(Readable.from([picture]), { maxBytes: MAX_BYTES, extension: 'jpg' });
}

/** Pictures of a video in rows, each with its number, from 1. */
export async function createContactSheet({
  store,
  pictures,
}: {
  store: MediaStore;
  /** JPEGs, at most `MAX_TILES`. */
  pictures: readonly Buffer[];
}): Promise<StoredFile> {
  const sheet = await drawGrid(pictures, { isNumbered: true });
  return store.add(Readable.from([sheet]), { maxBytes: MAX_BYTES, extension: 'jpg' });
}

async function fitOne(photo: PhotoInput): Promise<Buffer> {
  const { data, info } = await openPhoto(photo)
    .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const narrowest = Math.ceil(Math.max(info.width, info.height) / MAX_RATIO);
  const frame = { width: Math.max(info.width, narrowest), height: Math.max(info.height, narrowest) };
  return encode(sharp(data, { raw }).resize({ ...frame, fit: 'contain', background: BACKGROUND }));
}

/** A photo on the disk or in memory. */
type PhotoInput = string | Buffer;

async function drawGrid(
  photos: readonly PhotoInput[],
  { isNumbered }: { isNumbered: boolean },
): Promise<Buffer> {
  const shown = photos.slice(0, MAX_TILES);
  const aspects = await Promise.all(shown.map(readAspect));
  const { width, height, tiles } = arrangeTiles(aspects, { maxSide: MAX_SIDE, gap: GAP });
  const layers: OverlayOptions[] = [];
  // One by one: the caller's turn in the limiter stands for one picture in memory at a time.
  for (const [index, tile] of tiles.entries()) {
    const photo = shown[index];
    if (photo !== undefined) layers.push(await drawTile(photo, tile));
    if (isNumbered) layers.push(await drawNumber(tile, index + 1));
  }
  const lastTile = tiles.at(-1);
  // The last tile stands for itself and for all that follow.
  if (photos.length > MAX_TILES && lastTile)
    layers.push(await drawCount(lastTile, photos.length - MAX_TILES + 1));
  return encode(sharp({ create: { width, height, channels: 3, background: BACKGROUND } }).composite(layers));
}

async function readAspect(photo: PhotoInput): Promise<number> {
  const { autoOrient } = await sharp(photo).metadata();
  return autoOrient.width / autoOrient.height;
}

async function drawTile(photo: PhotoInput, { left, top, width, height }: Tile): Promise<OverlayOptions> {
  // A tile's shape is a rounding away from its picture's, which may be stretched away; only an extreme shape gets bars.
  const isNear = Math.abs(width / height / (await readAspect(photo)) - 1) < 0.02;
  const { data, info } = await openPhoto(photo)
    .resize({ width, height, fit: isNear ? 'fill' : 'contain', background: BARS })
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { input: data, raw: { width, height, channels: info.channels }, left, top };
}

/** Darkens a tile and writes on it how many photos it stands for. */
async function drawCount({ left, top, width, height }: Tile, count: number): Promise<OverlayOptions> {
  const size = Math.round(Math.min(width, height) * 0.36);
  return { input: await drawWord(`+${count}`, { width, height, size }), left, top };
}

/** Writes a number into the lower left corner of a tile. */
async function drawNumber({ left, top, width, height }: Tile, number: number): Promise<OverlayOptions> {
  const side = Math.max(1, Math.round(Math.min(width, height) * 0.24));
  const input = await drawWord(String(number), { width: side, height: side, size: Math.round(side * 0.66) });
  return { input, left, top: top + height - side };
}

/** A white word on a shade. */
function drawWord(
  word: string,
  { width, height, size }: { width: number; height: number; size: number },
): Promise<Buffer> {
  const text = {
    text: `<span foreground="white">${word}</span>`,
    // The comma ends the family's name, in which "Black" would be read as a weight.
    font: `Archivo Black, ${Math.max(1, size)}`,
    fontfile: FONT_FILE,
    dpi: 72,
    rgba: true,
  };
  const shade = { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.6 } } as const;
  return sharp({ create: shade })
    .composite([{ input: { text } }])
    .png()
    .toBuffer();
}

function openPhoto(photo: PhotoInput) {
  return sharp(photo, { limitInputPixels: PHOTO_LIMITS.maxPixels }).autoOrient().toColourspace('srgb');
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
