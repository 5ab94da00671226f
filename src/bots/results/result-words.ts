import { type Post, type PostIn, type PostResults, resultsOfDay } from '../../core/publish/post.ts';
import type { VideoCounts } from '../../core/tiktok/types.ts';
import type { Card } from '../platform.ts';
import { accountName, countOf } from '../text/format.ts';

const HOUR_MS = 3_600_000;
const HOURS_A_DAY = 24;
/** From then on days are what people count. */
const HOURS_IN_HOURS = 48;
const EXACT_BELOW = 10_000;
const THOUSAND = 1_000;

/** `1,204`, `12.4 K`, `3.1 M`: exact as long as it is short. */
export function bigNumber(count: number): string {
  if (count < EXACT_BELOW) return new Intl.NumberFormat('en-GB').format(count);
  const units = ['K', 'M', 'B'];
  let short = count / THOUSAND;
  let unit = 0;
  // What would be written 1,000.0 is one of the next unit.
  while (tenthsOf(short) >= THOUSAND && unit < units.length - 1) {
    short /= THOUSAND;
    unit += 1;
  }
  return `${new Intl.NumberFormat('en-GB').format(tenthsOf(short))} ${units[unit]}`;
}

/** Never more than there is. */
const tenthsOf = (value: number): number => Math.floor(value * 10) / 10;

/** `1,204 views · 88 likes · 7 comments · 1 share`. */
export const countsText = ({ views, likes, comments, shares }: VideoCounts): string =>
  [
    numberOf(views, 'view'),
    numberOf(likes, 'like'),
    numberOf(comments, 'comment'),
    numberOf(shares, 'share'),
  ].join(' · ');

const numberOf = (count: number, noun: string): string =>
  `${bigNumber(count)} ${count === 1 ? noun : `${noun}s`}`;

/** `after 1 h`, `after 24 h`, `after 7 days`: how long after it went live. */
export function afterText(milliseconds: number): string {
  const hours = Math.max(1, Math.round(milliseconds / HOUR_MS));
  return `after ${hours < HOURS_IN_HOURS ? `${hours} h` : countOf(Math.round(hours / HOURS_A_DAY), 'day')}`;
}

/** How a post did, and when that was. */
export const resultsText = ({ settledAt }: PostIn<'published'>, results: PostResults): string =>
  `${countsText(results)} · ${afterText(results.at - settledAt)}`;

/** What is said once below the card, when the numbers of a day are there; undefined before. */
export function resultsNote(post: Post): { key: string; card: Card } | undefined {
  const results = resultsOfDay(post);
  if (post.status !== 'published' || results === undefined) return undefined;
  const headline = `On TikTok ${afterText(results.at - post.settledAt)}`;
  const lines = [
    [{ text: headline, style: 'bold' as const }, ` · ${accountName(post.account)}`],
    [countsText(results)],
  ];
  return { key: `${post.id} results`, card: { lines, rows: [] } };
}
