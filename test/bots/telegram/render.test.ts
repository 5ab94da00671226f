import { expect, it } from 'vitest';
import { fitLines } from '../../../src/bots/cards/fit-text.ts';
import type { Card, Choice, Line, Picker } from '../../../src/bots/platform.ts';
import { isLinkable, renderCard } from '../../../src/bots/telegram/render.ts';

const textOf = (lines: readonly Line[]) =>
  lines.map((line) => line.map((span) => (typeof span === 'string' ? span : span.text)).join(''));

it('leaves a card alone that fits to the unit', () => {
  const lines = [['a'.repeat(10)], ['b'.repeat(9)]];
  expect(fitLines(lines, 20)).toBe(lines);
  expect(textOf(fitLines(lines, 19)).join('\n')).toHaveLength(19);
});

it('shortens the longest line and no other', () => {
  const lines = [['title'], ['x'.repeat(900)], ['y'.repeat(150)], ['hint']];
  const [title, long, short, hint] = textOf(fitLines(lines, 400));
  expect([title, short, hint]).toEqual(['title', 'y'.repeat(150), 'hint']);
  expect(long).toBe(`${'x'.repeat(237)}…`);
});

it('leaves lines in the middle out when there are too many', () => {
  const files = Array.from({ length: 35 }, (_, index) => [
    `${index + 1}  photo-${index + 1}.jpg  ${'.'.repeat(50)}`,
  ]);
  const lines = [['35 photos'], ...files, ['Who can see it?'], ['Post now']];
  const fitted = textOf(fitLines(lines, 1024));
  expect(fitted.join('\n').length).toBeLessThanOrEqual(1024);
  expect(fitted[0]).toBe('35 photos');
  expect(fitted[1]).toContain('photo-1.jpg');
  expect(fitted).toContain('…');
  expect(fitted.slice(-3)).toEqual([files[34]?.[0], 'Who can see it?', 'Post now']);
});

it('fits even when every line is long', () => {
  const lines = Array.from({ length: 60 }, () => ['z'.repeat(500)]);
  expect(textOf(fitLines(lines, 1024)).join('\n').length).toBeLessThanOrEqual(1024);
  expect(textOf(fitLines(lines, 50)).join('\n').length).toBeLessThanOrEqual(50);
});

it('cuts between whole characters and keeps the entities inside the text', () => {
  const family = '👩‍👩‍👧';
  const lines: Line[] = [[{ text: family.repeat(20), style: 'bold' }, 'tail'], ['hint']];
  const { text, entities } = renderCard({ lines, rows: [] }, 50);
  const [cut] = text.split('\n');
  expect(cut).toBe(`${family.repeat(5)}…`);
  expect(entities).toEqual([{ type: 'bold', offset: 0, length: family.length * 5 }]);
});

it('begins with the first line that says something', () => {
  const lines: Line[] = [[], [' '], [{ text: 'Title', style: 'bold' }], ['text'], []];
  const { text, entities } = renderCard({ lines, rows: [] }, 100);
  expect(text).toBe('Title\ntext');
  expect(entities).toEqual([{ type: 'bold', offset: 0, length: 5 }]);
});

it('names the person whom a group message asks', () => {
  const mention = { userId: 7, name: 'Ana 🌊' };
  const rendered = renderCard({ lines: [['🎬 Which caption?']], rows: [] }, 100, mention);
  expect(rendered.text).toBe('Ana 🌊: 🎬 Which caption?');
  expect(rendered.entities).toMatchObject([{ type: 'text_mention', offset: 0, length: 6, user: { id: 7 } }]);
  const named = renderCard({ lines: [['🎬 Which caption, Ana 🌊?']], rows: [] }, 100, mention);
  expect(named.text).toBe('🎬 Which caption, Ana 🌊?');
  expect(named.entities).toMatchObject([{ offset: 18, length: 6 }]);
});

it('breaks a choice of many into rows of at most five, and leaves menus of people out', () => {
  const choiceOf = (count: number): Choice => ({
    type: 'choice',
    prompt: 'How many?',
    options: Array.from({ length: count }, (_, index) => ({
      label: `${index + 1}`,
      press: `n:${index + 1}`,
      isChosen: index === 0,
    })),
  });
  const rowsOf = (...rows: Card['rows']) =>
    renderCard({ lines: [['x']], rows }, 100).keyboard?.inline_keyboard.map((row) =>
      row.map(({ text }) => text).join(' '),
    );
  expect(rowsOf(choiceOf(5))).toEqual(['● 1 2 3 4 5']);
  expect(rowsOf(choiceOf(6))).toEqual(['● 1 2 3', '4 5 6']);
  expect(rowsOf(choiceOf(11))).toEqual(['● 1 2 3 4', '5 6 7 8', '9 10 11']);
  const picker: Picker = { type: 'picker', pick: 'roles', prompt: 'Who?', press: 'who', picked: [], max: 5 };
  expect(rowsOf(choiceOf(0), picker)).toBeUndefined();
});

it('knows which hosts Telegram links to', () => {
  for (const href of ['https://nod.example.com/x', 'http://example.com', 'tg://user?id=1'])
    expect(isLinkable(href), href).toBe(true);
  for (const href of [
    'http://localhost:8080',
    'https://nod',
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://app.localhost/',
    'javascript:alert(1)',
    'nonsense',
  ])
    expect(isLinkable(href), href).toBe(false);
});

it('links the names of accounts to TikTok, and to nobody whom Telegram knows by a part of them', () => {
  const own = { text: 'https://www.tiktok.com/@studio.ana', href: 'https://www.tiktok.com/@studio.ana' };
  const lines: Line[] = [
    ['Waiting · Studio Ana (@studio.ana), asked by @kim'],
    ['With @kim.berlin and (@studio).'],
    [own, { text: '@a.b', style: 'code' }],
    ['ana@mail.example, @.'],
    // Telegram links the whole of it.
    ['https://www.tiktok.com/@studio.ana/video/7602929208149356263'],
  ];
  const { text, entities } = renderCard({ lines, rows: [] }, 4096);
  const links = entities.flatMap((entity) =>
    entity.type === 'text_link'
      ? [[text.slice(entity.offset, entity.offset + entity.length), entity.url]]
      : [],
  );
  expect(links).toEqual([
    [own.text, own.href],
    ['@studio.ana', 'https://www.tiktok.com/@studio.ana'],
    ['@kim.berlin', 'https://www.tiktok.com/@kim.berlin'],
    ['@studio', 'https://www.tiktok.com/@studio'],
  ]);
});
