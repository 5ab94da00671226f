import { type Pacing, retryDelayMs } from './pacing.ts';
import type { Next, Post, PostBase, PostFailure } from './post.ts';

/** The post without what belongs to its status alone. */
export function baseOf(post: Post): PostBase {
  const { id, version, workspace, chat, author, draftId, account, content, contentHash, createdAt } = post;
  const { media, preview, review, publishAt, readyAt, attempts, retries } = post;
  return {
    ...{ id, version, workspace, chat, author, draftId, account, content, contentHash, createdAt },
    ...(media !== undefined && { media }),
    ...(preview !== undefined && { preview }),
    ...(review !== undefined && { review }),
    ...(publishAt !== undefined && { publishAt }),
    ...(readyAt !== undefined && { readyAt }),
    attempts,
    retries,
  };
}

/** Ends the post because it cannot be published. */
export function fail(post: Post, failure: PostFailure, now: number): Post {
  return { ...baseOf(post), status: 'failed', failure, settledAt: now };
}

/** What a refusal makes of a post: it waits for a limit, tries again, or ends. */
export function proceed(post: Post, failure: PostFailure, next: Next, now: number, pacing: Pacing): Post {
  if (next.type === 'hold') return waitFor(post, failure, next.delayMs, now, pacing);
  return next.type === 'retry' ? retry(post, failure, now) : fail(post, failure, now);
}

/** Waits for a limit to pass, without counting it as a try, for as long as patience lasts. */
function waitFor(post: Post, failure: PostFailure, delayMs: number, now: number, pacing: Pacing): Post {
  if (now + delayMs > (post.readyAt ?? post.createdAt) + pacing.patienceMs) return fail(post, failure, now);
  return { ...baseOf(post), status: 'queued', notBefore: now + delayMs, wait: failure };
}

/** Another attempt after one that certainly came to nothing; bounded and ever slower. */
export function retry(post: Post, failure: PostFailure, now: number): Post {
  const delayMs = retryDelayMs(post.retries);
  if (delayMs === undefined) return fail(post, failure, now);
  return {
    ...baseOf(post),
    retries: post.retries + 1,
    status: 'queued',
    notBefore: now + delayMs,
    wait: failure,
  };
}
