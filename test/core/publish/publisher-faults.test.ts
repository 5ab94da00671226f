import { describe, expect, it } from 'vitest';
import { type CoreWorldOptions, createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { EVERYONE, HOUR_MS } from '../posts.ts';

async function connectedWorld(options: CoreWorldOptions = {}) {
  const world = await createCoreWorld(options);
  await world.connect();
  return world;
}

describe('an init that is not answered', () => {
  it.each([
    ['the reply is lost', 'drop-init-reply', 2],
    ['the request is lost', 'drop-init-request', 1],
    ['TikTok answers 502', 'init-5xx', 1],
    ['TikTok answers with a page', 'init-html-200', 1],
    ['TikTok fails inside', 'init-internal-error', 1],
    ['the reply has no data', 'missing-data', 2],
  ])('publishes once where %s', async (_, fault, publishes) => {
    await using world = await connectedWorld();
    world.tiktok.fault(fault, { endpoint: 'content/init' });
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 2, retries: 1 });
    expect(initsOf(world.tiktok)).toBe(2);
    expect(world.tiktok.state.publishes).toHaveLength(publishes);
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('publishes once where TikTok pulls before it answers and the answer is lost', async () => {
    await using world = await connectedWorld({ tiktok: { pull: { beforeReply: true } }, gateWaitMs: 50 });
    world.tiktok.fault('drop-init-reply');
    const { id } = await world.submit();
    await Promise.all([world.finish(id), letTimePass(world, 1_000)]);
    expect(await world.read(id)).toMatchObject({ status: 'published', attempts: 2 });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('publishes at once where TikTok pulls before it answers', async () => {
    await using world = await connectedWorld({ tiktok: { pull: { beforeReply: true } } });
    const { id } = await world.submit();
    await Promise.all([world.finish(id), letTimePass(world, 1_000)]);
    expect(await world.read(id)).toMatchObject({ status: 'published', attempts: 1 });
  });

  it('gives up when TikTok never answers, and no byte has left', async () => {
    await using world = await connectedWorld({ tiktok: { strict: { rateLimits: false } } });
    world.tiktok.fault('drop-init-reply', { times: 100 });
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'tiktok_unreachable' },
      attempts: 8,
    });
    expect(initsOf(world.tiktok)).toBe(8);
    world.tiktok.clock.advance(HOUR_MS);
    await world.tiktok.whenNothingIsPulled();
    expect(withBytes(world.tiktok)).toEqual([]);
    expect(await Array.fromAsync(world.nod.attempts.entries())).toEqual([]);
  });
});

/** The emulator waits a virtual second for its first GET to leave; somebody has to move the clock. */
async function letTimePass(
  { tiktok }: Awaited<ReturnType<typeof connectedWorld>>,
  ms: number,
): Promise<void> {
  await tiktok.whenPublish(({ fetches }) => fetches.length > 0);
  tiktok.clock.advance(ms);
}

describe('an init that is refused', () => {
  it('waits for a rate limit and does not count it', async () => {
    await using world = await connectedWorld();
    world.tiktok.fault('init-429', { times: 3 });
    const { id } = await world.submit();
    const begun = world.now();
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 4, retries: 0 });
    expect(world.now() - begun).toBeGreaterThan(180_000);
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('keeps TikTok from ever seeing more than six a minute', async () => {
    await using world = await connectedWorld();
    const posts = [];
    for (let index = 0; index < 8; index += 1) posts.push(await world.submit());
    await Promise.all(posts.map(({ id }) => world.step(id)));
    expect(initsOf(world.tiktok)).toBe(6);
    const held = await Promise.all(posts.map(({ id }) => world.read(id)));
    const waiting = held.filter(({ status }) => status === 'queued');
    expect(waiting).toHaveLength(2);
    for (const { id } of posts) expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(world.tiktok.state.requests.filter(({ status }) => status === 429)).toEqual([]);
  });

  it.each([
    ['spam_risk_text', 'spam_text'],
    ['unaudited_client_can_only_post_to_private_accounts', 'unaudited_app'],
    ['url_ownership_unverified', 'url_not_verified'],
    ['spam_risk_user_banned_from_posting', 'creator_banned'],
    ['something_new', 'unknown'],
  ])('ends the post with what %s means', async (code, reason) => {
    await using world = await connectedWorld();
    world.tiktok.fault(`init-403:${code}`);
    const { id } = await world.submit();
    const failed = await world.finish(id);
    expect(failed).toMatchObject({ status: 'failed', failure: { reason, reasonRaw: code } });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('of the AI label of photos is not got round without a person', async () => {
    const refusal = { message: 'The field is_aigc is not supported for photos' };
    const labelled = { settings: { ...EVERYONE, aiGenerated: true } };
    await using world = await connectedWorld();
    world.tiktok.fault('init-403:invalid_params', refusal);
    const { id } = await world.submit({ status: 'queued' }, labelled);
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'ai_label_refused', reasonRaw: 'invalid_params' },
    });
    world.tiktok.clock.advance(world.pacing.patienceMs);
    await world.step(id);
    expect(initsOf(world.tiktok)).toBe(1);
    // Without a label it is some other fault, whatever TikTok names.
    world.tiktok.fault('init-403:invalid_params', refusal);
    const plain = await world.submit();
    expect(await world.finish(plain.id)).toMatchObject({ failure: { reason: 'invalid_request' } });
    world.tiktok.fault('init-403:invalid_params');
    const other = await world.submit({ status: 'queued' }, labelled);
    expect(await world.finish(other.id)).toMatchObject({ failure: { reason: 'invalid_request' } });
  });

  it('waits for tomorrow where the day is full, and gives up after a week of it', async () => {
    await using world = await connectedWorld();
    world.tiktok.fault('init-403:spam_risk_too_many_posts', { times: 2 });
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({ status: 'published', retries: 0, attempts: 3 });
    world.tiktok.fault('init-403:spam_risk_too_many_posts', { times: 200 });
    const second = await world.submit();
    expect(await world.finish(second.id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'daily_post_limit' },
      retries: 0,
    });
  });

  it('waits for another choice when the privacy level is no longer offered, and ends without one', async () => {
    await using world = await connectedWorld();
    world.tiktok.creator.private = true;
    const { id } = await world.submit();
    expect(await world.step(id)).toBe(world.now() + world.pacing.holdMs);
    expect(await world.read(id)).toMatchObject({
      status: 'on_hold',
      problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
      privacyLevelOptions: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
    });
    expect(initsOf(world.tiktok)).toBe(1);
    expect(await world.finish(id)).toMatchObject({ status: 'expired' });
    expect(world.tiktok.state.publishes).toEqual([]);
  });
});

describe('a token', () => {
  it('that TikTok killed is refreshed, and the post is published', async () => {
    await using world = await connectedWorld();
    for (const token of world.tiktok.state.tokens) if (token.kind === 'access') token.revoked = true;
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 2 });
    const grants = world.tiktok.state.requests.filter(({ grantType }) => grantType === 'refresh_token');
    expect(grants).toHaveLength(1);
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('that TikTok does not renew ends the post where nobody connects the account again for a day', async () => {
    await using world = await connectedWorld();
    for (const token of world.tiktok.state.tokens) token.revoked = true;
    const { id } = await world.submit();
    const failed = await world.finish(id);
    expect(failed).toMatchObject({ status: 'failed', failure: { reason: 'account_disconnected' } });
    expect(withBytes(world.tiktok)).toEqual([]);
  });

  it('that TikTok refuses again and again does not make a loop', async () => {
    await using world = await connectedWorld();
    const refusal = { endpoint: 'content/init', status: 401, code: 'access_token_invalid', times: 100 };
    world.tiktok.fault('error', refusal);
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({ status: 'failed', failure: { reason: 'token_invalid' } });
    expect(initsOf(world.tiktok)).toBe(8);
  });

  it('of an account that stays gone ends the post', async () => {
    await using world = await createCoreWorld();
    const { id } = await world.submit();
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'account_disconnected' },
    });
  });

  it('that our key does not open ends the post instead of trying for ever', async () => {
    await using world = await connectedWorld();
    const nod = world.openAnother({ key: 'another key' });
    const { id } = await world.submit();
    expect(await world.finish(id, nod)).toMatchObject({
      status: 'failed',
      failure: { reason: 'account_disconnected' },
    });
    expect(initsOf(world.tiktok)).toBe(0);
  });
});

describe('a publish that TikTok fails', () => {
  it.each(['internal', 'video_pull_failed', 'photo_pull_failed'])(
    'is tried again after %s, which is safe once TikTok has said FAILED',
    async (reason) => {
      await using world = await connectedWorld();
      world.tiktok.fault(`fail:${reason}`);
      const { id } = await world.submit();
      expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 2, retries: 1 });
      const { publishes } = world.tiktok.state;
      expect(publishes.map(({ status }) => status)).toEqual(['FAILED', 'PUBLISH_COMPLETE']);
      expect(publishes[0]?.sourceUrls).not.toEqual(publishes[1]?.sourceUrls);
    },
  );

  it.each([
    ['file_format_check_failed', 'failed', 'format_refused'],
    ['duration_check_failed', 'failed', 'duration_refused'],
    ['frame_rate_check_failed', 'failed', 'frame_rate_refused'],
    ['picture_size_check_failed', 'failed', 'picture_size_refused'],
    ['auth_removed', 'failed', 'access_removed'],
    ['spam_risk_user_banned_from_posting', 'failed', 'creator_banned'],
    ['spam_risk_text', 'failed', 'spam_text'],
    ['spam_risk', 'failed', 'spam'],
    ['publish_cancelled', 'cancelled', undefined],
  ])('is not tried again after %s', async (reason, status, ours) => {
    await using world = await connectedWorld();
    world.tiktok.fault(`fail:${reason}`);
    const { id } = await world.submit(undefined, { settings: EVERYONE });
    const settled = await world.finish(id);
    expect(settled.status).toBe(status);
    if (ours !== undefined) expect(settled).toMatchObject({ failure: { reason: ours, reasonRaw: reason } });
    expect(initsOf(world.tiktok)).toBe(1);
  });

  it('waits where the day is full', async () => {
    await using world = await connectedWorld();
    world.tiktok.fault('fail:spam_risk_too_many_posts');
    const { id } = await world.submit();
    const begun = world.now();
    expect(await world.finish(id)).toMatchObject({ status: 'published', retries: 0, attempts: 2 });
    expect(world.now() - begun).toBeGreaterThan(3_600_000);
  });
});
