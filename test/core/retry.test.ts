import { expect, it } from 'vitest';
import { backoffMs, retry } from '../../src/core/retry.ts';

/** Fails so many times, then tells how often it was called. */
function failing(times: number) {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw new Error(`Failure ${calls}`);
    return calls;
  };
}

it('calls until a call succeeds', async () => {
  expect(await retry(failing(2), { pauseAfter: () => 0 })).toBe(3);
});

it('throws the error after which no further try helps', async () => {
  const pauses = [0, 0];
  const pauseAfter = (_: unknown, failures: number) => pauses[failures];
  await expect(retry(failing(9), { pauseAfter })).rejects.toThrow('Failure 3');
});

it('ends a wait when it is stopped', async () => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pauseAfter = () => {
    queueMicrotask(() => stopping.abort());
    return 60_000;
  };
  await expect(retry(failing(1), { pauseAfter, signal })).rejects.toMatchObject({ name: 'AbortError' });
});

it('pauses ever longer, half a minute at most', () => {
  expect([0, 1, 2, 20].map(backoffMs)).toEqual([500, 1_000, 2_000, 30_000]);
});
