import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBullEngine } from '../../../../src/core/publish/engine/bullmq.ts';
import type { Engine, Tick } from '../../../../src/core/publish/engine/engine.ts';
import { ROOT } from '../../../../src/core/storage/redis/scripts.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../../redis-server.ts';
import { asked } from '../../storage/engines.ts';
import type { RunNews } from './ticking-process.ts';

const PROGRAM = fileURLToPath(new URL('ticking-process.ts', import.meta.url));
const WAIT = { timeout: 60_000, interval: 5 };
const POSTS = Array.from({ length: 50 }, (_, index) => `post${index}`);

/** From when to when a post ran, and where. */
interface Span {
  readonly postId: string;
  readonly where: string;
  readonly from: number;
  to: number;
}

/** What runs, as it is told by all that run. */
function createRecord() {
  const spans: Span[] = [];
  const open = new Map<string, Span>();

  function begin(where: string, postId: string, at = Date.now()): void {
    const span = { postId, where, from: at, to: Number.POSITIVE_INFINITY };
    spans.push(span);
    open.set(`${where} ${postId}`, span);
  }

  function end(where: string, postId: string, at = Date.now()): void {
    const span = open.get(`${where} ${postId}`);
    if (span !== undefined) span.to = at;
    open.delete(`${where} ${postId}`);
  }

  /** Ends all that a process ran when it was killed. */
  function died(where: string, at: number): string[] {
    const left = spans.filter((span) => span.where === where && span.to === Number.POSITIVE_INFINITY);
    for (const span of left) span.to = at;
    return left.map(({ postId }) => postId);
  }

  /** Runs of one post of which one began before the other had ended. */
  function overlaps(): [Span, Span][] {
    return [...Map.groupBy(spans, ({ postId }) => postId).values()].flatMap((ofPost) => {
      const sorted = ofPost.toSorted((a, b) => a.from - b.from);
      return sorted.flatMap((span, index) => {
        const before = sorted[index - 1];
        return before !== undefined && span.from < before.to ? [[before, span] satisfies [Span, Span]] : [];
      });
    });
  }

  const tickIn =
    (where: string, answer: (postId: string) => ReturnType<Tick>): Tick =>
    async (postId) => {
      begin(where, postId);
      try {
        return await answer(postId);
      } finally {
        end(where, postId);
      }
    };

  return { spans, begin, end, died, overlaps, tickIn };
}

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'the engine on BullMQ, in several processes', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  function open(url: string, log = pino({ level: 'silent' })): Engine {
    const engine = createBullEngine({ url, now: Date.now, log });
    onTestFinished(() => engine.stop());
    return engine;
  }

  it('wakes a post from anywhere: where it waits, and where it runs once more afterwards', async () => {
    const url = server.newUrl();
    const record = createRecord();
    const turn = Promise.withResolvers<undefined>();
    const one = open(url);
    one.start(
      record.tickIn('one', () => (record.spans.length === 1 ? turn.promise : Promise.resolve(undefined))),
    );
    one.schedule('a', Date.now());
    await vi.waitUntil(() => record.spans.length === 1, WAIT);
    const two = open(url);
    two.start(record.tickIn('two', async () => undefined));
    let isAnswered = false;
    const woken = two.wake('a').then(() => {
      isAnswered = true;
    });
    one.schedule('b', Date.now() + 3_600_000);
    await one.wake('c');
    await two.wake('b');
    expect(record.spans.filter(({ postId }) => postId === 'a')).toHaveLength(1);
    expect(isAnswered).toBe(false);
    turn.resolve(undefined);
    await woken;
    expect(record.spans.filter(({ postId }) => postId === 'a')).toHaveLength(2);
    expect(record.overlaps()).toEqual([]);
  });

  it('leaves nothing in Redis of posts that have ended', async () => {
    const url = server.newUrl();
    const left = new Map(POSTS.map((postId) => [postId, 3]));
    const engines = [open(url), open(url)];
    for (const engine of engines)
      engine.start(async (postId) => {
        const steps = (left.get(postId) ?? 0) - 1;
        left.set(postId, steps);
        if (steps === 1) engine.schedule(postId, Date.now() + 20);
        return steps > 0 ? Date.now() + 10 : undefined;
      });
    for (const engine of engines) for (const postId of POSTS) engine.schedule(postId, Date.now());
    await vi.waitUntil(() => [...left.values()].every((steps) => steps <= 0), WAIT);
    const keysOfPosts = async () => {
      const keys = (await asked(url, ['KEYS', `${ROOT}*`])) as string[];
      return keys.filter((key) => /post-|wakes|planned|:wait$|:active$|:delayed$/.test(key));
    };
    await vi.waitUntil(async () => (await keysOfPosts()).length === 0, { ...WAIT, interval: 50 });
  });

  it('takes over within ten seconds what a killed process ran, and runs nothing twice at once', async () => {
    const url = server.newUrl();
    const record = createRecord();
    const [one, two] = [startProcess('one'), startProcess('two')];

    function startProcess(where: string): ChildProcess {
      const child = fork(PROGRAM, [url, '400', '200'], { stdio: 'inherit' });
      child.on('message', (news: RunNews) => {
        if (news.isBegin) record.begin(where, news.postId, news.at);
        else record.end(where, news.postId, news.at);
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return child;
    }

    one.send(POSTS);
    two.send(POSTS);
    const runsIn = (where: string) => record.spans.filter((span) => span.where === where);
    await vi.waitUntil(() => {
      const inOne = runsIn('one').filter(({ to }) => to === Number.POSITIVE_INFINITY);
      return new Set(record.spans.map(({ postId }) => postId)).size === POSTS.length && inOne.length >= 10;
    }, WAIT);
    const exited = once(one, 'exit');
    one.kill('SIGKILL');
    const killedAt = Date.now();
    await exited;
    const cut = record.died('one', killedAt);
    const after = (postId: string) =>
      record.spans.find((span) => span.postId === postId && span.where === 'two' && span.from > killedAt);
    await vi.waitUntil(() => POSTS.every((postId) => after(postId) !== undefined), WAIT);
    const waits = cut.map((postId) => (after(postId)?.from ?? 0) - killedAt).sort((a, b) => a - b);
    process.stdout.write(
      `Taken over: ${cut.length} of ${POSTS.length} posts ran in the killed process; their next runs came after ${waits[0]} to ${waits.at(-1)} ms.\n`,
    );
    expect(cut.length).toBeGreaterThanOrEqual(1);
    expect(Math.max(...POSTS.map((postId) => (after(postId)?.from ?? 0) - killedAt))).toBeLessThan(10_000);
    expect(record.overlaps()).toEqual([]);
  });

  it('goes on when Redis was restarted in the middle, and says once that it was away', async () => {
    const own = await startRedis({ requirepass: 'geheim' });
    onTestFinished(own.stop);
    const url = own.newUrl().replace('redis://', 'redis://:geheim@');
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const record = createRecord();
    const turn = Promise.withResolvers<undefined>();
    const one = open(url, log);
    const two = open(url);
    const answer = (postId: string) => (postId === 'running' ? turn.promise : Promise.resolve(undefined));
    one.start(record.tickIn('one', answer));
    await one.wake('first');
    void one.wake('running');
    await vi.waitUntil(() => record.spans.some(({ postId }) => postId === 'running'), WAIT);
    two.start(record.tickIn('two', answer));
    await two.wake('second');
    one.schedule('planned', Date.now() + 500);
    await one.wake('third');
    await own.kill();
    await vi.waitUntil(() => lines.length > 0, WAIT);
    const woken = [one.wake('woken'), two.wake('woken too'), two.wake('running')];
    turn.resolve(undefined);
    await own.start();
    await Promise.all(woken);
    await vi.waitUntil(() => record.spans.some(({ postId }) => postId === 'planned'), WAIT);
    expect(record.overlaps()).toEqual([]);
    expect(record.spans.filter(({ postId }) => postId === 'running').length).toBeGreaterThanOrEqual(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('The engine cannot use Redis');
    expect(lines.join()).not.toContain('geheim');
  });

  it('goes on over lost connections, while a hundred runs are under way', async () => {
    const url = server.newUrl();
    const record = createRecord();
    const left = new Map(POSTS.map((postId) => [postId, 6]));
    const engines = [open(url), open(url)];
    const tick = async (postId: string) => {
      const steps = (left.get(postId) ?? 0) - 1;
      left.set(postId, steps);
      await new Promise((resolve) => setImmediate(resolve));
      return steps > 0 ? Date.now() + 20 : undefined;
    };
    for (const [index, engine] of engines.entries()) {
      engine.start(record.tickIn(`engine ${index}`, tick));
      for (const postId of POSTS) engine.schedule(postId, Date.now());
    }
    for (const cut of [1, 2, 3, 4]) {
      await vi.waitUntil(() => record.spans.length > cut * 50, WAIT);
      await asked(url, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    }
    await vi.waitUntil(() => [...left.values()].every((steps) => steps <= 0), WAIT);
    expect(record.overlaps()).toEqual([]);
  });

  it('gives up a connection that does not answer', async () => {
    const url = server.newUrl();
    const engine = open(url);
    const record = createRecord();
    engine.start(record.tickIn('one', async () => undefined));
    await engine.wake('a');
    await asked(url, ['CLIENT', 'PAUSE', '4500', 'ALL']);
    await engine.wake('b');
    expect(record.spans.map(({ postId }) => postId)).toEqual(['a', 'b']);
  });

  it('ends while Redis is away, once its ticks have ended', async () => {
    const own = await startRedis();
    onTestFinished(own.stop);
    const engine = open(own.newUrl());
    const turn = Promise.withResolvers<undefined>();
    const record = createRecord();
    engine.start(record.tickIn('one', () => turn.promise));
    const woken = engine.wake('a');
    await vi.waitUntil(() => record.spans.length === 1, WAIT);
    await own.kill();
    const stopped = engine.stop();
    turn.resolve(undefined);
    await stopped;
    await woken;
  });

  it('keeps no process from its end while Redis is away', async () => {
    const own = await startRedis();
    onTestFinished(own.stop);
    const child = fork(PROGRAM, [own.newUrl(), '10', '200'], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.send(['a']);
    await once(child, 'message');
    await own.kill();
    // A round has been asked for in vain by then, and the next try to connect waits its full second.
    const late = Date.now() + 2_500;
    await vi.waitUntil(() => Date.now() > late, WAIT);
    child.send('stop');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('works with a user who may use nothing but the keys of Nod', async () => {
    const own = await startRedis();
    onTestFinished(own.stop);
    const url = own.newUrl();
    const rights = '~{nod}:* +@all -@dangerous +info +config|get';
    await asked(url, ['ACL', 'SETUSER', 'nod', 'on', '>secret', ...rights.split(' ')]);
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const engine = open(url.replace('redis://', 'redis://nod:secret@'), log);
    let runs = 0;
    engine.start(async () => {
      runs += 1;
      return runs === 1 ? Date.now() + 50 : undefined;
    });
    await engine.wake('a');
    await vi.waitUntil(() => runs === 2, WAIT);
    await engine.clockMoved();
    expect(lines).toEqual([]);
  });
});
