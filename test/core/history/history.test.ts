import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHistory, type HistoryEntry, toCsv } from '../../../src/core/history/history.ts';
import { type Fresh, openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { ANA } from '../posts.ts';

const GUILD = 'discord:1';
const GROUP = 'telegram:-5';

type Line = Fresh<HistoryEntry>;

function openHistory() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const entries = stores.store<HistoryEntry>('history');
  return { entries, history: createHistory({ entries }) };
}

const line = (place: string, at: number, more: Partial<Line> = {}): Line => ({
  place,
  at,
  what: 'submitted',
  detail: `${place} ${at}`,
  ...more,
});

const details = (entries: readonly HistoryEntry[]) => entries.map(({ detail }) => detail);

describe('the history', () => {
  it('keeps an entry as it was written', async () => {
    const { history } = openHistory();
    const entry: Line = {
      place: GUILD,
      at: 1_700_000_000_000,
      person: ANA,
      what: 'rejected_by',
      postId: 'p1',
      account: '@ana',
      excerpt: 'Hello',
      detail: 'Wrong song',
    };
    await history.append('p1 rejected_by', entry);
    expect(await history.recent([GUILD], 10)).toEqual([{ ...entry, version: 1 }]);
  });

  it('writes an entry once: the same place, time and key again change nothing', async () => {
    const { history } = openHistory();
    await history.append('k', line(GUILD, 1, { detail: 'first' }));
    await history.append('k', line(GUILD, 1, { detail: 'second' }));
    expect(await history.recent([GUILD], 10)).toEqual([
      { place: GUILD, at: 1, what: 'submitted', detail: 'first', version: 1 },
    ]);
    await history.append('l', line(GUILD, 1, { detail: 'another key' }));
    await history.append('k', line(GUILD, 2, { detail: 'another time' }));
    await history.append('k', line(GROUP, 1, { detail: 'another place' }));
    expect(await history.recent([GUILD, GROUP], 10)).toHaveLength(4);
  });

  it('offers no way to change or delete what is written', () => {
    expect(Object.keys(openHistory().history).sort()).toEqual(['all', 'append', 'recent']);
  });

  it('gives the last entries of several places, newest first, and no more than asked for', async () => {
    const { history } = openHistory();
    for (const at of [9, 10, 1_000]) await history.append('k', line(GUILD, at));
    for (const at of [8, 11, 999, 1_001]) await history.append('k', line(GROUP, at));
    await history.append('k', line('discord:12', 1_002));
    expect(details(await history.recent([GUILD, GROUP], 5))).toEqual([
      'telegram:-5 1001',
      'discord:1 1000',
      'telegram:-5 999',
      'telegram:-5 11',
      'discord:1 10',
    ]);
    expect(details(await history.recent([GUILD], 2))).toEqual(['discord:1 1000', 'discord:1 10']);
    expect(details(await history.recent([GUILD, GUILD], 2))).toEqual(['discord:1 1000', 'discord:1 10']);
    expect(await history.recent([], 5)).toEqual([]);
    expect(await history.recent(['discord:3'], 5)).toEqual([]);
  });

  it('gives everything of several places, oldest first, over many pages', async () => {
    const { entries, history } = openHistory();
    const written: Line[] = Array.from({ length: 1_750 }, (_, index) =>
      line(index % 5 === 0 ? GROUP : GUILD, 1_000 + index),
    );
    await Promise.all(written.toReversed().map((entry) => history.append('k', entry)));
    await history.append('k', line('discord:12', 1_500));
    const limits: number[] = [];
    const watched = createHistory({
      entries: {
        ...entries,
        range: (prefix, options) => {
          limits.push(options.limit);
          return entries.range(prefix, options);
        },
      },
    });
    const all = await Array.fromAsync(watched.all([GROUP, GUILD, GROUP]));
    expect(details(all)).toEqual(details(written.map((entry) => ({ ...entry, version: 1 }))));
    expect(Math.max(...limits)).toBeLessThan(1_000);
    expect(await Array.fromAsync(history.all([]))).toEqual([]);
    expect(details(await Array.fromAsync(history.all(['discord:12'])))).toEqual(['discord:12 1500']);
  });

  it('tells what happened in one millisecond in the same order in both directions', async () => {
    const { history } = openHistory();
    for (const key of ['b', 'a', 'c']) {
      await history.append(key, line(key === 'b' ? GROUP : GUILD, 7, { detail: key }));
    }
    expect(details(await Array.fromAsync(history.all([GROUP, GUILD])))).toEqual(['a', 'b', 'c']);
    expect(details(await history.recent([GROUP, GUILD], 9))).toEqual(['c', 'b', 'a']);
  });
});

describe('the table', () => {
  const HEADER = 'time,event,person,person id,account,post,caption,detail,place\r\n';
  const rows = (...entries: Line[]) => toCsv(entries.map((entry) => ({ ...entry, version: 1 })));

  it('has a row for each entry, times in UTC', () => {
    const table = rows(
      {
        place: GROUP,
        at: Date.UTC(2026, 11, 1, 17, 0, 0, 5),
        person: ANA,
        what: 'approved_by',
        postId: 'p1',
        account: '@ana',
        excerpt: 'Grüße 💥',
        detail: 'ok',
      },
      { place: GUILD, at: 0, what: 'published' },
    );
    expect(table).toBe(
      `${HEADER}2026-12-01T17:00:00.005Z,approved_by,${ANA.name},${ANA.id},'@ana,p1,Grüße 💥,ok,telegram:-5\r\n` +
        '1970-01-01T00:00:00.000Z,published,,,,,,,discord:1\r\n',
    );
    expect(rows()).toBe(HEADER);
  });

  it.each([
    ['a, b', '"a, b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['two\rlines', '"two\rlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['=1\n2', '"\'=1\n2"'],
    ['a=1', 'a=1'],
  ])('writes %j as %j', (detail, cell) => {
    expect(rows({ place: GUILD, at: 0, what: 'failed', detail })).toBe(
      `${HEADER}1970-01-01T00:00:00.000Z,failed,,,,,,${cell},discord:1\r\n`,
    );
  });

  it('takes no name for a formula', () => {
    const person = { id: 'discord:7', name: '=cmd' };
    expect(rows({ place: GUILD, at: 0, what: 'joined', person })).toContain(",joined,'=cmd,discord:7,");
  });
});
