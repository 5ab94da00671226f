import { performance } from 'node:perf_hooks';
import type { Post, PostIn } from '../../src/core/publish/post.ts';
import { connectAnother, createCoreWorld } from '../core/core-world.ts';
import { openMembers } from '../core/members.ts';
import { NO_REDIS, startRedis } from '../redis-server.ts';
import { type Figure, median } from './report.ts';

const ACCOUNTS = 24;
/** TikTok takes six `init` a minute of one account. */
const POSTS_EACH = 5;
const MEMBERS = 3;
const ROUNDS = 5;

/** How many posts a second are looked at for the limits that they may reach, with the records in a file and in Redis. */
export async function benchLimits(): Promise<Figure[]> {
  const what = `looks at limits a second, ${ACCOUNTS} accounts with ${POSTS_EACH} posts each at once`;
  const inFile = await measure();
  if (NO_REDIS !== undefined) return [{ what, figure: String(inFile), beside: NO_REDIS }];
  const redis = await startRedis();
  try {
    const inRedis = await measure(redis.newUrl());
    const beside = `${inRedis} by ${MEMBERS} members of a Nod in Redis, which share one processor here`;
    return [{ what, figure: String(inFile), beside }];
  } finally {
    await redis.stop();
  }
}

/** The median of all rounds; one Nod by itself, or its members in a Redis. */
async function measure(url?: string): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createCoreWorld());
  const nods =
    url === undefined ? [world.nod] : stack.use(await openMembers(world, { url, count: MEMBERS })).nods;
  const posts: Post[] = [];
  for (let account = 0; account < ACCOUNTS; account += 1) {
    const openId = await connectAnother(world, `person${account}`);
    for (let count = 0; count < POSTS_EACH; count += 1)
      posts.push(await world.submit({ status: 'queued' }, { openId }));
  }
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    await Promise.all(
      posts.map((post, at) => nods[at % nods.length]?.quotas.holdBack(post as PostIn<'queued'>)),
    );
    rates.push(posts.length / ((performance.now() - began) / 1_000));
  }
  return Math.round(median(rates));
}
