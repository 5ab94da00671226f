import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createEngine, type Tick } from '../../../src/core/publish/engine.ts';

function engine() {
  return createEngine({ now: Date.now, log: pino({ level: 'silent' }) });
}

function recorder(answer: (run: number) => ReturnType<Tick> = async () => undefined) {
  const runs: string[] = [];
  const tick: Tick = (postId) => {
    runs.push(postId);
    return answer(runs.length);
  };
  return { runs, tick };
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the promise of a wake', () => {
  it('resolves when a run that began after it has ended', async () => {
    const turns = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const { runs, tick } = recorder((run) => turns[run - 1]?.promise ?? Promise.resolve(undefined));
    const { start, wake } = engine();
    start(tick);
    const ended: string[] = [];
    void wake('a').then(() => ended.push('first'));
    await settle();
    void wake('a').then(() => ended.push('second'));
    await settle();
    expect(ended).toEqual([]);
    turns[0]?.resolve(undefined);
    await settle();
    expect(runs).toHaveLength(2);
    expect(ended).toEqual(['first']);
    turns[1]?.resolve(undefined);
    await settle();
    expect(ended).toEqual(['first', 'second']);
  });

  it('resolves though the tick throws', async () => {
    const { start, wake, stop } = engine();
    start(async () => {
      throw new Error('a bug');
    });
    await expect(wake('a')).resolves.toBeUndefined();
    await stop();
  });

  it('waits for what the run goes on with at once, and not for what it plans', async () => {
    const { runs, tick } = recorder(async (run) => (run === 1 ? Date.now() : Date.now() + 60_000));
    const { start, wake, stop } = engine();
    start(tick);
    await wake('a');
    expect(runs).toHaveLength(2);
    await stop();
  });

  it('does not wait where nothing runs yet, or no longer', async () => {
    const { runs, tick } = recorder();
    const { start, wake, stop } = engine();
    await wake('a');
    expect(runs).toEqual([]);
    start(tick);
    await stop();
    await wake('a');
    expect(runs).toEqual([]);
  });
});
