import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import KeyvRedis from '@keyv/redis';
import fc from 'fast-check';
import Keyv from 'keyv';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { StartError } from '../../../src/core/start-error.ts';
import {
  openStores,
  type RunStatement,
  type Search,
  type Store,
  type Versioned,
} from '../../../src/core/storage/database.ts';
import { openRedisStores } from '../../../src/core/storage/redis/open-stores.ts';
import { ROOT } from '../../../src/core/storage/redis/scripts.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';
import { asked } from './engines.ts';

interface Item extends Versioned {
  readonly n: number | string | boolean | null;
  readonly owner?: { readonly id?: string | number };
  readonly done?: true;
}

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'records in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  async function open(url = server.newUrl(), options: Partial<Parameters<typeof openRedisStores>[0]> = {}) {
    const stores = await openRedisStores({ url, ...options });
    onTestFinished(() => stores.close());
    return { url, stores, items: stores.store<Item>('items') };
  }

  describe('beside SQLite', () => {
    const KEYS = ['a', 'b', 'b!', 'ü', '💥', '\u0000', ''];
    const OWNERS = ['ana', "b'en", 'n1', '', 'ü💥'];
    const value = fc.record(
      {
        n: fc.oneof(
          fc.integer({ min: -2, max: 3 }),
          fc.constantFrom(0.1, -1.5, 1e21, 2 ** 60, Number.MIN_VALUE, 1_760_000_000_123),
          fc.constantFrom('', 'x', 'y', 'x\u0001', '10', '9'),
          fc.boolean(),
          fc.constant(null),
        ),
        owner: fc.record(
          { id: fc.oneof(fc.constantFrom(...OWNERS), fc.integer({ max: 3, min: 1 })) },
          { requiredKeys: [] },
        ),
        done: fc.constant(true as const),
        more: fc.constantFrom([], {}, [{}], '\ud800', '\\ud800', { a: null }, ':x'),
      },
      { requiredKeys: ['n'] },
    ) as fc.Arbitrary<Omit<Item, 'version'>>;
    const key = fc.constantFrom(...KEYS);
    const search = fc.oneof(
      fc.record(
        {
          where: fc.record(
            { 'owner.id': fc.constantFrom('ana', "b'en", 'n1', '', '1') },
            { requiredKeys: [] },
          ),
          without: fc.constantFrom('done', 'owner'),
          by: fc.constantFrom('n', 'owner.id'),
          from: fc.integer({ min: -2, max: 3 }),
          below: fc.integer({ min: -2, max: 4 }),
          newestFirst: fc.boolean(),
          limit: fc.integer({ min: 0, max: 4 }),
          offset: fc.nat(2),
          after: key,
        },
        { requiredKeys: ['by'] },
      ),
      fc.record(
        {
          where: fc.record({ 'owner.id': fc.constantFrom('ana', 'n1') }, { requiredKeys: [] }),
          without: fc.constant('done'),
          newestFirst: fc.boolean(),
          limit: fc.integer({ min: 0, max: 4 }),
          offset: fc.nat(2),
          after: key,
        },
        { requiredKeys: [] },
      ),
    ) as fc.Arbitrary<Search>;
    const act = fc.oneof(
      fc.record({ do: fc.constant('create' as const), key, value }),
      fc.record({ do: fc.constant('upsert' as const), key, value }),
      fc.record({ do: fc.constant('replace' as const), key, value, version: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('get' as const), key }),
      fc.record({ do: fc.constant('find' as const), search }),
      fc.record({ do: fc.constant('count' as const), path: fc.constantFrom('n', 'owner.id') }),
      fc.record({
        do: fc.constant('range' as const),
        prefix: fc.constantFrom('', 'b', '\u0000'),
        limit: fc.integer({ min: 0, max: 4 }),
        newestFirst: fc.boolean(),
      }),
    );
    type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

    it('answers the same, whatever is asked and written', async () => {
      await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 60 }), check), {
        numRuns: Number(process.env.RUNS ?? 25),
      });
    });

    async function check(acts: readonly Act[]): Promise<void> {
      await using sqlite = openStores({ file: ':memory:' });
      const url = server.newUrl();
      await using redis = await openRedisStores({ url });
      const both = [sqlite.store<Item>('items'), redis.store<Item>('items')] as const;
      for (const each of acts) {
        const [expected, told] = await Promise.all(both.map((items) => run(items, each)));
        expect(told).toEqual(expected);
      }
      const reading = await openRedisStores({ url, isReadOnly: true });
      const read = reading.store<Item>('items');
      for (const each of acts)
        if (each.do === 'find' || each.do === 'count')
          expect(await run(read, each)).toEqual(await run(both[0], each));
      await reading.close();
      await asked(url, ['FLUSHDB']);
    }

    async function run(items: Store<Item>, act: Act): Promise<unknown> {
      switch (act.do) {
        case 'create':
          return items.create(act.key, act.value);
        case 'upsert':
          return items.upsert(act.key, () => act.value);
        case 'replace':
          return items.replace(act.key, { ...act.value, version: act.version }, act.value);
        case 'delete':
          return items.delete(act.key);
        case 'get':
          return items.get(act.key);
        case 'find':
          return items.find(act.search);
        case 'count':
          return items.countBy(act.path);
        case 'range':
          return items.range(act.prefix, act);
      }
    }
  });

  describe('an index', () => {
    it('is right when it is made while others write', async () => {
      const { url, items } = await open();
      await Promise.all(
        Array.from({ length: 4_000 }, (_, n) => items.create(`k${n}`, { n, owner: { id: 'ana' } })),
      );
      const others = (await open(url)).items;
      const writes: Promise<unknown>[] = [];
      const onStatement = ({ sql }: RunStatement) => {
        if (sql !== 'fill index' || writes.length > 0) return;
        // These are in its first page, which has been entered, and there are seven more.
        for (let n = 1_000; n < 1_100; n += 1) {
          const owner = { id: n % 3 === 0 ? 'ben' : 'ana' };
          const write = () => others.update(`k${n}`, () => ({ n: -n, owner }));
          writes.push(
            n % 5 === 0 ? others.delete(`k${n}`) : write(),
            others.create(`k1${n}`, { n: n / 10_000, owner }),
          );
        }
      };
      const maker = (await open(url, { onStatement })).items;
      await maker.find({ where: { 'owner.id': 'ana' }, by: 'n' });
      await maker.countBy('owner.id');
      expect(writes).toHaveLength(200);
      await Promise.all(writes);
      const walked = (await Array.fromAsync(items.entries()))
        .filter(([, { owner }]) => owner?.id === 'ana')
        .toSorted(([, a], [, b]) => Number(a.n) - Number(b.n));
      expect(await maker.find({ where: { 'owner.id': 'ana' }, by: 'n' })).toEqual(walked);
      expect((await items.countBy('owner.id')).get('ana')).toBe(walked.length);
    });

    it('is filled to its end by the next one who asks, where the first was ended', async () => {
      const { url, items, stores } = await open();
      await Promise.all(Array.from({ length: 1_200 }, (_, n) => items.create(`k${n}`, { n })));
      const finding = items.find({ by: 'n' });
      await stores.close();
      await expect(finding).rejects.toThrow('not open');
      expect(await (await open(url)).items.find({ by: 'n' })).toHaveLength(1_200);
    });

    it('is used by all searches of its kind, and keeps none that is empty', async () => {
      const { url, items } = await open();
      for (const id of ['ana', 'ben']) {
        await items.create(id, { n: 1, owner: { id } });
        await items.find({ where: { 'owner.id': id } });
        await items.delete(id);
      }
      const keys = (await asked(url, ['KEYS', '*'])) as string[];
      expect(keys.filter((key) => key.includes('index'))).toEqual([`${ROOT}indexes:items`]);
      // All of them are in one slot of a cluster.
      expect(keys.every((key) => key.startsWith(ROOT))).toBe(true);
    });
  });

  describe('a connection that is lost', () => {
    it('is waited for', async () => {
      const own = await startRedis();
      onTestFinished(own.stop);
      const { items } = await open(own.newUrl());
      await items.create('a', { n: 1 });
      await own.kill();
      const calls = [items.get('a'), items.update('a', () => ({ n: 2 })), items.find({ by: 'n' })];
      await own.start();
      await Promise.all(calls);
      expect(await items.get('a')).toEqual({ n: 2, version: 2 });
    });

    it('makes every call reject when it does not come back, and never look like an absent record', async () => {
      const own = await startRedis();
      onTestFinished(own.stop);
      const failures: unknown[] = [];
      const url = own.newUrl().replace('redis://', 'redis://:geheim@');
      const { items } = await open(own.newUrl(), {
        patienceMs: 300,
        onFailure: (error) => failures.push(error),
      });
      await items.create('a', { n: 1 });
      await own.kill();
      const away = { code: 'REDIS_AWAY' };
      await expect(items.get('a')).rejects.toMatchObject(away);
      await expect(items.create('b', { n: 1 })).rejects.toMatchObject(away);
      await expect(items.replace('a', { n: 1, version: 1 }, { n: 2 })).rejects.toMatchObject(away);
      await expect(items.delete('a')).rejects.toMatchObject(away);
      await expect(Array.fromAsync(items.entries())).rejects.toMatchObject(away);
      await expect(items.find({ by: 'n' })).rejects.toMatchObject(away);
      await expect(items.countBy('n')).rejects.toMatchObject(away);
      expect(failures.length).toBeGreaterThanOrEqual(7);
      const start = openRedisStores({ url, patienceMs: 300 });
      await expect(start).rejects.toThrow(/^Nod cannot reach Redis at 127\.0\.0\.1:\d+: start it there/);
      await expect(start).rejects.not.toThrow('geheim');
    });

    it('is given up for another one where nothing is answered on it', async () => {
      const silent = await startLossyProxy(server.port);
      onTestFinished(silent.close);
      const { items } = await open(server.newUrl().replace(`:${server.port}`, `:${silent.port}`));
      await items.create('a', { n: 1 });
      const givenUp = silent.beSilent();
      const calls = [items.update('a', () => ({ n: 2 })), items.create('b', { n: 1 })];
      await givenUp;
      expect(await Promise.all(calls)).toEqual([
        { n: 2, version: 2 },
        { n: 1, version: 1 },
      ]);
    });

    it('does a write once whose answer is lost, and tells that it was done', async () => {
      const lossy = await startLossyProxy(server.port);
      onTestFinished(lossy.close);
      const url = server.newUrl();
      const { items } = await open(url.replace(`:${server.port}`, `:${lossy.port}`));
      const other = (await open(url)).items;
      const first = await items.create('a', { n: 0 });
      if (first === undefined) throw new Error('It was not created.');

      lossy.loseNextAnswer(() => other.update('a', () => ({ n: 7 })));
      expect(await items.replace('a', first, { n: 1 })).toEqual({ n: 1, version: 2 });
      expect(await items.get('a')).toEqual({ n: 7, version: 3 });

      lossy.loseNextAnswer(() => other.delete('b'));
      expect(await items.create('b', { n: 1 })).toEqual({ n: 1, version: 1 });
      expect(await items.get('b')).toBeUndefined();

      lossy.loseNextAnswer(() => other.create('a', { n: 9 }));
      expect(await items.delete('a')).toBe(true);
      expect(await items.get('a')).toEqual({ n: 9, version: 1 });
    });
  });

  it('loses no acknowledged write and does none twice while Redis is killed again and again', async () => {
    const own = await startRedis();
    onTestFinished(own.stop);
    const { url, items } = await open(own.newUrl());
    const other = (await open(url)).items;
    await items.find({ by: 'n' });
    await items.countBy('owner.id');
    for (const key of ['a', 'b']) await items.create(key, { n: 0, owner: { id: key } });
    let isOver = false;
    const added = { a: 0, b: 0 };
    const made: string[] = [];
    const add = async (store: Store<Item>, key: 'a' | 'b') => {
      while (!isOver) {
        await store.update(key, ({ n, owner }) => ({ n: Number(n) + 1, ...(owner && { owner }) }));
        added[key] += 1;
      }
    };
    const make = async (store: Store<Item>, name: string) => {
      for (let n = 0; !isOver; n += 1) {
        const key = `${name}${n}`;
        // Nobody else makes it.
        expect(await store.create(key, { n })).toEqual({ n, version: 1 });
        made.push(key);
      }
    };
    const working = [
      add(items, 'a'),
      add(other, 'a'),
      add(items, 'b'),
      add(other, 'b'),
      make(items, 'x'),
      make(other, 'y'),
    ];
    for (let kill = 0; kill < 8; kill += 1) {
      const before = made.length + added.a;
      await own.kill();
      await own.start();
      while (made.length + added.a < before + 40) await delay(5);
    }
    isOver = true;
    await Promise.all(working);
    expect(await items.get('a')).toEqual({ n: added.a, owner: { id: 'a' }, version: added.a + 1 });
    expect(await items.get('b')).toEqual({ n: added.b, owner: { id: 'b' }, version: added.b + 1 });
    const keys = await Array.fromAsync(items.entries(), ([key]) => key);
    expect(keys).toEqual(['a', 'b', ...made].sort());
    expect(await items.find({ by: 'n' })).toHaveLength(keys.length);
    expect(await items.countBy('owner.id')).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    );
  });

  describe('at the start', () => {
    it.each([
      ['appendonly', 'no', '"appendonly yes"'],
      ['appendfsync', 'everysec', '"appendfsync always"'],
      ['maxmemory-policy', 'allkeys-lru', '"maxmemory-policy noeviction"'],
    ])('refuses a Redis that may forget: %s %s', async (name, value, line) => {
      const own = await startRedis({ [name]: value });
      onTestFinished(own.stop);
      const start = openRedisStores({ url: own.newUrl() });
      await expect(start).rejects.toThrow(StartError);
      await expect(start).rejects.toThrow(
        `Redis at 127.0.0.1:${own.port} may lose what Nod tells it: set ${line} in its redis.conf, then restart it.`,
      );
    });

    it('says what it could not check where a host hides the settings, and checks what it can', async () => {
      const hidden = { 'rename-command': 'CONFIG ' };
      const own = await startRedis(hidden);
      onTestFinished(own.stop);
      const unchecked: string[] = [];
      await open(own.newUrl(), { onUnchecked: (lines) => unchecked.push(...lines) });
      expect(unchecked).toEqual(['appendfsync always']);
      const forgetful = await startRedis({ ...hidden, appendonly: 'no' });
      onTestFinished(forgetful.stop);
      await expect(open(forgetful.newUrl())).rejects.toThrow('"appendonly yes"');
    });

    it('says that the password is wrong, and tells none', async () => {
      const own = await startRedis({ requirepass: 'richtig' });
      onTestFinished(own.stop);
      const url = own.newUrl();
      await open(url.replace('redis://', 'redis://:richtig@'));
      for (const wrong of [url, url.replace('redis://', 'redis://:geheim@')]) {
        const start = openRedisStores({ url: wrong });
        await expect(start).rejects.toThrow(/^Redis at 127\.0\.0\.1:\d+ refuses Nod: set REDIS_URL to /);
        await expect(start).rejects.not.toThrow('geheim');
      }
    });

    it('works with a user who may use nothing but its own keys', async () => {
      const own = await startRedis();
      onTestFinished(own.stop);
      const url = own.newUrl();
      const rights = '~{nod}:* +@all -@dangerous +info +config|get';
      await asked(url, ['ACL', 'SETUSER', 'nod', 'on', '>secret', ...rights.split(' ')]);
      const { items } = await open(url.replace('redis://', 'redis://nod:secret@'));
      await items.create('a', { n: 1, owner: { id: 'ana' } });
      await items.update('a', ({ owner }) => ({ n: 2, ...(owner && { owner }) }));
      expect(await items.find({ where: { 'owner.id': 'ana' }, by: 'n' })).toHaveLength(1);
      expect(await items.countBy('owner.id')).toEqual(new Map([['ana', 1]]));
      expect(await items.delete('a')).toBe(true);
    });

    it('refuses records of a newer Nod, and none where some are expected', async () => {
      const { url, stores } = await open();
      await stores.close();
      await asked(url, ['SET', `${ROOT}state`, '2']);
      await expect(open(url)).rejects.toThrow('was written by a newer Nod: its records have version 2');
      await expect(open(url, { isReadOnly: true })).rejects.toThrow('newer Nod');
      await expect(open(server.newUrl(), { isDataExpected: true })).rejects.toThrow('has no records');
    });

    it('leaves a Redis as it is that is only read', async () => {
      const url = server.newUrl();
      await open(url, { isReadOnly: true });
      expect(await asked(url, ['DBSIZE'])).toBe(0);
    });
  });

  it('has its records where Keyv finds them', async () => {
    const { url, items } = await open();
    const made = await items.create('a:b', { n: 1 });
    const keyv = new Keyv({ store: new KeyvRedis(url), namespace: `${ROOT}items` });
    onTestFinished(() => keyv.disconnect());
    expect(await keyv.get('a:b')).toEqual(made);
  });

  it('takes no write any more once the records are moved', async () => {
    const { url, items } = await open();
    await items.create('a', { n: 1 });
    await asked(url, ['SET', `${ROOT}state`, 'leaving']);
    await expect(items.update('a', () => ({ n: 2 }))).rejects.toMatchObject({ code: 'REDIS_FAILING' });
    await expect(items.delete('a')).rejects.toMatchObject({ code: 'REDIS_FAILING' });
    expect(await items.get('a')).toEqual({ n: 1, version: 1 });
  });

  it('tells of every call what it is and how many records it returns', async () => {
    const seen: RunStatement[] = [];
    const { items } = await open(undefined, { onStatement: (statement) => seen.push(statement) });
    seen.length = 0;
    const first = await items.create('a', { n: 1 });
    await items.create('b', { n: 2 });
    if (first !== undefined) await items.replace('a', first, { n: 3 });
    await Array.fromAsync(items.entries());
    await items.get('a');
    await items.delete('b');
    expect(seen.map(({ isWrite }) => isWrite)).toEqual([true, true, true, false, false, true]);
    expect(seen.map(({ rows }) => rows)).toEqual([1, 1, 1, 2, 1, 1]);
  });
});

/** Between Nod and Redis: hands on what is sent, and can lose an answer together with its connection. */
async function startLossyProxy(port: number) {
  let beforeLoss: (() => Promise<unknown>) | undefined;
  let givenUp: PromiseWithResolvers<void> | undefined;
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      if (givenUp !== undefined) return;
      const lose = beforeLoss;
      beforeLoss = undefined;
      if (lose === undefined) near.write(data);
      else void lose().finally(() => near.destroy());
    });
    near.on('close', () => {
      far.destroy();
      givenUp?.resolve();
      givenUp = undefined;
    });
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  return {
    port: typeof address === 'object' ? address?.port : undefined,
    /** Does something when the next answer has come, and then ends the connection instead of handing it on. */
    loseNextAnswer: (meanwhile: () => Promise<unknown>) => {
      beforeLoss = meanwhile;
    },
    /** Hands no answer on from now on, until its connection is given up. */
    beSilent: () => {
      givenUp = Promise.withResolvers<void>();
      return givenUp.promise;
    },
    close: () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
