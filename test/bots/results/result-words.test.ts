import { describe, expect, it } from 'vitest';
import { afterText, bigNumber, countsText, resultsNote } from '../../../src/bots/results/result-words.ts';
import { postIn, printed } from '../cards/subjects.ts';

const HOUR_MS = 3_600_000;
const COUNTS = { views: 1_204, likes: 88, comments: 7, shares: 3 };

describe('a number', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_204, '1,204'],
    [9_999, '9,999'],
    [10_000, '10 K'],
    [12_449, '12.4 K'],
    [99_999, '99.9 K'],
    [999_949, '999.9 K'],
    [999_999, '999.9 K'],
    [1_000_000, '1 M'],
    [3_150_000, '3.1 M'],
    [1_000_000_000, '1 B'],
    [2_500_000_000_000, '2,500 B'],
  ])('of %d is %s', (count, text) => {
    expect(bigNumber(count)).toBe(text);
  });
});

it('counts what there is one of without an s', () => {
  expect(countsText({ views: 1, likes: 1, comments: 1, shares: 1 })).toBe(
    '1 view · 1 like · 1 comment · 1 share',
  );
  expect(countsText({ ...COUNTS, views: 12_449 })).toBe('12.4 K views · 88 likes · 7 comments · 3 shares');
});

it.each([
  [10 * 60_000, 'after 1 h'],
  [HOUR_MS, 'after 1 h'],
  [22.4 * HOUR_MS, 'after 22 h'],
  [24 * HOUR_MS, 'after 24 h'],
  [47.4 * HOUR_MS, 'after 47 h'],
  [48 * HOUR_MS, 'after 2 days'],
  [6.6 * 24 * HOUR_MS, 'after 7 days'],
])('says that %d ms are %s', (milliseconds, text) => {
  expect(afterText(milliseconds)).toBe(text);
});

describe('the message with the numbers of a day', () => {
  const live = (...hours: number[]) =>
    postIn({
      status: 'published',
      settledAt: 0,
      publishId: 'p',
      postIds: ['7'],
      checks: 0,
      checkedAt: 0,
      results: hours.map((hour) => ({ at: hour * HOUR_MS, ...COUNTS, views: hour })),
    });

  it('is there once somebody looked after about a day', () => {
    expect(resultsNote(live())).toBeUndefined();
    expect(resultsNote(live(1))).toBeUndefined();
    expect(printed(resultsNote(live(1, 22))?.card ?? { lines: [], rows: [] })).toBe(
      'On TikTok after 22 h · Studio Ana (@studio.ana)\n22 views · 88 likes · 7 comments · 3 shares',
    );
  });

  it('stays the same when more becomes known', () => {
    expect(resultsNote(live(1, 24, 168))).toEqual(resultsNote(live(1, 24)));
  });
});
