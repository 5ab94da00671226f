import { pipeline } from 'node:stream/promises';
import { extract, type Pack, pack } from 'tar-stream';
import { StartError } from '../start-error.ts';

/** Takes what is written, one piece after the other. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/** A file in an archive; `content` is read to its end, or not at all. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Writes these files, as they come, into an archive that any tar can unpack. */
export async function writeEntries(
  sink: Sink,
  entries: AsyncIterable<TarEntry>,
  madeAt: Date,
): Promise<void> {
  const archive = pack();
  const filled = fill(archive, entries, madeAt).catch((error) => archive.destroy(error));
  try {
    for await (const bytes of archive as AsyncIterable<Buffer>) await sink(bytes);
  } finally {
    // Where the sink takes no more, this ends as well.
    await filled;
  }
}

async function fill(archive: Pack, entries: AsyncIterable<TarEntry>, mtime: Date): Promise<void> {
  for await (const { name, bytes: size, content } of entries)
    await pipeline(content, archive.entry({ name, size, mode: 0o600, mtime }));
  archive.finalize();
}

/**
 * The plain files of an archive in their order.
 *
 * @throws StartError where there is anything else in it, or where it is no archive or only a part of one.
 */
export async function* readEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const archive = extract();
  const read = pipeline(source, archive);
  // Whoever reads meets it as well, but as the end of a stream.
  read.catch(() => {});
  try {
    for await (const entry of archive) {
      const { name, type, size } = entry.header;
      if (type !== 'file') throw damaged();
      yield { name, bytes: size, content: contentOf(entry as AsyncIterable<Buffer>, read) };
      entry.resume();
    }
    await read;
  } catch (error) {
    throw error instanceof StartError ? error : await problemIn(read);
  }
}

async function* contentOf(
  entry: AsyncIterable<Uint8Array>,
  read: Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* entry;
  } catch {
    throw await problemIn(read);
  }
}

/** Why an archive cannot be read on: the fault of the disk that it is on, or its own. */
async function problemIn(read: Promise<void>): Promise<unknown> {
  const cause = await read.catch((error: unknown) => error);
  return cause instanceof Error && 'syscall' in cause ? cause : damaged(cause);
}

const damaged = (cause?: unknown): StartError =>
  new StartError('The file is no backup of Nod, or only a part of one: take another one.', { cause });
