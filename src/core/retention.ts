import type { Logger } from 'pino';
import type { Draft } from './draft.ts';
import type { MediaStore } from './media/store.ts';
import { isSettled, type Post } from './post.ts';
import type { Store } from './stores.ts';

const SWEEP_EVERY_MS = 3_600_000;
/** A file this young may belong to a draft that is just being written. */
const YOUNG_MS = 3_600_000;
/** How long a post that came to nothing can be tried again with its files. */
const RETRYABLE_MS = 7 * 24 * 3_600_000;

/** Deletes media that nothing needs any more: what was posted at once, what failed after a week. */
export function createRetention({
  drafts,
  posts,
  mediaStore,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  mediaStore: MediaStore;
  now: () => number;
  log: Logger;
}) {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  function start(): void {
    const run = () => {
      sweeping = sweep().catch((error) => log.error({ err: error }, 'Old media could not be deleted'));
    };
    timer = setInterval(run, SWEEP_EVERY_MS);
    run();
  }

  async function sweep(): Promise<void> {
    const keep = new Set<string>();
    for await (const [, draft] of drafts.entries()) {
      for (const key of keysOfDraft(draft)) keep.add(key);
    }
    for await (const [, post] of posts.entries()) {
      if (needsMedia(post)) for (const key of keysOfPost(post)) keep.add(key);
    }
    const removed = await mediaStore.sweep({ keep, olderThanMs: YOUNG_MS, now: now() });
    if (removed.count > 0) log.info(removed, 'Deleted media that nothing needs any more');
  }

  function needsMedia(post: Post): boolean {
    if (!isSettled(post)) return true;
    if (post.status === 'published' || post.status === 'in_inbox') return false;
    return 'settledAt' in post && now() - post.settledAt < RETRYABLE_MS;
  }

  async function stop(): Promise<void> {
    clearInterval(timer);
    await sweeping;
  }

  return { start, sweep, stop };
}

function keysOfDraft(draft: Draft): string[] {
  const files = draft.files.flatMap((file) => {
    if (file.state === 'ready') return [file.source.key, file.media.file.key];
    return file.state === 'stored' ? [file.source.key] : [];
  });
  return draft.preview === undefined ? files : [...files, draft.preview.key];
}

function keysOfPost(post: Post): string[] {
  const sources = post.content.sources.map((source) => source.file.key);
  const media = (post.media ?? []).map((item) => item.file.key);
  return [...sources, ...media, ...(post.preview === undefined ? [] : [post.preview.key])];
}
