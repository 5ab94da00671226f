import { describe, expect, it } from 'vitest';
import { nextMonday, weekBefore } from '../../src/core/week.ts';

const at = (time: string): number => Date.parse(time);
const iso = (time: number): string => new Date(time).toISOString();

describe('Monday at nine', () => {
  it.each([
    ['in the week', '2026-11-26T12:00:00Z', 'Europe/Berlin', '2026-11-30T08:00:00.000Z'],
    ['on the Sunday before', '2026-11-29T22:59:59Z', 'Europe/Berlin', '2026-11-30T08:00:00.000Z'],
    ['on the Monday, before nine', '2026-11-30T07:59:59Z', 'Europe/Berlin', '2026-11-30T08:00:00.000Z'],
    ['on the Monday, at nine', '2026-11-30T08:00:00Z', 'Europe/Berlin', '2026-12-07T08:00:00.000Z'],
    ['where it is Monday already', '2026-11-29T21:00:00Z', 'Pacific/Auckland', '2026-12-06T20:00:00.000Z'],
    ['across the start of summer time', '2026-03-23T09:00:00Z', 'Europe/Berlin', '2026-03-30T07:00:00.000Z'],
    ['across its end', '2026-10-19T08:00:00Z', 'Europe/Berlin', '2026-10-26T08:00:00.000Z'],
    ['across the start in New York', '2026-03-02T15:00:00Z', 'America/New_York', '2026-03-09T13:00:00.000Z'],
    ['with half an hour', '2026-11-26T12:00:00Z', 'Asia/Kolkata', '2026-11-30T03:30:00.000Z'],
  ])('comes next, %s', (_, now, timeZone, expected) => {
    expect(iso(nextMonday(at(now), timeZone, 9))).toBe(expected);
  });

  it('is the same hour of the wall clock all year', () => {
    const time = new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      timeZone: 'Europe/London',
    });
    let now = at('2026-01-01T00:00:00Z');
    for (let week = 0; week < 104; week += 1) {
      now = nextMonday(now, 'Europe/London', 9);
      expect(time.format(now)).toBe('Mon 09:00');
    }
  });
});

describe('the week before', () => {
  it('is a whole one, from Monday to Monday', () => {
    const { from, below } = weekBefore(at('2026-11-30T08:00:00Z'), 'Europe/Berlin');
    expect([iso(from), iso(below)]).toEqual(['2026-11-22T23:00:00.000Z', '2026-11-29T23:00:00.000Z']);
  });

  it('is an hour shorter or longer where the clocks change', () => {
    const hoursBefore = (time: string) => {
      const { from, below } = weekBefore(at(time), 'Europe/Berlin');
      return (below - from) / 3_600_000;
    };
    expect(hoursBefore('2026-03-30T07:00:00Z')).toBe(167);
    expect(hoursBefore('2026-10-26T08:00:00Z')).toBe(169);
  });
});
