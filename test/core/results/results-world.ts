import { nextLookAt } from '../../../src/core/publish/pacing.ts';
import type { Post, PostIn } from '../../../src/core/publish/post.ts';
import { type CoreWorld, type CoreWorldOptions, createCoreWorld } from '../core-world.ts';
import { HOUR_MS } from '../posts.ts';

export const DAY_MS = 24 * HOUR_MS;
export const COUNTS = { views: 1_204, likes: 88, comments: 7, shares: 3 };

/** A core that reads how posts do, with Ana's account, and posts of hers that are live. */
export async function createResultsWorld(options: CoreWorldOptions = {}) {
  const world = await createCoreWorld({ stats: true, ...options });
  if (options.tiktok === undefined) await world.connect();
  const { tiktok, now } = world;

  /** A post of Ana's that is live since now, as so many posts on her profile. */
  async function live({ ids = 1, openId = tiktok.openIdOf() } = {}) {
    const onProfile = Array.from({ length: ids }, () => tiktok.postInApp());
    for (const { id } of onProfile) tiktok.setCounts(id, COUNTS);
    const postIds = onProfile.map(({ id }) => id);
    const { id } = await world.submit(
      {
        status: 'published',
        publishId: `p${postIds[0]}`,
        postIds,
        checks: 0,
        checkedAt: now(),
        settledAt: now(),
        nextResultsAt: nextLookAt(now(), { now: now() }),
      },
      { openId },
    );
    return { id, postIds };
  }

  const queries = () => tiktok.state.requests.filter(({ endpoint }) => endpoint === 'video/query');

  async function read(id: string): Promise<PostIn<'published'>> {
    const post: Post = await world.read(id);
    if (post.status !== 'published') throw new Error(`The post is ${post.status}.`);
    return post;
  }

  /** Moves the clock to the next look that anything plans, and ticks all that are due as the engine would: at once. */
  async function round(ids: readonly string[], nod = world.nod): Promise<boolean> {
    const planned = (await Promise.all(ids.map(read))).map(({ nextResultsAt }) => nextResultsAt);
    const next = Math.min(...planned.map((at = Number.POSITIVE_INFINITY) => at));
    if (next === Number.POSITIVE_INFINITY) return false;
    tiktok.clock.advance(Math.max(0, next - now()));
    await tickAll(ids, nod);
    return true;
  }

  /** Ticks them all side by side until none is due. */
  async function tickAll(ids: readonly string[], nod: CoreWorld['nod'] = world.nod): Promise<void> {
    await Promise.all(ids.map((id) => world.step(id, nod)));
  }

  return { ...world, nod: world.nod, world, live, queries, read, round, tickAll };
}
