import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  openStores,
  type RunStatement,
  type Search,
  type Versioned,
} from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';

interface Tally extends Versioned {
  readonly count: number;
  readonly by?: string;
}

function open(
  file = join(temporaryDirectory(), 'deep', 'nod.db'),
  onStatement?: (statement: RunStatement) => void,
) {
  const stores = openStores({ file, onStatement });
  onTestFinished(() => stores.close());
  return { file, stores, tallies: stores.store<Tally>('tallies') };
}

describe('a store', () => {
  it('gives a record back as it was written, with its version', async () => {
    const { tallies } = open();
    expect(await tallies.get('a')).toBeUndefined();
    expect(await tallies.create('a', { count: 1 })).toEqual({ count: 1, version: 1 });
    expect(await tallies.get('a')).toEqual({ count: 1, version: 1 });
  });

  it('creates only what is not there yet', async () => {
    const { tallies } = open();
    await tallies.create('a', { count: 1 });
    expect(await tallies.create('a', { count: 2 })).toBeUndefined();
    expect(await tallies.get('a')).toMatchObject({ count: 1 });
  });

  it('replaces only what nobody else has written since', async () => {
    const { tallies } = open();
    const first = await tallies.create('a', { count: 1 });
    if (first === undefined) throw new Error('It was not created.');
    expect(await tallies.replace('a', first, { count: 2 })).toEqual({ count: 2, version: 2 });
    expect(await tallies.replace('a', first, { count: 3 })).toBeUndefined();
    expect(await tallies.get('a')).toEqual({ count: 2, version: 2 });
    expect(await tallies.replace('b', first, { count: 3 })).toBeUndefined();
    expect(await tallies.get('b')).toBeUndefined();
  });

  it('writes nothing where an update changes nothing', async () => {
    const { tallies } = open();
    await tallies.create('a', { count: 1 });
    expect(await tallies.update('a', (current) => current)).toEqual({ count: 1, version: 1 });
    expect(await tallies.update('a', () => undefined)).toEqual({ count: 1, version: 1 });
    expect(await tallies.update('b', () => ({ count: 9 }))).toBeUndefined();
    expect(await tallies.get('a')).toEqual({ count: 1, version: 1 });
  });

  it('changes a record from what was known of it, and reads it where that is old', async () => {
    const run: RunStatement[] = [];
    const { tallies } = open(undefined, (statement) => run.push(statement));
    const first = await tallies.create('a', { count: 1 });
    const addOne = ({ count }: { count: number }) => ({ count: count + 1 });
    run.length = 0;
    expect(await tallies.update('a', addOne, first)).toEqual({ count: 2, version: 2 });
    expect(run).toHaveLength(1);
    expect(await tallies.update('a', addOne, first)).toEqual({ count: 3, version: 3 });
    // What is old declines nothing.
    const atOne = ({ count }: { count: number }) => (count === 1 ? undefined : { count: count + 1 });
    expect(await tallies.update('a', atOne, first)).toEqual({ count: 4, version: 4 });
    await tallies.delete('a');
    expect(await tallies.update('a', addOne, first)).toBeUndefined();
  });

  it('writes a record where there is none, and changes it where there is one', async () => {
    const { tallies } = open();
    const addOne = (known?: { count: number }) => ({ count: (known?.count ?? 0) + 1 });
    expect(await tallies.upsert('a', addOne)).toEqual({ count: 1, version: 1 });
    expect(await tallies.upsert('a', addOne)).toEqual({ count: 2, version: 2 });
    const counted = await Promise.all(Array.from({ length: 8 }, () => tallies.upsert('b', addOne)));
    expect(Math.max(...counted.map(({ count }) => count))).toBe(8);
    const same = await tallies.upsert('b', (known) => known ?? { count: 0 });
    expect(same).toEqual({ count: 8, version: 8 });
  });

  it('deletes, and tells whether there was anything', async () => {
    const { tallies } = open();
    await tallies.create('a', { count: 1 });
    expect(await tallies.delete('a')).toBe(true);
    expect(await tallies.delete('a')).toBe(false);
    expect(await tallies.get('a')).toBeUndefined();
  });

  const keys = [
    'tallies:a',
    ':a',
    "a'; DROP TABLE keyv; --",
    '..',
    'ü 💥',
    '%_',
    '',
    '__proto__',
    'x'.repeat(500),
  ];

  it.each(keys)('takes any key: %j', async (key) => {
    const { tallies } = open();
    const created = await tallies.create(key, { count: 1 });
    expect(await tallies.get(key)).toEqual(created);
    expect(await tallies.update(key, () => ({ count: 2 }))).toMatchObject({ count: 2 });
    expect(await tallies.delete(key)).toBe(true);
  });

  it.each([':base64:AAAA', '::', ':', '"\\u0000', '💥', ''])('keeps the text %j as it is', async (by) => {
    const { tallies } = open();
    await tallies.create('a', { count: 1, by });
    expect(await tallies.get('a')).toEqual({ count: 1, by, version: 1 });
  });
});

describe('compare-and-set', () => {
  it('lets one of many creators win', async () => {
    const { tallies } = open();
    const attempts = Array.from({ length: 50 }, (_, count) => tallies.create('a', { count }));
    const won = (await Promise.all(attempts)).filter((record) => record !== undefined);
    expect(won).toHaveLength(1);
    expect(await tallies.get('a')).toEqual(won[0]);
  });

  it('lets one of many replacements win', async () => {
    const { tallies } = open();
    const first = await tallies.create('a', { count: 0 });
    if (first === undefined) throw new Error('It was not created.');
    const attempts = Array.from({ length: 50 }, (_, count) => tallies.replace('a', first, { count }));
    const won = (await Promise.all(attempts)).filter((record) => record !== undefined);
    expect(won).toHaveLength(1);
    expect(await tallies.get('a')).toEqual(won[0]);
  });

  it('loses no update, over two connections to one file', async () => {
    const { file, tallies } = open();
    const other = open(file).tallies;
    await tallies.create('a', { count: 0 });
    const add = (current: Tally) => ({ count: current.count + 1 });
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? tallies : other).update('a', add)),
    );
    expect(await other.get('a')).toEqual({ count: 100, version: 101 });
  });

  it('sees what another connection wrote at once', async () => {
    const { file, tallies } = open();
    const other = open(file).tallies;
    const first = await tallies.create('a', { count: 1 });
    expect(await other.get('a')).toEqual(first);
    expect(await other.create('a', { count: 2 })).toBeUndefined();
  });
});

describe('namespaces', () => {
  it('do not mix', async () => {
    const { stores, tallies } = open();
    const others = stores.store<Tally>('others');
    await tallies.create('a', { count: 1 });
    await others.create('a', { count: 2 });
    await others.create('b', { count: 3 });
    expect(await tallies.get('a')).toMatchObject({ count: 1 });
    expect(await tallies.get('b')).toBeUndefined();
    await others.delete('a');
    expect(await tallies.get('a')).toMatchObject({ count: 1 });
    expect(await Array.fromAsync(tallies.entries(), ([key]) => key)).toEqual(['a']);
    expect(await Array.fromAsync(others.entries(), ([key]) => key)).toEqual(['b']);
  });
});

describe('iterating', () => {
  it('gives all records in the order of their keys, however many', async () => {
    const { tallies } = open();
    const keys = Array.from({ length: 1_203 }, (_, index) => String(index).padStart(5, '0'));
    await Promise.all(keys.toReversed().map((key) => tallies.create(key, { count: Number(key) })));
    const found = await Array.fromAsync(tallies.entries());
    expect(found.map(([key]) => key)).toEqual(keys);
    expect(found[1_000]?.[1]).toEqual({ count: 1_000, version: 1 });
  });

  it('goes on while records are deleted and written', async () => {
    const { tallies } = open();
    for (let index = 0; index < 1_100; index += 1)
      await tallies.create(`k${1_000 + index}`, { count: index });
    const seen: string[] = [];
    for await (const [key] of tallies.entries()) {
      seen.push(key);
      await tallies.delete(key);
    }
    expect(new Set(seen).size).toBe(1_100);
    expect(await Array.fromAsync(tallies.entries())).toEqual([]);
  });
});

describe('a range', () => {
  const keysOf = (records: [string, Tally][]) => records.map(([key]) => key);

  async function fill(tallies: ReturnType<typeof open>['tallies'], keys: string[]) {
    for (const [count, key] of keys.entries()) await tallies.create(key, { count, by: key });
  }

  it('gives the records whose keys begin so, decoded, in the order of their keys or backwards', async () => {
    const { tallies } = open();
    await fill(tallies, ['b 2', 'a 1', 'b', 'b 1', 'b 3', 'c 1']);
    expect(await tallies.range('b ', { limit: 2 })).toEqual([
      ['b 1', { count: 3, by: 'b 1', version: 1 }],
      ['b 2', { count: 0, by: 'b 2', version: 1 }],
    ]);
    expect(keysOf(await tallies.range('b ', { limit: 2, newestFirst: true }))).toEqual(['b 3', 'b 2']);
    expect(keysOf(await tallies.range('', { limit: 9 }))).toEqual(['a 1', 'b', 'b 1', 'b 2', 'b 3', 'c 1']);
    expect(await tallies.range('d', { limit: 9 })).toEqual([]);
    expect(await tallies.range('b', { limit: 0 })).toEqual([]);
  });

  it('goes on behind a key, in both directions', async () => {
    const { tallies } = open();
    await fill(tallies, ['a', 'b 1', 'b 2', 'b 2\u0000', 'b 2x', 'b 3', 'c']);
    expect(keysOf(await tallies.range('b ', { limit: 9, after: 'b 2' }))).toEqual([
      'b 2\u0000',
      'b 2x',
      'b 3',
    ]);
    expect(keysOf(await tallies.range('b ', { limit: 9, after: 'b 2', newestFirst: true }))).toEqual(['b 1']);
    expect(await tallies.range('b ', { limit: 9, after: 'b 3' })).toEqual([]);
    expect(await tallies.range('b ', { limit: 9, after: 'b 1', newestFirst: true })).toEqual([]);
  });

  it.each(['%', '_', 'a%', 'é', '💥', '\u{10ffff}', '\u{d7ff}', '\u007f', '\u0000', 'x\u0000'])(
    'takes the prefix %j as it is',
    async (prefix) => {
      const { tallies } = open();
      const keys = [prefix, `${prefix}\u{10ffff}`, `${prefix}a`].sort();
      await fill(tallies, [...keys, 'other', 'a', 'axy', 'ê', '💦', 'y', '\u{e000}']);
      const found = keysOf(await tallies.range(prefix, { limit: 99 }));
      expect(found.toSorted()).toEqual(keys);
    },
  );

  it('keeps to its namespace', async () => {
    const { stores, tallies } = open();
    await fill(stores.store<Tally>('others'), ['a 1', 'a 2']);
    await fill(tallies, ['a 3']);
    expect(keysOf(await tallies.range('a', { limit: 9 }))).toEqual(['a 3']);
  });

  it('is read through the index of the keys, without sorting', async () => {
    const prepare = vi.spyOn(Database.prototype, 'prepare');
    onTestFinished(() => prepare.mockRestore());
    const { file, tallies } = open();
    await tallies.range('a', { limit: 1 });
    await tallies.range('a', { limit: 1, newestFirst: true });
    const queries = prepare.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes('ORDER BY key'));
    expect(queries).toHaveLength(2);
    const reader = new Database(file, { readonly: true });
    onTestFinished(() => void reader.close());
    for (const sql of queries) {
      const plan = reader
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(Buffer.from('a'), Buffer.from('b'), 'c', 1);
      expect(plan).toEqual([
        expect.objectContaining({
          detail: 'SEARCH keyv USING INDEX keyv by namespace (namespace=? AND key>? AND key<?)',
        }),
      ]);
    }
  });
});

const writes = fc.constantFrom('put' as const, 'delete' as const, 'end' as const);

describe('finding records', () => {
  interface Item extends Versioned {
    readonly owner: { readonly id: string };
    readonly at?: number;
    readonly done?: true;
  }

  function openItems(file?: string) {
    const { stores, ...opened } = open(file);
    const items = stores.store<Item>('items');
    const find = async (search: Search) => (await items.find(search)).map(([, item]) => item);
    return { ...opened, stores, items, find };
  }

  const ana = { id: "a'b" };
  const ben = { id: 'ben' };

  it('finds them by what their fields hold, in the order of their keys', async () => {
    const { items, find, stores } = openItems();
    await items.create('b', { owner: ana });
    await items.create('a', { owner: ana, done: true });
    await items.create('c', { owner: ben, at: 1 });
    await stores.store<Item>('others').create('d', { owner: ana });
    expect(await find({ where: { 'owner.id': ana.id } })).toMatchObject([{ done: true }, {}]);
    expect(await find({ where: { 'owner.id': ana.id }, without: 'done' })).toEqual([
      { owner: ana, version: 1 },
    ]);
    expect(await find({ without: 'done' })).toMatchObject([{ owner: ana }, { owner: ben }]);
    expect(await find({ where: { 'owner.id': 'nobody' } })).toEqual([]);
    expect((await items.find({ without: 'done' })).map(([key]) => key)).toEqual(['b', 'c']);
  });

  it('finds them by a range of numbers, in pages and both ways', async () => {
    const { items, find } = openItems();
    for (const at of [3, 1, 2, 10]) await items.create(String(at), { owner: ana, at });
    await items.create('none', { owner: ana });
    const times = async (search: Search) => (await find(search)).map(({ at }) => at);
    expect(await times({ by: 'at' })).toEqual([1, 2, 3, 10]);
    expect(await times({ by: 'at', from: 2, below: 10 })).toEqual([2, 3]);
    expect(await times({ by: 'at', newestFirst: true, limit: 2 })).toEqual([10, 3]);
    expect(await times({ by: 'at', limit: 2, offset: 1 })).toEqual([2, 3]);
    expect(await times({ where: { 'owner.id': ana.id }, by: 'at', from: 3 })).toEqual([3, 10]);
  });

  it('finds what was there before the index, and what changed since', async () => {
    const { file, items } = openItems();
    const first = await items.create('a', { owner: ana });
    await items.create('b', { owner: ben });
    if (first === undefined) throw new Error('It was not created.');
    const other = openItems(file);
    const open = async () => (await other.find({ without: 'done' })).map(({ owner }) => owner.id);
    expect(await open()).toEqual([ana.id, ben.id]);
    expect(await items.replace('a', first, { ...first, done: true })).toBeDefined();
    expect(await items.replace('a', first, { owner: ana })).toBeUndefined();
    expect(await open()).toEqual([ben.id]);
    await items.update('a', ({ owner }) => ({ owner }));
    await items.delete('b');
    expect(await open()).toEqual([ana.id]);
  });

  it('finds as a walk over all records does, whatever was written', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.tuple(writes, fc.nat(5), fc.nat(3)), { maxLength: 30 }),
      check,
    );
    await fc.assert(property, { numRuns: 50 });

    async function check(all: readonly ['put' | 'delete' | 'end', number, number][]) {
      const { items, find } = openItems();
      for (const [write, key, at] of all) {
        if (write === 'delete') await items.delete(`${key}`);
        else {
          const item = {
            owner: at % 2 === 0 ? ana : ben,
            at,
            ...(write === 'end' && { done: true as const }),
          };
          (await items.create(`${key}`, item)) ?? (await items.update(`${key}`, () => item));
        }
        await find({ by: 'at', limit: 1 });
      }
      const walked = (await Array.fromAsync(items.entries())).map(([, item]) => item);
      expect(await find({ without: 'done' })).toEqual(walked.filter(({ done }) => !done));
      expect(await find({ where: { 'owner.id': ana.id } })).toEqual(
        walked.filter(({ owner }) => owner.id === ana.id),
      );
      const late = await find({ by: 'at', from: 2 });
      expect(late).toHaveLength(walked.filter(({ at = 0 }) => at >= 2).length);
      expect(late).toEqual(late.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)));
    }
  });

  it('counts them by what a field holds, in their own namespace', async () => {
    const { items, stores } = openItems();
    expect(await items.countBy('owner.id')).toEqual(new Map());
    for (const [key, owner] of Object.entries({ a: ana, b: ben, c: ben })) await items.create(key, { owner });
    await stores.store<Item>('others').create('d', { owner: ana });
    await items.delete('c');
    expect(await items.countBy('owner.id')).toEqual(
      new Map([
        [ana.id, 1],
        [ben.id, 1],
      ]),
    );
    expect(await items.countBy('at')).toEqual(new Map());
  });

  it('tells of every statement what it is and how many rows it returns', async () => {
    const seen: RunStatement[] = [];
    const stores = openStores({ file: ':memory:', onStatement: (statement) => seen.push(statement) });
    onTestFinished(() => stores.close());
    const items = stores.store<Item>('items');
    await items.get('a');
    seen.length = 0;
    const first = await items.create('a', { owner: ana });
    await items.create('b', { owner: ana });
    if (first !== undefined) await items.replace('a', first, { owner: ben });
    await Array.fromAsync(items.entries());
    await items.delete('b');
    const told = seen.filter(({ sql }) => !sql.startsWith('CREATE INDEX'));
    expect(told.map(({ isWrite }) => isWrite)).toEqual([true, true, true, false, true]);
    expect(told.map(({ rows }) => rows).slice(0, 4)).toEqual([1, 1, 1, 2]);
  });
});

describe('durability', () => {
  it('survives a new start', async () => {
    const file = join(temporaryDirectory(), 'nod.db');
    const stores = openStores({ file });
    await stores.store<Tally>('tallies').create('a', { count: 1 });
    await stores.close();
    expect(await open(file).tallies.get('a')).toEqual({ count: 1, version: 1 });
  });

  it('writes ahead to a log that is synced with every commit', () => {
    const pragma = vi.spyOn(Database.prototype, 'pragma');
    onTestFinished(() => pragma.mockRestore());
    const { file } = open();
    const connection = pragma.mock.contexts[0];
    if (!(connection instanceof Database)) throw new Error('No connection was set up.');
    expect(connection.name).toBe(file);
    // 2 is FULL; the settings belong to the connection and are not kept in the file. The wait for a lock is ours.
    expect(connection.pragma('synchronous', { simple: true })).toBe(2);
    expect(connection.pragma('busy_timeout', { simple: true })).toBe(0);
    const reader = new Database(file, { readonly: true });
    expect(reader.pragma('journal_mode', { simple: true })).toBe('wal');
    reader.close();
  });

  it('has a record in the log file when its promise resolves', async () => {
    const { file, tallies } = open();
    await tallies.create('a', { count: 4_711 });
    expect(existsSync(`${file}-wal`)).toBe(true);
    const reader = new Database(file, { readonly: true });
    expect(reader.prepare('SELECT value FROM keyv').pluck().get()).toContain('4711');
    reader.close();
  });
});

describe('the files of the database', () => {
  const modesOf = (file: string) =>
    [file, `${file}-wal`, `${file}-shm`].map((each) => (statSync(each).mode & 0o777).toString(8));

  it('are for their owner alone in a folder that others may read', async () => {
    const directory = join(temporaryDirectory(), 'data');
    mkdirSync(directory, { mode: 0o755 });
    const { file, tallies } = open(join(directory, 'nod.db'));
    await tallies.create('a', { count: 1 });
    expect(modesOf(file)).toEqual(['600', '600', '600']);
  });

  it('are taken from others where they were there before', async () => {
    const { file, tallies } = open();
    await tallies.create('a', { count: 1 });
    for (const each of [file, `${file}-wal`, `${file}-shm`]) chmodSync(each, 0o644);
    const again = open(file);
    expect(modesOf(file)).toEqual(['600', '600', '600']);
    expect(await again.tallies.get('a')).toMatchObject({ count: 1 });
  });

  it('may be none at all', async () => {
    const before = existsSync(':memory:');
    const { tallies } = open(':memory:');
    await tallies.create('a', { count: 1 });
    expect(await tallies.get('a')).toMatchObject({ count: 1 });
    expect(existsSync(':memory:')).toBe(before);
  });

  it('may be an empty one that others could read', async () => {
    const file = join(temporaryDirectory(), 'nod.db');
    writeFileSync(file, '', { mode: 0o666 });
    await open(file).tallies.create('a', { count: 1 });
    expect(modesOf(file)).toEqual(['600', '600', '600']);
  });
});

describe.each([
  ['in use', async () => {}],
  ['that nobody has open', async (close: () => Promise<void>) => close()],
])('a database %s, opened to read', (_, before) => {
  it('tells its records, takes none, and has no more files beside it than before', async () => {
    const { file, stores, tallies } = open();
    await tallies.create('a', { count: 1, by: 'x' });
    await tallies.create('b', { count: 2, by: 'y' });
    await before(stores.close);
    const files = readdirSync(dirname(file));
    const reading = openStores({ file, isReadOnly: true });
    onTestFinished(() => reading.close());
    const read = reading.store<Tally>('tallies');
    expect(await read.get('b')).toMatchObject({ count: 2 });
    expect((await Array.fromAsync(read.entries())).map(([key]) => key)).toEqual(['a', 'b']);
    expect(await read.find({ where: { by: 'y' }, by: 'count' })).toMatchObject([['b', { count: 2 }]]);
    await expect(read.create('c', { count: 3 })).rejects.toThrow('readonly database');
    expect(readdirSync(dirname(file))).toEqual(files);
  });
});

describe('a database that does not answer', () => {
  const calls: Record<string, (store: ReturnType<typeof open>['tallies']) => Promise<unknown>> = {
    get: (store) => store.get('a'),
    create: (store) => store.create('b', { count: 1 }),
    replace: (store) => store.replace('a', { count: 1, version: 1 }, { count: 2 }),
    update: (store) => store.update('a', () => ({ count: 2 })),
    upsert: (store) => store.upsert('a', () => ({ count: 2 })),
    delete: (store) => store.delete('a'),
    entries: (store) => Array.fromAsync(store.entries()),
    range: (store) => store.range('a', { limit: 1 }),
  };

  it.each(Object.keys(calls))('makes %s reject, and never look like an absent record', async (name) => {
    const { stores, tallies } = open();
    await tallies.create('a', { count: 1 });
    await stores.close();
    await expect(calls[name]?.(tallies)).rejects.toThrow('database connection is not open');
  });

  it('may be closed twice', async () => {
    const { stores } = open();
    await stores.close();
    await expect(stores.close()).resolves.toBeUndefined();
  });
});
