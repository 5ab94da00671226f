import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../../problems.ts';

const TAG = {
  subfileType: 254,
  width: 256,
  compression: 259,
  photometric: 262,
  make: 271,
  subIfds: 330,
  dngVersion: 50706,
} as const;

/** Bytes of one value, by the number of its type. */
const TYPE_BYTES = new Map([
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 4],
  [13, 4],
  [16, 8],
  [18, 8],
]);
const WANTED = new Set<number>(Object.values(TAG));
const MAX_TAGS = 4096;
const MAX_VALUES = 64;
const MAX_SUB_IFDS = 16;

/** A sensor's mosaic, or what a camera makes of it before it is a picture. */
const RAW_PHOTOMETRIC = new Set([32803, 34892]);
/** Of Kodak, Sony, Nikon, Samsung and Pentax. */
const RAW_COMPRESSION = new Set([262, 32767, 32769, 32770, 34713, 65000, 65535]);

const MAKERS = [
  'Canon',
  'Nikon',
  'Sony',
  'Olympus',
  'Panasonic',
  'Fujifilm',
  'Pentax',
  'Ricoh',
  'Samsung',
  'Hasselblad',
  'Phase One',
  'Leaf',
  'Leica',
  'Kodak',
  'Epson',
  'Mamiya',
  'Sigma',
];

/** Tells a TIFF from the camera RAW files that are built like one: `TIFF`, or the name of the RAW. */
export async function readTiffName(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const reader = await createReader(handle);
    const first = await reader.readIfd(reader.firstIfd);
    if (first.has(TAG.dngVersion)) return 'DNG';
    const parts = [first];
    for (const offset of (first.get(TAG.subIfds) ?? []).slice(0, MAX_SUB_IFDS)) {
      // A picture inside that cannot be read does not make the file another one.
      parts.push(await reader.readIfd(offset).catch(() => new Map()));
    }
    return isRaw(parts) ? rawName(first) : 'TIFF';
  } finally {
    await handle.close();
  }
}

type Ifd = ReadonlyMap<number, readonly number[]>;

function isRaw(parts: readonly Ifd[]): boolean {
  const [first, ...inside] = parts;
  const width = first?.get(TAG.width)?.[0] ?? 0;
  const isPreview = ((first?.get(TAG.subfileType)?.[0] ?? 0) & 1) === 1 && inside.length > 0;
  return (
    isPreview ||
    parts.some((ifd) => RAW_PHOTOMETRIC.has(ifd.get(TAG.photometric)?.[0] ?? 0)) ||
    parts.some((ifd) => RAW_COMPRESSION.has(ifd.get(TAG.compression)?.[0] ?? 0)) ||
    // What comes first is a preview of what is inside.
    inside.some((ifd) => (ifd.get(TAG.width)?.[0] ?? 0) > width)
  );
}

function rawName(first: Ifd): string {
  const make = String.fromCharCode(...(first.get(TAG.make) ?? [])).toLowerCase();
  const maker = MAKERS.find((name) => make.includes(name.toLowerCase()));
  return maker === undefined ? 'camera RAW' : `${maker} RAW`;
}

/** Reads the tags of a TIFF that are asked for here; numbers and letters alike come as numbers. */
async function createReader(handle: FileHandle) {
  const head = await read(handle, { at: 0, bytes: 16 });
  const isBig = head.toString('latin1', 0, 2) === 'MM';
  const is64 = uint(head, { at: 2, bytes: 2, isBig }) === 43;
  const width = is64 ? 8 : 4;
  const countBytes = is64 ? 8 : 2;
  const entryBytes = is64 ? 20 : 12;

  async function readIfd(offset: number): Promise<Ifd> {
    const count = uint(await read(handle, { at: offset, bytes: countBytes }), {
      at: 0,
      bytes: countBytes,
      isBig,
    });
    if (count > MAX_TAGS) throw new UserError({ code: 'file_damaged' });
    const entries = await read(handle, { at: offset + countBytes, bytes: count * entryBytes });
    const ifd = new Map<number, readonly number[]>();
    for (let at = 0; at < entries.length; at += entryBytes) {
      const tag = uint(entries, { at, bytes: 2, isBig });
      if (WANTED.has(tag)) ifd.set(tag, await readValues(entries.subarray(at, at + entryBytes)));
    }
    return ifd;
  }

  async function readValues(entry: Buffer): Promise<number[]> {
    const bytes = TYPE_BYTES.get(uint(entry, { at: 2, bytes: 2, isBig })) ?? 1;
    const count = Math.min(MAX_VALUES, uint(entry, { at: 4, bytes: width, isBig }));
    const field = entry.subarray(4 + width);
    const values =
      count * bytes <= width
        ? field
        : await read(handle, { at: uint(field, { at: 0, bytes: width, isBig }), bytes: count * bytes });
    return Array.from({ length: count }, (_, index) => uint(values, { at: index * bytes, bytes, isBig }));
  }

  return { firstIfd: uint(head, { at: is64 ? 8 : 4, bytes: width, isBig }), readIfd };
}

/** Bytes of the file; throws a `file_incomplete` problem where it ends before. */
async function read(handle: FileHandle, { at, bytes }: { at: number; bytes: number }): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, at);
  if (bytesRead < bytes) throw new UserError({ code: 'file_incomplete' });
  return buffer;
}

function uint(buffer: Buffer, { at, bytes, isBig }: { at: number; bytes: number; isBig: boolean }): number {
  if (bytes === 8) return Number(isBig ? buffer.readBigUInt64BE(at) : buffer.readBigUInt64LE(at));
  return isBig ? buffer.readUIntBE(at, bytes) : buffer.readUIntLE(at, bytes);
}
