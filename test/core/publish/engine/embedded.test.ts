import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEmbeddedEngine } from '../../../../src/core/publish/engine/embedded.ts';
import type { Tick } from '../../../../src/core/publish/engine/engine.ts';

const lines: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });

function engine() {
  return createEmbeddedEngine({ now: Date.now, log });
}

/** A tick that says when it ran, and waits where the test wants it to. */
function recorder(answer: (run: number) => ReturnType<Tick> = async () => undefined) {
  const runs: { postId: string; at: number }[] = [];
  const tick: Tick = (postId) => {
    runs.push({ postId, at: Date.now() });
    return answer(runs.length);
  };
  return { runs, tick };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the engine', () => {
  it('calls for a post at its time and not before', async () => {
    const { runs, tick } = recorder();
    const { start, schedule } = engine();
    start(tick);
    schedule('a', Date.now() + 5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toEqual([{ postId: 'a', at: 1_005_000 }]);
    await vi.advanceTimersByTimeAsync(100_000_000);
    expect(runs).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('needs one timer for a thousand posts', async () => {
    const { runs, tick } = recorder();
    const { start, schedule } = engine();
    start(tick);
    for (let post = 0; post < 1_000; post += 1) schedule(`${post}`, Date.now() + 1_000 + (post % 7));
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_010);
    expect(runs).toHaveLength(1_000);
    expect(runs.every(({ postId, at }) => at >= 1_001_000 + (Number(postId) % 7) - 1)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for the run of a post that becomes due meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const { runs, tick } = recorder((run) => (run === 1 ? promise : Promise.resolve(undefined)));
    const { start, schedule, wake } = engine();
    start(tick);
    void wake('a');
    await settle();
    schedule('a', Date.now());
    await vi.advanceTimersByTimeAsync(100);
    expect(runs).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    resolve(undefined);
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('keeps times that were given before the start', async () => {
    const { runs, tick } = recorder();
    const { start, schedule, wake } = engine();
    schedule('late', Date.now() + 5_000);
    schedule('overdue', Date.now() - 5_000);
    wake('woken');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toEqual([]);
    start(tick);
    await settle();
    expect(runs.map(({ postId }) => postId).sort()).toEqual(['late', 'overdue', 'woken']);
  });

  it('puts a new time in the place of the old one', async () => {
    const { runs, tick } = recorder();
    const { start, schedule } = engine();
    start(tick);
    schedule('a', Date.now() + 5_000);
    schedule('a', Date.now() + 9_000);
    await vi.advanceTimersByTimeAsync(8_999);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toHaveLength(1);
  });

  it('calls again when the tick says so, at once where that is due', async () => {
    const due = [() => Date.now(), () => Date.now() - 5, () => Date.now() + 2_000, () => undefined];
    const { runs, tick } = recorder(async (run) => due[run - 1]?.());
    const { start, wake } = engine();
    start(tick);
    wake('a');
    await settle();
    expect(runs).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(runs).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('calls for everything within seconds where the clock was set back', async () => {
    const { runs, tick } = recorder();
    const { start, schedule } = engine();
    start(tick);
    schedule('a', Date.now() + 5_000);
    schedule('b', Date.now() + 50_000_000);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs.map(({ postId }) => postId).sort()).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toHaveLength(2);
  });

  it('waits for times beyond the longest timer', async () => {
    const { runs, tick } = recorder();
    const { start, schedule } = engine();
    start(tick);
    const at = Date.now() + 3 * 2 ** 31;
    schedule('a', at);
    await vi.advanceTimersByTimeAsync(at - Date.now() - 1_000);
    expect(runs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toEqual([{ postId: 'a', at }]);
  });

  it('never runs a post twice at once, and once more when it was woken meanwhile', async () => {
    const turns = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const { runs, tick } = recorder((run) => turns[run - 1]?.promise ?? Promise.resolve(undefined));
    const { start, wake } = engine();
    start(tick);
    wake('a');
    wake('a');
    wake('a');
    await settle();
    expect(runs).toHaveLength(1);
    turns[0]?.resolve(undefined);
    await settle();
    expect(runs).toHaveLength(2);
    turns[1]?.resolve(undefined);
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('never runs a post twice at once even when its tick wakes it', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const { start, wake } = engine();
    start(async (postId) => {
      runs += 1;
      running += 1;
      most = Math.max(most, running);
      if (runs < 3) wake(postId);
      await Promise.resolve();
      running -= 1;
      return undefined;
    });
    wake('a');
    await settle();
    expect({ most, runs }).toEqual({ most: 1, runs: 3 });
  });

  it('runs different posts side by side', async () => {
    const { runs, tick } = recorder(() => new Promise(() => {}));
    const { start, wake } = engine();
    start(tick);
    wake('a');
    wake('b');
    await settle();
    expect(runs.map(({ postId }) => postId)).toEqual(['a', 'b']);
  });

  it('forgets the planned time when it runs earlier', async () => {
    const { runs, tick } = recorder();
    const { start, schedule, wake } = engine();
    start(tick);
    schedule('a', Date.now() + 5_000);
    wake('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(runs).toHaveLength(1);
  });

  it('keeps an earlier time that it was given during the run', async () => {
    const turn = Promise.withResolvers<number | undefined>();
    const { runs, tick } = recorder((run) => (run === 1 ? turn.promise : Promise.resolve(undefined)));
    const { start, schedule, wake } = engine();
    start(tick);
    wake('a');
    await settle();
    schedule('a', Date.now() + 1_000);
    turn.resolve(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toHaveLength(2);
  });

  it('tries a tick again that threw, later, and says so', async () => {
    const { runs, tick } = recorder(async (run) => {
      if (run < 3) throw new Error('a bug');
      return undefined;
    });
    const { start, wake } = engine();
    start(tick);
    wake('a');
    await settle();
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_001);
    expect(runs).toHaveLength(3);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('a bug');
  });

  it('takes a tick that throws before it gives a promise for one that failed', async () => {
    const { start, wake } = engine();
    start(() => {
      throw new Error('at once');
    });
    wake('a');
    await settle();
    expect(lines[0]).toContain('at once');
    expect(vi.getTimerCount()).toBe(1);
  });
});

describe('stopping the engine', () => {
  it('waits for what runs and begins nothing new', async () => {
    const turn = Promise.withResolvers<number | undefined>();
    const { runs, tick } = recorder(() => turn.promise);
    const { start, schedule, wake, stop } = engine();
    start(tick);
    wake('a');
    schedule('b', Date.now() + 1_000);
    await settle();
    wake('a');
    let isStopped = false;
    const stopped = stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isStopped).toBe(false);
    turn.resolve(Date.now());
    await stopped;
    wake('a');
    schedule('a', Date.now());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toEqual([{ postId: 'a', at: 1_000_000 }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends without having been started', async () => {
    const { schedule, stop } = engine();
    schedule('a', Date.now());
    await expect(stop()).resolves.toBeUndefined();
  });
});
