import { readdirSync, writeFileSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type DiskRoomOptions, NoRoomError } from '../../../../src/core/media/store/disk-room.ts';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { chunks, temporaryDirectory } from '../files.ts';

const NEVER = new AbortController().signal;

function setUp(options: DiskRoomOptions = {}) {
  const directory = join(temporaryDirectory(), 'media');
  const store = createMediaStore({ directory, freshMs: 0, ...options });
  const add = (content: string, { isAnnounced = true, extension = 'bin' } = {}) =>
    store.add(chunks(...content), {
      maxBytes: 1_000,
      expectedBytes: isAnnounced ? content.length : undefined,
      extension,
    });
  return { directory, store, add };
}

/** A source that tells whether it was opened. */
function watchedSource() {
  const seen = { opened: 0 };
  async function open() {
    seen.opened += 1;
    return chunks('x');
  }
  return { seen, open };
}

describe('the limit of all media', () => {
  it('refuses what would exceed it before it is opened, and takes it once there is room', async () => {
    const { store, add, directory } = setUp({ limitBytes: 10 });
    const { key } = await add('12345678');
    const { seen, open } = watchedSource();
    const limits = { maxBytes: 100, expectedBytes: 3, extension: 'bin' };
    const refused = store.add(open, limits);
    await expect(refused).rejects.toThrow(NoRoomError);
    await expect(refused).rejects.toMatchObject({ reason: 'media_limit' });
    expect(seen.opened).toBe(0);
    expect(readdirSync(directory)).toEqual([key]);
    await store.remove(key);
    await add('abc');
  });

  it('counts what was there before', async () => {
    const { directory, add } = setUp();
    await add('12345678');
    const later = createMediaStore({ directory, limitBytes: 10 });
    expect(await later.fits(2)).toBe(true);
    expect(await later.fits(3)).toBe(false);
  });

  it('stops what does not tell its size where it would be exceeded, and keeps nothing of it', async () => {
    const { add, directory } = setUp({ limitBytes: 10 });
    await add('1234567890', { isAnnounced: false });
    await expect(add('x', { isAnnounced: false })).rejects.toMatchObject({ reason: 'media_limit' });
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('counts equal files once', async () => {
    const { add, store } = setUp({ limitBytes: 10 });
    await add('1234', { isAnnounced: false });
    await add('1234');
    expect(await store.fits(6)).toBe(true);
    expect(await store.fits(7)).toBe(false);
  });

  it('gives the last room to one of two who want it at once', async () => {
    const { add } = setUp({ limitBytes: 10 });
    const outcomes = await Promise.allSettled([add('1234567'), add('abcdefg')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('gives the room of a file back that did not arrive', async () => {
    const { add, store } = setUp({ limitBytes: 10 });
    const broken = store.add(chunks('123'), { maxBytes: 100, expectedBytes: 9, extension: 'bin' });
    await expect(broken).rejects.toThrow('3 bytes arrived');
    await add('1234567890');
  });

  it('sees files that were deleted by hand', async () => {
    const { add, directory } = setUp({ limitBytes: 10 });
    const { key } = await add('1234567890');
    await rm(join(directory, key));
    await add('abc');
  });

  it('asks for room once where there is none', async () => {
    const { add, store } = setUp({ limitBytes: 10 });
    const { key } = await add('1234567890');
    const asked: number[] = [];
    store.whenFull(async (bytes) => {
      asked.push(bytes);
      await store.remove(key);
    });
    await add('abc');
    expect(asked).toEqual([3]);
  });
});

describe('the disk', () => {
  const disk = { free: 100, size: 1_000 };
  const readDisk = async () => disk;

  it('keeps a reserve', async () => {
    const { add, store } = setUp({ readDisk });
    expect(await store.fits(80)).toBe(true);
    await expect(add('x'.repeat(81))).rejects.toMatchObject({ reason: 'disk_full' });
  });
});

describe('a conversion', () => {
  it('begins only where there is room for what it may write', async () => {
    const { store } = setUp({ limitBytes: 10 });
    let hasBegun = false;
    const run = async () => {
      hasBegun = true;
    };
    await expect(store.withRoom(11, run, { signal: NEVER })).rejects.toThrow(NoRoomError);
    expect(hasBegun).toBe(false);
  });

  it('holds its room until it is over', async () => {
    const { store, add } = setUp({ limitBytes: 10 });
    await store.withRoom(
      8,
      async () => {
        await expect(add('123')).rejects.toThrow(NoRoomError);
      },
      { signal: NEVER },
    );
    await add('1234567890');
  });

  it('hands over what it adopts, and nothing else is left of it', async () => {
    const { store, directory } = setUp({ limitBytes: 10 });
    const file = await store.withRoom(
      5,
      async ({ reserve, adopt }) => {
        const [kept, left] = [await reserve(), await reserve()];
        writeFileSync(kept, 'kept');
        writeFileSync(left, 'left');
        return adopt(kept, { extension: 'mp4' });
      },
      { signal: NEVER },
    );
    expect(readdirSync(directory)).toEqual([file.key]);
    expect(await store.fits(6)).toBe(true);
    expect(await store.fits(7)).toBe(false);
  });

  it('adds files within the room that it holds', async () => {
    const { store } = setUp({ limitBytes: 10 });
    const limits = { maxBytes: 100, extension: 'mp4' };
    const run = () => store.withRoom(8, ({ add }) => add(chunks('1234', '5678'), limits), { signal: NEVER });
    const { key } = await run();
    expect(await store.fits(2)).toBe(true);
    expect(await store.fits(3)).toBe(false);
    await expect(run()).rejects.toThrow(NoRoomError);
    await store.remove(key);
    await run();
  });

  it('is ended where it writes more than there is room for', async () => {
    const { store, directory } = setUp({ limitBytes: 10 });
    const running = store.withRoom(
      2,
      async ({ reserve, signal }) => {
        const path = await reserve();
        while (!signal.aborted) {
          await appendFile(path, 'xxx');
          await delay(10);
        }
        throw new Error('It was ended.');
      },
      { signal: NEVER },
    );
    await expect(running).rejects.toMatchObject({ reason: 'media_limit' });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a file that is new', () => {
  it('is not removed as unneeded before somebody could name it', async () => {
    const { store, add } = setUp();
    const { key } = await add('old');
    expect(await store.removeUnneeded(key)).toBe(true);
    const careful = setUp();
    const strict = createMediaStore({ directory: careful.directory });
    const file = await strict.add(chunks('new'), { maxBytes: 9, extension: 'bin' });
    expect(await strict.removeUnneeded(file.key)).toBe(false);
    expect(await strict.keys()).toEqual([file.key]);
  });
});
