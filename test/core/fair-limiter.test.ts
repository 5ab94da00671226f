import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/core/fair-limiter.ts';

describe('the limiter', () => {
  it('runs no more at once than allowed, the runs of one owner in their order', async () => {
    const limit = createLimiter({ concurrency: 2 });
    const started: number[] = [];
    const gates = [0, 1, 2, 3, 4].map(() => Promise.withResolvers<void>());
    const runs = gates.map((gate, index) =>
      limit('ana', async () => {
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

  it('takes from the owners in turn', async () => {
    const limit = createLimiter({ concurrency: 1 });
    const started: string[] = [];
    const begin = (name: string) =>
      limit(name.charAt(0), async () => {
        started.push(name);
        // Somebody who comes anew while others wait stands behind them, and before anybody's second turn.
        if (name === 'a2') runs.push(begin('d1'));
      });
    const runs = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(begin);
    await Promise.all(runs);
    await Promise.all(runs);
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'd1', 'b2', 'a4']);
  });

  it('leaves places to others where an owner may not have them all', async () => {
    const limit = createLimiter({ concurrency: 3, perOwner: 2 });
    const started: string[] = [];
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const begin = (name: string) => {
      const gate = Promise.withResolvers<void>();
      gates.set(name, gate);
      return limit(name.charAt(0), async () => {
        started.push(name);
        await gate.promise;
      });
    };
    const runs = new Map(['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => [name, begin(name)]));
    const end = async (name: string) => {
      gates.get(name)?.resolve();
      await runs.get(name);
    };
    expect(started).toEqual(['a1', 'a2', 'b1']);
    await end('b1');
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1']);
    await end('c1');
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'b2']);
    await end('b2');
    expect(started).toHaveLength(5);
    await end('a1');
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'b2', 'a3']);
    for (const gate of gates.values()) gate.resolve();
    await Promise.all(runs.values());
    expect(started.at(-1)).toBe('a4');
  });

  it('lets whoever waits leave the line', async () => {
    const limit = createLimiter({ concurrency: 1 });
    const first = Promise.withResolvers<void>();
    const running = limit('ana', () => first.promise);
    const ending = new AbortController();
    const begun: string[] = [];
    const run = (name: string, signal?: AbortSignal) =>
      limit('ana', async () => begun.push(name), { signal });
    const left = run('left', ending.signal);
    const kept = run('kept');
    ending.abort(new Error('No longer wanted.'));
    await expect(left).rejects.toThrow('No longer wanted.');
    first.resolve();
    await Promise.all([running, kept]);
    await expect(run('late', ending.signal)).rejects.toThrow('No longer wanted.');
    expect(begun).toEqual(['kept']);
  });

  it('gives the place on when a run fails', async () => {
    const limit = createLimiter({ concurrency: 1 });
    const failing = limit('ana', async () => {
      throw new Error('The run failed.');
    });
    const next = limit('ben', async () => 'next');
    await expect(failing).rejects.toThrow('The run failed.');
    expect(await next).toBe('next');
    expect(await limit('ana', async () => 'after')).toBe('after');
  });
});
