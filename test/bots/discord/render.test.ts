import { expect, it } from 'vitest';
import { escapeText, renderCard, setLines } from '../../../src/bots/discord/render.ts';
import { type Button, buttonRow, type Card, type Line, type Row } from '../../../src/bots/platform.ts';

const card = (rows: readonly Row[], lines: readonly Line[] = [['Text']]): Card => ({ lines, rows });
const buttons = (count: number, from = 0): Button[] =>
  Array.from({ length: count }, (_, index) => ({ label: `B${from + index}`, press: `p${from + index}` }));

/** The components inside of the container. */
const inside = (shown: Card, calledId?: string) => renderCard(shown, calledId)[0].components;
const countAll = (shown: Card) =>
  inside(shown).reduce((sum, part) => sum + 1 + ('components' in part ? part.components.length : 0), 1);
const textOf = (shown: Card, calledId?: string) => {
  const [first] = inside(shown, calledId);
  return first !== undefined && 'content' in first ? first.content : undefined;
};

it('sets styles and links, and leaves what people wrote as they wrote it', () => {
  expect(
    setLines([
      [{ text: 'bold ', style: 'bold' }, 'plain', { text: ' x', style: 'italic' }],
      [],
      [
        { text: 'the [rules]', href: 'https://example.com/a_(b)' },
        { text: 'a`b', style: 'code' },
      ],
    ]),
  ).toBe('**bold** plain *x*\n\n[the \\[rules\\]](https://example.com/a_%28b%29)`` a`b ``');
});

it.each([
  ['*_~`|\\', '\\*\\_\\~\\`\\|\\\\'],
  ['<@123> <#1> <:a:1> <t:1>', '\\<@123\\> \\<#1\\> \\<:a:1\\> \\<t:1\\>'],
  ['[click](https://evil.example)', '\\[click\\](https://evil.example)'],
  [
    'see https://www.tiktok.com/@my_user_/video/1 *now*',
    'see https://www.tiktok.com/@my_user_/video/1 \\*now\\*',
  ],
  ['https://a.example<@123>', 'https://a.example\\<@123\\>'],
])('escapes %s', (text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

it('makes no heading, quote, list or small print of a line', () => {
  const lines = ['# a', '-# b', '> c', '- d', '+ e', '12. f', '  # g', '* h'];
  expect(setLines(lines.map((line) => [line]))).toBe(
    '\\# a\n\\-# b\n\\> c\n\\- d\n\\+ e\n12\\. f\n  \\# g\n\\* h',
  );
});

it('writes out a link that Discord would not set', () => {
  const href = 'https://www.tiktok.com/@ana/video/1';
  expect(setLines([[{ text: href, href }]])).toBe(href);
  expect(setLines([[{ text: 'open', href: 'tg://resolve' }]])).toBe('open tg://resolve');
});

it('shortens a text whose marks make it too long', () => {
  const lines: Line[] = [['Title'], [{ text: '*'.repeat(3_900), style: 'bold' }], ['State']];
  const text = textOf(card([], lines));
  expect(text?.length).toBeLessThanOrEqual(4_000);
  expect(text?.length).toBeGreaterThan(3_500);
  expect(text).toMatch(/^Title\n\*\*\\\*/);
  expect(text).toMatch(/…\**\nState$/);
});

it('calls for a person within the limit', () => {
  const text = textOf(card([], [['a'.repeat(5_000)]]), '123456789012345678');
  expect(text).toMatch(/^<@123456789012345678> aaa/);
  expect(text?.length).toBeLessThanOrEqual(4_000);
});

it('breaks a row of many buttons and gives them their tones', () => {
  const [, first, second] = inside(
    card([buttonRow(...buttons(6), { label: 'Go', press: 'go', tone: 'main' })]),
  );
  expect(first).toMatchObject({
    type: 1,
    components: [{ label: 'B0', style: 2, custom_id: 'p0' }, {}, {}, {}, {}],
  });
  expect(second).toMatchObject({ components: [{ label: 'B5' }, { label: 'Go', style: 1 }] });
});

it('puts a choice into a menu that shows what is chosen', () => {
  const options = [
    { label: 'Everyone', press: 'all', isChosen: false },
    { label: 'Only me', press: 'me', isChosen: true },
  ];
  expect(inside(card([{ type: 'choice', prompt: 'Who can see it?', options }]))[1]).toEqual({
    type: 1,
    components: [
      {
        type: 3,
        custom_id: 'choice:0',
        placeholder: 'Who can see it?',
        options: [
          { label: 'Everyone', value: 'all', default: false },
          { label: 'Only me', value: 'me', default: true },
        ],
      },
    ],
  });
});

it('keeps what is chosen among the options that fit a menu', () => {
  const options = Array.from({ length: 40 }, (_, index) => ({
    label: `${index}`.padEnd(120, 'x'),
    press: `p${index}`,
    isChosen: index === 33,
  }));
  const [, row] = inside(card([{ type: 'choice', prompt: 'Which?', options }]));
  const [menu] = row !== undefined && 'components' in row ? row.components : [];
  const shown = menu !== undefined && 'options' in menu ? menu.options : [];
  expect(shown).toHaveLength(25);
  expect(shown?.at(-1)).toMatchObject({ value: 'p33', default: true });
  expect(shown?.[0]?.label).toHaveLength(100);
});

it('moves buttons together when a card has too many components, and keeps the last row', () => {
  const rows = Array.from({ length: 20 }, (_, index) => buttonRow(...buttons(1, index)));
  expect(countAll(card(rows))).toBeLessThanOrEqual(40);
  expect(inside(card(rows)).at(-1)).toMatchObject({ components: [{ label: 'B19' }] });
  expect(JSON.stringify(inside(card(rows)))).toContain('"B18"');
  const more = Array.from({ length: 60 }, (_, index) => buttonRow(...buttons(1, index)));
  expect(countAll(card(more))).toBeLessThanOrEqual(40);
  expect(inside(card(more)).at(-1)).toMatchObject({ components: [{ label: 'B59' }] });
});

it('puts a picker into a menu of its own that may be empty', () => {
  const picked = ['discord:123456789012345678', 'telegram:5', 'discord:123456789012345679'];
  const picker = { type: 'picker', pick: 'people', prompt: 'Who?', press: 'who', picked, max: 40 } as const;
  expect(inside(card([picker]))[1]).toEqual({
    type: 1,
    components: [
      {
        type: 5,
        custom_id: 'who',
        placeholder: 'Who?',
        min_values: 0,
        max_values: 25,
        default_values: [
          { id: '123456789012345678', type: 'user' },
          { id: '123456789012345679', type: 'user' },
        ],
      },
    ],
  });
  const [, row] = inside(card([{ ...picker, pick: 'roles', max: 1 }]));
  expect(row).toMatchObject({
    components: [{ type: 6, max_values: 1, default_values: [{ id: '123456789012345678', type: 'role' }] }],
  });
});

it('counts pickers among the components of a card', () => {
  const pickers = Array.from(
    { length: 30 },
    (_, index): Row => ({
      type: 'picker',
      pick: 'roles',
      prompt: 'Roles',
      press: `p${index}`,
      picked: [],
      max: 1,
    }),
  );
  const shown = card([...pickers, buttonRow(...buttons(1, 99))]);
  expect(countAll(shown)).toBeLessThanOrEqual(40);
  expect(inside(shown).at(-1)).toMatchObject({ components: [{ label: 'B99' }] });
});

it('shows a file below the text', () => {
  const shown: Card = { ...card([]), attachment: { type: 'file', name: 'a.txt', text: 'a' } };
  expect(inside(shown)).toEqual([
    { type: 10, content: 'Text' },
    { type: 13, file: { url: 'attachment://a.txt' } },
  ]);
});

it('writes a link that is no button for Discord into the text', () => {
  const shown = card([
    buttonRow({ label: 'Open', href: 'tg://resolve' }, { label: 'Help', href: 'https://nod.example' }),
  ]);
  expect(textOf(shown)).toBe('Text\nOpen: tg://resolve');
  expect(inside(shown)[1]).toMatchObject({ components: [{ style: 5, url: 'https://nod.example' }] });
});

it('refuses a press that Discord would refuse', () => {
  expect(() => renderCard(card([buttonRow({ label: 'Go', press: 'x'.repeat(101) })]))).toThrow(
    'Discord takes 1 to 100',
  );
});

it('lets Discord show a moment in each reader’s own time, and cuts none in two', () => {
  const at = Date.parse('2026-12-01T17:00:00.500Z');
  const line: Line = [
    'Goes out ',
    { text: 'Tue 1 Dec 18:00 (Europe/Berlin)', style: 'bold', moment: { at, form: 'date' } },
    ', next try ',
    { text: 'in 40 s', moment: { at, form: 'distance' } },
  ];
  expect(setLines([line])).toBe('Goes out **<t:1796144400:f>**, next try <t:1796144400:R>');
  expect(textOf(card([], [['x'.repeat(3_990)], line]))).toMatch(
    /Goes out \*\*<t:1796144400:f>\*\*, next try <t:1796144400:R>$/,
  );
});
