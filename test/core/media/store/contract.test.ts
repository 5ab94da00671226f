import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { MediaSource, MediaStore } from '../../../../src/core/media/store/store.ts';
import { chunks, temporaryDirectory } from '../files.ts';
import { useStores } from './stores.ts';

const HELLO = createHash('sha256').update('hello world').digest('hex');
const FILE = { key: `${HELLO}.txt`, sha256: HELLO, bytes: 11 };
const LATER = 7 * 3_600_000;

const addHello = (store: MediaStore) =>
  store.add(chunks('hello ', 'world'), { maxBytes: 11, extension: 'txt' });

/** What whoever passes a file on gets of it. */
async function bytesOf(source: MediaSource, start: number, end: number): Promise<string> {
  if ('path' in source) return String(await buffer(createReadStream(source.path, { start, end: end - 1 })));
  const { signal } = new AbortController();
  return String(await buffer(await source.fetchPart({ start, end, isWhole: false, signal })));
}

describe.each(useStores())('media in $name', ({ skipped, open }) => {
  it.skipIf(skipped !== undefined)('are kept under the hash of their content, and found again', async () => {
    const store = await open();
    expect(await addHello(store)).toEqual(FILE);
    expect(await store.has(FILE)).toBe(true);
    expect(await store.keys()).toEqual([FILE.key]);
    expect(String(await store.fetchContent(FILE))).toBe('hello world');
    using local = await store.fetch(FILE.key);
    expect(String(await buffer(createReadStream(local.path)))).toBe('hello world');
    expect(await bytesOf(await store.find(FILE), 6, 11)).toBe('world');
  });

  it.skipIf(skipped !== undefined)('are kept once, whoever brings them', async () => {
    const store = await open();
    expect(await Promise.all([addHello(store), addHello(store), addHello(store)])).toEqual([
      FILE,
      FILE,
      FILE,
    ]);
    const path = await store.reserve();
    await writeFile(path, 'hello world');
    expect(await store.adopt(path, { extension: 'txt' })).toEqual(FILE);
    expect(await store.keys()).toEqual([FILE.key]);
  });

  it.skipIf(skipped !== undefined)('may arrive in parts, and come from a conversion', async () => {
    const store = await open();
    const arrival = await store.holdArrival('0123456789abcdef', 11);
    await writeFile(arrival.path, 'hello world');
    expect(await store.arrivedBytes('0123456789abcdef')).toBe(11);
    expect(await arrival.keep({ sha256: HELLO, bytes: 11, extension: 'txt' })).toEqual(FILE);
    const { signal } = new AbortController();
    const made = await store.withRoom(
      10,
      ({ add }) => add(chunks('made'), { maxBytes: 10, extension: 'jpg' }),
      {
        signal,
      },
    );
    expect((await store.keys()).toSorted()).toEqual([made.key, FILE.key].toSorted());
  });

  it.skipIf(skipped !== undefined)('leave nothing half-written on the disk after a kill', async () => {
    const directory = join(temporaryDirectory(), 'media');
    const killed = await open({ directory });
    const half = await killed.reserve();
    await writeFile(half, 'hel');
    const next = await open({ directory });
    const own = await next.reserve();
    await writeFile(own, 'hello');
    await next.discardUnfinished();
    expect([existsSync(half), existsSync(own)]).toEqual([false, true]);
  });

  it.skipIf(skipped !== undefined)('are removed, also those that are gone already', async () => {
    const store = await open();
    await addHello(store);
    await store.remove(FILE.key);
    await store.remove(FILE.key);
    expect(await store.has(FILE)).toBe(false);
    expect(await store.keys()).toEqual([]);
  });

  it.skipIf(skipped !== undefined)('are not removed as unneeded while they are new', async () => {
    const patient = await open();
    await addHello(patient);
    expect(await patient.removeUnneeded(FILE.key)).toBe(false);
    expect(await patient.has(FILE)).toBe(true);
    const hasty = await open({ freshMs: -1, quietMs: -5_000 });
    await addHello(hasty);
    expect(await hasty.removeUnneeded(FILE.key)).toBe(true);
    expect(await hasty.has(FILE)).toBe(false);
  });

  it.skipIf(skipped !== undefined)('are swept when they are old and nobody keeps them', async () => {
    const store = await open({ freshMs: -1 });
    await addHello(store);
    const other = await store.add(chunks(randomBytes(100)), { maxBytes: 100, extension: 'bin' });
    const sweep = (now: number) => store.sweep({ keep: new Set([other.key]), olderThanMs: 3_600_000, now });
    await sweep(Date.now());
    expect(await store.keys()).toHaveLength(2);
    expect(await sweep(Date.now() + LATER)).toEqual({ count: 1, bytes: 11 });
    expect(await store.keys()).toEqual([other.key]);
    expect(await store.has(FILE)).toBe(false);
  });

  it.skipIf(skipped !== undefined)('have no place outside', async () => {
    const store = await open();
    for (const key of ['../secret.key', `${'0'.repeat(64)}`, `${'0'.repeat(63)}/.jpg`]) {
      await expect((async () => store.fetch(key))()).rejects.toThrow('A media key');
      await expect((async () => store.has(key))()).rejects.toThrow('A media key');
    }
  });
});
