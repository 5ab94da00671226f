import { expect, it } from 'vitest';
import { setLines } from '../../../src/bots/discord/render.ts';
import { exportCard, historyCard } from '../../../src/bots/settings/history-card.ts';
import { wordingOf } from '../../../src/bots/text/wording.ts';
import type { HistoryEntry } from '../../../src/core/history/history.ts';
import { printed } from '../cards/subjects.ts';

const ANA = { id: 'telegram:1', name: 'Ana' };
const BEN = { id: 'telegram:2', name: 'Ben' };
const AT = Date.UTC(2026, 10, 22, 17, 0);

type Told = Omit<HistoryEntry, 'version' | 'place' | 'at'> & { minute?: number };

function entry({ minute = 0, ...told }: Told): HistoryEntry {
  return { version: 1, place: 'telegram:-5', at: AT + minute * 60_000, ...told };
}

const post = { excerpt: 'First light', account: '@studio.ana', postId: 'post' };

/** As told, oldest first. */
function print(entries: readonly HistoryEntry[], timeZone = 'Europe/Berlin'): string {
  const wording = wordingOf('telegram:-5');
  return printed(historyCard({ entries: entries.toReversed(), timeZone, wording }));
}

/** The line of one entry, without its time. */
const line = (told: Told): string | undefined =>
  print([entry(told)])
    .split('\n')[3]
    ?.slice(7);

it('tells what happened, one line each', () => {
  const story = [
    entry({ ...post, minute: 0, what: 'submitted', person: ANA }),
    entry({ ...post, minute: 2, what: 'approved_by', person: BEN, detail: 'reaction' }),
    entry({ ...post, minute: 2, what: 'approved', detail: 'Ben, Chiara' }),
    entry({ ...post, minute: 3, what: 'published', detail: '7602997517160123666' }),
    entry({ minute: 4, what: 'settings_changed', person: ANA, detail: 'approvals: 1 → 2' }),
  ];
  expect(print(story)).toBe(
    [
      'History',
      '',
      'Sunday 22 November 2026',
      '18:00  Ana submitted “First light” for @studio.ana',
      '18:02  Ben approved “First light”',
      '18:02  Approved by Ben and Chiara: “First light”',
      '18:03  Published to @studio.ana: “First light”',
      '18:04  Ana changed approvals: 1 → 2',
      '',
      'Times are those of Europe/Berlin.',
      '[Export CSV]',
    ].join('\n'),
  );
});

it('lets Discord show each time in its reader’s own zone, and names no zone and no days', () => {
  const entries = [entry({ minute: 0, what: 'joined', person: ANA, detail: 'A with B' })];
  const { lines } = historyCard({ entries, timeZone: 'Europe/Berlin', wording: wordingOf('discord:1') });
  expect(setLines(lines)).toMatch(/^\*\*History\*\*\n\n<t:\d+:f> {2}Ana joined A with B$/);
});

it('groups by the days of the time zone', () => {
  const story = [0, 7 * 60].map((minute) =>
    entry({ minute, what: 'joined', person: ANA, detail: 'A with B' }),
  );
  expect(print(story, 'UTC').match(/\n\n\w+day .*/g)).toHaveLength(2);
  expect(print(story, 'America/New_York').match(/\n\n\w+day .*/g)).toEqual(['\n\nSunday 22 November 2026']);
  expect(print(story, 'Asia/Tokyo').match(/\n\n\w+day .*/g)).toEqual(['\n\nMonday 23 November 2026']);
});

it.each<[string, Told]>([
  ['Ana took “First light” back to change it', { ...post, what: 'edited', person: ANA }],
  [
    'Ana set when “First light” goes out: tomorrow',
    { ...post, what: 'scheduled', person: ANA, detail: 'tomorrow' },
  ],
  ['Ben rejected “First light”', { ...post, what: 'rejected_by', person: BEN, detail: 'button' }],
  [
    'Ben said why not “First light”: too dark',
    { ...post, what: 'reason_given', person: BEN, detail: 'too dark' },
  ],
  ['Ben rejected “First light”: too dark', { ...post, what: 'rejected_by', person: BEN, detail: 'too dark' }],
  [
    'Ben took back the approval of “First light”',
    { ...post, what: 'vote_taken_back', person: BEN, detail: 'approval' },
  ],
  ['Rejected by Ben: “First light”', { ...post, what: 'rejected', detail: 'Ben' }],
  ['The review of “First light” ran out', { ...post, what: 'expired' }],
  ['Sent to the TikTok inbox of @studio.ana: “First light”', { ...post, what: 'sent_to_inbox' }],
  [
    'Not posted to @studio.ana: “First light”, TikTok took it on but never fetched the media',
    { ...post, what: 'failed', detail: 'never_pulled' },
  ],
  [
    'Not posted to @studio.ana: “First light”, TikTok asks for a pause: too many calls in a minute',
    { ...post, what: 'failed', detail: 'rate_limit_exceeded' },
  ],
  ['Not posted to @studio.ana: “First light”, a new code', { ...post, what: 'failed', detail: 'a_new_code' }],
  ['Not confirmed by TikTok: “First light”, look at @studio.ana', { ...post, what: 'unconfirmed' }],
  ['Ana cancelled “First light”', { ...post, what: 'cancelled', person: ANA }],
  ['Cancelled: “First light”', { ...post, what: 'cancelled' }],
  ['Ana joined A with B', { what: 'joined', person: ANA, detail: 'A with B' }],
  ['Ana separated A from B', { what: 'separated', person: ANA, detail: 'A from B' }],
  ['Ana connected @studio.ana', { what: 'account_connected', person: ANA, account: '@studio.ana' }],
  ['Ana disconnected @studio.ana', { what: 'account_disconnected', person: ANA, detail: '@studio.ana' }],
])('says “%s”', (text, told) => {
  expect(line(told)).toBe(text);
});

it('says so where nothing has happened', () => {
  expect(print([])).toBe('Nothing has happened here yet.');
});

it('stays within a message, however long names and reasons are', () => {
  const long = 'long '.repeat(200);
  const told = { excerpt: long, detail: long, person: { id: 'telegram:1', name: long } };
  const entries = Array.from({ length: 15 }, () => entry({ ...told, what: 'rejected_by' }));
  expect(print(entries).length).toBeLessThan(4_096);
});

it('names the exported file by the day there', () => {
  const card = exportCard({
    csv: 'a,b',
    count: 2,
    now: Date.UTC(2026, 10, 22, 23, 30),
    timeZone: 'Asia/Tokyo',
  });
  expect(card.attachment).toEqual({ type: 'file', name: 'nod-history-2026-11-23.csv', text: 'a,b' });
  expect(printed(card)).toBe('The whole history, 2 lines, with times in UTC.');
});
