import type { Post } from '../publish/post.ts';
import { eachUnderWay } from '../publish/posts.ts';
import { fail } from '../publish/transition.ts';
import type { Store, Versioned } from '../storage/database.ts';

/** The database comes from a backup: what happened after it was made is not in it. Epoch milliseconds. */
export interface Restoration extends Versioned {
  readonly madeAt: number;
  readonly restoredAt: number;
}

const KEY = 'last';

/**
 * Holds back what may have been published since the backup that the data come from, once, so that nothing goes out twice:
 * people look at the account, and try again. What is planned for later may have been published early; it waits for somebody to
 * say that it was not. What TikTok can be asked about goes on.
 *
 * How many posts it holds back.
 */
export async function holdRestored({
  restorations,
  posts,
  now,
}: {
  restorations: Store<Restoration>;
  posts: Store<Post>;
  now: () => number;
}): Promise<number> {
  const restoration = await restorations.get(KEY);
  if (restoration === undefined) return 0;
  let count = 0;
  for await (const { id, status } of eachUnderWay(posts)) {
    if (status === 'processing') continue;
    await posts.update(id, (post) => hold(post, restoration, now()));
    count += 1;
  }
  await restorations.delete(KEY);
  return count;
}

function hold(post: Post, { restoredAt }: Restoration, now: number): Post {
  const isPlanned = post.publishAt !== undefined && post.publishAt > restoredAt;
  return isPlanned ? { ...post, restoredAt } : fail(post, { reason: 'restored' }, now);
}
