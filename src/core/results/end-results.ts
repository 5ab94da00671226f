import type { Post } from '../publish/post.ts';
import { withResultsOf } from '../publish/posts.ts';
import type { Signals } from '../publish/signals.ts';
import type { Store, Versioned } from '../storage/database.ts';

const PAGE = 100;
/** A look that was under way when the access ended is over by then. */
const CERTAIN_AFTER_MS = 3_600_000;

/** Our access to an account has ended, and the numbers of its posts are still to be deleted. */
export interface EndedAccess extends Versioned {
  readonly endedAt: number;
}

/** Has the numbers of all posts of an account deleted when our access to it ends, also across a crash. */
export function createResultsEnding({
  ended,
  posts,
  signals,
  now,
}: {
  /** By the account. */
  ended: Store<EndedAccess>;
  posts: Pick<Store<Post>, 'find'>;
  signals: Pick<Signals, 'endResults'>;
  now: () => number;
}) {
  /** To be called before the account is deleted, so that a crash leaves neither. */
  async function endAccess(openId: string): Promise<void> {
    const endedAt = now();
    await ended.upsert(openId, () => ({ endedAt }));
    await endResultsOf(openId, endedAt);
  }

  /** How many posts had some. Only their own ticks delete them. */
  async function endResultsOf(openId: string, endedAt: number): Promise<number> {
    const ids: string[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const page = await withResultsOf(posts, openId, endedAt + 1, { limit: PAGE, offset });
      ids.push(...page.map(({ id }) => id));
      if (page.length < PAGE) break;
    }
    for (const id of ids) await signals.endResults(id, endedAt);
    return ids.length;
  }

  /** Goes on with what a crash has left. */
  async function sweep(): Promise<void> {
    for await (const [openId, { endedAt }] of ended.entries()) {
      const count = await endResultsOf(openId, endedAt);
      if (count === 0 && now() - endedAt > CERTAIN_AFTER_MS) await ended.delete(openId);
    }
  }

  return { endAccess, sweep };
}
