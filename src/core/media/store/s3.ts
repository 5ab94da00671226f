import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLimiter } from '../../fair-limiter.ts';
import type { StoredFile } from '../types.ts';
import { type Bucket, BucketError } from './bucket.ts';
import type { DiskRoomOptions } from './disk-room.ts';
import { createMediaStore } from './local.ts';
import {
  FileChangedError,
  isMediaKey,
  type LocalFile,
  MediaAwayError,
  type MediaSource,
  type MediaStore,
  mediaKeyOf,
} from './store.ts';

/** Below it are the media of all processes that share the bucket. */
export const MEDIA = 'media/';
/** Below it are the small objects with which a start tries the bucket. */
export const TRIAL = 'trial/';
/** Below it whoever deletes a file says so first. */
const REMOVING = 'removing/';

/** How long a file is left alone after somebody has put it there, or has had it already: they may be about to name it. */
const QUIET_MS = 600_000;
/** So long a mark of who deletes a file holds; whoever has made it does nothing under it for longer than half of that. */
const MARK_MS = 60_000;
const LEFT_OVER_MS = 3_600_000;
const LOOK_AGAIN_MS = 250;
const MAX_LOOKS = (2 * MARK_MS) / LOOK_AGAIN_MS;
/** The pauses between tries to put a file there. */
const RETRY_DELAYS_MS = [500, 2_000, 5_000];

/**
 * Keeps media files in a bucket, which several processes share, and has those on its disk that it works with.
 *
 * A file is in the bucket before it counts as kept. The disk is a cache of it: when it is full, what was used longest ago
 * goes.
 */
export function createS3MediaStore({
  bucket,
  quietMs = QUIET_MS,
  retryDelaysMs = RETRY_DELAYS_MS,
  log,
  ...localOptions
}: DiskRoomOptions & {
  bucket: Bucket;
  directory: string;
  freshMs?: number | undefined;
  quietMs?: number | undefined;
  retryDelaysMs?: readonly number[] | undefined;
  log: Pick<Logger, 'warn' | 'error'>;
}): MediaStore {
  const local = createMediaStore({ ...localOptions, beforeKept });
  const fetching = new Map<string, Promise<void>>();
  /** When files were used last, in epoch milliseconds. */
  const usedAt = new Map<string, number>();
  /** Two that make room at once would drop more than is needed. */
  const inTurn = createLimiter({ concurrency: 1 });

  async function beforeKept({ key, sha256, bytes, path }: StoredFile & { path: string }): Promise<void> {
    await persist(() => putSafely(bucket, key, { path, bytes, sha256 }, { quietMs }));
  }

  async function persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (const pause of retryDelaysMs) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof BucketError)) throw error;
        log.warn({ err: error }, 'A file could not be put into the bucket yet');
      }
      await delay(pause, undefined, { ref: false });
    }
    return attempt();
  }

  async function fetch(file: StoredFile | string): Promise<LocalFile> {
    const key = mediaKeyOf(file);
    const held = local.hold(key);
    try {
      if (!(await local.has(key))) await download(key);
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
    used(key);
    return { path: local.path(key), [Symbol.dispose]: () => held[Symbol.dispose]() };
  }

  /** Those who ask at once share one download. */
  function download(key: string): Promise<void> {
    const known = fetching.get(key);
    if (known !== undefined) return known;
    const done = fill(key).finally(() => fetching.delete(key));
    fetching.set(key, done);
    return done;
  }

  async function fill(key: string): Promise<void> {
    const found = await bucket.head(`${MEDIA}${key}`);
    if (found === undefined) throw missing();
    const stop = new AbortController();
    try {
      await local.fill({ key, bytes: found.bytes }, () =>
        bucket.get(`${MEDIA}${key}`, { signal: stop.signal }),
      );
    } catch (error) {
      if (error instanceof FileChangedError)
        log.error({ key }, 'A file in the bucket is not what was put there');
      // Whoever read it knows the source only as a source.
      throw error instanceof Error && error.cause instanceof BucketError ? error.cause : error;
    } finally {
      stop.abort();
    }
  }

  function used(key: string): void {
    local.freshen({ key });
    usedAt.set(key, Date.now());
  }

  async function find(file: StoredFile | string): Promise<MediaSource> {
    const key = mediaKeyOf(file);
    if (await local.has(key)) {
      used(key);
      return { path: local.path(key) };
    }
    return {
      async fetchPart(part) {
        const bytes = await bucket.get(`${MEDIA}${key}`, part);
        return part.isWhole ? unchanged(bytes, key) : bytes;
      },
    };
  }

  async function fetchContent(file: StoredFile | string): Promise<Buffer> {
    const key = mediaKeyOf(file);
    if (await local.has(key)) {
      used(key);
      return readFile(local.path(key));
    }
    return buffer(unchanged(await bucket.get(`${MEDIA}${key}`), key));
  }

  const has = async (file: StoredFile | string): Promise<boolean> =>
    (await local.has(file)) || (await bucket.head(`${MEDIA}${mediaKeyOf(file)}`)) !== undefined;

  async function remove(key: string): Promise<void> {
    await local.remove(key);
    await bucket.remove(`${MEDIA}${mediaKeyOf(key)}`);
    usedAt.delete(key);
  }

  async function removeUnneeded(key: string): Promise<boolean> {
    if (local.isFresh(key) || !(await removeQuiet(bucket, key, { quietMs, now: Date.now() }))) return false;
    usedAt.delete(key);
    // Whoever keeps it again meanwhile has put it into the bucket again.
    await local.removeUnneeded(key);
    return true;
  }

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of mediaIn(bucket)) found.push(key);
    return found;
  }

  async function sweep(options: Parameters<MediaStore['sweep']>[0]) {
    const { keep, olderThanMs, now } = options;
    const removed = { count: 0, bytes: 0 };
    for await (const { key, bytes, at } of mediaIn(bucket)) {
      if (keep.has(key) || now - at <= olderThanMs || local.isHeld(key)) continue;
      if (!(await removeQuiet(bucket, key, { quietMs: olderThanMs, now }))) continue;
      usedAt.delete(key);
      removed.bytes += bytes;
      removed.count += 1;
    }
    // What is left of processes that were killed.
    for (const place of [REMOVING, TRIAL])
      for await (const { key, at } of bucket.list(place))
        if (now - at > LEFT_OVER_MS) await bucket.remove(key);
    const swept = await local.sweep(options);
    const there = new Set(await local.keys());
    for (const key of usedAt.keys()) if (!there.has(key)) usedAt.delete(key);
    return removed.count > 0 ? removed : swept;
  }

  /** Whether so many bytes have room, for which the cache gives way. */
  async function fits(bytes: number): Promise<boolean> {
    if (!(await local.fits(bytes))) await dropLongUnused(bytes);
    return local.fits(bytes);
  }

  /** Takes files off the disk that are in the bucket, those first that were used longest ago. */
  const dropLongUnused = (bytes: number): Promise<void> =>
    inTurn('', async () => {
      const files = await local.readTimes();
      const lastUse = ({ key, at }: { key: string; at: number }) => usedAt.get(key) ?? at;
      for (const { key, bytes: size } of files.toSorted((a, b) => lastUse(a) - lastUse(b))) {
        if (await local.fits(bytes)) return;
        if (local.isFresh(key)) continue;
        try {
          if ((await bucket.head(`${MEDIA}${key}`))?.bytes !== size) continue;
        } catch (error) {
          log.warn({ err: error }, 'No room could be made on the disk');
          return;
        }
        if (await local.removeUnneeded(key)) usedAt.delete(key);
      }
    });

  local.whenFull(dropLongUnused);
  return {
    ...local,
    fetch,
    fetchContent,
    find,
    has,
    remove,
    removeUnneeded,
    keys,
    sweep,
    fits,
    // The bucket has no limit, so nothing in it has to go.
    whenFull() {},
  };
}

/** Keeps the end of a file back until it is certain that it is the one of this key. */
async function* unchanged(parts: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256');
  let last: Uint8Array | undefined;
  for await (const part of parts) {
    if (last !== undefined) yield last;
    hash.update(part);
    last = part;
  }
  if (!key.startsWith(`${hash.digest('hex')}.`)) throw new FileChangedError();
  if (last !== undefined) yield last;
}

const missing = (): Error =>
  Object.assign(new Error('A media file is not in the bucket any more.'), { code: 'ENOENT' });

/** The media in a bucket, by their keys in the store. */
export async function* mediaIn(bucket: Bucket) {
  for await (const { key, ...about } of bucket.list(MEDIA)) {
    const name = key.slice(MEDIA.length);
    if (isMediaKey(name)) yield { ...about, key: name };
  }
}

/**
 * Has a file in the bucket, and nobody about to delete it.
 *
 * S3 deletes without conditions. So whoever deletes makes a mark, looks whether the file is old, and deletes it; whoever
 * keeps makes it new, and then looks for marks and for the file. One of the two sees the other.
 */
export async function putSafely(
  bucket: Bucket,
  key: string,
  file: { path: string; bytes: number; sha256: string },
  { quietMs = QUIET_MS }: { quietMs?: number | undefined } = {},
): Promise<void> {
  const name = `${MEDIA}${key}`;
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const found = await bucket.head(name);
    const isWhole = found?.bytes === file.bytes;
    if (!isWhole) await bucket.put(name, file, { isNew: found === undefined });
    else if (Date.now() - found.at > quietMs / 2 && !(await bucket.touch(name))) continue;
    if (!(await isBeingRemoved(bucket, key)) && (await bucket.head(name)) !== undefined) return;
    await delay(LOOK_AGAIN_MS);
  }
  throw new MediaAwayError('The bucket does not keep a file that is put there.', { code: 'MEDIA_FAILING' });
}

async function isBeingRemoved(bucket: Bucket, key: string): Promise<boolean> {
  for await (const { at } of bucket.list(`${REMOVING}${key}/`)) if (Date.now() - at < MARK_MS) return true;
  return false;
}

/** Deletes a file that nobody has made new for so long; whether it is gone. */
async function removeQuiet(
  bucket: Bucket,
  key: string,
  { quietMs, now }: { quietMs: number; now: number },
): Promise<boolean> {
  const name = `${MEDIA}${key}`;
  const isQuiet = ({ at }: { at: number }): boolean => now - at > quietMs;
  const found = await bucket.head(name);
  if (found === undefined) return true;
  if (!isQuiet(found)) return false;
  const mark = `${REMOVING}${key}/${randomUUID()}`;
  const since = performance.now();
  await bucket.put(mark, new Uint8Array());
  try {
    const again = await bucket.head(name);
    const isRenewed = again !== undefined && !isQuiet(again);
    if (isRenewed || performance.now() - since > MARK_MS / 2) return false;
    await bucket.remove(name);
    return true;
  } finally {
    await bucket.remove(mark);
  }
}
