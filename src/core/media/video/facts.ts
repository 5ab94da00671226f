import { stat } from 'node:fs/promises';
import { FfmpegMissingError, UserError } from '../../problems.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { VideoFormat } from '../types.ts';
import { demuxerOf, isMp4Family } from './codecs.ts';
import { type ProbedHeader, type ProbedStream, probeHeader, probePackets } from './ffprobe.ts';
import { type Mp4Content, runMp4Job } from './mp4/jobs.ts';
import { type FrameTiming, measureFrames } from './timing.ts';

/** What a video is, as players show it. */
export interface VideoFacts {
  readonly kind: 'video';
  readonly container: VideoFormat;
  readonly bytes: number;
  /** As shown: after rotation, in square pixels. */
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
  readonly picture: PictureFacts;
  /** The one that players play. */
  readonly sound?: SoundFacts | undefined;
  /** Further sounds, subtitles, covers, data of a camera: they don't go along. */
  readonly otherTracks: number;
  /** What it tells beside picture and sound. */
  readonly metadata: 'none' | 'some' | 'place';
  /** MP4 and MOV: bytes among the media that neither picture nor sound uses. */
  readonly unusedBytes: number;
  /** MP4 and MOV: whether what is to be removed can be overwritten in place. */
  readonly canClean: boolean;
  /** An edit list hides a part of the media; the picture may be one that can be cut without encoding. */
  readonly trim?: { readonly canCopyPicture: boolean; readonly ofSound: boolean } | undefined;
}

export interface PictureFacts extends FrameTiming {
  /** Its number in the file, from 0. */
  readonly stream: number;
  /** ffmpeg's name, as all codecs and formats here. */
  readonly codec: string;
  /** As encoded. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Clockwise, in degrees. */
  readonly rotation: number;
  /** How wide a pixel is for its height. */
  readonly pixelAspect: number;
  /** Undefined where nothing tells. */
  readonly pixelFormat: string | undefined;
  readonly hdr: 'pq' | 'hlg' | undefined;
  readonly isInterlaced: boolean;
  /** When the last frame goes. */
  readonly endSeconds: number;
}

export interface SoundFacts {
  readonly stream: number;
  readonly codec: string;
  readonly channels: number;
  readonly sampleRate: number;
  /** AAC as every player knows it: low complexity, or one of its extensions for low rates. */
  readonly isPlainAac: boolean;
}

/** Of the picture and of the sound: what is hidden beyond belongs to a trim, and not to how codecs begin and end. */
const MAX_HIDDEN_SECONDS = { picture: 0.1, sound: 0.2 };
/** Pixels that are nearly square were meant to be. */
const SQUARE_TOLERANCE = 0.02;
/** A file whose header promises so much more than it has is not whole. */
const MISSING = { seconds: 1, share: 0.05 };
/** Sides beyond these are nobody's video. */
const MAX_CODED_SIDE = 16_384;
/** The fastest phones take 960 frames a second. */
const MAX_RATE = 2000;

/**
 * Says what is inside a video whose container is known.
 *
 * @throws UserError for the file's faults, FfmpegMissingError where only ffmpeg can tell, MediaTimeoutError.
 */
export async function inspectVideo({
  path,
  format,
  ffmpeg,
  signal,
  timeoutMs,
}: {
  path: string;
  format: VideoFormat;
  ffmpeg?: Ffmpeg | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}): Promise<VideoFacts> {
  const { size: bytes } = await stat(path);
  const index = isMp4Family(format)
    ? await runMp4Job({ path, hasUnits: ffmpeg === undefined }, { signal, timeoutMs })
    : undefined;
  if (!ffmpeg) {
    if (!index) throw new FfmpegMissingError(`Only ffmpeg reads a ${format} like this. Install ffmpeg.`);
    return checked({ kind: 'video', container: format, bytes, ...factsOfIndex(index) });
  }
  const input = { path, demuxer: demuxerOf(format) };
  const header = await probeHeader(ffmpeg, input, { signal });
  const facts = index
    ? withHeader(factsOfIndex(index), header)
    : await factsOfPackets(ffmpeg, { input, header, bytes, format, signal });
  return checked({ kind: 'video', container: format, bytes, ...facts });
}

/** The facts of an MP4 of our own, from its index alone. */
export function factsOfMp4(content: Mp4Content, { bytes }: { bytes: number }): VideoFacts {
  return checked({ kind: 'video', container: 'MP4', bytes, ...factsOfIndex(content) });
}

type Content = Omit<VideoFacts, 'kind' | 'container' | 'bytes'>;

function checked(facts: VideoFacts): VideoFacts {
  const { picture, durationSeconds, width, height } = facts;
  const numbers = [picture.framesPerSecond, durationSeconds, width, height];
  const isPlausible =
    numbers.every((number) => Number.isFinite(number) && number > 0) &&
    picture.framesPerSecond <= MAX_RATE &&
    Math.max(picture.codedWidth, picture.codedHeight) <= MAX_CODED_SIDE;
  if (!isPlausible) throw new UserError({ code: 'file_damaged' });
  return facts;
}

function factsOfIndex({ picture, sound, otherTracks, cleaning }: Mp4Content): Content {
  const { entry, timing, rotation, stream, endSeconds } = picture;
  const isPictureTrimmed = picture.hiddenSeconds > MAX_HIDDEN_SECONDS.picture;
  const isSoundTrimmed = (sound?.hiddenSeconds ?? 0) > MAX_HIDDEN_SECONDS.sound;
  const canCopyPicture = picture.isCutCleanly || !isPictureTrimmed;
  return {
    ...shownSize({ ...entry, rotation }),
    durationSeconds: Math.max(endSeconds, sound?.endSeconds ?? 0),
    picture: {
      ...timing,
      stream,
      codec: entry.codec,
      codedWidth: entry.width,
      codedHeight: entry.height,
      rotation,
      pixelAspect: square(entry.pixelAspect),
      pixelFormat: entry.pixelFormat,
      hdr: entry.hdr,
      isInterlaced: false,
      endSeconds,
    },
    sound: sound && {
      stream: sound.stream,
      codec: sound.entry.codec,
      channels: sound.entry.channels,
      sampleRate: sound.entry.sampleRate,
      isPlainAac: sound.entry.isPlainAac,
    },
    otherTracks,
    metadata: cleaning?.hadPlace ? 'place' : cleaning && !cleaning.hadMetadata ? 'none' : 'some',
    unusedBytes: cleaning?.unusedBytes ?? 0,
    canClean: cleaning !== undefined,
    trim: isPictureTrimmed || isSoundTrimmed ? { canCopyPicture, ofSound: isSoundTrimmed } : undefined,
  };
}

/** What ffprobe knows better: it has looked into the first pictures. */
function withHeader(facts: Content, { streams }: ProbedHeader): Content {
  const picture = streams.find(({ index }) => index === facts.picture.stream);
  const sound = facts.sound && streams.find(({ index }) => index === facts.sound?.stream);
  // It has found no way to begin: nothing in the picture can be read.
  if (picture?.codec_type !== 'video' || !picture.width || !picture.height)
    throw new UserError({ code: 'file_damaged' });
  const merged = { ...facts.picture, ...describePicture(picture), rotation: facts.picture.rotation };
  const hdr = merged.hdr ?? facts.picture.hdr;
  return {
    ...facts,
    ...shownSize({ ...merged, width: merged.codedWidth, height: merged.codedHeight }),
    picture: { ...merged, hdr },
    sound: sound?.codec_type === 'audio' ? describeSound(sound) : undefined,
  };
}

async function factsOfPackets(
  ffmpeg: Ffmpeg,
  {
    input,
    header,
    bytes,
    format,
    signal,
  }: {
    input: { path: string; demuxer: string };
    header: ProbedHeader;
    bytes: number;
    format: VideoFormat;
    signal: AbortSignal | undefined;
  },
): Promise<Content> {
  const [picture, sound] = [defaultOf(header.streams, 'video'), defaultOf(header.streams, 'audio')];
  if (!picture) throw new UserError({ code: 'video_without_picture' });
  const packets = await probePackets(ffmpeg, input, {
    picture: picture.index,
    sound: sound?.index,
    bytes,
    signal,
  });
  if (packets.isCutOff || isPartMissing(header, packets, format))
    throw new UserError({ code: 'file_incomplete' });
  const last = packets.moments.at(-1) ?? 0;
  const timing = measureFrames(packets.moments, Math.max(packets.pictureEndSeconds, last));
  if (!timing || !picture.width || !picture.height) throw new UserError({ code: 'file_damaged' });
  const pictureEnd = Math.max(packets.pictureEndSeconds, last + 1 / timing.usualFramesPerSecond);
  const described = describePicture(picture);
  return {
    ...shownSize({ ...described, width: described.codedWidth, height: described.codedHeight }),
    durationSeconds: Math.max(pictureEnd, packets.endSeconds) - packets.startSeconds,
    picture: { ...described, ...timing, endSeconds: pictureEnd - packets.startSeconds },
    sound: sound && describeSound(sound),
    otherTracks: header.streams.length - (sound ? 2 : 1),
    metadata: metadataOf(header.tags),
    unusedBytes: 0,
    canClean: false,
  };
}

function isPartMissing(
  { durationSeconds = 0 }: ProbedHeader,
  { startSeconds, endSeconds }: { startSeconds: number; endSeconds: number },
  format: VideoFormat,
): boolean {
  if (format === 'MPEG-TS' || format === 'MPEG') return false;
  const missing = durationSeconds - (endSeconds - Math.min(0, startSeconds));
  return missing > Math.max(MISSING.seconds, durationSeconds * MISSING.share);
}

function defaultOf(streams: readonly ProbedStream[], type: string): ProbedStream | undefined {
  const all = streams.filter((one) => one.codec_type === type && one.disposition?.attached_pic !== 1);
  return all.find((one) => one.disposition?.default === 1) ?? all[0];
}

function describePicture(stream: ProbedStream) {
  const sides = stream.side_data_list ?? [];
  const counterclockwise = sides.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  const [x = 1, y = 1] = (stream.sample_aspect_ratio ?? '1:1').split(':').map(Number);
  return {
    stream: stream.index,
    codec: stream.codec_name ?? 'unknown',
    codedWidth: stream.width ?? 0,
    codedHeight: stream.height ?? 0,
    rotation: (((Math.round(-counterclockwise / 90) % 4) + 4) % 4) * 90,
    pixelAspect: square(x > 0 && y > 0 ? x / y : 1),
    pixelFormat: stream.pix_fmt,
    hdr: hdrOf(stream, sides),
    isInterlaced: /^(tt|bb|tb|bt)$/.test(stream.field_order ?? ''),
  };
}

function hdrOf(
  { color_transfer }: ProbedStream,
  sides: readonly { side_data_type?: string | undefined }[],
): PictureFacts['hdr'] {
  if (color_transfer === 'smpte2084') return 'pq';
  if (color_transfer === 'arib-std-b67') return 'hlg';
  return sides.some(({ side_data_type = '' }) => side_data_type.startsWith('DOVI')) ? 'pq' : undefined;
}

function describeSound(stream: ProbedStream): SoundFacts {
  const profile = stream.profile ?? 'LC';
  return {
    stream: stream.index,
    codec: stream.codec_name ?? 'unknown',
    channels: stream.channels ?? 0,
    sampleRate: Number(stream.sample_rate ?? 0),
    isPlainAac: stream.codec_name === 'aac' && /^(LC|HE-AAC|HE-AACv2|unknown|-1)$/.test(profile),
  };
}

function square(aspect: number): number {
  return Math.abs(aspect - 1) < SQUARE_TOLERANCE ? 1 : aspect;
}

function shownSize({
  width,
  height,
  rotation,
  pixelAspect,
}: {
  width: number;
  height: number;
  rotation: number;
  pixelAspect: number;
}) {
  const shown = Math.round(width * square(pixelAspect));
  return rotation % 180 === 0 ? { width: shown, height } : { width: height, height: shown };
}

/** What programs write into every file, and what tells of the encoding alone. */
const USUAL_TAGS =
  /^(encoder|duration|major_brand|minor_version|compatible_brands|handler_name|vendor_id|language|rotate|variant_bitrate|bps.*|number_of_.*|_statistics_.*|alpha_mode|service_name|service_provider|iswatermarked|hasvideo|hasaudio|hasmetadata|haskeyframes|cansee.*|datasize|lasttimestamp|lastkeyframe.*|videosize|audiosize|metadatacreator|starttime|totalduration.*|totaldatarate|bytelength|canseekontime|software)$/i;

function metadataOf(tags: readonly string[]): VideoFacts['metadata'] {
  if (tags.some((tag) => /location|gps|loci/i.test(tag))) return 'place';
  return tags.every((tag) => USUAL_TAGS.test(tag)) ? 'none' : 'some';
}
