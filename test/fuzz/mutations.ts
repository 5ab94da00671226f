import { type Part, partsOf } from './parts.ts';
import type { Random } from './random.ts';

/** Numbers at which arithmetic goes wrong. */
const EXTREMES = [0, 1, 7, 8, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_fe, 0xff_ff_ff_ff];
const HEAD_BYTES = 2048;

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bits flipped': (bytes, random) => {
    const changed = Buffer.from(bytes);
    const flips = 1 + random.below(20);
    for (let flip = 0; flip < flips; flip += 1) {
      const at = random.below(changed.length);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << random.below(8)), at);
    }
    return changed;
  },
  'a run of zeros': (bytes, random) => {
    const { start, end } = someRun(bytes, random);
    return Buffer.from(bytes).fill(0, start, end);
  },
  'a part removed': (bytes, random) => {
    const { start, end } = somePart(bytes, random);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  'a part twice': (bytes, random) => {
    const { start, end } = somePart(bytes, random);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  'a size changed': (bytes, random) => {
    const parts = partsOf(bytes);
    return parts.length === 0 ? changeNumber(bytes, random) : changeSize(bytes, random.pick(parts), random);
  },
  'a number of the index changed': (bytes, random) => {
    const parts = partsOf(bytes).filter(({ start, end }) => end - start < HEAD_BYTES);
    if (parts.length === 0) return changeNumber(bytes, random);
    const { start, end } = random.pick(parts);
    return changeNumber(bytes, random, { start: start + 8, end });
  },
  truncated: (bytes, random) => {
    const parts = partsOf(bytes);
    const isAtPart = parts.length > 0 && random.below(2) === 0;
    const length = isAtPart ? random.pick(parts).start : random.below(bytes.length);
    return bytes.subarray(0, length);
  },
  'spliced with another': (bytes, random, other) => {
    const head = bytes.subarray(0, random.below(bytes.length));
    return Buffer.concat([head, other.subarray(random.below(other.length))]);
  },
};

/** A changed copy of a file, and in which way it was changed. */
export function mutate(bytes: Buffer, other: Buffer, random: Random): { bytes: Buffer; how: string } {
  const [how, change] = random.pick(Object.entries(MUTATIONS));
  return { bytes: change(bytes, random, other), how };
}

function someRun(bytes: Buffer, random: Random) {
  const start = random.below(bytes.length);
  return { start, end: start + 1 + random.below(Math.max(1, (bytes.length - start) >> 1)) };
}

function somePart(bytes: Buffer, random: Random) {
  const parts = partsOf(bytes);
  return parts.length === 0 || random.below(4) === 0 ? someRun(bytes, random) : random.pick(parts);
}

function changeSize(bytes: Buffer, { sizeAt, sizeBytes, isLittleEndian }: Part, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  if (sizeAt + sizeBytes > changed.length) return changed;
  const size = isLittleEndian ? changed.readUIntLE(sizeAt, sizeBytes) : changed.readUIntBE(sizeAt, sizeBytes);
  const near = Math.max(0, size + random.below(64) - 32);
  const value = (random.below(2) === 0 ? near : random.pick(EXTREMES)) % 2 ** (8 * sizeBytes);
  if (isLittleEndian) changed.writeUIntLE(value, sizeAt, sizeBytes);
  else changed.writeUIntBE(value, sizeAt, sizeBytes);
  return changed;
}

function changeNumber(bytes: Buffer, random: Random, range = { start: 0, end: HEAD_BYTES }): Buffer {
  const changed = Buffer.from(bytes);
  const end = Math.min(range.end, changed.length) - 4;
  if (end <= range.start) return changed;
  changed.writeUInt32BE(random.pick(EXTREMES), range.start + random.below(end - range.start));
  return changed;
}
