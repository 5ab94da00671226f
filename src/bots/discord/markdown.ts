import type { Line, Span } from '../platform.ts';

const MARKS = { bold: '**', italic: '*' } as const;
/** Discord takes a URL as it stands, and would show a backslash in it. */
const URLS = /((?<!\w)https?:\/\/[^\s<]+)/g;

/** Sets lines in Discord's Markdown; whatever people wrote stays as they wrote it. */
export function setLines(lines: readonly Line[]): string {
  return lines
    .map((line) => line.map(setSpan).join(''))
    .map(plainBeginnings)
    .join('\n');
}

/** Whether Discord takes a URL in a link or a button. */
export function isLinkable(href: string): boolean {
  const protocol = URL.parse(href)?.protocol;
  return protocol === 'https:' || protocol === 'http:';
}

/** Text without any of Discord's markup: styles, links, mentions, emoji, times. */
export function escapeText(text: string): string {
  const parts = text.split(URLS);
  return parts.map((part, index) => (index % 2 === 1 ? part : escapeMarks(part))).join('');
}

const escapeMarks = (text: string): string => text.replace(/[\\*_~`|[\]<>]/g, '\\$&');

function setSpan(span: Span): string {
  if (typeof span === 'string') return escapeText(span);
  const { text, style, href } = span;
  if (style === 'code') return wrapCode(text);
  const shown = href === undefined ? escapeText(text) : link(text, href);
  return style === undefined ? shown : wrap(shown, MARKS[style]);
}

function link(text: string, href: string): string {
  // A link whose text is a URL is not set as a link.
  if (text.includes(href)) return escapeText(text);
  if (!isLinkable(href)) return `${escapeText(text)} ${escapeText(href)}`;
  const target = new URL(href).href.replaceAll('(', '%28').replaceAll(')', '%29');
  return `[${escapeMarks(text)}](${target})`;
}

/** A mark counts only where it touches the text. */
function wrap(text: string, mark: string): string {
  const inner = text.trim();
  return inner === '' ? text : text.replace(inner, () => `${mark}${inner}${mark}`);
}

/** Nothing can be escaped in code, so it is fenced by more backticks than it holds. */
function wrapCode(text: string): string {
  if (text.trim() === '') return text;
  return text.includes('`') ? `\`\` ${text.replaceAll('``', '`\u200b`')} \`\`` : `\`${text}\``;
}

/** Keeps a line from becoming a heading, a quote, a list or small print. */
function plainBeginnings(line: string): string {
  return line.replace(/^([ \t]*)([#+-])/gm, '$1\\$2').replace(/^([ \t]*\d+)\./gm, '$1\\.');
}
