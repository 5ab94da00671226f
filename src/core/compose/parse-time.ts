import { de, en, es, fr, type ParsedComponents, type ParsedResult, pt } from 'chrono-node';
import { Temporal } from 'temporal-polyfill';
import { plainText } from '../plain-text.ts';
import { UserError } from '../problems.ts';
import type { DraftPlan } from './draft.ts';

const MAX_CHARACTERS = 100;
const MAX_DAYS = 365;
const DAY_MS = 86_400_000;

/** In the order in which they win a tie. */
const LANGUAGES = { en, de, es, pt, fr };

/** Words that may stay unread, because they change nothing. */
const FILLERS =
  /\b(?:the|on|at|den|der|am|um|el|la|las|em|le|please|bitte)\b|(?<!\S)[aàáo]s?(?!\S)|[\s.,;!]/gi;

/** Asks for a day that is over; without it, a weekday means the next one. */
const BACKWARD = /\b(?:last|past|letzte[nrs]?|vorige[nrs]?|pasad[oa]|passad[oa]|derni[eè]re?)(?!\p{L})/iu;

/** A length of time that does not begin now. */
const FROM_ELSEWHERE = /\b(?:after|before|since)\b|\bfrom (?!now)|\s[+-]/i;

/**
 * Chrono reckons in the time zone of the machine, where hours may be missing. So long ago no zone had daylight saving
 * time, and after 400 years the calendar repeats itself.
 */
const YEARS_BACK = 400;

/**
 * When somebody means who writes `tomorrow 18:00`, `in 2 hours` or `25.12.2026 um 18 Uhr` now, in milliseconds since
 * the epoch. Without a zone or an offset in the text, days and hours are those of `timeZone`.
 *
 * @throws UserError `when_unclear`, `when_without_time`, `when_past` or `when_too_far`.
 */
export function readWhen(text: string, { now, timeZone }: { now: number; timeZone: string }): number {
  const shown = shownOf(text);
  const here = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDateTime();
  const read = text.length > MAX_CHARACTERS ? undefined : parse(text.normalize('NFC'), here);
  if (read === undefined) throw new UserError({ code: 'when_unclear', text: shown });
  if (!read.start.isCertain('hour')) throw new UserError({ code: 'when_without_time', text: shown });
  const at = instantOf(read, { now, timeZone, here });
  if (at === undefined) throw new UserError({ code: 'when_unclear', text: shown });
  if (at <= now) throw new UserError({ code: 'when_past' });
  if (at > now + MAX_DAYS * DAY_MS) throw new UserError({ code: 'when_too_far', maxDays: MAX_DAYS });
  return at;
}

/** The first and the last place on earth in which a day begins. */
const FARTHEST_ZONES = ['Pacific/Kiritimati', 'Etc/GMT+12'];

/** Whether a text means another time in another zone; not so `in 2 hours`, or what is no time anywhere. */
function needsTimeZone(text: string, now: number): boolean {
  const readings = FARTHEST_ZONES.map((timeZone) => {
    try {
      return readWhen(text, { now, timeZone });
    } catch (error) {
      if (error instanceof UserError) return error.problem.code;
      throw error;
    }
  });
  return new Set(readings).size > 1;
}

/** What somebody writes who wants no time after all. */
const AT_ONCE: ReadonlySet<string> = new Set(['now', 'jetzt', 'ahora', 'agora', 'maintenant']);

/**
 * The plan that somebody means who writes a time, or a word like `now`, for which there is none. A time that cannot be is a
 * plan with its problem.
 */
export function readPlan(
  text: string,
  { now, timeZone }: { now: number; timeZone: string | undefined },
): DraftPlan | undefined {
  if (AT_ONCE.has(text.trim().toLowerCase())) return undefined;
  if (timeZone === undefined && needsTimeZone(text, now))
    return { problem: { code: 'when_zone_missing', text } };
  try {
    return { at: readWhen(text, { now, timeZone: timeZone ?? 'UTC' }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error.problem };
  }
}

/** `2026-12-01T18:00`: a moment by the clocks of a zone, as a form of a page has it. */
export const formatLocal = (at: number, timeZone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' });

/** The reading that leaves the least of the text over; undefined where what it leaves could mean something. */
function parse(text: string, here: Temporal.PlainDateTime): ParsedResult | undefined {
  const readings = Object.entries(LANGUAGES).flatMap(([language, { casual }]) => {
    const spelled = spellOut(text, language);
    // `forwardDate` lets `2 hours` pass for `in 2 hours`. The plain reading wins a tie, because the other one has
    // moved days by the clock of the machine.
    return [false, true].flatMap((forwardDate) =>
      casual
        .parse(spelled, { instant: referenceOf(here) }, { forwardDate })
        .map((result) => ({ result, rest: restOf(spelled, result) })),
    );
  });
  const [first, ...others] = readings;
  if (first === undefined) return undefined;
  const best = others.reduce((a, b) => (b.rest.length < a.rest.length ? b : a), first);
  if (best.result.end) return undefined;
  return best.rest.replace(FILLERS, '') === '' ? best.result : undefined;
}

function restOf(text: string, { index, text: { length } }: ParsedResult): string {
  return `${text.slice(0, index)} ${text.slice(index + length)}`;
}

/** Puts what people often write, but Chrono does not read in their language, into words that it reads. */
function spellOut(text: string, language: string): string {
  // With dots, the day comes first in every language.
  const spelled = text.replace(
    /\b(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})\b/g,
    (_, day: string, month: string, year: string) =>
      `${year.padStart(4, '20')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
  );
  if (language === 'de') {
    return spelled
      .replace(/\b(\d{1,2})(?:[.:](\d{2}))?\s?Uhr(?:\s(\d{2}))?\b/gi, toClock)
      .replace(/\b(\d{1,2})\.\s?(\d{1,2})\.(?!\d)/g, (numbers, day: string, month: string) => {
        const name = GERMAN_MONTHS[Number(month) - 1];
        return name === undefined ? numbers : `${day}. ${name}`;
      });
  }
  if (language === 'es' || language === 'pt') {
    return spelled.replace(
      /(?<=(?<!\S)(?:las?|[àá]s?|as)\s)(\d{1,2})\s?h(?:oras?|s)?(\d{2})?(?!\p{L})/giu,
      toClock,
    );
  }
  return spelled;
}

const GERMAN_MONTHS =
  'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' ');

/** Makes `18:30` of the hour and, if there are any, the minutes among the groups of a match. */
function toClock(_: string, hour: string, ...[first, second]: unknown[]): string {
  const minutes = [first, second].find((group) => typeof group === 'string');
  return `${hour}:${minutes ?? '00'}`;
}

/** The clock on the wall as a date of the machine's zone. */
function referenceOf(here: Temporal.PlainDateTime): Date {
  const { year, month, day, hour, minute, second, millisecond } = here;
  return new Date(year - YEARS_BACK, month - 1, day, hour, minute, second, millisecond);
}

/** The instant that is meant; undefined where the text contradicts itself. */
function instantOf(
  { start, text }: ParsedResult,
  { now, timeZone, here }: { now: number; timeZone: string; here: Temporal.PlainDateTime },
): number | undefined {
  const wall = wallOf(start);
  const tags = start.tags();
  if (tags.has('casualReference/now')) return now;
  if (tags.has('result/relativeDateAndTime')) {
    return FROM_ELSEWHERE.test(text) ? undefined : now + here.until(wall).total('milliseconds');
  }
  const offsetMinutes = start.isCertain('timezoneOffset') ? start.get('timezoneOffset') : null;
  const instant = (local: Temporal.PlainDateTime): number =>
    offsetMinutes === null
      ? local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds
      : local.toZonedDateTime('UTC').epochMilliseconds - offsetMinutes * 60_000;

  const chosen = BACKWARD.test(text) ? wall : nextOf(wall, periodOf(start), (local) => instant(local) > now);
  const weekday = start.isCertain('weekday') ? start.get('weekday') : null;
  // Chrono counts weekdays from Sunday, 0.
  if (weekday !== null && chosen.dayOfWeek % 7 !== weekday) return undefined;
  return instant(chosen);
}

function wallOf(start: ParsedComponents): Temporal.PlainDateTime {
  const read = (component: Parameters<ParsedComponents['get']>[0]) => start.get(component) ?? 0;
  const certain = (component: 'second' | 'millisecond') => (start.isCertain(component) ? read(component) : 0);
  const year = read('year');
  return Temporal.PlainDateTime.from({
    year: year < 1900 ? year + YEARS_BACK : year,
    month: read('month'),
    day: read('day'),
    hour: read('hour'),
    minute: read('minute'),
    second: certain('second'),
    millisecond: certain('millisecond'),
  });
}

/** After what time the same words mean something again; undefined where they name one day. */
function periodOf(start: ParsedComponents): 'days' | 'weeks' | 'years' | undefined {
  const [year, month, day, weekday] = (['year', 'month', 'day', 'weekday'] as const).map((component) =>
    start.isCertain(component),
  );
  if (month) return year ? undefined : 'years';
  if (day || year) return undefined;
  return weekday ? 'weeks' : 'days';
}

/** The first time from here that lies ahead. */
function nextOf(
  wall: Temporal.PlainDateTime,
  period: 'days' | 'weeks' | 'years' | undefined,
  isAhead: (local: Temporal.PlainDateTime) => boolean,
): Temporal.PlainDateTime {
  if (period === undefined) return wall;
  // In another zone, it may still be the day before.
  for (let count = period === 'days' ? -1 : 0; ; count += 1) {
    const local = wall.add({ [period]: count });
    // 29 February comes only in leap years.
    const isSameDay = period !== 'years' || local.day === wall.day;
    if (isSameDay && isAhead(local)) return local;
  }
}

/**
 * The time zone that somebody means who writes `Europe/Berlin`, `berlin`, `New York` or `UTC`, as an IANA name.
 *
 * @throws UserError `time_zone_unknown`, also where several fit.
 */
export function readTimeZone(text: string): string {
  const name = text.trim().normalize('NFD').replace(/\p{M}/gu, '').replace(/\s+/g, '_');
  const known = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
  const regions = new Set(known.map((zone) => zone.replace(/\/.*/, '')));
  const city = `/${name}`.toLowerCase();
  const candidates =
    name.includes('/') || name.toUpperCase() === 'UTC'
      ? [name]
      : // A city may go by a new name that is only an alias here, such as Kolkata.
        [
          ...known.filter((zone) => zone.toLowerCase().endsWith(city)),
          ...[...regions].map((r) => `${r}/${name}`),
        ];
  const found = new Set(
    candidates.map(canonicalZone).filter((zone) => zone !== undefined && known.includes(zone)),
  );
  const [zone] = found;
  if (zone !== undefined && found.size === 1) return zone;
  throw new UserError({ code: 'time_zone_unknown', text: shownOf(text) });
}

/** As much of a text as is repeated to who wrote it, before others. */
const shownOf = (text: string): string => plainText(text).slice(0, MAX_CHARACTERS).toWellFormed();

/** The time zone of this machine; UTC where it has none that has a name. */
export function defaultTimeZone(): string {
  return canonicalZone(new Intl.DateTimeFormat().resolvedOptions().timeZone) ?? 'UTC';
}

/** The IANA name that a time zone goes by here; undefined for what is none. */
export function canonicalZone(name: string | undefined): string | undefined {
  if (name === undefined || name.length > MAX_CHARACTERS) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

const SECONDS = String.raw`\d+(?:[.,]\d+)?`;
/** `1:05`, `0:01:05`, `1:05.5`. */
const CLOCK = new RegExp(`^(?:(\\d+):)?(\\d+):(${SECONDS})$`);
/** `65`, `65 s`, `1 min 5 s`, `1h 2m`. */
const UNITS = new RegExp(
  `^(?:(\\d+)\\s*h(?:ours?)?\\s*)?(?:(\\d+)\\s*m(?:in(?:ute)?s?)?\\.?\\s*)?(?:(${SECONDS})\\s*(?:s(?:ec(?:ond)?s?)?\\.?)?)?$`,
);

/**
 * The moment of a video that somebody has written, in seconds.
 *
 * @throws UserError `moment_unclear`.
 */
export function readMoment(text: string): number {
  const written = text.trim().toLowerCase();
  const [matched, hours = '0', minutes = '0', seconds = '0'] =
    CLOCK.exec(written) ?? UNITS.exec(written) ?? [];
  const moment = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'));
  if (!matched || !Number.isFinite(moment)) throw new UserError({ code: 'moment_unclear', text });
  return moment;
}
