import { open } from 'node:fs/promises';
import { type FileTypeResult, fileTypeFromFile } from 'file-type';
import { UserError } from '../problems.ts';
import { readTiffName } from './photo/tiff-name.ts';
import type { VideoFormat } from './types.ts';

export type PhotoFormatName = 'JPEG' | 'PNG' | 'WebP' | 'HEIC' | 'AVIF' | 'TIFF' | 'BMP' | 'GIF';

interface PhotoFormat {
  readonly kind: 'photo';
  readonly name: PhotoFormatName;
}

/** What a file is, judged by its content: its name, and the kind of pipeline that can open it. */
export type FileFormat =
  | PhotoFormat
  | { readonly kind: 'video'; readonly name: VideoFormat }
  | { readonly kind: 'other'; readonly name: string };

const photo = (name: PhotoFormatName): FileFormat => ({ kind: 'photo', name });
const video = (name: VideoFormat): FileFormat => ({ kind: 'video', name });

const ACCEPTED = new Map<string, FileFormat>([
  ['jpg', photo('JPEG')],
  ['png', photo('PNG')],
  ['apng', photo('PNG')],
  ['webp', photo('WebP')],
  ['heic', photo('HEIC')],
  ['avif', photo('AVIF')],
  ['tif', photo('TIFF')],
  ['bmp', photo('BMP')],
  ['gif', photo('GIF')],
  ['mp4', video('MP4')],
  ['f4v', video('MP4')],
  ['mov', video('MOV')],
  ['m4v', video('M4V')],
  ['3gp', video('3GP')],
  ['3g2', video('3GP')],
  ['webm', video('WebM')],
  ['mkv', video('MKV')],
  ['avi', video('AVI')],
  ['mts', video('MPEG-TS')],
  ['flv', video('FLV')],
  ['mpg', video('MPEG')],
]);

/** Where the usual extension in capitals isn't what people call the format. */
const NAMES = new Map([
  ['jp2', 'JPEG 2000'],
  ['jpx', 'JPEG 2000'],
  ['jpm', 'JPEG 2000'],
  ['j2c', 'JPEG 2000'],
  ['jxl', 'JPEG XL'],
  ['jxr', 'JPEG XR'],
  ['jls', 'JPEG-LS'],
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

/** Tells a file's format from its bytes, never from its name; throws a `file_empty` problem for a file without any. */
export async function readFormat(path: string): Promise<FileFormat> {
  const head = await readHead(path);
  if (head.length === 0) throw new UserError({ code: 'file_empty' });
  if (isTiff(head)) return readTiffFormat(path);
  const { ext, mime } = (await detect(path)) ?? {};
  if (ext === 'asf' && mime !== 'audio/x-ms-asf') return video('WMV');
  // Text comes in too many costumes for magic numbers: an SVG is XML to them, a web page is nothing.
  if (ext === undefined || ext === 'xml' || (ext === 'bmp' && !isBmp(head)))
    return { kind: 'other', name: textName(head) ?? 'an unknown format' };
  return ACCEPTED.get(ext) ?? { kind: 'other', name: NAMES.get(ext) ?? ext.toUpperCase() };
}

/** Many RAW files of cameras are TIFFs to a detector, which also needs the end of a file to know a TIFF. */
async function readTiffFormat(path: string): Promise<FileFormat> {
  const name = await readTiffName(path);
  return name === 'TIFF' ? photo(name) : { kind: 'other', name };
}

const isTiff = (head: Buffer): boolean =>
  /^(II[\x2a\x2b]\0|MM\0[\x2a\x2b])/.test(head.toString('latin1', 0, 4));

/** The sizes of the headers that Windows and OS/2 have had; two letters alone begin many a text. */
const BMP_HEADERS = new Set([12, 16, 40, 52, 56, 64, 108, 124]);
const isBmp = (head: Buffer): boolean => head.length >= 26 && BMP_HEADERS.has(head.readUInt32LE(14));

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
