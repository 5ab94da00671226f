import { stringify } from 'csv-stringify/sync';
import type { Person } from '../people.ts';
import type { Fresh, RangeOptions, Store, Versioned } from '../storage/database.ts';

type HistoryEvent =
  | 'submitted'
  | 'edited'
  | 'scheduled'
  | 'approved_by'
  | 'rejected_by'
  | 'reason_given'
  | 'vote_taken_back'
  | 'approved'
  | 'rejected'
  | 'expired'
  | 'published'
  | 'taken_down'
  | 'sent_to_inbox'
  | 'failed'
  | 'unconfirmed'
  | 'cancelled'
  | 'settings_changed'
  | 'joined'
  | 'separated'
  | 'account_connected'
  | 'account_disconnected'
  | 'access_allowed'
  | 'access_withdrawn'
  | 'vote_lapsed'
  | 'not_shown'
  | 'accounts_linked';

/** One thing that happened. It is written once and never changes. */
export interface HistoryEntry extends Versioned {
  /** The workspace id of the place in which it happened, such as `discord:1` or `telegram:-5`. */
  readonly place: string;
  readonly at: number;
  /** Absent where Nod or TikTok did it. */
  readonly person?: Person | undefined;
  readonly what: HistoryEvent;
  readonly postId?: string;
  /** As people call it. */
  readonly account?: string;
  /** The beginning of the caption, or what kind of media it is. */
  readonly excerpt?: string;
  /** One short line: the reason of a rejection, TikTok's id of the post, why it failed, what was changed. */
  readonly detail?: string | undefined;
}

const PAGE = 500;

/** Who did what, in which place: entries are only ever added. */
export function createHistory({ entries }: { entries: Store<HistoryEntry> }) {
  /** Writes an entry down; the same place, time and key again change nothing. */
  async function append(key: string, entry: Fresh<HistoryEntry>): Promise<void> {
    await entries.create(`${prefixOf(entry.place)}${String(entry.at).padStart(15, '0')} ${key}`, entry);
  }

  /** The last entries of all these places together, newest first. */
  async function recent(places: readonly string[], limit: number): Promise<HistoryEntry[]> {
    const pages = await Promise.all(
      [...new Set(places)].map((place) => readPage(place, { limit, newestFirst: true })),
    );
    const lines = pages.flat().sort((a, b) => Number(a.order < b.order) - Number(a.order > b.order));
    return lines.slice(0, limit).map(({ entry }) => entry);
  }

  /** Everything that happened in these places, oldest first; it is read page by page. */
  async function* all(places: readonly string[]): AsyncGenerator<HistoryEntry, void> {
    const heads = new Map<AsyncGenerator<Line, void>, Line>();
    async function advance(reader: AsyncGenerator<Line, void>): Promise<void> {
      const next = await reader.next();
      if (next.done) heads.delete(reader);
      else heads.set(reader, next.value);
    }
    for (const place of new Set(places)) await advance(readPlace(place));
    while (heads.size > 0) {
      const [reader, { entry }] = [...heads].reduce((a, b) => (b[1].order < a[1].order ? b : a));
      yield entry;
      await advance(reader);
    }
  }

  async function* readPlace(place: string): AsyncGenerator<Line, void> {
    let page = await readPage(place, { limit: PAGE });
    while (true) {
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      page = await readPage(place, { limit: PAGE, after: last.key });
    }
  }

  async function readPage(place: string, options: RangeOptions): Promise<Line[]> {
    const prefix = prefixOf(place);
    const records = await entries.range(prefix, options);
    return records.map(([key, entry]) => ({ key, order: key.slice(prefix.length), entry }));
  }

  return { append, recent, all };
}

export type History = ReturnType<typeof createHistory>;

interface Line {
  readonly key: string;
  /** The key without its place: the time, then what tells entries of one millisecond apart. */
  readonly order: string;
  readonly entry: HistoryEntry;
}

/** The space keeps `discord:1` apart from `discord:12`. */
function prefixOf(place: string): string {
  return `${place} `;
}

const HEADER = ['time', 'event', 'person', 'person id', 'account', 'post', 'caption', 'detail', 'place'];

/** The entries as a table for spreadsheets (RFC 4180), times in UTC; what a program could take for a formula gets a `'`. */
export function toCsv(entries: readonly HistoryEntry[]): string {
  return stringify([HEADER, ...entries.map(cellsOf)], {
    record_delimiter: 'windows',
    quote_record_delimiter: true,
    escape_formulas: true,
  });
}

function cellsOf(entry: HistoryEntry): (string | undefined)[] {
  const { at, what, person, account, postId, excerpt, detail, place } = entry;
  return [
    new Date(at).toISOString(),
    what,
    person?.name,
    person?.id,
    account,
    postId,
    excerpt,
    detail,
    place,
  ];
}
