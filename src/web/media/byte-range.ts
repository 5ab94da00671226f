import { basename, dirname } from 'node:path';
import { Readable } from 'node:stream';
import { send } from '@fastify/send';
import type { AttemptFile } from '../../core/publish/release-gate.ts';

/** What a request for a file gets: the bytes from `start` up to `end` (exclusive) of the file. */
export interface MediaAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Record<string, string>;
  readonly start: number;
  readonly end: number;
}

/** The parts of a request that decide which bytes of a file it gets. */
export interface MediaRequest {
  readonly method: string;
  header(name: string): string | undefined;
}

/** What has to be known of a file to serve it. */
export type ServedFile = Pick<AttemptFile, 'key' | 'bytes' | 'contentType'>;

/** Meets the conditions and the range of a request for the file at `path`. */
export async function answerMedia(
  request: MediaRequest,
  file: ServedFile,
  path: string,
): Promise<MediaAnswer> {
  const headers = headersOf(file);
  if (request.method === 'HEAD') return { status: 200, headers, start: 0, end: 0 };
  if (isKnown(request, headers.ETag)) return notModified(headers);
  const range = wantedRange(request, headers.ETag);
  if (range === undefined) return { status: 200, headers, start: 0, end: file.bytes };
  return answerRange(isWholeFile(range, file) ? 'bytes=0-' : range, headers, path);
}

function headersOf(file: ServedFile) {
  return {
    'Content-Type': file.contentType,
    'Content-Length': String(file.bytes),
    'Accept-Ranges': 'bytes',
    // The key is the SHA-256 of the content, so the tag is a strong one.
    ETag: `"${file.key.slice(0, file.key.indexOf('.'))}"`,
    // Each request is decided anew, so nobody on the way may keep a copy or repack it.
    'Cache-Control': 'private, no-store, no-transform',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function isKnown(request: MediaRequest, etag: string): boolean {
  const known = request.header('if-none-match');
  if (known === undefined) return false;
  return known.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}

/** The range, unless it is of another version. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5 */
function wantedRange(request: MediaRequest, etag: string): string | undefined {
  const version = request.header('if-range');
  return version === undefined || version.trim() === etag ? request.header('range') : undefined;
}

/**
 * Whether a range asks for at least as many last bytes as there are, which the library takes for an error.
 * https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
function isWholeFile(range: string, { bytes }: ServedFile): boolean {
  const length = /^ *bytes=-(\d+) *$/.exec(range)?.[1];
  return length !== undefined && Number(length) >= bytes;
}

function notModified({ 'Content-Type': _, 'Content-Length': __, ...headers }: Record<string, string>) {
  return { status: 304, headers, start: 0, end: 0 } as const;
}

/** The library reads the range; asked with HEAD it opens no file. The conditions are met above, with our own ETag. */
async function answerRange(
  range: string,
  headers: Record<string, string>,
  path: string,
): Promise<MediaAnswer> {
  const request = Object.assign(Readable.from([]), { method: 'HEAD', headers: { range } });
  const {
    statusCode,
    headers: found,
    stream,
  } = await send(request, basename(path), {
    root: dirname(path),
    dotfiles: 'deny',
    etag: false,
    lastModified: false,
    cacheControl: false,
    contentType: false,
  });
  stream.destroy();
  const contentRange = found['Content-Range'];
  const about = contentRange === undefined ? headers : { ...headers, 'Content-Range': contentRange };
  if (statusCode === 416)
    return { status: 416, headers: { ...about, 'Content-Length': '0' }, start: 0, end: 0 };
  if (statusCode !== 200 && statusCode !== 206) {
    throw new Error('A file that may be sent is not in the media store. Look after its directory.');
  }
  const length = Number(found['Content-Length']);
  const start = contentRange === undefined ? 0 : Number(/^bytes (\d+)-/.exec(contentRange)?.[1]);
  return {
    status: statusCode,
    headers: { ...about, 'Content-Length': String(length) },
    start,
    end: start + length,
  };
}
