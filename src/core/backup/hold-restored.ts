import type { Post } from '../publish/post.ts';
import { underWay } from '../publish/posts.ts';
import { fail } from '../publish/transition.ts';
import type { Store, Versioned } from '../storage/database.ts';

/** The database comes from a backup: what happened after it was made is not in it. Epoch milliseconds. */
export interface Restoration extends Versioned {
  readonly madeAt: number;
  readonly restoredAt: number;
}

const KEY = 'last';

/**
 * Ends what may have been published since the backup that the data come from, once, so that nothing goes out twice: people
 * look at the account, and try again. What TikTok can be asked about goes on, and so does what is planned for later.
 *
 * How many posts it has ended.
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
  for (const { id } of (await underWay(posts)).filter((post) => mayBeOut(post, restoration))) {
    await posts.update(id, (post) => fail(post, { reason: 'restored' }, now()));
    count += 1;
  }
  await restorations.delete(KEY);
  return count;
}

function mayBeOut(post: Post, { restoredAt }: Restoration): boolean {
  if (post.status === 'processing') return false;
  return post.publishAt === undefined || post.publishAt <= restoredAt;
}
