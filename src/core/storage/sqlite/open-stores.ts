import KeyvSqlite from '@keyv/sqlite';
import Keyv from 'keyv';
import {
  boundsOf,
  createUpdates,
  type Fresh,
  type RangeOptions,
  type RunStatement,
  readRecord,
  type Search,
  type Store,
  type StoreOptions,
  type Stores,
  type UnreadableRecord,
  type Versioned,
  versioned,
} from '../store.ts';
import { connect } from './connection.ts';
import type { Unreadable } from './unreadable.ts';

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
}): Stores {
  const connection = connect(file, { isReadOnly, onStatement, onUnreadable, onFailure });
  const opened: Keyv[] = [];

  function store<V extends Versioned, Old extends Versioned = V>(
    namespace: string,
    options: StoreOptions<V, Old> = {},
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

  const read = (value: string): Promise<V | undefined> => readRecord(value, { keyv, upgrade });

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

function isRow(row: unknown): row is { key: string; value: string } {
  return typeof row === 'object' && row !== null && 'key' in row && 'value' in row;
}
