import { type Mp4Box, parseBoxes } from './boxes.ts';

/** How the samples of a track are encoded. */
export interface SampleEntry {
  /** Where in `moov` it starts and ends. */
  readonly start: number;
  readonly end: number;
  /** ffmpeg's name of the codec, or the file's own four letters. */
  readonly codec: string;
  /** Pictures: as encoded. */
  readonly width: number;
  readonly height: number;
  readonly pixelAspect: number;
  /** Undefined where the entry does not tell. */
  readonly pixelFormat: string | undefined;
  readonly hdr: 'pq' | 'hlg' | undefined;
  /** H.264 and H.265: how many bytes the length before each unit has. */
  readonly lengthBytes: number | undefined;
  /** Sounds. */
  readonly channels: number;
  readonly sampleRate: number;
  /** AAC as every player knows it. */
  readonly isPlainAac: boolean;
  /** Where a sample is one moment of uncompressed sound, and the index counts in these. */
  readonly bytesPerSample: number | undefined;
}

const PICTURE_CODECS = new Map([
  ['avc1', 'h264'],
  ['avc3', 'h264'],
  ['hvc1', 'hevc'],
  ['hev1', 'hevc'],
  ['dvh1', 'hevc'],
  ['dvhe', 'hevc'],
  ['vp08', 'vp8'],
  ['vp09', 'vp9'],
  ['av01', 'av1'],
  ['apcn', 'prores'],
  ['apcs', 'prores'],
  ['apco', 'prores'],
  ['apch', 'prores'],
  ['ap4h', 'prores'],
  ['ap4x', 'prores'],
  ['jpeg', 'mjpeg'],
  ['mjpa', 'mjpeg'],
  ['mjpb', 'mjpeg'],
  ['s263', 'h263'],
  ['h263', 'h263'],
]);

const SOUND_CODECS = new Map([
  ['.mp3', 'mp3'],
  ['Opus', 'opus'],
  ['fLaC', 'flac'],
  ['ac-3', 'ac3'],
  ['ec-3', 'eac3'],
  ['samr', 'amr_nb'],
  ['sawb', 'amr_wb'],
  ['ulaw', 'pcm_mulaw'],
  ['alaw', 'pcm_alaw'],
]);

/** The codecs behind the object types of `esds`. */
const OBJECT_TYPES = new Map([
  [0x20, 'mpeg4'],
  [0x40, 'aac'],
  [0x60, 'mpeg2video'],
  [0x61, 'mpeg2video'],
  [0x66, 'aac'],
  [0x67, 'aac'],
  [0x68, 'aac'],
  [0x69, 'mp3'],
  [0x6a, 'mpeg1video'],
  [0x6b, 'mp3'],
  [0x6c, 'mjpeg'],
  [0xa5, 'ac3'],
  [0xa6, 'eac3'],
  [0xdd, 'vorbis'],
]);

const PCM = /^(sowt|twos|lpcm|in24|in32|fl32|fl64|raw |NONE|ipcm|fpcm)$/;
/** Low complexity, and its two extensions for low rates. */
const PLAIN_AAC = new Set([2, 5, 29]);
/** How long an entry is before the boxes inside it. */
const PICTURE_ENTRY_BYTES = 78;
const SOUND_ENTRY_BYTES = [28, 44, 64];

/** Reads the first entry of an `stsd`; undefined for what is neither picture nor sound. */
export function readSampleEntry(moov: Buffer, box: Mp4Box, handler: string): SampleEntry | undefined {
  const [entry] = parseBoxes(moov, { from: box.contentStart + 8, to: box.end });
  if (!entry || entry.end > box.end) return undefined;
  if (handler === 'vide') return readPicture(moov, entry);
  return handler === 'soun' ? readSound(moov, entry) : undefined;
}

/** Where the boxes inside an entry begin. */
export function entryBoxesStart(moov: Buffer, { contentStart }: Mp4Box, handler: string): number {
  if (handler === 'vide') return contentStart + PICTURE_ENTRY_BYTES;
  return contentStart + (SOUND_ENTRY_BYTES[moov.readUInt16BE(contentStart + 8)] ?? 28);
}

const nothing = {
  width: 0,
  height: 0,
  pixelAspect: 1,
  pixelFormat: undefined,
  hdr: undefined,
  lengthBytes: undefined,
  channels: 0,
  sampleRate: 0,
  isPlainAac: false,
  bytesPerSample: undefined,
};

function readPicture(moov: Buffer, entry: Mp4Box): SampleEntry | undefined {
  const { type, start, contentStart, end } = entry;
  if (contentStart + PICTURE_ENTRY_BYTES > end) return undefined;
  const inside = parseBoxes(moov, { from: contentStart + PICTURE_ENTRY_BYTES, to: end });
  const find = (name: string) => contentOf(moov, inside, name, end);
  const [avc, hevc, esds, aspect] = [find('avcC'), find('hvcC'), find('esds'), find('pasp')];
  const isDolby = inside.some((box) => /^dv[cvw]C$/.test(box.type));
  return {
    ...nothing,
    start,
    end,
    codec: PICTURE_CODECS.get(type) ?? (esds && OBJECT_TYPES.get(objectTypeOf(esds).type)) ?? type,
    width: moov.readUInt16BE(contentStart + 24),
    height: moov.readUInt16BE(contentStart + 26),
    pixelAspect: aspect && aspect.length >= 8 ? aspect.readUInt32BE(0) / aspect.readUInt32BE(4) || 1 : 1,
    pixelFormat: avc ? avcPixelFormat(avc) : hevc && hevcPixelFormat(hevc),
    hdr: hdrOf(find('colr')) ?? (isDolby ? 'pq' : undefined),
    lengthBytes: avc ? ((avc[4] ?? 3) & 3) + 1 : hevc && ((hevc[21] ?? 3) & 3) + 1,
  };
}

function contentOf(moov: Buffer, boxes: readonly Mp4Box[], type: string, end: number): Buffer | undefined {
  const box = boxes.find((one) => one.type === type && one.end <= end);
  return box && moov.subarray(box.contentStart, box.end);
}

/** Baseline, Main and High have 8 bits and 4:2:0; the profiles above them need not. */
function avcPixelFormat(config: Buffer): string | undefined {
  const profile = config[1] ?? 0;
  return [66, 77, 88, 100].includes(profile) ? 'yuv420p' : `profile ${profile}`;
}

function hevcPixelFormat(config: Buffer): string | undefined {
  if (config.length < 23) return undefined;
  const [chroma, luma] = [(config[16] ?? 0) & 3, ((config[17] ?? 0) & 7) + 8];
  if (luma !== 8) return `${luma} bit`;
  return chroma === 1 ? 'yuv420p' : '4:2:2';
}

/** By the transfer of an `nclx` or `nclc`: https://www.itu.int/rec/T-REC-H.273 */
function hdrOf(colour: Buffer | undefined): 'pq' | 'hlg' | undefined {
  if (!colour || colour.length < 10 || !/^ncl[xc]$/.test(colour.toString('latin1', 0, 4))) return undefined;
  const transfer = colour.readUInt16BE(6);
  if (transfer === 16) return 'pq';
  return transfer === 18 ? 'hlg' : undefined;
}

function readSound(moov: Buffer, entry: Mp4Box): SampleEntry | undefined {
  const { type, start, contentStart, end } = entry;
  if (contentStart + 28 > end) return undefined;
  const version = moov.readUInt16BE(contentStart + 8);
  const from = entryBoxesStart(moov, entry, 'soun');
  if (from > end) return undefined;
  const inside = parseBoxes(moov, { from, to: end });
  const wave = inside.find((box) => box.type === 'wave' && box.end <= end);
  const deeper = wave ? parseBoxes(moov, { from: wave.contentStart, to: wave.end }) : [];
  const esds = contentOf(moov, [...inside, ...deeper], 'esds', end);
  const object = esds && objectTypeOf(esds);
  const codec = SOUND_CODECS.get(type) ?? (object && OBJECT_TYPES.get(object.type)) ?? type;
  const [channels, bits] = [moov.readUInt16BE(contentStart + 16), moov.readUInt16BE(contentStart + 18)];
  return {
    ...nothing,
    start,
    end,
    codec: PCM.test(type) ? 'pcm' : codec,
    channels: version === 2 ? moov.readUInt32BE(contentStart + 40) : channels,
    sampleRate: version === 2 ? moov.readDoubleBE(contentStart + 32) : moov.readUInt16BE(contentStart + 24),
    isPlainAac: codec === 'aac' && (object?.audioType === undefined || PLAIN_AAC.has(object.audioType)),
    bytesPerSample: bytesPerSample(moov, contentStart, { type, version, channels, bits }),
  };
}

/** By the version of the entry, as https://developer.apple.com/documentation/quicktime-file-format has them. */
function bytesPerSample(
  moov: Buffer,
  at: number,
  { type, version, channels, bits }: { type: string; version: number; channels: number; bits: number },
): number | undefined {
  if (version === 2) return PCM.test(type) ? moov.readUInt32BE(at + 56) || 1 : undefined;
  if (version === 1) return moov.readUInt32BE(at + 36) / moov.readUInt32BE(at + 28) || undefined;
  if (/^[ua]law$/.test(type)) return Math.max(1, channels);
  return PCM.test(type) ? Math.max(1, (channels * bits) / 8) : undefined;
}

/** The object type of an `esds`, and the audio object type that its decoder is told. */
function objectTypeOf(esds: Buffer): { type: number; audioType?: number | undefined } {
  let at = 4;
  const readDescriptor = (tag: number): boolean => {
    if (esds[at] !== tag) return false;
    at += 1;
    // A length of up to four bytes with seven bits each.
    for (let byte = 0; byte < 4 && ((esds[at] ?? 0) & 0x80) !== 0; byte += 1) at += 1;
    at += 1;
    return true;
  };
  if (readDescriptor(3)) {
    const flags = esds[at + 2] ?? 0;
    at += 3 + ((flags & 0x80) === 0 ? 0 : 2) + ((flags & 0x20) === 0 ? 0 : 2);
    if ((flags & 0x40) !== 0) at += 1 + (esds[at] ?? 0);
  }
  if (!readDescriptor(4)) return { type: 0 };
  const type = esds[at] ?? 0;
  at += 13;
  if (!readDescriptor(5)) return { type };
  const short = (esds[at] ?? 0) >> 3;
  return {
    type,
    audioType: short === 31 ? 32 + (((esds[at] ?? 0) & 7) << 3) + ((esds[at + 1] ?? 0) >> 5) : short,
  };
}
