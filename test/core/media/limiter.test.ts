import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../src/core/media/limiter.ts';

describe('the limiter', () => {
  it('runs no more at once than allowed, first come first served', async () => {
    const limit = createLimiter({ concurrency: 2 });
    const started: number[] = [];
    const gates = [0, 1, 2, 3, 4].map(() => Promise.withResolvers<void>());
    const runs = gates.map((gate, index) =>
      limit(async () => {
        started.push(index);
        await gate.promise;
      }),
    );
    expect(started).toEqual([0, 1]);
    gates[1]?.resolve();
    await runs[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    await Promise.all(runs);
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives the place on when a run fails', async () => {
    const limit = createLimiter({ concurrency: 1 });
    const failing = limit(async () => {
      throw new Error('The run failed.');
    });
    const next = limit(async () => 'next');
    await expect(failing).rejects.toThrow('The run failed.');
    expect(await next).toBe('next');
    expect(await limit(async () => 'after')).toBe('after');
  });
});
