import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TikTokUnreachableError } from '../../../src/core/tiktok/errors.ts';
import type { ChunkOutcome } from '../../../src/core/tiktok/types.ts';
import { isUploadUrl } from '../../../src/core/tiktok/upload.ts';
import { ACCESS_TOKEN, type SecretCalls, startSecretCalls } from './calls-with-secrets.ts';
import { publish } from './publish-request.ts';

const PLAN = { videoSize: 25_000_000, chunkSize: 10_000_000, totalChunkCount: 2 };
const PATH = '/upload/?upload_id=7&upload_token=secret-upload';
const upload = publish({ mediaUrls: [], upload: PLAN });

let calls: SecretCalls;

beforeEach(async () => {
  calls = await startSecretCalls();
});

afterEach(() => calls.close());

async function* bytes(count: number) {
  for (let left = count; left > 0; left -= 1_000) yield Buffer.alloc(Math.min(1_000, left), 'x');
}

const send = (options: { signal?: AbortSignal; body?: AsyncIterable<Uint8Array> } = {}) =>
  calls.client.uploadChunk(`${calls.server.url}${PATH}`, {
    first: 10_000,
    last: 14_999,
    total: 20_000,
    contentType: 'video/mp4',
    body: bytes(5_000),
    signal: AbortSignal.timeout(5_000),
    ...options,
  });

describe('an init for an upload', () => {
  const answer = (data: object) => calls.server.answersJson(200, { data, error: { code: 'ok' } });

  it('names its chunks, and gives the address that they go to', async () => {
    const uploadUrl = `${calls.server.url}${PATH}`;
    answer({ publish_id: 'p', upload_url: uploadUrl });
    expect(await calls.client.initPublish(ACCESS_TOKEN, upload)).toEqual({ publishId: 'p', uploadUrl });
    expect(JSON.parse(calls.server.received[0]?.body ?? '')).toMatchObject({
      source_info: {
        source: 'FILE_UPLOAD',
        video_size: 25_000_000,
        chunk_size: 10_000_000,
        total_chunk_count: 2,
      },
    });
    expect(inspect(calls.logged)).not.toContain('upload_token');
  });

  it.each([undefined, '', 'https://evil.example/secret-upload', 'http://open-upload.tiktokapis.com/secret-'])(
    'proves nothing where the address is no place of TikTok’s: %s',
    async (uploadUrl) => {
      answer({ publish_id: 'p', upload_url: uploadUrl });
      const error = await calls.unreachable(() => calls.client.initPublish(ACCESS_TOKEN, upload));
      expect(error).toBeInstanceOf(TikTokUnreachableError);
    },
  );

  it('is never made for photos', async () => {
    const photos = { ...upload, kind: 'photo' as const };
    await expect(calls.client.initPublish(ACCESS_TOKEN, photos)).rejects.toThrow(TypeError);
  });
});

describe('a chunk', () => {
  it('goes out with its range and its bytes', async () => {
    calls.server.answers((response) =>
      response.writeHead(206, { 'content-range': 'bytes 0-14999/20000' }).end(),
    );
    expect(await send()).toEqual({
      type: 'taken',
      httpStatus: 206,
      isComplete: false,
      uploadedBytes: 15_000,
    });
    expect(calls.server.received).toMatchObject([
      {
        method: 'PUT',
        url: PATH,
        body: 'x'.repeat(5_000),
        headers: {
          'content-type': 'video/mp4',
          'content-length': '5000',
          'content-range': 'bytes 10000-14999/20000',
        },
      },
    ]);
    expect(calls.server.received[0]?.headers).not.toHaveProperty('authorization');
    expect(calls.logged).toMatchObject([{ fields: { outcome: 'taken', first: 10_000, last: 14_999 } }]);
    expect(inspect(calls.logged)).not.toContain('secret-');
  });

  it.each<[number, ChunkOutcome['type']]>([
    [201, 'taken'],
    [400, 'refused'],
    [401, 'refused'],
    [403, 'expired'],
    [404, 'unknown'],
    [416, 'out_of_step'],
    [429, 'try_again'],
    [500, 'try_again'],
    [503, 'try_again'],
    [200, 'unproven'],
    [302, 'unproven'],
  ])('that is answered with %i is %s', async (status, type) => {
    calls.server.answers((response) => response.writeHead(status, { location: '/elsewhere' }).end('no JSON'));
    expect(await send()).toMatchObject({ type, httpStatus: status });
    expect(calls.server.received).toHaveLength(1);
  });

  it('without an answer proves nothing, is not sent again, and leaves no trace of its address', async () => {
    calls.server.answers((response) => response.socket?.destroy());
    expect(await send()).toEqual({ type: 'unproven' });
    calls.server.answers(() => {});
    expect(await send()).toEqual({ type: 'unproven' });
    expect(calls.server.received).toHaveLength(2);
    expect(inspect(calls.logged)).not.toContain('secret-');
  });

  it('that is cut proves nothing', async () => {
    const cut = new AbortController();
    async function* cutInTheMiddle() {
      yield* bytes(2_000);
      cut.abort();
      yield* bytes(3_000);
    }
    expect(await send({ signal: cut.signal, body: cutInTheMiddle() })).toEqual({ type: 'unproven' });
  });

  it('whose bytes are fewer than it says is not taken for whole', async () => {
    calls.server.answers((response) => response.writeHead(206).end());
    expect(await send({ body: bytes(4_999) })).toEqual({ type: 'unproven' });
  });
});

it.each([
  ['https://open-upload.tiktokapis.com/video/?upload_id=1', true],
  ['https://upload.us.tiktokapis.com/video/?upload_id=1', true],
  ['https://open-upload.tiktok.com/video/', true],
  ['https://api.example.com/upload/', true],
  ['http://api.example.com/upload/', false],
  ['http://127.0.0.1:8080/upload/', false],
  ['https://eviltiktokapis.com/', false],
  ['https://tiktokapis.com.evil.example/', false],
  ['https://user:pass@open-upload.tiktokapis.com/', false],
  ['https://169.254.169.254/latest/meta-data', false],
  ['ftp://open-upload.tiktokapis.com/', false],
  ['file:///etc/passwd', false],
  [`https://open-upload.tiktokapis.com/${'x'.repeat(3_000)}`, false],
  ['no address', false],
])('bytes may go to %s: %s', (address, expected) => {
  expect(isUploadUrl(address, { apiUrl: 'https://api.example.com' })).toBe(expected);
});

it('bytes may go to an API on this machine', () => {
  expect(isUploadUrl('http://127.0.0.1:9/upload/', { apiUrl: 'http://127.0.0.1:8080' })).toBe(true);
  expect(isUploadUrl('http://localhost:9/upload/', { apiUrl: 'http://127.0.0.1:8080' })).toBe(false);
});
