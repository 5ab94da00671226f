import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import Database from 'better-sqlite3';
import { pack as createArchive } from 'tar-stream';
import { expect, it } from 'vitest';
import { makeBackup } from '../../../src/core/backup/backup.ts';
import { restoreBackup } from '../../../src/core/backup/restore.ts';
import { readEntries } from '../../../src/core/backup/tar.ts';
import { openStores, type Versioned } from '../../../src/core/storage/database.ts';
import { chunks, temporaryDirectory } from '../media/files.ts';

interface Tally extends Versioned {
  readonly count: number;
}

const KEY = 'a key of thirty-two characters ..';
const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** The parts of a backup of one record, by their names. */
async function backedUp({ withKey = true } = {}): Promise<Map<string, Buffer>> {
  const dataDir = temporaryDirectory();
  const stores = openStores({ file: join(dataDir, 'nod.db') });
  const tallies = stores.store<Tally>('tallies');
  await tallies.create('a', { count: 7 });
  const parts: Buffer[] = [];
  const to = new Writable({
    write(part, _, done) {
      parts.push(part);
      done();
    },
  });
  await makeBackup({ dataDir, to, withKey, configuredKey: KEY, now: () => 5 });
  await stores.close();
  expect(readdirSync(dataDir)).toEqual(['nod.db']);
  const entries = new Map<string, Buffer>();
  for await (const { name, content } of readEntries(chunks(...parts)))
    entries.set(name, Buffer.concat(await Array.fromAsync(content)));
  return entries;
}

async function pack(entries: Iterable<readonly [string, Buffer]>): Promise<Buffer> {
  const archive = createArchive();
  // Another name in front of the real one, as for long names.
  for (const [name, content] of entries)
    archive.entry({ name, pax: name.startsWith('pax/') ? { path: '../evil' } : null }, content);
  archive.finalize();
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>));
}

/** Restores into a fresh folder below one of its own. */
async function restore(entries: Iterable<readonly [string, Buffer]>) {
  const dataDir = join(temporaryDirectory(), 'data');
  const from = chunks(await pack(entries));
  const result = await restoreBackup({ dataDir, from, goesOn: false, now: () => 9 }).catch(
    (error: Error) => error.message,
  );
  return { dataDir, result };
}

/** With a file of media more. */
function withMedia(entries: Map<string, Buffer>, name: string, content = 'media'): Map<string, Buffer> {
  const manifest = JSON.parse(String(entries.get('backup.json')));
  const told = Buffer.from(JSON.stringify({ ...manifest, media: 1 }));
  return new Map([...entries, ['backup.json', told], [name, Buffer.from(content)]]);
}

it('brings back the records, the version, the key and the media, for their owner alone', async () => {
  const name = `media/${sha256('media')}.jpg`;
  const { dataDir, result } = await restore(withMedia(await backedUp(), name));
  expect(result).toEqual({ madeAt: 5, accounts: 0, hasKey: true });
  expect(readFileSync(join(dataDir, name), 'utf8')).toBe('media');
  expect(readFileSync(join(dataDir, 'secret.key'), 'utf8')).toBe(`${KEY}\n`);
  for (const each of ['', 'nod.db', 'secret.key', 'media', name])
    expect([each, statSync(join(dataDir, each)).mode & 0o077]).toEqual([each, 0]);
  const database = new Database(join(dataDir, 'nod.db'));
  expect(database.pragma('user_version', { simple: true })).toBe(1);
  database.close();
  await using stores = openStores({ file: join(dataDir, 'nod.db') });
  expect(await stores.store<Tally>('tallies').get('a')).toEqual({ count: 7, version: 1 });
  expect(await stores.store('restorations').get('last')).toMatchObject({ madeAt: 5, restoredAt: 9 });
});

it('has no key where none is wanted', async () => {
  expect([...(await backedUp({ withKey: false })).keys()]).toEqual(['backup.json', 'nod.db']);
});

it.each([
  'media/../../evil.jpg',
  '../evil',
  '/tmp/nod-evil',
  'nod.db-wal',
  'secret.key.other',
  `media/${'a'.repeat(64)}.jpg/x`,
  'nod.lock',
  `media/${'a'.repeat(3 * 1024 ** 2)}.jpg`,
  'pax/of-another-name',
])('writes nothing for a part that is called %s', async (name) => {
  const { dataDir, result } = await restore(withMedia(await backedUp(), name));
  expect(result).toMatch(/^The file is no backup of Nod, .*none of Nod’s/);
  expect(existsSync(join(dataDir, 'nod.db'))).toBe(false);
  expect(name.length < 256 && existsSync(join(dataDir, name))).toBe(name === 'nod.lock');
  expect(existsSync(join(dataDir, '..', 'evil'))).toBe(false);
});

it.each([
  ['a file of media', (all: Map<string, Buffer>) => withMedia(all, `media/${sha256('media')}.jpg`, 'other')],
  [
    'its database',
    (all: Map<string, Buffer>) => {
      const database = Buffer.from(all.get('nod.db') ?? '');
      database[200] = 1;
      return new Map([...all, ['nod.db', database]]);
    },
  ],
])('does not take a backup in which %s is damaged', async (_, damage) => {
  const { dataDir, result } = await restore(damage(await backedUp()));
  expect(result).toContain('a part is damaged');
  expect(existsSync(join(dataDir, 'nod.db'))).toBe(false);
});

it.each([
  [
    'its database',
    (all: Map<string, Buffer>) => [...all].filter(([name]) => name !== 'nod.db'),
    'lacks a part',
  ],
  ['its beginning', (all: Map<string, Buffer>) => [...all].slice(1), 'does not begin like one'],
  [
    'media',
    (all: Map<string, Buffer>) => [...withMedia(all, 'media/x')].filter(([name]) => name !== 'media/x'),
    'lacks a part',
  ],
] as const)('does not take a backup without %s', async (_, without, says) => {
  const { dataDir, result } = await restore(without(await backedUp()));
  expect(result).toContain(says);
  expect(existsSync(join(dataDir, 'nod.db'))).toBe(false);
});

it('does not take a backup that was cut short, wherever', async () => {
  const whole = await pack(withMedia(await backedUp(), `media/${sha256('media')}.jpg`));
  // The last two blocks are empty and say nothing.
  const ends = Array.from({ length: 40 }, (_, index) => Math.floor(((whole.length - 1_025) * index) / 39));
  for (const end of [...ends, 512, 1_024, whole.length - 2_048]) {
    const dataDir = join(temporaryDirectory(), 'data');
    const from = chunks(whole.subarray(0, end));
    await expect(restoreBackup({ dataDir, from, goesOn: false, now: () => 9 })).rejects.toThrow(
      /^The file is no backup of Nod, or only a part of one/,
    );
    expect(existsSync(join(dataDir, 'nod.db'))).toBe(false);
  }
});

it('takes no backup of a newer Nod', async () => {
  const all = await backedUp();
  const manifest = { ...JSON.parse(String(all.get('backup.json'))), format: 2 };
  const { result } = await restore(
    [...all, ['backup.json', Buffer.from(JSON.stringify(manifest))] as const].toReversed(),
  );
  expect(result).toBe('The backup was made by a newer Nod: restore it with that version.');
});

it('replaces no key', async () => {
  const dataDir = temporaryDirectory();
  writeFileSync(join(dataDir, 'secret.key'), 'the other key');
  const from = chunks(await pack(await backedUp()));
  await expect(restoreBackup({ dataDir, from, goesOn: false, now: () => 9 })).rejects.toThrow(
    'is there already, and the backup has a key as well',
  );
  expect(readFileSync(join(dataDir, 'secret.key'), 'utf8')).toBe('the other key');
});
