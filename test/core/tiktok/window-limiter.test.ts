import { expect, test } from 'vitest';
import { createWindowLimiter } from '../../../src/core/tiktok/window-limiter.ts';

function setUp({ limit = 3, windowMs = 1000 } = {}) {
  const clock = { now: 0 };
  const limiter = createWindowLimiter({ limit, windowMs, now: () => clock.now });
  const takeAt = (at: number, key = 'a') => {
    clock.now = at;
    return limiter.take(key);
  };
  return { limiter, takeAt };
}

test('slides: calls around the edge of a fixed window still count together', () => {
  const { takeAt } = setUp();
  expect([takeAt(900), takeAt(950), takeAt(990)]).toEqual([0, 0, 0]);
  expect(takeAt(1010)).toBe(890);
  expect(takeAt(1899)).toBe(1);
  expect(takeAt(1900)).toBe(0);
  expect(takeAt(1901)).toBe(49);
});

test('never lets more than the limit through in any window', () => {
  const { takeAt } = setUp();
  const taken: number[] = [];
  for (let at = 0; at < 10_000; at += 37) if (takeAt(at) === 0) taken.push(at);
  for (const from of taken) {
    expect(taken.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(3);
  }
  expect(taken.length).toBeGreaterThan(25);
});

test('does not count a call that it held back', () => {
  const { takeAt } = setUp({ limit: 1 });
  expect(takeAt(0)).toBe(0);
  for (let at = 1; at < 1000; at++) expect(takeAt(at)).toBe(1000 - at);
  expect(takeAt(1000)).toBe(0);
});

test('keeps keys apart', () => {
  const { takeAt } = setUp({ limit: 1 });
  expect([takeAt(0, 'a'), takeAt(0, 'b')]).toEqual([0, 0]);
  expect([takeAt(1, 'a'), takeAt(1, 'b')]).toEqual([999, 999]);
});

test('forgets keys whose window is empty', () => {
  const { limiter, takeAt } = setUp();
  for (let n = 0; n < 500; n++) takeAt(n, `key ${n}`);
  takeAt(400, 'key 0');
  expect(limiter.size).toBe(500);
  takeAt(1399, 'last');
  expect(limiter.size).toBeLessThan(110);
  takeAt(5000, 'last');
  expect(limiter.size).toBe(1);
});

test('does not hold calls back for a clock that was set back', () => {
  const { takeAt } = setUp({ limit: 1 });
  expect(takeAt(1_000_000)).toBe(0);
  expect(takeAt(10)).toBe(0);
});
