import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { StartError } from '../../../src/core/start-error.ts';
import { openStores, type Stores, type Versioned } from '../../../src/core/storage/database.ts';
import { takeFolder } from '../../../src/core/storage/folder.ts';
import { moveToFile, moveToRedis } from '../../../src/core/storage/move/move-records.ts';
import { openRedisStores } from '../../../src/core/storage/redis/open-stores.ts';
import { ROOT } from '../../../src/core/storage/redis/scripts.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';
import { temporaryDirectory } from '../media/files.ts';
import { asked } from './engines.ts';

interface Item extends Versioned {
  readonly n: number;
  readonly more?: unknown;
}

/** Those of the source, so that none is forgotten. */
const NAMESPACES = namespacesIn(fileURLToPath(new URL('../../../src', import.meta.url)));

function namespacesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const found = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/\.store<[^(]*>\(\s*'([^']+)'/g)].map(
      ([, each]) => each ?? '',
    ),
  );
  return [...new Set(found)].sort();
}

const KEYS = ['b', 'a', '', '__proto__', '10', '9', 'posts:a', 'ü 💥', '\u0000', 'x'.repeat(300)];

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'moving records', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  const newFolder = () => temporaryDirectory();
  const fileIn = (folder: string) => join(folder, 'nod.db');

  async function openFile(folder: string): Promise<Stores> {
    const stores = openStores({ file: fileIn(folder) });
    onTestFinished(() => stores.close());
    return stores;
  }

  async function openUrl(url: string): Promise<Stores> {
    const stores = await openRedisStores({ url });
    onTestFinished(() => stores.close());
    return stores;
  }

  async function fill(stores: Stores): Promise<void> {
    for (const namespace of NAMESPACES) {
      const store = stores.store<Item>(namespace);
      for (const [n, key] of KEYS.entries())
        await store.create(key, { n: n % 3, more: [key, [], {}, null, 2 ** 60, '\ud800'] });
      await store.update('a', (item) => ({ ...item, n: 7 }));
    }
    const posts = stores.store<Item>('posts');
    for (let n = 0; n < 1_300; n += 1) await posts.create(`many ${n}`, { n });
  }

  async function filledFolder(): Promise<string> {
    const folder = newFolder();
    const stores = await openFile(folder);
    await fill(stores);
    await stores.close();
    const database = new Database(fileIn(folder));
    database.prepare(`UPDATE keyv SET value = '{' WHERE namespace = 'drafts' AND key = 'b'`).run();
    database.close();
    const again = await openFile(folder);
    await expect(again.store('drafts').get('b')).rejects.toThrow('cannot be read');
    await again.close();
    return folder;
  }

  /** Every row as it is, and in which order it came within its namespace. */
  function rowsOf(file: string) {
    const database = new Database(file, { readonly: true });
    const rows = database
      .prepare('SELECT namespace, key, value, expires FROM keyv ORDER BY namespace, rowid')
      .all();
    const unreadable = database.prepare('SELECT namespace, key, value FROM "unreadable"').all();
    database.close();
    return { rows, unreadable };
  }

  it('knows every namespace', () => {
    expect(NAMESPACES.length).toBeGreaterThan(30);
    expect(NAMESPACES).toEqual(
      expect.arrayContaining(['posts', 'drafts', 'accounts', 'attempts', 'ballots']),
    );
  });

  it('loses nothing on the way to Redis and back, and keeps the order of equals', async () => {
    const folder = await filledFolder();
    const before = rowsOf(fileIn(folder));
    expect(before.unreadable).toHaveLength(1);
    const url = server.newUrl();
    const { records, kept = '' } = await moveToRedis({ dataDir: folder, url });
    expect(records).toBe(before.rows.length);
    expect(readdirSync(folder).filter((name) => name.startsWith('nod.db'))).toHaveLength(1);
    expect(rowsOf(kept)).toEqual(before);

    const inRedis = await openUrl(url);
    renameSync(kept, join(folder, 'old.db'));
    const old = openStores({ file: join(folder, 'old.db') });
    for (const namespace of NAMESPACES) {
      const [was, is] = [old.store<Item>(namespace), inRedis.store<Item>(namespace)];
      expect(await Array.fromAsync(is.entries())).toEqual(await Array.fromAsync(was.entries()));
      expect(await is.find({ by: 'n' })).toEqual(await was.find({ by: 'n' }));
    }
    await expect(inRedis.store('drafts').get('b')).rejects.toThrow('cannot be read');
    await old.close();
    await inRedis.close();

    const target = newFolder();
    expect(await moveToFile({ dataDir: target, url })).toEqual({ records });
    expect(rowsOf(fileIn(target))).toEqual(before);
    expect(await asked(url, ['DBSIZE'])).toBe(0);
  });

  it('is refused while a Nod runs on either side', async () => {
    const folder = await filledFolder();
    const url = server.newUrl();
    const nod = takeFolder(folder, { isDataExpected: false });
    await expect(moveToRedis({ dataDir: folder, url })).rejects.toThrow(/^Another Nod works on /);
    nod[Symbol.dispose]();
    const running = await openUrl(url);
    await expect(moveToRedis({ dataDir: folder, url })).rejects.toThrow(
      'A Nod or another move works on the records in Redis',
    );
    await running.store<Item>('posts').create('a', { n: 1 });
    await expect(moveToFile({ dataDir: newFolder(), url })).rejects.toThrow(
      'A Nod or another move works on the records in Redis',
    );
    await running.close();
    // A second move, or one that was killed a moment ago.
    const [seconds] = (await asked(url, ['TIME'])) as [string];
    await asked(url, ['ZADD', `${ROOT}running`, String(Number(seconds) * 1000 + 5_000), 'other']);
    await expect(moveToFile({ dataDir: newFolder(), url })).rejects.toThrow('another move');
    await asked(url, ['ZREM', `${ROOT}running`, 'other']);
    expect((await moveToFile({ dataDir: newFolder(), url })).records).toBe(1);
  });

  it('is refused where the target has records, or the source none', async () => {
    const folder = await filledFolder();
    const url = server.newUrl();
    const stores = await openUrl(url);
    await stores.store<Item>('posts').create('a', { n: 1 });
    await stores.close();
    await expect(moveToRedis({ dataDir: folder, url })).rejects.toThrow('has records already');
    await expect(moveToFile({ dataDir: folder, url })).rejects.toThrow('has records already');
    expect(await (await openUrl(url)).store<Item>('posts').get('a')).toMatchObject({ n: 1 });
    await expect(moveToRedis({ dataDir: newFolder(), url: server.newUrl() })).rejects.toThrow(
      'There is nothing to move',
    );
    await expect(moveToFile({ dataDir: newFolder(), url: server.newUrl() })).rejects.toThrow(
      'There is nothing to move',
    );
  });

  it.each(['arriving', 'arrived'])('begins anew after one that was ended while it was %s', async (state) => {
    const folder = await filledFolder();
    const url = server.newUrl();
    // What it had brought by then, of which the file has other values by now.
    await asked(url, ['SET', `${ROOT}state`, '1']);
    const stores = await openUrl(url);
    await stores.store<Item>('posts').create('gone', { n: 1 });
    await stores.store<Item>('posts').create('a', { n: 99 });
    await stores.store<Item>('posts').find({ by: 'n' });
    await stores.close();
    await asked(url, ['SET', `${ROOT}state`, state]);
    await expect(openRedisStores({ url })).rejects.toThrow(StartError);
    await moveToRedis({ dataDir: folder, url });
    const posts = (await openUrl(url)).store<Item>('posts');
    expect(await posts.get('gone')).toBeUndefined();
    expect(await posts.get('a')).toMatchObject({ n: 7 });
    expect(await posts.find({ by: 'n' })).toHaveLength(1_300 + KEYS.length);
  });

  it('goes on where it was ended with the file put away already', async () => {
    const folder = await filledFolder();
    const url = server.newUrl();
    const { records } = await moveToRedis({ dataDir: folder, url });
    await asked(url, ['SET', `${ROOT}state`, 'arrived']);
    expect(await moveToRedis({ dataDir: folder, url })).toEqual({ records });
    expect(await (await openUrl(url)).store<Item>('posts').get('a')).toMatchObject({ n: 7 });
  });

  it('leaves Redis as it was where the file cannot be made', async () => {
    const url = server.newUrl();
    const stores = await openUrl(url);
    await stores.store<Item>('posts').create('a', { n: 1 });
    await stores.close();
    await asked(url, ['DEL', `${ROOT}posts::a`]);
    const folder = newFolder();
    await expect(moveToFile({ dataDir: folder, url })).rejects.toThrow('missing in Redis');
    expect(readdirSync(folder).filter((name) => name.startsWith('nod.db'))).toEqual([]);
    await expect(openUrl(url)).resolves.toBeDefined();
  });
});
