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

/** Meets the conditions and the range of a request for a file. */
export function answerMedia(request: MediaRequest, file: ServedFile): MediaAnswer {
  const headers = headersOf(file);
  if (request.method === 'HEAD') return { status: 200, headers, start: 0, end: 0 };
  if (isKnown(request, headers.ETag)) return notModified(headers);
  const range = wantedRange(request, headers.ETag);
  if (range === undefined) return { status: 200, headers, start: 0, end: file.bytes };
  return answerRange(range, headers, file.bytes);
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

function notModified({ 'Content-Type': _, 'Content-Length': __, ...headers }: Record<string, string>) {
  return { status: 304, headers, start: 0, end: 0 } as const;
}

function answerRange(range: string, headers: Record<string, string>, size: number): MediaAnswer {
  const part = partOf(range, size);
  if (part === 'all') return { status: 200, headers, start: 0, end: size };
  if (part === 'none') {
    const about = { ...headers, 'Content-Range': `bytes */${size}`, 'Content-Length': '0' };
    return { status: 416, headers: about, start: 0, end: 0 };
  }
  const { start, end } = part;
  const about = {
    ...headers,
    'Content-Range': `bytes ${start}-${end - 1}/${size}`,
    'Content-Length': String(end - start),
  };
  return { status: 206, headers: about, start, end };
}

/**
 * What a range means for a file of `size` bytes: all of it where it is no range of bytes, or more than one.
 * https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
function partOf(range: string, size: number): 'all' | 'none' | { start: number; end: number } {
  const [, first = '', last = ''] = /^ *bytes= *(\d*)-(\d*) *$/i.exec(range) ?? [];
  if (first === '' && last === '') return 'all';
  if (first === '') {
    const count = Math.min(size, Number(last));
    return count === 0 ? 'none' : { start: size - count, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'all';
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  return start < size ? { start, end } : 'none';
}
