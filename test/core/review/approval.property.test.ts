import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import { isSettled, type Post } from '../../../src/core/publish/post.ts';
import type { Ballot } from '../../../src/core/review/ballots.ts';
import { withBytes } from '../core-world.ts';
import { verdictOf } from './approval-oracle.ts';
import { type Plan, plans } from './approval-plans.ts';
import { createApprovalWorld, type Ending, play } from './approval-stage.ts';

type World = Awaited<ReturnType<typeof createApprovalWorld>>;

const SECONDS = 1_000;
/** The same stories in each run of the tests; others are looked for by hand. */
const SEED = Number(process.env.SEED ?? 1);

describe('an approval, whatever happens in whatever order', () => {
  it('publishes once what enough people approved, and nothing else', {
    timeout: 120 * SECONDS,
  }, async () => {
    const seen = new Set<string>();
    const story = fc.asyncProperty(fc.scheduler(), plans, async (scheduler, plan) => {
      await using world = await createApprovalWorld(plan);
      const ending = await play({
        world,
        plan,
        turn: (name) => scheduler.schedule(Promise.resolve(), name),
        inOrder: (all) => scheduler.waitFor(all),
        rest: (moment) => expectNotStuck(plan, moment),
      });
      seen.add(ending.post.status);
      expectAppendOnly(plan, ending);
      expectOneDecision(plan, ending);
      expectPublished(world, plan, ending);
    });
    // Smaller stories take longer to find than there is time.
    await fc.assert(story, { numRuns: 220, endOnFailure: true, seed: SEED });
    // A test of nothing but rejections would prove nothing.
    expect([...seen]).toEqual(expect.arrayContaining(['published', 'rejected', 'expired', 'cancelled']));
  });
});

const verdict = ({ policy }: Plan, { acts }: Pick<Ballot, 'acts'>, post: Post) =>
  verdictOf(acts, policy, post.contentHash);

/** Whoever waits has somebody who comes back for it. */
function expectNotStuck(
  plan: Plan,
  moment: { post: Post; ballot: Ballot | undefined; nextTickAt: number; now: number },
): void {
  const { post, ballot = { acts: [], version: 0 }, nextTickAt, now } = moment;
  if (isSettled(post)) return;
  expect(nextTickAt).toBeGreaterThan(now);
  if (post.status === 'in_review') {
    expect(verdict(plan, ballot, post)).toBeUndefined();
    expect(ballot).not.toHaveProperty('isClosed');
    // A tick that began in time may end when the review is over: the next one comes as for late votes.
    const lateVotes = now + DEFAULT_PACING.lateVotesMs;
    expect(nextTickAt).toBeLessThanOrEqual(post.expiresAt <= now ? lateVotes : post.expiresAt);
  } else if (post.status === 'on_hold') expect(nextTickAt).toBeLessThanOrEqual(post.expiresAt);
  else if (post.status === 'queued') expect(nextTickAt).toBeLessThanOrEqual(post.notBefore);
  else if (post.status === 'uploading') expect(nextTickAt).toBeLessThanOrEqual(post.notBefore ?? now);
  else if (post.status === 'processing') expect(nextTickAt).toBeLessThanOrEqual(post.nextCheckAt);
  else throw new Error(`The post is stuck in ${post.status}.`);
}

/** Acts are only ever added, none of them to a closed ballot, and no mark to one that is decided. */
function expectAppendOnly(plan: Plan, { post, versions }: Ending): void {
  expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
  for (const [index, ballot] of versions.entries()) {
    const before = versions[index - 1];
    if (before === undefined) continue;
    expect(ballot.acts.slice(0, before.acts.length)).toEqual(before.acts);
    const added = ballot.acts.slice(before.acts.length);
    if (before.isClosed) expect(added).toEqual([]);
    const decided = verdict(plan, before, post);
    if (decided === undefined) continue;
    expect(ballot).not.toHaveProperty('isClosed');
    for (const { type, person } of added) expect([type, decided.by.has(person.id)]).toEqual(['reason', true]);
  }
}

/** Whoever asks, early or late, is told of the same decision. */
function expectOneDecision(plan: Plan, { post, versions, casts, decisions }: Ending): void {
  const last = versions.at(-1);
  const decided = last && verdict(plan, last, post);
  const told = [...casts.flatMap(({ decision }) => decision ?? []), post.review?.decision, ...decisions];
  for (const decision of told) {
    if (decision === undefined) continue;
    expect(decision.outcome).toBe(decided?.outcome);
    expect(new Set(decision.by.map(({ id }) => id))).toEqual(decided?.by);
  }
  if (decided !== undefined) expect(decisions).not.toContain(undefined);
}

/** What reached TikTok, against what the ballot says. */
function expectPublished(world: World, plan: Plan, { post, versions }: Ending): void {
  const taken = withBytes(world.tiktok);
  expect(taken.length).toBeLessThanOrEqual(1);
  const last = versions.at(-1);
  const decided = last && verdict(plan, last, post);
  if (taken.length > 0) {
    expect(decided?.outcome).toBe('approved');
    expect(last).not.toHaveProperty('isClosed');
    expect(post.review?.decision?.outcome).toBe('approved');
  }
  for (const { createdAt } of world.tiktok.state.publishes) {
    expect(createdAt).toBeGreaterThanOrEqual(post.publishAt ?? 0);
  }
  expect(post.status).toSatisfy((status: string) => expectedEnds(plan, last, decided?.outcome).has(status));
  if (post.status === 'published') expect(taken).toHaveLength(1);
}

/** How the post may have ended; where nobody interfered there is one way only. */
function expectedEnds({ commands, isUploaded }: Plan, last: Ballot | undefined, outcome: string | undefined) {
  const ends = new Set<string>();
  const types = new Set(commands.map(({ type }) => type));
  if (outcome === undefined) ends.add('expired');
  else ends.add(outcome === 'approved' ? 'published' : 'rejected');
  if (types.has('cancel')) ends.add('cancelled');
  if (types.has('withdraw')) ends.add('withdrawn');
  // The address of an upload may end between a crash and the last chunk, which nobody then knows the end of.
  if (isUploaded && types.has('let the review expire')) ends.add('unconfirmed');
  // Without the choice that it waits for it ends after its hold.
  if (outcome === 'approved' && types.has('go private')) ends.add('expired');
  // Whoever ends a review that nobody has decided closes the ballot, so that nobody votes for nothing.
  expect(last?.isClosed ?? false).toBe(outcome === undefined);
  return ends;
}
