const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;
const ROWS_PER_STRIP = 16;
const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly values: readonly number[] | Uint8Array;
}

/** A TIFF of 8-bit pixels that are not compressed, and where its pixels are to be written, row after row. */
export function createTiff({
  width,
  height,
  channels,
  icc,
}: {
  width: number;
  height: number;
  channels: 3 | 4;
  icc?: Uint8Array | undefined;
}): { file: Uint8Array<ArrayBuffer>; pixels: Uint8Array<ArrayBuffer> } {
  const rowBytes = width * channels;
  const strips = Math.ceil(height / ROWS_PER_STRIP);
  const stripBytes = Array.from(
    { length: strips },
    (_, index) => Math.min(ROWS_PER_STRIP, height - index * ROWS_PER_STRIP) * rowBytes,
  );
  const describe = (dataStart: number): Entry[] => [
    { tag: 256, type: LONG, values: [width] },
    { tag: 257, type: LONG, values: [height] },
    { tag: 258, type: SHORT, values: Array<number>(channels).fill(8) },
    { tag: 259, type: SHORT, values: [1] },
    { tag: 262, type: SHORT, values: [2] },
    {
      tag: 273,
      type: LONG,
      values: stripBytes.map((_, index) => dataStart + index * ROWS_PER_STRIP * rowBytes),
    },
    { tag: 277, type: SHORT, values: [channels] },
    { tag: 278, type: LONG, values: [ROWS_PER_STRIP] },
    { tag: 279, type: LONG, values: stripBytes },
    ...(channels === 4 ? [{ tag: 338, type: SHORT, values: [2] }] : []),
    ...(icc === undefined ? [] : [{ tag: 34_675, type: UNDEFINED, values: icc }]),
  ];
  const dataStart = HEADER_BYTES + encode(describe(0)).length;
  const file = new Uint8Array(dataStart + rowBytes * height);
  file.set(Buffer.from('II*\0\x08\0\0\0', 'latin1'));
  file.set(encode(describe(dataStart)), HEADER_BYTES);
  return { file, pixels: file.subarray(dataStart) };
}

/** The folder of tags, and behind it the values that have no room in it. */
function encode(entries: readonly Entry[]): Buffer {
  const folder = Buffer.alloc(2 + entries.length * ENTRY_BYTES + 4);
  const values: Buffer[] = [];
  let end = HEADER_BYTES + folder.length;
  folder.writeUInt16LE(entries.length);
  for (const [index, entry] of entries.entries()) {
    const at = 2 + index * ENTRY_BYTES;
    const content = valueBytes(entry);
    folder.writeUInt16LE(entry.tag, at);
    folder.writeUInt16LE(entry.type, at + 2);
    folder.writeUInt32LE(entry.values.length, at + 4);
    if (content.length <= 4) {
      content.copy(folder, at + 8);
      continue;
    }
    folder.writeUInt32LE(end, at + 8);
    const padded = Buffer.concat([content, Buffer.alloc(content.length % 2)]);
    values.push(padded);
    end += padded.length;
  }
  return Buffer.concat([folder, ...values]);
}

function valueBytes({ type, values }: Entry): Buffer {
  if (type === UNDEFINED) return Buffer.from(values);
  const bytes = type === SHORT ? 2 : 4;
  const content = Buffer.alloc(values.length * bytes);
  for (const [index, value] of values.entries()) content.writeUIntLE(value, index * bytes, bytes);
  return content;
}
