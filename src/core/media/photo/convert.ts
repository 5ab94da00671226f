import sharp, { type Sharp } from 'sharp';
import { MediaTimeoutError, UserError } from '../../problems.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { MemoryBudget } from '../memory.ts';
import { type MediaChange, PHOTO_LIMITS } from '../types.ts';
import type { PhotoFacts } from './facts.ts';
import { openPhoto, type PhotoSource } from './open.ts';

const QUALITIES = [90, 80, 70, 55, 40];
const DECODE_SECONDS = 60;

export interface ConvertedPhoto {
  readonly content: Buffer;
  readonly width: number;
  readonly height: number;
  readonly changes: readonly MediaChange[];
}

/**
 * Makes the JPEG that TikTok gets: upright, sRGB, opaque, at most 1080 pixels on its shorter side, and without
 * any metadata (phones write the place into it). It waits for the memory that decoding needs, and has read its own
 * result again when it answers. Throws a `UserError` for a damaged photo.
 */
export async function convertPhoto(
  path: string,
  facts: PhotoFacts,
  {
    memory,
    ffmpeg,
    signal,
  }: { memory: MemoryBudget; ffmpeg?: Ffmpeg | undefined; signal?: AbortSignal | undefined },
): Promise<ConvertedPhoto> {
  const { width, height } = fittedSize(facts);
  const decoded = await memory.reserve(
    facts.memoryBytes,
    async () => decode(await openPhoto(path, facts, { ffmpeg, signal }), { width, height }),
    { signal },
  );
  signal?.throwIfAborted();
  const isTransparent = await hasTransparency(decoded.pixels);
  const content = await encode(() => decoded.upright().flatten({ background: '#fff' }));
  await verify(content, { width, height });
  return { content, width, height, changes: listChanges(facts, { width, height, isTransparent }) };
}

/** The size within TikTok's limit and ours, same shape, never bigger than it was. */
export function fittedSize({ width, height }: { width: number; height: number }) {
  const shorter = Math.min(width, height);
  const longer = Math.max(width, height);
  const scale = Math.min(1, PHOTO_LIMITS.maxShorterSide / shorter, PHOTO_LIMITS.maxLongerSide / longer);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * Decodes once, at the final size; the raw pixels may then be encoded as often as needed. The picture is made small
 * as it lies in the file and turned afterwards, because what is to be turned has to be in memory as a whole.
 */
async function decode(source: PhotoSource, { width, height }: { width: number; height: number }) {
  const isLying = source.orientation > 4;
  const stored = isLying ? { width: height, height: width } : { width, height };
  const { data, info } = await source.read((picture) =>
    picture
      .timeout({ seconds: DECODE_SECONDS })
      .resize({ width: stored.width, height: stored.height, fit: 'fill' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => {
        throw asTimeout(cause);
      }),
  );
  const pixels = () => sharp(data, { raw: { ...stored, channels: info.channels } });
  return { pixels, upright: () => turnUpright(pixels(), source.orientation) };
}

/** sharp has no code for it: https://sharp.pixelplumbing.com/api-output#timeout */
function asTimeout(error: unknown): unknown {
  return error instanceof Error && error.message.startsWith('timeout:')
    ? new MediaTimeoutError(`A photo took longer than ${DECODE_SECONDS} s. Send a smaller one.`)
    : error;
}

/** Undoes what EXIF's orientation says; sharp mirrors first and turns then. */
function turnUpright(picture: Sharp, orientation: number): Sharp {
  switch (orientation) {
    case 2:
      return picture.flop();
    case 3:
      return picture.rotate(180);
    case 4:
      return picture.flip();
    case 5:
      return picture.flop().rotate(270);
    case 6:
      return picture.rotate(90);
    case 7:
      return picture.flop().rotate(90);
    case 8:
      return picture.rotate(270);
    default:
      return picture;
  }
}

/** Whether a pixel lets something through; a loop over them would hold up everybody else. */
async function hasTransparency(pixels: () => Sharp): Promise<boolean> {
  const { channels } = await pixels().metadata();
  if (channels !== 4) return false;
  const alpha = await pixels().extractChannel('alpha').raw().toBuffer();
  return !alpha.equals(Buffer.alloc(alpha.length, 255));
}

async function encode(pixels: () => Sharp): Promise<Buffer> {
  let content = Buffer.alloc(0);
  for (const quality of QUALITIES) {
    // Baseline is what every decoder reads; mozjpeg's trellis would take twice as long as everything else together.
    content = await pixels().jpeg({ quality, progressive: false }).toBuffer();
    if (content.length <= PHOTO_LIMITS.maxBytes) return content;
  }
  throw new UserError({
    code: 'photo_too_big',
    bytes: content.length,
    maxBytes: PHOTO_LIMITS.maxBytes,
  });
}

/** Decodes the whole result as strictly as sharp can; that it fails is a fault of ours. */
async function verify(content: Buffer, { width, height }: { width: number; height: number }): Promise<void> {
  const { info } = await sharp(content, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== 3)
    throw new Error(`The JPEG made is ${info.width}×${info.height} and not ${width}×${height}.`);
}

function listChanges(
  facts: PhotoFacts,
  result: { width: number; height: number; isTransparent: boolean },
): MediaChange[] {
  const changes: MediaChange[] = [];
  if (facts.format !== 'JPEG') changes.push({ type: 'converted', from: facts.format, to: 'JPEG' });
  const pictures = Math.max(facts.pictures, facts.pages);
  if (pictures > 1) changes.push({ type: 'first_picture', of: pictures });
  if (facts.orientation !== 1) changes.push({ type: 'turned_upright' });
  if (result.isTransparent) changes.push({ type: 'flattened_on_white' });
  if (result.width !== facts.width || result.height !== facts.height) {
    changes.push({ type: 'resized', from: [facts.width, facts.height], to: [result.width, result.height] });
  }
  return changes;
}

/** Narrows sharp to the picture formats that we take; the setting is the whole process's, setting it twice is fine. */
export function configureSharp(): void {
  sharp.cache(false);
  // SVG is a language with links to other files, and each further loader is more native code for strangers' bytes.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpeg',
      'VipsForeignLoadPng',
      'VipsForeignLoadWebp',
      'VipsForeignLoadNsgif',
      'VipsForeignLoadTiff',
      // Also tells what a HEIC is; its data are decoded elsewhere.
      'VipsForeignLoadHeif',
    ],
  });
}
