import type { ProbedMedia } from './index.ts';

const ids = {
  header: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
};

const codecs: Record<string, string> = {
  V_VP8: 'vp08',
  V_VP9: 'vp09',
  V_AV1: 'av01',
  'V_MPEG4/ISO/AVC': 'avc1',
  'V_MPEGH/ISO/HEVC': 'hvc1',
};

type Element = { id: number; body: Buffer; start: number; end: number; complete: boolean };

/** Walks a WebM or Matroska file. https://www.matroska.org/technical/elements.html */
export function probeWebm(bytes: Buffer): ProbedMedia | undefined {
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== ids.header) return undefined;
  const media: ProbedMedia = { kind: 'mkv', width: 0, height: 0, complete: true, hasAudio: false };
  const found = { scale: 1_000_000, ticks: 0, track: -1, clusterTicks: 0, lastTicks: 0, frames: 0 };
  // Segments, clusters and block groups are stepped into, so that their size may be unknown, as in live recordings.
  const opened = [ids.segment, ids.cluster, ids.blockGroup];
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    if (!element.complete) media.complete = false;
    if (opened.includes(element.id)) {
      at = element.start;
      continue;
    }
    readTop(element, media, found);
    at = element.end;
  }
  const seconds = (ticks: number) => (ticks * found.scale) / 1e9;
  const frameSpan = seconds(found.lastTicks) * (found.frames / Math.max(found.frames - 1, 1));
  media.durationSeconds = found.ticks > 0 ? seconds(found.ticks) : frameSpan;
  media.frameRate = frameSpan > 0 ? found.frames / frameSpan : 0;
  if (found.frames === 0) media.complete = false;
  return media;
}

type Found = {
  scale: number;
  ticks: number;
  track: number;
  clusterTicks: number;
  lastTicks: number;
  frames: number;
};

function readTop({ id, body }: Element, media: ProbedMedia, found: Found) {
  if (id === ids.header) {
    if (textOf(child(body, ids.docType)) === 'webm') media.kind = 'webm';
  } else if (id === ids.info) {
    found.scale = uint(child(body, ids.timestampScale)) || 1_000_000;
    found.ticks = float(child(body, ids.duration));
  } else if (id === ids.tracks) {
    for (const track of children(body)) if (track.id === ids.trackEntry) readTrack(track.body, media, found);
  } else if (id === ids.timestamp) {
    found.clusterTicks = uint(body);
  } else if (id === ids.simpleBlock || id === ids.block) {
    const { value: track, length } = readVint(body, 0);
    if (track !== found.track) return;
    found.frames += 1;
    found.lastTicks = Math.max(found.lastTicks, found.clusterTicks + body.readInt16BE(length));
  }
}

function readTrack(track: Buffer, media: ProbedMedia, found: Found) {
  const type = uint(child(track, ids.trackType));
  if (type === 2) media.hasAudio = true;
  if (type !== 1 || found.track !== -1) return;
  found.track = uint(child(track, ids.trackNumber));
  const codecId = textOf(child(track, ids.codecId));
  media.codec = codecs[codecId] ?? codecId;
  const video = child(track, ids.video);
  media.width = uint(video && child(video, ids.pixelWidth));
  media.height = uint(video && child(video, ids.pixelHeight));
}

function readElement(bytes: Buffer, at: number): Element {
  const idLength = Math.clz32(bytes.readUInt8(at)) - 23;
  if (idLength > 4) throw new RangeError('An EBML id is longer than four bytes.');
  const id = bytes.readUIntBE(at, idLength);
  const size = readVint(bytes, at + idLength);
  const start = at + idLength + size.length;
  const end = size.unknown ? bytes.length : start + size.value;
  return { id, start, end, body: bytes.subarray(start, end), complete: end <= bytes.length };
}

function readVint(bytes: Buffer, at: number) {
  const first = bytes.readUInt8(at);
  const length = Math.clz32(first) - 23;
  if (length > 8) throw new RangeError('An EBML size is longer than eight bytes.');
  let value = first & (0xff >> length);
  let unknown = value === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = bytes.readUInt8(at + index);
    value = value * 256 + byte;
    if (byte !== 0xff) unknown = false;
  }
  return { value, length, unknown };
}

function* children(bytes: Buffer): Generator<Element> {
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    yield element;
    at = element.end;
  }
}

function child(bytes: Buffer, id: number): Buffer | undefined {
  for (const element of children(bytes)) if (element.id === id) return element.body;
  return undefined;
}

function uint(body: Buffer | undefined) {
  return body && body.length > 0 ? Number(`0x${body.toString('hex')}`) : 0;
}

function float(body: Buffer | undefined) {
  if (body?.length === 4) return body.readFloatBE(0);
  return body?.length === 8 ? body.readDoubleBE(0) : 0;
}

const textOf = (body: Buffer | undefined) => body?.toString('latin1').replace(/\0+$/, '') ?? '';
