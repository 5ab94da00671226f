import { describe, expect, it } from 'vitest';
import {
  countedVotes,
  decisionOf,
  defaultPolicy,
  isCounted,
  voterRoleOf,
  votesOf,
} from '../../../src/core/review/review.ts';
import { approve, CLEO, DORA, HASH, mark, reason, reject, terms, unmark } from '../acts.ts';
import { ANA, BEN, POLICY, T0 } from '../posts.ts';

const nothing = { isManager: false, roles: [] };
const editors = { id: 'discord:77', name: 'Editors' };
const votes = (...acts: Parameters<typeof votesOf>[0]) =>
  votesOf(acts, HASH).map(({ person, mark }) => `${person.name} ${mark}`);

describe('the policy where nobody has set one', () => {
  it('asks for one approval of a manager other than the author in a team, and for none in private', () => {
    expect(defaultPolicy({ isPrivate: true })).toMatchObject({ approvals: 0 });
    expect(defaultPolicy({ isPrivate: false })).toEqual({
      approvals: 1,
      managersVote: true,
      roles: [],
      people: [],
      authorVotes: false,
      rejectionIsFinal: true,
      openHours: 72,
    });
  });
});

describe('a say', () => {
  it('comes from being named, from a role or from managing the place', () => {
    const policy = { ...POLICY, people: [BEN], roles: [editors] };
    expect(voterRoleOf(policy, BEN, nothing)).toEqual({ by: 'name' });
    expect(voterRoleOf(policy, CLEO, { ...nothing, roles: [editors] })).toEqual({
      by: 'role',
      role: editors,
    });
    expect(voterRoleOf(policy, CLEO, { ...nothing, isManager: true })).toEqual({ by: 'manager' });
    expect(voterRoleOf(policy, CLEO, nothing)).toBeUndefined();
  });

  it('does not come from managing where managers have none', () => {
    const policy = { ...POLICY, managersVote: false };
    expect(voterRoleOf(policy, BEN, { ...nothing, isManager: true })).toBeUndefined();
  });

  it('goes by the ids, and names a role as it is called now', () => {
    const renamed = { ...editors, name: 'Redaktion' };
    const policy = { ...POLICY, people: [{ ...BEN, name: 'Cleo' }], roles: [editors] };
    expect(voterRoleOf(policy, CLEO, { ...nothing, roles: [renamed] })).toEqual({
      by: 'role',
      role: renamed,
    });
    expect(voterRoleOf(policy, { id: 'discord:9', name: 'Ben' }, nothing)).toBeUndefined();
    const namesake = { id: 'discord:78', name: 'Editors' };
    expect(voterRoleOf(policy, CLEO, { ...nothing, roles: [namesake] })).toBeUndefined();
  });
});

describe('votes', () => {
  it('stand in the order in which they were cast, with what gave the say', () => {
    const acts = [approve(BEN, { at: T0 + 5 }), reject(CLEO, { at: T0 + 1, authority: { by: 'name' } })];
    expect(votesOf(acts, HASH)).toEqual([
      { person: CLEO, mark: 'reject', at: T0 + 1, authority: { by: 'name' } },
      { person: BEN, mark: 'approve', at: T0 + 5, authority: { by: 'manager' } },
    ]);
  });

  it('are one for each person, however many marks they set', () => {
    const cards = ['reaction a', 'reaction b', 'button'] as const;
    expect(votes(...cards.map((source) => approve(BEN, { source })))).toEqual(['Ben approve']);
  });

  it('are rejections where somebody both approves and rejects, whichever came last', () => {
    const forth = [approve(BEN, { source: 'reaction a' }), reject(BEN, { source: 'reaction b' })];
    expect(votes(...forth)).toEqual(['Ben reject']);
    expect(votes(...forth.toReversed())).toEqual(['Ben reject']);
    expect(votes(reject(BEN, { source: 'reaction a' }), approve(BEN))).toEqual(['Ben reject']);
  });

  it('change with the other button, because two cannot be pressed at once', () => {
    expect(votes(reject(BEN), approve(BEN))).toEqual(['Ben approve']);
    expect(votes(approve(BEN), reject(BEN))).toEqual(['Ben reject']);
  });

  it('go with the last mark that is taken back', () => {
    const two = [approve(BEN, { source: 'reaction a' }), approve(BEN, { source: 'reaction b' })];
    expect(votes(...two, unmark(BEN, 'approve', 'reaction a'))).toEqual(['Ben approve']);
    expect(votes(...two, unmark(BEN, 'approve', 'reaction a'), unmark(BEN, 'approve', 'reaction b'))).toEqual(
      [],
    );
    expect(votes(approve(BEN), unmark(BEN, 'reject'))).toEqual(['Ben approve']);
    expect(votes(approve(BEN), unmark(CLEO, 'approve'))).toEqual(['Ben approve']);
  });

  it('are for exactly the content that was seen', () => {
    expect(votes(approve(BEN, { contentHash: 'other' }))).toEqual([]);
    expect(votes(approve(BEN), reject(BEN, { contentHash: 'other' }))).toEqual(['Ben approve']);
  });

  it('carry the last reason that was given, where they reject', () => {
    const acts = [reject(BEN), reason(BEN, 'Too loud'), reason(BEN, 'Too long'), reason(CLEO, 'Nice')];
    expect(votesOf([...acts, approve(CLEO)], HASH)).toEqual([
      { person: BEN, mark: 'reject', at: T0, authority: { by: 'manager' }, reason: 'Too long' },
      { person: CLEO, mark: 'approve', at: T0, authority: { by: 'manager' } },
    ]);
  });
});

describe('marks', () => {
  it('stand one by one', () => {
    const onCard = { source: 'reaction a' as const };
    const acts = [approve(BEN), approve(BEN, onCard), reject(CLEO), unmark(CLEO, 'reject')];
    expect(isCounted(acts, mark(BEN, 'approve'), HASH)).toBe(true);
    expect(isCounted(acts, mark(BEN, 'approve', { source: 'reaction b' }), HASH)).toBe(false);
    expect(isCounted(acts, mark(BEN, 'reject'), HASH)).toBe(false);
    expect(isCounted(acts, mark(CLEO, 'reject'), HASH)).toBe(false);
    expect(isCounted(acts, mark(BEN, 'approve'), 'other')).toBe(false);
    expect(countedVotes(acts, HASH)).toEqual([approve(BEN), approve(BEN, onCard)]);
  });
});

describe('a decision', () => {
  it('takes as many approvals as are asked for, and names them in their order', () => {
    const acts = [approve(BEN), approve(DORA, { at: T0 + 1 }), approve(CLEO, { at: T0 + 2 })];
    expect(decisionOf(acts.slice(0, 2), terms({ approvals: 3 }))).toBeUndefined();
    expect(decisionOf(acts, terms({ approvals: 3 }))).toEqual({
      outcome: 'approved',
      by: [BEN, DORA, CLEO],
      at: T0 + 2,
    });
  });

  it('falls with the first rejection where that is final', () => {
    const acts = [approve(ANA), reject(BEN, { at: T0 + 7 })];
    expect(decisionOf(acts, terms({ approvals: 2 }))).toEqual({ outcome: 'rejected', by: [BEN], at: T0 + 7 });
  });

  it('takes as many rejections as approvals where one is not final', () => {
    const open = terms({ approvals: 2, rejectionIsFinal: false });
    expect(decisionOf([reject(BEN), approve(ANA)], open)).toBeUndefined();
    expect(decisionOf([reject(BEN), approve(ANA), approve(CLEO)], open)?.outcome).toBe('approved');
    expect(decisionOf([reject(BEN), approve(ANA), reject(CLEO)], open)?.by).toEqual([BEN, CLEO]);
  });

  it('stands though the next act takes it back', () => {
    const acts = [approve(BEN), unmark(BEN, 'approve'), reject(BEN), reject(CLEO)];
    expect(decisionOf(acts, terms())).toEqual({ outcome: 'approved', by: [BEN], at: T0 });
  });

  it('is not reached by votes that do not stand at the same time', () => {
    const acts = [approve(BEN), unmark(BEN, 'approve'), approve(CLEO)];
    expect(decisionOf(acts, terms({ approvals: 2 }))).toBeUndefined();
  });

  it('comes from taking a rejection back, too', () => {
    const both = [approve(BEN, { source: 'reaction a' }), reject(BEN, { source: 'reaction b' })];
    const open = terms({ approvals: 2, rejectionIsFinal: false });
    const acts = [...both, approve(CLEO)];
    expect(decisionOf(acts, open)).toBeUndefined();
    expect(decisionOf([...acts, unmark(BEN, 'reject', 'reaction b')], open)?.outcome).toBe('approved');
  });

  it('is nothing that a reason or a vote for other content brings', () => {
    expect(decisionOf([reason(BEN, 'No'), approve(BEN, { contentHash: 'other' })], terms())).toBeUndefined();
    expect(decisionOf([reject(BEN, { contentHash: 'other' })], terms())).toBeUndefined();
  });
});
