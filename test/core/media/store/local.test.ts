import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { FileIncompleteError, FileTooBigError } from '../../../../src/core/media/store/store.ts';
import { chunks, temporaryDirectory } from '../files.ts';

const HELLO = createHash('sha256').update('hello world').digest('hex');

function setUp() {
  const directory = join(temporaryDirectory(), 'a', 'media');
  return { directory, store: createMediaStore({ directory }) };
}

describe('the media store', () => {
  it('keeps a file under the hash of its content', async () => {
    const { store, directory } = setUp();
    const file = await store.add(chunks('hello ', 'world'), {
      maxBytes: 11,
      expectedBytes: 11,
      extension: 'txt',
    });
    expect(file).toEqual({ key: `${HELLO}.txt`, sha256: HELLO, bytes: 11 });
    expect(store.path(file)).toBe(join(directory, `${HELLO}.txt`));
    expect((await store.read(file.key)).toString()).toBe('hello world');
    expect(readdirSync(directory)).toEqual([file.key]);
  });

  it('keeps a file of this machine as it was, whatever becomes of it', async () => {
    const { store, directory } = setUp();
    const other = join(temporaryDirectory(), 'theirs');
    writeFileSync(other, 'hello world', { mode: 0o644 });
    const limits = { maxBytes: 11, expectedBytes: 11, extension: 'txt' };
    const file = await store.add(createReadStream(other), limits);
    const handle = await open(other);
    expect(await store.add(handle.createReadStream(), limits)).toEqual(file);
    await expect(handle.stat()).rejects.toThrow();
    writeFileSync(other, 'HELLO WORLD');
    rmSync(other);
    expect(file).toEqual({ key: `${HELLO}.txt`, sha256: HELLO, bytes: 11 });
    expect((await store.read(file)).toString()).toBe('hello world');
    expect(statSync(store.path(file))).toMatchObject({ nlink: 1, mode: 0o100600 });
    expect(readdirSync(directory)).toEqual([file.key]);
  });

  it('takes no file of this machine that is too big, or not as long as announced', async () => {
    const { store, directory } = setUp();
    const other = join(temporaryDirectory(), 'theirs');
    writeFileSync(other, 'hello world');
    for (const limits of [{ maxBytes: 10 }, { maxBytes: 11, expectedBytes: 10 }]) {
      const handle = await open(other);
      const adding = store.add(handle.createReadStream(), { ...limits, extension: 'txt' });
      await expect(adding).rejects.toThrow(/bigger than 10 bytes|11 bytes arrived/);
    }
    rmSync(other);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('lets nobody else read the directory and the files', async () => {
    const { store, directory } = setUp();
    const file = await store.add(Readable.from([Buffer.from('x')]), { maxBytes: 9, extension: 'jpg' });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(store.path(file)).mode & 0o777).toBe(0o600);
  });

  it('takes a directory that others could read from them', async () => {
    const { store, directory } = setUp();
    const file = await store.add(chunks('hello world'), { maxBytes: 11, extension: 'txt' });
    chmodSync(directory, 0o755);
    store.protect();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect((await store.read(file)).toString()).toBe('hello world');
  });

  it('makes no directory before the first file', async () => {
    const { store, directory } = setUp();
    store.protect();
    expect(await store.keys()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps equal files once', async () => {
    const { store } = setUp();
    const limits = { maxBytes: 100, extension: 'jpg' };
    const [first, second] = await Promise.all([
      store.add(chunks('a', 'b'), limits),
      store.add(chunks('ab'), limits),
    ]);
    expect(first).toEqual(second);
    expect(await store.keys()).toEqual([first.key]);
  });

  it('stops reading as soon as a file is too big and keeps nothing', async () => {
    const { store, directory } = setUp();
    let reads = 0;
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) {
          reads += 1;
          yield Buffer.alloc(1000);
        }
      } finally {
        isClosed = true;
      }
    }
    const adding = store.add(endless(), { maxBytes: 5000, extension: 'mp4' });
    await expect(adding).rejects.toThrow(FileTooBigError);
    await expect(adding).rejects.toMatchObject({ maxBytes: 5000 });
    expect(reads).toBeLessThan(200);
    expect(isClosed).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a file that arrives shorter than announced', async () => {
    const { store, directory } = setUp();
    const adding = store.add(chunks('12345'), { maxBytes: 100, expectedBytes: 6, extension: 'mp4' });
    await expect(adding).rejects.toThrow(FileIncompleteError);
    await expect(adding).rejects.toMatchObject({ expectedBytes: 6, bytes: 5 });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('keeps nothing when the source breaks off', async () => {
    const { store, directory } = setUp();
    async function* broken() {
      yield Buffer.from('half');
      throw new Error('The connection broke.');
    }
    await expect(store.add(broken(), { maxBytes: 100, extension: 'mp4' })).rejects.toThrow(
      'The connection broke.',
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes over a file that was written to a reserved path', async () => {
    const { store, directory } = setUp();
    const temporary = await store.reserve();
    await writeFile(temporary, 'hello world');
    expect(await store.adopt(temporary, { extension: 'mp4' })).toEqual({
      key: `${HELLO}.mp4`,
      sha256: HELLO,
      bytes: 11,
    });
    expect(readdirSync(directory)).toEqual([`${HELLO}.mp4`]);
  });

  it.each([
    '../secret.key',
    '/etc/passwd',
    `${HELLO}.jpg/../../x`,
    `../${HELLO}.jpg`,
    `${HELLO}`,
    `${HELLO}.JPG`,
    `${HELLO}.jpg\n`,
    '',
  ])('has no path for the key %j', (key) => {
    expect(() => setUp().store.path(key)).toThrow(TypeError);
  });

  it('takes over no file that does not pass its check', async () => {
    const { store } = setUp();
    const temporary = await store.reserve();
    await writeFile(temporary, 'made');
    const check = () => Promise.reject(new Error('It does not play.'));
    await expect(store.adopt(temporary, { extension: 'mp4', check })).rejects.toThrow('It does not play.');
    expect(await store.keys()).toEqual([]);
  });

  it('refuses an extension that is none', async () => {
    await expect(setUp().store.add(chunks('x'), { maxBytes: 9, extension: '../x' })).rejects.toThrow(
      TypeError,
    );
  });

  it('removes a file, and one that is gone already', async () => {
    const { store } = setUp();
    const { key } = await store.add(chunks('x'), { maxBytes: 9, extension: 'jpg' });
    await store.remove(key);
    await store.remove(key);
    expect(await store.keys()).toEqual([]);
  });

  it('sweeps old files that nobody keeps, and unfinished ones, and nothing else', async () => {
    const { store, directory } = setUp();
    const add = (content: string) => store.add(chunks(content), { maxBytes: 99, extension: 'jpg' });
    const [kept, old, fresh] = [await add('kept'), await add('old'), await add('fresh')];
    const unfinished = await createMediaStore({ directory }).reserve();
    writeFileSync(unfinished, 'half a file');
    const inWork = await store.reserve();
    writeFileSync(inWork, 'in work');
    writeFileSync(join(directory, 'README'), 'not ours');
    const now = Date.now();
    const yesterday = new Date(now - 86_400_000);
    for (const path of [store.path(kept), store.path(old), inWork, join(directory, 'README')]) {
      utimesSync(path, yesterday, yesterday);
    }
    const removed = await store.sweep({ keep: new Set([kept.key]), olderThanMs: 3_600_000, now });
    expect(removed).toEqual({ count: 2, bytes: 'old'.length + 'half a file'.length });
    expect(readdirSync(directory).sort()).toEqual([kept.key, fresh.key, basename(inWork), 'README'].sort());
  });

  it('counts a file as new when it is added again', async () => {
    const { store } = setUp();
    const file = await store.add(chunks('again'), { maxBytes: 99, extension: 'jpg' });
    utimesSync(store.path(file), new Date(0), new Date(0));
    await store.add(chunks('again'), { maxBytes: 99, extension: 'jpg' });
    expect(await store.sweep({ keep: new Set(), olderThanMs: 60_000, now: Date.now() })).toEqual({
      count: 0,
      bytes: 0,
    });
  });

  it('sweeps nothing where there is no directory yet', async () => {
    const swept = await setUp().store.sweep({ keep: new Set(), olderThanMs: 0, now: Date.now() });
    expect(swept).toEqual({ count: 0, bytes: 0 });
  });
});
