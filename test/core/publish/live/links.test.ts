import { describe, expect, it } from 'vitest';
import { isTakenDown, linksOf, type Post } from '../../../../src/core/publish/post.ts';
import { type CoreWorld, createCoreWorld } from '../../core-world.ts';
import { HOUR_MS } from '../../posts.ts';

const CAPTION = 'First light over the harbour, as it was\nthis morning #sunrise';
const WITHOUT_LIST = ['user.info.basic', 'video.publish', 'video.upload'];
const AVAILABLE = 'post.publish.publicly_available';
const GONE = 'post.publish.no_longer_publicaly_available';

/** A world in which TikTok tells ids by one way only. */
async function worldWith({
  webhooks = false,
  statusTellsIds = false,
  scopes,
  ...creator
}: {
  webhooks?: boolean;
  statusTellsIds?: boolean;
  scopes?: string[];
  listsPhotos?: boolean;
}) {
  const world = await createCoreWorld({ webhooks, tiktok: { creator: { statusTellsIds, ...creator } } });
  await world.connect(world.tiktok.grant(scopes && { scopes }));
  return world;
}

async function publish(world: CoreWorld, caption = CAPTION): Promise<Post> {
  const { id } = await world.submit({ status: 'queued' }, { caption });
  return world.finish(id);
}

/** Lets the post look for its link until it gives up, or has it. */
async function patience(world: CoreWorld, id: string): Promise<Post> {
  for (let next = await world.step(id); next !== undefined; next = await world.step(id))
    world.tiktok.clock.advance(Math.max(0, next - world.now()));
  return world.read(id);
}

/** Lets moderation end and the event arrive. */
async function arrived(world: CoreWorld, event: string): Promise<void> {
  world.tiktok.clock.advance(1_000);
  await world.tiktok.whenWebhook((one) => one.event === event && one.delivered);
}

const callsTo = (world: CoreWorld, endpoint: string): number =>
  world.tiktok.state.requests.filter((request) => request.endpoint?.endsWith(endpoint)).length;

const postOf = (world: CoreWorld) => world.tiktok.state.posts[0];

describe('the link of a post', () => {
  it('comes by the webhook alone', async () => {
    await using world = await worldWith({ webhooks: true, scopes: WITHOUT_LIST });
    const { id } = await publish(world);
    await arrived(world, AVAILABLE);
    await world.step(id);
    const post = await world.read(id);
    expect(linksOf(post)).toEqual([expect.stringMatching(new RegExp(`/photo/${postOf(world)?.id}$`))]);
    expect(post).not.toHaveProperty('nextCheckAt');
  });

  it('comes by the webhook that arrives before the answer to the call', async () => {
    await using world = await worldWith({ webhooks: true, scopes: WITHOUT_LIST });
    world.tiktok.options.webhooks.availableBefore = 'reply';
    const post = await publish(world);
    expect(post).toMatchObject({ status: 'published', postIds: [postOf(world)?.id] });
  });

  it.each([
    ['still in processing', { status: 'processing', attemptId: 'a1', checks: 0 }],
    ['in the inbox', { status: 'in_inbox', postIds: [], checks: 3 }],
    ['perhaps not there', { status: 'unconfirmed' }],
  ] as const)(
    'comes by a webhook that proves that a post is public which is, by all that is known, %s',
    async (_, state) => {
      await using world = await worldWith({ scopes: WITHOUT_LIST });
      const at = world.now();
      const times = { checkedAt: at, nextCheckAt: at + HOUR_MS, settledAt: at, pulledBytes: 9 };
      const { id } = await world.submit({ ...times, ...state, publishId: 'p1' });
      await world.nod.signals.link('p1', id);
      await world.nod.signals.hint('p1', { postId: '7', isPublic: true, since: 20 });
      const scheduled: string[] = [];
      await world.openAnother().publisher.resume((postId) => void scheduled.push(postId));
      expect(scheduled).toContain(id);
      await world.step(id);
      expect(await world.read(id)).toMatchObject({ status: 'published', publishId: 'p1', postIds: ['7'] });
      expect(linksOf(await world.read(id))).toHaveLength(1);
      expect(callsTo(world, 'status/fetch')).toBe(0);
    },
  );

  it('comes by the webhook that arrives after all patience', async () => {
    await using world = await worldWith({ webhooks: true, scopes: WITHOUT_LIST });
    world.tiktok.options.moderationMs = 80 * HOUR_MS;
    const { id } = await publish(world);
    expect(linksOf(await patience(world, id))).toEqual([]);
    const { publishId } = (await world.read(id)) as Extract<Post, { status: 'published' }>;
    world.tiktok.setModeration(publishId, 'approve');
    await arrived(world, AVAILABLE);
    await world.step(id);
    expect(linksOf(await world.read(id))).toHaveLength(1);
  });

  it('comes by a webhook of which only the note was left when Nod died', async () => {
    await using world = await worldWith({ webhooks: true, scopes: WITHOUT_LIST });
    const { id } = await publish(world);
    await arrived(world, AVAILABLE);
    const scheduled = new Map<string, number>();
    await world.openAnother().publisher.resume((postId, at) => scheduled.set(postId, at));
    expect(scheduled.get(id)).toBeLessThanOrEqual(world.now());
    await world.step(id);
    expect(linksOf(await world.read(id))).toHaveLength(1);
  });

  it('comes by the status alone', async () => {
    await using world = await worldWith({ statusTellsIds: true, scopes: WITHOUT_LIST });
    const { id } = await publish(world);
    expect(linksOf(await patience(world, id))).toEqual([
      expect.stringMatching(new RegExp(`/photo/${postOf(world)?.id}$`)),
    ]);
  });

  it('is TikTok’s own where the account lets Nod read its posts', async () => {
    await using world = await worldWith({ statusTellsIds: true });
    const { id } = await publish(world);
    const [link] = linksOf(await patience(world, id));
    expect(link).toBe(`https://www.tiktok.com/@${world.tiktok.creator.username}/photo/${postOf(world)?.id}`);
    expect(callsTo(world, 'video/query')).toBe(1);
    expect(callsTo(world, 'video/list')).toBe(0);
  });

  it('comes by the list of the creator’s posts alone', async () => {
    await using world = await worldWith({});
    world.tiktok.options.flattenCaptions = true;
    world.tiktok.postInApp({ caption: 'Something else' });
    const { id } = await publish(world);
    const post = await patience(world, id);
    const ours = world.tiktok.state.posts.find(({ publishId }) => publishId !== undefined);
    expect(post).toMatchObject({ status: 'published', postIds: [ours?.id] });
  });

  it('is found by the beginning of a caption that the list has cut', async () => {
    await using world = await worldWith({});
    const { id } = await publish(world, `${'A long caption about nothing. '.repeat(20)}The end.`);
    expect(linksOf(await patience(world, id))).toHaveLength(1);
  });

  it('is not looked for without an end, and then the post says so', async () => {
    await using world = await worldWith({ scopes: WITHOUT_LIST });
    const { id } = await publish(world);
    const post = await patience(world, id);
    expect(post).toMatchObject({ status: 'published', postIds: [] });
    expect(post).not.toHaveProperty('nextCheckAt');
  });

  it('costs four calls with webhooks, the look at the creator included', async () => {
    await using world = await worldWith({ webhooks: true });
    const { id } = await publish(world);
    await arrived(world, AVAILABLE);
    await patience(world, id);
    expect(linksOf(await world.read(id))).toHaveLength(1);
    // The draft's card asks once more what the creator may do.
    expect(
      world.tiktok.state.requests.filter(({ endpoint }) => endpoint !== undefined).length,
    ).toBeLessThanOrEqual(3);
  });
});

describe('the list of a creator’s posts', () => {
  it('proves nothing where two posts have the caption', async () => {
    await using world = await worldWith({ listsPhotos: true });
    const { id } = await publish(world);
    world.tiktok.clock.advance(1_000);
    world.tiktok.postInApp({ caption: CAPTION, kind: 'photo' });
    expect(linksOf(await patience(world, id))).toEqual([]);
  });

  it('proves nothing where two posts of ours could be the one in it', async () => {
    await using world = await worldWith({});
    const first = await publish(world);
    const second = await world.submit({ status: 'queued' }, { caption: CAPTION });
    world.tiktok.clock.advance(1_000);
    world.tiktok.options.moderationMs = 100 * HOUR_MS;
    await world.finish(second.id);
    for (const { id } of [first, second]) expect(linksOf(await patience(world, id))).toEqual([]);
  });

  it.each([
    ['has another caption', { caption: `${CAPTION} and more` }],
    ['was made two hours before', { createdAt: -2 * HOUR_MS }],
    ['was made before ours went to TikTok', { createdAt: -HOUR_MS / 6 }],
    ['begins like it and then shows nothing', { caption: `${CAPTION[0]}${'\u200B'.repeat(149)}` }],
    ['begins like it and goes on with spaces', { caption: `First${'\n'.repeat(144)}…` }],
    ['is a video', { kind: 'video' as const }],
    ['has no caption', { caption: '' }],
  ])(
    'does not give a post that %s',
    async (_, made: { createdAt?: number; caption?: string; kind?: 'video' }) => {
      const { createdAt = 0, ...other } = made;
      await using world = await worldWith({});
      world.tiktok.options.moderationMs = 1_000 * HOUR_MS;
      world.tiktok.postInApp({
        kind: 'photo',
        caption: CAPTION,
        ...other,
        createdAt: world.now() + createdAt,
      });
      const { id } = await publish(world);
      expect(linksOf(await patience(world, id))).toEqual([]);
    },
  );

  it('proves nothing where a draft of ours in the TikTok inbox could be the one in it', async () => {
    await using world = await worldWith({});
    const draft = await world.submit({ status: 'queued' }, { caption: CAPTION, postMode: 'MEDIA_UPLOAD' });
    expect(await world.finish(draft.id)).toMatchObject({ status: 'in_inbox' });
    world.tiktok.clock.advance(50 * HOUR_MS);
    world.tiktok.options.moderationMs = 1_000 * HOUR_MS;
    const { id } = await publish(world);
    world.tiktok.postInApp({ kind: 'photo', caption: CAPTION });
    expect(linksOf(await patience(world, id))).toEqual([]);
  });

  it('does not give a post without a caption one that has none', async () => {
    await using world = await worldWith({});
    const { id } = await publish(world, '');
    expect(linksOf(await patience(world, id))).toEqual([]);
  });

  it('does not give a post the id of another of ours', async () => {
    await using world = await worldWith({});
    const first = await publish(world);
    expect(linksOf(await patience(world, first.id))).toHaveLength(1);
    world.tiktok.options.moderationMs = 1_000 * HOUR_MS;
    const second = await publish(world);
    expect(linksOf(await patience(world, second.id))).toEqual([]);
  });
});

describe('a post that is no longer public', () => {
  it('says so, and is live again when TikTok shows it again', async () => {
    await using world = await worldWith({ webhooks: true });
    const { id } = await publish(world);
    await arrived(world, AVAILABLE);
    await world.step(id);
    const { publishId } = (await world.read(id)) as Extract<Post, { status: 'published' }>;
    world.tiktok.setModeration(publishId, 'remove');
    await arrived(world, GONE);
    await world.step(id);
    const gone = await world.read(id);
    expect([isTakenDown(gone), linksOf(gone)]).toEqual([true, []]);
    world.tiktok.setModeration(publishId, 'approve');
    world.tiktok.clock.advance(1_000);
    await world.tiktok.whenWebhook(
      (one) =>
        one.event === AVAILABLE &&
        one.delivered &&
        one !== world.tiktok.state.webhooks.find(({ event }) => event === AVAILABLE),
    );
    await world.step(id);
    const back = await world.read(id);
    expect([isTakenDown(back), linksOf(back)]).toEqual([false, [expect.any(String)]]);
  });

  it('stays so where the older event comes last', async () => {
    await using world = await worldWith({ webhooks: true });
    const { id } = await publish(world);
    const { publishId } = (await world.read(id)) as Extract<Post, { status: 'published' }>;
    const { hint } = world.nod.signals;
    await hint(publishId, { postId: '7', isPublic: false, since: 20 });
    await hint(publishId, { postId: '7', isPublic: true, since: 10 });
    await world.step(id);
    expect(isTakenDown(await world.read(id))).toBe(true);
  });
});
