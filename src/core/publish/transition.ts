import type { Decision } from '../review/review.ts';
import {
  chunkDelayMs,
  lookRetryDelayMs,
  nextLookAt,
  type Pacing,
  preparingDelayMs,
  retryDelayMs,
  statusCheckDelayMs,
} from './pacing.ts';
import {
  awaitsAccount,
  awaitsAccountUntil,
  isSettled,
  type Next,
  type Post,
  type PostBase,
  type PostEvent,
  type PostFailure,
  type PostIn,
  type PreparedBase,
  whatWaits,
} from './post.ts';

/**
 * What an event makes of a post: pure, and total over status × event.
 *
 * An event that means nothing in the post's status returns the very same post.
 */
export function transition(post: Post, event: PostEvent, now: number, pacing: Pacing): Post {
  switch (event.type) {
    case 'prepared':
      return post.status === 'preparing'
        ? release(
            { ...baseOf(post), media: event.media, preview: post.preview ?? event.preview },
            now,
            pacing,
          )
        : post;
    case 'media_refused':
      return post.status === 'preparing' ? fail(post, event.failure, now) : post;
    case 'preparing_failed':
      return post.status === 'preparing' ? prepareLater(post, event.failure, now) : post;
    case 'decided':
      return post.status === 'in_review' ? decide(post, event.decision, now, pacing) : post;
    case 'expired':
      if (post.status !== 'in_review' && post.status !== 'on_hold') return post;
      return { ...baseOf(post), status: 'expired', settledAt: now };
    case 'reminded':
      return post.status === 'in_review' ? { ...post, isReminded: true } : post;
    case 'call_due':
      return post.status === 'rejected' ? { ...post, callsAt: undefined } : post;
    case 'rescheduled':
      return reschedule(post, event.publishAt, now, pacing);
    case 'voters_changed': {
      if ((post.status !== 'preparing' && post.status !== 'in_review') || post.review === undefined)
        return post;
      const policy = { ...post.review.policy, ...event.voters };
      return { ...post, review: { ...post.review, policy } };
    }
    case 'held':
      return hold(post, event, now, pacing);
    case 'reconnected':
      return post.status === 'queued' && awaitsAccount(post) ? release(baseOf(post), now, pacing, now) : post;
    case 'attempt_opened':
      if (post.status !== 'queued') return post;
      return {
        ...baseOf(afterLimit(post, now)),
        attempts: post.attempts + 1,
        status: 'submitting',
        attemptId: event.attemptId,
        since: now,
      };
    case 'accepted':
      if (post.status !== 'submitting') return post;
      return event.transfer === 'upload'
        ? beginUpload(post, event.publishId, now)
        : follow(post, event, now, pacing);
    case 'upload_paused':
      return post.status === 'uploading' ? pauseUpload(post, event, now) : post;
    case 'handed_over': {
      if (post.status !== 'uploading') return post;
      const { publishId } = post;
      const { uploadedBytes: pulledBytes } = event;
      return follow(post, { publishId, pulledBytes, transfer: 'upload' }, now, pacing);
    }
    case 'refused':
      if (post.status !== 'submitting' && post.status !== 'queued' && post.status !== 'uploading')
        return post;
      return proceed(post, event.failure, event.next, now, pacing);
    case 'interrupted':
      return post.status === 'submitting' ? retry(post, { reason: 'interrupted' }, now) : post;
    case 'unanswered':
      return post.status === 'submitting' ? retry(post, { reason: 'tiktok_unreachable' }, now) : post;
    case 'status_read':
      return afterStatus(post, event, now, pacing);
    case 'status_unread':
      return afterSilence(post, event, now, pacing);
    case 'public_told':
      return goPublic(post, event, now);
    case 'video_found': {
      if (post.status !== 'published') return post;
      const { postId, shareUrls } = event;
      return withIds(post, { postIds: [...post.postIds, postId], goneIds: post.goneIds, shareUrls }, now);
    }
    case 'results_read':
      return post.status === 'published' ? noteResults(post, event, now) : post;
    case 'results_unread':
      return post.status === 'published' ? lookAgain(post, event, now) : post;
    case 'results_deleted':
      return post.status === 'published' ? deleteResults(post, event.until) : post;
    case 'cancelled': {
      if (isSettled(post)) return post;
      const { by, isShutOut } = event;
      return { ...baseOf(post), status: 'cancelled', settledAt: now, by, isShutOut };
    }
    case 'withdrawn':
      if (isSettled(post)) return post;
      return { ...baseOf(post), status: 'withdrawn', settledAt: now, by: event.by };
    case 'cancel_refused':
      return post.status === 'processing' ? { ...post, cancelRefused: true } : post;
    case 'clock_set_back':
      return waitSooner(post, event.byMs);
  }
}

/**
 * Its pauses end so much sooner, as the clock was set back by that: what was to come in a minute does not come in an hour.
 * What people have planned, or were told, keeps its moment.
 */
function waitSooner(post: Post, byMs: number): Post {
  switch (post.status) {
    case 'queued': {
      const { notBefore, publishAt = 0 } = post;
      const sooner = Math.min(notBefore, Math.max(notBefore - byMs, publishAt));
      return sooner === notBefore || awaitsAccount(post) ? post : { ...post, notBefore: sooner };
    }
    case 'preparing':
      return post.notBefore === undefined ? post : { ...post, notBefore: post.notBefore - byMs };
    case 'submitting':
      return { ...post, since: post.since - byMs };
    case 'uploading': {
      const notBefore = post.notBefore === undefined ? undefined : post.notBefore - byMs;
      return { ...post, since: post.since - byMs, notBefore };
    }
    case 'processing': {
      const { since, checkedAt, nextCheckAt } = post;
      return {
        ...post,
        since: since - byMs,
        checkedAt: checkedAt - byMs,
        nextCheckAt: nextCheckAt - byMs,
      };
    }
    case 'published':
    case 'in_inbox': {
      const { checkedAt, nextCheckAt } = post;
      if (nextCheckAt === undefined) return post;
      return { ...post, checkedAt: checkedAt - byMs, nextCheckAt: nextCheckAt - byMs };
    }
    case 'rejected':
      return post.callsAt === undefined ? post : { ...post, callsAt: post.callsAt - byMs };
    default:
      return post;
  }
}

/** The files are prepared once more, a few times and ever later. */
function prepareLater(post: PostIn<'preparing'>, failure: PostFailure, now: number): Post {
  const { failures = 0 } = post;
  const delayMs = preparingDelayMs(failures);
  if (delayMs === undefined) return fail(post, failure, now);
  const notBefore = now + delayMs;
  return { ...baseOf(post), status: 'preparing', failures: failures + 1, notBefore, wait: failure };
}

/** `toldAt`: when somebody told it to go out. */
function release(post: PreparedBase, now: number, { takeBackMs }: Pacing, toldAt = post.createdAt): Post {
  // By a clock that was set back meanwhile it was told to in the future.
  return { ...post, ...whatWaits(post, now, { earliest: Math.min(toldAt, now) + takeBackMs }) };
}

function decide(post: PostIn<'in_review'>, decision: Decision, now: number, pacing: Pacing): Post {
  const decided = { ...baseOf(post), review: { ...post.review, decision } };
  if (decision.outcome === 'approved') return release(decided, now, pacing);
  return { ...decided, status: 'rejected', settledAt: now, callsAt: now + pacing.reasonMs };
}

/** Another time, or none; too late once TikTok has been asked. */
function reschedule(post: Post, publishAt: number | undefined, now: number, pacing: Pacing): Post {
  const changed = { publishAt, restoredAt: undefined };
  if (post.status === 'preparing' || post.status === 'in_review') return { ...post, ...changed };
  if (post.status !== 'queued' || post.attempts > 0) return post;
  return release({ ...baseOf(post), ...changed }, now, pacing, now);
}

/** Waits for its author's choice. */
function hold(post: Post, event: Extract<PostEvent, { type: 'held' }>, now: number, pacing: Pacing): Post {
  const isUnderWay =
    post.status === 'queued' ||
    post.status === 'submitting' ||
    post.status === 'uploading' ||
    post.status === 'processing';
  if (!isUnderWay) return post;
  const { problem, privacyLevelOptions } = event;
  const expiresAt = now + pacing.holdMs;
  return { ...baseOf(post), status: 'on_hold', problem, privacyLevelOptions, expiresAt };
}

type StatusRead = Extract<PostEvent, { type: 'status_read' }>;
type Told = Pick<PostIn<'published'>, 'postIds' | 'goneIds' | 'shareUrls'> & Asked;
/** When TikTok was asked, and how often it had announced news by then. */
interface Asked {
  readonly askedAt: number;
  readonly hints?: number | undefined;
}
type StatusUnread = Extract<PostEvent, { type: 'status_unread' }>;
type Followable = PostIn<'uploading' | 'processing' | 'published' | 'in_inbox' | 'unconfirmed'>;
type Retryable = PostIn<'queued' | 'submitting' | 'uploading' | 'processing'>;

/** Begins to follow what TikTok has taken. */
function follow(
  post: PostIn<'submitting' | 'uploading'>,
  taken: {
    publishId: string;
    pulledBytes?: number;
    transfer?: 'upload' | undefined;
    hints?: number | undefined;
  },
  now: number,
  pacing: Pacing,
): Post {
  const { publishId, pulledBytes = 0, transfer, hints } = taken;
  return {
    ...baseOf(post),
    status: 'processing',
    attemptId: post.attemptId,
    publishId,
    since: now,
    checks: 0,
    checkedAt: now,
    hintsSeen: hints,
    nextCheckAt: now + statusCheckDelayMs(0, pacing),
    pulledBytes,
    transfer,
  };
}

function beginUpload(post: PostIn<'submitting'>, publishId: string, now: number): Post {
  const { attemptId } = post;
  return {
    ...baseOf(post),
    status: 'uploading',
    attemptId,
    publishId,
    since: now,
    uploadedBytes: 0,
    failures: 0,
  };
}

/** Goes on later; whoever sends the chunks ends an upload that does not come on. */
function pauseUpload(
  post: PostIn<'uploading'>,
  { uploadedBytes, retryAfterMs = 0 }: Extract<PostEvent, { type: 'upload_paused' }>,
  now: number,
): Post {
  const failures = uploadedBytes > post.uploadedBytes ? 0 : post.failures;
  const delayMs = Math.max(chunkDelayMs(failures) ?? 0, retryAfterMs);
  const most = Math.max(post.uploadedBytes, uploadedBytes);
  return { ...post, notBefore: now + delayMs, uploadedBytes: most, failures: failures + 1 };
}

/** What TikTok’s answer about a publish makes of its post. */
function afterStatus(post: Post, event: StatusRead, now: number, pacing: Pacing): Post {
  if (
    post.status !== 'uploading' &&
    post.status !== 'processing' &&
    post.status !== 'published' &&
    post.status !== 'in_inbox'
  )
    return post;
  const { status } = event.status;
  if (status === 'PUBLISH_COMPLETE') return publish(post, event, now, pacing);
  if (post.status === 'published') return checkLater(post, event, now, pacing);
  if (status === 'SEND_TO_USER_INBOX') return deliverToInbox(post, event, now, pacing);
  if (post.status === 'in_inbox') return checkLater(post, event, now, pacing);

  if (status === 'FAILED') return afterFailure(post, event, now, pacing);
  if (post.status === 'uploading') return post;
  const pulled = withPulled(post, event);
  return isOutOfPatience(pulled, now, pacing)
    ? giveUpWaiting(pulled, now)
    : checkLater(pulled, event, now, pacing);
}

/** Silence proves nothing: not even our own count, which begins anew with each start, that nothing was pulled. */
function afterSilence(post: Post, event: StatusUnread, now: number, pacing: Pacing): Post {
  if (post.status !== 'processing') return checkLater(post, event, now, pacing, event.retryAfterMs);
  const pulled = withPulled(post, event);
  return isOutOfPatience(pulled, now, pacing)
    ? leaveUnconfirmed(pulled, now)
    : checkLater(pulled, event, now, pacing, event.retryAfterMs);
}

function withPulled(post: PostIn<'processing'>, { pulledBytes }: { pulledBytes: number }) {
  return { ...post, pulledBytes: Math.max(post.pulledBytes, pulledBytes) };
}

function isOutOfPatience(post: PostIn<'processing'>, now: number, pacing: Pacing): boolean {
  return now - post.since >= pacing.patienceMs;
}

function publish(post: Followable, event: StatusRead, now: number, pacing: Pacing): Post {
  const published = withLooks(followed(post, 'published', toldBy(event), now), now);
  const { privacyLevel } = post.content.settings;
  // TikTok tells the id of a public post only, and only after it has moderated it; of a draft nobody knows who sees it.
  const mayBePublic = privacyLevel === undefined || privacyLevel === 'PUBLIC_TO_EVERYONE';
  const expectsLink = event.status.postIds.length === 0 && mayBePublic;
  return expectsLink ? withLateCheck(published, now, pacing) : published;
}

/** People can see it, or could, whatever was known of it before. */
function goPublic(post: Post, event: Extract<PostEvent, { type: 'public_told' }>, now: number): Post {
  if (post.status === 'published') return withIds(post, event, now);
  if (post.status !== 'processing' && post.status !== 'in_inbox' && post.status !== 'unconfirmed')
    return post;
  return withIds(followed(post, 'published', { ...event, askedAt: now }, now), event, now);
}

/** It can be seen, or could be: there is nothing left to look for. */
function withIds(
  { nextCheckAt: _, ...post }: PostIn<'published'>,
  { postIds, goneIds, shareUrls }: Pick<PostIn<'published'>, 'postIds' | 'goneIds' | 'shareUrls'>,
  now: number,
): Post {
  const takenDownAt = areGone(postIds, goneIds) ? (post.takenDownAt ?? now) : undefined;
  const links = { ...post.shareUrls, ...shareUrls };
  return withLooks({ ...post, postIds, goneIds, takenDownAt, shareUrls: links }, now);
}

const areGone = (postIds: readonly string[], goneIds: readonly string[] = []): boolean =>
  postIds.length > 0 && postIds.every((id) => goneIds.includes(id));

function deliverToInbox(
  post: PostIn<'uploading' | 'processing' | 'in_inbox'>,
  event: StatusRead,
  now: number,
  pacing: Pacing,
): Post {
  return withLateCheck(followed(post, 'in_inbox', toldBy(event), now), now, pacing);
}

const toldBy = ({ status, goneIds, shareUrls, askedAt, hints }: StatusRead): Told => ({
  postIds: status.postIds,
  goneIds,
  shareUrls,
  askedAt,
  hints,
});

/** The post in a settled status that TikTok may tell more about; told again, it stays settled since when it was. */
function followed<S extends 'published' | 'in_inbox'>(
  post: Followable,
  status: S,
  { postIds, goneIds, shareUrls, askedAt, hints }: Told,
  now: number,
) {
  const isFollowed = post.status === 'published' || post.status === 'in_inbox';
  const before = isFollowed && post.status === status ? post : undefined;
  return {
    ...baseOf(post),
    status,
    publishId: post.publishId,
    postIds,
    goneIds,
    takenDownAt: areGone(postIds, goneIds) ? (before?.takenDownAt ?? now) : undefined,
    shareUrls: { ...before?.shareUrls, ...shareUrls },
    results: before?.results,
    nextResultsAt: before?.nextResultsAt,
    checks: before === undefined ? 0 : before.checks + 1,
    checkedAt: askedAt,
    hintsSeen: hints,
    settledAt: before?.settledAt ?? now,
    lookFailures: before?.lookFailures,
  };
}

/** Plans when the numbers of a post are read, if it may be one that everybody sees. */
function withLooks<P extends Omit<PostIn<'published'>, 'nextCheckAt'>>(post: P, now: number): P {
  const { privacyLevel } = post.content.settings;
  const mayBePublic =
    post.postIds.length > 0 || privacyLevel === undefined || privacyLevel === 'PUBLIC_TO_EVERYONE';
  const planned = post.nextResultsAt ?? (mayBePublic ? nextLookAt(post.settledAt, { now }) : undefined);
  return { ...post, nextResultsAt: planned };
}

function afterFailure(
  before: PostIn<'uploading' | 'processing'>,
  event: StatusRead,
  now: number,
  pacing: Pacing,
): Post {
  const failure = event.failure ?? { reason: 'unknown' as const };
  const post = failure.reasonRaw === 'video_pull_failed' ? { ...before, pullFailed: true as const } : before;
  if (failure.reason === 'cancelled_at_tiktok')
    return { ...baseOf(post), status: 'cancelled', settledAt: now };
  return proceed(post, failure, event.next ?? { type: 'give_up' }, now, pacing);
}

/** Nothing has changed: the next look comes later. */
function checkLater(
  post: Post,
  { askedAt: checkedAt, hints }: Asked,
  now: number,
  pacing: Pacing,
  atLeastMs = 0,
): Post {
  if (post.status === 'processing') {
    const checks = post.checks + 1;
    const delayMs = Math.max(statusCheckDelayMs(checks, pacing), atLeastMs);
    return { ...post, checks, checkedAt, hintsSeen: hints, nextCheckAt: now + delayMs };
  }
  if (post.status !== 'published' && post.status !== 'in_inbox') return post;
  const { nextCheckAt, ...rest } = post;
  const checked = { ...rest, checks: post.checks + 1, checkedAt, hintsSeen: hints };
  return nextCheckAt === undefined ? checked : withLateCheck(checked, now, pacing, atLeastMs);
}

type ResultsRead = Extract<PostEvent, { type: 'results_read' }>;
type ResultsUnread = Extract<PostEvent, { type: 'results_unread' }>;

/** What TikTok does not show is no number, so the last ones stay. */
function noteResults(post: PostIn<'published'>, { results, shareUrls }: ResultsRead, now: number): Post {
  const { nextResultsAt: plannedAt, results: earlier = [], settledAt } = post;
  if (plannedAt === undefined) return post;
  return {
    ...post,
    results: results === undefined ? post.results : [...earlier, results],
    shareUrls: shareUrls === undefined ? post.shareUrls : { ...post.shareUrls, ...shareUrls },
    nextResultsAt: nextLookAt(settledAt, { now: results?.at ?? now, plannedAt }),
    lookFailures: undefined,
  };
}

/** A look that TikTok did not answer is tried again, a few times and ever later, and then left out. */
function lookAgain(post: PostIn<'published'>, { retryAfterMs = 0 }: ResultsUnread, now: number): Post {
  const { nextResultsAt: plannedAt, lookFailures = 0, settledAt } = post;
  if (plannedAt === undefined) return post;
  const delayMs = lookRetryDelayMs(lookFailures);
  return delayMs === undefined
    ? { ...post, nextResultsAt: nextLookAt(settledAt, { now, plannedAt }), lookFailures: undefined }
    : { ...post, nextResultsAt: now + Math.max(delayMs, retryAfterMs), lookFailures: lookFailures + 1 };
}

function deleteResults(post: PostIn<'published'>, until: number): Post {
  const kept = post.results?.filter(({ at }) => at > until) ?? [];
  if (kept.length === (post.results?.length ?? 0)) return post;
  return { ...post, results: kept.length === 0 ? undefined : kept };
}

/**
 * What was never pulled cannot be there. Of an upload the last chunk was sent: TikTok documents no count of bytes as proof
 * that it never arrived.
 */
function giveUpWaiting(post: PostIn<'processing'>, now: number): Post {
  if (post.transfer === 'upload') return leaveUnconfirmed(post, now);
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

/** The post without what belongs to its status alone. */
function baseOf<P extends Post>(post: P): Pick<P, keyof PostBase> {
  const { id, version, workspace, chat, author, draftId, messages, account, createdAt, savedAt } = post;
  const { content, contentHash, likeness, preview, media } = post;
  const { review, publishAt, readyAt, heldBackAt, attempts, retries } = post;
  const { leavesOutAiLabel, pullFailed, restoredAt } = post;
  return {
    id,
    version,
    workspace,
    chat,
    author,
    draftId,
    messages,
    account,
    createdAt,
    savedAt,
    content,
    contentHash,
    likeness,
    preview,
    media,
    review,
    publishAt,
    readyAt,
    heldBackAt,
    attempts,
    retries,
    leavesOutAiLabel,
    pullFailed,
    restoredAt,
  } satisfies Record<keyof PostBase, unknown>;
}

/** Ends the post because it cannot be published. */
/** Ends a post that comes to nothing. */
export function fail(post: Post, failure: PostFailure, now: number): Post {
  return { ...baseOf(post), status: 'failed', failure, settledAt: now };
}

/** What a refusal makes of a post: it waits for a limit or its account, tries again, or ends. */
function proceed(post: Retryable, failure: PostFailure, next: Next, now: number, pacing: Pacing): Post {
  if (next.type === 'await_account') return awaitAccount(afterLimit(post, now), failure, now, pacing);
  if (next.type === 'hold') return waitFor(afterLimit(post, now), failure, next.delayMs, now, pacing);
  if (next.type === 'hold_back') return holdBack(post, failure, next.until, now, pacing);
  return next.type === 'retry' ? retry(post, failure, now) : fail(post, failure, now);
}

/** A limit may have held the post back for days: until now, not from when it began to. */
const afterLimit = <P extends Retryable>(post: P, now: number): P =>
  post.status === 'queued' && post.wait?.limit !== undefined ? { ...post, heldBackAt: now } : post;

/** Waits for a limit to pass, without counting it as a try, for as long as patience lasts. */
function waitFor(post: Retryable, failure: PostFailure, delayMs: number, now: number, pacing: Pacing): Post {
  const since = Math.max(post.readyAt ?? post.createdAt, post.heldBackAt ?? 0);
  if (now + delayMs > since + pacing.patienceMs) return fail(post, failure, now);
  return { ...baseOf(post), status: 'queued', notBefore: now + delayMs, wait: failure };
}

/** Waits for people to connect the account again, which wakes it; `notBefore` ends the wait. */
function awaitAccount(post: Retryable, failure: PostFailure, now: number, pacing: Pacing): Post {
  const until = awaitsAccountUntil(post, pacing);
  if (now >= until) return fail(post, failure, now);
  return { ...baseOf(post), status: 'queued', notBefore: until, wait: failure };
}

/** Waits for room below one of TikTok's limits: longer than for a pause, and no time of it counts as patience with TikTok. */
function holdBack(post: Retryable, failure: PostFailure, until: number, now: number, pacing: Pacing): Post {
  const endsAt = (post.readyAt ?? post.createdAt) + pacing.limitPatienceMs;
  if (now >= endsAt) return fail(post, failure, now);
  const notBefore = Math.min(until, endsAt);
  return { ...baseOf(post), heldBackAt: now, status: 'queued', notBefore, wait: failure };
}

/** Another attempt after one that certainly came to nothing; bounded and ever slower. */
function retry(post: Retryable, failure: PostFailure, now: number): Post {
  const delayMs = retryDelayMs(post.retries, { isInterrupted: failure.reason === 'interrupted' });
  if (delayMs === undefined) return fail(post, failure, now);
  return {
    ...baseOf(post),
    retries: post.retries + 1,
    status: 'queued',
    notBefore: now + delayMs,
    wait: failure,
  };
}
