import { describe, expect, it } from 'vitest';
import { createWaiting } from '../../../src/core/publish/perform.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import { approve, CLEO, reject, unmark } from '../acts.ts';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { ANA, BEN, HOUR_MS, POLICY, REVIEW } from '../posts.ts';

/** A post of Ana's in review, in a world where it could be published. */
async function inReview(fields: { [field: string]: unknown } = {}) {
  const world = await createCoreWorld();
  await world.connect();
  const post = await world.submit({ status: 'in_review', ...fields });
  return { world, post, id: post.id, ...voting(world, post) };
}

function voting({ nod }: CoreWorld, post: Post) {
  const { contentHash, review } = post;
  const terms = { postId: post.id, contentHash, policy: review?.policy ?? POLICY };
  return {
    yes: (person = BEN) => nod.ballots.cast(terms, approve(person, { contentHash })),
    no: (person = BEN) => nod.ballots.cast(terms, reject(person, { contentHash })),
    back: (person = BEN) => nod.ballots.cast(terms, unmark(person, 'approve')),
  };
}

describe('a review', () => {
  it('lets the post go on once enough people approved', async () => {
    const review = { ...REVIEW, policy: { ...POLICY, approvals: 2 } };
    const { world, id, yes } = await inReview({ review });
    await using _ = world;
    await yes();
    expect(await world.step(id)).toBe(world.now() + 54 * HOUR_MS);
    expect(initsOf(world.tiktok)).toBe(0);
    await yes(CLEO);
    const published = await world.finish(id);
    expect(published).toMatchObject({
      status: 'published',
      review: { ...review, decision: { outcome: 'approved', by: [BEN, CLEO] } },
    });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('goes by the clock no sooner than late votes may have arrived', async () => {
    let isCaughtUp = false;
    const world = await createCoreWorld();
    await using _ = world;
    await world.connect();
    const post = await world.submit({ status: 'in_review' });
    const { yes } = voting(world, post);
    const { signals, ballots, accounts, client, quotas } = world.nod;
    const waiting = createWaiting({
      signals,
      ballots,
      accounts,
      client,
      quotas,
      mayExpire: () => isCaughtUp,
    });
    if (post.status !== 'in_review') throw new Error('The post is in review.');
    expect(await waiting.review(post, true)).toBeUndefined();
    await yes();
    expect(await waiting.review(post, true)).toMatchObject({ type: 'decided' });
    const other = await world.submit({ status: 'in_review' });
    if (other.status !== 'in_review') throw new Error('The post is in review.');
    isCaughtUp = true;
    expect(await waiting.review(other, true)).toEqual({ type: 'expired' });
  });

  it.each(['in_review', 'queued', 'preparing'] as const)(
    'of a place that may not post any more ends, while the post is %s',
    async (status) => {
      await using world = await createCoreWorld();
      await world.connect();
      const post = await world.submit({ status });
      const { signals, ballots, accounts, client, quotas } = world.nod;
      let isAllowed = true;
      const mayPost = async (workspace: string) => workspace !== post.workspace || isAllowed;
      const waiting = createWaiting({ signals, ballots, accounts, client, quotas, mayPost });
      expect(await waiting.noted(post)).toBeUndefined();
      isAllowed = false;
      expect(await waiting.noted(post)).toEqual({ type: 'cancelled', isShutOut: true });
      await signals.cancel(post.id, BEN);
      expect(await waiting.cancelled(post)).toEqual({ type: 'cancelled', by: BEN, isShutOut: true });
    },
  );

  it('ends the post that is rejected', async () => {
    const { world, id, no } = await inReview();
    await using _ = world;
    await no();
    expect(await world.finish(id)).toMatchObject({
      status: 'rejected',
      review: { decision: { outcome: 'rejected', by: [BEN] } },
    });
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('goes by the terms of its submission alone', async () => {
    const { world, post, id } = await inReview({ contentHash: 'of this' });
    await using _ = world;
    const terms = { postId: id, contentHash: post.contentHash, policy: POLICY };
    await world.nod.ballots.cast(terms, approve(BEN, { contentHash: 'of that' }));
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'in_review' });
  });

  it('is decided by the vote that came first, though it was taken back before anybody looked', async () => {
    const { world, id, yes, back } = await inReview();
    await using _ = world;
    await yes();
    expect(await back()).toMatchObject({ result: 'late' });
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('counts the vote that came before its end was noticed', async () => {
    const { world, id, yes } = await inReview();
    await using _ = world;
    world.tiktok.clock.advance(72 * HOUR_MS);
    await yes();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('reminds once, when a quarter of its time is left, also after a restart', async () => {
    const { world, id } = await inReview();
    await using _ = world;
    const begun = world.now();
    await world.step(id);
    expect(await world.nod.publisher.tick(id)).toBe(begun + 54 * HOUR_MS);
    expect(await world.read(id)).not.toHaveProperty('isReminded');
    world.tiktok.clock.advance(60 * HOUR_MS);
    const planned: string[] = [];
    await world.nod.publisher.resume((postId) => planned.push(postId));
    expect(planned).toEqual([id]);
    expect(await world.nod.publisher.tick(id)).toBe(begun + 72 * HOUR_MS);
    const reminded = await world.read(id);
    expect(reminded).toMatchObject({ status: 'in_review', isReminded: true });
    await world.step(id);
    expect(await world.read(id)).toEqual(reminded);
  });

  it('is not reminded of what is over', async () => {
    const { world, id } = await inReview();
    await using _ = world;
    world.tiktok.clock.advance(72 * HOUR_MS);
    await world.step(id);
    expect(world.nod.announced.filter((post) => post.status === 'in_review' && post.isReminded)).toEqual([]);
    expect(await world.read(id)).toMatchObject({ status: 'expired' });
  });

  it('leaves ten seconds for a reason before its author is called, also across a restart', async () => {
    const { world, id, no } = await inReview();
    await using _ = world;
    await no();
    const rejectedAt = world.now();
    expect(await world.nod.publisher.tick(id)).toBe(rejectedAt + 10_000);
    expect(await world.read(id)).toMatchObject({ status: 'rejected', callsAt: rejectedAt + 10_000 });
    const planned: [string, number][] = [];
    await world.nod.publisher.resume((...plan) => planned.push(plan));
    expect(planned).toEqual([[id, rejectedAt + 10_000]]);
    world.tiktok.clock.advance(10_000);
    expect(await world.nod.publisher.tick(id)).toBeUndefined();
    expect(world.nod.announced.at(-1)).toMatchObject({ status: 'rejected', callsAt: undefined });
  });

  it('closes its ballot before it expires', async () => {
    const { world, id, yes } = await inReview();
    await using _ = world;
    world.tiktok.clock.advance(72 * HOUR_MS);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'expired' });
    expect(await yes()).toEqual({ result: 'late', acts: [] });
  });

  it('has one end where the last vote and the end of time meet', async () => {
    const { world, id, yes } = await inReview();
    await using _ = world;
    world.tiktok.clock.advance(72 * HOUR_MS);
    const [cast] = await Promise.all([yes(), world.step(id)]);
    const end = await world.finish(id);
    expect(end.status).toBe(cast.result === 'counted' ? 'published' : 'expired');
  });

  it('closes its ballot before the post is cancelled, and keeps a decision that was there', async () => {
    for (const isApproved of [false, true]) {
      const { world, id, yes } = await inReview();
      await using _ = world;
      if (isApproved) await yes();
      await world.nod.signals.cancel(id, ANA);
      await world.step(id);
      expect(await world.read(id)).toMatchObject({ status: 'cancelled', by: ANA });
      expect(await yes(CLEO)).toMatchObject({ result: 'late', acts: { length: isApproved ? 1 : 0 } });
      expect(initsOf(world.tiktok)).toBe(0);
    }
  });
});

describe('a planned time', () => {
  it('is waited for after an approval that came before it', async () => {
    const { world, id, yes } = await inReview({ publishAt: Date.now() + 10 * HOUR_MS });
    await using _ = world;
    await yes();
    const { publishAt } = await world.read(id);
    expect(await world.step(id)).toBe(publishAt);
    expect(await world.read(id)).toMatchObject({ status: 'queued', readyAt: publishAt });
    expect(initsOf(world.tiktok)).toBe(0);
    await world.finish(id);
    expect(world.tiktok.state.publishes[0]?.createdAt).toBeGreaterThanOrEqual(publishAt ?? 0);
  });

  it('is over where the approval came after it', async () => {
    const { world, id, yes } = await inReview({ publishAt: Date.now() + HOUR_MS });
    await using _ = world;
    world.tiktok.clock.advance(2 * HOUR_MS);
    await yes();
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'processing', readyAt: world.now() });
  });

  it.each(['in_review', 'queued', 'preparing'] as const)('changes while the post is %s', async (status) => {
    await using world = await createCoreWorld();
    const at = world.now() + 20 * HOUR_MS;
    const { id, ...before } = await world.submit({ status, notBefore: world.now() + HOUR_MS });
    await world.nod.signals.reschedule(id, at);
    await world.nod.publisher.tick(id);
    const after = await world.read(id);
    expect(after).toMatchObject({ status, publishAt: at });
    if (status === 'queued') expect(after).toMatchObject({ notBefore: at });
    if (status === 'in_review') expect(after).toMatchObject({ expiresAt: before.createdAt + 72 * HOUR_MS });
  });

  it('is let go: the post is published at once', async () => {
    const { world, id, yes } = await inReview({ publishAt: Date.now() + 10 * HOUR_MS });
    await using _ = world;
    await yes();
    await world.step(id);
    await world.nod.signals.reschedule(id, undefined);
    await world.step(id);
    const processing = await world.read(id);
    expect(processing).toMatchObject({ status: 'processing' });
    expect(processing).not.toHaveProperty('publishAt');
  });

  it('may still be changed, and the post still be cancelled, in the moment in which it is due', async () => {
    const { world, id, yes } = await inReview();
    await using _ = world;
    await yes();
    await world.nod.publisher.tick(id);
    await world.nod.signals.reschedule(id, world.now() + HOUR_MS);
    expect(await world.step(id)).toBe(world.now() + HOUR_MS);
    world.tiktok.clock.advance(HOUR_MS);
    await world.nod.signals.cancel(id, ANA);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled', attempts: 0 });
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('is kept once TikTok was asked', async () => {
    await using world = await createCoreWorld();
    const notBefore = world.now() + HOUR_MS;
    const { id } = await world.submit({ status: 'queued', attempts: 1, notBefore });
    await world.nod.signals.reschedule(id, world.now() + 9 * HOUR_MS);
    expect(await world.step(id)).toBe(notBefore);
    expect(await world.read(id)).not.toHaveProperty('publishAt');
  });

  it('is nothing that keeps a post from being cancelled', async () => {
    await using world = await createCoreWorld();
    const publishAt = world.now() + 10 * HOUR_MS;
    const { id } = await world.submit({ status: 'queued', publishAt, notBefore: publishAt });
    await world.nod.signals.reschedule(id, world.now());
    await world.nod.signals.cancel(id, BEN);
    expect(await world.finish(id)).toMatchObject({ status: 'cancelled', by: BEN });
    expect(initsOf(world.tiktok)).toBe(0);
  });
});
