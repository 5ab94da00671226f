import { coverOf, type Draft, type DraftFile } from '../../core/compose/draft.ts';
import type { EncodingReason, MediaChange, PreparedMedia, StoredFile } from '../../core/media/types.ts';
import type { Line } from '../platform.ts';
import { durationOf, partText, sizeOf } from '../text/format.ts';
import { problemText } from '../text/problems.ts';
import { type Wording, wordingOf } from '../text/wording.ts';
import { COVER_MARK } from './photo-menu.ts';

/** How far the work on a file is, from 0 to 1; undefined where nothing is measured. */
export type ProgressOf = (file: DraftFile) => number | undefined;

/** One line for each file of a draft: what came, what will be sent, what was changed and why. */
export function fileLines(draft: Draft, progressOf: ProgressOf = () => undefined): Line[] {
  const { chat, files } = draft;
  const wording = wordingOf(chat);
  const cover = coverOf(draft);
  return files.map((file, index) => {
    const number = files.length > 1 ? `${index + 1}  ` : '';
    return [
      { text: `${number}${file.name}`, style: 'code' },
      `  ${stateText(file, { wording, progress: progressOf(file) })}`,
      ...(file === cover ? [`  ${COVER_MARK}`] : []),
    ];
  });
}

function stateText(
  file: DraftFile,
  { wording, progress }: { wording: Wording; progress: number | undefined },
): string {
  switch (file.state) {
    case 'waiting':
      return progress === undefined ? 'on the way' : `on the way, ${Math.floor(progress * 100)} %`;
    case 'stored':
      return progress === undefined ? 'being prepared' : `being converted, ${Math.floor(progress * 100)} %`;
    case 'refused':
      return `✕ ${problemText(file.problem, wording)}`;
    case 'ready':
      return reportText(file.source, file.media);
  }
}

/** What is said first: what it is, then how it is cut, then what was done to picture and sound. */
const ORDER: readonly MediaChange['type'][] = [
  'first_picture',
  'animation_encoded',
  'converted',
  'repackaged',
  'cut',
  'trimmed',
  'picture_encoded',
  'resized',
  'turned_upright',
  'flattened_on_white',
  'sound_encoded',
  'sound_left_out',
  'metadata_removed',
  'not_played',
];

/** What became of a file, in one line: its length and size are those of what is sent. */
export function reportText(source: StoredFile, { changes, file, durationSeconds }: PreparedMedia): string {
  const size =
    source.bytes === file.bytes ? sizeOf(file.bytes) : `${sizeOf(source.bytes)} → ${sizeOf(file.bytes)}`;
  return [
    ...(durationSeconds === undefined ? [] : [videoLength(durationSeconds)]),
    ...changes
      .toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))
      .map((change) => changeText(change, changes)),
    size,
  ].join(', ');
}

function changeText(change: MediaChange, all: readonly MediaChange[]): string {
  switch (change.type) {
    case 'first_picture':
      return `first of ${change.of} pictures`;
    case 'animation_encoded':
      return change.times > 1
        ? `animated ${change.from} → MP4, shown ${change.times} times to be long enough for TikTok`
        : `animated ${change.from} → MP4`;
    case 'converted':
    case 'repackaged':
      return `${change.from} → ${change.to}`;
    case 'cut':
      return partText(change);
    case 'trimmed':
      return 'without what was trimmed away';
    case 'picture_encoded':
      return pictureText(change.why, all);
    case 'resized':
      return resizedText(change);
    case 'turned_upright':
      return 'turned upright';
    case 'flattened_on_white':
      return 'on white';
    case 'sound_encoded':
      return `sound ${change.from} → AAC`;
    case 'sound_left_out':
      return 'without its sound, which is damaged';
    case 'metadata_removed':
      return metadataText(change);
    case 'not_played':
      return 'not played for a check, because ffmpeg is missing';
  }
}

/** TikTok takes no smaller ones, which is why something was enlarged. */
function resizedText({ from, to }: Extract<MediaChange, { type: 'resized' }>): string {
  const sizes = `${from.join('×')} → ${to.join('×')}`;
  return to[0] > from[0] ? `${sizes}, the smallest that TikTok takes` : sizes;
}

function metadataText({ hadPlace, untouched }: Extract<MediaChange, { type: 'metadata_removed' }>): string {
  const removed = hadPlace ? 'data about the place removed' : 'other data removed';
  return untouched.length === 0 ? removed : `untouched ${untouched.join(' and ')}, ${removed}`;
}

/** `picture VP9 → H.264`, and what else was not as TikTok takes it. */
function pictureText(why: readonly EncodingReason[], all: readonly MediaChange[]): string {
  const codec = why.find((reason) => reason.type === 'codec');
  const others = why.map((reason) => reasonText(reason, all)).filter((text) => text !== undefined);
  const picture = codec === undefined ? 'picture encoded anew' : `picture ${codec.from} → H.264`;
  return others.length === 0 ? picture : `${picture} (${others.join(', ')})`;
}

/** Undefined for what is said already. */
function reasonText(reason: EncodingReason, all: readonly MediaChange[]): string | undefined {
  const unlessSaid = (type: MediaChange['type'], text: string) =>
    all.some((change) => change.type === type) ? undefined : text;
  switch (reason.type) {
    case 'codec':
      return undefined;
    case 'pixel_format':
      return pixelFormatText(reason.from);
    case 'hdr':
      return 'HDR → usual colours';
    case 'size':
      return unlessSaid('resized', 'for its size');
    case 'interlaced':
      return 'interlaced';
    case 'frame_rate':
      return `${rateText(reason.from)} → ${rateText(reason.to)} frames a second`;
    case 'trim':
      return unlessSaid('trimmed', 'where it was trimmed');
    case 'cut':
      return unlessSaid('cut', 'where it was cut');
    case 'repair':
      return 'repaired';
  }
}

/** ffmpeg's names say it to nobody: `yuv422p10le` has ten bits, `yuv444p` more colour than 4:2:0. */
function pixelFormatText(name: string): string {
  const [, bits] = /(9|1[0-6])(?:le|be)$/.exec(name) ?? [];
  if (bits !== undefined) return `${bits} bit → 8 bit`;
  const [, digits] = /^yuv[aj]?(4[0-4][0-4])p/.exec(name) ?? [];
  return `${digits === undefined ? name : [...digits].join(':')} → 4:2:0`;
}

const rateText = (rate: number | undefined): string =>
  rate === undefined ? 'varying' : String(Math.round(rate * 100) / 100);

/** The length of a video; of a very short one to the tenth of a second. */
const videoLength = (seconds: number): string =>
  seconds < 0.95 ? `${Math.max(0.1, Math.round(seconds * 10) / 10)} s` : durationOf(seconds * 1000);
