import { describe, expect, it } from 'vitest';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { BEN } from '../posts.ts';

/** Resolves once TikTok reads the body of our answer. */
function pulling({ tiktok }: CoreWorld) {
  return tiktok.whenPublish(({ fetches }) =>
    fetches.some(({ method, status }) => method === 'GET' && status === 200),
  );
}

describe('cancelling', () => {
  it('ends a post that waits, before anything is opened', async () => {
    await using world = await createCoreWorld();
    for (const status of ['queued', 'preparing', 'in_review'] as const) {
      const { id } = await world.submit({ status, notBefore: world.now() + 60_000 });
      await world.nod.signals.cancel(id, BEN);
      await world.step(id);
      expect(await world.read(id)).toMatchObject({ status: 'cancelled', attempts: 0 });
    }
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('ends a post whose init is under way without a byte leaving', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    world.tiktok.fault('latency', { endpoint: 'content/init', ms: 5_000 });
    const stepping = world.step(id);
    await world.tiktok.whenRequest(({ fault }) => fault === 'latency');
    await world.nod.signals.cancel(id, BEN);
    world.tiktok.clock.advance(5_000);
    await stepping;
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
    const [publish] = world.tiktok.state.publishes;
    await world.pulled(publish?.publishId ?? '');
    expect(publish).toMatchObject({ status: 'FAILED' });
    expect(withBytes(world.tiktok)).toEqual([]);
  });

  it('ends a post that TikTok still pulls', async () => {
    await using world = await createCoreWorld({ tiktok: { pull: { slowBytesPerSecond: 1 } } });
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    const [publish] = world.tiktok.state.publishes;
    await pulling(world);
    await world.nod.signals.cancel(id, BEN);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
    expect(publish).toMatchObject({ status: 'FAILED', failReason: 'publish_cancelled' });
  });

  it('comes too late for a post that TikTok works on, says so once and goes on', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    await world.pulled(world.tiktok.state.publishes[0]?.publishId ?? '');
    await world.nod.signals.cancel(id, BEN);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'processing', cancelRefused: true });
    await world.step(id);
    const cancels = world.tiktok.state.requests.filter(({ path }) => path.includes('cancel'));
    expect(cancels).toHaveLength(1);
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('asks again when TikTok does not answer the cancel', async () => {
    await using world = await createCoreWorld({ tiktok: { pull: { slowBytesPerSecond: 1 } } });
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    await pulling(world);
    await world.nod.signals.cancel(id, BEN);
    world.tiktok.fault('drop-request', { endpoint: 'cancel' });
    const next = (await world.step(id)) ?? 0;
    expect(await world.read(id)).toMatchObject({ status: 'processing', checks: 1 });
    expect(next).toBeGreaterThan(world.now());
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
  });

  it('is not taken for refused when only our token was', async () => {
    await using world = await createCoreWorld({ tiktok: { pull: { slowBytesPerSecond: 1 } } });
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    await world.nod.signals.cancel(id, BEN);
    const refusal = { endpoint: 'cancel', status: 401, code: 'access_token_invalid', times: 2 };
    world.tiktok.fault('error', refusal);
    await world.step(id);
    expect(await world.read(id)).not.toHaveProperty('cancelRefused');
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
  });
});
