import { expect, it } from 'vitest';
import { readableText } from '../../../src/bots/discord/markdown.ts';

const [ANA, NOBODY] = ['100000000000000001', '100000000000000009'];
const NAMES = {
  user: (id: string) => (id === ANA ? 'Ana Maria' : undefined),
  role: (id: string) => (id === '200000000000000001' ? 'Editors' : undefined),
  channel: (id: string) => (id === '300000000000000001' ? 'general' : undefined),
  timeZone: 'Europe/Berlin',
  locale: 'en-GB',
};
const read = (text: string) => readableText(text, NAMES);

it.each([
  ['people', `With <@${ANA}> and <@!${ANA}>`, 'With @Ana Maria and @Ana Maria'],
  ['people whom nobody knows', `With <@${NOBODY}>`, 'With someone'],
  ['roles', 'Thanks <@&200000000000000001> and <@&200000000000000009>', 'Thanks @Editors and a role'],
  ['channels', 'See <#300000000000000001> or <#300000000000000009>', 'See #general or a channel'],
  ['emoji of a server', 'Surf <:wave:123456789012345678><a:dance:123456789012345678>', 'Surf :wave::dance:'],
  ['a time', 'At <t:1796144400:f>', 'At 1 December 2026 at 18:00 (CET)'],
  ['an hour', 'Doors <t:1796144400:t>', 'Doors 18:00 (CET)'],
  ['a day', 'On <t:1796144400:D>', 'On 1 December 2026'],
  ['a time told from now', 'It is <t:1796144400:R>', 'It is 1 December 2026 at 18:00 (CET)'],
  ['commands', 'Use </tiktok post:123456789012345678>', 'Use /tiktok post'],
  ['ways into the server', 'See <id:customize>', 'See Channels & Roles'],
  ['spoilers', 'It was ||the butler||, || really ||', 'It was the butler, really'],
  ['masked links', 'Our [shop](https://shop.example/a_b_c)!', 'Our shop (https://shop.example/a_b_c)!'],
  [
    'masked links with marks and a title',
    '[**Shop**](<https://shop.example> "Go")',
    'Shop (https://shop.example)',
  ],
  ['links without a preview', '<https://shop.example/_x_>', 'https://shop.example/_x_'],
  ['bold, italic, underlined and struck', '**a** *b* _c_ __d__ ~~e~~ ***f***', 'a b c d e f'],
  ['marks in marks', '**Sale _now_ for ||all||**', 'Sale now for all'],
  ['headings, small print and quotes', '# Sale\n-# small\n> said\n> > # again', 'Sale\nsmall\nsaid\nagain'],
  ['code', '`a * b` and ``c`d`` and\n```js\nlet **x**;\n```', 'a * b and c`d and\nlet **x**;'],
  ['escapes', String.raw`\*now\* 5\_6 \<@${ANA}> \\ \# one`, `*now* 5_6 <@${ANA}> \\ # one`],
])('reads %s', (_, text, plain) => {
  expect(read(text)).toBe(plain);
});

it.each([
  'snake_case_name and 2*3*4 and 5 * 3 * 2',
  '@_ana_ @__ben__ @the_sea_side. #_x_ #surf_and_turf',
  'https://example.com/_a_*b*c__d__?x=~~y~~',
  String.raw`¯\_(ツ)_/¯`,
  '*_* ^_^ T_T ** __ ~~ || -_-',
  '> 100 people, # 1 in town\n1. one\n- two',
  '#surf <3 a < b > c <t:x> <@12> [x] [y](z) (https://a.example)',
  'price*, only today*',
  '~~ sale ~~',
  '<t:9999999999999:f>',
  '@everyone, look',
  'Only **half',
  'C:\\temp\\new',
])('leaves as typed: %s', (text) => {
  expect(read(text)).toBe(text);
});

it('makes no markup of what something is called', () => {
  const names = { ...NAMES, user: () => `**x** <@${ANA}> _y_` };
  expect(readableText(`<@${ANA}>`, names)).toBe(`@**x** <@${ANA}> _y_`);
});

it('reads ids alone where the text was read before', () => {
  const text = `*now* \\_ <@${ANA}> <:wave:123456789012345678> [a](https://a.example)`;
  expect(readableText(text, NAMES, { isRead: true })).toBe(
    '*now* \\_ @Ana Maria :wave: [a](https://a.example)',
  );
});

it.each([
  '*',
  '_',
  '**',
  '||',
  '~~',
  '[',
  '`',
  '[a](',
  '*_',
  '**~~||__',
  '> ',
  '<',
  '\\',
  '*a',
  '||a',
  '(',
  '#',
  '@',
])('reads 4,000 characters of %j at once', (part) => {
  const begun = performance.now();
  read(part.repeat(4_000 / part.length));
  expect(performance.now() - begun).toBeLessThan(1_000);
});

it.each(['*', '_', '**', '__', '~~', '||', '***'])(
  'reads %j before a text full of backslashes at once',
  (mark) => {
    const begun = performance.now();
    // Twice as many would hold up the process for days, were there two ways to read each.
    const text = `${mark}${'\\a'.repeat(26)}`;
    expect(read(text)).toBe(`${mark}${'\\a'.repeat(26)}`);
    expect(read(`${mark}${'\\*'.repeat(26)}`)).toBe(`${mark}${'*'.repeat(26)}`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  },
);

it('takes a mark after a backslash for no end of what is marked', () => {
  expect(read('**a\\**')).toBe('**a**');
});
