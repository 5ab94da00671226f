import { createHash, randomUUID } from 'node:crypto';
import { ReadStream } from 'node:fs';
import {
  chmod,
  constants,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { createLimiter } from '../../fair-limiter.ts';
import { FileUnavailableError, UserError } from '../../problems.ts';
import { createBlockWriter } from '../../storage/block-writer.ts';
import { makePrivate } from '../../storage/private-files.ts';
import { readParts } from '../../storage/read-parts.ts';
import type { StoredFile } from '../types.ts';
import { createDiskRoom, type DiskRoomOptions, type Room } from './disk-room.ts';
import {
  type Adoption,
  type Arrival,
  FileChangedError,
  FileIncompleteError,
  FileNotReceivedError,
  FileTooBigError,
  isMediaKey,
  type Kept,
  type Limits,
  type LocalFile,
  type MediaStore,
  mediaKeyOf,
  type OpenSource,
  type Source,
} from './store.ts';

const EXTENSION = /^[a-z0-9]{1,8}$/;
const UNFINISHED = /^unfinished-[0-9a-f-]{36}$/;
const ARRIVING = /^arriving-[\w-]{16}$/;

/** How long a new file is left alone that nobody names yet. */
const FRESH_MS = 60_000;
const WATCH_EVERY_MS = 500;

/** Keeps media files in a folder. */
export function createMediaStore({
  directory,
  freshMs = FRESH_MS,
  beforeKept,
  ...diskOptions
}: DiskRoomOptions & {
  directory: string;
  freshMs?: number | undefined;
  /** Told of a file that is whole, before it is kept, which it is not where this fails. */
  beforeKept?: ((file: StoredFile & { path: string }) => Promise<void>) | undefined;
}) {
  const root = resolve(directory);
  const disk = createDiskRoom({ ...diskOptions, folder: root, isKept: (name) => isMediaKey(name) });
  /** What is being written. */
  const unfinished = new Set<string>();
  /** When files came that are new, the oldest first. */
  const fresh = new Map<string, number>();
  /** How many have a file in hand that may not be removed meanwhile. */
  const inHand = new Map<string, number>();
  /** Keeping and removing one key at once could lose it. */
  const inTurn = createLimiter({ concurrency: 1 });

  function protect(): void {
    makePrivate(root);
  }

  async function add(source: Source | OpenSource, limits: Limits): Promise<StoredFile> {
    try {
      checkExtension(limits.extension);
      const room = await disk.hold(Math.min(limits.expectedBytes ?? 0, limits.maxBytes));
      return await reserve()
        .then((temporary) => addInto(temporary, source, { ...limits, room }))
        .finally(room.release);
    } finally {
      close(source);
    }
  }

  async function addInto(
    temporary: string,
    source: Source | OpenSource,
    limits: Limits & { room: Room; key?: string },
  ): Promise<StoredFile> {
    let opened: Source | undefined;
    try {
      opened = typeof source === 'function' ? await source() : source;
      const isOurs = opened instanceof ReadStream && (await cloned(opened, temporary, limits));
      const content = isOurs ? await readThrough(temporary) : await write(opened, temporary, limits);
      checkComplete(content, limits);
      if (limits.key === undefined) return await keep(temporary, { ...content, ...limits });
      if (limits.key !== `${content.sha256}.${limits.extension}`) throw new FileChangedError();
      return await place(temporary, { ...content, ...limits });
    } finally {
      close(opened);
      await discard(temporary);
    }
  }

  async function reserve(): Promise<string> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const name = `unfinished-${randomUUID()}`;
    unfinished.add(name);
    return join(root, name);
  }

  async function discard(temporary: string): Promise<void> {
    await rm(temporary, { force: true });
    unfinished.delete(basename(temporary));
  }

  async function withRoom<T>(
    bytes: number,
    run: (parts: {
      add: typeof add;
      reserve: typeof reserve;
      adopt: typeof adopt;
      signal: AbortSignal;
    }) => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<T> {
    const room = await disk.hold(bytes);
    const paths = new Set<string>();
    const full = new AbortController();
    const watching = setInterval(() => {
      bytesOf(paths)
        .then(room.cover)
        .catch((error) => full.abort(error));
    }, WATCH_EVERY_MS);
    async function reserveHere(): Promise<string> {
      const path = await reserve();
      paths.add(path);
      return path;
    }
    async function adoptHere(temporary: string, options: Adoption): Promise<StoredFile> {
      const file = await adoptInto(temporary, options, room);
      paths.delete(temporary);
      return file;
    }
    async function addHere(source: Source | OpenSource, limits: Limits): Promise<StoredFile> {
      checkExtension(limits.extension);
      return addInto(await reserveHere(), source, { ...limits, room });
    }
    try {
      const signals = AbortSignal.any([signal, full.signal]);
      return await run({ add: addHere, reserve: reserveHere, adopt: adoptHere, signal: signals });
    } catch (error) {
      throw full.signal.aborted ? full.signal.reason : error;
    } finally {
      clearInterval(watching);
      for (const path of paths) await discard(path);
      room.release();
    }
  }

  async function adopt(temporary: string, adoption: Adoption): Promise<StoredFile> {
    const room = await disk.hold(0);
    return adoptInto(temporary, adoption, room).finally(room.release);
  }

  async function adoptInto(temporary: string, { extension, check }: Adoption, room: Room) {
    checkExtension(extension);
    // Both are over before anything else happens to the file.
    const [read, checked] = await Promise.allSettled([readThrough(temporary), check?.()]);
    if (checked.status === 'rejected') throw checked.reason;
    if (read.status === 'rejected') throw read.reason;
    const file = await keep(temporary, { ...read.value, extension, room });
    unfinished.delete(basename(temporary));
    return file;
  }

  async function holdArrival(id: string, bytes: number): Promise<Arrival> {
    const temporary = arrivalPath(id);
    await mkdir(root, { recursive: true, mode: 0o700 });
    const room = await disk.hold(bytes, { onDisk: await arrivedBytes(id) });
    return {
      path: temporary,
      cover: room.cover,
      release: room.release,
      keep: (content) => keep(temporary, { ...content, room }).finally(room.release),
    };
  }

  function arrivalPath(id: string): string {
    const name = `arriving-${id}`;
    if (!ARRIVING.test(name)) throw new TypeError('The id of an arrival has 16 letters, digits, - and _.');
    return join(root, name);
  }

  const arrivedBytes = async (id: string): Promise<number> =>
    (await stat(arrivalPath(id)).catch(() => undefined))?.size ?? 0;

  const discardArrival = (id: string): Promise<void> => discard(arrivalPath(id));

  async function sweepArrivals(isExpected: (id: string) => boolean): Promise<void> {
    for (const name of await names()) {
      if (ARRIVING.test(name) && !isExpected(name.slice('arriving-'.length)))
        await rm(join(root, name), { force: true });
    }
  }

  async function discardUnfinished(): Promise<void> {
    for (const name of await names()) if (isLeftOver(name)) await rm(join(root, name), { force: true });
  }

  const isLeftOver = (name: string): boolean => UNFINISHED.test(name) && !unfinished.has(name);

  async function keep(temporary: string, content: Kept): Promise<StoredFile> {
    const { sha256, bytes, extension } = content;
    const key = `${sha256}.${extension}`;
    using _ = hold(key);
    await beforeKept?.({ key, sha256, bytes, path: temporary });
    return await place(temporary, content);
  }

  /** Gives a file its name. */
  function place(temporary: string, { sha256, bytes, extension, room }: Kept): Promise<StoredFile> {
    const key = `${sha256}.${extension}`;
    return inTurn('', async () => {
      const isThere = await stat(path(key)).catch(() => undefined);
      await rename(temporary, path(key));
      if (isThere === undefined) room.keep(bytes);
      freshen({ key });
      // The new name is only safe from a power cut when its directory is.
      await sync(root);
      return { key, sha256, bytes };
    });
  }

  /** Takes a file over that is kept elsewhere, under its key; throws `FileChangedError` where its bytes are others. */
  async function fill({ key, bytes }: { key: string; bytes: number }, open: OpenSource): Promise<void> {
    const room = await disk.hold(bytes);
    const limits = { maxBytes: bytes, expectedBytes: bytes, extension: key.slice(key.indexOf('.') + 1), key };
    await reserve()
      .then((temporary) => addInto(temporary, open, { ...limits, room }))
      .finally(room.release);
  }

  /** Has a file stay where it is. */
  function hold(key: string): Disposable {
    inHand.set(key, (inHand.get(key) ?? 0) + 1);
    let isHeld = true;
    return {
      [Symbol.dispose]() {
        const count = inHand.get(key) ?? 0;
        if (isHeld && count > 1) inHand.set(key, count - 1);
        else if (isHeld) inHand.delete(key);
        isHeld = false;
        freshen({ key });
      },
    };
  }

  function freshen({ key }: { key: string }): void {
    const at = performance.now();
    fresh.delete(key);
    fresh.set(key, at);
    for (const [old, since] of fresh) {
      if (at - since <= freshMs) break;
      fresh.delete(old);
    }
  }

  /** Whether a file came or was used a moment ago, or is being used. */
  const isFresh = (key: string): boolean =>
    inHand.has(key) || performance.now() - (fresh.get(key) ?? Number.NEGATIVE_INFINITY) < freshMs;

  /** The absolute path of a file; throws on anything that isn't a key. */
  const path = (file: StoredFile | string): string => join(root, mediaKeyOf(file));

  const fetch = async (file: StoredFile | string): Promise<LocalFile> => ({
    path: path(file),
    [Symbol.dispose]() {},
  });

  const fetchContent = (file: StoredFile | string): Promise<Buffer> => readFile(path(file));

  const find = async (file: StoredFile | string): Promise<{ path: string }> => ({ path: path(file) });

  const has = (file: StoredFile | string): Promise<boolean> =>
    stat(path(file)).then(
      () => true,
      () => false,
    );

  async function remove(key: string): Promise<void> {
    await removeFile(path(key));
  }

  const removeUnneeded = (key: string): Promise<boolean> =>
    inTurn('', async () => {
      if (isFresh(key)) return false;
      await removeNow(path(key));
      return true;
    });

  const removeFile = (file: string): Promise<number> => inTurn('', () => removeNow(file));

  async function removeNow(file: string): Promise<number> {
    const { size: bytes = 0 } = (await stat(file).catch(() => undefined)) ?? {};
    await rm(file, { force: true });
    if (isMediaKey(basename(file))) disk.freed(bytes);
    return bytes;
  }

  async function keys(): Promise<string[]> {
    return (await names()).filter((name) => isMediaKey(name));
  }

  async function names(): Promise<string[]> {
    return readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  async function sweep({
    keep,
    olderThanMs,
    now,
  }: {
    keep: ReadonlySet<string>;
    olderThanMs: number;
    now: number;
  }) {
    const removed = { count: 0, bytes: 0 };
    for (const name of await names()) {
      const isOver = isLeftOver(name);
      if (!isOver && (!isMediaKey(name) || keep.has(name) || inHand.has(name))) continue;
      const found = await stat(join(root, name)).catch(() => undefined);
      if (!found || (!isOver && now - found.mtimeMs <= olderThanMs)) continue;
      removed.bytes += await removeFile(join(root, name));
      removed.count += 1;
    }
    return removed;
  }

  /** The names and times of all files, the oldest first. */
  async function readTimes(): Promise<{ key: string; bytes: number; at: number }[]> {
    const found = await Promise.all(
      (await keys()).map(async (key) => {
        const file = await stat(path(key)).catch(() => undefined);
        return file && { key, bytes: file.size, at: file.mtimeMs };
      }),
    );
    return found.filter((file) => file !== undefined).toSorted((a, b) => a.at - b.at);
  }

  const { fits, whenFull, read: readRoom } = disk;

  return {
    protect,
    add,
    reserve,
    adopt,
    withRoom,
    holdArrival,
    arrivedBytes,
    discardArrival,
    sweepArrivals,
    discardUnfinished,
    path,
    read: fetchContent,
    fetch,
    fetchContent,
    find,
    has,
    fill,
    hold,
    isFresh,
    isHeld: (key: string): boolean => inHand.has(key),
    readTimes,
    remove,
    removeUnneeded,
    freshen,
    keys,
    sweep,
    fits,
    whenFull,
    readRoom,
  } satisfies MediaStore & Record<string, unknown>;
}

/**
 * Makes a file of this machine our own by blocks that both share until one of them changes; false where the file system
 * cannot do that. Another name for the same file would not do: whoever changes it would change what was approved.
 */
async function cloned(
  { fd }: ReadStream & { fd?: number },
  temporary: string,
  { maxBytes, room }: Limits & { room: Room },
): Promise<boolean> {
  const path = `/proc/self/fd/${fd}`;
  const { size } = (await stat(path).catch(() => undefined)) ?? {};
  if (size === undefined) return false;
  if (size > maxBytes) throw new FileTooBigError({ maxBytes });
  await room.cover(size);
  try {
    await copyFile(path, temporary, constants.COPYFILE_FICLONE_FORCE);
    await chmod(temporary, 0o600);
    return true;
  } catch {
    await rm(temporary, { force: true });
    return false;
  }
}

function checkComplete({ bytes }: { bytes: number }, { maxBytes, expectedBytes }: Limits): void {
  if (bytes > maxBytes) throw new FileTooBigError({ maxBytes });
  if (expectedBytes !== undefined && bytes !== expectedBytes)
    throw new FileIncompleteError({ expectedBytes, bytes });
}

async function write(source: Source, temporary: string, { maxBytes, room }: Limits & { room: Room }) {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(temporary, 'wx', 0o600);
  const blocks = createBlockWriter(async (content) => {
    const written = file.appendFile(content);
    // Meanwhile it is hashed.
    hash.update(content);
    await written;
  });
  try {
    for await (const chunk of received(source)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new FileTooBigError({ maxBytes });
      await room.cover(bytes);
      await blocks.add(chunk);
    }
    await blocks.flush();
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

async function bytesOf(paths: Iterable<string>): Promise<number> {
  let sum = 0;
  for (const path of paths) sum += (await stat(path).catch(() => undefined))?.size ?? 0;
  return sum;
}

/** Nothing has closed a stream that was never read. */
function close(source: Source | OpenSource | undefined): void {
  if (source instanceof Readable) source.destroy();
}

/** Tells what goes wrong at the source from what goes wrong on our disk. */
async function* received(source: Source): AsyncGenerator<Uint8Array, void> {
  try {
    yield* source;
  } catch (cause) {
    if (cause instanceof FileUnavailableError || cause instanceof UserError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileNotReceivedError(`The source of a file broke off: ${reason}`, { cause });
  }
}

/** Brings a file to the disk, and says what it holds. */
async function readThrough(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of readParts(path)) {
    bytes += part.length;
    hash.update(part);
  }
  await sync(path);
  return { sha256: hash.digest('hex'), bytes };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function checkExtension(extension: string): void {
  if (!EXTENSION.test(extension))
    throw new TypeError('An extension is up to 8 lower-case letters or digits.');
}
