import type { HistoryEntry } from '../../core/history/history.ts';
import { failureOf } from '../../core/tiktok/codes.ts';
import { buttonRow, type Card, type Line } from '../platform.ts';
import { dateFormat } from '../text/date-format.ts';
import { failureWords } from '../text/failures.ts';
import { countOf, excerptOf, listOf } from '../text/format.ts';
import { note } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';
import { on } from './settings-card.ts';

/** With these fifteen entries stay far below the 4,096 characters of a message. */
const NAME_LENGTH = 40;
const EXCERPT_LENGTH = 40;
const DETAIL_LENGTH = 100;

/** How a vote was cast, which stands where a reason could. */
const VOTE_SOURCES: readonly string[] = ['button', 'reaction'];
/** Reasons of our own, in place of a code of TikTok's. */
const OWN_REASONS = [
  'media_refused',
  'preparing_failed',
  'tiktok_unreachable',
  'interrupted',
  'never_pulled',
  'restored',
  'account_disconnected',
] as const;

export interface HistoryView {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** IANA name. */
  readonly timeZone: string;
  readonly wording: Wording;
}

/** What happened last, in the order in which it happened, day by day. */
export function historyCard({ entries, timeZone, wording }: HistoryView): Card {
  if (entries.length === 0) return note('Nothing has happened here yet.');
  const heading: Line = [{ text: 'History', style: 'bold' }];
  const inOrder = entries.toReversed();
  const lines = wording.hasOwnTimes
    ? [heading, [], ...inOrder.map((entry) => ownTimeLine(entry, wording))]
    : [heading, ...linesByDay(inOrder, { timeZone, wording })];
  return { lines, rows: [buttonRow(on('Export CSV', 'history', 'export'))] };
}

/** Days would begin at another time for each reader, so every line says its own. */
const ownTimeLine = (entry: HistoryEntry, wording: Wording): Line => [
  { text: new Date(entry.at).toISOString(), moment: { at: entry.at, form: 'date' } },
  `  ${entryText(entry, wording)}`,
];

function linesByDay(
  entries: readonly HistoryEntry[],
  { timeZone, wording }: Pick<HistoryView, 'timeZone' | 'wording'>,
): Line[] {
  const time = dateFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone });
  const lines: Line[] = [];
  let day = '';
  for (const entry of entries) {
    const entryDay = dayText(entry.at, timeZone);
    if (entryDay !== day) lines.push([], [{ text: entryDay, style: 'bold' }]);
    day = entryDay;
    lines.push([`${time.format(entry.at)}  ${entryText(entry, wording)}`]);
  }
  return [...lines, [], [{ text: `Times are those of ${timeZone}.`, style: 'italic' }]];
}

/** The whole history as a file to keep. */
export function exportCard(view: { csv: string; count: number; now: number; timeZone: string }): Card {
  const { csv, count, now, timeZone } = view;
  // The Canadian way to write a day is the one of ISO 8601.
  const day = dateFormat('en-CA', { timeZone }).format(now);
  return {
    ...note(`The whole history, ${countOf(count, 'line')}, with times in UTC.`),
    attachment: { type: 'file', name: `nod-history-${day}.csv`, text: csv },
  };
}

function dayText(at: number, timeZone: string): string {
  const day = dateFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone,
  });
  return day.format(at).replace(',', '');
}

function entryText(entry: HistoryEntry, wording: Wording): string {
  const { what } = entry;
  const who = excerptOf(entry.person?.name ?? 'Somebody', NAME_LENGTH);
  const post = entry.excerpt === undefined ? 'a post' : `“${excerptOf(entry.excerpt, EXCERPT_LENGTH)}”`;
  const account = entry.account === undefined ? 'TikTok' : excerptOf(entry.account, NAME_LENGTH);
  const detail = entry.detail && excerptOf(entry.detail, DETAIL_LENGTH);
  const because = detail === undefined ? '' : `: ${detail}`;
  switch (what) {
    case 'submitted':
      return `${who} submitted ${post} for ${account}`;
    case 'edited':
      return `${who} took ${post} back to change it${because}`;
    case 'scheduled':
      return `${who} set when ${post} goes out${because}`;
    case 'approved_by':
      return `${who} approved ${post}`;
    case 'rejected_by':
      return `${who} rejected ${post}${VOTE_SOURCES.includes(detail ?? '') ? '' : because}`;
    case 'reason_given':
      return `${who} said why not ${post}${because}`;
    case 'vote_taken_back':
      return `${who} took back the ${detail ?? 'vote'} of ${post}`;
    case 'approved':
      return `Approved by ${deciders(entry)}: ${post}`;
    case 'rejected':
      return `Rejected by ${deciders(entry)}: ${post}`;
    case 'expired':
      return `The review of ${post} ran out`;
    case 'published':
      return `Published to ${account}: ${post}`;
    case 'taken_down':
      return `No longer public on ${account}: ${post}`;
    case 'sent_to_inbox':
      return `Sent to the TikTok inbox of ${account}: ${post}`;
    case 'failed':
      return `Not posted to ${account}: ${post}${failureText(entry.detail, wording)}`;
    case 'unconfirmed':
      return `Not confirmed by TikTok: ${post}, look at ${account}`;
    case 'cancelled':
      return entry.person === undefined ? `Cancelled: ${post}` : `${who} cancelled ${post}`;
    case 'settings_changed':
      return `${who} changed ${detail ?? 'the settings'}`;
    case 'joined':
      return `${who} joined ${detail ?? 'two chats'}`;
    case 'separated':
      return `${who} separated ${detail ?? 'two chats'}`;
    case 'access_allowed':
      return `${who} let this place use Nod`;
    case 'access_withdrawn':
      return `${who} took back that this place may use Nod`;
    case 'not_shown':
      return `The card of ${post} could not be shown${because}`;
    case 'vote_lapsed':
      return `${who} has no say any more, so the ${detail ?? 'vote'} of ${post} does not count`;
    case 'accounts_linked':
      return `Two accounts vote as one person on ${post}${because}`;
    case 'account_connected':
      return `${who} connected ${entry.account === undefined ? (detail ?? 'an account') : account}`;
    case 'account_disconnected':
      return `${who} disconnected ${entry.account === undefined ? (detail ?? 'an account') : account}`;
  }
}

/** The history keeps the names in one text. */
function deciders({ detail }: HistoryEntry): string {
  return detail ? excerptOf(listOf(detail.split(', ')), DETAIL_LENGTH) : 'the team';
}

function failureText(detail: string | undefined, wording: Wording): string {
  if (!detail) return '';
  const known = OWN_REASONS.find((own) => own === detail) ?? failureOf(detail).reason;
  const words = known === 'unknown' ? detail.replaceAll('_', ' ') : failureWords(wording, known).what;
  return `, ${excerptOf(words, DETAIL_LENGTH)}`;
}
