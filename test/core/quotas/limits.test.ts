import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capOf, isLimit, opensAt, WINDOW_MS } from '../../../src/core/quotas/limits.ts';
import { HOUR_MS, T0 } from '../posts.ts';

const hoursAgo = (...hours: number[]) => hours.map((hour) => T0 - hour * HOUR_MS);

describe('when there is room', () => {
  it.each([
    ['nothing is taken', { taken: [], cap: 2 }, T0],
    ['some is taken', { taken: hoursAgo(3), cap: 2 }, T0],
    ['all is taken', { taken: hoursAgo(3, 1), cap: 2 }, T0 + 21 * HOUR_MS],
    ['more is taken than that', { taken: hoursAgo(5, 3, 1), cap: 2 }, T0 + 21 * HOUR_MS],
    ['one just counts no more', { taken: hoursAgo(24, 1), cap: 2 }, T0],
    ['one goes first', { taken: hoursAgo(3, 1), cap: 2, ahead: 1 }, T0 + 23 * HOUR_MS],
    ['one goes first into free room', { taken: hoursAgo(3), cap: 2, ahead: 1 }, T0 + 21 * HOUR_MS],
    ['as many go first as fit in a day', { taken: hoursAgo(3, 1), cap: 2, ahead: 2 }, T0 + 45 * HOUR_MS],
    ['there is no limit', { taken: hoursAgo(3, 1), cap: Infinity, ahead: 9 }, T0],
  ])('where %s', (_name, count, at) => {
    expect(opensAt(count, T0)).toBe(at);
  });

  it.each([
    ['lowers the cap', { cap: 1, at: T0 }, hoursAgo(3), 0, T0 + 21 * HOUR_MS],
    ['leaves what is lower already', { cap: 3, at: T0 }, hoursAgo(3, 1), 0, T0 + 21 * HOUR_MS],
    ['is forgotten after a day', { cap: 1, at: T0 - WINDOW_MS }, hoursAgo(3), 0, T0],
    [
      'is waited out by whoever comes later',
      { cap: 1, at: T0 - HOUR_MS },
      hoursAgo(3),
      1,
      T0 + 23 * HOUR_MS + 60_000,
    ],
    ['of the first post counts for an hour', { cap: 0, at: T0 }, [], 0, T0 + HOUR_MS],
    ['of the first post lets one ask at a time', { cap: 0, at: T0 }, [], 1, T0 + HOUR_MS + 60_000],
  ])('a refusal %s', (_name, learned, taken, ahead, at) => {
    expect(opensAt({ taken, cap: 2, learned, ahead }, T0)).toBe(at);
  });

  it('is not told to more than fit, in whichever order they ask', () => {
    const taken = fc.array(fc.integer({ min: T0 - WINDOW_MS, max: T0 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        taken,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 12 }),
        (before, cap, line) => {
          const turns = Array.from({ length: line + 1 }, (_, ahead) =>
            opensAt({ taken: before, cap, ahead }, T0),
          );
          expect(turns).toEqual(turns.toSorted((a, b) => a - b));
          for (const [index, at] of turns.entries()) {
            const all = [...before, ...turns.slice(0, index)];
            expect(all.filter((one) => one > at - WINDOW_MS && one <= at).length).toBeLessThan(cap);
            // Nor is anybody held up for nothing: a moment earlier it was full, or it was another one's turn.
            const earlier = all.filter((one) => one > at - 1 - WINDOW_MS).length;
            if (at > T0) expect(earlier).toBeGreaterThanOrEqual(cap);
          }
        },
      ),
    );
  });
});

it('knows how much is taken at most', () => {
  expect(capOf({ cap: 15 }, T0)).toBe(15);
  expect(capOf({ cap: 15, learned: { cap: 3, at: T0 } }, T0 + 1)).toBe(3);
  expect(capOf({ cap: 15, learned: { cap: 3, at: T0 } }, T0 + WINDOW_MS)).toBe(15);
  expect(capOf({ cap: 5, learned: { cap: 9, at: T0 } }, T0 + 1)).toBe(5);
});

it('tells limits from all other reasons', () => {
  expect(['daily_post_limit', 'pending_inbox_limit', 'app_creator_cap'].every(isLimit)).toBe(true);
  expect(['rate_limited', 'spam', 'toString', ''].some(isLimit)).toBe(false);
});
