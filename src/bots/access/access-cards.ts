import type { PlaceAccess } from '../../core/access/place-access.ts';
import type { Person } from '../../core/people.ts';
import { encodePress, settingKey } from '../buttons.ts';
import { type Button, buttonRow, type Card, type Row, type Span } from '../platform.ts';
import { countOf, placeName } from '../text/format.ts';
import { type Guide, note, stepsOf } from '../text/messages.ts';
import { type Wording, wordingOf } from '../text/wording.ts';

const PAGE_LENGTH = 6;

/** The one sentence for a stranger. */
export function strangerText({ isClaimed, isAsked }: { isClaimed: boolean; isAsked: boolean }): string {
  if (!isClaimed) return 'This Nod has no operator yet: whoever runs it finds the claim link in its log.';
  return isAsked ? 'This Nod is private. Its operator has been asked.' : 'This Nod is private.';
}

/** To the operator, who speaks of Nod where it may not be used. */
export const howToAdmitText = ({ slash }: Wording): string =>
  `This is not among the places that may use your Nod. ${slash}help from you lets it in.`;

/** After the right code was sent where others could read it. */
export const SPOILED =
  'Others can read this code, so it is not good any more. Start Nod with --claim, and send the new code to me alone.';

/** Tells the operator about strangers who are not shown. */
export const fullCard: Card = {
  lines: [['Many people wait to use this Nod. Others cannot ask until you have decided about some.']],
  rows: [buttonRow(listButton())],
};

/** Asks the operator about a place. */
export function requestCard(place: PlaceAccess): Card {
  return {
    lines: [[...whoWants(place), ' would like to use Nod.']],
    rows: [
      buttonRow({ ...on('Allow', place, 'allow'), tone: 'good' }, on('Not now', place, 'postpone'), {
        ...on('Block', place, 'block'),
        tone: 'bad',
      }),
    ],
  };
}

/** What the operator has decided, with the way back. */
export function decidedCard(place: PlaceAccess, cancelled = 0): Card {
  const name = placeName(place);
  const ended =
    cancelled === 0
      ? []
      : [[`${countOf(cancelled, 'post')} that waited there ${cancelled === 1 ? 'is' : 'are'} cancelled.`]];
  switch (place.state) {
    case 'allowed':
      return {
        lines: [[`✓ ${name} may use this Nod.`]],
        rows: [buttonRow(withdrawButton('Withdraw', place))],
      };
    case 'withdrawn':
      return {
        lines: [[`${name} may not use this Nod any more.`], ...ended],
        rows: [buttonRow(on('Allow', place, 'allow'))],
      };
    case 'blocked':
      return {
        lines: [[`${name} is blocked and gets no answer.`], ...ended],
        rows: [buttonRow(on('Allow', place, 'allow'))],
      };
    case 'postponed':
      return {
        lines: [[`Not now: ${name}. Nod asks again when they write after a week.`]],
        rows: [buttonRow(on('Allow', place, 'allow'), { ...on('Block', place, 'block'), tone: 'bad' })],
      };
    case 'asked':
    case 'met':
      return requestCard(place);
  }
}

/** Tells a place that it has been let in. */
export const welcomeCard = (guide: Guide): Card =>
  note('This Nod may be used here now.', '', ...stepsOf(guide));

/** Greets the operator. */
export function claimedCard({ toConnect, toPost, addToTeam }: Wording, waiting: number): Card {
  return {
    lines: [
      [{ text: 'This is your Nod now.', style: 'bold' }, ' Nobody else can use it until you let them in.'],
      [],
      [`1. ${toConnect}`],
      [`2. ${toPost}`],
      [`3. ${addToTeam}`],
      ...(waiting === 0
        ? []
        : [[], [`${countOf(waiting, 'request')} ${waiting === 1 ? 'waits' : 'wait'} for you.`]]),
    ],
    rows: [buttonRow(listButton())],
  };
}

/** Tells operators of another one. */
export const newOperatorCard = (person: Person, platform: string): Card =>
  note(`${person.name} (${platform}) has claimed this Nod as well, with the code from its log.`);

/** Leads to the list of who may use this Nod. */
export function listButton(): Button {
  return {
    label: 'Who may use this Nod…',
    press: encodePress({ on: 'access', id: 'all', verb: 'list', argument: '0' }),
  };
}

/** Who may use this Nod, who waits and who is kept out, a page at a time. */
export function accessCard({
  places,
  page,
  isOpen,
}: {
  /** All that the operator has decided about or is asked about. */
  places: readonly PlaceAccess[];
  page: number;
  isOpen: boolean;
}): Card {
  const pages = Math.max(1, Math.ceil(places.length / PAGE_LENGTH));
  const at = Math.min(page, pages - 1);
  const shown = places.slice(at * PAGE_LENGTH, (at + 1) * PAGE_LENGTH);
  return {
    lines: [
      [{ text: 'Who may use this Nod', style: 'bold' }],
      ...(isOpen ? [['Everybody, but for those who are withdrawn or blocked here.']] : []),
      [],
      ...(places.length === 0
        ? [['Nobody has asked yet.']]
        : shown.map((place) => [...placeSpans(place), ...tagOf(place, shown), `  ${STATES[place.state]}`])),
    ],
    rows: [...shown.map((place) => placeRow(place, shown)), ...pageRow(at, pages)],
  };
}

const STATES: Readonly<Record<PlaceAccess['state'], string>> = {
  met: 'uses it',
  asked: 'waits for you',
  postponed: 'not now',
  allowed: 'may use it',
  withdrawn: 'may not any more',
  blocked: 'blocked',
};

function placeRow(place: PlaceAccess, places: readonly PlaceAccess[]): Row {
  const name = [place.title || placeName(place), ...tagOf(place, places)].join('');
  if (place.state === 'allowed') return buttonRow(withdrawButton(`Withdraw ${name}`, place));
  if (place.state === 'met') return buttonRow({ ...on(`Block ${name}`, place, 'block'), tone: 'bad' });
  const allow = on(`Allow ${name}`, place, 'allow');
  return place.state === 'blocked' || place.state === 'withdrawn'
    ? buttonRow(allow)
    : buttonRow(allow, { ...on(`Block ${name}`, place, 'block'), tone: 'bad' });
}

function pageRow(page: number, pages: number): Row[] {
  const to = (label: string, argument: number): Button => ({
    label,
    press: encodePress({ on: 'access', id: 'all', verb: 'list', argument: String(argument) }),
  });
  const buttons = [
    ...(page > 0 ? [to('Back', page - 1)] : []),
    ...(page < pages - 1 ? [to('More', page + 1)] : []),
  ];
  return buttons.length === 0 ? [] : [buttonRow(...buttons)];
}

function on(label: string, { workspace }: PlaceAccess, verb: string): Button {
  return { label, press: encodePress({ on: 'access', id: settingKey({ id: workspace }), verb }) };
}

const withdrawButton = (label: string, place: PlaceAccess): Button => ({
  ...on(label, place, 'withdraw'),
  tone: 'bad',
});

/** `Kim @kim (Telegram)`, or `Editors (Telegram group)`: names can be anybody's, so what is nobody else's stands beside. */
function placeSpans(place: PlaceAccess): Span[] {
  const { name, group } = wordingOf(place.chat);
  const title: Span = { text: place.title || 'A chat', style: 'bold' };
  if (!place.isPrivate) return [title, ` (${name} ${group})`];
  return [title, ' ', { text: handleOf(place), style: 'code' }, ` (${name})`];
}

/** Tells places of one name apart. */
function tagOf({ title, workspace }: PlaceAccess, places: readonly PlaceAccess[]): string[] {
  const isAlone = places.every((other) => other.title !== title || other.workspace === workspace);
  return isAlone ? [] : [` ${numberOf(workspace)}`];
}

/** `Kim @kim (Telegram)`, or `Kim @kim in Editors (Telegram group)`. */
function whoWants(place: PlaceAccess): Span[] {
  if (place.isPrivate) return placeSpans(place);
  const { person } = place;
  const handle: Span[] = person === undefined ? [] : [' ', { text: handleOf(place), style: 'code' }];
  return [{ text: person?.name ?? 'Somebody', style: 'bold' }, ...handle, ' in ', ...placeSpans(place)];
}

/** The name that is nobody else's, else the number. */
const handleOf = ({ handle, person, workspace }: PlaceAccess): string =>
  handle ?? numberOf(person?.id ?? workspace);

const numberOf = (id: string): string => id.replace(/^.*:/, 'id ');
