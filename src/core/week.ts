import { Temporal } from 'temporal-polyfill';

const MONDAY = 1;
const DAYS = 7;

/** The first Monday at this hour of a time zone (IANA name) after a time, in epoch milliseconds. */
export function nextMonday(after: number, timeZone: string, hour: number): number {
  const day = Temporal.Instant.fromEpochMilliseconds(after).toZonedDateTimeISO(timeZone).toPlainDate();
  const monday = day.subtract({ days: day.dayOfWeek - MONDAY });
  const at = (date: Temporal.PlainDate): number =>
    date.toZonedDateTime({ timeZone, plainTime: { hour } }).epochMilliseconds;
  return at(monday) > after ? at(monday) : at(monday.add({ days: DAYS }));
}

/** The whole week before the one of a time, from its Monday on: it ends where the next one begins. */
export function weekBefore(at: number, timeZone: string): { readonly from: number; readonly below: number } {
  const day = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate();
  const monday = day.subtract({ days: day.dayOfWeek - MONDAY });
  const startOf = (date: Temporal.PlainDate): number => date.toZonedDateTime({ timeZone }).epochMilliseconds;
  return { from: startOf(monday.subtract({ days: DAYS })), below: startOf(monday) };
}
