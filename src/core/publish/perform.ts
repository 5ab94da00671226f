import type { Accounts } from '../accounts/accounts.ts';
import type { MediaPreparer } from '../media/prepare.ts';
import type { MediaProblem } from '../media/types.ts';
import { UserError } from '../problems.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { failureOf, refusalOf } from '../tiktok/codes.ts';
import { TikTokApiError, TikTokAuthError, TikTokRateLimitError } from '../tiktok/errors.ts';
import { nextOf, outcomeOf, unread } from './outcomes.ts';
import type { Pacing } from './pacing.ts';
import { dueAt, type Post, type PostEvent, type PostIn } from './post.ts';
import type { Pulls } from './pull-progress.ts';
import type { Attempt, AttemptFile, Gate } from './release-gate.ts';
import type { Notes } from './signals.ts';
import type { Waiting } from './waiting.ts';

/** Does the one side effect that a post's status calls for. */
export function createPerformer({
  gate,
  pulls,
  notes,
  waiting,
  accounts,
  client,
  preparer,
  mediaUrl,
  pacing,
  now,
}: {
  gate: Gate;
  pulls: Pulls;
  notes: Notes;
  waiting: Waiting;
  accounts: Accounts;
  client: TikTokClient;
  preparer: MediaPreparer;
  mediaUrl: (attempt: Attempt, file: AttemptFile) => string;
  pacing: Pacing;
  now: () => number;
}) {
  /** What it came to; undefined when there is nothing to do yet. */
  async function perform(post: Post): Promise<PostEvent | undefined> {
    switch (post.status) {
      case 'preparing':
        return (await waiting.noted(post)) ?? prepare(post);
      case 'in_review':
        return waiting.review(post, isDue(post));
      case 'on_hold':
        return (await waiting.cancelled(post)) ?? (isDue(post) ? { type: 'expired' } : undefined);
      case 'queued':
        if (!isDue(post)) return waiting.noted(post);
        return (await waiting.noted(post)) ?? (await waiting.recheck(post)) ?? openAttempt(post);
      case 'submitting':
        return submit(post);
      case 'processing':
        if (!post.cancelRefused && (await waiting.cancelled(post)) !== undefined) return cancel(post);
        return (await isWorthAsking(post)) ? readStatus(post) : undefined;
      case 'published':
      case 'in_inbox':
        return (await isWorthAsking(post)) ? readStatus(post) : undefined;
      default:
        return undefined;
    }
  }

  /** When the post wants its next tick. */
  function nextTickAt(post: Post): number | undefined {
    const at = wantedAt(post);
    // A review that is over, but waits for votes that may still arrive, has had its tick.
    return post.status === 'in_review' && isDue(post) ? now() + pacing.lateVotesMs : at;
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

  async function isWorthAsking(post: PostIn<'processing' | 'published' | 'in_inbox'>): Promise<boolean> {
    if (isDue(post)) return true;
    const hintedAt = (await notes.read(post.id))?.hintedAt;
    return hintedAt !== undefined && hintedAt >= post.checkedAt;
  }

  async function prepare(post: PostIn<'preparing'>): Promise<PostEvent> {
    const owner = post.author.id;
    const prepared = await Promise.allSettled(
      post.content.sources.map((source) => preparer.prepare(source.file, { owner })),
    );
    for (const [index, outcome] of prepared.entries()) {
      if (outcome.status === 'fulfilled') continue;
      if (!(outcome.reason instanceof UserError)) throw outcome.reason;
      const name = post.content.sources[index]?.name ?? '';
      // The preparer refuses files for what they are, never for anything else.
      const problem = outcome.reason.problem as MediaProblem;
      return {
        type: 'media_refused',
        failure: { reason: 'media_refused', file: { number: index + 1, name, problem } },
      };
    }
    return {
      type: 'prepared',
      media: prepared.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    };
  }

  async function openAttempt(post: PostIn<'queued'>): Promise<PostEvent> {
    if (post.media === undefined) throw new Error(`Post ${post.id} is queued without prepared media.`);
    const attempt = await gate.open({ postId: post.id, media: post.media });
    return { type: 'attempt_opened', attemptId: attempt.id };
  }

  /**
   * Makes the one call that is never repeated.
   *
   * `init` is not idempotent and its reply can get lost: repeating it could publish twice. So it is called at most once
   * for each attempt, which the claim on the disk makes sure of even across a crash. If the reply brings a `publish_id`,
   * the gate opens for exactly that one. In every other case, a refusal, silence, an answer that nobody can read or a
   * process that died in between, the attempt is revoked: whatever TikTok may have begun can then never fetch a byte,
   * and a new attempt under new URLs is safe.
   */
  async function submit(post: PostIn<'submitting'>): Promise<PostEvent> {
    const attempt = await gate.read(post.attemptId);
    if (attempt === undefined) return { type: 'unanswered' };
    if (attempt.state === 'released') return { type: 'accepted', publishId: attempt.publishId };
    const stopped = await waiting.cancelled(post);
    if (stopped !== undefined) return abandon(attempt, stopped);
    let token: string | undefined;
    try {
      token = await accounts.accessToken(post.content.openId);
      if (!(await gate.claimCall(attempt.id))) return abandon(attempt, { type: 'unanswered' });
      const { publishId } = await client.initPublish(token, publishRequest(post, attempt));
      await notes.link(publishId, post.id);
      const stopped = await waiting.cancelled(post);
      if (stopped !== undefined) return abandon(attempt, stopped);
      const standing = await gate.release(attempt.id, publishId);
      return standing?.state === 'released' ? { type: 'accepted', publishId } : { type: 'unanswered' };
    } catch (error) {
      if (error instanceof TikTokAuthError && token !== undefined) {
        await accounts.distrust(post.content.openId, token);
      }
      const isPrivacy = error instanceof TikTokApiError && refusalOf(error.code).ask === 'privacy';
      return abandon(attempt, isPrivacy ? await waiting.askForPrivacy(post) : outcomeOf(error));
    }
  }

  /** Revokes the attempt. Should it have been released after all, that stands, and the post follows it. */
  async function abandon(attempt: Attempt, event: PostEvent): Promise<PostEvent> {
    const standing = await gate.revoke(attempt.id);
    return standing?.state === 'released' ? { type: 'accepted', publishId: standing.publishId } : event;
  }

  function publishRequest(post: PostIn<'submitting'>, attempt: Attempt) {
    const { kind, postMode, caption, settings } = post.content;
    const mediaUrls = attempt.files.map((file) => mediaUrl(attempt, file));
    return { kind, postMode, caption, settings, mediaUrls };
  }

  async function readStatus(post: PostIn<'processing' | 'published' | 'in_inbox'>): Promise<PostEvent> {
    const askedAt = now();
    try {
      const status = await accounts.withToken(post.content.openId, (token) =>
        client.fetchStatus(token, post.publishId),
      );
      const pulledBytes = Math.max(status.downloadedBytes ?? 0, await countPulled(post));
      const read = { type: 'status_read' as const, status, pulledBytes, askedAt };
      if (status.status !== 'FAILED') return read;
      const advice = failureOf(status.failReason);
      const reasonRaw = status.failReason;
      const failure = { reason: advice.reason, ...(reasonRaw !== undefined && { reasonRaw }) };
      return { ...read, failure, next: nextOf(advice) };
    } catch (error) {
      return unread(error, { askedAt, pulledBytes: await countPulled(post) });
    }
  }

  async function countPulled(post: Post): Promise<number> {
    const attempt = post.status === 'processing' ? await gate.read(post.attemptId) : undefined;
    return attempt === undefined ? 0 : pulls.progress(attempt).bytes;
  }

  async function cancel(post: PostIn<'processing'>): Promise<PostEvent> {
    const askedAt = now();
    try {
      await accounts.withToken(post.content.openId, (token) => client.cancelPublish(token, post.publishId));
      return (await waiting.cancelled(post)) ?? { type: 'cancelled' };
    } catch (error) {
      const isAboutUs = error instanceof TikTokRateLimitError || error instanceof TikTokAuthError;
      if (error instanceof TikTokApiError && !isAboutUs) return { type: 'cancel_refused' };
      return unread(error, { askedAt, pulledBytes: await countPulled(post) });
    }
  }

  return { perform, nextTickAt };
}

export type Performer = ReturnType<typeof createPerformer>;
