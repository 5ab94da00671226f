import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, diskProblem, StartError } from '../start-error.ts';

/**
 * Locks a folder for this process, until it is disposed or the process ends.
 *
 * It is a lock of the operating system on a file, held through SQLite: the system itself takes it away when the process
 * is killed, and knows it across containers, where the number of a process means nothing. No file descriptor may be
 * opened on that file besides, because closing it would end the lock. https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 *
 * @throws StartError which says who holds it and since when.
 */
export function lockFolder(folder: string, { now }: { now: () => number }): Disposable {
  const file = join(folder, 'nod.lock');
  const holder = join(folder, 'nod.lock.json');
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { timeout: 0 });
    chmodSync(file, 0o600);
    database.exec('BEGIN EXCLUSIVE');
    // Only for people to read: it decides nothing, and may be of a process that was killed.
    const held = { pid: process.pid, host: hostname(), since: new Date(now()).toISOString() };
    writeFileSync(holder, JSON.stringify(held), { mode: 0o600 });
  } catch (error) {
    database?.close();
    if (codeOf(error).startsWith('SQLITE_BUSY'))
      throw new StartError(takenBy(folder, holder), { cause: error });
    throw diskProblem(error, file) ?? error;
  }
  const locked = database;
  return {
    [Symbol.dispose]() {
      if (!locked.open) return;
      rmSync(holder, { force: true });
      locked.close();
    },
  };
}

function takenBy(folder: string, holder: string): string {
  const { pid, host, since } = readHolder(holder);
  const who = pid === undefined ? '' : `: process ${pid} on ${host}, since ${since}`;
  return `Another Nod works on ${folder}${who}. Stop that one first, or give this one a DATA_DIR of its own.`;
}

function readHolder(file: string): { pid?: string; host?: string; since?: string } {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(file, 'utf8'));
    return { pid: plain(pid), host: plain(host), since: plain(since) };
  } catch {
    return {};
  }
}

const plain = (value: unknown): string => String(value).replace(/[^\w.:-]/g, '');
