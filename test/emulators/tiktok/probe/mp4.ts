import { findBox, findBoxes, readBoxes } from './boxes.ts';
import { readFragments } from './fragments.ts';
import type { ProbedMedia } from './index.ts';

const imageBrands: Record<string, 'heic' | 'avif'> = {
  heic: 'heic',
  heix: 'heic',
  mif1: 'heic',
  msf1: 'heic',
  avif: 'avif',
  avis: 'avif',
};

/** Reads MP4 and MOV, whole or fragmented; HEIC and AVIF share their boxes and are told apart by brand. */
export function probeMp4(bytes: Buffer): ProbedMedia | undefined {
  if (!['ftyp', 'moov'].includes(bytes.subarray(4, 8).toString('latin1'))) return undefined;
  const boxes = [...readBoxes(bytes)];
  const brand = boxes[0]?.type === 'ftyp' ? boxes[0].body.subarray(0, 4).toString('latin1') : 'qt  ';
  const image = imageBrands[brand];
  if (image) return { kind: image, ...readImageSize(bytes), complete: boxes.every((box) => box.complete) };

  const moov = boxes.find((box) => box.type === 'moov')?.body;
  const hasFrames = boxes.some((box) => box.type === 'mdat');
  const media: ProbedMedia = {
    kind: brand === 'qt  ' ? 'mov' : 'mp4',
    width: 0,
    height: 0,
    complete: moov !== undefined && hasFrames && boxes.every((box) => box.complete),
    fastStart: boxes.findIndex((box) => box.type === 'moov') < boxes.findIndex((box) => box.type === 'mdat'),
  };
  if (!moov) return media;
  const tracks = findBoxes(moov, 'trak');
  const video = tracks.find((track) => handlerOf(track) === 'vide');
  media.hasAudio = tracks.some((track) => handlerOf(track) === 'soun');
  const movie = readDuration(findBox(moov, 'mvhd'));
  return { ...media, durationSeconds: movie, ...(video && readVideoTrack(video, moov, bytes, movie)) };
}

function handlerOf(track: Buffer) {
  return findBox(track, 'mdia', 'hdlr')?.subarray(8, 12).toString('latin1');
}

function readVideoTrack(track: Buffer, moov: Buffer, bytes: Buffer, movieSeconds: number) {
  const samples = findBox(track, 'mdia', 'minf', 'stbl');
  const header = findBox(track, 'tkhd');
  const mediaHeader = findBox(track, 'mdia', 'mdhd');
  if (!samples || !header || !mediaHeader) return {};
  const timescale = mediaHeader.readUInt32BE(mediaHeader[0] === 1 ? 20 : 12);
  const entry = findBox(samples, 'stsd')?.subarray(8);
  const { count, ticks } = addUp(readTimes(samples), readFragments(bytes, moov, readTrackId(header)));
  const seconds = timescale > 0 ? ticks / timescale : 0;
  return {
    codec: entry?.subarray(4, 8).toString('latin1') ?? '',
    width: entry?.readUInt16BE(32) ?? 0,
    height: entry?.readUInt16BE(34) ?? 0,
    rotation: readRotation(header),
    durationSeconds: Math.max(movieSeconds, seconds),
    frameRate: seconds > 0 ? count / seconds : 0,
  };
}

type Times = { count: number; ticks: number };

function addUp(one: Times, other: Times): Times {
  return { count: one.count + other.count, ticks: one.ticks + other.ticks };
}

function readTimes(samples: Buffer): Times {
  const table = findBox(samples, 'stts');
  const times = { count: 0, ticks: 0 };
  if (!table) return times;
  const entries = table.readUInt32BE(4);
  for (let index = 0; index < entries; index += 1) {
    const count = table.readUInt32BE(8 + index * 8);
    times.count += count;
    times.ticks += count * table.readUInt32BE(12 + index * 8);
  }
  return times;
}

function readDuration(header: Buffer | undefined) {
  if (!header) return 0;
  const isLong = header[0] === 1;
  const timescale = header.readUInt32BE(isLong ? 20 : 12);
  const ticks = isLong ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
  return timescale > 0 ? ticks / timescale : 0;
}

function readTrackId(header: Buffer) {
  return header.readUInt32BE(header[0] === 1 ? 20 : 12);
}

/** The display matrix turns by quarters in files that cameras write. */
function readRotation(header: Buffer) {
  const matrix = header[0] === 1 ? 52 : 40;
  const a = header.readInt32BE(matrix);
  const b = header.readInt32BE(matrix + 4);
  return (Math.round(Math.atan2(b, a) / (Math.PI / 2)) * 90 + 360) % 360;
}

/** The largest `ispe` is the picture; tiles and thumbnails are smaller. */
function readImageSize(bytes: Buffer) {
  const size = { width: 0, height: 0 };
  for (const meta of findBoxes(bytes, 'meta')) {
    for (const ispe of findBoxes(meta.subarray(4), 'iprp', 'ipco', 'ispe')) {
      size.width = Math.max(size.width, ispe.readUInt32BE(4));
      size.height = Math.max(size.height, ispe.readUInt32BE(8));
    }
  }
  return size;
}
