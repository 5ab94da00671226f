import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutBucketAclCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { preparingProblem } from '../../../../src/core/media/prepare.ts';
import { type Bucket, createBucket } from '../../../../src/core/media/store/bucket.ts';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { moveMediaToBucket, moveMediaToFolder } from '../../../../src/core/media/store/move-media.ts';
import { MEDIA } from '../../../../src/core/media/store/s3.ts';
import { FileChangedError, MediaAwayError, type MediaStore } from '../../../../src/core/media/store/store.ts';
import { tryBucket } from '../../../../src/core/media/store/try-bucket.ts';
import { takeFolder } from '../../../../src/core/storage/folder.ts';
import { NO_S3 } from '../../../s3-server.ts';
import { chunks, temporaryDirectory } from '../files.ts';
import { s3Store, useS3 } from './stores.ts';

const HOUR_MS = 3_600_000;
const add = (store: MediaStore, content: Uint8Array | string) =>
  store.add(chunks(content), { maxBytes: 500_000_000, extension: 'bin' });

/** A bucket of which a test sees what is asked of it. */
function watched(bucket: Bucket) {
  const asked: string[] = [];
  const watchedBucket: Bucket = {
    ...bucket,
    get(key, options) {
      asked.push(`get ${key}`);
      return bucket.get(key, options);
    },
    put(key, ...rest) {
      asked.push(`put ${key}`);
      return bucket.put(key, ...rest);
    },
  };
  return { asked, bucket: watchedBucket };
}

describe.skipIf(NO_S3 !== undefined)(NO_S3 ?? 'media in S3', () => {
  const s3 = useS3();

  it('are shared by all processes, of which each fetches a file once', async () => {
    const bucket = await s3.openBucket();
    const content = randomBytes(3_000_000);
    const file = await add(s3Store(bucket), content);
    const other = watched(bucket);
    const directory = join(temporaryDirectory(), 'media');
    const store = s3Store(other.bucket, { directory });
    const fetched = await Promise.all([1, 2, 3].map(() => store.fetch(file)));
    for (const local of fetched) expect(readFileSync(local.path).equals(content)).toBe(true);
    expect(other.asked).toEqual([`get ${MEDIA}${file.key}`]);
    expect(readdirSync(directory)).toEqual([file.key]);
    await add(store, content);
    expect(other.asked).toHaveLength(1);
    await expect(store.fetch(`${'0'.repeat(64)}.bin`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps nothing of what was killed on its way there, and all of what comes again', async () => {
    const settings = await s3.newBucket();
    const directory = join(temporaryDirectory(), 'media');
    const bytes = 20_000_000;
    const script = fileURLToPath(import.meta.resolve('./put-process.ts'));
    const put = () => spawn(process.execPath, [script, JSON.stringify(settings), directory, String(bytes)]);
    const hasAll = () =>
      existsSync(directory) &&
      readdirSync(directory).some((name) => statSync(join(directory, name)).size === bytes);
    s3.running().pause();
    const killed = put();
    await vi.waitUntil(hasAll, { timeout: 20_000 });
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    s3.running().resume();
    const bucket = createBucket(settings);
    onTestFinished(() => bucket.close());
    const store = s3Store(bucket, { directory });
    expect(await store.keys()).toEqual([]);
    const again = put();
    expect(String(await once(again.stdout, 'data'))).toBe('kept\n');
    const [key = ''] = await store.keys();
    expect(await bucket.head(`${MEDIA}${key}`)).toMatchObject({ bytes });
    await store.sweep({ keep: new Set([key]), olderThanMs: HOUR_MS, now: Date.now() });
    expect(readdirSync(directory)).toEqual([key]);
  });

  it('takes no file while S3 is held up, and says so; then it does', async () => {
    const failures: unknown[] = [];
    const bucket = await s3.openBucket({ stallMs: 700, onFailure: (error) => failures.push(error) });
    const directory = join(temporaryDirectory(), 'media');
    const store = s3Store(bucket, { directory });
    const file = await add(store, 'first');
    s3.running().pause();
    const error = await add(store, 'second').catch((cause) => cause);
    const other = await s3Store(bucket)
      .fetch(file)
      .catch((cause) => cause);
    s3.running().resume();
    for (const one of [error, other]) {
      expect(one).toBeInstanceOf(MediaAwayError);
      expect(one).toMatchObject({ code: 'MEDIA_AWAY' });
    }
    expect(preparingProblem(error, { name: 'a' })).toMatchObject({ reason: 'media_away' });
    expect(failures).toHaveLength(2);
    expect(readdirSync(directory)).toEqual([file.key]);
    await add(store, 'second');
    expect(await store.keys()).toHaveLength(2);
  });

  it('says what our own disk fails with, and goes on', async () => {
    const bucket = await s3.openBucket();
    const sha256 = '0'.repeat(64);
    const gone = { path: join(temporaryDirectory(), 'gone'), bytes: 5_000_000, sha256 };
    await expect(bucket.put('a', gone)).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    expect(await bucket.head('a')).toBeUndefined();
    expect(await bucket.put('a', Buffer.from('a'))).toBe(true);
  });

  it('uses no file whose bytes have changed', async () => {
    const bucket = await s3.openBucket();
    const content = randomBytes(300_000);
    const file = await add(s3Store(bucket), content);
    content[299_999] = ~(content[299_999] ?? 0);
    await bucket.put(`${MEDIA}${file.key}`, content);
    const directory = join(temporaryDirectory(), 'media');
    const store = s3Store(bucket, { directory });
    await expect(store.fetch(file)).rejects.toThrow(FileChangedError);
    await expect(store.fetchContent(file)).rejects.toThrow(FileChangedError);
    expect(readdirSync(directory)).toEqual([]);
    const source = await store.find(file);
    if ('path' in source) throw new Error('It is not on the disk.');
    const { signal } = new AbortController();
    let bytes = 0;
    const reading = (async () => {
      for await (const part of await source.fetchPart({ start: 0, end: 300_000, isWhole: true, signal }))
        bytes += part.length;
    })();
    await expect(reading).rejects.toThrow(FileChangedError);
    expect(bytes).toBeLessThan(300_000);
  });

  describe('a file that one removes while another keeps it', () => {
    /** A file of old, and a process that removes it and stops where the test says. */
    async function removing(at: 'mark' | 'remove' | 'unmark') {
      const bucket = await s3.openBucket();
      const file = await add(s3Store(bucket), 'shared');
      const state = { isRenewed: false, looks: 0 };
      const aged: Bucket = {
        ...bucket,
        async head(key) {
          const found = await bucket.head(key);
          return found && { ...found, at: state.isRenewed ? found.at : found.at - HOUR_MS };
        },
      };
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const pauseAt = async (point: typeof at) => {
        if (point !== at) return;
        reached.resolve();
        await goOn.promise;
      };
      const remover = s3Store(
        {
          ...aged,
          async put(key, ...rest) {
            await pauseAt('mark');
            return bucket.put(key, ...rest);
          },
          async remove(key) {
            await pauseAt(key.startsWith(MEDIA) ? 'remove' : 'unmark');
            return bucket.remove(key);
          },
        },
        { freshMs: -1 },
      );
      const keeper = s3Store({
        ...aged,
        async put(key, ...rest) {
          state.isRenewed = true;
          return bucket.put(key, ...rest);
        },
        list(beginning) {
          state.looks += 1;
          return bucket.list(beginning);
        },
        async touch(key) {
          state.isRenewed = true;
          return bucket.touch(key);
        },
      });
      const removed = remover.removeUnneeded(file.key);
      await reached.promise;
      return { bucket, file, keeper, removed, goOn, state };
    }

    it('stays where it is kept before the other says that it removes it', async () => {
      const { bucket, file, keeper, removed, goOn } = await removing('mark');
      await add(keeper, 'shared');
      goOn.resolve();
      expect(await removed).toBe(false);
      expect(await bucket.head(`${MEDIA}${file.key}`)).toBeDefined();
    });

    it.each(['remove', 'unmark'] as const)('is there again where the other is about to %s', async (at) => {
      const { bucket, file, keeper, removed, goOn, state } = await removing(at);
      const keeping = add(keeper, 'shared');
      // It waits for the other, and looks again and again.
      await vi.waitUntil(() => state.looks > 1, { timeout: 10_000 });
      goOn.resolve();
      expect(await removed).toBe(true);
      expect(await keeping).toEqual(file);
      expect(await bucket.head(`${MEDIA}${file.key}`)).toBeDefined();
      for await (const mark of bucket.list('removing/')) expect(mark).toBeUndefined();
    });
  });

  describe('the disk in front of it', () => {
    const open = async () => {
      const bucket = await s3.openBucket();
      const directory = join(temporaryDirectory(), 'media');
      const readDisk = async () => ({ free: 1e12, size: 1e12 });
      return {
        bucket,
        directory,
        store: s3Store(bucket, { directory, readDisk, limitBytes: 150, freshMs: -1 }),
      };
    };

    it('gives way to what comes, the file first that was used longest ago', async () => {
      const { directory, store } = await open();
      const first = await add(store, randomBytes(60));
      const second = await add(store, randomBytes(60));
      (await store.fetch(first))[Symbol.dispose]();
      const third = await store.add(chunks(randomBytes(60)), {
        maxBytes: 60,
        expectedBytes: 60,
        extension: 'bin',
      });
      expect(readdirSync(directory).toSorted()).toEqual([first.key, third.key].toSorted());
      expect(await store.keys()).toHaveLength(3);
      expect(await store.fits(150)).toBe(true);
      expect(readdirSync(directory)).toEqual([]);
      expect(await store.fits(151)).toBe(false);
      using local = await store.fetch(second);
      expect(statSync(local.path).size).toBe(60);
    });

    it('keeps what is in use, and what is not in the bucket', async () => {
      const { bucket, directory, store } = await open();
      const first = await add(store, randomBytes(60));
      const second = await add(store, randomBytes(60));
      using _ = await store.fetch(first);
      await bucket.remove(`${MEDIA}${second.key}`);
      const limits = { maxBytes: 60, expectedBytes: 60, extension: 'bin' };
      await expect(store.add(chunks(randomBytes(60)), limits)).rejects.toMatchObject({
        reason: 'media_limit',
      });
      expect(readdirSync(directory).toSorted()).toEqual([first.key, second.key].toSorted());
    });
  });

  describe('a bucket at the start', () => {
    const says = async (settings: Parameters<typeof createBucket>[0]) => {
      const bucket = createBucket(settings, { stallMs: 3_000 });
      onTestFinished(() => bucket.close());
      return tryBucket(bucket, settings).then(
        () => 'well',
        (error) => `${error.name}: ${error.message}`,
      );
    };

    it('is used where all goes, and nothing of the trial stays', async () => {
      const settings = await s3.newBucket();
      expect(await says(settings)).toBe('well');
      const bucket = createBucket(settings);
      onTestFinished(() => bucket.close());
      for await (const one of bucket.list('')) expect(one).toBeUndefined();
    });

    it('is refused where it is missing, away, or closed to us, in a sentence without the key', async () => {
      const settings = await s3.newBucket();
      const { accessKeyId, secretAccessKey } = settings.credentials;
      const { host } = new URL(settings.endpoint);
      const credentials = { accessKeyId, secretAccessKey: 'geheim-wie-nichts' };
      const refusals = [
        await says({ ...settings, credentials }),
        await says({ ...settings, name: 'not-there' }),
        await says({ ...settings, endpoint: 'http://127.0.0.1:9' }),
      ];
      expect(refusals).toEqual([
        `StartError: S3 at ${host} does not take the key: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY to those of a user there.`,
        `StartError: S3 at ${host} has no bucket not-there: make it, or set S3_BUCKET to one that is there.`,
        'StartError: Nod cannot reach S3 at 127.0.0.1:9 (ECONNREFUSED): start it there, or set S3_ENDPOINT to where it is.',
      ]);
      expect(refusals.join()).not.toContain('geheim');
      expect(refusals.join()).not.toContain(secretAccessKey);
    });

    it('is refused where everybody can see what is in it', async () => {
      const settings = await s3.newBucket();
      const client = new S3Client({ ...settings, forcePathStyle: true });
      await client.send(new PutBucketAclCommand({ Bucket: settings.name, ACL: 'public-read' }));
      client.destroy();
      expect(await says(settings)).toContain(`StartError: Everybody can read the bucket ${settings.name}`);
    });
  });

  it('are moved there and back, each file compared with its hash, and by one at a time', async () => {
    const settings = await s3.newBucket();
    const dataDir = temporaryDirectory();
    const move = { dataDir, isDatabaseElsewhere: true, s3: settings };
    const directory = join(dataDir, 'media');
    const contents = [randomBytes(100_000), randomBytes(10)];
    const local = createMediaStore({ directory });
    for (const content of contents) await add(local, content);
    {
      using _ = takeFolder(dataDir, { isDataExpected: false, isDatabaseElsewhere: true });
      await expect(moveMediaToBucket(move)).rejects.toThrow('Another Nod works on');
    }
    expect(await moveMediaToBucket(move)).toEqual({ files: 2 });
    expect(await moveMediaToBucket(move)).toEqual({ files: 2 });
    const elsewhere = { ...move, dataDir: temporaryDirectory() };
    expect(await moveMediaToFolder(elsewhere)).toEqual({ files: 2 });
    const names = contents.map((content) => `${createHash('sha256').update(content).digest('hex')}.bin`);
    expect(readdirSync(join(elsewhere.dataDir, 'media')).toSorted()).toEqual(names.toSorted());
    const spoiled = `${'a'.repeat(64)}.bin`;
    const wrong = temporaryDirectory();
    mkdirSync(join(wrong, 'media'));
    writeFileSync(join(wrong, 'media', spoiled), 'other bytes');
    await expect(moveMediaToBucket({ ...move, dataDir: wrong })).rejects.toThrow(
      `The file ${join(wrong, 'media', spoiled)} is not what was put there`,
    );
    const bucket = createBucket(settings);
    onTestFinished(() => bucket.close());
    expect(await bucket.head(`${MEDIA}${spoiled}`)).toBeUndefined();
    await bucket.put(`${MEDIA}${spoiled}`, Buffer.from('other bytes'));
    await expect(moveMediaToFolder({ ...move, dataDir: temporaryDirectory() })).rejects.toThrow(
      `The file ${spoiled} in the bucket is not what was put there`,
    );
  });
});
