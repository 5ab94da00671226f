import { open } from 'node:fs/promises';
import { isSoundRead } from '../codecs.ts';
import { childOf, type Mp4Box, parseBoxes, readTopLevelBoxes, refuse } from './boxes.ts';
import { readSampleEntry, type SampleEntry } from './sample-entry.ts';
import { MAX_PICTURES, readEdits, readSamples, type Samples, type VisiblePart } from './tables.ts';

/** What an MP4 file's own index tells; it holds nothing that the file could not have. Read it in the worker. */
export interface Mp4Index {
  readonly bytes: number;
  readonly boxes: readonly Mp4Box[];
  /** The content of the `moov` box, and where in the file it starts. */
  readonly moov: Buffer;
  readonly moovStart: number;
  /** Its samples lie in fragments that only ffmpeg reads. */
  readonly isFragmented: boolean;
  /** In the order of the file, as ffmpeg numbers them. */
  readonly tracks: readonly Mp4Track[];
}

export interface Mp4Track {
  readonly box: Mp4Box;
  /** `vide`, `soun`, or what else it is. */
  readonly handler: string;
  readonly isEnabled: boolean;
  /** Clockwise, in degrees. */
  readonly rotation: number;
  readonly timescale: number;
  readonly entry: SampleEntry | undefined;
  readonly samples: Samples;
  /** What players show of it. */
  readonly visible: VisiblePart;
}

/** Of twelve hours and more. */
const MAX_MOOV_BYTES = 64 * 1024 ** 2;
const MAX_TRACKS = 64;

/** Reads the index of an MP4, MOV, M4V or 3GP; throws a `UserError` where it claims what the file cannot hold. */
export async function readMp4Index(path: string): Promise<Mp4Index> {
  const { boxes, bytes } = await readTopLevelBoxes(path);
  const box = boxes.find(({ type }) => type === 'moov');
  // The index comes last in many files, and then it is what a broken transfer lacks.
  if (!box)
    return refuse(
      boxes.some(({ type, end }) => type === 'mdat' && end >= bytes) ? 'file_incomplete' : 'file_damaged',
    );
  if (box.end > bytes) return refuse('file_incomplete');
  if (box.end - box.contentStart > MAX_MOOV_BYTES) return refuse('file_damaged');
  const moov = await readPart(path, box.contentStart, box.end);
  const children = parseBoxes(moov, { from: 0, to: moov.length });
  const isFragmented =
    boxes.some(({ type }) => type === 'moof') ||
    children.some(({ type }) => type === 'mvex' || type === 'cmov');
  const traks = children.filter(({ type }) => type === 'trak');
  if (traks.length > MAX_TRACKS) return refuse('file_damaged');
  const movieTimescale = readMovieTimescale(moov, children);
  let pictures = 0;
  const tracks = traks.map((trak) => {
    const track = readTrack(moov, trak, { movieTimescale, bytes, isFragmented });
    pictures += track.samples.moments.length;
    // Each track for itself may claim as many as the file has bytes.
    return pictures > MAX_PICTURES ? refuse('file_damaged') : track;
  });
  return { bytes, boxes, moov, moovStart: box.contentStart, isFragmented, tracks };
}

async function readPart(path: string, start: number, end: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const content = Buffer.alloc(end - start);
    await handle.read(content, 0, content.length, start);
    return content;
  } finally {
    await handle.close();
  }
}

function readMovieTimescale(moov: Buffer, children: readonly Mp4Box[]): number {
  const mvhd = children.find(({ type }) => type === 'mvhd');
  if (!mvhd || mvhd.end > moov.length) return refuse('file_damaged');
  return readTimescale(moov, mvhd);
}

/** The timescale of an `mvhd` or `mdhd`, which follows the two times. */
function readTimescale(moov: Buffer, { contentStart, end }: Mp4Box): number {
  const at = contentStart + (moov[contentStart] === 1 ? 20 : 12);
  if (at + 4 > end) return refuse('file_damaged');
  return moov.readUInt32BE(at) || refuse('file_damaged');
}

function readTrack(
  moov: Buffer,
  box: Mp4Box,
  { movieTimescale, bytes, isFragmented }: { movieTimescale: number; bytes: number; isFragmented: boolean },
): Mp4Track {
  const find = (parent: Mp4Box | undefined, type: string) => parent && childOf(moov, parent, type);
  const media = find(box, 'mdia');
  const table = find(find(media, 'minf'), 'stbl');
  const [header, mediaHeader, handlerBox] = [find(box, 'tkhd'), find(media, 'mdhd'), find(media, 'hdlr')];
  if (!header || !mediaHeader || !table) return refuse('file_damaged');
  const handler = handlerBox
    ? moov.toString('latin1', handlerBox.contentStart + 8, handlerBox.contentStart + 12)
    : '';
  const timescale = readTimescale(moov, mediaHeader);
  const description = find(table, 'stsd');
  const entry = description && readSampleEntry(moov, description, handler);
  const samples = readSamples(moov, table, {
    bytes,
    timescale,
    bytesPerSample: entry?.bytesPerSample,
    hasTimes: handler === 'vide' && !isFragmented,
  });
  const visible = readEdits(moov, find(find(box, 'edts'), 'elst'), { samples, timescale, movieTimescale });
  return { box, handler, ...readHeader(moov, header), timescale, entry, samples, visible };
}

function readHeader(moov: Buffer, { contentStart, end }: Mp4Box) {
  const matrix = contentStart + (moov[contentStart] === 1 ? 52 : 40);
  if (matrix + 44 > end) return refuse('file_damaged');
  const [a, b] = [moov.readInt32BE(matrix), moov.readInt32BE(matrix + 4)];
  const quarter = Math.round(Math.atan2(b, a) / (Math.PI / 2));
  return { isEnabled: ((moov[contentStart + 3] ?? 0) & 1) === 1, rotation: ((quarter + 4) % 4) * 90 };
}

/** The picture that players show: the first that is switched on, never a cover. */
export function pictureOf({ tracks }: Mp4Index): Mp4Track | undefined {
  const pictures = tracks.filter(({ handler, entry }) => handler === 'vide' && entry !== undefined);
  return pictures.find(({ isEnabled }) => isEnabled) ?? pictures[0];
}

/** The sound that players play; phones add further ones that only they can. */
export function soundOf({ tracks }: Mp4Index): Mp4Track | undefined {
  const sounds = tracks.filter(
    ({ handler, entry, samples }) =>
      handler === 'soun' && entry !== undefined && samples.count > 0 && isSoundRead(entry.codec),
  );
  return sounds.find(({ isEnabled }) => isEnabled) ?? sounds[0];
}
