// Faithful: signed links that end in 404, GET, HEAD and single ranges with real bytes, no token
// (https://discord.com/developers/docs/reference#signed-attachment-cdn-urls). Missing: resizing, the media proxy.
import type { IncomingMessage } from 'node:http';
import type { Emulation } from './emulation.ts';

export type FileReply = { status: number; headers: Record<string, string>; body?: string | Uint8Array };

/** Serves an uploaded file. */
export function serveFile({ files }: Emulation, request: IncomingMessage, url: URL): FileReply {
  const isHead = request.method === 'HEAD';
  if (request.method !== 'GET' && !isHead) return text(405, 'Method Not Allowed');
  const file = files.open(decodeURIComponent(url.pathname), url.searchParams);
  if (!file) return text(404, 'This content is no longer available.');
  const headers = {
    'content-type': file.contentType,
    'content-disposition': `attachment; filename="${file.fileName}"`,
    'accept-ranges': 'bytes',
    etag: `"${file.id}"`,
  };
  const range = readRange(request.headers.range, file.bytes.byteLength);
  if (range === 'unsatisfiable')
    return { ...text(416, ''), headers: { 'content-range': `bytes */${file.bytes.byteLength}` } };
  const bytes = range ? file.bytes.subarray(range.first, range.last + 1) : file.bytes;
  const partial = range
    ? { 'content-range': `bytes ${range.first}-${range.last}/${file.bytes.byteLength}` }
    : {};
  const length = { 'content-length': String(bytes.byteLength) };
  return {
    status: range ? 206 : 200,
    headers: { ...headers, ...partial, ...length },
    ...(isHead ? {} : { body: bytes }),
  };
}

const text = (status: number, body: string): FileReply => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

function readRange(header: string | undefined, size: number) {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return from > to ? ('unsatisfiable' as const) : { first: from, last: to };
}
