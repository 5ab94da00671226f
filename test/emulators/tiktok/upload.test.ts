import { expect, test } from 'vitest';
import { readFixture, startScene } from './scene.ts';

type Scene = Awaited<ReturnType<typeof startScene>>;

/** Longer than one chunk may be left out of: the video, and a box that fills it up. */
function longVideo(bytes: number): Buffer {
  const { body } = readFixture('tiktok-h264.mp4');
  const filling = Buffer.alloc(bytes - body.length);
  filling.writeUInt32BE(filling.length);
  filling.write('free', 4, 'latin1');
  return Buffer.concat([body, filling]);
}

const init = (scene: Scene, size: number, chunkSize: number, count: number, path = 'video/init/') =>
  scene.call(`post/publish/${path}`, {
    ...(path === 'video/init/' && { post_info: { privacy_level: 'SELF_ONLY' } }),
    source_info: {
      source: 'FILE_UPLOAD',
      video_size: size,
      chunk_size: chunkSize,
      total_chunk_count: count,
    },
  });

async function put(
  url: string,
  video: Buffer,
  {
    first,
    last,
    total = video.length,
    type = 'video/mp4',
  }: {
    first: number;
    last: number;
    total?: number;
    type?: string;
  },
) {
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': type, 'content-range': `bytes ${first}-${last}/${total}` },
    body: new Uint8Array(video.subarray(first, last + 1)),
  });
  await response.text();
  return { status: response.status, range: response.headers.get('content-range') };
}

const VIDEO = longVideo(16_000_000);
const HALF = { first: 0, last: 5_999_999 };
const REST = { first: 6_000_000, last: 15_999_999 };

async function begun(options: Parameters<typeof startScene>[0] = {}) {
  const scene = await startScene(options);
  const { json } = await init(scene, VIDEO.length, 6_000_000, 2);
  const { upload_url: url, publish_id: publishId } = json.data;
  return { scene, url, publishId, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

test.each([
  [3_145_728, 3_145_728, 1],
  [50_000_123, 10_000_000, 5],
  [64_000_001, 10_000_000, 6],
  [150_000_000, 10_000_000, 15],
  [4_000_000_000, 10_000_000, 400],
  [60_000_000, 60_000_000, 1],
])('%i bytes in chunks of %i make %i', async (size, chunkSize, count) => {
  await using scene = await startScene();
  const { status, json } = await init(scene, size, chunkSize, count);
  expect(status).toBe(200);
  expect(json.data.publish_id).toMatch(/^v_pub_file~v2-1\.\d+$/);
  expect(json.data.upload_url.length).toBeLessThanOrEqual(256);
  expect((await scene.fetchStatus(json.data.publish_id)).json.data).toEqual({ status: 'PROCESSING_UPLOAD' });
});

test.each([
  ['the count is rounded up', 50_000_123, 10_000_000, 6],
  ['a small video is cut', 4_000_000, 2_000_000, 2],
  ['a small video has a bigger chunk', 4_000_000, 5_000_000, 1],
  ['a chunk is below 5 MB', 50_000_000, 5_000_000, 10],
  ['a chunk is above 64 MB', 200_000_000, 65_000_000, 3],
  ['a big video is whole', 64_000_001, 64_000_001, 1],
  ['there are more than 1000', 10_010_000_000, 10_000_000, 1001],
  ['there is nothing', 0, 1, 0],
])('init is refused where %s', async (_, size, chunkSize, count) => {
  await using scene = await startScene();
  expect(await init(scene, size, chunkSize, count)).toMatchObject({
    status: 400,
    json: { error: { code: 'invalid_params', message: 'The total chunk count is invalid' } },
  });
});

test('photos cannot be uploaded', async () => {
  await using scene = await startScene();
  const refused = await scene.postPhotos(['a.jpg'], (body) => {
    body.source_info.source = 'FILE_UPLOAD';
  });
  expect(refused).toMatchObject({
    status: 400,
    json: { error: { message: 'The request source info is empty or incorrect' } },
  });
});

test('a video goes in chunk by chunk, tells its progress, and becomes a post with the last one', async () => {
  await using upload = await begun();
  const { scene, url, publishId } = upload;
  expect(await put(url, VIDEO, HALF)).toEqual({ status: 206, range: 'bytes 0-5999999/16000000' });
  expect((await scene.fetchStatus(publishId)).json.data).toEqual({
    status: 'PROCESSING_UPLOAD',
    uploaded_bytes: 6_000_000,
  });
  expect(scene.tiktok.state.publishes[0]).toMatchObject({ stage: 'uploading', media: [] });
  expect(await put(url, VIDEO, REST)).toEqual({ status: 201, range: 'bytes 0-15999999/16000000' });
  expect(await scene.settled()).toMatchObject({
    status: 'PUBLISH_COMPLETE',
    media: [{ kind: 'mp4', codec: 'avc1', complete: true, bytes: 16_000_000 }],
  });
});

test('a draft goes in by an upload too', async () => {
  await using scene = await startScene();
  const { body } = readFixture('tiktok-h264.mp4');
  const { json } = await init(scene, body.length, body.length, 1, 'inbox/video/init/');
  expect(json.data.publish_id).toMatch(/^v_inbox_file~v2\.\d+$/);
  await put(json.data.upload_url, body, { first: 0, last: body.length - 1 });
  expect(await scene.settled()).toMatchObject({ status: 'SEND_TO_USER_INBOX' });
});

test('what is no video is judged by its bytes', async () => {
  await using scene = await startScene();
  const body = Buffer.alloc(1_000, 'x');
  const { json } = await init(scene, body.length, body.length, 1);
  await put(json.data.upload_url, body, { first: 0, last: 999 });
  expect(await scene.settled()).toMatchObject({ failReason: 'file_format_check_failed' });
});

test.each([
  ['comes out of order', REST, 416],
  ['is shorter than agreed', { first: 0, last: 5_999_998 }, 400],
  ['is longer than agreed', { first: 0, last: 6_000_000 }, 400],
  ['names another size', { ...HALF, total: 16_000_001 }, 400],
  ['is called something else', { ...HALF, type: 'application/octet-stream' }, 400],
])('a chunk is refused that %s', async (_, chunk, status) => {
  await using upload = await begun();
  expect(await put(upload.url, VIDEO, chunk)).toEqual({ status, range: null });
  expect(await put(upload.url, VIDEO, HALF)).toMatchObject({ status: 206 });
});

test('a chunk that comes once more does not match the progress, also after the last one', async () => {
  await using upload = await begun();
  const { scene, url } = upload;
  await put(url, VIDEO, HALF);
  expect(await put(url, VIDEO, HALF)).toMatchObject({ status: 416 });
  await put(url, VIDEO, REST);
  expect(await put(url, VIDEO, REST)).toMatchObject({ status: 416 });
  await scene.settled();
  expect(scene.tiktok.state.publishes).toHaveLength(1);
});

test('an address is good for an hour, and only as it was given', async () => {
  await using upload = await begun({ frozenClock: true });
  const { scene, url } = upload;
  expect(await put(`${url}x`, VIDEO, HALF)).toMatchObject({ status: 404 });
  scene.tiktok.clock.advance(3_599_000);
  expect(await put(url, VIDEO, HALF)).toMatchObject({ status: 206 });
  scene.tiktok.clock.advance(1_000);
  expect(await put(url, VIDEO, REST)).toMatchObject({ status: 403 });
});

test('a chunk whose reply is lost was taken, one that is cut was not', async () => {
  await using upload = await begun();
  const { scene, url } = upload;
  scene.tiktok.fault('drop-chunk-reply', { chunk: 'first' });
  await expect(put(url, VIDEO, HALF)).rejects.toThrow();
  scene.tiktok.fault('chunk-cut', { chunk: 'last' });
  await expect(put(url, VIDEO, REST)).rejects.toThrow();
  expect(scene.tiktok.state.publishes[0]).toMatchObject({ stage: 'uploading', uploadedBytes: 6_000_000 });
  scene.tiktok.fault('drop-chunk-reply', { chunk: 'last' });
  await expect(put(url, VIDEO, REST)).rejects.toThrow();
  expect(await scene.settled()).toMatchObject({ status: 'PUBLISH_COMPLETE' });
});

test('a video that is too big for memory is probed without its frames', async () => {
  await using scene = await startScene();
  const video = longVideo(70_000_000);
  const { json } = await init(scene, video.length, 60_000_000, 1);
  expect(json.error.message).toBe('The total chunk count is invalid');
  const other = await init(scene, video.length, 35_000_000, 2);
  const { upload_url: url } = other.json.data;
  await put(url, video, { first: 0, last: 34_999_999 });
  await put(url, video, { first: 35_000_000, last: 69_999_999 });
  expect(await scene.settled()).toMatchObject({
    status: 'PUBLISH_COMPLETE',
    media: [{ kind: 'mp4', complete: true, codec: 'avc1' }],
  });
});
