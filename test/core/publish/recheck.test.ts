import { describe, expect, it } from 'vitest';
import type { PostContent } from '../../../src/core/publish/post.ts';
import { approve } from '../acts.ts';
import { createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { ANA, BEN, EVERYONE, HOUR_MS, POLICY, REVIEW, WORKSPACE } from '../posts.ts';

const APPROVED = { ...REVIEW, decision: { outcome: 'approved' as const, by: [BEN], at: 1 } };

/** A post that was approved, at the moment in which it may be published. */
async function approved(content: Partial<PostContent> = {}, fields: { [field: string]: unknown } = {}) {
  const world = await createCoreWorld();
  await world.connect();
  const post = await world.submit({ status: 'queued', review: APPROVED, ...fields }, content);
  return { world, id: post.id, creator: world.tiktok.creator };
}

describe('what the creator may do when the post is due', () => {
  it('is asked for where the post has waited, and only there', async () => {
    const asked = async (fields: { [field: string]: unknown }, content: Partial<PostContent> = {}) => {
      const { world, id } = await approved(content, fields);
      await using _ = world;
      await world.step(id);
      return world.tiktok.state.requests.filter(({ endpoint }) => endpoint === 'creator_info/query').length;
    };
    expect(await asked({})).toBe(1);
    expect(await asked({ review: undefined, publishAt: 1 })).toBe(1);
    // The plan was dropped, but the post has waited all the same.
    expect(await asked({ review: undefined, createdAt: 1, readyAt: HOUR_MS })).toBe(1);
    expect(await asked({ review: undefined })).toBe(0);
    expect(await asked({}, { postMode: 'MEDIA_UPLOAD' })).toBe(0);
  });

  it.each([
    ['waited', {}],
    ['not waited', { review: undefined }],
  ])(
    'does not even come to it where the place shares the account no more, having %s',
    async (_name, fields) => {
      const { world, id } = await approved({}, fields);
      await using _ = world;
      await world.nod.workspaces.unshare(WORKSPACE, world.tiktok.openIdOf());
      await world.step(id);
      expect(await world.read(id)).toMatchObject({
        status: 'queued',
        attempts: 0,
        wait: { reason: 'account_disconnected' },
      });
      expect(initsOf(world.tiktok)).toBe(0);
    },
  );

  it('holds the post where its privacy level is gone, and offers what there is', async () => {
    const { world, id, creator } = await approved();
    await using _ = world;
    creator.private = true;
    expect(await world.step(id)).toBe(world.now() + 7 * 24 * HOUR_MS);
    expect(await world.read(id)).toMatchObject({
      status: 'on_hold',
      problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
      privacyLevelOptions: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
      attempts: 0,
    });
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('is not offered where branded content may not be for oneself', async () => {
    const { world, id, creator } = await approved({ settings: { ...EVERYONE, brandedContent: true } });
    await using _ = world;
    creator.private = true;
    await world.step(id);
    expect(await world.read(id)).toMatchObject({
      privacyLevelOptions: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS'],
    });
  });

  it('holds a video that has become too long, and has nothing to choose', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const media = [{ ...(await world.photo()), kind: 'video', durationSeconds: 61 }];
    const { id } = await world.submit({ status: 'queued', review: APPROVED, media });
    world.tiktok.creator.maxVideoPostDurationSec = 60;
    await world.step(id);
    expect(await world.read(id)).toMatchObject({
      status: 'on_hold',
      problem: { code: 'video_too_long_for_creator', durationSeconds: 61, maxSeconds: 60 },
      privacyLevelOptions: [],
    });
  });

  it('lets a video pass that is just as long as it may be', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const media = [{ ...(await world.photo()), kind: 'video', durationSeconds: 60 }];
    const { id } = await world.submit({ status: 'queued', review: APPROVED, media });
    world.tiktok.creator.maxVideoPostDurationSec = 60;
    await world.nod.publisher.tick(id);
    expect(await world.read(id)).toMatchObject({ status: 'submitting' });
  });

  it('is asked for again where TikTok is silent, as a try that counts', async () => {
    const { world, id } = await approved();
    await using _ = world;
    world.tiktok.fault('drop-request', { endpoint: 'creator_info/query' });
    expect(await world.step(id)).toBe(world.now() + 1_000);
    expect(await world.read(id)).toMatchObject({
      status: 'queued',
      attempts: 0,
      retries: 1,
      wait: { reason: 'tiktok_unreachable' },
    });
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
  });

  it('waits for the limit of the day without counting it', async () => {
    const { world, id, creator } = await approved();
    await using _ = world;
    creator.creatorInfoRefusal = 'spam_risk_too_many_posts';
    expect(await world.step(id)).toBe(world.now() + HOUR_MS);
    expect(await world.read(id)).toMatchObject({
      status: 'queued',
      retries: 0,
      wait: { reason: 'daily_post_limit' },
    });
    delete creator.creatorInfoRefusal;
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('ends the post where the account may not post any more, or stays gone', async () => {
    const banned = await approved();
    await using _ = banned.world;
    banned.creator.banned = true;
    expect(await banned.world.finish(banned.id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'creator_banned' },
    });
    const gone = await approved();
    await using __ = gone.world;
    await gone.world.nod.accounts.remove(gone.world.tiktok.openIdOf());
    expect(await gone.world.finish(gone.id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'account_disconnected' },
    });
  });
});

describe('a post on hold', () => {
  it('comes of an init that refuses the privacy level, too', async () => {
    const { world, id } = await approved();
    await using _ = world;
    world.tiktok.fault('init-403:privacy_level_option_mismatch');
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'on_hold', attempts: 1 });
    expect(await Array.fromAsync(world.nod.attempts.entries())).toEqual([]);
  });

  it('comes of a publish that TikTok fails for its privacy level, and is posted with another one', async () => {
    const { world, id } = await approved({}, { review: undefined });
    await using _ = world;
    await world.step(id);
    const [publish] = world.tiktok.state.publishes;
    if (publish === undefined) throw new Error('There is one.');
    publish.plannedFailure = 'privacy_level_option_mismatch';
    await world.pulled(publish.publishId);
    world.tiktok.clock.advance(60_000);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({
      status: 'on_hold',
      problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
      privacyLevelOptions: ['MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
    });
    expect(await Array.fromAsync(world.nod.attempts.entries())).toEqual([]);
  });

  it('has nothing to offer where TikTok does not say what there is', async () => {
    const { world, id } = await approved({}, { review: undefined });
    await using _ = world;
    world.tiktok.fault('init-403:privacy_level_option_mismatch');
    world.tiktok.fault('drop-request', { endpoint: 'creator_info/query' });
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'on_hold', privacyLevelOptions: [] });
  });

  it('expires after seven days, and can be cancelled before', async () => {
    for (const isCancelled of [false, true]) {
      const { world, id, creator } = await approved();
      await using _ = world;
      creator.private = true;
      await world.step(id);
      const heldAt = world.now();
      if (isCancelled) await world.nod.signals.cancel(id, ANA);
      const end = await world.finish(id);
      expect(end.status).toBe(isCancelled ? 'cancelled' : 'expired');
      expect(world.now() - heldAt).toBe(isCancelled ? 0 : 7 * 24 * HOUR_MS);
      expect(initsOf(world.tiktok)).toBe(0);
    }
  });

  it('takes no vote for what was approved before', async () => {
    const { world, id, creator } = await approved();
    await using _ = world;
    creator.private = true;
    await world.step(id);
    const { contentHash } = await world.read(id);
    await world.nod.ballots.cast({ postId: id, contentHash, policy: POLICY }, approve(BEN, { contentHash }));
    creator.private = false;
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'on_hold' });
  });
});
