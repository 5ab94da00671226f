import { performance } from 'node:perf_hooks';
import pino from 'pino';
import { openCluster } from '../../src/core/cluster/redis/open-cluster.ts';
import type { Post, PostIn } from '../../src/core/publish/post.ts';
import { openRedisStores } from '../../src/core/storage/redis/open-stores.ts';
import { createCoreWorld, grantOf } from '../core/core-world.ts';
import type { Nod } from '../core/nod.ts';
import { ANA, CHAT, WORKSPACE } from '../core/posts.ts';
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
  const inFile = await measure([]);
  if (NO_REDIS !== undefined) return [{ what, figure: String(inFile), beside: NO_REDIS }];
  const redis = await startRedis();
  try {
    const url = redis.newUrl();
    const urls = Array.from({ length: MEMBERS }, () => url);
    return [
      {
        what,
        figure: String(inFile),
        beside: `${await measure(urls)} by ${MEMBERS} members of a Nod in Redis, which share one processor here`,
      },
    ];
  } finally {
    await redis.stop();
  }
}

/** The median of all rounds; one Nod by itself, or a member for each address of Redis. */
async function measure(urls: readonly string[]): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createCoreWorld());
  const nods: Nod[] = urls.length === 0 ? [world.nod] : [];
  for (const [index, url] of urls.entries()) {
    const log = pino({ level: 'silent' });
    const cluster = stack.use(await openCluster({ url, id: `member ${index}`, mayLead: false, log }));
    nods.push(world.openAnother({ shared: { stores: await openRedisStores({ url }), cluster } }));
  }
  const posts: Post[] = [];
  for (let account = 0; account < ACCOUNTS; account += 1) {
    const { username } = world.tiktok.seedCreator({ username: `person${account}` });
    const pair = world.tiktok.grant({ creator: username });
    const where = { workspace: WORKSPACE, chat: CHAT, person: ANA, info: undefined };
    await world.nod.accounts.connect({ ...where, grant: grantOf(pair) });
    for (let count = 0; count < POSTS_EACH; count += 1)
      posts.push(await world.submit({ status: 'queued' }, { openId: pair.open_id }));
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
