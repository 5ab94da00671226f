import type { Database } from 'better-sqlite3';
import { RecordUnreadableError, type UnreadableRecord } from '../store.ts';

/** Where they are kept, which is made with the first of them. */
export const UNREADABLE_TABLE = `CREATE TABLE IF NOT EXISTS "unreadable"
  (namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT, PRIMARY KEY (namespace, key)) WITHOUT ROWID`;
const BROKEN = 'SELECT key, namespace FROM "keyv" WHERE NOT json_valid(value)';
const OF_JSON = `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%json_extract%'`;

/**
 * Keeps records that cannot be read in a table of their own, where they disturb no index and an operator finds them, and
 * remembers their keys.
 */
export function createUnreadable({
  database,
  onUnreadable,
}: {
  database: Database;
  onUnreadable: (record: UnreadableRecord) => void;
}) {
  const known = new Set(readKeys(database));

  /** Moves a record away from the others. */
  function setAside(namespace: string, key: string): void {
    try {
      move([{ namespace, key }]);
    } catch (error) {
      if (!setAsideFor(error)) throw error;
    }
  }

  /** The same for all that SQLite cannot read, where it has failed for that reason; whether there were any. */
  function setAsideFor(error: unknown): boolean {
    if (!(error instanceof Error) || error.message !== 'malformed JSON') return false;
    const broken = database.prepare<[], Place>(BROKEN).all();
    move(broken, { isBroken: true });
    return broken.length > 0;
  }

  function move(places: readonly Place[], { isBroken = false } = {}): void {
    if (places.length === 0) return;
    database
      .transaction(() => {
        database.exec(UNREADABLE_TABLE);
        // To take a record out of an index, SQLite has to read it.
        const indexes = isBroken ? database.prepare<[], { name: string; sql: string }>(OF_JSON).all() : [];
        for (const { name } of indexes) database.exec(`DROP INDEX "${name}"`);
        for (const { namespace, key } of places) {
          const where = 'FROM "keyv" WHERE namespace = ? AND key = ?';
          database
            .prepare(`INSERT OR REPLACE INTO "unreadable" SELECT namespace, key, value ${where}`)
            .run(namespace, key);
          database.prepare(`DELETE ${where}`).run(namespace, key);
        }
        for (const { sql } of indexes) database.exec(sql);
      })
      .immediate();
    for (const { namespace, key } of places) {
      known.add(nameOf(namespace, key));
      onUnreadable({ namespace, count: known.size });
    }
  }

  /**
   * Refuses a key whose record was set aside.
   *
   * @throws RecordUnreadableError
   */
  function refuse(namespace: string, key: string): void {
    if (known.size > 0 && known.has(nameOf(namespace, key))) throw new RecordUnreadableError(namespace);
  }

  /** Deletes it for good; whether it was there. */
  function forget(namespace: string, key: string): boolean {
    if (known.size === 0 || !known.delete(nameOf(namespace, key))) return false;
    database.prepare('DELETE FROM "unreadable" WHERE namespace = ? AND key = ?').run(namespace, key);
    return true;
  }

  return { setAside, setAsideFor, refuse, forget };
}

export type Unreadable = ReturnType<typeof createUnreadable>;

/** For a database that is only read: what cannot be read there is passed over. */
export const LEFT_ALONE: Unreadable = {
  setAside: () => {},
  setAsideFor: () => false,
  refuse: () => {},
  forget: () => false,
};

interface Place {
  readonly namespace: string;
  readonly key: string;
}

function readKeys(database: Database): string[] {
  const table = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'unreadable'`).get();
  if (table === undefined) return [];
  const places = database.prepare<[], Place>('SELECT namespace, key FROM "unreadable"').all();
  return places.map(({ namespace, key }) => nameOf(namespace, key));
}

/** No namespace has a blank. */
const nameOf = (namespace: string, key: string): string => `${namespace} ${key}`;
