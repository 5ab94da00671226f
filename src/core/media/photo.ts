import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { MediaTimeoutError, UserError } from '../problems.ts';
import type { PhotoFacts } from './inspect.ts';
import { type MediaChange, PHOTO_LIMITS } from './types.ts';

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
 * any metadata (phones write the place into it). Throws a `UserError` for a damaged photo.
 */
export async function convertPhoto(path: string, facts: PhotoFacts): Promise<ConvertedPhoto> {
  const { width, height } = fittedSize(facts);
  const upright = sharp(path, { limitInputPixels: PHOTO_LIMITS.maxPixels })
    .timeout({ seconds: DECODE_SECONDS })
    .autoOrient()
    .resize({ width, height, fit: 'fill' })
    .toColourspace('srgb');
  const { pixels, isTransparent } = await decode(upright, { width, height });
  const content = await encode(() => pixels().flatten({ background: '#fff' }));
  return { content, width, height, changes: listChanges(facts, { width, height, isTransparent }) };
}

/** The size within TikTok's limit and ours, same shape, never bigger than it was. */
export function fittedSize({ width, height }: { width: number; height: number }) {
  const shorter = Math.min(width, height);
  const longer = Math.max(width, height);
  const scale = Math.min(1, PHOTO_LIMITS.maxShorterSide / shorter, PHOTO_LIMITS.maxLongerSide / longer);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Decodes once, at the final size; the raw pixels may then be encoded as often as needed. */
async function decode(upright: Sharp, { width, height }: { width: number; height: number }) {
  const { data, info } = await upright
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      // sharp has no code for it: https://sharp.pixelplumbing.com/api-output#timeout
      if (cause instanceof Error && cause.message.startsWith('timeout:'))
        throw new MediaTimeoutError(`A photo took longer than ${DECODE_SECONDS} s. Send a smaller one.`);
      throw new UserError({ code: 'file_damaged' }, { cause });
    });
  const raw = { width, height, channels: info.channels };
  return { pixels: () => sharp(data, { raw }), isTransparent: hasTransparency(data, info.channels) };
}

function hasTransparency(data: Buffer, channels: number): boolean {
  if (channels !== 4) return false;
  for (let index = 3; index < data.length; index += 4) if (data[index] !== 255) return true;
  return false;
}

async function encode(pixels: () => Sharp): Promise<Buffer> {
  let content = Buffer.alloc(0);
  for (const quality of QUALITIES) {
    content = await pixels().jpeg(jpegOptions(quality)).toBuffer();
    if (content.length <= PHOTO_LIMITS.maxBytes) return content;
  }
  throw new UserError({
    code: 'photo_too_big',
    bytes: content.length,
    maxBytes: PHOTO_LIMITS.maxBytes,
  });
}

/** Mozjpeg's savings without its progressive scans: a baseline JPEG is what every decoder reads. */
function jpegOptions(quality: number): JpegOptions {
  return {
    quality,
    progressive: false,
    trellisQuantisation: true,
    overshootDeringing: true,
    quantisationTable: 3,
  };
}

function listChanges(
  facts: PhotoFacts,
  result: { width: number; height: number; isTransparent: boolean },
): MediaChange[] {
  const changes: MediaChange[] = [];
  if (facts.format !== 'JPEG') changes.push({ type: 'converted', from: facts.format, to: 'JPEG' });
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
  sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });
}
