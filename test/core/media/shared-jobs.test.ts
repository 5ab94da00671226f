import { setImmediate as others } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../src/core/fair-limiter.ts';
import { createSharedJobs, type Wanted } from '../../../src/core/media/shared-jobs.ts';

/** Work that runs until the test ends it, or nobody wants it any more. */
function heldWork() {
  const done = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const seen = { begun: 0, ended: 0 };
  async function work({ signal }: Wanted): Promise<string> {
    seen.begun += 1;
    begun.resolve();
    signal.addEventListener('abort', () => done.reject(new Error('The work was ended.')));
    return done.promise.finally(() => {
      seen.ended += 1;
    });
  }
  return { work, done, begun: begun.promise, seen };
}

describe('shared jobs', () => {
  it('do once what several want, and tell all of them', async () => {
    const jobs = createSharedJobs<string>();
    const { work, done, seen } = heldWork();
    const wishes = ['ana', 'ben'].map((owner) => jobs.want('a', { owner }, work));
    done.resolve('result');
    expect(await Promise.all(wishes)).toEqual(['result', 'result']);
    expect(seen.begun).toBe(1);
  });

  it('go on as long as anybody wants the result', async () => {
    const jobs = createSharedJobs<string>();
    const { work, done, begun, seen } = heldWork();
    const ending = new AbortController();
    const left = jobs.want('a', { owner: 'ana', signal: ending.signal }, work);
    const kept = jobs.want('a', { owner: 'ben' }, work);
    await begun;
    ending.abort();
    await expect(left).rejects.toThrow('aborted');
    expect(seen.ended).toBe(0);
    done.resolve('result');
    expect(await kept).toBe('result');
  });

  it('end with the last who wants the result, and begin anew for whoever comes then', async () => {
    const jobs = createSharedJobs<string>();
    const first = heldWork();
    const ending = new AbortController();
    const wishes = ['ana', 'ben'].map((owner) =>
      jobs.want('a', { owner, signal: ending.signal }, first.work),
    );
    await first.begun;
    ending.abort(new Error('Nobody wants it.'));
    for (const wish of wishes) await expect(wish).rejects.toThrow('Nobody wants it.');
    await others();
    expect(first.seen.ended).toBe(1);
    const second = heldWork();
    const again = jobs.want('a', { owner: 'ana' }, second.work);
    second.done.resolve('second');
    expect(await again).toBe('second');
  });

  it('leave the line in which they wait', async () => {
    const jobs = createSharedJobs<string>();
    const limit = createLimiter({ concurrency: 1 });
    const blocker = Promise.withResolvers<void>();
    const blocking = limit('ana', () => blocker.promise);
    const ending = new AbortController();
    let runs = 0;
    const waiting = jobs.want('a', { owner: 'ana', signal: ending.signal }, ({ inTurn }) =>
      inTurn(limit, async () => {
        runs += 1;
        return 'never';
      }),
    );
    await others();
    ending.abort(new Error('Nobody wants it.'));
    await expect(waiting).rejects.toThrow('Nobody wants it.');
    blocker.resolve();
    await blocking;
    expect(await limit('ben', async () => 'next')).toBe('next');
    expect(runs).toBe(0);
  });

  it('tell progress when a percent is full, at a calm pace', async () => {
    const told: (number | undefined)[] = [];
    const jobs = createSharedJobs<string>({ tellEveryMs: 0 });
    const onProgress = () => told.push(jobs.progressOf('a'));
    await jobs.want('a', { owner: 'ana', onProgress }, async ({ onProgress }) => {
      for (const fraction of [0.001, 0.011, 0.012, 0.5, 1.5]) onProgress(fraction);
      return 'done';
    });
    expect(told).toEqual([0.011, 0.5, 1]);
    expect(jobs.progressOf('a')).toBeUndefined();
    told.length = 0;
    const calm = createSharedJobs<string>({ tellEveryMs: 3_600_000 });
    await calm.want(
      'a',
      { owner: 'ana', onProgress: () => told.push(calm.progressOf('a')) },
      async (wanted) => {
        for (const fraction of [0.1, 0.2, 0.3]) wanted.onProgress(fraction);
        return 'done';
      },
    );
    expect(told).toEqual([0.1]);
  });

  it('end all together, and let nothing begin afterwards', async () => {
    const jobs = createSharedJobs<string>();
    const { work, begun, seen } = heldWork();
    const running = jobs.want('a', { owner: 'ana' }, work);
    await begun;
    const stopped = jobs.stop(new Error('It stops.'));
    await expect(running).rejects.toThrow('It stops.');
    await stopped;
    expect(seen).toEqual({ begun: 1, ended: 1 });
    await expect(jobs.want('a', { owner: 'ana' }, work)).rejects.toThrow('It stops.');
  });
});
