import fc from 'fast-check';
import { type Header, type Pack, pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { readEntries, type TarEntry, writeEntries } from '../../../src/core/backup/tar.ts';
import { StartError } from '../../../src/core/start-error.ts';
import { chunks } from '../media/files.ts';

type File = readonly [name: string, content: Buffer];

async function* entriesOf(files: readonly File[]): AsyncGenerator<TarEntry, void> {
  for (const [name, content] of files) yield { name, bytes: content.length, content: chunks(content) };
}

/** An archive of these files. */
async function write(files: readonly File[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await writeEntries(async (bytes) => void parts.push(bytes), entriesOf(files), new Date(0));
  return Buffer.concat(parts);
}

/** What is in it, as it comes in pieces of so many bytes. */
async function read(archive: Buffer, piece = archive.length): Promise<[string, Buffer][]> {
  const pieces = Array.from({ length: Math.ceil(archive.length / piece) }, (_, index) =>
    archive.subarray(index * piece, (index + 1) * piece),
  );
  const files: [string, Buffer][] = [];
  for await (const { name, content } of readEntries(chunks(...pieces)))
    files.push([name, Buffer.concat(await Array.fromAsync(content))]);
  return files;
}

const bytesOf = async (archive: Pack): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>));

const names = fc.stringMatching(/^[a-z]{1,40}(\/[a-z0-9.]{1,40})?$/);
const content = fc.uint8Array({ maxLength: 1_600 }).map((bytes) => Buffer.from(bytes));

it('gives back what was written, in whatever pieces it comes', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.tuple(names, content), { maxLength: 4 }),
    fc.integer({ min: 1, max: 2_000 }),
    async (files, piece) => {
      expect(await read(await write(files), piece)).toEqual(files);
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

it('goes on behind a file that nobody has read', async () => {
  const archive = await write([
    ['a', Buffer.alloc(700)],
    ['b', Buffer.from('b')],
  ]);
  const seen: string[] = [];
  for await (const { name } of readEntries(chunks(archive))) seen.push(name);
  expect(seen).toEqual(['a', 'b']);
});

it('is no archive when it was cut short within a file, or has a changed header', async () => {
  const archive = await write([
    ['a', Buffer.alloc(700, 'a')],
    ['b', Buffer.from('b')],
  ]);
  for (let end = 97; end < archive.length - 1_024; end += 97)
    await expect(read(archive.subarray(0, end))).rejects.toThrow(StartError);
  for (const at of [0, 124, 148, 156, 257]) {
    const changed = Buffer.from(archive);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(read(changed)).rejects.toThrow(StartError);
  }
});

it.each<Partial<Header> & Pick<Header, 'name'>>([
  { name: 'nod.db', type: 'symlink', linkname: '/etc/passwd' },
  { name: 'nod.db', type: 'link', linkname: '/etc/passwd' },
  { name: 'media', type: 'directory' },
  { name: 'nod.db', type: 'fifo' },
  { name: 'nod.db', type: 'block-device' },
])('takes no $type', async (header) => {
  const archive = pack();
  archive.entry(header);
  archive.finalize();
  await expect(read(await bytesOf(archive))).rejects.toThrow(StartError);
});

it('ends the writing where a file has other bytes than were told', async () => {
  const lying = (async function* () {
    yield { name: 'a', bytes: 3, content: chunks('four') };
  })();
  await expect(writeEntries(async () => {}, lying, new Date(0))).rejects.toThrow('Size mismatch');
});

it('ends the reading of files where the writing fails', async () => {
  const full = Object.assign(new Error('no room'), { code: 'ENOSPC' });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const endless = (async function* () {
    try {
      for (;;) yield Buffer.alloc(64 * 1024);
    } finally {
      resolve();
    }
  })();
  const entries = (async function* () {
    yield { name: 'a', bytes: 2 ** 40, content: endless };
  })();
  let writes = 0;
  const sink = async () => {
    writes += 1;
    if (writes === 3) throw full;
  };
  await expect(writeEntries(sink, entries, new Date(0))).rejects.toBe(full);
  await ended;
});

it('passes on what is wrong with the disk', async () => {
  const broken = Object.assign(new Error('broken'), { code: 'EIO', syscall: 'read' });
  const source = (async function* () {
    yield (await write([['a', Buffer.alloc(70_000)]])).subarray(0, 5_000);
    throw broken;
  })();
  const reading = (async () => {
    for await (const { content } of readEntries(source)) await Array.fromAsync(content);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'EIO' });
});
