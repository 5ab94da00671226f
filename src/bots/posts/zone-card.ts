import type { Person } from '../../core/people.ts';
import { encodePress } from '../buttons.ts';
import { type Button, buttonRow, buttonRows, type Card } from '../platform.ts';
import { dateFormat } from '../text/date-format.ts';
import { note } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';

/** What a button about the time zone says in place of a zone. */
export const ZONE_ARGUMENTS = { other: 'other', time: 'time' } as const;

/** The title of the window that asks for a time zone. */
export const WHICH_ZONE = 'Time zone, such as Berlin or New York';

/** The draft or post whose time waits for the zone. */
interface Subject {
  readonly on: 'draft' | 'post';
  readonly id: string;
}

/** Asks, once for a place, in which time zone its people mean their times. */
export function askZoneCard({
  person,
  zones,
  now,
  ...subject
}: Subject & {
  person: Person;
  /** IANA names. */
  zones: readonly string[];
  now: number;
}): Card {
  const buttons = zones.map((zone) => zoneButton(subject, zoneLabel(zone, now), zone));
  return {
    ...note(`${person.name}, which time zone do you mean? Nod asks this once; it holds for everybody here.`),
    rows: [...buttonRows(buttons, 2), buttonRow(zoneButton(subject, 'Another one…', ZONE_ARGUMENTS.other))],
  };
}

/** Asks for a time zone in words. */
export const askZoneText = ({ name }: Person): string =>
  `${name}, reply to this with the time zone, such as “Berlin” or “New York”.`;

/** What holds from now on, and how to change it. */
export const zoneText = (timeZone: string, { slash }: Wording): string =>
  `Times here are those of ${timeZone} now. ${slash}settings changes that.`;

/** The same, with the way on to the time. */
export const zoneKnownCard = (text: string, subject: Subject): Card => ({
  ...note(text),
  rows: [buttonRow({ ...zoneButton(subject, 'When…', ZONE_ARGUMENTS.time), tone: 'main' })],
});

function zoneButton({ on, id }: Subject, label: string, argument: string): Button {
  return { label, press: encodePress({ on, id, verb: 'zone', argument }) };
}

/** The clock there tells people more than a name: `Berlin, 18:05`. */
function zoneLabel(zone: string, now: number): string {
  const time = dateFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone });
  const city = zone.split('/').at(-1)?.replaceAll('_', ' ') ?? zone;
  return `${city}, ${time.format(now)}`;
}
