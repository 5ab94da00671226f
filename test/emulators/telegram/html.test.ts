import { expect, it } from 'vitest';
import { parseHtml } from './html.ts';
import { formatText } from './text.ts';

const parse = (html: string) => parseHtml(html, () => {});

it('turns nested tags into entities counted in UTF-16 units', () => {
  expect(parse('🎉 <b>bold <i>both</i></b> &lt;plain&gt; &#39;x&#x41;')).toEqual({
    text: "🎉 bold both <plain> 'xA",
    entities: [
      { type: 'bold', offset: 3, length: 9 },
      { type: 'italic', offset: 8, length: 4 },
    ],
  });
});

it('knows links, code with a language, quotes, spoilers and times', () => {
  const html =
    '<a href="https://example.org/?a=1&amp;b=2">link</a><pre><code class="language-ts">let</code></pre>' +
    '<blockquote expandable>q</blockquote><span class="tg-spoiler">s</span><tg-time unix="5" format="r">t</tg-time>';
  expect(parse(html).entities).toEqual([
    { type: 'text_link', url: 'https://example.org/?a=1&b=2', offset: 0, length: 4 },
    { type: 'pre', language: 'ts', offset: 4, length: 3 },
    { type: 'expandable_blockquote', offset: 7, length: 1 },
    { type: 'spoiler', offset: 8, length: 1 },
    { type: 'date_time', unix_time: 5, date_time_format: 'r', offset: 9, length: 1 },
  ]);
});

it.each([
  ['<div>x</div>', `Unsupported start tag "div" at byte offset 0`],
  ['é <b>x</i>', `Unmatched end tag at byte offset 7, expected "</b>", found "</i>"`],
  ['<b>x', `Can't find end tag corresponding to start tag "b"`],
  ['x</b>', 'Unexpected end tag at byte offset 1'],
  ['1 < 2', 'Unclosed start tag at byte offset 2'],
  ['<span>x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
])('refuses %s', (html, reason) => {
  expect(() => parse(html)).toThrow(`Bad Request: can't parse entities: ${reason}`);
});

it('notes what the documentation wants escaped', () => {
  const notes: string[] = [];
  expect(parseHtml('a & b > c', (note) => notes.push(note)).text).toBe('a & b > c');
  expect(notes).not.toEqual([]);
});

it('trims text and finds commands, mentions, hashtags and links', () => {
  const source = {
    text: '  /go@nod_test_bot @ana #été https://example.org/x. ',
    parseMode: undefined,
    entities: undefined,
  };
  const { text, entities } = formatText(source, () => {});
  expect(entities.map(({ type, offset, length }) => [type, text.slice(offset, offset + length)])).toEqual([
    ['bot_command', '/go@nod_test_bot'],
    ['mention', '@ana'],
    ['hashtag', '#été'],
    ['url', 'https://example.org/x'],
  ]);
});

it.each([
  [{ type: 'bold', offset: 0, length: 5 }, 'ends after the end of the text'],
  [{ type: 'bold', offset: 1, length: 1 }, 'middle of a symbol'],
  [{ type: 'bold', offset: -1, length: 1 }, 'wrong offset'],
  [{ type: 'fancy', offset: 0, length: 1 }, "can't parse MessageEntity"],
])('refuses the entity %o', (entity, reason) => {
  expect(() => formatText({ text: '🎉x', parseMode: undefined, entities: [entity] }, () => {})).toThrow(
    reason,
  );
});
