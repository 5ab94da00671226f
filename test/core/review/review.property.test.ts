import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areOneOn,
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
const everybody = [ANA, BEN, CLEO, DORA];
const pair = fc.shuffledSubarray(everybody, { minLength: 2, maxLength: 2 });
const linked = fc.option(fc.array(pair, { maxLength: 2 }), { nil: undefined, freq: 4 });
const plainAct: fc.Arbitrary<BallotEntry> = fc.oneof(
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
const act = fc.tuple(plainAct, linked).map(([done, linked]): BallotEntry => ({ ...done, linked }));
const acts = fc.array(act, { maxLength: 25 });
/** Nobody links anything. */
const plainActs = fc.array(plainAct, { maxLength: 25 });
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
        // One person may be named by another of their accounts.
        expect(decision.by).toHaveLength(verdict.by.size);
        const before = acts.slice(0, verdict.acts);
        for (const person of everybody.filter(({ id }) => verdict.by.has(id)))
          expect(decision.by.some((one) => areOneOn(before, one, person))).toBe(true);
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
    const reactions = plainActs.map((acts) =>
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

  it('counts the accounts of one person once, from when they are known as one', () => {
    fc.assert(
      fc.property(acts, (acts) => {
        const votes = votesOf(acts, HASH);
        for (const [index, one] of votes.entries())
          for (const other of votes.slice(index + 1))
            expect(areOneOn(acts, one.person, other.person)).toBe(false);
      }),
    );
  });

  it('never has more votes because accounts are linked', () => {
    fc.assert(
      fc.property(plainActs, pair, fc.nat(), (acts, pair, at) => {
        fc.pre(acts.length > 0);
        const index = at % acts.length;
        const linked = acts.map((act, each) => (each === index ? { ...act, linked: [pair] } : act));
        const count = (acts: readonly BallotEntry[], mark: string) =>
          votesOf(acts, HASH).filter((vote) => vote.mark === mark).length;
        expect(count(linked, 'approve')).toBeLessThanOrEqual(count(acts, 'approve'));
        expect(votesOf(linked, HASH).length).toBeLessThanOrEqual(votesOf(acts, HASH).length);
        // Who has rejected has rejected, by whichever account.
        expect(count(linked, 'reject') > 0).toBe(count(acts, 'reject') > 0);
      }),
    );
  });

  it('lets no author decide, by whichever account, where authors have no vote', () => {
    fc.assert(
      fc.property(acts, policy, (acts, policy) => {
        const terms = { policy, contentHash: HASH, author: ANA };
        const decision = decisionOf(acts, terms);
        fc.pre(decision !== undefined);
        const deciding = acts.findIndex(
          (_, index) => decisionOf(acts.slice(0, index + 1), terms) !== undefined,
        );
        for (const person of decision?.by ?? [])
          expect(areOneOn(acts.slice(0, deciding + 1), ANA, person)).toBe(false);
      }),
    );
  });
});
