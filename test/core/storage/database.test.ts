import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openStores, type RunStatement, type Versioned } from '../../../src/core/storage/database.ts';
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

describe('a range', () => {
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

describe('finding records', () => {
  it('tells of every statement what it is and how many rows it returns', async () => {
    const seen: RunStatement[] = [];
    const stores = openStores({ file: ':memory:', onStatement: (statement) => seen.push(statement) });
    onTestFinished(() => stores.close());
    const items = stores.store<Tally>('items');
    await items.get('a');
    seen.length = 0;
    const first = await items.create('a', { count: 1 });
    await items.create('b', { count: 1 });
    if (first !== undefined) await items.replace('a', first, { count: 2 });
    await Array.fromAsync(items.entries());
    await items.delete('b');
    const told = seen.filter(({ sql }) => !sql.startsWith('CREATE INDEX'));
    expect(told.map(({ isWrite }) => isWrite)).toEqual([true, true, true, false, true]);
    expect(told.map(({ rows }) => rows).slice(0, 4)).toEqual([1, 1, 1, 2]);
  });
});

describe('durability', () => {
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
