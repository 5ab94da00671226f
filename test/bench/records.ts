import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores, type Stores, type Versioned } from '../../src/core/storage/database.ts';
import { openRedisStores } from '../../src/core/storage/redis/open-stores.ts';
import { NO_REDIS, startRedis } from '../redis-server.ts';
import type { Figure } from './report.ts';

const RECORDS = 2_000;
const TOGETHER = 100;

interface Item extends Versioned {
  readonly owner: string;
  readonly at: number;
  readonly text: string;
}

/** How many calls a second the records take, in a file and in Redis, one after the other and many at once. */
export async function benchRecords(): Promise<Figure[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'records-')), 'nod.db');
  await using sqlite = openStores({ file });
  const inFile = await measure(sqlite);
  const noRedis = NO_REDIS;
  if (noRedis !== undefined) return Object.entries(inFile).map(([what, each]) => figure(what, each, noRedis));
  const server = await startRedis();
  try {
    await using redis = await openRedisStores({ url: server.newUrl() });
    const inRedis = await measure(redis);
    return Object.entries(inFile).map(([what, each]) => figure(what, each, perSecond(inRedis[what] ?? 0)));
  } finally {
    await server.stop();
  }
}

async function measure(stores: Stores): Promise<Record<string, number>> {
  const items = stores.store<Item>('items');
  const record = (at: number) => ({ owner: `person ${at % 50}`, at, text: 'x'.repeat(250) });
  const keys = Array.from({ length: RECORDS }, (_, at) => `key ${at}`);
  const find = (at: number) => items.find({ where: { owner: `person ${at % 50}` }, by: 'at', limit: 10 });
  const update = (key: string) => items.update(key, (item) => ({ ...item, at: item.at + 1 }));
  return {
    'create, no index': await rate(keys.slice(0, RECORDS / 2), 1, (key, at) => items.create(key, record(at))),
    'first find, which makes its index of 1,000': await rate([''], 1, () => find(0)),
    'create, one index': await rate(keys.slice(RECORDS / 2), 1, (key, at) => items.create(key, record(at))),
    get: await rate(keys, 1, (key) => items.get(key)),
    'read and replace': await rate(keys, 1, update),
    'find 10 of 40': await rate(keys, 1, (_, at) => find(at)),
    [`get, ${TOGETHER} at once`]: await rate(keys, TOGETHER, (key) => items.get(key)),
    [`read and replace, ${TOGETHER} at once`]: await rate(keys, TOGETHER, update),
    [`find 10 of 40, ${TOGETHER} at once`]: await rate(keys, TOGETHER, (_, at) => find(at)),
  };
}

/** Calls in a second. */
async function rate(
  keys: readonly string[],
  together: number,
  call: (key: string, at: number) => Promise<unknown>,
): Promise<number> {
  const began = performance.now();
  for (let from = 0; from < keys.length; from += together)
    await Promise.all(keys.slice(from, from + together).map((key, at) => call(key, from + at)));
  return (keys.length / (performance.now() - began)) * 1000;
}

const perSecond = (calls: number): string => `${Math.round(calls).toLocaleString('en')}/s in Redis`;

const figure = (what: string, calls: number, beside: string): Figure => ({
  what: `records: ${what}`,
  figure: `${Math.round(calls).toLocaleString('en')}/s in a file`,
  beside,
});
