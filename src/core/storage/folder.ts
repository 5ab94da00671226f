import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { diskProblem, StartError } from '../start-error.ts';
import { lockFolder } from './lock.ts';

/** Enough to find a disk on which only names have room. */
const TRIAL_BYTES = 64 * 1024;
const DATABASE = 'nod.db';
const KEY = 'secret.key';
const MEDIA = 'media';
/** A disk of its own may have other things there. */
const MEDIA_FILE = /^[0-9a-f]{64}\./;

/** Where things lie in the folder of a Nod. */
export const pathsIn = (folder: string) => ({
  database: join(folder, DATABASE),
  key: join(folder, KEY),
  media: join(folder, MEDIA),
});

/**
 * Takes the folder for this process until it is disposed, or the process ends in whatever way; it is made where it is not
 * there.
 *
 * @throws StartError where another Nod works on it, where it cannot be written to, and where its database was lost.
 */
export function takeFolder(
  dataDir: string,
  {
    isDataExpected,
    isDatabaseElsewhere = false,
    now = Date.now,
  }: {
    isDataExpected: boolean;
    /** The records are not in this folder, and may not be there as well. */
    isDatabaseElsewhere?: boolean;
    now?: (() => number) | undefined;
  },
) {
  const folder = resolve(dataDir);
  tryOut(folder);
  const lock = lockFolder(folder, { now });
  try {
    const isNew = !isDatabaseElsewhere && !hasDatabase(folder);
    if (isDatabaseElsewhere) refuseDatabase(folder);
    if (isNew) refuseLost(folder, { isDataExpected });
    // What cannot be known is said: a folder that is empty may be new, or another one than the last time.
    return { ...pathsIn(folder), folder, isNew, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Whether the folder has a database with anything in it. */
export function hasDatabase(folder: string): boolean {
  const { database } = pathsIn(folder);
  return [database, `${database}-wal`].some(
    (file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0,
  );
}

/** Writes something as big as a write of the database, and takes it away again; the folder is made where it is missing. */
export function tryOut(folder: string): void {
  const trial = join(folder, 'write-test');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // One that a crash has left may be anybody's.
    rmSync(trial, { force: true });
    const file = openSync(trial, 'wx', 0o600);
    try {
      writeFileSync(file, Buffer.alloc(TRIAL_BYTES));
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(trial, { force: true });
    }
  } catch (error) {
    throw diskProblem(error, folder) ?? error;
  }
}

/** Whoever goes on without its records may post again what they say is out. */
function refuseDatabase(folder: string): void {
  if (hasDatabase(folder))
    throw new StartError(
      `REDIS_URL is set, but the records are in ${pathsIn(folder).database}: move them with "npm run move -- redis", or take REDIS_URL away; to go on without them, move that file away.`,
    );
}

/** A database comes before the key and before media: where these are without it, it was there. */
function refuseLost(folder: string, { isDataExpected }: { isDataExpected: boolean }): void {
  const { database, key, media } = pathsIn(folder);
  const is = existsSync(database) ? 'is empty' : 'is missing';
  if (isDataExpected)
    throw new StartError(
      `${database} ${is}, and EXPECT_DATA says that this Nod has been used before: mount the folder or the volume that it had, or restore a backup with "npm run restore"; to begin anew, take EXPECT_DATA away.`,
    );
  const left = existsSync(key) ? key : filesIn(media) > 0 ? media : undefined;
  if (left !== undefined)
    throw new StartError(
      `${database} ${is}, but ${left} is left of a Nod that was used before: restore a backup with "npm run restore"; to begin anew, move ${left} away.`,
    );
}

function filesIn(folder: string): number {
  return existsSync(folder) ? readdirSync(folder).filter((name) => MEDIA_FILE.test(name)).length : 0;
}
