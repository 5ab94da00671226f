import pino from 'pino';
import { describe, expect, it, vi } from 'vitest';
import type { Tick } from '../../../../src/core/publish/engine/engine.ts';
import { startEngineKinds } from './engines.ts';

interface Run {
  readonly postId: string;
  readonly at: number;
}

/** A tick that says when it ran, and waits where the test wants it to. */
function recorder(answer: (run: number, postId: string) => ReturnType<Tick> = async () => undefined) {
  const runs: Run[] = [];
  const tick: Tick = (postId) => {
    runs.push({ postId, at: Date.now() });
    return answer(runs.length, postId);
  };
  return { runs, tick, ran: (count: number) => vi.waitUntil(() => runs.length >= count, WAIT) };
}

const WAIT = { timeout: 30_000, interval: 5 };

/** What somebody holds up until the test lets it go on. */
function turns(count: number) {
  const all = Array.from({ length: count }, () => Promise.withResolvers<number | undefined>());
  return { wait: (run: number) => all[run - 1]?.promise ?? Promise.resolve(undefined), end: endOf(all) };
}

const endOf = (all: readonly PromiseWithResolvers<number | undefined>[]) => (run: number, next?: number) =>
  all[run - 1]?.resolve(next);

for (const { name, skipped, create } of startEngineKinds())
  describe.skipIf(skipped !== undefined)(skipped === undefined ? name : `${name}: ${skipped}`, () => {
    it('calls for a post at its time and not before', async () => {
      const { runs, tick, ran } = recorder();
      const engine = create();
      engine.start(tick);
      const at = Date.now() + 300;
      engine.schedule('a', at);
      await ran(1);
      // A timer may come a millisecond early.
      expect(runs[0]?.at).toBeGreaterThanOrEqual(at - 1);
      await engine.wake('b');
      expect(runs.map(({ postId }) => postId)).toEqual(['a', 'b']);
    });

    it('puts a new time in the place of the old one, sooner or later', async () => {
      const { runs, tick, ran } = recorder();
      const engine = create();
      engine.start(tick);
      const [soon, later] = [Date.now() + 100, Date.now() + 600];
      engine.schedule('a', soon);
      engine.schedule('a', later);
      engine.schedule('b', soon + 3_600_000);
      engine.schedule('b', soon);
      await ran(2);
      expect(runs.map(({ postId }) => postId)).toEqual(['b', 'a']);
      expect(runs[1]?.at).toBeGreaterThanOrEqual(later - 1);
    });

    it('keeps what is asked for before the start', async () => {
      const { runs, tick, ran } = recorder();
      const engine = create();
      engine.schedule('late', Date.now() + 300);
      engine.schedule('overdue', Date.now() - 5_000);
      await engine.wake('woken');
      expect(runs).toEqual([]);
      engine.start(tick);
      await ran(3);
      expect(runs.map(({ postId }) => postId).sort()).toEqual(['late', 'overdue', 'woken']);
    });

    it('calls again when the tick says so, at once where that is due', async () => {
      const due = [() => Date.now(), () => Date.now() - 5, () => Date.now() + 200, () => undefined];
      const { runs, tick, ran } = recorder(async (run) => due[run - 1]?.());
      const engine = create();
      engine.start(tick);
      await engine.wake('a');
      expect(runs).toHaveLength(3);
      await ran(4);
      expect((runs[3]?.at ?? 0) - (runs[2]?.at ?? 0)).toBeGreaterThanOrEqual(199);
      await engine.wake('a');
      expect(runs).toHaveLength(5);
    });

    it('never runs a post twice at once, and once more when it was woken meanwhile', async () => {
      const { wait, end } = turns(1);
      const { runs, tick, ran } = recorder((run) => wait(run));
      const engine = create();
      engine.start(tick);
      void engine.wake('a');
      await ran(1);
      const again = [engine.wake('a'), engine.wake('a'), engine.wake('a')];
      await engine.wake('b');
      expect(runs.map(({ postId }) => postId)).toEqual(['a', 'b']);
      end(1);
      await Promise.all(again);
      await engine.wake('b');
      expect(runs.map(({ postId }) => postId)).toEqual(['a', 'b', 'a', 'b']);
    });

    it('answers a wake when a run that began after it has ended', async () => {
      const { wait, end } = turns(2);
      const { runs, tick, ran } = recorder((run) => wait(run));
      const engine = create();
      engine.start(tick);
      const ended: string[] = [];
      const first = engine.wake('a').then(() => ended.push('first'));
      await ran(1);
      const second = engine.wake('a').then(() => ended.push('second'));
      expect(ended).toEqual([]);
      end(1);
      await first;
      await ran(2);
      expect(ended).toEqual(['first']);
      end(2);
      await second;
      expect(ended).toEqual(['first', 'second']);
      expect(runs).toHaveLength(2);
    });

    it('does not hold a post up that its own tick wakes', async () => {
      let [running, most, runs] = [0, 0, 0];
      const engine = create();
      engine.start(async (postId) => {
        runs += 1;
        running += 1;
        most = Math.max(most, running);
        if (runs < 3) void engine.wake(postId);
        await Promise.resolve();
        running -= 1;
        return undefined;
      });
      await engine.wake('a');
      await vi.waitUntil(() => runs === 3 && running === 0, WAIT);
      await engine.wake('a');
      expect({ most, runs }).toEqual({ most: 1, runs: 4 });
    });

    it('runs different posts side by side, a hundred of them', async () => {
      const all = Promise.withResolvers<undefined>();
      const { runs, tick, ran } = recorder(() => all.promise);
      const engine = create();
      engine.start(tick);
      for (let post = 0; post < 100; post += 1) engine.schedule(`${post}`, Date.now());
      await ran(100);
      expect(engine.depth().running).toBe(100);
      all.resolve(undefined);
      await vi.waitUntil(() => engine.depth().running === 0, WAIT);
      expect(new Set(runs.map(({ postId }) => postId)).size).toBe(100);
      expect(runs).toHaveLength(100);
    });

    it('forgets the planned time when it runs earlier', async () => {
      const { runs, tick } = recorder();
      const engine = create();
      engine.start(tick);
      const at = Date.now() + 200;
      engine.schedule('a', at);
      await engine.wake('a');
      engine.schedule('b', at + 300);
      await vi.waitUntil(() => runs.some(({ postId }) => postId === 'b'), WAIT);
      expect(runs.map(({ postId }) => postId)).toEqual(['a', 'b']);
    });

    it('keeps an earlier time that it was given during the run', async () => {
      const { wait, end } = turns(1);
      const { runs, tick, ran } = recorder((run) => wait(run));
      const engine = create();
      engine.start(tick);
      void engine.wake('a');
      await ran(1);
      const at = Date.now() + 300;
      engine.schedule('a', at);
      end(1, Date.now() + 60_000);
      await ran(2);
      expect(runs[1]?.at).toBeGreaterThanOrEqual(at - 1);
    });

    it('calls once more for a post that was due again during the run', async () => {
      const { wait, end } = turns(1);
      const { tick, ran } = recorder((run) => wait(run));
      const engine = create();
      engine.start(tick);
      void engine.wake('a');
      await ran(1);
      engine.schedule('a', Date.now());
      end(1);
      await ran(2);
    });

    it('tries a tick again that threw, says so, and answers who woke it', async () => {
      const lines: string[] = [];
      const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
      let time = 0;
      const { runs, tick, ran } = recorder((run) => {
        if (run === 1) throw new Error('at once');
        return run === 2 ? Promise.reject(new Error('a bug')) : Promise.resolve(undefined);
      });
      const engine = create({ log, now: () => Date.now() + time });
      engine.start(tick);
      await engine.wake('a');
      expect(runs).toHaveLength(1);
      time += 9_000;
      await engine.clockMoved();
      expect(runs).toHaveLength(1);
      time += 1_100;
      await engine.clockMoved();
      expect(runs).toHaveLength(2);
      time += 10_100;
      await engine.clockMoved();
      await ran(3);
      expect(lines).toHaveLength(2);
      expect(lines[0]).toContain('at once');
      expect(lines[1]).toContain('a bug');
    });

    it('runs what is due once the clock was moved, and all where it was set back', async () => {
      let time = 0;
      const { runs, tick } = recorder();
      const engine = create({ now: () => Date.now() + time });
      engine.start(tick);
      engine.schedule('a', Date.now() + 3_600_000);
      engine.schedule('b', Date.now() + 7_200_000);
      engine.schedule('c', Date.now() + 90_000_000);
      // The engine has noted all three by then.
      await engine.clockMoved();
      expect(runs).toEqual([]);
      time += 3_600_000;
      await engine.clockMoved();
      expect(runs.map(({ postId }) => postId)).toEqual(['a']);
      time -= 1_800_000;
      await engine.clockMoved();
      expect(runs.map(({ postId }) => postId).sort()).toEqual(['a', 'b', 'c']);
    });

    it('waits at its end for what runs, and begins nothing new', async () => {
      const { wait, end } = turns(1);
      const { runs, tick, ran } = recorder((run) => wait(run));
      const engine = create();
      engine.start(tick);
      const woken = engine.wake('a');
      engine.schedule('b', Date.now() + 300);
      await ran(1);
      void engine.wake('a');
      let isStopped = false;
      const stopped = engine.stop().then(() => {
        isStopped = true;
      });
      const other = recorder();
      const clock = create();
      clock.start(other.tick);
      clock.schedule('later', Date.now() + 600);
      await other.ran(1);
      expect(isStopped).toBe(false);
      end(1, Date.now());
      await stopped;
      await woken;
      await engine.wake('a');
      engine.schedule('a', Date.now());
      await clock.wake('later');
      expect(runs.map(({ postId }) => postId)).toEqual(['a']);
    });

    it('ends without having been started', async () => {
      const engine = create();
      engine.schedule('a', Date.now());
      await expect(engine.stop()).resolves.toBeUndefined();
    });
  });
