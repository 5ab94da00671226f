import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database, { type Statement } from 'better-sqlite3';
import { codeOf, diskProblem, StartError } from '../../start-error.ts';
import { makePrivate } from '../private-files.ts';
import type { RunStatement, UnreadableRecord } from '../store.ts';
import { migrate, refuseNewer } from './migrations.ts';
import { createUnreadable, LEFT_ALONE } from './unreadable.ts';

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
export function connect(
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
