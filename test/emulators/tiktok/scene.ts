import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { startTikTokEmulator, type TikTokEmulatorOptions } from './index.ts';

type File = { type: string; body: Buffer } | ((request: IncomingMessage, response: ServerResponse) => void);

/** For the emulator's own tests: the emulator, a server with media that the app owns, and a plain client. */
export async function startScene(options: TikTokEmulatorOptions = {}) {
  const tiktok = await startTikTokEmulator(options);
  const media = await startMediaServer();
  tiktok.app.urlProperties.push({ type: 'prefix', value: media.prefix });
  const tokens = tiktok.grant();

  async function call(path: string, body?: unknown, { token = tokens.access_token, method = 'POST' } = {}) {
    const hasBody = body !== undefined;
    const response = await fetch(`${tiktok.apiUrl}/v2/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(hasBody && { 'content-type': 'application/json' }) },
      ...(hasBody && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text.startsWith('{') ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json, code: json?.error?.code };
  }

  /** Posts files of the media server; the request is right unless changed. */
  function postPhotos(names: string[], change: (body: PhotoBody) => void = () => {}) {
    const body = photoBody(names.map((name) => media.prefix + name));
    change(body);
    return call('post/publish/content/init/', body);
  }

  function postVideo(name: string, change: (body: VideoBody) => void = () => {}) {
    const body = videoBody(media.prefix + name);
    change(body);
    return call('post/publish/video/init/', body);
  }

  const draftVideo = (name: string) =>
    call('post/publish/inbox/video/init/', {
      source_info: { source: 'PULL_FROM_URL', video_url: media.prefix + name },
    });

  const fetchStatus = (publishId: string) => call('post/publish/status/fetch/', { publish_id: publishId });

  async function form(path: string, fields: Record<string, string>) {
    const response = await fetch(`${tiktok.apiUrl}/v2/oauth/${path}/`, {
      method: 'POST',
      body: new URLSearchParams({
        client_key: tiktok.app.clientKey,
        client_secret: tiktok.app.clientSecret,
        ...fields,
      }),
    });
    const text = await response.text();
    return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
  }

  /** Resolves when the publish has ended. */
  const settled = () => tiktok.whenPublish((publish) => publish.stage === 'settled');

  return {
    tiktok,
    media,
    tokens,
    call,
    form,
    postPhotos,
    postVideo,
    draftVideo,
    fetchStatus,
    settled,
    async [Symbol.asyncDispose]() {
      await tiktok.close();
      await media.close();
    },
  };
}

async function startMediaServer() {
  const files = new Map<string, File>();
  const server = createServer((request, response) => {
    const file = files.get(request.url?.split('/media/')[1] ?? '');
    if (typeof file === 'function') return file(request, response);
    if (!file) return response.writeHead(404).end();
    sendFile(request, response, file.type, file.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    files,
    origin: `http://127.0.0.1:${port}`,
    prefix: `http://127.0.0.1:${port}/media/`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(request: IncomingMessage, response: ServerResponse, type: string, body: Buffer) {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const part = from === undefined ? body : body.subarray(Number(from), Number(to) + 1);
  const last = Number(from) + part.length - 1;
  response.writeHead(from === undefined ? 200 : 206, {
    'content-type': type,
    'content-length': String(part.length),
    ...(from !== undefined && { 'content-range': `bytes ${from}-${last}/${body.length}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}

type Fields = Record<string, unknown>;
type PhotoBody = Fields & { post_info: Fields; source_info: Fields };
type VideoBody = { post_info: Fields; source_info: Fields };

function photoBody(urls: string[]): PhotoBody {
  return {
    media_type: 'PHOTO',
    post_mode: 'DIRECT_POST',
    post_info: { title: 'A title', description: 'A text', privacy_level: 'PUBLIC_TO_EVERYONE' },
    source_info: { source: 'PULL_FROM_URL', photo_images: urls, photo_cover_index: 0 },
  };
}

function videoBody(url: string): VideoBody {
  return {
    post_info: { title: 'A caption', privacy_level: 'SELF_ONLY' },
    source_info: { source: 'PULL_FROM_URL', video_url: url },
  };
}

/** A one-colour JPEG. */
export async function makeJpeg(width = 540, height = 960) {
  const image = sharp({ create: { width, height, channels: 3, background: '#fe2c55' } });
  return { type: 'image/jpeg', body: await image.jpeg().toBuffer() };
}

const types: Record<string, string> = { webm: 'video/webm', mov: 'video/quicktime', jpg: 'image/jpeg' };

export function readFixture(name: string) {
  const type = types[name.split('.').at(-1) ?? ''] ?? 'video/mp4';
  return { type, body: readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)) };
}
