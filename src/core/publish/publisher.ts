import type { Store } from '../storage/database.ts';
import type { Pacing } from './pacing.ts';
import type { Performer } from './perform.ts';
import { isSettled, lastTimeOf, type Post, type PostEvent, type PostStatus } from './post.ts';
import { eachSettledSince, eachUnderWay, withNextCheck } from './posts.ts';
import type { PullCounts } from './pull-progress.ts';
import type { Attempt, ReleaseGate } from './release-gate.ts';
import type { Signals } from './signals.ts';
import { transition } from './transition.ts';

/** How many posts with news of late are looked at after a start. */
const MAX_TOLD = 200;
/** Clocks are put right by less all the time. */
const LEAST_SET_BACK_MS = 1_000;

/** Takes posts step by step from submission to a settled status. */
export function createPublisher({
  posts,
  signals,
  performer,
  gate,
  pulls,
  announce,
  came = () => {},
  retell,
  pacing,
  now,
}: {
  posts: Store<Post>;
  signals: Pick<Signals, 'lastToldOf'>;
  performer: Performer;
  gate: ReleaseGate;
  pulls: PullCounts;
  /** Tells that a post has changed; it must not throw and is not waited for. */
  announce: (post: Post) => void;
  /** Told of each step to another status. */
  came?: ((status: PostStatus) => void) | undefined;
  /** Tells of a post as it was before the start, of which a crash may have kept something from being told. */
  retell: (post: Post) => Promise<void>;
  pacing: Pacing;
  now: () => number;
}) {
  /** Posts that go on at once, as they have just been saved. */
  const atHand = new Map<string, Post>();

  /**
   * Takes a post one step: performs what its status calls for, and saves what came of it before anything else happens.
   *
   * Returns when to call again (epoch milliseconds), or undefined when nothing is left to do.
   */
  async function tick(postId: string): Promise<number | undefined> {
    const post = atHand.get(postId) ?? (await posts.get(postId));
    atHand.delete(postId);
    if (post === undefined) return undefined;
    const event = clockSetBack(post) ?? (await performer.perform(post));
    if (event === undefined) return performer.nextTickAt(post);
    const stepAt = now();
    const next = transition(post, event, stepAt, pacing);
    if (next === post) return performer.nextTickAt(post);
    const saved = await posts.replace(postId, post, { ...next, savedAt: stepAt });
    // Somebody else took this step; what stands on the disk decides how it goes on.
    if (saved === undefined) {
      if (event.type === 'attempt_opened') await gate.close(event.attemptId);
      return now();
    }
    await closeAttempt(post, saved);
    if (saved.status !== post.status) came(saved.status);
    announce(saved);
    // Somebody may have voted before the review began, which wakes nobody then.
    const hasBegunReview = saved.status === 'in_review' && post.status !== 'in_review';
    const isToGoOn = hasBegunReview || event.type === 'clock_set_back';
    const at = isToGoOn ? now() : performer.nextTickAt(saved);
    if (at !== undefined && at <= now()) atHand.set(postId, saved);
    return at;
  }

  /** What the post has to know before anything else where the clock was set back; undefined where it changes nothing. */
  function clockSetBack(post: Post): PostEvent | undefined {
    const byMs = lastTimeOf(post) - now();
    if (byMs < LEAST_SET_BACK_MS) return undefined;
    const event = { type: 'clock_set_back' as const, byMs };
    return transition(post, event, now(), pacing) === post ? undefined : event;
  }

  /** The URLs of an attempt die with the step that leaves it. */
  async function closeAttempt(before: Post, after: Post): Promise<void> {
    const left = attemptOf(before);
    if (left === undefined || left === attemptOf(after)) return;
    await gate.close(left);
    pulls.forget(left);
  }

  /**
   * Goes on after a start: plans the next ticks, tells again what a crash may have kept, closes what it left open. With
   * thousands of posts that takes some time, in which everything else goes on; `isStopping` ends it.
   */
  async function resume(
    schedule: (postId: string, at: number) => void,
    {
      attempts,
      isStopping = () => false,
    }: {
      /** Those that were there before any post went on. */
      attempts?: readonly Attempt[] | undefined;
      isStopping?: () => boolean;
    } = {},
  ): Promise<void> {
    const known = attempts ?? (await gate.list());
    const open = new Set<string>();
    for (const post of await withNextCheck(posts)) {
      const at = resumeAt(post);
      if (isSettled(post) && at !== undefined) schedule(post.id, at);
    }
    // A crash may have come between TikTok's news of a post that is live and its tick.
    for (const postId of await signals.lastToldOf(MAX_TOLD)) schedule(postId, now());
    for await (const post of eachUnderWay(posts)) {
      if (isStopping()) return;
      const attempt = attemptOf(post);
      if (attempt !== undefined) open.add(attempt);
      // Everything that is open is looked at once: a crash may have come between a vote or a note and its tick.
      if (performer.nextTickAt(post) !== undefined) schedule(post.id, now());
      await retell(post);
    }
    for await (const post of eachSettledSince(posts, now() - pacing.patienceMs)) {
      if (isStopping()) return;
      const at = resumeAt(post);
      if (post.status === 'rejected' && at !== undefined) schedule(post.id, at);
      await retell(post);
    }
    await gate.sweep(known.filter(({ id }) => !open.has(id)));
  }

  const resumeAt = (post: Post): number | undefined =>
    clockSetBack(post) === undefined ? performer.nextTickAt(post) : now();

  return { tick, resume };
}

function attemptOf(post: Post): string | undefined {
  return 'attemptId' in post ? post.attemptId : undefined;
}
