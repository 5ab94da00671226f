import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import type { Draft } from '../compose/draft.ts';
import { type OldDraft, upgradeDraft } from '../compose/old-drafts.ts';
import type { Post } from '../publish/post.ts';
import { keptFiles } from '../retention.ts';
import { diskProblem, StartError } from '../start-error.ts';
import { openStores } from '../storage/database.ts';
import { hasDatabase, pathsIn } from '../storage/folder.ts';
import { readKeyFile } from '../storage/secrets.ts';
import { type Sink, type TarEntry, writeEntries } from './tar.ts';

/** What stands at the beginning of a backup. */
export interface BackupManifest {
  readonly nod: 'backup';
  /** Of the backup; counted up when an older Nod cannot read it any more. */
  readonly format: number;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  readonly database: { readonly bytes: number; readonly sha256: string };
  readonly hasKey: boolean;
  /** How many files of media follow. */
  readonly media: number;
}

export const BACKUP_FORMAT = 1;
/** Names of what is in a backup, in this order. */
export const NAMES = { manifest: 'backup.json', database: 'nod.db', key: 'secret.key', media: 'media/' };

/**
 * Writes the data of a Nod, which may be running, into one file: the database as it is at one moment, and the media that
 * drafts and posts in it need. The key for tokens is in it only where that is wanted.
 *
 * @throws StartError where there are no data, or no room for the file.
 */
export async function makeBackup({
  dataDir,
  to,
  withKey,
  configuredKey,
  now,
}: {
  dataDir: string;
  /** The file to make, which must not be there yet, or a stream. */
  to: string | NodeJS.WritableStream;
  withKey: boolean;
  configuredKey: string | undefined;
  now: () => number;
}): Promise<BackupManifest> {
  const folder = resolve(dataDir);
  const paths = pathsIn(folder);
  if (!hasDatabase(folder))
    throw new StartError(
      `There is nothing to back up: ${paths.database} is missing. Is DATA_DIR the right folder?`,
    );
  const key = withKey ? (configuredKey ?? readKeyFile(paths.key)) : undefined;
  if (withKey && key === undefined)
    throw new StartError(`There is no key to back up: SECRET_KEY is not set, and ${paths.key} is not there.`);
  await using stack = new AsyncDisposableStack();
  const target = typeof to === 'string' ? await openTarget(to) : undefined;
  if (target !== undefined) stack.use(target);
  // Beside the backup there is room for the database, as it is a part of it.
  const copy = join(target === undefined ? folder : dirname(target.file), `nod-${process.pid}.db.unfinished`);
  stack.defer(() => removeDatabase(copy));
  try {
    copyDatabase(paths.database, copy);
    // Media that are needed now are deleted within a minute of their end, but not while they are open.
    const media = stack.use(await openMedia(paths.media, await mediaIn(copy, now())));
    const database = await hashFile(copy);
    const manifest: BackupManifest = {
      nod: 'backup',
      format: BACKUP_FORMAT,
      madeAt: now(),
      database,
      hasKey: key !== undefined,
      media: media.files.length,
    };
    const sink = target?.write ?? sinkOf(to as NodeJS.WritableStream);
    const entries = entriesOf({ manifest, database: stack.use(await open(copy)), key, media: media.files });
    await writeEntries(sink, entries, new Date(manifest.madeAt));
    await target?.finish();
    return manifest;
  } catch (error) {
    throw diskProblem(error, target === undefined ? folder : dirname(target.file)) ?? error;
  }
}

/** A file that has its name only when it is whole. */
async function openTarget(to: string) {
  const file = resolve(to);
  const unfinished = `${file}.${process.pid}.unfinished`;
  if (existsSync(file)) throw new StartError(`${file} is there already: give another name, or move it away.`);
  const handle = await open(unfinished, 'w', 0o600).catch((error) => {
    throw diskProblem(error, dirname(file)) ?? new StartError(`${file} cannot be made: ${error.message}`);
  });
  let isDone = false;
  return {
    file,
    write: async (bytes: Uint8Array) => void (await handle.writeFile(bytes)),
    async finish() {
      await handle.sync();
      await rename(unfinished, file);
      isDone = true;
      const folder = await open(dirname(file));
      await folder.sync().finally(() => folder.close());
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
      if (!isDone) await rm(unfinished, { force: true });
    },
  };
}

function sinkOf(stream: NodeJS.WritableStream): Sink {
  return (bytes) =>
    new Promise((done, failed) => {
      stream.write(bytes, (error) => (error ? failed(error) : done()));
    });
}

/** The database as of one moment, while others go on reading and writing. */
function copyDatabase(from: string, to: string): void {
  removeDatabase(to);
  // SQLite would let others read it.
  closeSync(openSync(to, 'w', 0o600));
  const database = new Database(from, { fileMustExist: true });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}

function removeDatabase(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) rmSync(each, { force: true });
}

/** The names of the media that are needed by what a database holds. */
async function mediaIn(file: string, now: number): Promise<Set<string>> {
  await using stores = openStores({ file });
  const drafts = stores.store<Draft, OldDraft>('drafts', { upgrade: upgradeDraft });
  const posts = stores.store<Post>('posts');
  const names = new Set<string>();
  for await (const { files } of keptFiles({ drafts, posts }, now))
    for (const { key } of files) names.add(key);
  return names;
}

async function openMedia(folder: string, names: Iterable<string>) {
  const files: { name: string; handle: FileHandle }[] = [];
  for (const name of names) {
    // One that is not there was lost before, and is for Nod to tell of.
    const handle = await open(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (handle !== undefined) files.push({ name, handle });
  }
  return {
    files,
    async [Symbol.asyncDispose]() {
      for (const { handle } of files) await handle.close();
    },
  };
}

async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  await using handle = await open(path);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of contentOf(handle)) {
    hash.update(part);
    bytes += part.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

const contentOf = (handle: FileHandle): Readable => handle.createReadStream({ autoClose: false, start: 0 });

/** The parts of a backup in their order. */
async function* entriesOf({
  manifest,
  database,
  key,
  media,
}: {
  manifest: BackupManifest;
  database: FileHandle;
  key: string | undefined;
  media: readonly { readonly name: string; readonly handle: FileHandle }[];
}): AsyncGenerator<TarEntry, void> {
  yield textEntry(NAMES.manifest, JSON.stringify(manifest));
  yield await fileEntry(NAMES.database, database);
  if (key !== undefined) yield textEntry(NAMES.key, `${key}\n`);
  for (const { name, handle } of media) yield await fileEntry(`${NAMES.media}${name}`, handle);
}

async function fileEntry(name: string, handle: FileHandle): Promise<TarEntry> {
  const { size: bytes } = await handle.stat();
  return { name, bytes, content: contentOf(handle) };
}

function textEntry(name: string, text: string): TarEntry {
  const content = Buffer.from(text);
  return { name, bytes: content.length, content: onePart(content) };
}

async function* onePart(content: Buffer): AsyncGenerator<Buffer, void> {
  yield content;
}
