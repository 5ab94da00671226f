import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSteadyClock } from '../../src/core/steady-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

it('goes with the clock, and goes on where that is set back', () => {
  const steadyNow = createSteadyClock(Date.now);
  vi.advanceTimersByTime(500);
  expect(steadyNow()).toBe(1_000_500);
  vi.advanceTimersByTime(200);
  vi.setSystemTime(10_000);
  expect(steadyNow()).toBe(1_000_700);
  vi.advanceTimersByTime(300);
  expect(steadyNow()).toBe(1_001_000);
  vi.setSystemTime(5_010_300);
  expect(steadyNow()).toBe(6_001_000);
});
