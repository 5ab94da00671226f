import { describe, expect, it } from 'vitest';
import { createCoreWorld, initsOf } from '../core-world.ts';
import { HOUR_MS } from '../posts.ts';

const statusReads = ({ tiktok }: Awaited<ReturnType<typeof createCoreWorld>>) =>
  tiktok.state.requests.filter(({ endpoint }) => endpoint === 'status/fetch').length;

/** A post in processing whose bytes TikTok has, and on which TikTok sits. */
async function hanging(options: Parameters<typeof createCoreWorld>[0] = {}) {
  const world = await createCoreWorld(options);
  await world.connect();
  world.tiktok.fault('hang');
  const { id } = await world.submit();
  await world.step(id);
  const publish = await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
  return { world, id, publish };
}

describe('a publish that TikTok sits on', () => {
  it('is asked about ever more rarely, for a day, and then left to people', async () => {
    const { world, id } = await hanging();
    await using _ = world;
    const begun = world.now();
    const settled = await world.finish(id);
    expect(settled).toMatchObject({ status: 'unconfirmed', attempts: 1 });
    expect(world.now() - begun).toBeGreaterThanOrEqual(24 * HOUR_MS);
    expect(statusReads(world)).toBeGreaterThan(24);
    expect(statusReads(world)).toBeLessThan(40);
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('is left to people where TikTok cannot even be asked', async () => {
    const { world, id } = await hanging();
    await using _ = world;
    await world.nod.accounts.remove(world.tiktok.openIdOf());
    expect(await world.finish(id)).toMatchObject({ status: 'unconfirmed' });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('counts as never pulled when TikTok took nothing in a day', async () => {
    const never = { pull: { never: true, timeoutMs: Number.POSITIVE_INFINITY } };
    await using world = await createCoreWorld({ tiktok: never });
    await world.connect();
    const { id } = await world.submit();
    for (let next = await world.step(id); next !== undefined; next = await world.step(id)) {
      world.tiktok.clock.advance(next - world.now());
    }
    expect(await world.read(id)).toMatchObject({ status: 'failed', failure: { reason: 'never_pulled' } });
  });

  it('is asked about again after a status that could not be read', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    world.tiktok.fault('status-5xx', { times: 2 });
    world.tiktok.fault('drop-status-reply');
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(statusReads(world)).toBe(4);
  });

  it('waits as long as TikTok wants before it asks again', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    world.tiktok.fault('status-429');
    const { id } = await world.submit();
    const next = (await world.step(id)) ?? 0;
    world.tiktok.clock.advance(next - world.now());
    expect(await world.step(id)).toBe(world.now() + 60_000);
  });
});

describe('news from TikTok', () => {
  it('wakes a post long before its next check', async () => {
    await using world = await createCoreWorld({ webhooks: true, pacing: { afterPullMs: 20_000 } });
    await world.connect();
    const { id } = await world.submit();
    const { engine, publisher } = world.nod;
    const accepted = world.nod.whenAnnounced(({ status }) => status === 'processing');
    const published = world.nod.whenAnnounced(({ status }) => status === 'published');
    engine.start(publisher.tick);
    engine.wake(id);
    await accepted;
    await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.tiktok.clock.advance(15);
    expect(await published).toMatchObject({ status: 'published', createdAt: world.now() - 15 });
    expect(statusReads(world)).toBe(1);
  });

  it('is not lost when it comes while a status is being read, in the very same millisecond', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    const { publishId } = await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.tiktok.fault('latency', { endpoint: 'status/fetch', ms: 15 });
    await world.nod.signals.hint(publishId);
    const reading = world.nod.publisher.tick(id);
    await world.tiktok.whenRequest(({ fault }) => fault === 'latency');
    // The answer is made up already: it says that TikTok is still processing.
    await world.nod.signals.hint(publishId);
    world.tiktok.clock.advance(15);
    await reading;
    expect(await world.read(id)).toMatchObject({ status: 'processing' });
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published' });
  });

  it('is not lost when it comes while a status cannot be read', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    const { publishId } = await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.tiktok.fault('status-5xx');
    world.tiktok.fault('latency', { endpoint: 'status/fetch', ms: 15 });
    await world.nod.signals.hint(publishId);
    const reading = world.nod.publisher.tick(id);
    await world.tiktok.whenRequest(({ fault }) => fault === 'latency');
    world.tiktok.clock.advance(10);
    await world.nod.signals.hint(publishId);
    world.tiktok.clock.advance(5);
    await reading;
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published' });
  });

  it('brings the link of a public post, whenever TikTok has moderated it', async () => {
    await using world = await createCoreWorld({ tiktok: { moderationMs: 50 * HOUR_MS } });
    await world.connect();
    const { id } = await world.submit();
    await world.finish(id);
    for (let next = await world.step(id); next !== undefined; next = await world.step(id)) {
      world.tiktok.clock.advance(next - world.now());
    }
    expect(await world.read(id)).toMatchObject({ status: 'published', postIds: [] });
    world.tiktok.clock.advance(50 * HOUR_MS);
    const [publish] = world.tiktok.state.publishes;
    expect(await world.nod.signals.hint(publish?.publishId ?? '')).toBe(true);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'published', postIds: publish?.postIds });
    const asked = statusReads(world);
    world.tiktok.clock.advance(1);
    await world.step(id);
    expect(statusReads(world)).toBeLessThanOrEqual(asked + 1);
  });
});

describe('bytes that leave', () => {
  it('count even where no status could be read', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    world.tiktok.fault('status-5xx');
    const { id } = await world.submit();
    const next = (await world.step(id)) ?? 0;
    const publish = await world.tiktok.whenPublish(({ stage }) => stage === 'processing');
    world.tiktok.clock.advance(next - world.now());
    await world.step(id);
    expect(await world.read(id)).toMatchObject({
      status: 'processing',
      pulledBytes: publish.media[0]?.bytes,
    });
  });
});
