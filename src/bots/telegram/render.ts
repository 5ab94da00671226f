import type { InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity } from 'grammy/types';
import { fitLines } from '../cards/fit-text.ts';
import { type Button, buttonRows, type Card, type Choice, type Line, type Row } from '../platform.ts';

/** What Telegram allows as visible text, in UTF-16 units (https://core.telegram.org/bots/api#sendmessage). */
export const MAX_TEXT_LENGTH = 4096;
export const MAX_CAPTION_LENGTH = 1024;

const MAX_PRESS_BYTES = 64;
const MAX_ENTITIES = 100;
/** Telegram takes eight buttons in a row and squeezes more than five beyond reading. */
const MAX_ROW_LENGTH = 5;
const STYLES = { good: 'success', bad: 'danger', main: 'primary' } as const;

export interface Rendered {
  readonly text: string;
  readonly entities: MessageEntity[];
  readonly keyboard: InlineKeyboardMarkup | undefined;
}

/** Somebody whom the text names, so that Telegram opens their keyboard. */
export interface Mention {
  readonly userId: number;
  readonly name: string;
}

/** Sets a card in text, entities and keyboard; what exceeds `maxLength` is shortened. */
export function renderCard(card: Card, maxLength: number, mention?: Mention): Rendered {
  const buttons = card.rows.flatMap(keyboardRows);
  const rows = buttons.map((row) => row.filter(fitsKeyboard));
  const links = buttons.flat().filter((button) => !fitsKeyboard(button));
  const lines = [...card.lines, ...links.map(linkLine)];
  const named = mention === undefined ? lines : withName(lines, mention);
  const { text, entities } = setLines(fitLines(trimBlank(named.map(plainLinks)), maxLength));
  if (mention !== undefined) entities.push(...mentionEntity(text, mention));
  entities.push(...accountLinks(text, entities));
  const inlineKeyboard = rows.filter((row) => row.length > 0).map((row) => row.map(keyboardButton));
  return {
    text,
    entities: entities.slice(0, MAX_ENTITIES),
    keyboard: inlineKeyboard.length > 0 ? { inline_keyboard: inlineKeyboard } : undefined,
  };
}

/** Whether Telegram takes a URL in a button or a link: http(s) with a public host name, or its own scheme. */
export function isLinkable(href: string): boolean {
  const url = URL.parse(href);
  if (url === null) return false;
  if (url.protocol === 'tg:') return true;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  const isAddress = /^[\d.]+$/.test(url.hostname) || url.hostname.startsWith('[');
  return !isAddress && url.hostname.includes('.') && !url.hostname.endsWith('.localhost');
}

/** Telegram has no menus, so each option is a button; a menu of everybody would be too many. */
function keyboardRows(row: Row): (readonly Button[])[] {
  switch (row.type) {
    case 'buttons':
      return [row.buttons];
    case 'choice':
      return optionRows(row);
    case 'picker':
      return [];
  }
}

/** As few rows as possible, all about as long as one another. */
function optionRows({ options }: Choice): (readonly Button[])[] {
  const length = Math.ceil(options.length / Math.ceil(options.length / MAX_ROW_LENGTH));
  const all = options.map(({ label, press, isChosen }) => ({
    label: isChosen ? `● ${label}` : label,
    press,
  }));
  return buttonRows(all, length).map(({ buttons }) => buttons);
}

const fitsKeyboard = (button: Button): boolean => !('href' in button) || isLinkable(button.href);

function linkLine(button: Button): Line {
  return 'href' in button ? [`${button.label}: ${button.href}`] : [];
}

function keyboardButton(button: Button): InlineKeyboardButton {
  const look = { text: button.label, ...(button.tone !== undefined && { style: STYLES[button.tone] }) };
  if ('href' in button) return { ...look, url: button.href };
  const bytes = Buffer.byteLength(button.press);
  if (bytes === 0 || bytes > MAX_PRESS_BYTES) {
    throw new Error(
      `The button "${button.label}" brings back ${bytes} bytes; Telegram takes 1 to ${MAX_PRESS_BYTES}.`,
    );
  }
  return { ...look, callback_data: button.press };
}

/** A link that Telegram would silently drop stands in the text instead. */
function plainLinks(line: Line): Line {
  return line.flatMap((span) => {
    if (typeof span === 'string' || span.href === undefined || isLinkable(span.href)) return [span];
    const { href, ...rest } = span;
    return rest.text.includes(href) ? [rest] : [rest, ` ${href}`];
  });
}

/** Telegram trims a message, and every offset behind a trimmed line would be wrong. */
function trimBlank(lines: readonly Line[]): Line[] {
  const isBlank = (line: Line) =>
    line.every((span) => (typeof span === 'string' ? span : span.text).trim() === '');
  const first = lines.findIndex((line) => !isBlank(line));
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => !isBlank(line)) + 1);
}

/** JavaScript's string lengths are the UTF-16 units that entities count in. */
function setLines(lines: readonly Line[]): { text: string; entities: MessageEntity[] } {
  let text = '';
  const entities: MessageEntity[] = [];
  for (const [index, line] of lines.entries()) {
    if (index > 0) text += '\n';
    for (const span of line) {
      const place = { offset: text.length, length: (typeof span === 'string' ? span : span.text).length };
      text += typeof span === 'string' ? span : span.text;
      if (typeof span === 'string' || place.length === 0) continue;
      if (span.href !== undefined) entities.push({ type: 'text_link', url: span.href, ...place });
      // Code can't be combined with anything else.
      if (span.style !== undefined && !(span.style === 'code' && span.href !== undefined)) {
        entities.push({ type: span.style, ...place });
      }
    }
  }
  return { text, entities };
}

/** How an account is named, and every other name that only TikTok can have. */
const ACCOUNTS = /(?<=\()@[\w.]+(?=\))|(?<![\w.@/])@\w+(?:\.\w+)+/g;

/**
 * Links the names of TikTok accounts to them: Telegram would link what could be one of its own names, as `@studio` in
 * `@studio.ana`, to a stranger, and call them where they are in the chat.
 */
function accountLinks(text: string, others: readonly MessageEntity[]): MessageEntity[] {
  return Array.from(text.matchAll(ACCOUNTS), ({ 0: name, index }) => ({
    type: 'text_link' as const,
    url: `https://www.tiktok.com/${name}`,
    offset: index,
    length: name.length,
  })).filter(({ offset, length }) =>
    others.every(
      (other) =>
        !['text_link', 'code', 'text_mention'].includes(other.type) ||
        offset + length <= other.offset ||
        other.offset + other.length <= offset,
    ),
  );
}

function withName(lines: readonly Line[], { name }: Mention): readonly Line[] {
  const isNamed = lines.some((line) => setLines([line]).text.includes(name));
  return isNamed ? lines : [[`${name}: `, ...(lines[0] ?? [])], ...lines.slice(1)];
}

function mentionEntity(text: string, { userId, name }: Mention): MessageEntity[] {
  const offset = text.indexOf(name);
  if (offset < 0) return [];
  // Telegram reads the id alone.
  const user = { id: userId, is_bot: false, first_name: name };
  return [{ type: 'text_mention', user, offset, length: name.length }];
}
