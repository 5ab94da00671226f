import { open, stat } from 'node:fs/promises';
import { type FileTypeResult, fileTypeFromFile } from 'file-type';
import sharp from 'sharp';
import { UserError } from '../problems.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { PHOTO_LIMITS } from './types.ts';
import { inspectVideo, type VideoFacts } from './video/facts.ts';

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

export type MediaFacts = PhotoFacts | VideoFacts;

/** Says what a file is by its content, never by its name; throws a `UserError` for what we don't take. */
export async function inspectFile(
  path: string,
  {
    ffmpeg,
    signal,
    timeoutMs,
  }: {
    ffmpeg?: Ffmpeg | undefined;
    signal?: AbortSignal | undefined;
    timeoutMs?: number | undefined;
  } = {},
): Promise<MediaFacts> {
  const format = await readFormat(path);
  const { size: bytes } = await stat(path);
  if (format.kind === 'other') throw new UserError({ code: 'format_not_accepted', format: format.name });
  if (format.kind === 'photo') return inspectPhoto(path, format, bytes);
  return inspectVideo({ path, format: format.name, ffmpeg, signal, timeoutMs });
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

/** What a file is, judged by its content: its name, and the kind of pipeline that can open it. */
type FileFormat =
  | { readonly kind: 'photo'; readonly name: 'JPEG' | 'PNG' | 'WebP' }
  | { readonly kind: 'video'; readonly name: 'MP4' | 'MOV' | 'M4V' }
  | { readonly kind: 'other'; readonly name: string };

const ACCEPTED = new Map<string, FileFormat>([
  ['jpg', { kind: 'photo', name: 'JPEG' }],
  ['png', { kind: 'photo', name: 'PNG' }],
  ['webp', { kind: 'photo', name: 'WebP' }],
  ['mp4', { kind: 'video', name: 'MP4' }],
  ['mov', { kind: 'video', name: 'MOV' }],
  ['m4v', { kind: 'video', name: 'M4V' }],
]);

/** Where the usual extension in capitals isn't what people call the format. */
const NAMES = new Map([
  ['apng', 'animated PNG'],
  ['webm', 'WebM'],
  ['tif', 'TIFF'],
  ['jp2', 'JPEG 2000'],
  ['jpx', 'JPEG 2000'],
  ['jpm', 'JPEG 2000'],
  ['jxl', 'JPEG XL'],
  ['psd', 'Photoshop'],
  ['cr2', 'Canon RAW'],
  ['cr3', 'Canon RAW'],
  ['nef', 'Nikon RAW'],
  ['arw', 'Sony RAW'],
  ['orf', 'Olympus RAW'],
  ['rw2', 'Panasonic RAW'],
  ['raf', 'Fujifilm RAW'],
  ['ogg', 'Ogg'],
  ['oga', 'Ogg'],
  ['ogv', 'Ogg'],
  ['opus', 'Opus'],
  ['mpg', 'MPEG'],
  ['asf', 'Windows Media'],
  ['docx', 'Word'],
  ['xlsx', 'Excel'],
  ['pptx', 'PowerPoint'],
  ['cfb', 'Microsoft Office'],
  ['gz', 'gzip'],
  ['elf', 'a program'],
  ['exe', 'a program'],
  ['macho', 'a program'],
]);

const HEAD_BYTES = 4096;
const MAX_LOOKAHEAD_BYTES = 16 * 1024 ** 2;

/** Tells a file's format from its bytes; throws a `file_empty` problem for a file without any. */
async function readFormat(path: string): Promise<FileFormat> {
  const head = await readHead(path);
  if (head.length === 0) throw new UserError({ code: 'file_empty' });
  const found = await detect(path);
  // Text comes in too many costumes for magic numbers: an SVG is XML to them, a web page is nothing.
  if (!found || found.ext === 'xml') return { kind: 'other', name: textName(head) ?? 'an unknown format' };
  return ACCEPTED.get(found.ext) ?? { kind: 'other', name: NAMES.get(found.ext) ?? found.ext.toUpperCase() };
}

async function detect(path: string): Promise<FileTypeResult | undefined> {
  try {
    return await fileTypeFromFile(path, { maxBufferSize: MAX_LOOKAHEAD_BYTES });
  } catch (error) {
    if (isSystemError(error)) throw error;
    // A file that misleads the detector is no file that we can use.
    return undefined;
  }
}

/** Whether the system failed us, and not the file. */
const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function textName(head: Buffer): string | undefined {
  if (head.includes(0)) return undefined;
  let text: string;
  try {
    // `stream` forgives a character that the end of the head cuts in two.
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }).trimStart().toLowerCase();
  } catch {
    return undefined;
  }
  if (/^<(.*<)?svg[\s>]/s.test(text)) return 'SVG';
  if (/^<!doctype html|^<(.*<)?(html|head|body)[\s>]/s.test(text)) return 'a web page';
  return 'a text file';
}
