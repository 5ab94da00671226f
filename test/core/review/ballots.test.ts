import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approve, ballotBox, CLEO, DORA, reason, reject, reviewOf, unmark } from '../acts.ts';
import { ANA, BEN, T0 } from '../posts.ts';

describe('a ballot', () => {
  it('keeps what people do in its order, wakes the post and says what it came to', async () => {
    const { ballots, woken } = ballotBox();
    const review = reviewOf({ approvals: 2 });
    expect(await ballots.cast(review, approve(BEN))).toEqual({ result: 'counted', acts: [approve(BEN)] });
    const decision = { outcome: 'approved', by: [BEN, CLEO], at: T0 };
    const acts = [approve(BEN), approve(CLEO)];
    expect(await ballots.cast(review, approve(CLEO))).toEqual({ result: 'counted', acts, decision });
    expect(await ballots.read('post-1')).toEqual(acts);
    expect(await ballots.decision(review)).toEqual(decision);
    expect(woken).toEqual(['post-1', 'post-1']);
  });

  it('is empty where nobody has acted', async () => {
    const { ballots } = ballotBox();
    expect(await ballots.read('post-1')).toEqual([]);
    expect(await ballots.decision(reviewOf())).toBeUndefined();
  });

  it('takes what stands already for known, and wakes nobody for it', async () => {
    const { ballots, woken } = ballotBox();
    const review = reviewOf({ approvals: 3 });
    await ballots.cast(review, approve(BEN));
    expect(await ballots.cast(review, approve(BEN, { at: T0 + 9 }))).toMatchObject({ result: 'known' });
    expect(await ballots.cast(review, unmark(CLEO, 'approve'))).toMatchObject({ result: 'known' });
    expect(await ballots.cast(review, unmark(BEN, 'reject'))).toMatchObject({ result: 'known' });
    expect(await ballots.read('post-1')).toEqual([approve(BEN)]);
    expect(woken).toEqual(['post-1']);
  });

  it('knows an event that comes again, whatever has happened since', async () => {
    const { ballots } = ballotBox();
    const review = reviewOf({ approvals: 3 });
    const pressed = { ...approve(BEN), eventId: 'press-1' };
    await ballots.cast(review, pressed);
    await ballots.cast(review, unmark(BEN, 'approve'));
    expect(await ballots.cast(review, pressed)).toMatchObject({ result: 'known' });
    expect(await ballots.read('post-1')).toHaveLength(2);
  });

  it('counts a mark that is taken back and set again', async () => {
    const { ballots } = ballotBox();
    const review = reviewOf({ approvals: 3 });
    const acts = [approve(BEN), unmark(BEN, 'approve'), approve(BEN)];
    for (const act of acts) expect(await ballots.cast(review, act)).toMatchObject({ result: 'counted' });
    expect(await ballots.read('post-1')).toEqual(acts);
  });

  it('takes no vote after the decision, not even back', async () => {
    const { ballots, woken } = ballotBox();
    const review = reviewOf();
    const { decision } = await ballots.cast(review, approve(BEN));
    for (const late of [unmark(BEN, 'approve'), reject(BEN), reject(CLEO), approve(DORA)])
      expect(await ballots.cast(review, late)).toMatchObject({ result: 'late', decision });
    expect(await ballots.read('post-1')).toEqual([approve(BEN)]);
    expect(woken).toHaveLength(1);
  });

  it('takes the reason of a rejection after it, of those alone who decided it', async () => {
    const { ballots } = ballotBox();
    const review = reviewOf({ approvals: 2 });
    await ballots.cast(review, approve(CLEO));
    const { decision } = await ballots.cast(review, reject(BEN));
    expect(await ballots.cast(review, reason(BEN, 'Too loud'))).toMatchObject({
      result: 'counted',
      decision,
    });
    expect(await ballots.cast(review, reason(CLEO, 'Why?'))).toMatchObject({ result: 'late', decision });
    expect((await ballots.read('post-1')).at(-1)).toEqual(reason(BEN, 'Too loud'));
  });

  it('does not count a vote for other content', async () => {
    const { ballots } = ballotBox();
    const cast = await ballots.cast(reviewOf(), approve(BEN, { contentHash: 'other' }));
    expect(cast).not.toHaveProperty('decision');
  });
});

describe('closing a ballot', () => {
  it('ends the vote for good', async () => {
    const { ballots, woken } = ballotBox();
    const review = reviewOf({ approvals: 2 });
    await ballots.cast(review, approve(BEN));
    expect(await ballots.close(review)).toBeUndefined();
    expect(await ballots.close(review)).toBeUndefined();
    for (const late of [approve(CLEO), unmark(BEN, 'approve'), reason(BEN, 'No')])
      expect(await ballots.cast(review, late)).toEqual({ result: 'late', acts: [approve(BEN)] });
    expect(woken).toHaveLength(1);
  });

  it('ends it before the first act, too', async () => {
    const { ballots } = ballotBox();
    expect(await ballots.close(reviewOf())).toBeUndefined();
    expect(await ballots.cast(reviewOf(), approve(BEN))).toEqual({ result: 'late', acts: [] });
  });

  it('comes too late after a decision, and tells it', async () => {
    const { ballots } = ballotBox();
    const { decision } = await ballots.cast(reviewOf(), reject(BEN));
    expect(await ballots.close(reviewOf())).toEqual(decision);
    expect(await ballots.cast(reviewOf(), reason(BEN, 'Too loud'))).toMatchObject({ result: 'counted' });
  });
});

describe('a ballot that many write at once', () => {
  it('loses no act, whichever process they come from', async () => {
    const here = ballotBox();
    const there = ballotBox({ file: here.file });
    const review = reviewOf({ approvals: 10 });
    const people = Array.from({ length: 9 }, (_, index) => ({ id: `discord:${index}`, name: `${index}` }));
    const casts = people.map((person, index) =>
      (index % 2 === 0 ? here : there).ballots.cast(review, approve(person)),
    );
    expect((await Promise.all(casts)).map(({ result }) => result)).toEqual(people.map(() => 'counted'));
    const kept = (await there.ballots.read('post-1')).map(({ person }) => person.id);
    expect(kept.toSorted()).toEqual(people.map(({ id }) => id));
  });

  it('is decided once, and the same for everybody: the last vote, a rejection and the end of time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), async (order) => {
        const here = ballotBox();
        const there = ballotBox({ file: here.file });
        const review = reviewOf({ approvals: 2 });
        const doing = [
          () => here.ballots.cast(review, approve(ANA)),
          () => there.ballots.cast(review, approve(BEN)),
          () => there.ballots.cast(review, reject(CLEO)),
          () => here.ballots.cast(review, unmark(ANA, 'approve')),
          () => there.ballots.close(review).then((decision) => ({ decision })),
        ];
        const outcomes = await Promise.all(order.map((index) => doing[index]?.()));
        const decision = await here.ballots.decision(review);
        expect(await there.ballots.decision(review)).toEqual(decision);
        for (const outcome of outcomes)
          if (outcome?.decision !== undefined) expect(outcome.decision).toEqual(decision);
        const acts = await here.ballots.read('post-1');
        expect(await here.ballots.cast(review, approve(DORA))).toMatchObject({ result: 'late', acts });
      }),
      { numRuns: 30 },
    );
  });
});
