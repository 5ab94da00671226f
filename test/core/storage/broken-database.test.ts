import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStores, type Versioned } from '../../../src/core/storage/database.ts';
import { migrate } from '../../../src/core/storage/sqlite/migrations.ts';
import { temporaryDirectory } from '../media/files.ts';

interface Tally extends Versioned {
  readonly count: number;
}

function open(file = join(temporaryDirectory(), 'nod.db')) {
  const stores = openStores({ file });
  onTestFinished(() => stores.close());
  return { file, stores, tallies: stores.store<Tally>('tallies') };
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
