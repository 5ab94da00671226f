import { join } from 'node:path';
import { createClient } from '@keyv/redis';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { openStores, type RunStatement, type Stores } from '../../../src/core/storage/database.ts';
import { openRedisStores } from '../../../src/core/storage/redis/open-stores.ts';
import { ROOT } from '../../../src/core/storage/redis/scripts.ts';
import type { UnreadableRecord } from '../../../src/core/storage/store.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';
import { temporaryDirectory } from '../media/files.ts';

/** What keeps records, as the tests of the contract open it and look behind it. */
export interface Engine {
  readonly name: string;
  /** Why it is left out here. */
  readonly skipped: string | undefined;
  readonly newPlace: () => string;
  readonly open: (place: string, options?: OpenOptions) => Promise<Stores>;
  /** Writes over a record behind the back of whoever has it open. */
  readonly spoil: (place: string, namespace: string, key: string, value: string) => Promise<void>;
  /** What was set aside: namespace, key and value of each. */
  readonly setAside: (place: string) => Promise<string[][]>;
}

interface OpenOptions {
  readonly isReadOnly?: boolean;
  readonly onStatement?: (statement: RunStatement) => void;
  readonly onUnreadable?: (record: UnreadableRecord) => void;
}

/** The engines, for a file of tests that begins and ends them. */
export function startEngines(): Engine[] {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    if (NO_REDIS === undefined) server = await startRedis();
  });
  afterAll(() => server?.stop());
  return [SQLITE, redisEngine(() => server)];
}

const SQLITE: Engine = {
  name: 'SQLite',
  skipped: undefined,
  newPlace: () => join(temporaryDirectory(), 'deep', 'nod.db'),
  open: async (file, options) => {
    const stores = openStores({ file, ...options });
    onTestFinished(() => stores.close());
    return stores;
  },
  spoil: async (file, namespace, key, value) => {
    using database = disposable(new Database(file));
    database.prepare('UPDATE keyv SET value = ? WHERE namespace = ? AND key = ?').run(value, namespace, key);
  },
  setAside: async (file) => {
    using database = disposable(new Database(file));
    return database.prepare<[], string[]>('SELECT namespace, key, value FROM "unreadable"').raw().all();
  },
};

function redisEngine(serverOf: () => RedisServer | undefined): Engine {
  return {
    name: 'Redis',
    skipped: NO_REDIS,
    newPlace: () => serverOf()?.newUrl() ?? '',
    open: async (url, options) => {
      const stores = await openRedisStores({ url, ...options });
      onTestFinished(() => stores.close());
      return stores;
    },
    spoil: async (url, namespace, key, value) => {
      await asked(url, ['SET', `${ROOT}${namespace}::${key}`, value]);
    },
    setAside: async (url) => {
      const found = await asked(url, ['HGETALL', `${ROOT}unreadable`]);
      const flat = found instanceof Map ? [...found] : Object.entries(Object(found));
      return flat.map(([name, value]) => [...splitAtBlank(String(name)), String(value)]);
    },
  };
}

const splitAtBlank = (name: string): [string, string] => {
  const blank = name.indexOf(' ');
  return [name.slice(0, blank), name.slice(blank + 1)];
};

/** What a connection of its own is answered. */
export async function asked(url: string, command: string[]): Promise<unknown> {
  const client = createClient({ url });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

const disposable = (database: Database.Database) =>
  Object.assign(database, { [Symbol.dispose]: () => void database.close() });
