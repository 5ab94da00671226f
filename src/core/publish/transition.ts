import type { Decision } from '../review/review.ts';
import { afterSilence, afterStatus, follow } from './following.ts';
import type { Pacing } from './pacing.ts';
import { isSettled, type Post, type PostBase, type PostEvent, type PostIn, whatWaits } from './post.ts';
import { baseOf, fail, proceed, retry } from './steps.ts';

/**
 * What an event makes of a post: pure, and total over status × event.
 *
 * An event that means nothing in the post's status returns the very same post.
 */
export function transition(post: Post, event: PostEvent, now: number, pacing: Pacing): Post {
  switch (event.type) {
    case 'prepared':
      return post.status === 'preparing' ? release({ ...baseOf(post), media: event.media }, now) : post;
    case 'media_refused':
      return post.status === 'preparing' ? fail(post, event.failure, now) : post;
    case 'decided':
      return post.status === 'in_review' ? decide(post, event.decision, now) : post;
    case 'expired':
      if (post.status !== 'in_review' && post.status !== 'on_hold') return post;
      return { ...baseOf(post), status: 'expired', settledAt: now };
    case 'rescheduled':
      return reschedule(post, event.publishAt, now);
    case 'held':
      return hold(post, event, now, pacing);
    case 'attempt_opened':
      if (post.status !== 'queued') return post;
      return {
        ...baseOf(post),
        attempts: post.attempts + 1,
        status: 'submitting',
        attemptId: event.attemptId,
        since: now,
      };
    case 'accepted':
      return post.status === 'submitting' ? follow(post, event.publishId, now, pacing) : post;
    case 'refused':
      if (post.status !== 'submitting' && post.status !== 'queued') return post;
      return proceed(post, event.failure, event.next, now, pacing);
    case 'unanswered':
      return post.status === 'submitting' ? retry(post, { reason: 'tiktok_unreachable' }, now) : post;
    case 'status_read':
      return afterStatus(post, event, now, pacing);
    case 'status_unread':
      return afterSilence(post, event, now, pacing);
    case 'cancelled': {
      if (isSettled(post)) return post;
      const { by, isWithdrawn, isShutOut } = event;
      return {
        ...{ ...baseOf(post), status: 'cancelled', settledAt: now },
        ...(by !== undefined && { by }),
        ...(isWithdrawn === true && { isWithdrawn }),
        ...(isShutOut === true && { isShutOut }),
      };
    }
    case 'cancel_refused':
      return post.status === 'processing' ? { ...post, cancelRefused: true } : post;
  }
}

const release = (post: PostBase, now: number): Post => ({ ...post, ...whatWaits(post, now) });

function decide(post: PostIn<'in_review'>, decision: Decision, now: number): Post {
  const decided = post.review && { ...baseOf(post), review: { ...post.review, decision } };
  if (decided === undefined) return post;
  if (decision.outcome === 'approved') return release(decided, now);
  return { ...decided, status: 'rejected', settledAt: now };
}

/** Another time, or none; too late once TikTok has been asked. */
function reschedule(post: Post, publishAt: number | undefined, now: number): Post {
  const { publishAt: _, ...unplanned } = baseOf(post);
  const planned = publishAt === undefined ? unplanned : { ...unplanned, publishAt };
  if (post.status === 'queued' && post.attempts === 0) return release(planned, now);
  if (post.status === 'preparing') return { ...planned, status: 'preparing' };
  if (post.status !== 'in_review') return post;
  return { ...planned, status: 'in_review', since: post.since, expiresAt: post.expiresAt };
}

/** Waits for its author's choice. */
function hold(post: Post, event: Extract<PostEvent, { type: 'held' }>, now: number, pacing: Pacing): Post {
  if (post.status !== 'queued' && post.status !== 'submitting') return post;
  const { problem, privacyLevelOptions } = event;
  const expiresAt = now + pacing.holdMs;
  return { ...baseOf(post), status: 'on_hold', problem, privacyLevelOptions, expiresAt };
}
