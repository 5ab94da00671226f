import { describe, expect, it } from 'vitest';
import { createThrottle } from '../../src/core/throttle.ts';

function throttleAt(now = 1_000) {
  const clock = { now };
  return { clock, throttle: createThrottle({ limit: 3, windowMs: 100, now: () => clock.now }) };
}

describe('a throttle', () => {
  it('lets as many through as its limit, for each key', () => {
    const { throttle } = throttleAt();
    expect(Array.from({ length: 5 }, () => throttle.take('a'))).toEqual([true, true, true, false, false]);
    expect(throttle.take('b')).toBe(true);
  });

  it('never lets more through in any span of its window', () => {
    const { clock, throttle } = throttleAt(0);
    const taken: number[] = [];
    for (; clock.now < 1_000; clock.now += 7) if (throttle.take('a')) taken.push(clock.now);
    for (const at of taken)
      expect(taken.filter((each) => each >= at && each < at + 100).length).toBeLessThanOrEqual(3);
    expect(taken.length).toBeGreaterThan(20);
  });

  it('does not count what it refuses', () => {
    const { clock, throttle } = throttleAt();
    for (let asked = 0; asked < 20; asked += 1) throttle.take('a');
    clock.now += 99;
    expect(throttle.take('a')).toBe(false);
    clock.now += 1;
    expect(throttle.take('a')).toBe(true);
  });

  it('does not count what is given back', () => {
    const { throttle } = throttleAt();
    for (let asked = 0; asked < 20; asked += 1) {
      expect(throttle.take('a')).toBe(true);
      throttle.giveBack('a');
    }
    throttle.giveBack('a');
    throttle.giveBack('never taken');
    expect(Array.from({ length: 4 }, () => throttle.take('a'))).toEqual([true, true, true, false]);
  });

  it('does not hold anybody back for longer where the clock was set back', () => {
    const { clock, throttle } = throttleAt(1_000_000);
    for (let asked = 0; asked < 3; asked += 1) throttle.take('a');
    clock.now = 1_000;
    expect(throttle.take('a')).toBe(true);
  });

  it('forgets the key that was taken longest ago where there are too many', () => {
    const { throttle } = throttleAt();
    const takeAll = (key: string) => Array.from({ length: 4 }, () => throttle.take(key));
    takeAll('first');
    takeAll('second');
    for (let number = 0; number < 3_999; number += 1) throttle.take(`key ${number}`);
    expect(throttle.take('second')).toBe(false);
    expect(throttle.take('first')).toBe(true);
  });
});
