import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultTimeZone, readTimeZone, readWhen } from '../../../src/core/compose/parse-time.ts';

const BERLIN = 'Europe/Berlin';
/** A Sunday, 11:15:30 in Berlin. */
const NOW = '2026-11-22T10:15:30.123Z';

function when(text: string, { now = NOW, timeZone = BERLIN } = {}): string {
  return new Date(readWhen(text, { now: Date.parse(now), timeZone })).toISOString();
}

function problemOf(text: string, situation: { now?: string; timeZone?: string } = {}): unknown {
  try {
    return when(text, situation);
  } catch (error) {
    return error instanceof Error && 'problem' in error ? error.problem : error;
  }
}

describe('a time in words', () => {
  it.each([
    ['tomorrow 18:00', '2026-11-23T17:00:00.000Z'],
    ['20:00 tomorrow', '2026-11-23T19:00:00.000Z'],
    ['fri 9am', '2026-11-27T08:00:00.000Z'],
    ['on friday at 9am please', '2026-11-27T08:00:00.000Z'],
    ['tonight at 8', '2026-11-22T19:00:00.000Z'],
    ['tomorrow noon', '2026-11-23T11:00:00.000Z'],
    ['midnight', '2026-11-22T23:00:00.000Z'],
    ['Tuesday, Dec 1 at 6 PM', '2026-12-01T17:00:00.000Z'],
    ['12/1/2026 6pm', '2026-12-01T17:00:00.000Z'],
    ['25/12/2026 18:00', '2026-12-25T17:00:00.000Z'],
    ['2026-12-01 18:00', '2026-12-01T17:00:00.000Z'],
    ['2026-12-01T18:00', '2026-12-01T17:00:00.000Z'],
    ['25.12.2026 18:00', '2026-12-25T17:00:00.000Z'],
    ['5.12.2026 18:00', '2026-12-05T17:00:00.000Z'],
    ['  Tomorrow, 18:00! ', '2026-11-23T17:00:00.000Z'],
    ['morgen um 18 Uhr', '2026-11-23T17:00:00.000Z'],
    ['morgen 18.30 Uhr', '2026-11-23T17:30:00.000Z'],
    ['heute Abend um 8', '2026-11-22T19:00:00.000Z'],
    ['nächsten Freitag um 9 Uhr', '2026-11-27T08:00:00.000Z'],
    ['1. Dezember 18 Uhr', '2026-12-01T17:00:00.000Z'],
    ['5.12. um 18:00', '2026-12-05T17:00:00.000Z'],
    ['am 01.12.2026 um 18 Uhr 30', '2026-12-01T17:30:00.000Z'],
    ['mañana a las 18:00', '2026-11-23T17:00:00.000Z'],
    ['man\u0303ana a las 18:00', '2026-11-23T17:00:00.000Z'],
    ['mañana a las 18h', '2026-11-23T17:00:00.000Z'],
    ['viernes a las 9', '2026-11-27T08:00:00.000Z'],
    ['el 25 de diciembre a las 18:00', '2026-12-25T17:00:00.000Z'],
    ['amanhã às 18:00', '2026-11-23T17:00:00.000Z'],
    ['sexta às 9h30', '2026-11-27T08:30:00.000Z'],
    ['em 25 de dezembro às 18:00', '2026-12-25T17:00:00.000Z'],
    ['demain à 18h', '2026-11-23T17:00:00.000Z'],
    ['vendredi à 9h', '2026-11-27T08:00:00.000Z'],
    ['le 25 décembre à 18h30', '2026-12-25T17:30:00.000Z'],
  ])('%s', (text, expected) => {
    expect(when(text)).toBe(expected);
  });

  it.each([
    'in 2 hours',
    '2 hours',
    '2 hours from now',
    'in 120 minutes',
    'in 2 Stunden',
    'en 2 horas',
    'em 2 horas',
    'dans 2 heures',
  ])('counts from now: %s', (text) => {
    expect(when(text)).toBe('2026-11-22T12:15:30.123Z');
  });

  it.each([
    ['18:00 UTC', '2026-11-22T18:00:00.000Z'],
    ['10:00 UTC', '2026-11-23T10:00:00.000Z'],
    ['tomorrow 18:00 UTC', '2026-11-23T18:00:00.000Z'],
    ['2026-12-01T18:00:00Z', '2026-12-01T18:00:00.000Z'],
    ['2026-12-01T18:00:30.500+02:00', '2026-12-01T16:00:30.500Z'],
    ['2026-12-01 18:00 +0530', '2026-12-01T12:30:00.000Z'],
    ['Dec 25 at 18:00 EST', '2026-12-25T23:00:00.000Z'],
  ])('takes a zone in the text as it is: %s', (text, expected) => {
    expect(when(text)).toBe(expected);
    expect(when(text, { timeZone: 'Pacific/Kiritimati' })).toBe(
      text.startsWith('tomorrow') ? '2026-11-24T18:00:00.000Z' : expected,
    );
  });

  it('takes the next such time, whatever the day is in the zone of the text', () => {
    // 2:00 on Saturday in Tokyo, 17:00 on Friday in UTC.
    const situation = { now: '2026-12-25T17:00:00Z', timeZone: 'Asia/Tokyo' };
    expect(when('18:00 UTC', situation)).toBe('2026-12-25T18:00:00.000Z');
    expect(when('16:00 UTC', situation)).toBe('2026-12-26T16:00:00.000Z');
    expect(when('25 December 18:00 UTC', situation)).toBe('2026-12-25T18:00:00.000Z');
    expect(when('26 December 3:00', situation)).toBe('2026-12-25T18:00:00.000Z');
  });

  it('means the next weekday and the next day of the year', () => {
    expect(when('sunday 11:16')).toBe('2026-11-22T10:16:00.000Z');
    expect(when('sunday 11:15')).toBe('2026-11-29T10:15:00.000Z');
    expect(when('22 november 11:16')).toBe('2026-11-22T10:16:00.000Z');
    expect(when('22 november 11:15')).toBe('2027-11-22T10:15:00.000Z');
    expect(when('11:16')).toBe('2026-11-22T10:16:00.000Z');
    expect(when('11:15')).toBe('2026-11-23T10:15:00.000Z');
  });
});

describe('the local day', () => {
  it('is the one of the workspace, just before and after its midnight', () => {
    const before = { now: '2026-06-14T14:59:00Z', timeZone: 'Asia/Tokyo' };
    const after = { now: '2026-06-14T15:01:00Z', timeZone: 'Asia/Tokyo' };
    expect(when('tomorrow 18:00', before)).toBe('2026-06-15T09:00:00.000Z');
    expect(when('tomorrow 18:00', after)).toBe('2026-06-16T09:00:00.000Z');
    expect(when('today 18:00', after)).toBe('2026-06-15T09:00:00.000Z');
    expect(when('18:00', after)).toBe('2026-06-15T09:00:00.000Z');
    expect(when('morgen um 18 Uhr', after)).toBe('2026-06-16T09:00:00.000Z');
    expect(when('monday 9:00', after)).toBe('2026-06-15T00:00:00.000Z');
    expect(when('tomorrow 18:00', { now: '2026-06-15T06:59:00Z', timeZone: 'America/Los_Angeles' })).toBe(
      '2026-06-16T01:00:00.000Z',
    );
  });
});

describe('daylight saving time', () => {
  it('is that of the day that is meant, not that of today', () => {
    expect(when('1 June 18:00')).toBe('2027-06-01T16:00:00.000Z');
    expect(when('1 December 18:00', { now: '2026-06-01T10:00:00Z' })).toBe('2026-12-01T17:00:00.000Z');
    expect(when('tomorrow 18:00', { now: '2026-03-28T12:00:00Z' })).toBe('2026-03-29T16:00:00.000Z');
  });

  it('moves a time that is skipped forward by the gap', () => {
    const situation = { now: '2026-03-01T10:00:00Z' };
    expect(when('29 Mar 2026 01:59', situation)).toBe('2026-03-29T00:59:00.000Z');
    expect(when('29 Mar 2026 02:30', situation)).toBe('2026-03-29T01:30:00.000Z');
    expect(when('29 Mar 2026 03:00', situation)).toBe('2026-03-29T01:00:00.000Z');
  });

  it('takes the first of two times that are the same', () => {
    const situation = { now: '2026-10-01T10:00:00Z' };
    expect(when('25 Oct 2026 02:30', situation)).toBe('2026-10-25T00:30:00.000Z');
    expect(when('25 Oct 2026 03:00', situation)).toBe('2026-10-25T02:00:00.000Z');
  });

  it('does not stretch a length of time', () => {
    expect(when('in 2 hours', { now: '2026-03-29T00:30:00Z' })).toBe('2026-03-29T02:30:00.000Z');
    expect(when('in 24 hours', { now: '2026-03-28T12:00:00Z' })).toBe('2026-03-29T12:00:00.000Z');
    expect(when('in 3 hours', { now: '2026-10-24T23:30:00Z' })).toBe('2026-10-25T02:30:00.000Z');
  });
});

describe('the time zone of the machine', () => {
  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'UTC'])('changes nothing: %s', (machine) => {
    vi.stubEnv('TZ', machine);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(new Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(machine);
    for (const now of ['2026-03-29T00:30:00Z', '2026-03-28T23:30:00Z', '2026-10-24T23:30:00Z']) {
      expect(Date.parse(when('in 2 hours', { now })) - Date.parse(now)).toBe(7_200_000);
      expect(Date.parse(when('in 120 minutes', { now })) - Date.parse(now)).toBe(7_200_000);
    }
    expect(when('tomorrow 02:30', { now: '2026-03-28T12:00:00Z' })).toBe('2026-03-29T01:30:00.000Z');
    expect(when('sunday 18:00', { now: '2026-03-28T12:00:00Z' })).toBe('2026-03-29T16:00:00.000Z');
    expect(when('18:00 UTC', { now: '2026-03-29T01:10:00Z' })).toBe('2026-03-29T18:00:00.000Z');
  });
});

describe('a time that nobody can tell', () => {
  const unclear = [
    '',
    '   ',
    'hello',
    '9',
    '24:00',
    'tomorrow 25:00',
    '31.02.2027 18:00',
    '2026-02-31 18:00',
    'tomorrow 18:00 or 19:00',
    'friday 9am and saturday 9am',
    '18:00-20:00',
    'every friday 9am',
    'not tomorrow 18:00',
    'tomorrow 18:00 Europe/Berlin',
    'pasado mañana a las 9',
    'Friday, Dec 1 at 6 PM',
    '2 hours after friday',
    'friday +2 hours',
  ];

  it.each(unclear)('is unclear: %j', (text) => {
    expect(problemOf(text)).toEqual({ code: 'when_unclear', text });
  });

  it('is repeated without what turns a text around', () => {
    expect(problemOf('worromot\u202E\u0007')).toEqual({ code: 'when_unclear', text: 'worromot' });
    expect(() => readTimeZone('Now\u2067here')).toThrow(
      expect.objectContaining({ problem: { code: 'time_zone_unknown', text: 'Nowhere' } }),
    );
  });

  it('is unclear where it takes more than 100 characters', () => {
    const fits = `${' '.repeat(86)}tomorrow 18:00`;
    expect(when(fits)).toBe('2026-11-23T17:00:00.000Z');
    expect(problemOf(` ${fits}`)).toEqual({ code: 'when_unclear', text: ` ${fits}`.slice(0, 100) });
  });

  it.each([
    'tomorrow',
    'tonight',
    'tomorrow morning',
    'heute Abend',
    'mañana',
    'amanhã',
    'demain',
    'friday',
    'in 3 days',
    '2026-12-01',
    '1. Dezember',
  ])('has no hour: %j', (text) => {
    expect(problemOf(text)).toEqual({ code: 'when_without_time', text });
  });

  it.each(['now', 'yesterday 18:00', 'today 11:15', 'last friday at 9am', '5 minutes ago', '1.6.2026 18:00'])(
    'is over: %j',
    (text) => {
      expect(problemOf(text)).toEqual({ code: 'when_past' });
    },
  );

  it('lies ahead by 365 days at most', () => {
    expect(when('22 Nov 2027 11:15')).toBe('2027-11-22T10:15:00.000Z');
    expect(problemOf('22 Nov 2027 11:16')).toEqual({ code: 'when_too_far', maxDays: 365 });
    expect(problemOf('29 Feb 18:00', { now: '2028-03-01T10:00:00Z' })).toEqual({
      code: 'when_too_far',
      maxDays: 365,
    });
  });
});

describe('any text', () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...'tomorrow friday in 2 hours at um 18 Uhr à 18h . - / + Z UTC Feb 29 99 Dez às'.split(' '),
    ),
    fc.stringMatching(/^[0-9:./T+-]{1,12}$/),
    fc.string({ maxLength: 8, unit: 'grapheme' }),
  );
  const text = fc.array(word, { maxLength: 7 }).map((words) => words.join(' '));

  it('is a time within a year, or a problem of its author', () => {
    const now = Date.parse(NOW);
    fc.assert(
      fc.property(text, (written) => {
        try {
          const at = readWhen(written, { now, timeZone: BERLIN });
          expect(Number.isInteger(at) && at > now && at <= now + 365 * 86_400_000).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'UserError' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that a clock in some zone shows is read as the same minute', () => {
    const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC');
    const minute = fc.integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2036, 0, 1) / 60_000 });
    const ahead = fc.integer({ min: 1, max: 364 * 1_440 });
    fc.assert(
      fc.property(zone, minute, ahead, (timeZone, start, minutes) => {
        const meant = (start + minutes) * 60_000;
        const local = Temporal.Instant.fromEpochMilliseconds(meant).toZonedDateTimeISO(timeZone);
        const plain = local.toPlainDateTime();
        const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
          plain.toZonedDateTime(timeZone, { disambiguation }),
        );
        fc.pre(earlier?.epochMilliseconds === later?.epochMilliseconds);
        const written = plain.toString({ smallestUnit: 'minute' }).replace('T', ' ');
        expect(readWhen(written, { now: start * 60_000, timeZone })).toBe(meant);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a time zone', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    [' europe/berlin ', 'Europe/Berlin'],
    ['Berlin', 'Europe/Berlin'],
    ['new york', 'America/New_York'],
    ['America/New York', 'America/New_York'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['port-au-prince', 'America/Port-au-Prince'],
    ['US/Eastern', 'America/New_York'],
    ['UTC', 'UTC'],
    ['utc', 'UTC'],
    ['Etc/UTC', 'UTC'],
  ])('is understood: %j', (text, zone) => {
    expect(readTimeZone(text)).toBe(zone);
  });

  it('is understood by the old and the new name of a city', () => {
    expect(readTimeZone('Kolkata')).toBe(readTimeZone('Asia/Calcutta'));
    expect(readTimeZone('Kyiv')).toBe(readTimeZone('Europe/Kiev'));
  });

  it('has one name, which stays as it is', () => {
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      expect(readTimeZone(zone)).toBe(zone);
      expect(readTimeZone(zone.toLowerCase().replaceAll('_', ' '))).toBe(zone);
    }
  });

  it.each(['', '/', 'Europe', 'Europe/', 'Nowhere', 'EST', '+02:00', '../UTC', '__proto__'])(
    'is unknown: %j',
    (text) => {
      expect(() => readTimeZone(text)).toThrow(
        expect.objectContaining({ problem: { code: 'time_zone_unknown', text } }),
      );
    },
  );

  it('of this machine is one that is known', () => {
    expect(readTimeZone(defaultTimeZone())).toBe(defaultTimeZone());
  });
});
