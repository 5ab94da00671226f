import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEntries, writeEnd, writeEntry } from '../../../src/core/backup/tar.ts';
import { StartError } from '../../../src/core/start-error.ts';
import { chunks, temporaryDirectory } from '../media/files.ts';

/** An archive of these files. */
async function pack(files: readonly (readonly [name: string, content: Buffer])[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const sink = async (bytes: Uint8Array) => void parts.push(bytes);
  for (const [name, content] of files)
    await writeEntry(sink, { name, bytes: content.length, content: chunks(content) });
  await writeEnd(sink);
  return Buffer.concat(parts);
}

/** What is in it, as it comes in pieces of so many bytes. */
async function unpack(archive: Buffer, piece = archive.length): Promise<[string, Buffer][]> {
  const pieces = Array.from({ length: Math.ceil(archive.length / piece) }, (_, index) =>
    archive.subarray(index * piece, (index + 1) * piece),
  );
  const files: [string, Buffer][] = [];
  for await (const { name, content } of readEntries(chunks(...pieces)))
    files.push([name, Buffer.concat(await Array.fromAsync(content))]);
  return files;
}

const names = fc.stringMatching(/^[a-z]{1,40}(\/[a-z0-9.]{1,40})?$/);
const content = fc.uint8Array({ maxLength: 1_600 }).map((bytes) => Buffer.from(bytes));

it('gives back what was packed, in whatever pieces it comes', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.tuple(names, content), { maxLength: 4 }),
    fc.integer({ min: 1, max: 2_000 }),
    async (files, piece) => {
      expect(await unpack(await pack(files), piece)).toEqual(files);
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

it('is what the tar of the system unpacks', async () => {
  const folder = temporaryDirectory();
  const file = join(folder, 'a.tar');
  writeFileSync(
    file,
    await pack([
      ['media/a', Buffer.from('of a')],
      ['b', Buffer.alloc(1_000, 'b')],
    ]),
  );
  const read = (name: string) => execFileSync('tar', ['-xOf', file, name], { encoding: 'utf8' });
  expect([read('media/a'), read('b')]).toEqual(['of a', 'b'.repeat(1_000)]);
});

it('goes on behind a file that nobody has read', async () => {
  const archive = await pack([
    ['a', Buffer.alloc(700)],
    ['b', Buffer.from('b')],
  ]);
  const seen: string[] = [];
  for await (const { name } of readEntries(chunks(archive))) seen.push(name);
  expect(seen).toEqual(['a', 'b']);
});

it('is no archive when it was cut short anywhere, or has a changed header', async () => {
  const archive = await pack([
    ['a', Buffer.alloc(700, 'a')],
    ['b', Buffer.from('b')],
  ]);
  for (let end = 0; end < archive.length - 512; end += 97)
    await expect(unpack(archive.subarray(0, end))).rejects.toThrow(StartError);
  for (const at of [0, 124, 148, 156, 257]) {
    const changed = Buffer.from(archive);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(unpack(changed)).rejects.toThrow(StartError);
  }
});

it('packs no file that has other bytes than it has told', async () => {
  const entry = { name: 'a', bytes: 3, content: chunks('four') };
  await expect(writeEntry(async () => {}, entry)).rejects.toThrow('a has 4 bytes where 3 were expected.');
});
