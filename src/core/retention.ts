import { setImmediate as others } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Keeper, Usage } from './compose/disk-usage.ts';
import type { Draft } from './compose/draft.ts';
import { keeperOf } from './compose/limits.ts';
import type { MediaStore } from './media/store.ts';
import type { StoredFile } from './media/types.ts';
import type { Post } from './publish/post.ts';
import { postsOfDraft, settledBefore, settledSince, underWay } from './publish/posts.ts';
import type { Store } from './storage/database.ts';

const SWEEP_EVERY_MS = 3_600_000;
/** A file this young may belong to a draft that is just being written. */
const YOUNG_MS = 3_600_000;
/** How long a post that came to nothing can be tried again with its files, and any card be shown again. */
const KEPT_MS = 7 * 24 * 3_600_000;
const PAGE = 100;

/**
 * Deletes media that nothing needs any more: what was posted at once, what failed and previews after a week. Deletes posts
 * when they have been settled for long.
 *
 * On the way it counts for whom the rest is kept.
 */
export function createRetention({
  drafts,
  posts,
  mediaStore,
  usage,
  keepPostsMs,
  forget,
  alsoSweep,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  mediaStore: MediaStore;
  usage: Usage;
  /** How long a post is kept after it has settled. */
  keepPostsMs: number;
  /** Deletes what others keep about a post. The history is not about the post alone and stays. */
  forget: (post: Post) => Promise<void>;
  /** Goes along every hour. */
  alsoSweep: () => Promise<void>;
  now: () => number;
  log: Logger;
}) {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  let isStopping = false;

  function start(): void {
    const run = () => {
      sweeping = sweepAll().catch((error) =>
        log.error({ err: error }, 'What nothing needs could not be deleted'),
      );
    };
    timer = setInterval(run, SWEEP_EVERY_MS);
    run();
  }

  async function sweepAll(): Promise<void> {
    await sweep();
    await alsoSweep();
    await sweepPosts();
  }

  /** Deletes what settled long ago, unless it goes on as a post that has not; a crash in between leaves it to the next sweep. */
  async function sweepPosts(): Promise<void> {
    const before = now() - keepPostsMs;
    let kept = 0;
    let count = 0;
    while (!isStopping) {
      const page = await settledBefore(posts, before, { limit: PAGE, offset: kept });
      for (const { draftId } of page) {
        // The database answers without a pause, and other work has its turn in between.
        await others();
        if (isStopping) break;
        const all = await postsOfDraft(posts, draftId);
        if (all.every((post) => 'settledAt' in post && post.settledAt < before)) {
          for (const post of all) await remove(post);
          count += all.length;
        } else kept += 1;
      }
      if (page.length < PAGE) break;
    }
    if (count > 0) log.info({ count }, 'Deleted posts that settled long ago');
  }

  /** The post goes last, so that what a crash leaves is found by it. */
  async function remove(post: Post): Promise<void> {
    // Should a draft be left from which it was made, it would be made again.
    await drafts.delete(post.id);
    await forget(post);
    await posts.delete(post.id);
  }

  async function sweep(): Promise<void> {
    const keep = new Set<string>();
    await usage.recount(
      async (count) => {
        const keepAll = (keeper: Keeper, files: readonly StoredFile[]) => {
          for (const { key } of files) keep.add(key);
          count(keeper, files);
        };
        for await (const [, draft] of drafts.entries()) keepAll(keeperOf(draft), filesOfDraft(draft));
        for (const post of await underWay(posts)) keepAll(keeperOf(post), filesOfPost(post));
        for (const post of await settledSince(posts, now() - KEPT_MS + 1))
          keepAll(keeperOf(post), filesOfPost(post));
      },
      { since: now() - YOUNG_MS },
    );
    const removed = await mediaStore.sweep({ keep, olderThanMs: YOUNG_MS, now: now() });
    if (removed.count > 0) log.info(removed, 'Deleted media that nothing needs any more');
  }

  function filesOfPost(post: Post): StoredFile[] {
    const isPosted = post.status === 'published' || post.status === 'in_inbox';
    return [...(isPosted ? [] : mediaOf(post)), ...(post.preview === undefined ? [] : [post.preview])];
  }

  async function stop(): Promise<void> {
    isStopping = true;
    clearInterval(timer);
    await sweeping;
  }

  return { start, sweep, sweepPosts, stop };
}

function filesOfDraft(draft: Draft): StoredFile[] {
  const files = draft.files.flatMap((file) => {
    if (file.state === 'ready') return [file.source, file.media.file];
    const begun = file.state === 'refused' ? file.retry : file;
    return begun?.state === 'stored' ? [begun.source] : [];
  });
  return draft.preview === undefined ? files : [...files, draft.preview];
}

function mediaOf(post: Post): StoredFile[] {
  const sources = post.content.sources.map((source) => source.file);
  const media = (post.media ?? []).map((item) => item.file);
  return [...sources, ...media];
}
