import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { News } from '../../../src/core/cluster/cluster.ts';
import { openCluster } from '../../../src/core/cluster/redis/open-cluster.ts';
import { FencedError, fencedStores, type Versioned } from '../../../src/core/storage/database.ts';
import { openRedisStores } from '../../../src/core/storage/redis/open-stores.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';
import { asked } from '../storage/engines.ts';

const WAIT = { timeout: 60_000, interval: 5 };
const QUIET = { onLed() {}, onLost() {}, onGone() {} };

interface Card extends Versioned {
  readonly text: string;
}

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'the processes of one Nod', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  let ids = 0;

  async function join(url: string, mayLead = true) {
    ids += 1;
    const log = pino({ level: 'silent' });
    const cluster = await openCluster({ url, id: `process ${ids}`, mayLead, log });
    onTestFinished(() => cluster[Symbol.asyncDispose]());
    return cluster;
  }

  const address = (name: string) => ({ ...QUIET, address: `http://${name}` });

  it('has one that leads, of those that may, and tells where it is reached', async () => {
    const url = server.newUrl();
    const [worker, one, other] = [await join(url, false), await join(url), await join(url)];
    await worker.start(address('worker'));
    expect(await worker.leader()).toBeUndefined();
    await one.start(address('one'));
    await other.start(address('other'));
    expect([worker, one, other].map((each) => each.isLeading())).toEqual([false, true, false]);
    expect([worker, one, other].map((each) => each.mayAct())).toEqual([false, true, false]);
    expect(await other.leader()).toBe('http://one');
  });

  it('hands the lead over at once where a process ends by itself', async () => {
    const ways: unknown[] = [];
    const url = server.newUrl();
    const [one, other] = [await join(url), await join(url)];
    await one.start({ ...address('one'), onLed: (how) => void ways.push(how) });
    const led = Promise.withResolvers<unknown>();
    await other.start({ ...address('other'), onLed: led.resolve });
    const endedAt = performance.now();
    await one[Symbol.asyncDispose]();
    expect([...ways, await led.promise]).toEqual([{ isTakeOver: false }, { isTakeOver: false }]);
    expect(performance.now() - endedAt).toBeLessThan(1_500);
  });

  it('refuses what a process writes that does not know yet that another one leads', async () => {
    const url = server.newUrl();
    const [one, other] = [await join(url), await join(url)];
    await one.start(address('one'));
    const [own, others] = await Promise.all(
      [one, other].map(async ({ fence }) => {
        const stores = await openRedisStores({ url });
        onTestFinished(() => stores.close());
        return fencedStores(stores, fence).store<Card>('cards');
      }),
    );
    await own?.create('a', { text: 'by the first' });
    // As when nothing was heard of the first one for some seconds.
    await asked(url, ['DEL', '{nod}:lease']);
    const ways: unknown[] = [];
    await other.start({ ...address('other'), onLed: (how) => void ways.push(how) });
    expect(ways).toEqual([{ isTakeOver: true }]);
    await expect(own?.create('b', { text: 'late' })).rejects.toThrow(FencedError);
    await expect(own?.update('a', (card) => ({ ...card, text: 'late' }))).rejects.toThrow(FencedError);
    await others?.update('a', (card) => ({ ...card, text: 'by the second' }));
    expect(await others?.get('a')).toMatchObject({ text: 'by the second' });
    expect(await others?.get('b')).toBeUndefined();
  });

  it('leads no more once the records have refused what it writes', async () => {
    const url = server.newUrl();
    const one = await join(url);
    let losses = 0;
    await one.start({ ...address('one'), onLost: () => void losses++ });
    expect([one.isLeading(), one.mayAct()]).toEqual([true, true]);
    one.refused();
    one.refused();
    expect([one.isLeading(), one.mayAct(), losses]).toEqual([false, false, 1]);
  });

  it('tells the one that led that another does, and the one that leads of those that have gone', async () => {
    const url = server.newUrl();
    const [one, other] = [await join(url), await join(url)];
    const [lost, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await one.start({ ...address('one'), onLost: lost.resolve });
    await asked(url, ['DEL', '{nod}:lease']);
    await asked(url, ['ZADD', '{nod}:processes', '1', 'one that was killed']);
    await other.start({ ...address('other'), onGone: gone.resolve });
    await Promise.all([lost.promise, gone.promise]);
    expect([one.isLeading(), one.mayAct()]).toEqual([false, false]);
  });

  it('hears all that others tell, in their order, also what was told while it was cut off', async () => {
    const url = server.newUrl();
    const [one, other] = [await join(url), await join(url)];
    const heard: string[] = [];
    const own: News[] = [];
    other.listen((news) => void ('draftId' in news && heard.push(news.draftId)));
    one.listen((news) => void own.push(news));
    const names = Array.from({ length: 60 }, (_, index) => `draft ${index}`);
    for (const [index, draftId] of names.entries()) {
      one.tell({ type: 'draft', draftId });
      if (index % 20 !== 10) continue;
      await vi.waitUntil(() => heard.length === index + 1, WAIT);
      await asked(url, ['CLIENT', 'KILL', 'TYPE', 'normal']);
    }
    await vi.waitUntil(() => heard.length >= names.length, WAIT);
    expect(heard).toEqual(names);
    expect(own).toEqual([]);
  });

  it('does under one name one thing at a time, and goes on where a lock has ended with its process', async () => {
    const url = server.newUrl();
    const clusters = [await join(url), await join(url), await join(url)];
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        clusters[index % 3]?.exclusively('quotas', async () => {
          running += 1;
          most = Math.max(most, running);
          await asked(url, ['PING']);
          running -= 1;
          done.push(index);
        }),
      ),
    );
    expect([most, done.length]).toEqual([1, 30]);
    await expect(clusters[0]?.exclusively('quotas', () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    await asked(url, ['SET', '{nod}:lock:quotas', 'one that was killed', 'PX', '300']);
    expect(await clusters[1]?.exclusively('quotas', async () => 'mine')).toBe('mine');
    expect(await asked(url, ['EXISTS', '{nod}:lock:quotas'])).toBe(0);
  });

  it('counts the calls of all processes together', async () => {
    const url = server.newUrl();
    const limiters = [await join(url), await join(url)].map((cluster) =>
      cluster.limitCalls({ name: 'init', limit: 6, windowMs: 400, now: Date.now }),
    );
    const waits = await Promise.all(
      Array.from({ length: 8 }, (_, index) => limiters[index % 2]?.take('Ana')),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(6);
    const later = waits.filter((wait) => wait !== 0);
    for (const wait of later) expect(wait).toBeGreaterThan(0);
    expect(Math.max(...later.map(Number))).toBeLessThanOrEqual(400);
    expect(await limiters[0]?.take('Ben')).toBe(0);
    expect(await limiters[1]?.read('Ana')).toEqual({ used: 6, limit: 6 });
    await vi.waitUntil(async () => (await limiters[0]?.take('Ana')) === 0, WAIT);
  });

  it('ends while Redis is away', { timeout: 60_000 }, async () => {
    const own = await startRedis();
    onTestFinished(own.stop);
    const warned = Promise.withResolvers<void>();
    const log = pino({ level: 'warn' }, { write: () => warned.resolve() });
    const cluster = await openCluster({ url: own.newUrl(), id: 'alone', mayLead: false, log });
    await cluster.start(address('alone'));
    await own.kill();
    await warned.promise;
    await cluster[Symbol.asyncDispose]();
  });
});
