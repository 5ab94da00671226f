import type { Place } from '../../core/accounts/workspaces.ts';
import type { MediaKind } from '../../core/media/types.ts';
import type { AccountName } from '../../core/people.ts';
import { clockOf } from '../../core/plain-text.ts';
import { type Post, type PostContent, wordsOf } from '../../core/publish/post.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { startOf } from '../cards/fit-text.ts';
import type { Line, Span } from '../platform.ts';
import { dateFormat } from './date-format.ts';
import { wordingOf } from './wording.ts';

/** What files Nod takes, for a sentence. */
export const PHOTO_FORMATS = 'JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF';
export const VIDEO_FORMATS = 'MP4, MOV, M4V, WebM, MKV, AVI, 3GP, TS or FLV';

/** What a TikTok account is called, with its handle where that is known. */
export function accountName({ nickname, username }: AccountName): string {
  return username === undefined ? nickname : `${nickname} (@${username})`;
}

/** `3 photos`, `1 file`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What a post is called in a sentence or a list: how its title and caption begin, else what it is made of. */
export function postName({ content }: Pick<Post, 'content'>, length = 60): string {
  const { kind, sources } = content;
  return excerptOf(wordsOf(content), length) || filesWord(kind, sources.length);
}

/** What a number of files is called as long as nobody knows more, or once somebody does. */
export function filesWord(kind: MediaKind | undefined, count: number): string {
  return kind === 'video' && count === 1 ? 'Video' : countOf(count, kind ?? 'file');
}

/** `412 KB`, `4.1 MB`: as people count, in powers of ten. */
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  if (bytes < 999_950_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** `5 GB`, as a setting says it. */
export const roomOf = (bytes: number): string =>
  bytes < 1e9 ? sizeOf(bytes) : `${Math.round(bytes / 1e7) / 100} GB`;

/** A limit as the platforms write it: their MB is 1,048,576 bytes. */
export function limitOf(bytes: number): string {
  const megabytes = Math.round(bytes / 2 ** 20);
  return megabytes < 1024 ? `${megabytes} MB` : `${Math.round(megabytes / 1024)} GB`;
}

/** `12 s`, `1 min 12 s`, `2 h 5 min`. */
export function durationOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes} min`, seconds % 60, 's');
  return withRest(`${Math.floor(minutes / 60)} h`, minutes % 60, 'min');
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}

const LONG_SECONDS = 10;

/** `from 1:05 to 4:05`: a part is asked for a little shorter than it may be, which is not worth a word in a long one. */
export function partText(part: { readonly startSeconds: number; readonly endSeconds: number }): string {
  const { startSeconds, endSeconds } = part;
  const isLong = endSeconds - startSeconds >= LONG_SECONDS;
  return `from ${clockOf(startSeconds)} to ${clockOf(isLong ? Math.round(endSeconds) : endSeconds)}`;
}

/** `just now`, `12 min ago`, `3 h ago`, `5 days ago`: only as exact as a list needs. */
export function agoOf(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ago` : `${countOf(Math.floor(hours / 24), 'day')} ago`;
}

const NOW_MS = 1_000;
const NEAR_MS = 10 * 60_000;

/** `now`, `in 40 s` while it is near, `at 18:40 GMT+1` after. */
export function whenOf(at: number, now: number, timeZone?: string): string {
  if (at - now < NOW_MS) return 'now';
  if (at - now < NEAR_MS) return `in ${durationOf(at - now)}`;
  const time = dateFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  });
  return `at ${time.format(at)}`;
}

/** `today 18:00`, `tomorrow 18:00`, `Tue 24 Nov 18:00`, in a time zone. */
export function momentOf(at: number, now: number, timeZone: string): string {
  const time = dateFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(at);
  const day = (moment: number) => dateFormat('en-CA', { timeZone }).format(moment);
  if (day(at) === day(now)) return `today ${time}`;
  if (day(at) === dayAfter(day(now))) return `tomorrow ${time}`;
  const isThisYear = day(at).slice(0, 4) === day(now).slice(0, 4);
  const date = dateFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone,
    year: isThisYear ? undefined : 'numeric',
  });
  return `${date.format(at).replace(',', '')} ${time}`;
}

/** A moment with the zone that its words are of: `tomorrow 18:00 (Europe/Berlin)`. */
export const momentSpan = (at: number, now: number, timeZone: string): Exclude<Span, string> => ({
  text: `${momentOf(at, now, timeZone)} (${timeZone})`,
  moment: { at, form: 'date' },
});

/** How far a moment ahead is, or when it is: `now`, `in 40 s`, `at 18:40 GMT+1`. */
export const whenSpan = (at: number, now: number, timeZone: string): Span =>
  at - now < NOW_MS ? 'now' : { text: whenOf(at, now, timeZone), moment: { at, form: 'distance' } };

/** How long a moment is over. */
export const agoSpan = (at: number, now: number): Span => ({
  text: agoOf(at, now),
  moment: { at, form: 'distance' },
});

/** The day after one that is written `2026-11-22`. */
const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000).toISOString().slice(0, 10);

// British English has no comma before the “and”.
const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** `Ben`, `Ben and Chiara`, `Ben, Chiara and Dora`. */
export const listOf = (words: readonly string[]): string => LIST.format(words);

const BAR_CELLS = 10;

/** A bar of ten cells that shows how much of the whole is done. */
export function barOf(part: number, whole: number): string {
  const filled = whole === 0 ? 0 : Math.min(BAR_CELLS, Math.floor((part / whole) * BAR_CELLS));
  return '▓'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
}

/** How a switch is set. */
export const onOff = (value: boolean): string => (value ? 'on' : 'off');

/** A line in words alone. */
export const lineText = (line: Line): string =>
  line.map((span) => (typeof span === 'string' ? span : span.text)).join('');

/** The text with its first letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The beginning of a text for a list. */
export function excerptOf(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${startOf(line, length - 1).trimEnd()}…`;
}

/** TikTok's app takes so many since August 2025; its API says nothing of it. */
const MAX_HASHTAGS = 5;
const HASHTAG = /(?<![\p{L}\p{N}_&#])#[\p{L}\p{N}_]+/gu;

/** What is worth a word about a caption; undefined where nothing is. */
export function hashtagNote(caption: string): string | undefined {
  const count = caption.match(HASHTAG)?.length ?? 0;
  return count > MAX_HASHTAGS ? `${count} hashtags; TikTok’s app takes ${MAX_HASHTAGS}` : undefined;
}

/** Which part of a video is posted and which moment is its cover, where a person has chosen that. */
export function momentsText({ content, media }: Pick<Post, 'content' | 'media'>): string | undefined {
  const { sources, coverMs } = content;
  const [source] = sources;
  const cut = source?.use?.cut;
  const parts: string[] = [];
  if (cut !== undefined) {
    const { startSeconds, maxSeconds } = cut;
    const left = (source?.durationSeconds ?? Number.POSITIVE_INFINITY) - startSeconds;
    const seconds = media?.[0]?.durationSeconds ?? Math.min(maxSeconds, left);
    parts.push(partText({ startSeconds, endSeconds: startSeconds + seconds }));
  }
  if (coverMs !== undefined) parts.push(`cover at ${clockOf(coverMs / 1000)}`);
  return parts.length === 0 ? undefined : capital(parts.join(' · '));
}

/** A place as its people and those of another platform know it. */
export function placeName({ title, chat }: Pick<Place, 'title' | 'chat'>): string {
  const platform = wordingOf(chat).name;
  return title === '' ? `a chat on ${platform}` : `${title} (${platform})`;
}

/** The title of a photo post, told from its caption. */
export const titleLine = (title: string): Line => ['Title  ', { text: title, style: 'bold' }];

/** Who will see a post: everybody that its privacy level names, or whoever opens the TikTok inbox. */
export function audienceOf({ postMode, settings }: PostContent): string {
  if (postMode === 'MEDIA_UPLOAD') return 'TikTok inbox';
  return settings.privacyLevel === undefined ? 'Profile' : PRIVACY_NAMES[settings.privacyLevel];
}

/** What goes where, and who sees it there. */
export function destinationOf(content: PostContent): string {
  const { kind, sources, coverIndex, postMode, settings } = content;
  const what = filesWord(kind, sources.length);
  const cover = coverIndex === undefined ? '' : ` · cover: photo ${coverIndex + 1}`;
  if (postMode === 'MEDIA_UPLOAD') return `${what} to the TikTok inbox, where its owner finishes it${cover}`;
  const audience = settings.privacyLevel === undefined ? '' : ` · visible to: ${audienceOf(content)}`;
  return `${what} to the profile${cover}${audience}`;
}
