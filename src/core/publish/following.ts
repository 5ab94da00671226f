import { type Pacing, statusCheckDelayMs } from './pacing.ts';
import type { Post, PostEvent, PostIn } from './post.ts';
import { baseOf, fail, proceed } from './steps.ts';

type StatusRead = Extract<PostEvent, { type: 'status_read' }>;
type StatusUnread = Extract<PostEvent, { type: 'status_unread' }>;
type Followable = PostIn<'processing' | 'published' | 'in_inbox'>;

/** Begins to follow what TikTok has taken. */
export function follow(post: PostIn<'submitting'>, publishId: string, now: number, pacing: Pacing): Post {
  return {
    ...baseOf(post),
    status: 'processing',
    attemptId: post.attemptId,
    publishId,
    since: now,
    checks: 0,
    checkedAt: now,
    nextCheckAt: now + statusCheckDelayMs(0, pacing),
    pulledBytes: 0,
  };
}

/** What TikTok’s answer about a publish makes of its post. */
export function afterStatus(post: Post, event: StatusRead, now: number, pacing: Pacing): Post {
  if (post.status !== 'processing' && post.status !== 'published' && post.status !== 'in_inbox') return post;
  const { status } = event.status;
  if (status === 'PUBLISH_COMPLETE') return publish(post, event, now, pacing);
  if (post.status === 'published') return checkLater(post, event.askedAt, now, pacing);
  if (status === 'SEND_TO_USER_INBOX') return deliverToInbox(post, event, now, pacing);
  if (post.status === 'in_inbox') return checkLater(post, event.askedAt, now, pacing);

  if (status === 'FAILED') return afterFailure(post, event, now, pacing);
  const pulled = withPulled(post, event);
  return isOutOfPatience(pulled, now, pacing)
    ? giveUpWaiting(pulled, now)
    : checkLater(pulled, event.askedAt, now, pacing);
}

/** Silence proves nothing: not even our own count, which begins anew with each start, that nothing was pulled. */
export function afterSilence(post: Post, event: StatusUnread, now: number, pacing: Pacing): Post {
  if (post.status !== 'processing') return checkLater(post, event.askedAt, now, pacing, event.retryAfterMs);
  const pulled = withPulled(post, event);
  return isOutOfPatience(pulled, now, pacing)
    ? leaveUnconfirmed(pulled, now)
    : checkLater(pulled, event.askedAt, now, pacing, event.retryAfterMs);
}

function withPulled(post: PostIn<'processing'>, { pulledBytes }: { pulledBytes: number }) {
  return { ...post, pulledBytes: Math.max(post.pulledBytes, pulledBytes) };
}

function isOutOfPatience(post: PostIn<'processing'>, now: number, pacing: Pacing): boolean {
  return now - post.since >= pacing.patienceMs;
}

function publish(post: Followable, event: StatusRead, now: number, pacing: Pacing): Post {
  const published = followed(post, 'published', event, now);
  // TikTok tells the id of a public post only, and only after it has moderated it.
  const expectsLink =
    event.status.postIds.length === 0 && post.content.settings.privacyLevel === 'PUBLIC_TO_EVERYONE';
  return expectsLink ? withLateCheck(published, now, pacing) : published;
}

function deliverToInbox(
  post: PostIn<'processing' | 'in_inbox'>,
  event: StatusRead,
  now: number,
  pacing: Pacing,
): Post {
  return withLateCheck(followed(post, 'in_inbox', event, now), now, pacing);
}

/** The post in a settled status that TikTok may tell more about; told again, it stays settled since when it was. */
function followed<S extends 'published' | 'in_inbox'>(
  post: Followable,
  status: S,
  event: StatusRead,
  now: number,
) {
  const before = post.status !== 'processing' && post.status === status ? post : undefined;
  return {
    ...baseOf(post),
    status,
    publishId: post.publishId,
    postIds: event.status.postIds,
    checks: before === undefined ? 0 : before.checks + 1,
    checkedAt: event.askedAt,
    settledAt: before?.settledAt ?? now,
  };
}

function afterFailure(post: PostIn<'processing'>, event: StatusRead, now: number, pacing: Pacing): Post {
  const failure = event.failure ?? { reason: 'unknown' as const };
  if (failure.reason === 'cancelled_at_tiktok')
    return { ...baseOf(post), status: 'cancelled', settledAt: now };
  return proceed(post, failure, event.next ?? { type: 'give_up' }, now, pacing);
}

/** Nothing has changed: the next look comes later. */
function checkLater(post: Post, checkedAt: number, now: number, pacing: Pacing, atLeastMs = 0): Post {
  if (post.status === 'processing') {
    const checks = post.checks + 1;
    const delayMs = Math.max(statusCheckDelayMs(checks, pacing), atLeastMs);
    return { ...post, checks, checkedAt, nextCheckAt: now + delayMs };
  }
  if (post.status !== 'published' && post.status !== 'in_inbox') return post;
  const { nextCheckAt, ...rest } = post;
  const checked = { ...rest, checks: post.checks + 1, checkedAt };
  return nextCheckAt === undefined ? checked : withLateCheck(checked, now, pacing, atLeastMs);
}

function giveUpWaiting(post: PostIn<'processing'>, now: number): Post {
  return post.pulledBytes === 0 ? fail(post, { reason: 'never_pulled' }, now) : leaveUnconfirmed(post, now);
}

function leaveUnconfirmed(post: PostIn<'processing'>, now: number): Post {
  return { ...baseOf(post), status: 'unconfirmed', publishId: post.publishId, settledAt: now };
}

/** Plans the next look at a post that is settled already, ever slower, until patience ends. */
function withLateCheck(
  post: Omit<PostIn<'published'>, 'nextCheckAt'> | Omit<PostIn<'in_inbox'>, 'nextCheckAt'>,
  now: number,
  pacing: Pacing,
  atLeastMs = 0,
): Post {
  if (now - post.settledAt >= pacing.patienceMs) return post;
  const delayMs = Math.max(statusCheckDelayMs(post.checks + pacing.pollAttempts, pacing), atLeastMs);
  return { ...post, nextCheckAt: now + delayMs };
}
