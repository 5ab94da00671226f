import { Hono } from 'hono';
import type { Playground } from '../playground.ts';

/** What a browser shows and cannot run. */
const SHOWN = new Set([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/quicktime',
]);

interface Stored {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** The files that the chats and TikTok hold. */
export function createMediaRoutes({ telegram, discord, tiktok }: Playground) {
  return new Hono()
    .get('/telegram/:id', (c) => {
      const file = telegram.files.get(c.req.param('id'));
      return send(c.req.header('range'), file && { bytes: file.bytes, type: file.mimeType ?? '' });
    })
    .get('/discord/:id', (c) => {
      const file = discord.files.get(c.req.param('id'));
      return send(c.req.header('range'), file && { bytes: file.bytes, type: file.contentType });
    })
    .get('/tiktok/:publish/:index', (c) => {
      const { publish: publishId, index } = c.req.param();
      const publish = tiktok.state.publishes.find((one) => one.publishId === publishId);
      const media = publish?.media[Number(index)];
      return send(c.req.header('range'), media?.body && { bytes: media.body, type: media.contentType ?? '' });
    });
}

function send(range: string | undefined, file: Stored | undefined): Response {
  if (file === undefined) return new Response('There is no such file.', { status: 404 });
  const { bytes } = file;
  const type = file.type.split(';')[0]?.toLowerCase() ?? '';
  const isShown = SHOWN.has(type);
  const headers: Record<string, string> = {
    'content-type': isShown ? type : 'application/octet-stream',
    'content-disposition': isShown ? 'inline' : 'attachment',
    'cache-control': 'private, max-age=3600',
    'accept-ranges': 'bytes',
  };
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === '') return new Response(new Uint8Array(bytes), { headers });
  const end = Math.min(last === '' ? bytes.length - 1 : Number(last), bytes.length - 1);
  if (Number(first) > end)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${bytes.length}` } });
  headers['content-range'] = `bytes ${first}-${end}/${bytes.length}`;
  return new Response(new Uint8Array(bytes.subarray(Number(first), end + 1)), { status: 206, headers });
}
