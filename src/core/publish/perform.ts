import { isDeepStrictEqual } from 'node:util';
import type { Accounts } from '../accounts/accounts.ts';
import { type MediaPreparer, PreparingStoppedError, preparingProblem } from '../media/prepare.ts';
import type { MediaProblem, PreparedMedia, StoredFile } from '../media/types.ts';
import { UserError } from '../problems.ts';
import { isLimit } from '../quotas/limits.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { Ballots } from '../review/ballots.ts';
import type { VoterRules } from '../review/review.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { refusalOf, refusesAiLabel } from '../tiktok/codes.ts';
import {
  TikTokApiError,
  TikTokAuthError,
  TikTokRateLimitError,
  TikTokUnreachableError,
} from '../tiktok/errors.ts';
import type { CreatorInfo, PrivacyLevel } from '../tiktok/types.ts';
import { type Follower, isHinted, nextOf, unread } from './live/follow.ts';
import type { Pacing } from './pacing.ts';
import {
  awaitsAccount,
  dueAt,
  type Next,
  type Post,
  type PostEvent,
  type PostFailure,
  type PostIn,
  termsOf,
} from './post.ts';
import type { PullCounts } from './pull-progress.ts';
import type { Attempt, AttemptFile, ReleaseGate } from './release-gate.ts';
import type { PostSignals, Signals } from './signals.ts';
import type { TransferChoice } from './transfer/choose.ts';
import { planChunks } from './transfer/chunks.ts';
import type { Uploader } from './transfer/upload.ts';
import { takesVotes } from './verbs.ts';

/** Does the one side effect that a post's status calls for. */
export function createPerformer({
  gate,
  pulls,
  signals,
  waiting,
  follower,
  accounts,
  client,
  preparer,
  transfers,
  uploader,
  mediaUrl,
  takesOver = () => {},
  progressed = () => {},
  pacing,
  now,
}: {
  gate: ReleaseGate;
  pulls: PullCounts;
  signals: Signals;
  waiting: Waiting;
  follower: Follower;
  accounts: Accounts;
  client: TikTokClient;
  preparer: MediaPreparer;
  transfers: TransferChoice;
  uploader: Uploader;
  mediaUrl: (attempt: Attempt, file: AttemptFile) => string;
  /** Told that a post prepares its files itself from here on. */
  takesOver?: (post: Post) => void;
  /** Told now and then that preparing has come on. */
  progressed?: (post: Post) => void;
  pacing: Pacing;
  now: () => number;
}) {
  /** Posts whose files are being prepared. */
  const preparing = new Map<string, { readonly post: Post; readonly ending: AbortController }>();

  /** What it came to; undefined when there is nothing to do yet. */
  async function perform(post: Post): Promise<PostEvent | undefined> {
    switch (post.status) {
      case 'preparing': {
        const isPausing = post.notBefore !== undefined && !isDue(post);
        return (await waiting.noted(post)) ?? (isPausing ? undefined : prepare(post));
      }
      case 'in_review':
        return (await waiting.review(post, isOver(post))) ?? reminder(post);
      case 'rejected':
        return isDue(post) ? { type: 'call_due' } : undefined;
      case 'on_hold':
        return (await waiting.cancelled(post)) ?? (isDue(post) ? { type: 'expired' } : undefined);
      case 'queued':
        return (await waiting.noted(post)) ?? goOn(post);
      case 'submitting':
        return submit(post);
      case 'uploading':
        return uploader.upload(post, {
          isDue: isDue(post),
          readStatus: async (current) => lookUp(current, await signals.read(post.id)),
        });
      case 'processing': {
        const note = await signals.read(post.id);
        const told = await follower.publicNews(post, note);
        if (told !== undefined) return told;
        if (!post.cancelRefused && (await waiting.stoppedBy(post, note)) !== undefined)
          return cancel(post, note);
        return isDue(post) || isHinted(post, note) ? lookUp(post, note) : undefined;
      }
      case 'published':
      case 'in_inbox':
        return follower.follow(post);
      case 'unconfirmed':
        return follower.publicNews(post, await signals.read(post.id));
      default:
        return undefined;
    }
  }

  /** When the post wants its next tick. */
  function nextTickAt(post: Post): number | undefined {
    const at = wantedAt(post);
    // A review that is over, but waits for votes that may still arrive, has had its tick.
    return post.status === 'in_review' && isOver(post) ? now() + pacing.lateVotesMs : at;
  }

  /** As the post says itself, or earlier when TikTok has just taken the last byte. */
  function wantedAt(post: Post): number | undefined {
    const due = dueAt(post);
    if (post.status !== 'processing') return due;
    const pulledAt = pulls.completedAt(post.attemptId);
    if (pulledAt === undefined || pulledAt < post.checkedAt) return due;
    return Math.min(post.nextCheckAt, pulledAt + pacing.afterPullMs);
  }

  function isDue(post: Post): boolean {
    const at = wantedAt(post);
    return at !== undefined && at <= now();
  }

  const isOver = ({ expiresAt }: PostIn<'in_review'>): boolean => expiresAt <= now();

  const reminder = (post: PostIn<'in_review'>): PostEvent | undefined =>
    isDue(post) && !isOver(post) && !post.isReminded ? { type: 'reminded' } : undefined;

  /** Ends the preparing or the upload of a post that somebody has stopped meanwhile. */
  async function reconsider(postId: string): Promise<void> {
    const run = preparing.get(postId);
    if (run !== undefined && (await waiting.cancelled(run.post)) !== undefined) run.ending.abort();
    await uploader.reconsider(postId);
  }

  async function prepare(post: PostIn<'preparing'>): Promise<PostEvent | undefined> {
    const owner = post.author.id;
    const ending = new AbortController();
    const { signal } = ending;
    const onProgress = () => progressed(post);
    const begun = post.content.sources.map(
      ({ file, use }, index) =>
        post.media?.[index] ?? preparer.prepare(file, { owner, use, signal, onProgress }),
    );
    takesOver(post);
    preparing.set(post.id, { post, ending });
    // Somebody may have stopped it just before.
    const [prepared] = await Promise.all([Promise.allSettled(begun), reconsider(post.id)]);
    preparing.delete(post.id);
    if (signal.aborted) return waiting.cancelled(post);
    const failed = prepared.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [{ error: outcome.reason, number: index + 1 }] : [],
    );
    // A stop is nobody's failure; the next start goes on.
    if (failed.some(({ error }) => error instanceof PreparingStoppedError)) return undefined;
    // The fault of a file stays, whatever went wrong on our side besides.
    const [first] = [...failed.filter(({ error }) => error instanceof UserError), ...failed];
    if (first !== undefined) return preparingFailure(first, post);
    const media = prepared.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    return { type: 'prepared', media, preview: post.preview ?? (await drawPreview(post, media)) };
  }

  /** Shows what is approved, also where it was submitted before its picture was drawn; it can be published without. */
  async function drawPreview(
    { author, content: { coverMs } }: Post,
    media: readonly PreparedMedia[],
  ): Promise<StoredFile | undefined> {
    return preparer.preview(media, { owner: author.id, coverMs }).catch(() => undefined);
  }

  /** What is held back by a limit may go sooner than was thought, or later. */
  async function goOn(post: PostIn<'queued'>): Promise<PostEvent | undefined> {
    if (!isDue(post)) {
      const reconnected = await waiting.reconnected(post);
      if (reconnected !== undefined) return reconnected;
      if (post.wait?.limit === undefined) return undefined;
      const held = await waiting.heldBack(post);
      if (held !== undefined) return held.next.until === post.wait.limit.opensAt ? undefined : held;
    }
    return (await waiting.recheck(post)) ?? openAttempt(post);
  }

  async function openAttempt(post: PostIn<'queued'>): Promise<PostEvent> {
    const transfer = await transfers.choose(post);
    const attempt = await gate.open({ postId: post.id, media: post.media, transfer });
    return { type: 'attempt_opened', attemptId: attempt.id };
  }

  /**
   * Makes the one call that is never repeated.
   *
   * `init` is not idempotent and its reply can get lost: repeating it could publish twice. So it is called at most once
   * for each attempt, which the claim on the disk makes sure of even across a crash. If the reply brings a `publish_id`,
   * the gate opens for exactly that one. In every other case, a refusal, silence, an answer that nobody can read or a
   * process that died in between, the attempt is revoked: whatever TikTok may have begun can then never fetch a byte,
   * and a new attempt under new URLs is safe. An upload is only begun by it: where its bytes go is known from the reply
   * alone, so without one nobody can send any.
   */
  async function submit(post: PostIn<'submitting'>): Promise<PostEvent> {
    const attempt = await gate.read(post.attemptId);
    if (attempt === undefined) return { type: 'interrupted' };
    const earlier = acceptedBy(attempt);
    if (earlier !== undefined) return earlier;
    const note = await signals.read(post.id);
    const stopped = await waiting.stoppedBy(post, note);
    if (stopped !== undefined) return abandon(attempt, stopped);
    let token: string | undefined;
    try {
      token = await accounts.accessToken(post.content.openId);
      if (!(await gate.claimCall(attempt.id))) return abandon(attempt, { type: 'interrupted' });
      const askedAt = now();
      const { publishId, uploadUrl } = await client.initPublish(token, publishRequest(post, attempt));
      await signals.link(publishId, post.id, post.content);
      const stopped = await waiting.cancelled(post);
      if (stopped !== undefined) return abandon(attempt, stopped);
      const current =
        uploadUrl === undefined
          ? await gate.release(attempt.id, publishId)
          : await uploader.begin(attempt, { publishId, uploadUrl, askedAt });
      const accepted = acceptedBy(current);
      // What was announced before is about earlier publishes.
      return accepted === undefined ? { type: 'interrupted' } : { ...accepted, hints: note?.hints };
    } catch (error) {
      if (error instanceof TikTokAuthError && token !== undefined) {
        await accounts.distrust(post.content.openId, token);
      }
      if (await goesAnotherWay(post, attempt, error)) {
        const failure = { reason: 'url_not_verified' as const };
        return abandon(attempt, { type: 'refused', failure, next: { type: 'retry' } });
      }
      const isPrivacy = error instanceof TikTokApiError && refusalOf(error.code).ask === 'privacy';
      return abandon(
        attempt,
        isPrivacy ? await waiting.askForPrivacy(post) : await waiting.refused(post, error),
      );
    }
  }

  /** Revokes the attempt. Should it have been released after all, that stands, and the post follows it. */
  async function abandon(attempt: Attempt, event: PostEvent): Promise<PostEvent> {
    const current = await gate.revoke(attempt.id);
    return acceptedBy(current) ?? event;
  }

  /** Whether TikTok pulls nothing from our address, so that the next attempt uploads. */
  async function goesAnotherWay(post: Post, attempt: Attempt, error: unknown): Promise<boolean> {
    const isUnverified =
      error instanceof TikTokApiError && refusalOf(error.code).reason === 'url_not_verified';
    return isUnverified && attempt.transfer === undefined && (await transfers.learnUnverified(post));
  }

  function publishRequest(post: PostIn<'submitting'>, attempt: Attempt) {
    const { kind, postMode, title, caption, settings, coverIndex, coverMs } = post.content;
    const isUpload = attempt.transfer === 'upload';
    const mediaUrls = isUpload ? [] : attempt.files.map((file) => mediaUrl(attempt, file));
    const upload = isUpload ? planChunks(attempt.files[0]?.bytes ?? 0) : undefined;
    return { kind, postMode, title, caption, settings, mediaUrls, upload, coverIndex, coverMs };
  }

  /** What TikTok says of a publish, and what follows from it. */
  async function lookUp(
    post: PostIn<'uploading' | 'processing'>,
    note: PostSignals | undefined,
  ): Promise<PostEvent> {
    const read = await follower.readStatus(post, { note, pulledBytes: await countPulled(post) });
    if (read.type !== 'status_read' || read.failure === undefined || read.next === undefined) return read;
    if (read.failure.reason === 'privacy_not_allowed') return waiting.askForPrivacy(post);
    return { ...read, ...(await waiting.limited(post, read.failure, read.next)) };
  }

  async function countPulled(post: Post): Promise<number> {
    const attempt = post.status === 'processing' ? await gate.read(post.attemptId) : undefined;
    return attempt === undefined ? 0 : pulls.progress(attempt).bytes;
  }

  async function cancel(post: PostIn<'processing'>, note: PostSignals | undefined): Promise<PostEvent> {
    // TikTok gives up pulls alone.
    if (post.transfer === 'upload') return { type: 'cancel_refused' };
    const askedAt = now();
    try {
      await accounts.withToken(post.content.openId, (token) => client.cancelPublish(token, post.publishId));
      return (await waiting.cancelled(post)) ?? { type: 'cancelled' };
    } catch (error) {
      const isAboutUs = error instanceof TikTokRateLimitError || error instanceof TikTokAuthError;
      if (error instanceof TikTokApiError && !isAboutUs) return { type: 'cancel_refused' };
      return unread(error, { askedAt, hints: note?.hints, pulledBytes: await countPulled(post) });
    }
  }

  return { perform, nextTickAt, reconsider };
}

/** What an attempt says that TikTok has taken on already. */
function acceptedBy(attempt: Attempt | undefined): Extract<PostEvent, { type: 'accepted' }> | undefined {
  if (attempt?.state !== 'released' && attempt?.state !== 'uploading') return undefined;
  return { type: 'accepted', publishId: attempt.publishId, transfer: attempt.transfer };
}

export type Performer = ReturnType<typeof createPerformer>;

function preparingFailure({ error, number }: { error: unknown; number: number }, post: Post): PostEvent {
  const name = post.content.sources[number - 1]?.name ?? '';
  if (!(error instanceof UserError)) {
    const file = { number, name, problem: preparingProblem(error, { name }) };
    return { type: 'preparing_failed', failure: { reason: 'preparing_failed', file } };
  }
  // The preparer refuses files for what they are, never for anything else.
  const file = { number, name, problem: error.problem as MediaProblem };
  return { type: 'media_refused', failure: { reason: 'media_refused', file } };
}

/** Longer than preparing takes, and long enough for a creator to change something. */
const LONG_MS = 10 * 60_000;

/** What becomes of a post that waits: for its review, its time, or a choice of its author's. */
export function createWaiting({
  signals,
  ballots,
  accounts,
  client,
  quotas,
  mayPost = async () => true,
  mayExpire = () => true,
}: {
  signals: Signals;
  ballots: Ballots;
  accounts: Accounts;
  client: TikTokClient;
  quotas: Pick<Quotas, 'holdBack' | 'learn' | 'learnUnaudited'>;
  /** Whether a place may use Nod. */
  mayPost?: (workspace: string) => Promise<boolean>;
  /** False while votes that were cast in time may not have arrived yet. */
  mayExpire?: (review: { expiresAt: number }) => boolean | Promise<boolean>;
}) {
  /** What somebody has asked for while the post waits: to stop it, or another time. */
  async function noted(post: Post): Promise<PostEvent | undefined> {
    const note = await signals.read(post.id);
    const stopped = await stoppedBy(post, note);
    if (stopped !== undefined) return stopped;
    if (note?.voters !== undefined && takesVotes(post) && hasOtherVoters(post, note.voters))
      return { type: 'voters_changed', voters: note.voters };
    if (note?.publishAt === undefined) return undefined;
    const isPlanned = note.publishAt === (post.publishAt ?? null) && !isConfirmed(post, note);
    if (isPlanned || (post.status === 'queued' && post.attempts > 0)) return undefined;
    return { type: 'rescheduled', publishAt: note.publishAt ?? undefined };
  }

  /** Whether somebody has set the time of a restored post since, if only to the same one. */
  function isConfirmed({ restoredAt }: Post, { plannedAt = 0 }: PostSignals): boolean {
    return restoredAt !== undefined && plannedAt > restoredAt;
  }

  /** What stops the post: somebody's wish, or that its place may not use Nod any more. */
  async function cancelled(post: Post): Promise<PostEvent | undefined> {
    return stoppedBy(post, await signals.read(post.id));
  }

  /** The same, with what is noted about the post. */
  async function stoppedBy(post: Post, note: PostSignals | undefined): Promise<PostEvent | undefined> {
    const wish = note?.cancelled;
    if (wish?.isWithdrawn) return { type: 'withdrawn', by: wish.by };
    const isShutOut = !(await mayPost(post.workspace));
    if (wish === undefined && !isShutOut) return undefined;
    return { type: 'cancelled', by: wish?.by, isShutOut: isShutOut || undefined };
  }

  /** Whoever ends the review closes the ballot first, so that no vote is counted for nothing. */
  async function review(post: PostIn<'in_review'>, isDue: boolean): Promise<PostEvent | undefined> {
    const ballot = termsOf(post);
    const note = await noted(post);
    if (note?.type === 'cancelled' || note?.type === 'withdrawn') {
      await ballots.close(ballot);
      return note;
    }
    const isOver = isDue && (await mayExpire(post));
    const decision = isOver ? await ballots.close(ballot) : await ballots.decision(ballot);
    if (decision !== undefined) return { type: 'decided', decision };
    return isOver ? { type: 'expired' } : note;
  }

  /**
   * What stands against publishing a post: it may be out already, its place may have lost the account, TikTok would refuse it because of a limit,
   * and for one that has waited, what the creator may do can have changed meanwhile.
   */
  async function recheck(post: PostIn<'queued'>): Promise<PostEvent | undefined> {
    if (post.restoredAt !== undefined) return MAY_BE_OUT;
    if (!(await hasAccount(post))) return ACCOUNT_MISSING;
    const held = await heldBack(post);
    if (held !== undefined) return held;
    if (!hasWaited(post)) return undefined;
    if (post.content.postMode !== 'DIRECT_POST') return undefined;
    try {
      return objection(post, await queryCreator(post));
    } catch (error) {
      const event = await refused(post, error);
      if (event.type !== 'unanswered') return event;
      return { type: 'refused', failure: { reason: 'tiktok_unreachable' }, next: { type: 'retry' } };
    }
  }

  /** Whether the account that the post waits for is connected again; people's doing wakes the post. */
  async function reconnected(post: PostIn<'queued'>): Promise<PostEvent | undefined> {
    return awaitsAccount(post) && (await hasAccount(post)) ? { type: 'reconnected' } : undefined;
  }

  const hasAccount = ({ workspace, content }: Post): Promise<boolean> =>
    accounts.isConnected(workspace, content);

  /** What would be refused because of a limit is not sent. */
  async function heldBack(post: PostIn<'queued'>) {
    const held = await quotas.holdBack(post);
    if (held === undefined) return undefined;
    const { limit, count } = held;
    return {
      type: 'refused' as const,
      failure: { reason: limit, limit: count },
      next: { type: 'hold_back' as const, until: count.opensAt },
    };
  }

  /** What a failed call means for the post; a refusal teaches how much TikTok takes. */
  async function refused(post: Post, error: unknown): Promise<PostEvent> {
    const event = outcomeOf(error);
    if (event.type !== 'refused') return event;
    const isOfLabel = error instanceof TikTokApiError && isPhotoWithLabel(post) && refusesAiLabel(error);
    if (isOfLabel) return { ...event, failure: { ...event.failure, reason: 'ai_label_refused' } };
    return { ...event, ...(await limited(post, event.failure, event.next)) };
  }

  /** The same refusal, with how the limit is used that it names. */
  async function limited(
    post: Post,
    failure: PostFailure,
    next: Next,
  ): Promise<{ failure: PostFailure; next: Next }> {
    const { reason } = failure;
    if (reason === 'unaudited_app') await quotas.learnUnaudited();
    if (!isLimit(reason)) return { failure, next };
    const limit = await quotas.learn(post, reason);
    return { failure: { ...failure, limit }, next: { type: 'hold_back', until: limit.opensAt } };
  }

  /** TikTok does not take the privacy level: its author chooses among what the creator may choose now. */
  async function askForPrivacy(post: Post): Promise<PostEvent> {
    const creator = await queryCreator(post).catch(() => undefined);
    return privacyGone(post, creator?.privacyLevelOptions ?? []);
  }

  const queryCreator = ({ content }: Post): Promise<CreatorInfo> =>
    accounts.withToken(content.openId, (token) => client.queryCreatorInfo(token));

  return {
    noted,
    cancelled,
    stoppedBy,
    review,
    recheck,
    reconnected,
    heldBack,
    refused,
    limited,
    askForPrivacy,
  };
}

export type Waiting = ReturnType<typeof createWaiting>;

/** Whether others have a say in the review of a post by now than these rules give one. */
function hasOtherVoters({ review }: Post, voters: VoterRules): boolean {
  return review !== undefined && !isDeepStrictEqual({ ...review.policy, ...voters }, review.policy);
}

const isPhotoWithLabel = ({ content }: Post): boolean =>
  content.kind === 'photo' && content.settings.aiGenerated;

/** A plan may have been dropped meanwhile, but not the time that has passed. */
const hasWaited = ({ review, publishAt, createdAt, readyAt = createdAt, heldBackAt }: Post): boolean =>
  review !== undefined ||
  publishAt !== undefined ||
  heldBackAt !== undefined ||
  readyAt - createdAt > LONG_MS;

function objection(post: PostIn<'queued'>, creator: CreatorInfo): PostEvent | undefined {
  const { privacyLevelOptions, maxVideoDurationSeconds: maxSeconds } = creator;
  const { privacyLevel } = post.content.settings;
  if (privacyLevel !== undefined && !privacyLevelOptions.includes(privacyLevel))
    return privacyGone(post, privacyLevelOptions);
  const durationSeconds = post.media[0]?.durationSeconds ?? 0;
  if (maxSeconds === undefined || durationSeconds <= maxSeconds) return undefined;
  const problem = { code: 'video_too_long_for_creator' as const, durationSeconds, maxSeconds };
  return { type: 'held', problem, privacyLevelOptions: [] };
}

function privacyGone({ content }: Post, all: readonly PrivacyLevel[]): Extract<PostEvent, { type: 'held' }> {
  const { privacyLevel = 'SELF_ONLY', brandedContent } = content.settings;
  const isOffered = (level: PrivacyLevel) =>
    level !== privacyLevel && !(brandedContent && level === 'SELF_ONLY');
  return {
    type: 'held',
    problem: { code: 'privacy_not_offered', privacyLevel },
    privacyLevelOptions: all.filter(isOffered),
  };
}

/** Nobody has said that it did not go out before its time. */
const MAY_BE_OUT: PostEvent = {
  type: 'refused',
  failure: { reason: 'restored' },
  next: { type: 'give_up' },
};

const ACCOUNT_MISSING: PostEvent = {
  type: 'refused',
  failure: { reason: 'account_disconnected' },
  next: { type: 'await_account' },
};

/** What a failed `init` means for the post; what is no failure of TikTok's or of a person's is a bug and thrown on. */
function outcomeOf(error: unknown): PostEvent {
  if (error instanceof TikTokUnreachableError) return { type: 'unanswered' };
  if (error instanceof UserError && error.problem.code === 'account_disconnected') return ACCOUNT_MISSING;
  if (!(error instanceof TikTokApiError)) throw error;
  const advice = refusalOf(error.code);
  const failure: PostFailure = {
    reason: advice.reason,
    reasonRaw: error.code,
    logId: error.logId,
  };
  if (error instanceof TikTokRateLimitError) {
    return { type: 'refused', failure, next: { type: 'hold', delayMs: error.retryAfterMs } };
  }
  return { type: 'refused', failure, next: nextOf(advice) };
}
