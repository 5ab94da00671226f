import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Bucket, createBucket } from '../../src/core/media/store/bucket.ts';
import { MEDIA } from '../../src/core/media/store/s3.ts';
import type { Attempt } from '../../src/core/publish/release-gate.ts';
import type { Server } from '../../src/web/index.ts';
import { s3Store, useS3 } from '../core/media/store/stores.ts';
import { NO_S3 } from '../s3-server.ts';
import { createWorld, type World } from './world.ts';

const BIG = 20_000_000;

describe.skipIf(NO_S3 !== undefined)(NO_S3 ?? 'media that lie in S3 alone', () => {
  const s3 = useS3();
  const agent = new Agent();
  let world: World;
  let elsewhere: World;
  let local: Server;
  let remote: Server;
  let bucket: Bucket;
  /** The requests for bytes that the bucket has, and those that are not over. */
  const seen = { gets: 0, open: 0 };

  beforeAll(async () => {
    bucket = createBucket(await s3.newBucket(), { stallMs: 1_000 });
    world = await createWorld();
    local = await world.start();
    const mediaStore = s3Store(
      {
        ...bucket,
        async get(key, options) {
          seen.gets += 1;
          const parts = await bucket.get(key, options);
          return counted(parts);
        },
      },
      { directory: '/proc/nothing-lies-here' },
    );
    elsewhere = await createWorld({
      web: { gate: world.gate, pulls: world.pulls, mediaStore, gateWaitMs: 20 },
    });
    remote = await elsewhere.start();
  }, 120_000);
  afterAll(async () => {
    await agent.close();
    await Promise.all([local?.close(), remote?.close()]);
    await Promise.all([world?.dispose(), elsewhere?.dispose()]);
    bucket?.close();
  });

  async function* counted(parts: AsyncIterable<Uint8Array>) {
    seen.open += 1;
    try {
      yield* parts;
    } finally {
      seen.open -= 1;
    }
  }

  /** A file that is in the bucket, and on the disk of one of the two. */
  async function open(bytes: number, { isReleased = true } = {}) {
    const { media, content } = await world.prepare(bytes);
    await bucket.put(`${MEDIA}${media.file.key}`, content);
    const attempt = await world.gate.open({ postId: 'post-1', media: [media] });
    if (isReleased) await world.gate.release(attempt.id, 'v_pub_url~1');
    return { attempt, content };
  }

  async function ask(server: Server, attempt: Attempt, range?: string, method: 'GET' | 'HEAD' = 'GET') {
    const response = await request(`${server.url}/media/${attempt.id}/1.mp4`, {
      method,
      headers: range === undefined ? {} : { range },
      dispatcher: agent,
    });
    const body = Buffer.from(await response.body.arrayBuffer());
    const { date: _, connection: __, 'keep-alive': ___, ...headers } = response.headers;
    return { status: response.statusCode, headers, body };
  }

  it('are answered byte by byte as those on the disk, whatever is asked', async () => {
    const { attempt, content } = await open(BIG);
    const ranges = [
      undefined,
      'bytes=0-',
      'bytes=5-9',
      'bytes=-100',
      `bytes=${BIG - 1}-`,
      `bytes=${BIG}-`,
      'bytes=-0',
      'bytes=1048575-9999999',
      'bytes=0-1,5-9',
      'pages=1-2',
      `bytes=-${BIG * 2}`,
      'bytes=9-5',
    ];
    for (const range of ranges) {
      const [here, there] = [await ask(local, attempt, range), await ask(remote, attempt, range)];
      expect(there.body.equals(here.body), range).toBe(true);
      expect({ ...there, body: '' }, range).toEqual({ ...here, body: '' });
    }
    expect((await ask(remote, attempt)).body.equals(content)).toBe(true);
    expect(await ask(remote, attempt, undefined, 'HEAD')).toEqual(
      await ask(local, attempt, undefined, 'HEAD'),
    );
    expect(world.pulls.progress(attempt).bytes).toBe(BIG);
  });

  it('leave no byte, and are not even asked for, while the gate is sealed or after it is revoked', async () => {
    const { attempt } = await open(BIG, { isReleased: false });
    const { gets } = seen;
    expect(await ask(remote, attempt)).toMatchObject({ status: 503, body: Buffer.from('Not yet.') });
    expect((await ask(remote, attempt, undefined, 'HEAD')).body).toHaveLength(0);
    await world.gate.revoke(attempt.id);
    expect(await ask(remote, attempt)).toMatchObject({ status: 404, body: Buffer.from('Not found.') });
    expect(seen.gets).toBe(gets);
  });

  async function begin(attempt: Attempt): Promise<IncomingMessage> {
    const asked = httpGet(`${remote.url}/media/${attempt.id}/1.mp4`, { agent: false });
    const [response] = await once(asked, 'response');
    return response;
  }

  it('are asked for no longer than whoever wants them is there, and no faster than they take them', async () => {
    const { attempt } = await open(BIG);
    const response = await begin(attempt);
    await once(response, 'readable');
    expect(seen.open).toBe(1);
    expect(world.pulls.progress(attempt).bytes).toBeLessThan(BIG);
    response.destroy();
    await vi.waitUntil(() => seen.open === 0, { timeout: 10_000 });
  });

  it('are asked for again where S3 stops on the way, and later where it stops before', async () => {
    const { attempt, content } = await open(BIG);
    const response = await begin(attempt);
    s3.running().pause();
    response.resume();
    const [error] = await once(response, 'error');
    const refused = await ask(remote, attempt);
    s3.running().resume();
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(refused).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2', 'cache-control': 'private, no-store' },
    });
    expect((await ask(remote, attempt)).body.equals(content)).toBe(true);
  });
});
