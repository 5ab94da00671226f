import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import KeyvSqlite from '@keyv/sqlite';
import Database, { type Statement } from 'better-sqlite3';
import Keyv from 'keyv';
import { codeOf, diskProblem, StartError } from '../start-error.ts';
import { migrate, refuseNewer } from './migrations.ts';
import { makePrivate } from './private-files.ts';
import { createUnreadable, LEFT_ALONE, type Unreadable, type UnreadableRecord } from './unreadable.ts';

/** What every record carries: compare-and-set compares this number, which the store alone counts up. */
export interface Versioned {
  readonly version: number;
}

/** A record as its author writes it; the store adds the version. */
export type Fresh<V extends Versioned> = V extends Versioned ? Omit<V, 'version'> : never;

/** One namespace of records. Every write is on the disk when its promise resolves. */
export interface Store<V extends Versioned> {
  get(key: string): Promise<V | undefined>;
  /** Writes a record that must not exist yet; undefined when it does. */
  create(key: string, value: Fresh<V> | V): Promise<V | undefined>;
  /** Writes `next` over `previous`; undefined when somebody else has written since `previous` was read. */
  replace(key: string, previous: V, next: Fresh<V> | V): Promise<V | undefined>;
  /**
   * Reads, changes and writes until nobody came in between; the record as it stands afterwards.
   * `change` may run several times; returning its argument (or undefined) writes nothing. `known`, the record as it was
   * last seen, saves the read where it is still so; an older one costs a second try and decides nothing.
   */
  update(key: string, change: (current: V) => Fresh<V> | V | undefined, known?: V): Promise<V | undefined>;
  /** The same, and writes the record where there is none; `change` then gets undefined. */
  upsert(key: string, change: (current: V | undefined) => Fresh<V> | V): Promise<V>;
  delete(key: string): Promise<boolean>;
  /** All records, in the order of their keys. */
  entries(): AsyncGenerator<[key: string, value: V]>;
  /** The records whose keys begin with `prefix`, in the order of their keys or backwards. */
  range(prefix: string, options: RangeOptions): Promise<[key: string, value: V][]>;
  /** The records whose fields are as asked, by an index that is made for the question when it is first asked. */
  find(search: Search): Promise<[key: string, value: V][]>;
  /** How many records hold each value of a field, by an index likewise. */
  countBy(path: string): Promise<Map<string, number>>;
}

export interface RangeOptions {
  /** How many records at most. */
  readonly limit: number;
  /** Backwards. */
  readonly newestFirst?: boolean;
  /** The last key of the page before: the range goes on behind it. */
  readonly after?: string;
}

/** What the fields of the records hold that are searched for; a field is named by its path, such as `author.id`. */
export interface Search {
  /** Fields that hold exactly these values. */
  readonly where?: Readonly<Record<string, string>>;
  /** A field that the records do not have. */
  readonly without?: string;
  /** A field that the records have, and in whose order they come; without it they come in the order of their keys. */
  readonly by?: string;
  /** The least value of that field. */
  readonly from?: number;
  /** The value that the field stays below. */
  readonly below?: number;
  readonly newestFirst?: boolean;
  /** How many records at most. */
  readonly limit?: number;
  /** How many to leave out first. */
  readonly offset?: number;
  /** In the order of their keys: the last key of the page before. */
  readonly after?: string;
}

/** A statement that the database has run. */
export interface RunStatement {
  readonly sql: string;
  readonly isWrite: boolean;
  /** How many rows it has returned. */
  readonly rows: number;
}

/**
 * Opens the database file and hands out its namespaces.
 *
 * Keyv is the store; what it lacks, compare-and-set and indexes, is added on the adapter's own connection. `onStatement`
 * is told of every statement, `onUnreadable` of every record that is set aside because it cannot be read: by its key it
 * is refused from then on, and left out wherever records are listed. One that `isReadOnly` has to be there, may be in use
 * by another program, and is not changed in any way.
 *
 * @throws StartError where the file is damaged, cannot be used, or is of a newer Nod.
 */
export function openStores({
  file,
  isReadOnly = false,
  onStatement,
  onUnreadable = () => {},
  onFailure = () => {},
}: {
  file: string;
  isReadOnly?: boolean | undefined;
  onStatement?: ((statement: RunStatement) => void) | undefined;
  onUnreadable?: ((record: UnreadableRecord) => void) | undefined;
  /** Told of every statement that the database could not run. */
  onFailure?: ((error: unknown) => void) | undefined;
}) {
  const connection = connect(file, { isReadOnly, onStatement, onUnreadable, onFailure });
  const opened: Keyv[] = [];

  /**
   * `upgrade` makes today's record of one that an older Nod wrote, whenever it is read; its version stays. In a store that
   * `isExpendable` a record that cannot be read counts as none.
   */
  function store<V extends Versioned, Old extends Versioned = V>(
    namespace: string,
    options: { upgrade?: ((record: V | Old) => V) | undefined; isExpendable?: boolean } = {},
  ): Store<V> {
    // Two Keyvs over one adapter overwrite each other's namespace, hence one adapter each on a shared connection.
    const adapter = new KeyvSqlite({ driver: connection.driver });
    // No `error` listener anywhere: with one attached Keyv turns failed reads into undefined and failed writes into false.
    const keyv = new Keyv({ store: adapter, namespace });
    opened.push(keyv);
    const { upgrade, isExpendable = false } = options;
    const { indexes, unreadable } = connection;
    const { query } = adapter;
    return createStore<V>({
      namespace,
      keyv,
      query,
      indexes,
      unreadable,
      upgrade,
      isExpendable,
      isReadOnly,
    });
  }

  async function close(): Promise<void> {
    await Promise.all(opened.map((keyv) => keyv.disconnect()));
    connection.close();
  }

  return { store, close, [Symbol.asyncDispose]: close };
}

export type Stores = ReturnType<typeof openStores>;

const READ = 'SELECT key, value FROM "keyv" WHERE key = ? AND namespace = ?';
const INSERT = `INSERT INTO "keyv" (key, value, namespace, expires) VALUES (?, ?, ?, NULL)
  ON CONFLICT (key, namespace) DO NOTHING RETURNING key`;
const SWAP = `UPDATE "keyv" SET value = ?
  WHERE key = ? AND namespace = ? AND json_extract(value, '$.value.version') = ? RETURNING key`;
// The bounds come as bytes; without the cast SQLite takes every BLOB for greater than any text.
const RANGE = `SELECT key, value FROM "keyv"
  WHERE key >= CAST(? AS TEXT) AND key < CAST(? AS TEXT) AND namespace = ? ORDER BY key`;
const FORWARDS = `${RANGE} ASC LIMIT ?`;
const BACKWARDS = `${RANGE} DESC LIMIT ?`;
/** The key that the adapter makes the table with begins with `key`, by which a namespace cannot be found among the others. */
const BY_NAMESPACE = 'CREATE INDEX IF NOT EXISTS "keyv by namespace" ON "keyv" (namespace, key)';
const PAGE = 500;

function createStore<V extends Versioned>(options: {
  namespace: string;
  keyv: Keyv;
  query: (sql: string, ...parameters: unknown[]) => Promise<unknown[]>;
  /** Those that are known to be there. */
  indexes: Set<string>;
  unreadable: Unreadable;
  upgrade: ((record: V) => V) | undefined;
  isExpendable: boolean;
  isReadOnly: boolean;
}): Store<V> {
  const {
    namespace,
    keyv,
    query,
    indexes,
    unreadable,
    upgrade = (record: V) => record,
    isReadOnly,
  } = options;
  const refuse = (key: string): void => {
    if (!options.isExpendable) unreadable.refuse(namespace, key);
  };

  // The adapter takes the namespace off a key that begins with it, so every key gets one to lose.
  const prefixed = (key: string): string => `${namespace}:${key}`;

  async function get(key: string): Promise<V | undefined> {
    const [found] = await decode(await query(READ, key, namespace));
    if (found === undefined) refuse(key);
    return found?.[1];
  }

  async function create(key: string, value: Fresh<V> | V): Promise<V | undefined> {
    refuse(key);
    const record = versioned<V>(value, 1);
    const rows = await query(INSERT, key, await keyv.encode({ value: record }), namespace);
    return rows.length > 0 ? record : undefined;
  }

  async function replace(key: string, previous: V, next: Fresh<V> | V): Promise<V | undefined> {
    const record = versioned<V>(next, previous.version + 1);
    const encoded = await keyv.encode({ value: record });
    const rows = await query(SWAP, encoded, key, namespace, previous.version);
    return rows.length > 0 ? record : undefined;
  }

  // Not Keyv's own iterator, which ends early without a word where a read fails.
  async function* entries(): AsyncGenerator<[string, V]> {
    let page = await range('', { limit: PAGE });
    while (page.length > 0) {
      yield* page;
      const after = page.at(-1)?.[0];
      page = page.length < PAGE || after === undefined ? [] : await range('', { limit: PAGE, after });
    }
  }

  async function range(prefix: string, options: RangeOptions): Promise<[string, V][]> {
    const { limit, newestFirst = false, after } = options;
    const [from, to] = boundsOf(prefix, newestFirst ? { before: after } : { after });
    await makeIndex(BY_NAMESPACE);
    return decode(await query(newestFirst ? BACKWARDS : FORWARDS, from, to, namespace, limit));
  }

  async function find(search: Search): Promise<[string, V][]> {
    const { index, select, parameters } = statementsFor(namespace, search, { isIndexed: !isReadOnly });
    await makeIndex(index);
    return decode(await query(select, ...parameters));
  }

  async function countBy(path: string): Promise<Map<string, number>> {
    const { index, from } = statementsFor(namespace, { by: path }, { isIndexed: !isReadOnly });
    await makeIndex(index);
    const value = field(path);
    const rows = await query(`SELECT ${value} AS value, count(*) AS count FROM ${from} GROUP BY ${value}`);
    return new Map((rows as { value: string; count: number }[]).map(({ value, count }) => [value, count]));
  }

  async function makeIndex(sql: string): Promise<void> {
    if (isReadOnly || indexes.has(sql)) return;
    await query(sql);
    indexes.add(sql);
  }

  async function decode(rows: readonly unknown[]): Promise<[string, V][]> {
    const records: [string, V][] = [];
    for (const row of rows.filter(isRow)) {
      const record = await read(row.value);
      if (record === undefined) unreadable.setAside(namespace, row.key);
      else records.push([row.key, record]);
    }
    return records;
  }

  /** Undefined for what nobody can have written: no JSON, no record, or none that this Nod or an older one knows. */
  async function read(value: string): Promise<V | undefined> {
    try {
      const record = (await keyv.decode<V>(value))?.value;
      return typeof record?.version === 'number' ? upgrade(record) : undefined;
    } catch {
      return undefined;
    }
  }

  async function remove(key: string): Promise<boolean> {
    return unreadable.forget(namespace, key) || keyv.delete(prefixed(key));
  }

  return {
    get,
    create,
    replace,
    ...createUpdates({ get, create, replace }),
    delete: remove,
    entries,
    range,
    find,
    countBy,
  };
}

/** Changes of records that are tried again where somebody else has written in between. */
export function createUpdates<V extends Versioned>(
  store: Pick<Store<V>, 'get' | 'create' | 'replace'>,
): Pick<Store<V>, 'update' | 'upsert'> {
  const { get, create, replace } = store;

  async function update(
    key: string,
    change: (current: V) => Fresh<V> | V | undefined,
    known?: V,
  ): Promise<V | undefined> {
    const before = known ?? (await get(key));
    if (before === undefined) return undefined;
    const next = change(before);
    const isChange = next !== undefined && next !== before;
    if (!isChange && known === undefined) return before;
    const written = isChange ? await replace(key, before, next) : undefined;
    return written ?? update(key, change);
  }

  async function upsert(key: string, change: (current: V | undefined) => Fresh<V> | V): Promise<V> {
    const current = await get(key);
    const next = change(current);
    if (current !== undefined && next === current) return current;
    const written = current === undefined ? create(key, next) : replace(key, current, next);
    return (await written) ?? upsert(key, change);
  }

  return { update, upsert };
}

/**
 * The index that answers a search, and the search itself.
 *
 * SQLite keeps the index in the same write as its record and fills it with what is there when it is made, so it is never
 * wrong. It is named after its definition, so that another definition is another index; with `INDEXED BY` a search that
 * it cannot answer is an error and never a walk over all records, but where the database is only read.
 */
function statementsFor(namespace: string, search: Search, { isIndexed }: { isIndexed: boolean }) {
  const { where = {}, without, by, from, below, newestFirst, limit = -1, offset = 0, after } = search;
  const order = by === undefined ? 'key' : field(by);
  const equal = Object.keys(where);
  const held = [
    `namespace = '${namespace}'`,
    ...(without === undefined ? [] : [`${field(without)} IS NULL`]),
    ...(by === undefined ? [] : [`${field(by)} IS NOT NULL`]),
  ].join(' AND ');
  const asked = [
    ...equal.map((path) => `${field(path)} = ?`),
    ...(from === undefined ? [] : [`${order} >= ?`]),
    ...(below === undefined ? [] : [`${order} < ?`]),
    ...(after === undefined ? [] : ['key > ?']),
  ];
  const name = [`${namespace} by`, [...equal, by ?? 'key'].join(', '), without && `without ${without}`];
  const quoted = `"${name.filter(Boolean).join(' ')}"`;
  const direction = newestFirst ? 'DESC' : 'ASC';
  const indexedBy = isIndexed ? ` INDEXED BY ${quoted}` : '';
  return {
    index: `CREATE INDEX IF NOT EXISTS ${quoted} ON "keyv" (${[...equal.map(field), order]}) WHERE ${held}`,
    from: `"keyv"${indexedBy} WHERE ${held}`,
    select: `SELECT key, value FROM "keyv"${indexedBy} WHERE ${[held, ...asked].join(' AND ')}
      ORDER BY ${order} ${direction}, rowid ${direction} LIMIT ? OFFSET ?`,
    parameters: [
      ...Object.values(where),
      ...(from === undefined ? [] : [from]),
      ...(below === undefined ? [] : [below]),
      ...(after === undefined ? [] : [after]),
      limit,
      offset,
    ],
  };
}

const field = (path: string): string => `json_extract(value, '$.value.${path}')`;

/** From which key on and up to which, excluded, as bytes: SQLite compares keys by their UTF-8. */
function boundsOf(
  prefix: string,
  page: { before?: string | undefined; after?: string | undefined },
): [from: Buffer, to: Buffer] {
  const bytes = Buffer.from(prefix);
  // No byte of UTF-8 is 0xff, so the last one can always be counted up.
  const end = Buffer.from([...bytes.subarray(0, -1), (bytes.at(-1) ?? 0xfe) + 1]);
  return [
    page.after === undefined ? bytes : Buffer.from(`${page.after}\0`),
    page.before === undefined ? end : Buffer.from(page.before),
  ];
}

function isRow(row: unknown): row is { key: string; value: string } {
  return typeof row === 'object' && row !== null && 'key' in row && 'value' in row;
}

function versioned<V extends Versioned>(value: Fresh<V> | V, version: number): V {
  return { ...value, version } as unknown as V;
}

/** The folder may be open to others and the file there already; SQLite gives new files beside it the mode of the file. */
function makePrivateDatabase(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  for (const each of [file, `${file}-wal`, `${file}-shm`]) makePrivate(each);
}

/** How long a statement waits for another program that has locked the database. */
const BUSY_PATIENCE_MS = 30_000;
const BUSY_RETRY_MS = 20;

/** One SQLite connection for all adapters, with cached statements and the durability that the release gate needs. */
function connect(
  file: string,
  {
    isReadOnly,
    onStatement,
    onUnreadable,
    onFailure,
  }: {
    isReadOnly: boolean;
    onStatement: ((statement: RunStatement) => void) | undefined;
    onUnreadable: (record: UnreadableRecord) => void;
    onFailure: (error: unknown) => void;
  },
) {
  const database = isReadOnly ? openToRead(file) : openDatabase(file);
  const unreadable = isReadOnly ? LEFT_ALONE : createUnreadable({ database, onUnreadable });
  const statements = new Map<string, Statement<unknown[]>>();

  function prepare(sql: string): Statement<unknown[]> {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare<unknown[]>(sql);
    statements.set(sql, statement);
    return statement;
  }

  /** SQLite's own wait for a lock would hold up everything else. */
  async function query(sql: string, ...parameters: unknown[]): Promise<unknown[]> {
    const patience = performance.now() + BUSY_PATIENCE_MS;
    for (;;) {
      try {
        return run(sql, parameters);
      } catch (error) {
        if (!codeOf(error).startsWith('SQLITE_BUSY') || performance.now() > patience) {
          onFailure(error);
          throw error;
        }
      }
      await delay(BUSY_RETRY_MS);
    }
  }

  function run(sql: string, parameters: unknown[]): unknown[] {
    try {
      return runNow(sql, parameters);
    } catch (error) {
      if (isDamage(error)) throw damaged(file, error);
      // An index over all records of a namespace fails with one of them.
      if (!unreadable.setAsideFor(error)) throw error;
      return runNow(sql, parameters);
    }
  }

  function runNow(sql: string, parameters: unknown[]): unknown[] {
    const statement = prepare(sql);
    const rows = statement.reader ? statement.all(...parameters) : [];
    if (!statement.reader) statement.run(...parameters);
    onStatement?.({ sql, isWrite: !statement.readonly, rows: rows.length });
    return rows;
  }

  return {
    /** Those that are there for certain. */
    indexes: new Set<string>(),
    unreadable,
    driver: { name: 'custom' as const, connect: async () => ({ query, close: async () => {} }) },
    close: () => database.close(),
  };
}

/** Opens the file, which is made where there is none, and brings it up to date. */
function openDatabase(file: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    if (file !== ':memory:') makePrivateDatabase(file);
    database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    migrate(database, { file });
    database.pragma('busy_timeout = 0');
    return database;
  } catch (error) {
    database?.close();
    throw openingProblem(error, file);
  }
}

/**
 * Opens a database as it is. SQLite would make its two files beside it where nobody has it open, for whoever runs this
 * command, who may be another user than Nod; then it is read into memory instead.
 */
function openToRead(file: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = existsSync(`${file}-shm`)
      ? new Database(file, { readonly: true, fileMustExist: true })
      : new Database(withoutLog(readFileSync(file)), { readonly: true });
    database.pragma('busy_timeout = 0');
    refuseNewer(database, { file });
    return database;
  } catch (error) {
    database?.close();
    throw openingProblem(error, file);
  }
}

/** The content of a database that says that it has no write-ahead log: https://www.sqlite.org/fileformat.html#file_format_version_numbers */
function withoutLog(content: Buffer): Buffer {
  if (content.length >= 20) content.fill(1, 18, 20);
  return content;
}

function openingProblem(error: unknown, file: string): unknown {
  if (isDamage(error)) return damaged(file, error);
  if (codeOf(error).startsWith('SQLITE_BUSY'))
    return new StartError(
      `${file} is locked by another program: end what has it open, then start Nod again.`,
      { cause: error },
    );
  return diskProblem(error, file) ?? error;
}

const isDamage = (error: unknown): boolean => /^SQLITE_(NOTADB|CORRUPT)/.test(codeOf(error));

const damaged = (file: string, cause: unknown): StartError =>
  new StartError(
    `The database ${file} is damaged: move it away together with ${file}-wal and ${file}-shm, and restore a backup with "npm run restore".`,
    { cause },
  );
