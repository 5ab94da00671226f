import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StartError } from '../../start-error.ts';
import { hasDatabase, pathsIn } from '../folder.ts';
import { lockFolder } from '../lock.ts';
import { checkServer } from '../redis/check-server.ts';
import { connectRedis, type RedisConnection, type Reply, startProblem } from '../redis/connection.ts';
import { BEAT_MS, RUNNING_MS } from '../redis/open-stores.ts';
import { CURRENT, ROOT, type Script } from '../redis/scripts.ts';
import { ARRIVED, ARRIVING, LEAVING, stateProblem } from '../redis/states.ts';
import { migrate } from '../sqlite/migrations.ts';
import { openStores } from '../sqlite/open-stores.ts';
import { UNREADABLE_TABLE } from '../sqlite/unreadable.ts';
import { BEGIN_ARRIVAL, BEGIN_DEPARTURE, IMPORT, KEEP_RUNNING, READ_HASH, SET_STATE } from './scripts.ts';

const PAGE = 500;
/** What is none cannot be read on either side. */
const AS_TEXT = "coalesce(CAST(value AS TEXT), '') AS value";

/** A record as its database has it. */
interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
}

/** What was moved. `kept` is the file with what was there before. */
export interface Moved {
  readonly records: number;
  readonly kept?: string;
}

interface Options {
  readonly dataDir: string;
  readonly url: string;
  readonly now?: () => number;
}

/**
 * Moves the records of a folder into a Redis that has none. The file stays under another name, so that no Nod starts on
 * it; whatever ends this before, the same command goes on with it.
 *
 * @throws StartError where a Nod runs on either side, and where Redis has records.
 */
export async function moveToRedis({ dataDir, url, now = Date.now }: Options): Promise<Moved> {
  const folder = resolve(dataDir);
  const { database: file } = pathsIn(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  using _lock = lockFolder(folder, { now });
  await using redis = await openRedis(url);
  if (!hasDatabase(folder)) return await finish(redis, file);
  const step = await redis.begin(BEGIN_ARRIVAL);
  if (step === 'running') throw isRunning(redis.host);
  if (step === 'taken')
    throw new StartError(
      `Redis at ${redis.host} has records already: name another one or another number in REDIS_URL, or delete the keys there that begin with ${ROOT}.`,
    );
  // A Nod may have gone on with the file since an earlier try.
  await clear(redis);
  using database = openFile(file);
  await copyToRedis(database, redis);
  database.close();
  await redis.setState(ARRIVING, ARRIVED);
  const kept = `${file}.moved-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
  putAway(file, kept, folder);
  return { ...(await finish(redis, file)), kept };
}

/** The end of a move whose file is put away already. */
async function finish(redis: Redis, file: string): Promise<Moved> {
  if ((await redis.setState(ARRIVED, CURRENT)) === '0')
    throw new StartError(`There is nothing to move: ${file} is missing. Is DATA_DIR the right folder?`);
  return { records: await countIn(redis) };
}

/**
 * Moves the records out of a Redis into a folder that has none, and takes them out of Redis once the file is complete.
 *
 * @throws StartError where a Nod runs on either side, and where the folder has records.
 */
export async function moveToFile({ dataDir, url, now = Date.now }: Options): Promise<Moved> {
  const folder = resolve(dataDir);
  const { database: file } = pathsIn(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  using _lock = lockFolder(folder, { now });
  if (hasDatabase(folder))
    throw new StartError(
      `${file} has records already: set DATA_DIR to a folder without, or move that file away.`,
    );
  await using redis = await openRedis(url);
  const step = await redis.begin(BEGIN_DEPARTURE);
  if (step === 'running') throw isRunning(redis.host);
  if (step === 'empty')
    throw new StartError(
      `There is nothing to move: Redis at ${redis.host} has no records. Is REDIS_URL right?`,
    );
  if (step !== 'copy') throw stateProblem(step, redis.host);
  const unfinished = `${file}.unfinished`;
  let records: number;
  try {
    removeFiles(unfinished);
    records = await copyToFile(redis, unfinished);
  } catch (error) {
    removeFiles(unfinished);
    await redis.setState(LEAVING, CURRENT).catch(() => {});
    throw error;
  }
  renameSync(unfinished, file);
  sync(folder);
  await clear(redis);
  await redis.command('DEL', `${ROOT}state`);
  return { records };
}

async function openRedis(url: string) {
  const connection = await connectRedis({ url, onFailure: () => {} });
  try {
    await checkServer(connection);
  } catch (error) {
    await connection.close();
    throw startProblem(error, connection.host);
  }
  const id = randomUUID();
  let beat: NodeJS.Timeout | undefined;
  const ask = async (script: Script, values: readonly string[] = []) =>
    String(await connection.run(script, ROOT, values));

  /** Two moves at once would take each other's records for what an earlier one has left. */
  async function begin(script: Script): Promise<string> {
    const step = await ask(script, [id, String(RUNNING_MS)]);
    if (step === 'copy')
      beat = setInterval(() => void ask(KEEP_RUNNING, [id, String(RUNNING_MS)]).catch(() => {}), BEAT_MS);
    return step;
  }

  async function end(): Promise<void> {
    clearInterval(beat);
    if (beat !== undefined) await connection.command('ZREM', `${ROOT}running`, id).catch(() => {});
    await connection.close();
  }

  return {
    ...connection,
    ask,
    begin,
    setState: (expected: string, next: string) => ask(SET_STATE, [expected, next]),
    [Symbol.asyncDispose]: end,
  };
}

type Redis = Awaited<ReturnType<typeof openRedis>>;

const isRunning = (host: string): StartError =>
  new StartError(
    `A Nod or another move works on the records in Redis at ${host}, or was killed less than half a minute ago: stop it, then move them.`,
  );

/** All that it has of Nod's, but what state it is in and who works on it. */
async function clear({ command }: RedisConnection): Promise<void> {
  const kept = [`${ROOT}state`, `${ROOT}running`];
  let cursor = '0';
  do {
    const reply = await command('SCAN', cursor, 'MATCH', `${ROOT}*`, 'COUNT', String(PAGE));
    const [next, found] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
    cursor = String(next ?? '0');
    const keys = listOf(found).filter((key) => !kept.includes(key));
    if (keys.length > 0) await command('UNLINK', ...keys);
  } while (cursor !== '0');
}

function openFile(file: string) {
  const database = new Database(file, { fileMustExist: true });
  database.pragma('synchronous = FULL');
  migrate(database, { file });
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}

async function copyToRedis(database: Database.Database, redis: Redis): Promise<void> {
  // In the order in which they were made, which decides among equals where records are searched.
  for (const rows of pagesOf(database)) {
    await redis.ask(
      IMPORT,
      rows.flatMap(({ namespace, key, value }) => [namespace, key, value]),
    );
    await compare(redis, rows);
  }
  for (const { namespace, key, value } of unreadableIn(database))
    await redis.command('HSET', `${ROOT}unreadable`, `${namespace} ${key}`, value);
  const records = Number(database.prepare('SELECT count(*) FROM "keyv"').pluck().get());
  if ((await countIn(redis)) !== records) throw new Error('Not all records have arrived in Redis.');
}

function* pagesOf(database: Database.Database): Generator<Row[]> {
  const page = database.prepare<[number, number], Row & { id: number }>(
    `SELECT rowid AS id, namespace, key, ${AS_TEXT} FROM "keyv" WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  if (!hasTable(database, 'keyv')) return;
  let rows = page.all(0, PAGE);
  while (rows.length > 0) {
    yield rows;
    rows = page.all(rows.at(-1)?.id ?? 0, PAGE);
  }
}

function unreadableIn(database: Database.Database): Row[] {
  if (!hasTable(database, 'unreadable')) return [];
  return database.prepare<[], Row>(`SELECT namespace, key, ${AS_TEXT} FROM "unreadable"`).all();
}

const hasTable = (database: Database.Database, name: string): boolean =>
  database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;

/** Fails where Redis has other values than the file. */
async function compare({ command }: Redis, rows: readonly Row[]): Promise<void> {
  const found = listOf(await command('MGET', ...rows.map(nameOf)));
  if (rows.some(({ value }, index) => found[index] !== value))
    throw new Error('A record is not the same in Redis as in the file.');
}

const nameOf = ({ namespace, key }: Pick<Row, 'namespace' | 'key'>): string => `${ROOT}${namespace}::${key}`;

async function countIn({ command }: Redis): Promise<number> {
  let records = 0;
  for (const namespace of listOf(await command('SMEMBERS', `${ROOT}namespaces`)))
    records += Number(await command('ZCARD', `${ROOT}keys:${namespace}`));
  return records;
}

/** Nod's own statements make the table, into which the records go in the order in which they were made. */
async function copyToFile(redis: Redis, file: string): Promise<number> {
  const stores = openStores({ file });
  await stores.store('any').get('none');
  await stores.close();
  using database = openFile(file);
  const insert = database.prepare(
    'INSERT INTO "keyv" (key, value, namespace, expires) VALUES (?, ?, ?, NULL)',
  );
  let records = 0;
  for (const namespace of listOf(await redis.command('SMEMBERS', `${ROOT}namespaces`)).sort()) {
    const keys = await keysInOrder(redis, namespace);
    for (let from = 0; from < keys.length; from += PAGE) {
      const page = keys.slice(from, from + PAGE);
      const values = await redis.command('MGET', ...page.map((key) => nameOf({ namespace, key })));
      if (!Array.isArray(values) || values.includes(null)) throw new Error('A record is missing in Redis.');
      database.transaction(() => {
        for (const [index, key] of page.entries()) insert.run(key, values[index], namespace);
      })();
      records += page.length;
    }
  }
  await copyUnreadable(redis, database);
  if ((await countIn(redis)) !== records) throw new Error('Not all records have arrived in the file.');
  for (const rows of pagesOf(database)) await compare(redis, rows);
  database.pragma('wal_checkpoint(TRUNCATE)');
  return records;
}

async function keysInOrder({ run }: Redis, namespace: string): Promise<string[]> {
  const numbers = pairsOf(await run(READ_HASH, ROOT, [`order:${namespace}`]));
  return numbers.sort(([, a], [, b]) => Number(a) - Number(b)).map(([key]) => key);
}

async function copyUnreadable({ run }: Redis, database: Database.Database): Promise<void> {
  const found = pairsOf(await run(READ_HASH, ROOT, ['unreadable']));
  if (found.length === 0) return;
  database.exec(UNREADABLE_TABLE);
  const insert = database.prepare('INSERT INTO "unreadable" (namespace, key, value) VALUES (?, ?, ?)');
  for (const [name, value] of found) {
    const blank = name.indexOf(' ');
    insert.run(name.slice(0, blank), name.slice(blank + 1), value);
  }
}

const listOf = (reply: unknown): string[] =>
  Array.isArray(reply) || reply instanceof Set ? Array.from(reply, String) : [];

const pairsOf = (reply: unknown): [string, string][] => {
  const flat = listOf(reply);
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : []));
};

/** Without its write-ahead log, which is in it once it is closed. */
function putAway(file: string, kept: string, folder: string): void {
  const database = openFile(file);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  if (existsSync(`${file}-wal`))
    throw new StartError(`Another program has ${file} open: end it, then run the same command again.`);
  renameSync(file, kept);
  sync(folder);
}

function removeFiles(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
}

function sync(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
