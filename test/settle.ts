import { once } from 'node:events';
import { watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { InboxRecord } from '../src/bots/telegram/index.ts';
import type { Draft } from '../src/core/compose/draft.ts';
import { dueAt, type Post } from '../src/core/publish/post.ts';
import { eachUnderWay } from '../src/core/publish/posts.ts';
import type { Stores } from '../src/core/storage/database.ts';
import { PATIENCE_MS } from './emulators/watch.ts';
import type { World } from './world.ts';
import { openWorldRecords } from './world-records.ts';

/** Of a Redis nobody hears when something is written. */
const LOOK_EVERY_MS = 100;
/** More than any story needs to come to rest. */
const MAX_ROUNDS = 20;

type Records = Pick<World, 'environment' | 'dataDir'>;

/**
 * Stops Nod once nothing is under way: it has received and handled all that was sent, every card is drawn, no post is
 * due, no file waits and TikTok pulls nothing. What is missing then would not have come later.
 */
export async function settle(
  world: Pick<World, 'telegram' | 'discord' | 'tiktok' | 'environment' | 'dataDir'>,
  { start, stop }: { start: () => PromiseLike<void>; stop: () => PromiseLike<void> },
): Promise<void> {
  const { telegram, discord, tiktok } = world;
  for (let rounds = 1; ; rounds += 1) {
    await telegram.waitUntilFetched();
    await discord?.waitUntilHeard();
    await tiktok.whenNothingIsPulled();
    await whenPrepared(world);
    // Stopping finishes what has begun; whatever else there is to do begins with the next start.
    await stop();
    const left = await leftIn(world);
    if (left.length === 0) return;
    if (rounds === MAX_ROUNDS) throw new Error(`Nod does not come to rest: ${left.join(', ')}.`);
    await start();
  }
}

/** Resolves once no file of a draft waits, which a stop would end and every start begin anew. */
async function whenPrepared(world: Records): Promise<void> {
  await using stores = await openWorldRecords(world);
  if ('REDIS_URL' in world.environment) return await whenPreparedInRedis(stores);
  const writes = watch(world.dataDir);
  try {
    for (;;) {
      const written = once(writes, 'change', { signal: AbortSignal.timeout(PATIENCE_MS) });
      written.catch(() => {});
      const [left] = await draftsIn(stores);
      if (left === undefined) return;
      await written.catch((cause: unknown) => {
        throw new Error(`Nod does not come to rest: ${left}.`, { cause });
      });
    }
  } finally {
    writes.close();
  }
}

async function whenPreparedInRedis(stores: Stores): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const [left] = await draftsIn(stores);
    if (left === undefined) return;
    if (performance.now() > until) throw new Error(`Nod does not come to rest: ${left}.`);
    await delay(LOOK_EVERY_MS);
  }
}

/** What a Nod that does not run would go on with when it starts. */
async function leftIn(world: Records): Promise<string[]> {
  await using stores = await openWorldRecords(world);
  return [...(await updatesIn(stores)), ...(await postsIn(stores)), ...(await draftsIn(stores))];
}

async function updatesIn(stores: Stores): Promise<string[]> {
  const updates = await Array.fromAsync(stores.store<InboxRecord>('telegram-inbox').entries());
  return updates.filter(([, { state }]) => state === 'waiting').map(([id]) => `update ${id}`);
}

async function postsIn(stores: Stores): Promise<string[]> {
  const now = Date.now();
  const posts = await Array.fromAsync(eachUnderWay(stores.store<Post>('posts')));
  return posts
    .filter((post) => (dueAt(post) ?? Number.POSITIVE_INFINITY) <= now)
    .map(({ id, status }) => `post ${id} is ${status}`);
}

async function draftsIn(stores: Stores): Promise<string[]> {
  const drafts = await Array.fromAsync(stores.store<Draft>('drafts').entries());
  return drafts
    .filter(([, { files }]) => files.some(({ state }) => state === 'waiting' || state === 'stored'))
    .map(([id]) => `draft ${id} has files to prepare`);
}
