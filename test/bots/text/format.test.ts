import { expect, it } from 'vitest';
import {
  agoOf,
  barOf,
  countOf,
  durationOf,
  excerptOf,
  filesWord,
  momentOf,
  sizeOf,
  whenOf,
} from '../../../src/bots/text/format.ts';

it('gives numbers their units', () => {
  expect([999, 4_100_000, 412_345, 2_500_000_000].map(sizeOf)).toEqual([
    '999 B',
    '4.1 MB',
    '412 KB',
    '2.5 GB',
  ]);
  expect([400, 12_000, 72_000, 7_500_000].map(durationOf)).toEqual([
    '0 s',
    '12 s',
    '1 min 12 s',
    '2 h 5 min',
  ]);
  expect([1, 2].map((count) => countOf(count, 'post'))).toEqual(['1 post', '2 posts']);
});

it('rounds sizes without leaving their unit', () => {
  expect(sizeOf(999_999)).toBe('1.0 MB');
});

it('names what is posted', () => {
  expect([
    filesWord('video', 1),
    filesWord('video', 2),
    filesWord('photo', 1),
    filesWord(undefined, 3),
  ]).toEqual(['Video', '2 videos', '1 photo', '3 files']);
});

it('tells times relative while they are near', () => {
  expect(whenOf(40_000, 0)).toBe('in 40 s');
  expect(whenOf(0, 5_000)).toBe('now');
  expect(whenOf(3_600_000, 0)).toMatch(/^at \d\d:\d\d /);
  expect([0, 120_000, 7_200_000, 172_800_000].map((now) => agoOf(0, now))).toEqual([
    'just now',
    '2 min ago',
    '2 h ago',
    '2 days ago',
  ]);
});

it('draws a bar of ten cells', () => {
  expect([barOf(0, 10), barOf(6, 10), barOf(10, 10), barOf(0, 0)]).toEqual([
    '░░░░░░░░░░',
    '▓▓▓▓▓▓░░░░',
    '▓▓▓▓▓▓▓▓▓▓',
    '░░░░░░░░░░',
  ]);
});

it('shortens a text for a list on one line', () => {
  expect(excerptOf('one\ntwo   three', 20)).toBe('one two three');
  expect(excerptOf('one two three', 8)).toBe('one two…');
});

it('calls days by the calendar of the place, also where one has 23 hours', () => {
  const at = (text: string) => Date.parse(text);
  const saturday = at('2026-03-28T22:30:00Z');
  expect(momentOf(at('2026-03-28T22:45:00Z'), saturday, 'Europe/Berlin')).toBe('today 23:45');
  expect(momentOf(at('2026-03-29T16:00:00Z'), saturday, 'Europe/Berlin')).toBe('tomorrow 18:00');
  expect(momentOf(at('2026-03-30T16:00:00Z'), saturday, 'Europe/Berlin')).toBe('Mon 30 Mar 18:00');
  expect(momentOf(at('2027-01-04T17:00:00Z'), saturday, 'Europe/Berlin')).toBe('Mon 4 Jan 2027 18:00');
});

it('leaves characters whole where it cuts', () => {
  const text = `${'a'.repeat(38)}😀😀`;
  for (const length of [39, 40, 41]) expect(excerptOf(text, length).isWellFormed()).toBe(true);
  expect(excerptOf(text, 40)).toBe(`${'a'.repeat(38)}…`);
});
