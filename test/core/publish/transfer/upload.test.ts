import { describe, expect, it } from 'vitest';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../../core-world.ts';
import { ANA } from '../../posts.ts';

const MB = 1_000_000;
/** Three chunks, of which the last is longer. */
const LONG = 35 * MB;

const uploading = (options: Parameters<typeof createCoreWorld>[0] = {}) =>
  createCoreWorld({ videoTransfer: 'upload', ...options });

const chunksOf = ({ tiktok }: CoreWorld, index = 0) => tiktok.state.publishes[index]?.upload?.chunks ?? [];

/** What the post was seen as, each status once. */
const statuses = ({ nod }: CoreWorld) => [...new Set(nod.announced.map(({ status }) => status))];

describe('an upload', () => {
  it('takes a video to its link in chunks that TikTok has agreed to', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1, retries: 0 });
    expect(statuses(world)).toEqual(['submitting', 'uploading', 'processing', 'published']);
    expect(chunksOf(world)).toMatchObject([
      { first: 0, last: 10 * MB - 1, status: 206 },
      { first: 10 * MB, last: 20 * MB - 1, status: 206 },
      { first: 20 * MB, last: LONG - 1, status: 201 },
    ]);
    const [publish] = world.tiktok.state.publishes;
    const { media = [] } = await world.read(id);
    expect(publish?.media).toMatchObject([
      { sha256: media[0]?.file.sha256, bytes: LONG, contentType: 'video/mp4', complete: true },
    ]);
    expect(publish).toMatchObject({ status: 'PUBLISH_COMPLETE', fetches: [] });
    expect(world.tiktok.state.lint).toEqual([]);
  });

  it('moves the bar on the card once a second at most', async () => {
    await using world = await uploading();
    await world.connect();
    const moves: number[] = [];
    world.nod.listen({
      draftChanged: () => {},
      postChanged: (_, { soon = true } = {}) => void (soon || moves.push(world.now())),
    });
    const { id } = await world.submitVideo(LONG);
    await world.step(id);
    // Time stands still: one for the beginning, and one for the end.
    expect(moves).toHaveLength(2);
  });

  it('takes a short video in one chunk, also to the inbox', async () => {
    await using world = await uploading();
    await world.connect();
    const media = await world.video();
    const sources = [{ name: 'a.mp4', file: media.file }];
    const { id } = await world.submit(
      { status: 'queued', media: [media] },
      { kind: 'video', sources, postMode: 'MEDIA_UPLOAD' },
    );
    expect(await world.finish(id)).toMatchObject({ status: 'in_inbox', attempts: 1 });
    expect(chunksOf(world)).toMatchObject([{ first: 0, last: media.file.bytes - 1, status: 201 }]);
  });

  it('keeps the address of the upload encrypted on the disk', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo();
    world.tiktok.fault('chunk-5xx');
    await world.step(id);
    const attempts = await Array.fromAsync(world.nod.attempts.entries());
    const [publish] = world.tiktok.state.publishes;
    expect(attempts).toMatchObject([[expect.any(String), { publishId: publish?.publishId }]]);
    expect(JSON.stringify(attempts)).not.toContain('upload_token');
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });
});

const FAULTS = [
  'chunk-5xx',
  'chunk-cut',
  'drop-chunk-reply',
  ...[400, 403, 404, 416, 429].map((status) => `chunk-refused:${status}`),
];

describe('a fault', () => {
  const cases = FAULTS.flatMap((fault) =>
    (['first', 'middle', 'last'] as const).map((chunk) => ({ fault, chunk })),
  );

  it.each(cases)(
    'of an upload publishes once all the same: $fault on the $chunk chunk',
    async ({ fault, chunk }) => {
      await using world = await uploading();
      await world.connect();
      const { id } = await world.submitVideo(LONG);
      world.tiktok.fault(fault, { chunk });
      expect(await world.finish(id)).toMatchObject({ status: 'published' });
      expect(withBytes(world.tiktok)).toHaveLength(1);
      if (chunk === 'last') expect(initsOf(world.tiktok)).toBe(1);
    },
  );

  it('that stays ends the upload in another attempt, and that one after some tries', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    world.tiktok.fault('chunk-5xx', { chunk: 'middle', times: 1_000 });
    expect(await world.finish(id)).toMatchObject({ status: 'failed', failure: { reason: 'upload_failed' } });
    expect(withBytes(world.tiktok)).toEqual([]);
  });

  it.each(['chunk-5xx', 'chunk-refused:403', 'chunk-refused:404', 'chunk-refused:416'])(
    'that stays on the last chunk proves nothing, so nothing is sent anew: %s',
    async (fault) => {
      await using world = await uploading();
      await world.connect();
      const { id } = await world.submitVideo(LONG);
      world.tiktok.fault(fault, { chunk: 'last', times: 1_000 });
      expect(await world.finish(id)).toMatchObject({ status: 'unconfirmed' });
      expect(initsOf(world.tiktok)).toBe(1);
    },
  );

  it('of an answer that comes after the chunk was taken counts it', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    world.tiktok.fault('chunk-5xx', { chunk: 'last', created: true });
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });
});

describe('a cancel', () => {
  it('in the middle is certain', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    world.tiktok.fault('chunk-5xx', { chunk: 'middle' });
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'uploading', uploadedBytes: 10 * MB });
    await world.nod.signals.cancel(id, ANA);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
    world.tiktok.clock.advance(3_600_000);
    expect(withBytes(world.tiktok)).toEqual([]);
  });

  it('cuts a chunk that is under way', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    world.tiktok.fault('latency', { endpoint: 'upload', ms: 1e9 });
    const stepped = world.step(id);
    await world.tiktok.whenRequest(({ endpoint }) => endpoint === 'upload');
    await world.nod.signals.cancel(id, ANA);
    await world.nod.wake(id);
    await stepped;
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
    expect(chunksOf(world)).toHaveLength(1);
  });

  it('comes too late for the last chunk', async () => {
    await using world = await uploading();
    await world.connect();
    const { id } = await world.submitVideo(LONG);
    world.tiktok.fault('drop-chunk-reply', { chunk: 'last' });
    await world.step(id);
    await world.nod.signals.cancel(id, ANA);
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });
});
