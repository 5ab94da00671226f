import type { EncodingReason, MediaChange, MediaCut, MediaProblem, MediaUse } from '../types.ts';
import { VIDEO_LIMITS } from '../types.ts';
import { codecName, isMp4Family, isPictureAccepted, isPictureRead, isSoundRead } from './codecs.ts';
import type { PictureFacts, SoundFacts, VideoFacts } from './facts.ts';

/** What is to be done with a video so that TikTok takes it, and what comes of that. */
export type VideoPlan =
  /** Sent as it is, or with everything but picture and sound overwritten in place. */
  | (PlannedResult & { readonly type: 'pass' | 'clean'; readonly as: 'mp4' | 'mov' })
  /** Written anew by ffmpeg, which encodes only what has to be. */
  | (PlannedResult & {
      readonly type: 'convert';
      readonly as: 'mp4' | 'webm';
      readonly picture: 'copy' | PictureEncoding;
      readonly sound: 'copy' | 'encode' | 'none';
      readonly part?: MediaPart | undefined;
    })
  | { readonly type: 'refuse'; readonly problem: MediaProblem }
  /** Only a machine with ffmpeg can do it. */
  | { readonly type: 'ffmpeg_missing' };

interface PlannedResult {
  readonly changes: readonly MediaChange[];
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
}

/** What is taken of what players show. */
interface MediaPart {
  readonly startSeconds: number;
  readonly durationSeconds: number;
}

/** How the picture is encoded anew; always as H.264, 8 bit, progressive, in square pixels and at a constant rate. */
export interface PictureEncoding {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly isInterlaced: boolean;
  readonly hdr: PictureFacts['hdr'];
}

/** NTSC's 23.976 is above the limit, but a short clip's average may measure a little below. */
const RATE_BELOW = 0.05;
/** The clocks of phones run up to 1 % fast: their 60.06 and 60.3 are 60. */
const RATE_ABOVE = 0.6;
const PIXEL_FORMATS = new Set(['yuv420p', 'yuvj420p']);
/** MP4 has no MP3 of a lower rate. */
const MIN_MP3_RATE = 16_000;
/** Below, bytes that nobody uses are padding, which is overwritten and not worth a copy. */
const MAX_UNUSED_BYTES = 64 * 1024;
const HDR_MAX_SHORTER_SIDE = 1080;
/** What is left after a cut beyond the end. */
const LEAST_SECONDS = 1;

/** What of a file does not decode as it should, although its facts look right. */
export interface Repair {
  /** It is encoded anew. */
  readonly picture?: boolean | undefined;
  /** It is encoded anew, or nothing can be heard of it. */
  readonly sound?: 'encode' | 'none' | undefined;
}

/** Decides what is done with a video; `hasFfmpeg` says whether anything but cleaning is possible. */
export function planVideo(
  facts: VideoFacts,
  {
    use = {},
    hasFfmpeg = true,
    repair = {},
  }: { use?: MediaUse | undefined; hasFfmpeg?: boolean; repair?: Repair } = {},
): VideoPlan {
  const { picture, width, height } = facts;
  if (!isPictureRead(picture.codec))
    return refuse({ code: 'video_codec_not_accepted', codec: codecName(picture.codec) });
  const part = partOf(facts, use.cut);
  const durationSeconds = part?.durationSeconds ?? facts.durationSeconds;
  const { maxSeconds, maxBytes } = VIDEO_LIMITS;
  if (durationSeconds > maxSeconds + 0.05)
    return refuse({ code: 'video_too_long', durationSeconds, maxSeconds });
  const size = picture.hdr ? fittingHdrSize(width, height) : fittingSize(width, height);
  if (!size) {
    const { minSide: min, maxSide: max } = VIDEO_LIMITS;
    return refuse({ code: 'video_dimensions', width, height, min, max });
  }
  const sound = repair.sound ?? soundOf(facts, part);
  const staysInWebm = isForWebm(facts, sound);
  const why = reasonsOf(facts, { size, part, staysInWebm, repair: repair.picture === true });
  if (why.length === 0 && facts.bytes > maxBytes)
    return refuse({ code: 'video_too_big', bytes: facts.bytes, maxBytes });
  const result = { width: size[0], height: size[1], durationSeconds };
  const isWhole = why.length === 0 && !part && !facts.trim && repair.sound === undefined;
  const inPlace = isWhole ? planInPlace(facts, { sound, hasFfmpeg }) : undefined;
  if (inPlace) return { ...result, ...inPlace };
  if (!hasFfmpeg) return { type: 'ffmpeg_missing' };

  const as = why.length === 0 && staysInWebm ? 'webm' : 'mp4';
  const encoding: PictureEncoding = {
    width: size[0],
    height: size[1],
    framesPerSecond: fittingRate(picture),
    isInterlaced: picture.isInterlaced,
    hdr: picture.hdr,
  };
  const plannedSound = as === 'webm' && sound === 'encode' ? 'copy' : sound;
  return {
    ...result,
    type: 'convert',
    as,
    picture: why.length === 0 ? 'copy' : encoding,
    sound: plannedSound,
    part,
    changes: changesOf(facts, { as, why, sound: plannedSound, size, part }),
  };
}

const refuse = (problem: MediaProblem): VideoPlan => ({ type: 'refuse', problem });

function partOf({ durationSeconds }: VideoFacts, cut: MediaCut | undefined): MediaPart | undefined {
  if (!cut) return undefined;
  const startSeconds = Math.max(0, Math.min(cut.startSeconds, durationSeconds - LEAST_SECONDS));
  const rest = durationSeconds - startSeconds;
  if (startSeconds === 0 && rest <= cut.maxSeconds) return undefined;
  return { startSeconds, durationSeconds: Math.min(rest, cut.maxSeconds) };
}

/** Why the picture has to be encoded anew; nothing where it may be copied. */
function reasonsOf(
  { container, picture, width, height, trim }: VideoFacts,
  {
    size,
    part,
    staysInWebm,
    repair,
  }: { size: readonly [number, number]; part: MediaPart | undefined; staysInWebm: boolean; repair: boolean },
): EncodingReason[] {
  const { codec, pixelFormat, hdr, codedWidth, codedHeight, pixelAspect, isInterlaced } = picture;
  const why: EncodingReason[] = [];
  const isAccepted = isPictureAccepted(codec) && (codec !== 'vp8' || isMp4Family(container) || staysInWebm);
  if (!isAccepted) why.push({ type: 'codec', from: codecName(codec) });
  if (hdr) why.push({ type: 'hdr' });
  // Another codec says all about its pixels, and HDR about its bits.
  else if (isAccepted && pixelFormat !== undefined && !PIXEL_FORMATS.has(pixelFormat))
    why.push({ type: 'pixel_format', from: pixelFormat });
  const isOdd = codedWidth % 2 === 1 || codedHeight % 2 === 1;
  if (size[0] !== width || size[1] !== height || isOdd || pixelAspect !== 1) why.push({ type: 'size' });
  if (isInterlaced) why.push({ type: 'interlaced' });
  if (!isRateTaken(picture)) {
    const from = picture.isConstant ? rounded(picture.framesPerSecond) : undefined;
    why.push({ type: 'frame_rate', from, to: rounded(fittingRate(picture)) });
  }
  if (trim && !trim.canCopyPicture) why.push({ type: 'trim' });
  // From the very start on, nothing that is needed comes before.
  if (part && (part.startSeconds > 0 || trim)) why.push({ type: 'cut' });
  if (repair && why.length === 0) why.push({ type: 'repair' });
  return why;
}

/** Whether a rate is constant and one that TikTok takes. */
function isRateTaken({ isConstant, framesPerSecond }: PictureFacts): boolean {
  const { minFramesPerSecond: min, maxFramesPerSecond: max } = VIDEO_LIMITS;
  return isConstant && framesPerSecond >= min - RATE_BELOW && framesPerSecond <= max + RATE_ABOVE;
}

const STANDARD_RATES = [24_000 / 1001, 24, 25, 30_000 / 1001, 30, 48, 50, 60_000 / 1001, 60];
const EVEN_RATES = [24, 25, 30, 50, 60];

/**
 * The constant rate that shows all frames of a picture where that is possible: its own, a multiple of a slow one, the
 * half or a quarter of a fast one, and for a rate that varies the usual one of its frames.
 */
export function fittingRate({ isConstant, framesPerSecond, usualFramesPerSecond }: PictureFacts): number {
  const { minFramesPerSecond: min, maxFramesPerSecond: max } = VIDEO_LIMITS;
  if (!isConstant) {
    if (usualFramesPerSecond < min) return 30;
    return EVEN_RATES.find((rate) => rate >= usualFramesPerSecond * 0.97) ?? max;
  }
  const own = standard(framesPerSecond) ?? standard(usualFramesPerSecond) ?? rounded(framesPerSecond);
  if (own > max + RATE_ABOVE) return snapped(own / Math.ceil(own / (max + RATE_ABOVE)));
  if (own >= min - RATE_BELOW) return Math.min(max, own);
  // Twice 20 and more would be above what most videos have.
  if (own >= 20) return 24;
  const times = Math.ceil((min - RATE_BELOW) / own);
  return times > 10 ? 30 : snapped(own * times);
}

/** The rate that everybody uses and that is meant; undefined where none is near. */
function standard(rate: number): number | undefined {
  const distance = (one: number) => Math.abs(one - rate) / one;
  const [nearest = rate] = STANDARD_RATES.toSorted((a, b) => distance(a) - distance(b));
  return distance(nearest) < 0.005 ? nearest : undefined;
}

const snapped = (rate: number): number => standard(rate) ?? rounded(rate);

/**
 * The nearest size of the same shape that TikTok takes, with even sides; undefined where the shape is too long for it.
 */
export function fittingSize(width: number, height: number): readonly [number, number] | undefined {
  const { minSide, maxSide } = VIDEO_LIMITS;
  const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
  if (shorter < minSide) {
    const scaled = (side: number) => even((side * minSide) / shorter);
    return (longer * minSide) / shorter > maxSide ? undefined : [scaled(width), scaled(height)];
  }
  if (longer > maxSide) {
    const scaled = (side: number) => even((side * maxSide) / longer);
    return (shorter * maxSide) / longer < minSide ? undefined : [scaled(width), scaled(height)];
  }
  return [width - (width % 2), height - (height % 2)];
}

/** The colours of HDR are brought to SDR at 1080p at most: above, it takes a small server many times the film. */
function fittingHdrSize(width: number, height: number): readonly [number, number] | undefined {
  const shorter = Math.min(width, height);
  if (shorter <= HDR_MAX_SHORTER_SIDE) return fittingSize(width, height);
  const scaled = (side: number) => even((side * HDR_MAX_SHORTER_SIDE) / shorter);
  return fittingSize(scaled(width), scaled(height));
}

const even = (side: number): number => Math.round(side / 2) * 2;

function soundOf({ sound, trim }: VideoFacts, part: MediaPart | undefined): 'copy' | 'encode' | 'none' {
  if (!sound || !isSoundRead(sound.codec)) return 'none';
  // Copied, what was trimmed or cut away would go along, hidden.
  const isCutInside = trim?.ofSound || (part?.startSeconds ?? 0) > 0;
  return isSoundTaken(sound) && !isCutInside ? 'copy' : 'encode';
}

function isSoundTaken({ isPlainAac, codec, sampleRate }: SoundFacts): boolean {
  return isPlainAac || (codec === 'mp3' && sampleRate >= MIN_MP3_RATE);
}

/** VP8 and VP9 stay in WebM, which TikTok takes, with the sounds that WebM has; nothing of them is encoded. */
function isForWebm({ container, picture, sound }: VideoFacts, planned: 'copy' | 'encode' | 'none'): boolean {
  if (!/^vp[89]$/.test(picture.codec) || isMp4Family(container)) return false;
  return planned === 'none' || /^(opus|vorbis)$/.test(sound?.codec ?? '');
}

/** An MP4, and without ffmpeg a MOV, whose media may stay where it is. */
function planInPlace(
  facts: VideoFacts,
  { sound, hasFfmpeg }: { sound: 'copy' | 'encode' | 'none'; hasFfmpeg: boolean },
) {
  const { container, metadata, otherTracks, unusedBytes, canClean } = facts;
  if (!canClean || sound === 'encode') return undefined;
  const isMov = container !== 'MP4';
  // Without ffmpeg further tracks are overwritten where they lie.
  if (hasFfmpeg && (isMov || otherTracks > 0 || unusedBytes > MAX_UNUSED_BYTES)) return undefined;
  const changes: MediaChange[] = [];
  const isClean = metadata === 'none' && otherTracks === 0;
  if (!isClean) changes.push(metadataRemoved(facts, { why: [], sound }));
  if (!hasFfmpeg) changes.push({ type: 'not_played' });
  const as = container === 'MOV' ? 'mov' : 'mp4';
  return { type: isClean ? 'pass' : 'clean', as, changes } as const;
}

function changesOf(
  facts: VideoFacts,
  {
    as,
    why,
    sound,
    size,
    part,
  }: {
    as: 'mp4' | 'webm';
    why: readonly EncodingReason[];
    sound: 'copy' | 'encode' | 'none';
    size: readonly [number, number];
    part: MediaPart | undefined;
  },
): MediaChange[] {
  const { container, picture, width, height, trim, metadata, otherTracks } = facts;
  const changes: MediaChange[] = [];
  const to = as === 'webm' ? 'WebM' : 'MP4';
  if (container !== to) changes.push({ type: 'repackaged', from: container, to });
  if (why.length > 0) changes.push({ type: 'picture_encoded', why });
  // Where pixels are not square, the size that people know is the encoded one.
  const isTurned = picture.rotation % 180 !== 0;
  const coded = [picture.codedWidth, picture.codedHeight] as const;
  const [w = width, h = height] =
    picture.pixelAspect === 1 ? [width, height] : isTurned ? coded.toReversed() : coded;
  if (size[0] !== w || size[1] !== h) changes.push({ type: 'resized', from: [w, h], to: size });
  if (sound === 'encode' && facts.sound && !isSoundTaken(facts.sound))
    changes.push({ type: 'sound_encoded', from: codecName(facts.sound.codec) });
  if (sound === 'none' && facts.sound) changes.push({ type: 'sound_left_out' });
  if (trim) changes.push({ type: 'trimmed' });
  if (part)
    changes.push({
      type: 'cut',
      startSeconds: part.startSeconds,
      endSeconds: part.startSeconds + part.durationSeconds,
    });
  const isSame = changes.length === 0 && (metadata === 'some' || otherTracks > 0);
  if (metadata === 'place' || isSame) changes.push(metadataRemoved(facts, { why, sound }));
  return changes;
}

const metadataRemoved = (
  { metadata }: VideoFacts,
  { why, sound }: { why: readonly EncodingReason[]; sound: 'copy' | 'encode' | 'none' },
): MediaChange => ({
  type: 'metadata_removed',
  hadPlace: metadata === 'place',
  untouched: [
    ...(why.length === 0 ? (['picture'] as const) : []),
    ...(sound === 'copy' ? (['sound'] as const) : []),
  ],
});

const rounded = (rate: number): number => Math.round(rate * 100) / 100;
