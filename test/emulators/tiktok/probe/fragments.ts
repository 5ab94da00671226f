import { findBox, findBoxes } from './boxes.ts';

/** Counts the samples of a track that lie in movie fragments; 0 for a file without any. */
export function readFragments(bytes: Buffer, moov: Buffer, trackId: number) {
  const defaults = findBoxes(moov, 'mvex', 'trex').find((trex) => trex.readUInt32BE(4) === trackId);
  const times = { count: 0, ticks: 0 };
  if (!defaults) return times;
  for (const traf of findBoxes(bytes, 'moof', 'traf')) {
    const header = findBox(traf, 'tfhd');
    if (header?.readUInt32BE(4) !== trackId) continue;
    const sampleTicks = readDefaultTicks(header) ?? defaults.readUInt32BE(12);
    for (const run of findBoxes(traf, 'trun')) {
      times.count += run.readUInt32BE(4);
      times.ticks += readRunTicks(run, sampleTicks);
    }
  }
  return times;
}

function readDefaultTicks(header: Buffer) {
  const flags = header.readUIntBE(1, 3);
  if (!(flags & 0x8)) return undefined;
  const at = 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
  return header.readUInt32BE(at);
}

function readRunTicks(run: Buffer, defaultTicks: number) {
  const flags = run.readUIntBE(1, 3);
  const count = run.readUInt32BE(4);
  if (!(flags & 0x100)) return count * defaultTicks;
  const start = 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const width = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  let ticks = 0;
  for (let index = 0; index < count; index += 1) ticks += run.readUInt32BE(start + index * width);
  return ticks;
}
