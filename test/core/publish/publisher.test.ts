import { describe, expect, it } from 'vitest';
import { fillDisk } from '../../full-disk.ts';
import { approve } from '../acts.ts';
import { createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { BEN, EVERYONE, HOUR_MS, POLICY, REVIEW } from '../posts.ts';

describe('publishing', () => {
  it('takes a queued post to its link, step by step', async () => {
    await using world = await createCoreWorld({ tiktok: { moderationMs: 60_000 } });
    await world.connect();
    const { id } = await world.submit();
    const published = await world.finish(id);
    expect(published).toMatchObject({ status: 'published', attempts: 1, retries: 0, postIds: [] });
    expect(world.nod.announced.map(({ status }) => status)).toEqual([
      'submitting',
      'processing',
      'published',
    ]);
    const [publish] = world.tiktok.state.publishes;
    expect(publish).toMatchObject({ status: 'PUBLISH_COMPLETE', mode: 'DIRECT_POST' });
    const linked = await world.nod.publisher.tick(id);
    world.tiktok.clock.advance((linked ?? 0) - world.now());
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published', postIds: publish?.postIds });
    expect(publish?.postIds).toHaveLength(1);
    expect(world.tiktok.state.lint).toEqual([]);
  });

  it('asks for the status soon after the last byte has left', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    const { publishId } = world.tiktok.state.publishes[0] ?? { publishId: '' };
    await world.pulled(publishId);
    expect(await world.nod.publisher.tick(id)).toBe(world.now() + 4_000);
    world.tiktok.clock.advance(4_000);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published' });
  });

  it('delivers to the inbox and follows what the person does there', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit(undefined, { postMode: 'MEDIA_UPLOAD', settings: EVERYONE });
    expect(await world.finish(id)).toMatchObject({ status: 'in_inbox' });
    const [publish] = world.tiktok.state.publishes;
    world.tiktok.completeDraft(publish?.publishId ?? '');
    world.tiktok.clock.advance(90_000);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published', postIds: publish?.postIds });
  });

  it('lets go of an attempt once its post is settled', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.finish(id);
    const [url = ''] = world.tiktok.state.publishes[0]?.sourceUrls ?? [];
    expect((await fetch(url)).status).toBe(404);
    expect(await Array.fromAsync(world.nod.attempts.entries())).toEqual([]);
  });

  it('prepares the media of a post that was submitted before it was ready', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    expect(await world.finish(id)).toMatchObject({ status: 'published', media: [{ kind: 'photo' }] });
  });

  it('finds votes that were cast while the media were prepared', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id, contentHash, createdAt } = await world.submit({
      status: 'preparing',
      media: undefined,
      review: REVIEW,
    });
    await world.nod.ballots.cast({ postId: id, contentHash, policy: POLICY }, approve(BEN, { contentHash }));
    expect(await world.finish(id)).toMatchObject({
      status: 'published',
      review: { decision: { outcome: 'approved', by: [BEN] } },
    });
    expect(world.now() - createdAt).toBeLessThan(HOUR_MS);
  });

  it('tells after a start how a post has ended that was submitted long ago', async () => {
    await using world = await createCoreWorld();
    const createdAt = world.now() - 100 * HOUR_MS;
    const { id } = await world.submit({ status: 'rejected', createdAt, settledAt: world.now() - HOUR_MS });
    const old = await world.submit({ status: 'rejected', createdAt, settledAt: createdAt });
    await world.nod.publisher.resume(() => {});
    expect(world.nod.retold.map((post) => post.id)).toContain(id);
    expect(world.nod.retold.map((post) => post.id)).not.toContain(old.id);
  });

  it('names the file that cannot be prepared', async () => {
    await using world = await createCoreWorld();
    const { file } = await world.photo();
    const text = await world.mediaStore.add(
      (async function* () {
        yield Buffer.from('no picture at all');
      })(),
      { maxBytes: 100, extension: 'bin' },
    );
    const sources = [
      { name: 'good.jpg', file },
      { name: 'bad.jpg', file: text },
    ];
    const { id } = await world.submit({ status: 'preparing', media: undefined }, { sources });
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'media_refused', file: { number: 2, name: 'bad.jpg' } },
    });
  });

  it('prepares ever later what fails on our side, then fails and says so', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    using disk = await fillDisk();
    const pauses: number[] = [];
    for (let next = await world.step(id); next !== undefined; next = await world.step(id)) {
      pauses.push((next - world.now()) / 1_000);
      expect(await world.read(id)).toMatchObject({
        status: 'preparing',
        wait: { reason: 'preparing_failed' },
      });
      // A vote wakes the post meanwhile, which prepares nothing.
      await world.nod.publisher.tick(id);
      world.tiktok.clock.advance(next - world.now());
    }
    expect(pauses).toEqual([5, 30, 120, 600]);
    expect(disk.tries()).toBe(5);
    const problem = { code: 'preparing_failed', reason: 'disk_full', name: 'a.jpg' };
    expect(await world.read(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'preparing_failed', file: { number: 1, name: 'a.jpg', problem } },
    });
  });

  it('keeps its pause when it is planned for another time meanwhile', async () => {
    await using world = await createCoreWorld();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    using _ = await fillDisk();
    await world.step(id);
    const publishAt = world.now() + HOUR_MS;
    await world.nod.signals.reschedule(id, publishAt);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'preparing', failures: 1, publishAt });
  });

  it('publishes once what failed on our side goes well', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    const disk = await fillDisk();
    await world.step(id);
    disk[Symbol.dispose]();
    expect(await world.finish(id)).toMatchObject({ status: 'published', retries: 0 });
  });

  it('tells that there is no room, and publishes once there is some', async () => {
    let free = 1e9;
    await using world = await createCoreWorld({ disk: { readDisk: async () => ({ free, size: 1e9 }) } });
    await world.connect();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    free = 1;
    await world.step(id);
    const problem = { code: 'preparing_failed', reason: 'disk_full', name: 'a.jpg' };
    expect(await world.read(id)).toMatchObject({ status: 'preparing', wait: { file: { problem } } });
    free = 1e9;
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('takes a stop for no failure of the files', async () => {
    await using world = await createCoreWorld();
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    await world.nod.preparer.stop();
    await world.nod.publisher.tick(id);
    const post = await world.read(id);
    expect(post.status).toBe('preparing');
    expect(post).not.toHaveProperty('failures');
  });

  it('waits for a review, and ends it when its time is over', async () => {
    await using world = await createCoreWorld();
    const since = world.now();
    const { id } = await world.submit({ status: 'in_review', since, expiresAt: since + 1_000 });
    expect(await world.step(id)).toBe(world.now() + 750);
    expect(await world.read(id)).toMatchObject({ status: 'in_review' });
    world.tiktok.clock.advance(1_000);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'expired' });
  });

  it('has nothing to do for a post that does not exist', async () => {
    await using world = await createCoreWorld();
    expect(await world.nod.publisher.tick('nobody')).toBeUndefined();
  });
});

describe('two publishers over one database', () => {
  it('make one init for each attempt and one publish with bytes, however they race', async () => {
    await using world = await createCoreWorld({ gateWaitMs: 50, tiktok: { strict: { rateLimits: false } } });
    await world.connect();
    const other = world.openAnother({ keepWeb: true });
    for (let round = 0; round < 4; round += 1) {
      const { id } = await world.submit();
      for (let race = 0; race < 8; race += 1) {
        await Promise.all([world.nod.publisher.tick(id), other.publisher.tick(id)]);
        world.tiktok.clock.advance(1_000);
      }
      expect(await world.finish(id)).toMatchObject({ status: 'published' });
    }
    const urls = world.tiktok.state.publishes.flatMap(({ sourceUrls }) => sourceUrls);
    expect(new Set(urls).size).toBe(urls.length);
    expect(withBytes(world.tiktok)).toHaveLength(4);
    expect(initsOf(world.tiktok)).toBe(urls.length);
  });

  it('leave no attempt behind that no post refers to', async () => {
    await using world = await createCoreWorld({ gateWaitMs: 50 });
    await world.connect();
    const other = world.openAnother({ keepWeb: true });
    const { id } = await world.submit();
    await Promise.all([world.nod.publisher.tick(id), other.publisher.tick(id)]);
    const post = await world.read(id);
    const attempts = await Array.fromAsync(world.nod.attempts.entries(), ([attemptId]) => attemptId);
    expect(attempts).toEqual([post.status === 'submitting' ? post.attemptId : 'none']);
  });
});

describe('going on after a start', () => {
  it('looks at the open posts at once, tells again how others have ended, and closes what nothing refers to', async () => {
    await using world = await createCoreWorld();
    const queued = await world.submit({ status: 'queued', notBefore: world.now() + 5_000 });
    const settled = await world.submit({ status: 'cancelled', settledAt: world.now() });
    const old = await world.submit({ status: 'cancelled', createdAt: 0, settledAt: 0 });
    const reviewed = await world.submit({ status: 'in_review' });
    const linked = await world.submit({
      status: 'published',
      settledAt: world.now(),
      nextCheckAt: world.now() + 9_000,
      checks: 0,
    });
    const orphan = await world.nod.gate.open({ postId: 'post-9', media: [] });
    const held = await world.nod.gate.open({ postId: 'post-6', media: [] });
    const open = await world.submit({ status: 'submitting', attemptId: held.id });
    const planned = new Map<string, number>();
    await world.nod.publisher.resume((postId, at) => planned.set(postId, at));
    expect(planned).toEqual(
      new Map([
        [queued.id, world.now()],
        [reviewed.id, world.now()],
        [linked.id, world.now() + 9_000],
        [open.id, world.now()],
      ]),
    );
    // The cards of those under way are looked at when the votes are read back.
    expect(world.nod.announced).toEqual([]);
    expect(world.nod.retold.map(({ id }) => id).toSorted()).toEqual([settled.id, linked.id]);
    expect(world.nod.retold).not.toContainEqual(expect.objectContaining({ id: old.id }));
    expect(await world.nod.gate.read(orphan.id)).toBeUndefined();
    expect(await world.nod.gate.read(held.id)).toBeDefined();
  });
});
