import { StartError } from '../start-error.ts';

// An archive of the POSIX format "ustar", which any tar can unpack.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06

const BLOCK = 512;
const MAGIC = 'ustar';
/** What eleven octal digits can say. */
const MAX_BYTES = 8 ** 11 - 1;

/** Takes what is written, one piece after the other. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/** A file in an archive; `content` has to be read to its end before the next one. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Writes one file of exactly so many bytes. */
export async function writeEntry(sink: Sink, { name, bytes, content }: TarEntry): Promise<void> {
  await sink(headerOf(name, bytes));
  let written = 0;
  for await (const part of content) {
    written += part.byteLength;
    await sink(part);
  }
  if (written !== bytes) throw new Error(`${name} has ${written} bytes where ${bytes} were expected.`);
  await sink(Buffer.alloc(paddingOf(bytes)));
}

/** Ends an archive, so that one that was cut short is known. */
export async function writeEnd(sink: Sink): Promise<void> {
  await sink(Buffer.alloc(2 * BLOCK));
}

/**
 * The plain files of an archive in their order.
 *
 * @throws StartError where it is no archive of ours, or has no end.
 */
export async function* readEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const reader = createReader(source);
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header.every((byte) => byte === 0)) return;
    const entry = parseHeader(header);
    const content = reader.parts(entry.bytes);
    yield { ...entry, content };
    // Whatever was not read of it.
    for await (const _ of content);
    await reader.take(paddingOf(entry.bytes));
  }
}

function headerOf(name: string, bytes: number): Buffer {
  if (Buffer.byteLength(name) > 99 || bytes > MAX_BYTES)
    throw new RangeError(`${name} does not fit into an archive: ${bytes} bytes.`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o600, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('0', 156);
  header.write(`${MAGIC}\x0000`, 257);
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function parseHeader(header: Buffer): { name: string; bytes: number } {
  const text = (start: number, length: number) =>
    header.toString('utf8', start, start + length).replace(/\0.*$/s, '');
  const isOurs = text(257, 5) === MAGIC && Number.parseInt(text(148, 8), 8) === checksumOf(header);
  const bytes = Number.parseInt(text(124, 12), 8);
  if (!isOurs || text(156, 1) !== '0' || !Number.isSafeInteger(bytes)) throw damaged();
  return { name: text(0, 100), bytes };
}

/** The sum of all bytes, with blanks where it stands itself. */
function checksumOf(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}

const paddingOf = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

const damaged = (): StartError =>
  new StartError('The file is no backup of Nod, or only a part of one: take another one.');

function createReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();

  /** At most so many bytes, as they come. */
  async function some(most: number): Promise<Uint8Array> {
    while (rest.byteLength === 0) {
      const next = await iterator.next();
      if (next.done) throw damaged();
      rest = next.value;
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.byteLength);
    return part;
  }

  async function take(bytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let left = bytes; left > 0; left -= parts.at(-1)?.byteLength ?? 0) parts.push(await some(left));
    return Buffer.concat(parts);
  }

  /** A second walk goes on where the first has stopped. */
  function parts(bytes: number): AsyncIterable<Uint8Array> {
    let left = bytes;
    return {
      async *[Symbol.asyncIterator]() {
        while (left > 0) {
          const part = await some(left);
          left -= part.byteLength;
          yield part;
        }
      },
    };
  }

  return { take, parts };
}
