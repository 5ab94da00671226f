import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import { UserError } from '../problems.ts';
import { type FileFormat, readFormat } from './formats.ts';
import { PHOTO_LIMITS } from './limits.ts';
import { runVideoJob } from './video-jobs.ts';
import type { VideoContent } from './video-probe.ts';

/** What a photo is; width and height are as shown, after the EXIF orientation. */
export interface PhotoFacts {
  readonly kind: 'photo';
  readonly format: 'JPEG' | 'PNG' | 'WebP';
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8; 1 is upright. */
  readonly orientation: number;
  /** There is an alpha channel; it may still be opaque everywhere. */
  readonly hasAlpha: boolean;
  readonly colourSpace: string;
  readonly pages: number;
}

export interface VideoFacts extends VideoContent {
  readonly kind: 'video';
  readonly container: 'MP4' | 'MOV' | 'M4V';
  readonly bytes: number;
}

export type MediaFacts = PhotoFacts | VideoFacts;

/** Says what a file is by its content, never by its name; throws a `UserError` for what we don't take. */
export async function inspectFile(
  path: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<MediaFacts> {
  const format = await readFormat(path);
  const { size: bytes } = await stat(path);
  if (format.kind === 'other') throw new UserError({ code: 'format_not_accepted', format: format.name });
  if (format.kind === 'photo') return inspectPhoto(path, format, bytes);
  const content = await runVideoJob({ type: 'probe', path }, { signal });
  return { kind: 'video', container: format.name, bytes, ...content };
}

async function inspectPhoto(
  path: string,
  format: FileFormat & { kind: 'photo' },
  bytes: number,
): Promise<PhotoFacts> {
  // Only the header is read here, so there is no limit to keep: a bomb is told by what it says it holds.
  const found = await sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw new UserError({ code: 'file_damaged' }, { cause });
    });
  const pages = found.pages ?? 1;
  if (pages > 1) throw new UserError({ code: 'format_not_accepted', format: `animated ${format.name}` });
  const pixels = found.width * found.height;
  if (pixels > PHOTO_LIMITS.maxPixels) {
    throw new UserError({ code: 'photo_too_many_pixels', pixels, maxPixels: PHOTO_LIMITS.maxPixels });
  }
  return {
    kind: 'photo',
    format: format.name,
    bytes,
    width: found.autoOrient.width,
    height: found.autoOrient.height,
    orientation: found.orientation ?? 1,
    hasAlpha: found.hasAlpha,
    colourSpace: found.space,
    pages,
  };
}
