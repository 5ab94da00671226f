import { expect, it } from 'vitest';
import { decodePress } from '../../../src/bots/buttons.ts';
import type { Card, ChatEvent, MessageRef, Question } from '../../../src/bots/platform.ts';
import { likelyZones } from '../../../src/bots/posts/likely-zones.ts';
import { askZoneCard } from '../../../src/bots/posts/zone-card.ts';
import {
  type AccessWorld,
  alone,
  createAccessWorld,
  GROUP,
  inPlace,
  PEOPLE,
  SERVER,
} from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

type Place = typeof GROUP;

const REVIEW = { status: 'in_review', since: Date.now(), expiresAt: Date.now() + 3_600_000 } as const;

/** Presses in the group, with or without windows and messages for one alone, as Discord has them. */
function presser(world: AccessWorld, { hasWindows = false, isOnMessage = true } = {}) {
  const asked: Question[] = [];
  const notes: (string | undefined)[] = [];

  async function press(data: string, message: MessageRef, who = PEOPLE.ana, place: Place = GROUP) {
    const answer = async (note?: string) => void notes.push(note);
    const windows = {
      ask: async (question: Question) => void asked.push(question),
      openPrivately: () => world.message(place.chat),
    };
    await world.handle({
      ...inPlace(place, who),
      locale: 'de',
      type: 'press',
      press: data,
      message,
      isOnMessage,
      answer,
      ...(hasWindows ? windows : {}),
    });
  }
  return { press, asked, notes };
}

const lastCard = ({ telegram }: AccessWorld): { ref: MessageRef; card: Card } => {
  const message = telegram.messages.at(-1);
  const card = message?.versions.at(-1)?.card;
  if (message === undefined || card === undefined) throw new Error('Nothing was said.');
  return { ref: message.ref, card };
};

const buttonsOf = ({ rows }: Card) => rows.flatMap((row) => (row.type === 'buttons' ? row.buttons : []));
const pressOf = (card: Card, label: RegExp): string => {
  const found = buttonsOf(card).find((button) => label.test(button.label));
  if (found === undefined || !('press' in found)) throw new Error(`There is no button ${label}.`);
  return found.press;
};

const said = (who: typeof PEOPLE.ana, text: string, subject: string, place: Place = GROUP): ChatEvent => ({
  ...inPlace(place, who),
  type: 'text',
  text,
  subject,
});

it('asks for the time zone of a place once, before the first time', async () => {
  await using world = await createAccessWorld();
  const { workspaces, telegram } = world;
  await world.draft('draft');
  const { press } = presser(world);
  const card = await world.message(GROUP.chat);
  await press('d:draft:when', card);
  const question = lastCard(world);
  expect(textOf(question.card)).toBe(
    'Ana, which time zone do you mean? Nod asks this once; it holds for everybody here.',
  );
  expect(buttonsOf(question.card).map(({ label }) => label.replace(/, .*/, ''))).toEqual(
    expect.arrayContaining(['Berlin', 'Vienna', 'Zurich', 'UTC', 'Another one…']),
  );
  await press(pressOf(question.card, /^Berlin/), question.ref);
  expect(textOf(lastCard(world).card)).toBe(
    'Ana, reply to this with the time, like “tomorrow 18:00” (Europe/Berlin), or “now”.',
  );
  const shown = telegram.messages.find(({ ref }) => ref.id === question.ref.id)?.versions.at(-1)?.card;
  expect(textOf(shown)).toBe('Times here are those of Europe/Berlin now. /settings changes that.');
  expect(shown?.rows).toEqual([]);
  expect(await workspaces.timeZoneOf(SERVER.workspace)).toBe('Europe/Berlin');
  await press('d:draft:when', card);
  expect(textOf(lastCard(world).card)).toContain('(Europe/Berlin)');
});

it('asks in a message for one alone, then opens the window, where there are such', async () => {
  await using world = await createAccessWorld();
  await world.draft('draft');
  const { press, asked } = presser(world, { hasWindows: true });
  await press('d:draft:when', await world.message(GROUP.chat));
  const question = lastCard(world);
  await press(pressOf(question.card, /^Vienna/), question.ref);
  expect(asked).toMatchObject([{ subject: 'when_draft:draft', hint: 'Times are those of Europe/Vienna.' }]);
});

it('leaves a message as it is on which no button says the zone', async () => {
  await using world = await createAccessWorld();
  await world.draft('draft');
  const { press } = presser(world, { isOnMessage: false });
  const card = await world.message(GROUP.chat);
  await press('d:draft:zone:Europe/Berlin', card);
  const shown = world.telegram.messages.find(({ ref }) => ref.id === card.id);
  expect(shown?.versions).toHaveLength(1);
});

it('takes the zone in words, and leads on to the time', async () => {
  await using world = await createAccessWorld();
  await world.draft('draft');
  const { press } = presser(world);
  await press('d:draft:zone:other', await world.message(GROUP.chat));
  expect(textOf(lastCard(world).card)).toBe(
    'Ana, reply to this with the time zone, such as “Berlin” or “New York”.',
  );
  await world.handle(said(PEOPLE.ana, 'Atlantis', 'zone_draft:draft'));
  expect(textOf(lastCard(world).card)).toContain('“Atlantis” is no time zone that Nod knows.');
  await world.handle(said(PEOPLE.ana, 'new york', 'zone_draft:draft'));
  const known = lastCard(world);
  expect(textOf(known.card)).toBe('Times here are those of America/New_York now. /settings changes that.');
  await press(pressOf(known.card, /^When/), known.ref);
  expect(textOf(lastCard(world).card)).toContain('(America/New_York)');
});

it('keeps the zone that was said first, whoever says another one', async () => {
  await using world = await createAccessWorld();
  const { workspaces } = world;
  await world.draft('draft');
  await world.post('post', REVIEW);
  const { press } = presser(world);
  await world.handle(said(PEOPLE.mia, 'Tokyo', 'zone_post:post'));
  await press('d:draft:zone:Europe/Berlin', await world.message(GROUP.chat));
  expect(await workspaces.timeZoneOf(GROUP.workspace)).toBe('Asia/Tokyo');
  expect(textOf(lastCard(world).card)).not.toContain('Berlin');
  const zones = (await world.cardIndex()).match(/time zone: [\w/]+/g);
  expect(zones).toEqual(['time zone: Asia/Tokyo']);
});

it('lets a time that came with the media wait for its zone, and reads it then', async () => {
  await using world = await createAccessWorld();
  const { drafts } = world;
  const file = { ref: 'ref', name: 'a.jpg' };
  const offered = {
    type: 'media',
    messageId: '7',
    order: 7,
    file,
    wishes: { when: 'tomorrow 18:00' },
  } as const;
  const frame = alone(PEOPLE.rex);
  await world.handle({ ...frame, ...offered });
  const [draft] = await Array.fromAsync(drafts.entries());
  if (draft === undefined) throw new Error('There is no draft.');
  const [id] = draft;
  expect((await drafts.get(id))?.plan).toEqual({
    problem: { code: 'when_zone_missing', text: 'tomorrow 18:00' },
  });
  const place = { ...frame, chat: frame.chat };
  const message = await world.message(frame.chat);
  await world.handle({
    ...place,
    id: 'press',
    type: 'press',
    press: `d:${id}:zone:Asia/Tokyo`,
    message,
    isOnMessage: true,
    answer: async () => {},
  });
  const plan = (await drafts.get(id))?.plan;
  const at = plan !== undefined && 'at' in plan ? plan.at : 0;
  expect(new Date(at).toISOString()).toMatch(/T09:00:00\.000Z$/);
});

it('asks for no zone where a time means the same everywhere', async () => {
  await using world = await createAccessWorld();
  const { drafts } = world;
  await world.draft('draft');
  await world.handle(said(PEOPLE.ana, 'in 2 hours', 'when_draft:draft'));
  expect((await drafts.get('draft'))?.plan).toHaveProperty('at');
  await world.handle(said(PEOPLE.ana, 'tomorrow 18:00', 'when_draft:draft'));
  expect((await drafts.get('draft'))?.plan).toMatchObject({ problem: { code: 'when_zone_missing' } });
});

it.each([
  ['de', ['Europe/Berlin', 'Europe/Vienna', 'Europe/Zurich']],
  ['pt-BR', ['America/Sao_Paulo']],
  ['es-419', ['America/Mexico_City', 'America/Lima']],
  ['en-GB', ['Europe/London']],
  ['ja', ['Asia/Tokyo']],
  ['xx-nonsense!', ['UTC']],
  [undefined, ['America/New_York']],
])('offers zones to who speaks %s', (locale, expected) => {
  const zones = likelyZones(locale);
  expect(zones).toEqual(expect.arrayContaining(expected));
  expect(zones.length).toBeLessThanOrEqual(6);
  const card = askZoneCard({ on: 'draft', id: 'x'.repeat(22), person: PEOPLE.ana, zones, now: 0 });
  for (const button of buttonsOf(card)) {
    const data = 'press' in button ? button.press : '';
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
    expect(decodePress(data)).toMatchObject({ on: 'draft', verb: 'zone' });
  }
});
