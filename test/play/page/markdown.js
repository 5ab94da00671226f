import { el, link } from './dom.js';
import { spoiler } from './entities.js';

/** @typedef {(kind: '@' | '@&' | '#', id: string) => string} NameOf */

/**
 * A text in Discord's Markdown, line by line.
 *
 * @param {string} text
 * @param {NameOf} nameOf
 * @returns {(Node | string)[]}
 */
export function markdown(text, nameOf) {
  const [before = '', code, ...after] = text.split(/```(?:\w+\n|\n)?([\s\S]*?)```/);
  if (code !== undefined)
    return [
      ...markdown(before, nameOf),
      el('pre', {}, [el('code', { text: code })]),
      ...markdown(after.join('```'), nameOf),
    ];
  return before.split('\n').flatMap((line, index) => lineOf(line, index, nameOf));
}

/**
 * @param {string} line
 * @param {number} index
 * @param {NameOf} nameOf
 * @returns {(Node | string)[]}
 */
function lineOf(line, index, nameOf) {
  const lead = index === 0 ? [] : ['\n'];
  const [, marks, title] = /^(#{1,3}) (.+)$/.exec(line) ?? [];
  if (marks !== undefined)
    return [el('strong', { class: `heading h${marks.length}` }, spans(title ?? '', nameOf))];
  const [, small] = /^-# (.+)$/.exec(line) ?? [];
  if (small !== undefined) return [...lead, el('small', {}, spans(small, nameOf))];
  const [, quoted] = /^> (.*)$/.exec(line) ?? [];
  if (quoted !== undefined) return [el('blockquote', {}, spans(quoted, nameOf))];
  const [, indent, item] = /^(\s*)[-*] (.+)$/.exec(line) ?? [];
  if (item !== undefined) return [...lead, `${indent}• `, ...spans(item, nameOf)];
  return [...lead, ...spans(line, nameOf)];
}

/** Marks, the longer before the shorter, and what stands between them. */
const SPAN = new RegExp(
  [
    String.raw`\\(?<escaped>[^\w\s])`,
    String.raw`(?<ticks>\x60+)(?<code>.+?)\k<ticks>`,
    String.raw`<t:(?<at>\d+)(?::(?<form>\w))?>`,
    String.raw`<(?<kind>@&|@!?|#)(?<id>\d+)>`,
    String.raw`\[(?<label>(?:\\.|[^\]\\])+)\]\(<?(?<href>https?:[^\s)>]+)>?\)`,
    String.raw`<(?<quiet>https?:[^\s>]+)>`,
    String.raw`(?<url>https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]])`,
    String.raw`(?<mark>\*\*|__|~~|\|\||\*|_)(?<inner>(?=\S)(?:\\.|(?!\k<mark>).)+?(?:\\.|\S)?)\k<mark>`,
  ].join('|'),
  'gsu',
);

/** @type {Record<string, keyof HTMLElementTagNameMap>} */
const TAGS = { '**': 'strong', __: 'u', '~~': 's', '*': 'em', _: 'em' };

/**
 * @param {string} text
 * @param {NameOf} nameOf
 * @returns {(Node | string)[]}
 */
function spans(text, nameOf) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(spanOf(match.groups ?? {}, nameOf));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

/**
 * @param {Record<string, string | undefined>} groups
 * @param {NameOf} nameOf
 * @returns {Node | string}
 */
function spanOf(groups, nameOf) {
  const { escaped, code, at, form, kind, id, label, href, quiet, url, mark, inner } = groups;
  if (escaped !== undefined) return escaped;
  if (code !== undefined) return el('code', { text: code.trim() });
  if (at !== undefined) return timestamp(Number(at) * 1_000, form ?? 'f');
  if (kind !== undefined && id !== undefined) return mention(kind, id, nameOf);
  if (href !== undefined) return link(href, (label ?? href).replaceAll(/\\(.)/g, '$1'));
  const plain = quiet ?? url;
  if (plain !== undefined) return link(plain, plain);
  const children = spans(inner ?? '', nameOf);
  if (mark === '||') return spoiler(children);
  return el(TAGS[mark ?? ''] ?? 'span', {}, children);
}

/**
 * @param {string} kind
 * @param {string} id
 * @param {NameOf} nameOf
 */
function mention(kind, id, nameOf) {
  const sort = kind === '#' ? '#' : kind === '@&' ? '@&' : '@';
  return el('span', { class: 'mention', text: `${sort === '#' ? '#' : '@'}${nameOf(sort, id)}` });
}

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short' });
const RELATIVE = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** How far the clocks of the playground are ahead. */
let aheadMs = 0;

/** @param {number} ms */
export function setAhead(ms) {
  aheadMs = ms;
  refreshTimes();
}

/** Says anew how long ago something is. */
export function refreshTimes() {
  for (const time of document.querySelectorAll('time[data-relative]'))
    time.textContent = ago(Number(time.getAttribute('data-relative')));
}

/**
 * @param {number} ms
 * @param {string} form
 */
function timestamp(ms, form) {
  const date = new Date(ms);
  const exact = DATE.format(date);
  if (form !== 'R') return el('time', { class: 'stamp', datetime: date.toISOString(), text: exact });
  const given = { class: 'stamp', datetime: date.toISOString(), title: exact, 'data-relative': ms };
  return el('time', { ...given, text: ago(ms) });
}

/** @param {number} ms */
function ago(ms) {
  const distance = ms - Date.now() - aheadMs;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? ['second', 1_000];
  return RELATIVE.format(Math.round(distance / size), unit);
}
