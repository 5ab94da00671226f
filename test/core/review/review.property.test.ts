import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BallotEntry,
  decisionOf,
  isCounted,
  type VoteSource,
  votesOf,
} from '../../../src/core/review/review.ts';
import { CLEO, DORA, HASH, terms } from '../acts.ts';
import { ANA, BEN, T0 } from '../posts.ts';
import { verdictOf } from './approval-oracle.ts';

const by = {
  person: fc.constantFrom(ANA, BEN, CLEO, DORA),
  at: fc.integer({ min: T0, max: T0 + 5 }),
};
const mark = fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const);
const source = fc.constantFrom<VoteSource>('button', 'reaction a', 'reaction b');
const act: fc.Arbitrary<BallotEntry> = fc.oneof(
  fc.record({
    ...by,
    type: fc.constant('mark' as const),
    mark,
    source,
    contentHash: fc.constantFrom(HASH, HASH, HASH, 'other'),
    authority: fc.constant({ by: 'manager' as const }),
  }),
  fc.record({ ...by, type: fc.constant('unmark' as const), mark, source }),
  fc.record({ ...by, type: fc.constant('reason' as const), text: fc.string() }),
);
const acts = fc.array(act, { maxLength: 25 });
const policy = fc
  .record({ approvals: fc.integer({ min: 1, max: 4 }), rejectionIsFinal: fc.boolean() })
  .map((asked) => terms(asked).policy);

describe('any row of acts', () => {
  it('decides as the long way of counting does', () => {
    fc.assert(
      fc.property(acts, policy, (acts, policy) => {
        const decision = decisionOf(acts, { policy, contentHash: HASH });
        const verdict = verdictOf(acts, policy, HASH);
        expect(decision?.outcome).toBe(verdict?.outcome);
        if (verdict === undefined || decision === undefined) return;
        expect(new Set(decision.by.map(({ id }) => id))).toEqual(verdict.by);
        expect(decision.at).toBe(acts[verdict.acts - 1]?.at);
      }),
      { numRuns: 1_000 },
    );
  });

  it('decides for good: what comes after changes nothing', () => {
    fc.assert(
      fc.property(acts, acts, policy, (first, then, policy) => {
        const decision = decisionOf(first, { policy, contentHash: HASH });
        fc.pre(decision !== undefined);
        expect(decisionOf([...first, ...then], { policy, contentHash: HASH })).toEqual(decision);
      }),
    );
  });

  it('gives each person one vote at most, and none without a standing mark for this content', () => {
    fc.assert(
      fc.property(acts, (acts) => {
        const votes = votesOf(acts, HASH);
        expect(new Set(votes.map(({ person }) => person.id)).size).toBe(votes.length);
        for (const vote of votes) {
          const marks = acts.filter((act) => act.type === 'mark' && act.person.id === vote.person.id);
          const standing = marks.filter((act) => act.type === 'mark' && isCounted(acts, act, HASH));
          expect(standing.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('reads reactions without regard to their order', () => {
    const reactions = acts.map((acts) =>
      acts.filter((act) => act.type === 'mark' && act.source !== 'button'),
    );
    const shuffled = reactions.chain((acts) =>
      fc.tuple(
        fc.constant(acts),
        fc.shuffledSubarray(acts, { minLength: acts.length, maxLength: acts.length }),
      ),
    );
    const tally = (acts: readonly BallotEntry[]) =>
      votesOf(acts, HASH)
        .map(({ person, mark }) => `${person.id} ${mark}`)
        .sort();
    fc.assert(
      fc.property(shuffled, ([acts, others]) => {
        expect(tally(others)).toEqual(tally(acts));
      }),
    );
  });
});
