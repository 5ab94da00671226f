import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Agent, type Dispatcher, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/core/publish/release-gate.ts';
import type { Server } from '../../src/web/index.ts';
import { createWorld, type World } from './world.ts';

const SMALL = 200_000;
const BIG = 3_500_000;

let world: World;
let server: Server;
const agent = new Agent();

beforeAll(async () => {
  world = await createWorld();
  server = await world.start();
});
afterAll(async () => {
  await agent.close();
  await server.close();
  await world.dispose();
});

async function open(...sizes: number[]) {
  const prepared = await Promise.all(sizes.map((bytes) => world.prepare(bytes)));
  const attempt = await world.gate.open({ postId: 'post-1', media: prepared.map(({ media }) => media) });
  return { attempt, contents: prepared.map(({ content }) => content) };
}

async function openReleased(...sizes: number[]) {
  const opened = await open(...sizes);
  await world.gate.release(opened.attempt.id, 'v_pub_url~1');
  return opened;
}

const urlOf = (attempt: Attempt, name = '1.mp4') => `${server.url}/media/${attempt.id}/${name}`;

async function fetchFile(
  url: string,
  headers: Record<string, string> = {},
  method: Dispatcher.HttpMethod = 'GET',
) {
  const response = await request(url, { method, headers, dispatcher: agent });
  const body = Buffer.from(await response.body.arrayBuffer());
  return { status: response.statusCode, headers: response.headers, body };
}

/** Like `fetchFile`, and returns once the server has counted what has left. */
async function pull(url: string, headers: Record<string, string> = {}) {
  const counted = world.nextLine('Media was asked for');
  const response = await fetchFile(url, headers);
  await counted;
  return response;
}

describe('while sealed', () => {
  test('answers HEAD with headers and lets no byte out', async () => {
    const { attempt } = await open(SMALL);
    const { status, headers, body } = await fetchFile(urlOf(attempt), {}, 'HEAD');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-length': String(SMALL),
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
    });
    expect(body.length).toBe(0);
    expect(world.pulls.progress(attempt).bytes).toBe(0);
  });

  test('a GET waits and gets the bytes once released', async () => {
    const { attempt, contents } = await open(SMALL);
    const asked = Promise.withResolvers<void>();
    await using waiting = await createWorld({
      web: {
        gate: {
          admit: (id, name, options) => {
            if (options.waitMs > 0) asked.resolve();
            return world.gate.admit(id, name, options);
          },
        },
        mediaStore: world.mediaStore,
      },
    });
    const patient = await waiting.start();
    const response = fetchFile(urlOf(attempt).replace(server.url, patient.url));
    await asked.promise;
    await world.gate.release(attempt.id, 'v_pub_url~1');
    expect(await response).toMatchObject({ status: 200, body: contents[0] });
    await patient.close();
  });

  test('a GET that has waited enough gets 503 and no byte', async () => {
    const { attempt } = await open(BIG);
    await using hasty = await createWorld({
      web: { gate: world.gate, mediaStore: world.mediaStore, pulls: world.pulls, gateWaitMs: 20 },
    });
    const quick = await hasty.start();
    const { status, headers, body } = await fetchFile(urlOf(attempt).replace(server.url, quick.url));
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    expect(body.toString()).toBe('Not yet.');
    expect(world.pulls.progress(attempt).bytes).toBe(0);
    await quick.close();
  });

  test('a GET that waits gets 404 once revoked', async () => {
    const { attempt } = await open(SMALL);
    const response = fetchFile(urlOf(attempt));
    await world.gate.revoke(attempt.id);
    expect(await response).toMatchObject({ status: 404, body: Buffer.from('Not found.') });
  });
});

describe('what leads nowhere', () => {
  test.each(['revoke', 'close'] as const)('answers 404 after %s', async (end) => {
    const { attempt } = await open(SMALL);
    await world.gate[end](attempt.id);
    expect(await fetchFile(urlOf(attempt))).toMatchObject({ status: 404 });
    expect(await fetchFile(urlOf(attempt), {}, 'HEAD')).toMatchObject({ status: 404 });
  });

  test('a closed attempt that was released answers 404', async () => {
    const { attempt } = await openReleased(SMALL);
    await world.gate.close(attempt.id);
    expect(await fetchFile(urlOf(attempt))).toMatchObject({ status: 404 });
  });

  test('other names, other methods and listings answer 404', async () => {
    const { attempt } = await openReleased(SMALL);
    const base = `${server.url}/media`;
    for (const path of ['', '/', `/${attempt.id}`, `/${attempt.id}/`, `/${attempt.id}/2.mp4`, '/x/1.mp4']) {
      expect(await fetchFile(`${base}${path}`), path).toMatchObject({ status: 404 });
    }
    for (const path of ['/..%2f..%2fnod.db', '/%2e%2e/nod.db', '/1.mp4%00', '/%']) {
      expect(await fetchFile(`${base}/${attempt.id}${path}`), path).toMatchObject({ status: 404 });
    }
    expect(await fetchFile(urlOf(attempt), {}, 'POST')).toMatchObject({ status: 404 });
  });
});

describe.each([
  ['from memory', SMALL],
  ['from the disk', BIG],
])('%s', (_, size) => {
  test('gives the whole file, uncompressed, with nothing on top', async () => {
    const { attempt, contents } = await openReleased(size);
    const { status, headers, body } = await pull(urlOf(attempt), { 'accept-encoding': 'gzip, br' });
    expect(status).toBe(200);
    expect(body.equals(contents[0] ?? Buffer.of())).toBe(true);
    expect(headers).toMatchObject({
      'content-length': String(size),
      'content-type': 'video/mp4',
      'cache-control': 'private, no-store, no-transform',
      'x-content-type-options': 'nosniff',
    });
    for (const name of ['set-cookie', 'content-encoding', 'transfer-encoding', 'location', 'last-modified']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(world.pulls.progress(attempt)).toMatchObject({ bytes: size, completedAt: world.time.now });
  });

  test('gives the same bytes again', async () => {
    const { attempt, contents } = await openReleased(size);
    const [first, second] = [await fetchFile(urlOf(attempt)), await fetchFile(urlOf(attempt))];
    expect(first.body.equals(second.body)).toBe(true);
    expect(second.body.equals(contents[0] ?? Buffer.of())).toBe(true);
  });

  test.each([
    ['bytes=0-99', 0, 100],
    ['bytes=1000-', 1000, undefined],
    ['bytes=-500', -500, undefined],
    ['bytes=150000-99999999', 150_000, undefined],
    ['bytes=0-', 0, undefined],
    ['bytes=-99999999', 0, undefined],
    [`bytes=-${size + 1}`, 0, undefined],
    [`bytes=-${size}`, 0, undefined],
    [`bytes=-${'9'.repeat(30)}`, 0, undefined],
  ])('gives the range %s', async (range, from, to) => {
    const { attempt, contents } = await openReleased(size);
    const { status, headers, body } = await pull(urlOf(attempt), { range });
    const expected = contents[0]?.subarray(from, to) ?? Buffer.of();
    const start = from < 0 ? size + from : from;
    expect(status).toBe(206);
    expect(headers['content-range']).toBe(`bytes ${start}-${start + expected.length - 1}/${size}`);
    expect(headers['content-length']).toBe(String(expected.length));
    expect(body.equals(expected)).toBe(true);
    expect(world.pulls.progress(attempt).bytes).toBe(start + expected.length);
  });

  test.each([`bytes=${size}-`, 'bytes=-0'])('refuses a range without a byte in it: %s', async (range) => {
    const { attempt } = await openReleased(size);
    const { status, headers, body } = await fetchFile(urlOf(attempt), { range });
    expect(status).toBe(416);
    expect(headers['content-range']).toBe(`bytes */${size}`);
    expect(body.length).toBe(0);
    expect(world.pulls.progress(attempt).bytes).toBe(0);
  });

  test.each(['bytes=0-1,5-9', 'pages=1-2'])('gives the whole file for %s', async (range) => {
    const { attempt } = await openReleased(size);
    const { status, body } = await fetchFile(urlOf(attempt), { range });
    expect([status, body.length]).toEqual([200, size]);
  });

  test('If-Range gives the part of this version only', async () => {
    const { attempt } = await openReleased(size);
    const etag = String((await fetchFile(urlOf(attempt), {}, 'HEAD')).headers.etag);
    const range = 'bytes=5-9';
    const fresh = await fetchFile(urlOf(attempt), { range, 'if-range': etag });
    expect([fresh.status, fresh.body.length]).toEqual([206, 5]);
    for (const stale of ['"other"', `W/${etag}`, 'Wed, 21 Oct 2015 07:28:00 GMT']) {
      const whole = await fetchFile(urlOf(attempt), { range, 'if-range': stale });
      expect([whole.status, whole.body.length]).toEqual([200, size]);
    }
  });

  test('If-None-Match spares the bytes of a known version', async () => {
    const { attempt } = await openReleased(size);
    const etag = String((await fetchFile(urlOf(attempt), {}, 'HEAD')).headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const { status, headers, body } = await fetchFile(urlOf(attempt), { 'if-none-match': known });
      expect([status, headers.etag, body.length]).toEqual([304, etag, 0]);
    }
    expect(world.pulls.progress(attempt).bytes).toBe(0);
    expect((await fetchFile(urlOf(attempt), { 'if-none-match': '"other"' })).status).toBe(200);
  });
});

test('a client that goes away is not counted as served and leaves no descriptor open', async () => {
  const { attempt } = await openReleased(1, 40_000_000);
  // More than the sockets of both sides can hold, so that the end has not left.
  const response = await beginToRead(urlOf(attempt, '2.mp4'));
  expect(openMediaFiles()).toHaveLength(1);
  const noted = world.nextLine('Media was asked for');
  response.destroy();
  expect(await noted).toMatchObject({ fileNumber: 2, status: 200, bytes: expect.any(Number) });
  expect(world.pulls.progress(attempt).bytes).toBeLessThan(40_000_000);
  expect(world.pulls.progress(attempt)).not.toHaveProperty('completedAt');
  expect(openMediaFiles()).toEqual([]);
});

async function beginToRead(url: string): Promise<IncomingMessage> {
  const [response] = await once(get(url, { agent: false }), 'response');
  await once(response, 'readable');
  return response;
}

/** Those of this world: another one in this process may still be closing its own. */
function openMediaFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(join(world.directory, 'media')) ? [path] : [];
    } catch {
      return [];
    }
  });
}

test('a pull is logged without the secret of its URL', async () => {
  const { attempt } = await openReleased(10, SMALL);
  const noted = world.nextLine('Media was asked for');
  await fetchFile(urlOf(attempt, '2.mp4'), { range: 'bytes=0-9', 'user-agent': 'Puller/1' });
  expect(await noted).toMatchObject({
    postId: 'post-1',
    fileNumber: 2,
    method: 'GET',
    status: 206,
    range: 'bytes=0-9',
    bytes: 10,
    userAgent: 'Puller/1',
  });
  const refused = world.nextLine('Media was asked for');
  await fetchFile(`${server.url}/media/${attempt.id}/9.mp4`);
  expect(await refused).toMatchObject({ status: 404, bytes: 0 });
  expect(world.lines.join()).not.toContain(attempt.id);
});

test('a file that is missing from the store is our fault and tells nothing', async () => {
  const { attempt } = await openReleased(SMALL + 1);
  const { attempt: big } = await openReleased(BIG + 1);
  for (const each of [attempt, big]) {
    await world.mediaStore.remove(each.files[0]?.key ?? '');
    const { status, body } = await fetchFile(urlOf(each));
    expect([status, body.toString()]).toEqual([500, 'The file cannot be sent.']);
  }
  expect(world.lines.join()).not.toContain(attempt.id);
});

test('photos keep their type', async () => {
  const { media } = await world.prepare(10, 'photo');
  const attempt = await world.gate.open({ postId: 'post-2', media: [media] });
  const { headers } = await fetchFile(urlOf(attempt, '1.jpg'), {}, 'HEAD');
  expect(headers['content-type']).toBe('image/jpeg');
});

test('requests in a row on one connection each get their own answer', async () => {
  const { attempt, contents } = await openReleased(BIG, SMALL);
  const { hostname, port } = new URL(server.url);
  const { connect } = await import('node:net');
  const socket = connect(Number(port), hostname);
  const ask = (name: string, last = false) =>
    `GET /media/${attempt.id}/${name} HTTP/1.1\r\nHost: x\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
  socket.write(ask('1.mp4') + ask('2.mp4') + ask('1.mp4', true));
  const received = await buffer(socket);
  const [big, small] = contents;
  expect(received.indexOf(big ?? '')).toBeGreaterThan(0);
  expect(received.indexOf(small ?? '')).toBeGreaterThan(received.indexOf(big ?? '') + BIG);
  expect(received.lastIndexOf(big ?? '')).toBeGreaterThan(received.indexOf(small ?? '') + SMALL);
});
