import type { Accounts } from '../accounts/accounts.ts';
import type { Ballots } from '../review/ballots.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import type { CreatorInfo, PrivacyLevel } from '../tiktok/types.ts';
import { outcomeOf } from './outcomes.ts';
import type { Post, PostEvent, PostIn } from './post.ts';
import type { Notes } from './signals.ts';

/** Longer than preparing takes, and long enough for a creator to change something. */
const LONG_MS = 10 * 60_000;

/** What becomes of a post that waits: for its review, its time, or a choice of its author's. */
export function createWaiting({
  notes,
  ballots,
  accounts,
  client,
  mayPost = async () => true,
  mayExpire = () => true,
}: {
  notes: Notes;
  ballots: Ballots;
  accounts: Accounts;
  client: TikTokClient;
  /** Whether a place may use Nod. */
  mayPost?: (workspace: string) => Promise<boolean>;
  /** False while votes that were cast in time may not have arrived yet. */
  mayExpire?: () => boolean;
}) {
  /** What somebody has asked for while the post waits: to stop it, or another time. */
  async function noted(post: Post): Promise<PostEvent | undefined> {
    const stopped = await cancelled(post);
    if (stopped !== undefined) return stopped;
    const note = await notes.read(post.id);
    const isPlanned = note?.publishAt === undefined || note.publishAt === (post.publishAt ?? null);
    if (isPlanned || (post.status === 'queued' && post.attempts > 0)) return undefined;
    return note.publishAt === null
      ? { type: 'rescheduled' }
      : { type: 'rescheduled', publishAt: note.publishAt };
  }

  /** What stops the post: somebody's wish, or that its place may not use Nod any more. */
  async function cancelled(post: Post): Promise<PostEvent | undefined> {
    const note = await notes.read(post.id);
    const isShutOut = !(await mayPost(post.workspace));
    if (note?.cancelled === undefined && !isShutOut) return undefined;
    return { type: 'cancelled', ...note?.cancelled, ...(isShutOut && { isShutOut }) };
  }

  /** Whoever ends the review closes the ballot first, so that no vote is counted for nothing. */
  async function review(post: PostIn<'in_review'>, isDue: boolean): Promise<PostEvent | undefined> {
    if (post.review === undefined) throw new Error(`Post ${post.id} is in review without terms.`);
    const ballot = { postId: post.id, contentHash: post.contentHash, policy: post.review.policy };
    const note = await noted(post);
    if (note?.type === 'cancelled') {
      await ballots.close(ballot);
      return note;
    }
    const isOver = isDue && mayExpire();
    const decision = isOver ? await ballots.close(ballot) : await ballots.decision(ballot);
    if (decision !== undefined) return { type: 'decided', decision };
    return isOver ? { type: 'expired' } : note;
  }

  /**
   * What stands against publishing a post: its place may have lost the account, and for one that has waited, what the
   * creator may do can have changed meanwhile.
   */
  async function recheck(post: Post): Promise<PostEvent | undefined> {
    const shared = await accounts.list(post.workspace);
    if (!shared.some(({ openId }) => openId === post.content.openId))
      return { type: 'refused', failure: { reason: 'account_disconnected' }, next: { type: 'give_up' } };
    if (!hasWaited(post)) return undefined;
    if (post.content.postMode !== 'DIRECT_POST') return undefined;
    try {
      return objection(post, await queryCreator(post));
    } catch (error) {
      const event = outcomeOf(error);
      if (event.type !== 'unanswered') return event;
      return { type: 'refused', failure: { reason: 'tiktok_unreachable' }, next: { type: 'retry' } };
    }
  }

  /** TikTok does not take the privacy level: its author chooses among what the creator may choose now. */
  async function askForPrivacy(post: Post): Promise<PostEvent> {
    const creator = await queryCreator(post).catch(() => undefined);
    return privacyGone(post, creator?.privacyLevelOptions ?? []);
  }

  const queryCreator = ({ content }: Post): Promise<CreatorInfo> =>
    accounts.withToken(content.openId, (token) => client.queryCreatorInfo(token));

  return { noted, cancelled, review, recheck, askForPrivacy };
}

export type Waiting = ReturnType<typeof createWaiting>;

/** A plan may have been dropped meanwhile, but not the time that has passed. */
const hasWaited = ({ review, publishAt, createdAt, readyAt = createdAt }: Post): boolean =>
  review !== undefined || publishAt !== undefined || readyAt - createdAt > LONG_MS;

function objection(post: Post, creator: CreatorInfo): PostEvent | undefined {
  const { privacyLevelOptions, maxVideoDurationSeconds: maxSeconds } = creator;
  const { privacyLevel } = post.content.settings;
  if (privacyLevel !== undefined && !privacyLevelOptions.includes(privacyLevel))
    return privacyGone(post, privacyLevelOptions);
  const durationSeconds = post.media?.[0]?.durationSeconds ?? 0;
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
