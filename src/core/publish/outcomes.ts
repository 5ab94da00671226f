import { UserError } from '../problems.ts';
import { type Advice, type FailureReason, refusalOf } from '../tiktok/codes.ts';
import { TikTokApiError, TikTokRateLimitError, TikTokUnreachableError } from '../tiktok/errors.ts';
import type { Next, PostEvent, PostFailure } from './post.ts';

/** What a failed `init` means for the post; what is no failure of TikTok's or of a person's is a bug and thrown on. */
export function outcomeOf(error: unknown): PostEvent {
  if (error instanceof TikTokUnreachableError) return { type: 'unanswered' };
  if (error instanceof UserError && error.problem.code === 'account_disconnected') {
    return { type: 'refused', failure: { reason: 'account_disconnected' }, next: { type: 'give_up' } };
  }
  if (!(error instanceof TikTokApiError)) throw error;
  const advice = refusalOf(error.code);
  const failure: PostFailure = {
    reason: advice.reason,
    reasonRaw: error.code,
    ...(error.logId !== undefined && { logId: error.logId }),
  };
  if (error instanceof TikTokRateLimitError) {
    return { type: 'refused', failure, next: { type: 'hold', delayMs: error.retryAfterMs } };
  }
  return { type: 'refused', failure, next: nextOf(advice) };
}

const LIMITS: ReadonlySet<FailureReason> = new Set([
  'rate_limited',
  'daily_post_limit',
  'pending_inbox_limit',
  'app_creator_cap',
]);

/** Limits that time lifts are waited for; everything else that may be tried again is counted. */
export function nextOf({ retry, reason, delayMs }: Advice): Next {
  if (retry === 'never') return { type: 'give_up' };
  return LIMITS.has(reason) && delayMs !== undefined ? { type: 'hold', delayMs } : { type: 'retry' };
}

/** A status that could not be read says nothing about the post. */
export function unread(error: unknown, known: { askedAt: number; pulledBytes: number }): PostEvent {
  if (error instanceof TikTokRateLimitError)
    return { type: 'status_unread', ...known, retryAfterMs: error.retryAfterMs };
  if (
    error instanceof TikTokApiError ||
    error instanceof TikTokUnreachableError ||
    error instanceof UserError
  ) {
    return { type: 'status_unread', ...known };
  }
  throw error;
}
