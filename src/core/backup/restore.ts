import { createHash, type Hash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Account } from '../accounts/accounts.ts';
import { diskProblem, StartError } from '../start-error.ts';
import { openStores } from '../storage/database.ts';
import { hasDatabase, pathsIn, tryOut } from '../storage/folder.ts';
import { lockFolder } from '../storage/lock.ts';
import { makeKeyFile } from '../storage/secrets.ts';
import { BACKUP_FORMAT, NAMES } from './backup.ts';
import type { Restoration } from './hold-restored.ts';
import { readEntries, type TarEntry } from './tar.ts';

const MAX_SMALL_BYTES = 64 * 1024;
const MEDIA_NAME = /^media\/([0-9a-f]{64})\.[a-z0-9]{1,8}$/;

const manifestSchema = z.object({
  nod: z.literal('backup'),
  format: z.number().int(),
  madeAt: z.number().int(),
  database: z.object({ bytes: z.number().int(), sha256: z.string() }),
  hasKey: z.boolean(),
  media: z.number().int(),
});

/**
 * Unpacks a backup into a folder that has no data yet. The database gets its name last: whatever ends this before leaves
 * nothing that a Nod would start with.
 *
 * What may have been published since the backup is held back by the first start, unless it `goesOn`.
 *
 * @throws StartError where a Nod works on the folder or has data there, and where the backup is not whole.
 */
export async function restoreBackup({
  dataDir,
  from,
  goesOn,
  now,
}: {
  dataDir: string;
  from: AsyncIterable<Uint8Array>;
  /** No Nod has worked on since the backup. */
  goesOn: boolean;
  now: () => number;
}): Promise<{ madeAt: number; accounts: number; hasKey: boolean }> {
  const folder = resolve(dataDir);
  const paths = pathsIn(folder);
  tryOut(folder);
  using _ = lockFolder(folder, { now });
  if (hasDatabase(folder))
    throw new StartError(
      `${folder} has the data of a Nod already: set DATA_DIR to an empty folder, or move them away. Nothing was restored.`,
    );
  const unfinished = join(folder, 'nod.db.unfinished');
  const remove = () => {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${unfinished}${ending}`, { force: true });
  };
  remove();
  try {
    const { madeAt, hasKey, key } = await unpack(from, paths, unfinished);
    const accounts = await prepare(unfinished, { madeAt, goesOn, restoredAt: now() });
    if (key !== undefined) makeKeyFile(paths.key, key);
    renameSync(unfinished, paths.database);
    await sync(folder);
    return { madeAt, hasKey, accounts };
  } catch (error) {
    throw diskProblem(error, folder) ?? error;
  } finally {
    remove();
  }
}

async function unpack(from: AsyncIterable<Uint8Array>, paths: ReturnType<typeof pathsIn>, database: string) {
  const entries = readEntries(from);
  const first = await entries.next();
  const manifest = parseManifest(first.done ? undefined : await textOf(first.value));
  if (manifest.hasKey) refuseKey(paths.key);
  let key: string | undefined;
  let hasDatabase = false;
  let media = 0;
  for await (const entry of entries) {
    if (entry.name === NAMES.database && !hasDatabase) {
      await unpackInto(database, entry, manifest.database.sha256);
      hasDatabase = true;
    } else if (entry.name === NAMES.key && manifest.hasKey) {
      key = (await textOf(entry)).trim();
    } else {
      await unpackMedia(paths.media, entry);
      media += 1;
    }
  }
  const isWhole = hasDatabase && media === manifest.media && manifest.hasKey === (key !== undefined);
  if (!isWhole) throw notWhole('it lacks a part');
  return { ...manifest, key };
}

function parseManifest(text: string | undefined) {
  const parsed = manifestSchema.safeParse(jsonOf(text));
  if (!parsed.success) throw notWhole('it does not begin like one');
  const { format } = parsed.data;
  if (format > BACKUP_FORMAT)
    throw new StartError('The backup was made by a newer Nod: restore it with that version.');
  return parsed.data;
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

const notWhole = (why: string): StartError =>
  new StartError(`The file is no backup of Nod, or only a part of one (${why}): take another one.`);

async function textOf({ bytes, content }: TarEntry): Promise<string> {
  if (bytes > MAX_SMALL_BYTES) throw notWhole('a part is too long');
  return Buffer.concat(await Array.fromAsync(content)).toString('utf8');
}

/** One that is there already may be another one, which opens other tokens. */
function refuseKey(file: string): void {
  if (existsSync(file))
    throw new StartError(
      `${file} is there already, and the backup has a key as well: move the file away first.`,
    );
}

/** Media are named after what they hold. */
async function unpackMedia(folder: string, entry: TarEntry): Promise<void> {
  const sha256 = MEDIA_NAME.exec(entry.name)?.[1];
  if (sha256 === undefined) throw notWhole('it has a part that is none of Nod’s');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What a crash leaves under such a name is cleared away by Nod.
  const temporary = join(folder, `unfinished-${randomUUID()}`);
  await unpackInto(temporary, entry, sha256);
  renameSync(temporary, join(dirname(folder), entry.name));
}

async function unpackInto(path: string, { content }: TarEntry, sha256: string): Promise<void> {
  const hash: Hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const part of content) {
      hash.update(part);
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (hash.digest('hex') === sha256) return;
  rmSync(path, { force: true });
  throw notWhole('a part is damaged');
}

/** Brings the database up to date and leaves word for the first start; how many accounts are in it. */
async function prepare(
  file: string,
  { goesOn, ...restoration }: { goesOn: boolean; madeAt: number; restoredAt: number },
): Promise<number> {
  await using stores = openStores({ file });
  const restorations = stores.store<Restoration>('restorations');
  await restorations.delete('last');
  if (!goesOn) await restorations.create('last', restoration);
  const accounts = await Array.fromAsync(stores.store<Account>('accounts').entries());
  return accounts.length;
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}
