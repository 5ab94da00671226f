import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { FileUnavailableError } from '../problems.ts';
import { makePrivate } from '../storage/private-files.ts';
import type { StoredFile } from './types.ts';

const KEY = /^[0-9a-f]{64}\.[a-z0-9]+$/;
const EXTENSION = /^[a-z0-9]{1,8}$/;
const UNFINISHED = /^unfinished-[0-9a-f-]{36}$/;

/** The file is bigger than it may be; nothing of it was kept. */
export class FileTooBigError extends Error {
  override name = 'FileTooBigError' as const;
  readonly maxBytes: number;

  constructor({ maxBytes }: { maxBytes: number }) {
    super(`The file is bigger than ${maxBytes} bytes. Send a smaller one.`);
    this.maxBytes = maxBytes;
  }
}

/** The file didn't arrive as announced; nothing of it was kept. */
export class FileIncompleteError extends Error {
  override name = 'FileIncompleteError' as const;
  readonly expectedBytes: number;
  readonly bytes: number;

  constructor({ expectedBytes, bytes }: { expectedBytes: number; bytes: number }) {
    super(`${bytes} bytes arrived where ${expectedBytes} were announced. Fetch the file again.`);
    this.expectedBytes = expectedBytes;
    this.bytes = bytes;
  }
}

/** The source of a file broke off; nothing of it was kept. */
export class FileNotReceivedError extends Error {
  override name = 'FileNotReceivedError' as const;
}

/** Keeps media files under the SHA-256 of their content, so that equal files are kept once. */
export function createMediaStore({ directory }: { directory: string }) {
  const root = resolve(directory);

  /** Takes a folder that is there already from everybody but its owner, and with it all files in it. */
  function protect(): void {
    makePrivate(root);
  }

  /**
   * Stores what the source yields, and closes it whatever happens.
   *
   * Throws `FileTooBigError`, `FileIncompleteError`, the source's own `FileUnavailableError` and `FileNotReceivedError`
   * for whatever else the source throws; everything else is about our disk.
   */
  async function add(source: Source, limits: Limits): Promise<StoredFile> {
    try {
      checkExtension(limits.extension);
      return await addTo(await reserve(), source, limits);
    } finally {
      // Nothing has closed a stream that was never read.
      if (source instanceof Readable) source.destroy();
    }
  }

  async function addTo(temporary: string, source: Source, limits: Limits): Promise<StoredFile> {
    try {
      const { sha256, bytes } = await write(source, temporary, limits);
      return await keep(temporary, { sha256, bytes, extension: limits.extension });
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** A fresh path inside the store to write a file to before `adopt`. */
  async function reserve(): Promise<string> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return join(root, `unfinished-${randomUUID()}`);
  }

  /** Takes over a file that was written to a reserved path. */
  async function adopt(temporary: string, { extension }: { extension: string }): Promise<StoredFile> {
    checkExtension(extension);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of createReadStream(temporary, { highWaterMark: 1 << 18 })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    await sync(temporary);
    return keep(temporary, { sha256: hash.digest('hex'), bytes, extension });
  }

  async function keep(temporary: string, content: { sha256: string; bytes: number; extension: string }) {
    const { sha256, bytes, extension } = content;
    const key = `${sha256}.${extension}`;
    await rename(temporary, path(key));
    // The new name is only safe from a power cut when its directory is.
    await sync(root);
    return { key, sha256, bytes };
  }

  /** The absolute path of a file; throws on anything that isn't a key. */
  function path(file: StoredFile | string): string {
    const key = typeof file === 'string' ? file : file.key;
    if (!KEY.test(key)) throw new TypeError('A media key is 64 hexadecimal digits, a dot and an extension.');
    return join(root, key);
  }

  /** The whole content of a file. */
  async function read(file: StoredFile | string): Promise<Buffer> {
    return readFile(path(file));
  }

  /** Removes a file; one that isn't there is fine. */
  async function remove(key: string): Promise<void> {
    await rm(path(key), { force: true });
  }

  /** The keys of all files, in no particular order. */
  async function keys(): Promise<string[]> {
    return (await names()).filter((name) => KEY.test(name));
  }

  async function names(): Promise<string[]> {
    return readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  /** Removes files that nobody keeps and unfinished ones, once they are older than `olderThanMs` at `now`. */
  async function sweep({ keep, olderThanMs, now }: { keep: Set<string>; olderThanMs: number; now: number }) {
    const removed = { count: 0, bytes: 0 };
    for (const name of await names()) {
      const isOurs = KEY.test(name) || UNFINISHED.test(name);
      if (!isOurs || keep.has(name)) continue;
      const found = await stat(join(root, name)).catch(() => undefined);
      if (!found || now - found.mtimeMs <= olderThanMs) continue;
      await rm(join(root, name), { force: true });
      removed.count += 1;
      removed.bytes += found.size;
    }
    return removed;
  }

  return { protect, add, reserve, adopt, path, read, remove, keys, sweep };
}

export type MediaStore = ReturnType<typeof createMediaStore>;

type Source = AsyncIterable<Uint8Array> | Readable;

interface Limits {
  readonly maxBytes: number;
  readonly expectedBytes?: number | undefined;
  readonly extension: string;
}

async function write(source: Source, temporary: string, { maxBytes, expectedBytes }: Limits) {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(temporary, 'wx', 0o600);
  try {
    for await (const chunk of received(source)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new FileTooBigError({ maxBytes });
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (expectedBytes !== undefined && bytes !== expectedBytes) {
    throw new FileIncompleteError({ expectedBytes, bytes });
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Tells what goes wrong at the source from what goes wrong on our disk. */
async function* received(source: Source): AsyncGenerator<Uint8Array, void> {
  try {
    yield* source;
  } catch (cause) {
    if (cause instanceof FileUnavailableError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileNotReceivedError(`The source of a file broke off: ${reason}`, { cause });
  }
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
