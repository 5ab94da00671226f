import { type FileHandle, open } from 'node:fs/promises';
import { type Mp4Box, parseBoxes } from './boxes.ts';
import { type Mp4Index, pictureOf, soundOf } from './index.ts';
import { entryBoxesStart } from './sample-entry.ts';
import { findUserData } from './user-data.ts';

/** Bytes of a file that are written anew: zeros, but for the name of a box that was made an empty one. */
interface Mp4Edit {
  readonly start: number;
  readonly end: number;
  /** What the first bytes become; usually zeros as well. */
  readonly bytes?: Uint8Array | undefined;
}

/** What has to be changed in an MP4 so that nothing but picture and sound leaves with it; lengths stay. */
export interface Mp4Cleaning {
  readonly edits: readonly Mp4Edit[];
  /** The file ends here; what follows is no part of it. */
  readonly end: number;
  /** It tells something that a person would not expect it to. */
  readonly hadMetadata: boolean;
  readonly hadPlace: boolean;
  /** Bytes among the media that neither picture nor sound uses. */
  readonly unusedBytes: number;
}

/** What a kept box may hold; everything else in it is taken out. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  moov: ['mvhd', 'trak', 'iods'],
  trak: ['tkhd', 'edts', 'mdia', 'tapt'],
  edts: ['elst'],
  mdia: ['mdhd', 'hdlr', 'minf'],
  minf: ['vmhd', 'smhd', 'dinf', 'stbl', 'hdlr'],
  dinf: ['dref'],
  stbl: [
    'stsd',
    'stts',
    'ctts',
    'cslg',
    'stsz',
    'stz2',
    'stsc',
    'stco',
    'co64',
    'stss',
    'stps',
    'sdtp',
    'sgpd',
    'sbgp',
  ],
  // What decoders need, and how the picture is to be shown.
  vide: [
    'avcC',
    'hvcC',
    'vpcC',
    'esds',
    'pasp',
    'colr',
    'clap',
    'fiel',
    'btrt',
    'gama',
    'chrm',
    'mdcv',
    'clli',
  ],
  soun: ['esds', 'wave', 'chan', 'btrt', 'dOps'],
};

/** Names that encoders give to every file they write, and that tell of nobody. */
const USUAL_NAMES = /^((Video|Sound|Data)Handler)?$/;
const USUAL_ENCODERS = /^(|Lavc[\d.]*( \w+)?|(JVT\/)?(AVC|HEVC|VPC) ?Coding|H\.26[45]|HEVC|AVC1?)$/i;
const PLACE = /\xa9xyz|loci|ISO6709|location|GPS|gpmd|GPMF|camm/;
const MAX_SEARCHED_BYTES = 4 * 1024 ** 2;
/** An edit is a message from the worker; a file with more of them is copied by ffmpeg. */
const MAX_EDITS = 100_000;

interface Found {
  readonly edits: Mp4Edit[];
  hadMetadata: boolean;
  hadPlace: boolean;
}

/**
 * Finds everything in an MP4 that neither picture nor sound needs; undefined where it is too scattered to cut out, or the
 * media claims to go on past the end, which some readers do not forgive: such a file is to be written anew.
 */
export async function planCleaning(path: string, index: Mp4Index): Promise<Mp4Cleaning | undefined> {
  if (index.boxes.some(({ type, end }) => type === 'mdat' && end > index.bytes)) return undefined;
  const handle = await open(path, 'r');
  try {
    const found: Found = { edits: [], hadMetadata: false, hadPlace: false };
    const end = await cleanTopLevel(handle, index, found);
    cleanMovie(index, found);
    const gaps = findGaps(index).filter((gap) => gap.start < end);
    if (gaps.length + found.edits.length > MAX_EDITS) return undefined;
    const unusedBytes = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
    // Padding of a recorder is no secret; a hidden picture is.
    for (const gap of gaps) {
      if (await isZero(handle, gap)) continue;
      await note(handle, gap, found);
      found.edits.push(gap);
    }
    const picture = pictureOf(index);
    const userData = picture ? findUserData(path, picture, MAX_EDITS) : [];
    if (userData.length + found.edits.length > MAX_EDITS) return undefined;
    for (const { start, bytes, hasPlace } of userData) {
      found.hadMetadata = true;
      found.hadPlace ||= hasPlace;
      found.edits.push({ start, end: start + bytes.length, bytes });
    }
    const { hadMetadata, hadPlace } = found;
    return {
      edits: found.edits.toSorted((a, b) => a.start - b.start),
      end,
      hadMetadata,
      hadPlace,
      unusedBytes,
    };
  } finally {
    await handle.close();
  }
}

/** Empties what is neither index nor media, and says where the last part that is needed ends. */
async function cleanTopLevel(handle: FileHandle, { boxes, bytes }: Mp4Index, found: Found): Promise<number> {
  // Nobody reads a second index.
  const once = ['ftyp', 'moov'].map((type) => boxes.find((box) => box.type === type));
  const isNeeded = (box: Mp4Box) => box.type === 'mdat' || once.includes(box);
  const end = Math.min(bytes, boxes.findLast(isNeeded)?.end ?? bytes);
  const rest = { start: end, end: bytes };
  if (end < bytes && !(await isZero(handle, rest))) await note(handle, rest, found);
  for (const box of boxes) {
    if (isNeeded(box) || box.start >= end) continue;
    const content = { start: box.contentStart, end: Math.min(box.end, bytes) };
    const isPadding = ['free', 'skip', 'wide'].includes(box.type);
    if (isPadding && (await isZero(handle, content))) continue;
    await note(handle, content, found);
    empty({ ...box, end: content.end }, 0, found);
  }
  return end;
}

async function note(handle: FileHandle, { start, end }: { start: number; end: number }, found: Found) {
  found.hadMetadata = true;
  const content = Buffer.alloc(Math.min(end - start, MAX_SEARCHED_BYTES));
  await handle.read(content, 0, content.length, start);
  found.hadPlace ||= PLACE.test(content.toString('latin1'));
}

/** Makes a box one that everybody skips. */
function empty({ start, contentStart, end }: Mp4Box, offset: number, { edits }: Found): void {
  edits.push({ start: offset + start + 4, end: offset + start + 8, bytes: Buffer.from('free') });
  if (end > contentStart) edits.push({ start: offset + contentStart, end: offset + end });
}

async function isZero(handle: FileHandle, { start, end }: { start: number; end: number }): Promise<boolean> {
  const buffer = Buffer.alloc(Math.min(1024 ** 2, end - start));
  for (let at = start; at < end; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return true;
    if (buffer.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    at += bytesRead;
  }
  return true;
}

function cleanMovie(index: Mp4Index, found: Found): void {
  const kept = new Set([pictureOf(index), soundOf(index)]);
  const { moov, moovStart } = index;
  const isKeptTrack = (box: Mp4Box) =>
    index.tracks.some((track) => kept.has(track) && track.box.start === box.start);

  function clean(parent: string, from: number, to: number, handler: string): void {
    const inside = parseBoxes(moov, { from, to: Math.min(to, moov.length) });
    for (const box of inside) {
      const isKept = KEPT[parent]?.includes(box.type) && (box.type !== 'trak' || isKeptTrack(box));
      if (!isKept) {
        const content = moov.toString('latin1', box.contentStart, box.end);
        if (/^\0*$/.test(content) && /^(free|skip|wide|udta)$/.test(box.type)) continue;
        if (!isToolName(content)) found.hadMetadata = true;
        found.hadPlace ||= PLACE.test(content);
        empty({ ...box, end: Math.min(box.end, to, moov.length) }, moovStart, found);
      } else visit(box, handler);
    }
    // What is no box is nothing that a player reads; entries may end in fields of their own.
    if (!/^(vide|soun)$/.test(parent))
      zero(inside.at(-1)?.end ?? from, Math.min(to, moov.length), () => false);
  }

  function visit(box: Mp4Box, handler: string): void {
    if (box.type in KEPT) {
      const track = box.type === 'trak' ? index.tracks.find((one) => one.box.start === box.start) : undefined;
      clean(box.type, box.contentStart, box.end, track?.handler ?? handler);
    } else if (/^(mvhd|tkhd|mdhd)$/.test(box.type)) {
      // Version 1 holds the two times in 64 bits each; both follow the version and three bytes of flags.
      zero(box.contentStart + 4, box.contentStart + (moov[box.contentStart] === 1 ? 20 : 12), () => false);
    } else if (box.type === 'hdlr') {
      zero(box.contentStart + 12, box.contentStart + 16, () => true);
      zero(box.contentStart + 24, box.end, (name) => USUAL_NAMES.test(name));
    } else if (box.type === 'dref') {
      // An alias of QuickTime's has the path that the file once had.
      for (const reference of parseBoxes(moov, { from: box.contentStart + 8, to: box.end }))
        zero(reference.contentStart + 4, reference.end, () => false);
    } else if (box.type === 'stsd') {
      for (const entry of parseBoxes(moov, { from: box.contentStart + 8, to: box.end }))
        visitEntry(entry, handler);
    }
  }

  function visitEntry(entry: Mp4Box, handler: string): void {
    // The maker of the encoder, in four letters; then, for pictures, its name.
    zero(entry.contentStart + 12, entry.contentStart + 16, () => true);
    if (handler === 'vide')
      zero(entry.contentStart + 42, entry.contentStart + 74, (name) => USUAL_ENCODERS.test(name));
    clean(handler, entryBoxesStart(moov, entry, handler), entry.end, handler);
  }

  function zero(start: number, end: number, isUsual: (text: string) => boolean): void {
    if (start >= end) return;
    const content = moov.subarray(start, end);
    if (content.every((byte) => byte === 0)) return;
    // A name begins with its length in QuickTime and in the entry of a picture.
    const text = content
      .toString('latin1')
      .replaceAll(/[^\x20-\xff]/g, '')
      .trim();
    if (!isUsual(text)) found.hadMetadata = true;
    found.edits.push({ start: moovStart + start, end: moovStart + end });
  }

  clean('moov', 0, moov.length, '');
}

/** `udta` with nothing but the name of the program that wrote the file. */
function isToolName(content: string): boolean {
  return /^.{4}meta.{8}hdlr.{20,40}ilst.{4}\xa9too.{4}data.{8}Lav[fc][\d.]*.{0,8}$/s.test(content);
}

/** The parts of the media that no kept track uses. */
function findGaps(index: Mp4Index): Mp4Edit[] {
  const kept = [pictureOf(index), soundOf(index)].filter((track) => track !== undefined);
  // Where each chunk starts and ends; there may be millions.
  const bounds = new Float64Array(kept.reduce((sum, { samples }) => sum + samples.chunks.length, 0));
  let filled = 0;
  for (const { samples } of kept) {
    bounds.set(samples.chunks, filled);
    filled += samples.chunks.length;
  }
  const startOf = (chunk: number) => bounds[chunk * 2] ?? 0;
  const order = Uint32Array.from({ length: bounds.length / 2 }, (_, chunk) => chunk);
  order.sort((a, b) => startOf(a) - startOf(b));
  const gaps: Mp4Edit[] = [];
  let next = 0;
  for (const box of index.boxes) {
    if (box.type !== 'mdat') continue;
    let at = box.contentStart;
    const boxEnd = Math.min(box.end, index.bytes);
    for (; next < order.length && startOf(order[next] ?? 0) < boxEnd; next += 1) {
      const chunk = order[next] ?? 0;
      if (startOf(chunk) > at) gaps.push({ start: at, end: startOf(chunk) });
      at = Math.max(at, bounds[chunk * 2 + 1] ?? 0);
    }
    if (at < boxEnd) gaps.push({ start: at, end: boxEnd });
  }
  return gaps;
}
