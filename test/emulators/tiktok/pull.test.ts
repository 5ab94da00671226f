import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { TikTokEmulatorOptions } from './index.ts';
import { makeJpeg, readFixture, startScene } from './scene.ts';

const wide = { strict: { rateLimits: false } };

async function startWith(names: string[], options: TikTokEmulatorOptions = {}) {
  const scene = await startScene(options);
  for (const name of names) scene.media.files.set(name, await makeJpeg());
  return scene;
}

test('pulls every file once after a HEAD and records what it got', async () => {
  await using scene = await startWith(['a.jpg', 'b.jpg']);
  await scene.postPhotos(['a.jpg', 'b.jpg']);
  const publish = await scene.settled();
  expect(publish.status).toBe('PUBLISH_COMPLETE');
  expect(publish.fetches.map(({ method, url, status }) => [method, url.slice(-5), status])).toEqual([
    ['HEAD', 'a.jpg', 200],
    ['GET', 'a.jpg', 200],
    ['HEAD', 'b.jpg', 200],
    ['GET', 'b.jpg', 200],
  ]);
  const { body } = await makeJpeg();
  expect(publish.media[0]).toMatchObject({
    kind: 'jpeg',
    contentType: 'image/jpeg',
    width: 540,
    height: 960,
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  });
  expect(publish.fetches[1]?.requestHeaders['user-agent']).toContain('TikTokEmulator');
  expect(publish.history.map(({ status }) => status)).toEqual(['PROCESSING_DOWNLOAD', 'PUBLISH_COMPLETE']);
  expect(scene.tiktok.state.lint).toEqual([]);
});

test('pulls in ranges, twice, and without a HEAD where told', async () => {
  const pull = { ranges: true, rangeBytes: 1000, twice: true, head: false };
  await using scene = await startWith(['a.jpg'], { pull });
  await scene.postPhotos(['a.jpg']);
  const publish = await scene.settled();
  const { body } = await makeJpeg();
  expect(publish.status).toBe('PUBLISH_COMPLETE');
  expect(publish.fetches).toHaveLength(2 * Math.ceil(body.length / 1000));
  expect(publish.fetches[1]).toMatchObject({ range: 'bytes=1000-1999', status: 206 });
  expect(publish.media).toHaveLength(1);
  expect(publish.downloadedBytes).toBe(body.length);
});

test('reads slowly by the clock', async () => {
  await using scene = await startWith(['a.jpg'], { frozenClock: true, pull: { slowBytesPerSecond: 100 } });
  const { json } = await scene.postPhotos(['a.jpg']);
  await scene.tiktok.whenRequest((request) => request.endpoint === 'content/init');
  const { body } = await makeJpeg();
  const begun = await scene.tiktok.whenPublish((publish) => publish.fetches[1]?.status === 200);
  expect(begun.stage).toBe('pulling');
  const cancelled = await scene.call('post/publish/cancel/', { publish_id: json.data.publish_id });
  expect(cancelled.json).toEqual({ error: { code: 'ok', message: '', log_id: expect.any(String) } });
  expect(begun).toMatchObject({ status: 'FAILED', failReason: 'publish_cancelled', media: [] });
  expect(begun.downloadedBytes).toBeLessThanOrEqual(body.length);
});

test.each([
  ['a redirect', 302],
  ['a missing file', 404],
  ['a server in trouble', 500],
  ['a partial reply that nobody asked for', 206],
])('%s fails the pull', async (_, status) => {
  await using scene = await startScene();
  scene.media.files.set('a.jpg', (_request, response) => {
    response.writeHead(status, { location: '/media/b.jpg' }).end();
  });
  await scene.postPhotos(['a.jpg']);
  expect(await scene.settled()).toMatchObject({ status: 'FAILED', failReason: 'photo_pull_failed' });
});

test('a cut connection and a closed port fail the pull', async () => {
  await using scene = await startScene();
  scene.media.files.set('a.mp4', (request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    if (request.method === 'HEAD') response.end();
    else response.write('x', () => response.destroy());
  });
  await scene.postVideo('a.mp4');
  expect(await scene.settled()).toMatchObject({ failReason: 'video_pull_failed' });

  const port = createServer().listen(0, '127.0.0.1');
  await once(port, 'listening');
  const address = port.address();
  const prefix = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  port.close();
  await once(port, 'close');
  scene.tiktok.app.urlProperties.push({ type: 'prefix', value: prefix });
  await scene.postVideo('b.mp4', (body) => {
    body.source_info.video_url = `${prefix}b.mp4`;
  });
  const second = await scene.tiktok.whenPublish((publish) => publish.sourceUrls[0] === `${prefix}b.mp4`);
  await scene.tiktok.whenPublish((publish) => publish === second && publish.status === 'FAILED');
  expect(second.fetches[0]?.error).toContain('ECONNREFUSED');
});

test('a 5xx is tried again where told', async () => {
  await using scene = await startScene({ pull: { retries: 1, retryMs: 1, head: false } });
  const { type, body } = await makeJpeg();
  let calls = 0;
  scene.media.files.set('a.jpg', (_, response) => {
    calls += 1;
    if (calls === 1) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  });
  await scene.postPhotos(['a.jpg']);
  expect((await scene.settled()).status).toBe('PUBLISH_COMPLETE');
});

test('a connection that is cut is tried again from the beginning of its file or range where told', async () => {
  for (const ranges of [false, true]) {
    const pull = { cutRetries: 2, retryMs: 1, head: false, ranges, rangeBytes: 6_000 };
    await using scene = await startScene({ pull });
    const { type, body } = await makeJpeg();
    let cuts = 0;
    scene.media.files.set('a.jpg', ({ headers: { range } }, response) => {
      const [, from = '0', to = body.length - 1] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
      const part = body.subarray(Number(from), Number(to) + 1);
      response.writeHead(ranges ? 206 : 200, {
        'content-type': type,
        'content-length': part.length,
        'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${body.length}`,
      });
      if (cuts === 2) return void response.end(part);
      cuts += 1;
      response.write(part.subarray(0, 100), () => response.destroy());
    });
    await scene.postPhotos(['a.jpg']);
    const publish = await scene.settled();
    expect(publish.status).toBe('PUBLISH_COMPLETE');
    // What came before a cut counts no more.
    expect(publish.downloadedBytes).toBe(body.length);
    const errors = publish.fetches.map(({ error }) => error !== undefined);
    expect(errors.slice(0, 3)).toEqual([true, true, false]);
    expect(errors).toHaveLength(2 + (ranges ? Math.ceil(body.length / 6_000) : 1));
  }
});

test('a connection that is cut once more than it may be fails the pull', async () => {
  await using scene = await startScene({ pull: { cutRetries: 1, retryMs: 1, head: false } });
  scene.media.files.set('a.jpg', (_, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('x', () => response.destroy());
  });
  await scene.postPhotos(['a.jpg']);
  const publish = await scene.settled();
  expect(publish).toMatchObject({ status: 'FAILED', failReason: 'photo_pull_failed' });
  expect(publish.fetches).toHaveLength(2);
});

test('a pull that never begins times out after an hour', async () => {
  await using scene = await startWith(['a.jpg'], { pull: { never: true } });
  await scene.postPhotos(['a.jpg']);
  const begun = await scene.tiktok.whenPublish(() => true);
  scene.tiktok.clock.advance(3_599_000);
  expect(begun.status).toBe('PROCESSING_DOWNLOAD');
  scene.tiktok.clock.advance(1000);
  expect(begun).toMatchObject({ status: 'FAILED', failReason: 'photo_pull_failed', fetches: [] });
});

test('the pull may begin before the reply to init', async () => {
  await using scene = await startScene({ pull: { beforeReply: true } });
  const { body, type } = await makeJpeg();
  const held = Promise.withResolvers<void>();
  scene.media.files.set('a.jpg', async (request, response) => {
    if (request.method === 'GET') await held.promise;
    response.writeHead(200, { 'content-type': type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  const { status } = await scene.postPhotos(['a.jpg']);
  expect(status).toBe(200);
  expect(scene.tiktok.state.publishes[0]?.fetches.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  held.resolve();
  expect((await scene.settled()).status).toBe('PUBLISH_COMPLETE');
});

test('a public origin can stand for a loopback server', async () => {
  await using scene = await startScene();
  const { type, body } = await makeJpeg();
  const hosts: (string | undefined)[] = [];
  scene.media.files.set('a.jpg', (request, response) => {
    hosts.push(request.headers.host);
    response.writeHead(200, { 'content-type': type, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  scene.tiktok.options.pull.origins['https://media.example.com'] = scene.media.origin;
  scene.tiktok.app.urlProperties.push({ type: 'domain', value: 'example.com' });
  await scene.postPhotos([], (request) => {
    request.source_info.photo_images = ['https://media.example.com/media/a.jpg'];
  });
  expect((await scene.settled()).status).toBe('PUBLISH_COMPLETE');
  expect(hosts).toEqual(['media.example.com', 'media.example.com']);
});

test('images are judged by content, size and completeness', async () => {
  await using scene = await startScene(wide);
  const image = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'white' } });
  const jpeg = (await image(64, 64).jpeg().toBuffer()).subarray(0, -8);
  const files: [string, string | undefined, Buffer][] = [
    ['png.jpg', 'file_format_check_failed', await image(64, 64).png().toBuffer()],
    ['cut.jpg', 'file_format_check_failed', jpeg],
    ['cmyk.jpg', 'file_format_check_failed', await image(64, 64).toColourspace('cmyk').jpeg().toBuffer()],
    ['html.jpg', 'file_format_check_failed', Buffer.from('<html></html>')],
    ['large.jpg', 'picture_size_check_failed', await image(1086, 1448).jpeg().toBuffer()],
    [
      'heavy.jpg',
      'picture_size_check_failed',
      Buffer.concat([await image(9, 9).jpeg().toBuffer()], 20_000_001),
    ],
    ['tall.jpg', undefined, await image(941, 1672).jpeg().toBuffer()],
    ['full.webp', undefined, await image(1080, 1920).webp().toBuffer()],
  ];
  for (const [name, reason, body] of files) {
    const type = name.endsWith('webp') ? 'image/webp' : 'image/jpeg';
    scene.media.files.set(name, { type, body });
    const { json } = await scene.postPhotos([name]);
    const publish = await scene.tiktok.whenPublish(
      (one) => one.publishId === json.data.publish_id && one.stage === 'settled',
    );
    expect(publish.failReason, name).toBe(reason);
  }
});

test('videos are judged by container, codec, size, rate and the time that the creator has', async () => {
  await using scene = await startScene(wide);
  const judge = async (name: string, body = readFixture(name)) => {
    scene.media.files.set(name, body);
    const { json } = await scene.postVideo(name);
    const ended = await scene.tiktok.whenPublish(
      (one) => one.publishId === json.data.publish_id && one.stage === 'settled',
    );
    return ended.failReason;
  };
  for (const name of ['tiktok-h264.mp4', 'tiktok-fragmented.mp4', 'tiktok-hevc.mov', 'tiktok-vp9.webm']) {
    expect(await judge(name), name).toBeUndefined();
  }
  expect(await judge('tiktok-10fps.mp4')).toBe('frame_rate_check_failed');
  const { type, body } = readFixture('tiktok-h264.mp4');
  const other = Buffer.from(body.toString('latin1').replace('avc1\0\0', 'av01\0\0'), 'latin1');
  expect(await judge('codec.mp4', { type, body: other })).toBe('file_format_check_failed');
  expect(await judge('cut.mp4', { type, body: body.subarray(0, -9) })).toBe('file_format_check_failed');
  const small = Buffer.from(body);
  small.writeUInt16BE(320, small.indexOf('avc1\0\0') + 28);
  expect(await judge('small.mp4', { type, body: small })).toBe('picture_size_check_failed');
  scene.tiktok.creator.maxVideoPostDurationSec = 0.5;
  expect(await judge('tiktok-h264.mp4')).toBe('duration_check_failed');
});

test('media is decoded: what does not play is refused, whatever its index says', async () => {
  await using scene = await startScene(wide);
  const judge = judgeIn(scene);
  const { type, body } = readFixture('tiktok-h264.mp4');
  const silent = Buffer.from(body);
  const start = silent.indexOf('mdat') + 4;
  silent.fill(0, start, start + silent.readUInt32BE(start - 8) - 8);
  expect(await judge('zeros.mp4', { type, body: silent })).toMatchObject({
    failReason: 'file_format_check_failed',
    media: [{ complete: true, codec: 'avc1', decoded: { problem: expect.any(String) } }],
  });
  const jpeg = await sharp({ create: { width: 320, height: 320, channels: 3, background: '#888', noise } })
    .jpeg()
    .toBuffer();
  const lacking = Buffer.concat([jpeg.subarray(0, jpeg.length / 2), Buffer.from('ffd9', 'hex')]);
  expect(await judge('lacking.jpg', { type: 'image/jpeg', body: lacking })).toMatchObject({
    failReason: 'file_format_check_failed',
    media: [{ complete: true, decoded: { problem: expect.any(String) } }],
  });
});

const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;

test('a varying frame rate is refused, and so is a codec that TikTok does not name', async () => {
  await using scene = await startScene(wide);
  const judge = judgeIn(scene);
  const varying = "setpts='if(gt(N,20),PTS+N*N/900/TB,PTS)'";
  const body = await encode(['-vf', varying, '-fps_mode', 'passthrough', '-c:v', 'libx264']);
  expect(await judge('varying.mp4', { type: 'video/mp4', body })).toMatchObject({
    failReason: 'frame_rate_check_failed',
    media: [{ decoded: { isSteady: false } }],
  });
  const old = await encode(['-c:v', 'mpeg4']);
  expect((await judge('old.mp4', { type: 'video/mp4', body: old })).failReason).toBe(
    'file_format_check_failed',
  );
});

test('records what has arrived: codecs, size, and what the file tells about its maker', async () => {
  await using scene = await startScene(wide);
  const judge = judgeIn(scene);
  const place = ['-metadata', 'location=+52.5+013.4/', '-metadata', 'artist=Ana'];
  const body = await encode(['-c:v', 'libx264', '-pix_fmt', 'yuv420p', ...place]);
  const [media] = (await judge('place.mp4', { type: 'video/mp4', body })).media;
  expect(media?.decoded).toEqual({
    codec: 'h264',
    pixelFormat: 'yuv420p',
    width: 360,
    height: 640,
    audioCodecs: [],
    frames: 60,
    durationSeconds: 2,
    frameRate: expect.closeTo(30),
    isSteady: true,
    tags: ['artist', 'location', 'location-eng'],
  });
  const [photo] = (await judge('phone.jpg', readFixture('phone.jpg'))).media;
  expect(photo?.metadata).toEqual(['EXIF', 'GPS', 'XMP']);
});

test.each([
  [400, 400],
  [5000, 0],
  [-1, 0],
  [undefined, 0],
])('a cover at %s ms is the frame at %s ms', async (asked, videoCoverMs) => {
  await using scene = await startScene();
  scene.media.files.set('a.mp4', readFixture('tiktok-h264.mp4'));
  await scene.postVideo('a.mp4', (body) => {
    if (asked !== undefined) body.post_info.video_cover_timestamp_ms = asked;
  });
  const publish = await scene.settled();
  expect(publish).toMatchObject({ status: 'PUBLISH_COMPLETE', videoCoverMs });
  expect(publish.postInfo.video_cover_timestamp_ms).toBe(asked);
});

/** Posts files one after the other; each publish as it ended. */
function judgeIn({ tiktok, media, postPhotos, postVideo }: Awaited<ReturnType<typeof startScene>>) {
  return async (name: string, file: { type: string; body: Buffer }) => {
    media.files.set(name, file);
    const { json } = await (file.type.startsWith('image/') ? postPhotos([name]) : postVideo(name));
    return tiktok.whenPublish((one) => one.publishId === json.data.publish_id && one.stage === 'settled');
  };
}

/** Two seconds of a test picture. */
async function encode(parameters: string[]) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'encoded-'));
  const path = join(folder.path, 'video.mp4');
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=360x640:rate=30:duration=2'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', ...picture, ...parameters, path]);
  return await readFile(path);
}
