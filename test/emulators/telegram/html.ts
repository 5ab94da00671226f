// Faithful: the tags of https://core.telegram.org/bots/api#html-style, the four named entities, numeric ones, and
// the server's wording for unknown and unbalanced tags. Simplified: entities within code and pre are dropped.
// Missing: the Markdown modes; mentions by tg://user stay links.
import type { MessageEntity } from 'grammy/types';
import { badRequest } from './failure.ts';

export type FormattedText = { text: string; entities: MessageEntity[] };
type Kind = MessageEntity extends infer E
  ? E extends unknown
    ? Omit<E, 'offset' | 'length'>
    : never
  : never;
type OpenTag = { name: string; at: number; kind: Kind | undefined };

const SIMPLE: Record<string, MessageEntity.CommonMessageEntity['type']> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  code: 'code',
};
const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };
const TOKEN = /<(\/?)([^\s>/]*)([^>]*)>|&(#x[0-9a-f]+|#\d+|[a-z]+);|[<&]|[^<&]+/giu;

/** Parses Telegram's HTML; `lint` hears of what the server forgives but the documentation does not. */
export function parseHtml(html: string, lint: (note: string) => void): FormattedText {
  const entities: MessageEntity[] = [];
  const open: OpenTag[] = [];
  let text = '';
  for (const match of html.matchAll(TOKEN)) {
    const [token, slash, name = '', attributes = '', reference] = match;
    const at = () => Buffer.byteLength(html.slice(0, match.index));
    if (token === '<') throw unparsable(`Unclosed start tag at byte offset ${at()}`);
    if (slash === '/') {
      closeTag(open, name.toLowerCase(), at(), text, entities);
    } else if (token.startsWith('<')) {
      const kind = readTag(name.toLowerCase(), attributes, at(), open);
      open.push({ name: name.toLowerCase(), at: text.length, kind });
    } else if (reference) {
      text += readReference(reference) ?? token;
    } else {
      if (token === '&' || token.includes('>')) lint(`unescaped & or > in HTML text: ${html.slice(0, 80)}`);
      text += token;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw unparsable(`Can't find end tag corresponding to start tag "${unclosed.name}"`);
  return { text, entities: sortEntities(entities) };
}

/** Earlier first, and of those at one place the longer first, as the server orders them. */
export const sortEntities = (entities: MessageEntity[]) =>
  [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);

function closeTag(open: OpenTag[], name: string, at: number, text: string, entities: MessageEntity[]) {
  const tag = open.pop();
  if (!tag) throw unparsable(`Unexpected end tag at byte offset ${at}`);
  if (name !== '' && name !== tag.name) {
    const found = `expected "</${tag.name}>", found "</${name}>"`;
    throw unparsable(`Unmatched end tag at byte offset ${at}, ${found}`);
  }
  const length = text.length - tag.at;
  const isInCode = open.some(({ kind }) => kind?.type === 'code' || kind?.type === 'pre');
  if (!tag.kind || length === 0 || isInCode) return;
  entities.push({ ...tag.kind, offset: tag.at, length });
}

function readTag(name: string, attributeText: string, at: number, open: OpenTag[]): Kind | undefined {
  const attributes = readAttributes(attributeText);
  const simple = SIMPLE[name];
  if (name === 'code') return readCode(attributes.get('class'), open.at(-1));
  if (simple) return { type: simple };
  if (name === 'pre') return { type: 'pre' };
  if (name === 'blockquote')
    return { type: attributes.has('expandable') ? 'expandable_blockquote' : 'blockquote' };
  if (name === 'span') {
    if (attributes.get('class') === 'tg-spoiler') return { type: 'spoiler' };
    throw unparsable(`Tag "span" must have class "tg-spoiler" at byte offset ${at}`);
  }
  // A link without a usable address stays plain text.
  if (name === 'a') {
    const url = attributes.get('href') ?? '';
    return /^(https?|tg|mailto|tel):/i.test(url) ? { type: 'text_link', url } : undefined;
  }
  if (name === 'tg-emoji') {
    const id = attributes.get('emoji-id');
    if (!id || !/^\d+$/.test(id)) throw unparsable('Invalid custom emoji identifier specified');
    return { type: 'custom_emoji', custom_emoji_id: id };
  }
  if (name === 'tg-time') return readTime(attributes);
  throw unparsable(`Unsupported start tag "${name}" at byte offset ${at}`);
}

function readTime(attributes: Map<string, string>): Kind {
  const unixTime = Number(attributes.get('unix'));
  if (!Number.isSafeInteger(unixTime)) throw unparsable('Invalid date specified');
  const format = attributes.get('format') ?? '';
  if (!isTimeFormat(format)) throw unparsable('Invalid date format specified');
  return { type: 'date_time', unix_time: unixTime, date_time_format: format };
}

/** Tells whether a value is a date-time format of Telegram's. */
export const isTimeFormat = (
  format: unknown,
): format is MessageEntity.DateTimeMessageEntity['date_time_format'] =>
  typeof format === 'string' && /^(r|w?[dD]?[tT]?)$/.test(format);

/** `<pre><code class="language-x">` names the language of the pre; elsewhere code is just code. */
function readCode(cssClass: string | undefined, parent: OpenTag | undefined): Kind {
  if (parent?.kind?.type === 'pre' && cssClass?.startsWith('language-'))
    parent.kind = { type: 'pre', language: cssClass.slice('language-'.length) };
  return { type: 'code' };
}

function readAttributes(text: string) {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single, bare] of text.matchAll(
    /([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+)))?/gi,
  )) {
    const value = double ?? single ?? bare ?? '';
    attributes.set(
      name.toLowerCase(),
      value.replaceAll(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (all, inner: string) => readReference(inner) ?? all),
    );
  }
  return attributes;
}

function readReference(reference: string): string | undefined {
  if (!reference.startsWith('#')) return NAMED[reference];
  const isHex = reference[1]?.toLowerCase() === 'x';
  const code = isHex ? Number.parseInt(reference.slice(2), 16) : Number(reference.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

const unparsable = (reason: string) => badRequest(`can't parse entities: ${reason}`);
