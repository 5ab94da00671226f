import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStores, type Versioned } from '../../../src/core/storage/database.ts';
import { migrate } from '../../../src/core/storage/sqlite/migrations.ts';
import { RecordUnreadableError, type UnreadableRecord } from '../../../src/core/storage/store.ts';
import { temporaryDirectory } from '../media/files.ts';

interface Tally extends Versioned {
  readonly count: number;
  readonly owner?: string;
}

function open(file = join(temporaryDirectory(), 'nod.db')) {
  const told: UnreadableRecord[] = [];
  const stores = openStores({ file, onUnreadable: (record) => told.push(record) });
  onTestFinished(() => stores.close());
  const upgrade = (record: Tally): Tally => {
    if (record.count < 0) throw new Error('Nobody has written such a record.');
    return record;
  };
  return { file, stores, told, tallies: stores.store<Tally>('tallies', { upgrade }) };
}

/** Another program at the same file. */
function other(file: string): Database.Database {
  const database = new Database(file);
  onTestFinished(() => void database.close());
  return database;
}

describe('a database that another program has locked', () => {
  it('is waited for without holding up anything else', async () => {
    const { file, tallies } = open();
    await tallies.create('a', { count: 1 });
    const holder = other(file);
    holder.exec('BEGIN IMMEDIATE');
    const writes = [
      tallies.update('a', ({ count }) => ({ count: count + 1 })),
      ...Array.from({ length: 50 }, (_, index) => tallies.create(`b${index}`, { count: 1 })),
    ];
    const late: number[] = [];
    for (let beat = 0; beat < 30; beat += 1) {
      const before = performance.now();
      await delay(10);
      late.push(performance.now() - before - 10);
    }
    expect(Math.max(...late)).toBeLessThan(100);
    // What only reads need not wait.
    expect(await tallies.get('a')).toMatchObject({ count: 1 });
    holder.exec('ROLLBACK');
    await Promise.all(writes);
    expect(await tallies.get('a')).toEqual({ count: 2, version: 2 });
    expect(await Array.fromAsync(tallies.entries())).toHaveLength(51);
  });
});

describe('a record that cannot be read', () => {
  const VALUES: Record<string, string> = {
    'is cut short': '{"value":{"count":1,"versi',
    'is empty': '',
    'has no version': '{"value":{"count":1}}',
    'is another thing': '7',
    'cannot be upgraded': '{"value":{"count":-1,"version":1}}',
  };

  async function withBroken(value: string, { isIndexed = false } = {}) {
    const opened = open();
    const { file, tallies } = opened;
    for (const key of ['a', 'b', 'c']) await tallies.create(key, { count: 1, owner: 'ana' });
    if (isIndexed) await tallies.find({ where: { owner: 'ana' } });
    if (!isIndexed || value.endsWith('}}'))
      other(file).prepare(`UPDATE keyv SET value = ? WHERE key = 'b'`).run(value);
    return opened;
  }

  it.each(Object.entries(VALUES))('that %s is left out of lists, told once and counted', async (_, value) => {
    const { tallies, told, file } = await withBroken(value);
    const keys = async () => (await Array.fromAsync(tallies.entries())).map(([key]) => key);
    expect(await keys()).toEqual(['a', 'c']);
    expect(await keys()).toEqual(['a', 'c']);
    expect(told).toEqual([{ namespace: 'tallies', count: 1 }]);
    // An operator still finds it.
    const kept = other(file).prepare('SELECT * FROM "unreadable"').all();
    expect(kept).toEqual([{ namespace: 'tallies', key: 'b', value }]);
  });

  it.each(Object.entries(VALUES))('that %s ends no search by other fields', async (_, value) => {
    const { tallies, told } = await withBroken(value);
    const found = await tallies.find({ where: { owner: 'ana' } });
    expect(found.map(([key]) => key)).toEqual(['a', 'c']);
    expect(told.length).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(VALUES))('that %s is never taken for one that is not there', async (_, value) => {
    const { tallies, file, told } = await withBroken(value);
    for (const again of [() => tallies, () => open(file).tallies]) {
      const store = again();
      await expect(store.get('b')).rejects.toThrow(RecordUnreadableError);
      await expect(store.create('b', { count: 9 })).rejects.toThrow(RecordUnreadableError);
      await expect(store.update('b', () => ({ count: 9 }))).rejects.toThrow(RecordUnreadableError);
      await expect(store.upsert('b', () => ({ count: 9 }))).rejects.toThrow(RecordUnreadableError);
    }
    expect(told).toHaveLength(1);
  });

  it('counts as none where a store can do without', async () => {
    const { stores } = await withBroken('{');
    const expendable = stores.store<Tally>('tallies', { isExpendable: true });
    expect(await expendable.get('b')).toBeUndefined();
    expect(await expendable.upsert('b', () => ({ count: 5 }))).toEqual({ count: 5, version: 1 });
    expect(await expendable.get('b')).toMatchObject({ count: 5 });
  });

  it('is deleted like any other', async () => {
    const { tallies, file } = await withBroken('{');
    await expect(tallies.get('b')).rejects.toThrow(RecordUnreadableError);
    expect(await tallies.delete('b')).toBe(true);
    expect(await tallies.delete('b')).toBe(false);
    expect(other(file).prepare('SELECT * FROM "unreadable"').all()).toEqual([]);
    expect(await tallies.create('b', { count: 2 })).toMatchObject({ count: 2 });
  });

  it('leaves the indexes as good as they were', async () => {
    const { tallies } = await withBroken('{"value":{"owner":"ana"}}', { isIndexed: true });
    const found = async () => (await tallies.find({ where: { owner: 'ana' } })).map(([key]) => key);
    expect(await found()).toEqual(['a', 'c']);
    await tallies.create('d', { count: 1, owner: 'ana' });
    expect(await found()).toEqual(['a', 'c', 'd']);
  });

  it('names no key, which may be a secret', async () => {
    const { tallies, told } = await withBroken('{');
    await expect(tallies.get('b')).rejects.toThrow(
      /^A record of “tallies” cannot be read; it was set aside\.$/,
    );
    expect(JSON.stringify(told)).not.toContain('"b"');
  });
});

describe('the version of the database', () => {
  const versionOf = (database: Database.Database) => database.pragma('user_version', { simple: true });

  it('is written into a new one, and into one from before there were versions, whose records stay', async () => {
    const { file, stores, tallies } = open();
    await tallies.create('a', { count: 1 });
    expect(versionOf(other(file))).toBe(1);
    await stores.close();
    other(file).pragma('user_version = 0');
    const again = open(file);
    expect(await again.tallies.get('a')).toEqual({ count: 1, version: 1 });
    expect(versionOf(other(file))).toBe(1);
  });

  it('leads from each version to the last one, each step once', () => {
    const database = other(':memory:');
    const steps: number[] = [];
    const migrations = [1, 2, 3].map((step) => () => void steps.push(step));
    migrate(database, { file: 'nod.db', migrations: migrations.slice(0, 1) });
    migrate(database, { file: 'nod.db', migrations });
    migrate(database, { file: 'nod.db', migrations });
    expect(steps).toEqual([1, 2, 3]);
    expect(versionOf(database)).toBe(3);
  });

  it('stays with all records where a step fails', () => {
    const database = other(':memory:');
    const make = (on: Database.Database) => on.exec('CREATE TABLE a (b)');
    const fail = () => {
      throw new Error('no');
    };
    expect(() => migrate(database, { file: 'nod.db', migrations: [make, fail] })).toThrow('no');
    expect(versionOf(database)).toBe(0);
    expect(database.prepare('SELECT * FROM sqlite_schema').all()).toEqual([]);
  });
});
