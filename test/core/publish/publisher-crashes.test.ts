import { describe, expect, it } from 'vitest';
import type { PublishRequest } from '../../../src/core/tiktok/types.ts';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { ANA } from '../posts.ts';

/** A post whose process died in `submitting`, with its attempt sealed; what came after is up to the test. */
async function crashed(world: CoreWorld) {
  await world.connect();
  const media = await world.photo();
  const dead = world.nod;
  const attempt = await dead.gate.open({ postId: 'post-1', media: [media] });
  const post = await world.submit({
    status: 'submitting',
    attemptId: attempt.id,
    attempts: 1,
    media: [media],
  });
  const request: PublishRequest = {
    ...post.content,
    mediaUrls: attempt.files.map(({ name }) => `${world.mediaUrl()}${attempt.id}/${name}`),
  };
  const init = async () =>
    dead.client.initPublish(await dead.accounts.accessToken(post.content.openId), request);
  return { dead, attempt, id: post.id, init };
}

describe('a post that a crash left in submitting', () => {
  it('goes on with its attempt where nothing was called yet', async () => {
    await using world = await createCoreWorld();
    const { id } = await crashed(world);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1 });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('is tried anew where TikTok may have been called', async () => {
    await using world = await createCoreWorld();
    const { dead, attempt, id } = await crashed(world);
    await dead.gate.claimCall(attempt.id);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2, retries: 1 });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('is tried anew where TikTok was called, and what TikTok began gets no byte', async () => {
    await using world = await createCoreWorld({ gateWaitMs: 50 });
    const { dead, attempt, id, init } = await crashed(world);
    await dead.gate.claimCall(attempt.id);
    await init();
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
    const { publishes } = world.tiktok.state;
    expect(publishes).toHaveLength(2);
    expect(withBytes(world.tiktok)).toEqual([publishes[1]]);
    expect(publishes[0]).toMatchObject({ downloadedBytes: 0 });
  });

  it('follows the publish for which the gate was opened', async () => {
    await using world = await createCoreWorld();
    const { dead, attempt, id, init } = await crashed(world);
    await dead.gate.claimCall(attempt.id);
    const { publishId } = await init();
    await dead.gate.release(attempt.id, publishId);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1, publishId });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('follows a released publish even where somebody wanted it cancelled', async () => {
    await using world = await createCoreWorld();
    const { dead, attempt, id, init } = await crashed(world);
    await dead.gate.claimCall(attempt.id);
    const { publishId } = await init();
    await dead.gate.release(attempt.id, publishId);
    await dead.signals.cancel(id, ANA);
    await world.pulled(publishId);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published' });
  });

  it('is tried anew where its attempt was revoked', async () => {
    await using world = await createCoreWorld();
    const { dead, attempt, id } = await crashed(world);
    await dead.gate.revoke(attempt.id);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
  });

  it('is tried anew where its attempt is missing', async () => {
    await using world = await createCoreWorld();
    const { dead, attempt, id } = await crashed(world);
    await dead.gate.close(attempt.id);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
  });

  it('is cancelled where that was asked for in time', async () => {
    await using world = await createCoreWorld();
    const { dead, id } = await crashed(world);
    await dead.signals.cancel(id, ANA);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'cancelled' });
    expect(initsOf(world.tiktok)).toBe(0);
  });
});

describe('a post that a crash left elsewhere', () => {
  it('is followed on where it was in processing', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    await world.step(id);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1 });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('is opened anew where the crash came between the attempt and the post', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit();
    const lost = await world.nod.gate.open({ postId: id, media: [await world.photo()] });
    const nod = world.openAnother();
    await nod.publisher.resume(() => {});
    expect(await nod.gate.read(lost.id)).toBeUndefined();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1 });
  });

  it('stays settled where the crash came before its attempt was closed', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const { id } = await world.submit({ status: 'cancelled', settledAt: world.now() });
    const left = await world.nod.gate.open({ postId: id, media: [await world.photo()] });
    await world.nod.gate.release(left.id, 'p1');
    const nod = world.openAnother();
    await nod.publisher.resume(() => {});
    const url = `${world.mediaUrl()}${left.id}/1.jpg`;
    expect((await fetch(url)).status).toBe(404);
    expect(await nod.publisher.tick(id)).toBeUndefined();
  });
});
