import { Readable } from 'node:stream';
import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import { PHOTO_LIMITS } from './limits.ts';
import { drawNumerals } from './numerals.ts';
import { arrangeTiles, type Tile } from './preview-layout.ts';
import type { MediaStore } from './store.ts';
import type { PreparedMedia, StoredFile } from './types.ts';

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
