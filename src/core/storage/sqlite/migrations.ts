import type { Database } from 'better-sqlite3';
import { StartError } from '../../start-error.ts';

/** Changes a database of one version into one of the next. */
type Migration = (database: Database) => void;

/**
 * What leads from each version of the database to the next; the first one begins at databases that have no version yet.
 *
 * Only added to. A record that has another shape now is upgraded when it is read; this is for what SQL has to do.
 */
const MIGRATIONS: readonly Migration[] = [
  // 1: tables and indexes are made where they are first asked for.
  () => {},
];

/**
 * Brings a database to today's version, all at once or not at all.
 *
 * @throws StartError where it is of a newer Nod.
 */
export function migrate(
  database: Database,
  { file, migrations = MIGRATIONS }: { file: string; migrations?: readonly Migration[] },
): void {
  refuseNewer(database, { file, migrations });
  if (versionOf(database) === migrations.length) return;
  database
    .transaction(() => {
      // Another program may have done it while this one waited for its turn.
      for (const migration of migrations.slice(versionOf(database))) migration(database);
      database.pragma(`user_version = ${migrations.length}`);
    })
    .immediate();
}

/** Throws a `StartError` where a database is of a newer Nod. */
export function refuseNewer(
  database: Database,
  { file, migrations = MIGRATIONS }: { file: string; migrations?: readonly Migration[] },
): void {
  const version = versionOf(database);
  if (version > migrations.length)
    throw new StartError(
      `${file} was written by a newer Nod: its database has version ${version}, and this Nod knows ${migrations.length}. Install the newer Nod again, or restore a backup from before it with "npm run restore".`,
    );
}

const versionOf = (database: Database): number => Number(database.pragma('user_version', { simple: true }));
