import { expect, it } from 'vitest';
import { isSettled, type Post } from '../../../src/core/publish/post.ts';
import { type CoreWorld, createCoreWorld, withBytes } from '../core-world.ts';
import { DAY_MS, dayOf, LIVES, listenTo, passUntil, refreshesOf, type Told } from './keeping.ts';

const PLANS = [1, 100, 190] as const;
const LAST_DAY = 200;

/** Ana's account, and a post planned for each of the days; nothing else ever happens with it. */
async function plannedWorld(strict: { refreshRenewsLifetime: boolean }) {
  const world = await createCoreWorld({ tiktok: { ...LIVES, strict } });
  const begunAt = world.now();
  await world.connect();
  const ids: string[] = [];
  for (const day of PLANS) {
    const publishAt = begunAt + day * DAY_MS;
    const planned = { status: 'queued', publishAt, notBefore: publishAt, readyAt: publishAt } as const;
    ids.push((await world.submit(planned)).id);
  }
  return { world, begunAt, ids };
}

/** Lets 200 days pass, with nothing but the keeper's rounds and the posts' ticks; `onDay` is what people do. */
async function play(
  { world, begunAt, ids }: Awaited<ReturnType<typeof plannedWorld>>,
  { onDay = async () => {} }: { onDay?: (day: number, told: readonly Told[]) => Promise<void> } = {},
) {
  const told = listenTo(world.nod, world, [], begunAt);
  for (let day = 1; day <= LAST_DAY; day += 1) {
    await passUntil(world, begunAt + day * DAY_MS);
    await onDay(day, told);
    for (const id of ids) await tickDue(world, id, begunAt + (day + 0.9) * DAY_MS);
  }
  const posts = await Promise.all(ids.map((id) => world.read(id)));
  return { told, posts, days: posts.map((post) => settledOn(post, begunAt)) };
}

/** Ticks a post as long as it wants that before a moment. */
async function tickDue(world: CoreWorld, id: string, until: number): Promise<void> {
  for (let next = await world.step(id); next !== undefined && next < until; next = await world.step(id)) {
    const post = await world.read(id);
    if (isSettled(post)) return;
    if (post.status === 'processing') await world.pulled(post.publishId);
    world.tiktok.clock.advance(Math.max(0, next - world.now()));
  }
}

const settledOn = (post: Post, begunAt: number): number | undefined =>
  'settledAt' in post ? Math.floor((post.settledAt - begunAt) / DAY_MS) : undefined;

const statusesOf = (posts: readonly Post[]) => posts.map(({ status }) => status);

it('publishes each post once where TikTok renews the refresh token', async () => {
  const planned = await plannedWorld({ refreshRenewsLifetime: true });
  await using world = planned.world;
  const { told, posts, days } = await play(planned);
  expect(statusesOf(posts)).toEqual(['published', 'published', 'published']);
  expect(days).toEqual([1, 100, 190]);
  expect(withBytes(world.tiktok)).toHaveLength(3);
  expect(told).toEqual([]);
  // One for each post, as the access token lives for two hours, and one every three months.
  expect(refreshesOf(world).length).toBeLessThanOrEqual(PLANS.length + 3);
});

it('tells 40 and 17 days before the plan that the end of the access comes first, and loses nothing that is heeded', async () => {
  const planned = await plannedWorld({ refreshRenewsLifetime: false });
  await using world = planned.world;
  const { told, posts, days } = await play(planned, {
    onDay: async (day) => {
      if (day === 174) await world.connect();
    },
  });
  expect(told).toEqual([
    { day: 150, type: 'ending' },
    { day: 173, type: 'ending' },
  ]);
  expect(statusesOf(posts)).toEqual(['published', 'published', 'published']);
  expect(days).toEqual([1, 100, 190]);
  expect(withBytes(world.tiktok)).toHaveLength(3);
  expect(refreshesOf(world).length).toBeLessThanOrEqual(PLANS.length + 5);
});

it('waits a day for an account whose end nobody has heeded, and then says why', async () => {
  const planned = await plannedWorld({ refreshRenewsLifetime: false });
  await using world = planned.world;
  const { told, posts, days } = await play(planned);
  expect(told).toEqual([
    { day: 150, type: 'ending' },
    { day: 173, type: 'ending' },
    { day: 180, type: 'lost' },
  ]);
  expect(statusesOf(posts)).toEqual(['published', 'published', 'failed']);
  expect(posts[2]).toMatchObject({ failure: { reason: 'account_disconnected' } });
  expect(days).toEqual([1, 100, 191]);
  expect(withBytes(world.tiktok)).toHaveLength(2);
  expect(refreshesOf(world).length).toBeLessThanOrEqual(PLANS.length + 6);
});

it('publishes on the day itself what waited for an account that is connected again', async () => {
  const planned = await plannedWorld({ refreshRenewsLifetime: false });
  await using world = planned.world;
  const id = planned.ids[2] ?? '';
  const { posts, days } = await play(planned, {
    onDay: async (day) => {
      if (day !== 190) return;
      await tickDue(world, id, world.now() + 1);
      expect(await world.read(id)).toMatchObject({ wait: { reason: 'account_disconnected' } });
      world.tiktok.clock.advance(3 * 3_600_000);
      await world.connect();
    },
  });
  expect(statusesOf(posts)).toEqual(['published', 'published', 'published']);
  expect(days).toEqual([1, 100, 190]);
  expect(withBytes(world.tiktok)).toHaveLength(3);
});

it.each(['heeded', 'not heeded'])('tells at once that the answer to a refresh got lost, %s', async (how) => {
  const planned = await plannedWorld({ refreshRenewsLifetime: true });
  await using world = planned.world;
  const { told, posts } = await play(planned, {
    onDay: async (day, sofar) => {
      // The one of the keeper, in the quiet between the first two posts.
      if (day === 2) world.tiktok.fault('drop-token-reply');
      if (how === 'heeded' && sofar.length === 1 && day === 95) await world.connect();
    },
  });
  expect(told.map(({ type }) => type)).toEqual(['lost']);
  const [{ day = 0 } = {}] = told;
  expect(PLANS[1] - day).toBeGreaterThanOrEqual(7);
  const rest = how === 'heeded' ? 'published' : 'failed';
  expect(statusesOf(posts)).toEqual(['published', rest, rest]);
  expect(withBytes(world.tiktok)).toHaveLength(how === 'heeded' ? 3 : 1);
  expect(refreshesOf(world).length).toBeLessThanOrEqual(PLANS.length + 4);
  // A day of the emulator's is a day of ours.
  expect(dayOf(world.now() - planned.begunAt)).toBeGreaterThanOrEqual(LAST_DAY);
});
