import { describe, expect, it } from 'vitest';
import type { Post, PostStatus } from '../../../src/core/publish/post.ts';
import type { PostSignals } from '../../../src/core/publish/signals.ts';
import { type CoreWorldOptions, createCoreWorld, withBytes } from '../core-world.ts';
import { HOUR_MS } from '../posts.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

async function connectedWorld(options: CoreWorldOptions = {}) {
  const world = await createCoreWorld(options);
  await world.connect();
  return world;
}

describe('news of TikTok', () => {
  it.each([HOUR_MS, DAY_MS])('is followed at once where the clock was set back by %d ms', async (ms) => {
    await using world = await connectedWorld();
    world.setClock(ms);
    const { id } = await world.submit();
    await world.step(id);
    const { publishId } = await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.setClock(0);
    world.tiktok.clock.advance(1_000);
    await world.nod.signals.hint(publishId);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published' });
  });

  it('of an earlier publish does not have the next one asked about at once', async () => {
    await using world = await connectedWorld({ webhooks: true });
    world.tiktok.fault('fail:internal');
    const { id } = await world.submit();
    await world.step(id);
    await world.tiktok.whenPublish(({ stage }) => stage !== 'pulling');
    world.tiktok.clock.advance(15);
    await world.tiktok.whenWebhook(({ delivered }) => delivered);
    const next = (await world.step(id)) ?? 0;
    expect(await world.read(id)).toMatchObject({ status: 'queued', retries: 1 });
    world.tiktok.clock.advance(next - world.now());
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'processing', checks: 0, hintsSeen: 1 });
  });

  it('of an access that has ended is believed though the account was connected by a clock that was ahead', async () => {
    await using world = await createCoreWorld({ webhooks: true });
    world.setClock(HOUR_MS);
    const openId = await world.connect();
    world.setClock(0);
    world.tiktok.clock.advance(MINUTE_MS);
    world.tiktok.removeAuthorization();
    world.tiktok.clock.advance(1_000);
    await world.tiktok.whenWebhook(({ event, delivered }) => event === 'authorization.removed' && delivered);
    expect(await world.nod.accounts.get(openId)).toMatchObject({ expired: true });
  });

  it('that an older Nod noted is followed after the start', async () => {
    await using world = await connectedWorld();
    const { id } = await world.submit();
    await world.step(id);
    await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.tiktok.clock.advance(1_000);
    const notes = world.nod.stores.store<PostSignals & { hintedAt?: number }>('notes');
    await notes.create(id, { hintedAt: world.now() });
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published' });
  });
});

/** How a post comes to each of its waits. */
const STAGES: [status: PostStatus, fault: string | undefined, options: CoreWorldOptions][] = [
  ['queued', 'init-5xx', {}],
  ['queued', 'init-429', {}],
  ['queued', 'fail:internal', {}],
  ['processing', undefined, {}],
  ['processing', 'status-5xx', {}],
  ['uploading', 'chunk-5xx', { videoTransfer: 'upload' }],
];

describe('the clock is set back while a post is', () => {
  it.each(STAGES)('%s after %s: it waits no longer than planned', async (status, fault, options) => {
    for (const ms of [HOUR_MS, DAY_MS]) {
      await using world = await connectedWorld(options);
      if (fault !== undefined) world.tiktok.fault(fault);
      world.setClock(ms);
      const { id } = await (status === 'uploading' ? world.submitVideo() : world.submit());
      for (let next: number | undefined = world.now(); next !== undefined; ) {
        next = await world.step(id);
        const post = await world.read(id);
        if (post.status === 'processing') await world.pulled(post.publishId);
        if (isAt(post, status, fault)) break;
        world.tiktok.clock.advance((next ?? 0) - world.now());
      }
      world.setClock(0);
      const begun = world.tiktok.clock.now();
      expect(await world.finish(id)).toMatchObject({ status: 'published' });
      expect(world.tiktok.clock.now() - begun).toBeLessThan(10 * MINUTE_MS);
      expect(withBytes(world.tiktok).filter(({ status }) => status !== 'FAILED')).toHaveLength(1);
    }
  });

  it('published, and its link is awaited: Nod asks as soon as planned, also after a start', async () => {
    await using world = await connectedWorld({ tiktok: { moderationMs: 10 * MINUTE_MS } });
    world.setClock(DAY_MS);
    const { id } = await world.submit();
    await world.finish(id);
    const planned = (await world.step(id)) ?? 0;
    const waitMs = planned - world.now();
    world.setClock(0);
    const scheduled = new Map<string, number>();
    await world.openAnother().publisher.resume((postId, at) => void scheduled.set(postId, at));
    expect(scheduled.get(id)).toBeLessThanOrEqual(world.now());
    expect(((await world.step(id)) ?? 0) - world.now()).toBeLessThanOrEqual(waitMs);
  });

  it('planned for a moment: it goes out at that moment by the clock as it is then', async () => {
    await using world = await connectedWorld();
    const publishAt = world.now() + 3 * HOUR_MS;
    world.setClock(HOUR_MS);
    const { id } = await world.submit({ status: 'queued', publishAt, notBefore: publishAt });
    await world.step(id);
    world.setClock(0);
    expect(await world.step(id)).toBe(publishAt);
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(world.now()).toBeGreaterThanOrEqual(publishAt);
  });

  it('just prepared: it can be taken back for some seconds and not for an hour', async () => {
    await using world = await connectedWorld({ pacing: { takeBackMs: 3_000 } });
    world.setClock(HOUR_MS);
    const { id } = await world.submit({ status: 'preparing', media: undefined });
    world.setClock(0);
    expect((await world.step(id)) ?? 0).toBeLessThanOrEqual(world.now() + 3_000);
  });
});

const isAt = (post: Post, status: PostStatus, fault: string | undefined): boolean =>
  post.status === status &&
  (fault === undefined || ('checks' in post && post.checks > 0) || post.retries > 0 || hasWaited(post));

const hasWaited = (post: Post): boolean =>
  (post.status === 'queued' && post.wait !== undefined) || (post.status === 'uploading' && post.failures > 0);
