// Faithful: limits after parsing, entity ranges, trimming, links and commands found by the server itself.
// Simplified: lengths count UTF-16 units, the stricter reading; detection covers commands, mentions, hashtags, links
// with a scheme and e-mail addresses. Missing: cashtags, phone numbers, bare domains.
import type { MessageEntity } from 'grammy/types';
import { z } from 'zod';
import { badRequest } from './failure.ts';
import { type FormattedText, isTimeFormat, parseHtml, sortEntities } from './html.ts';

export const MAX_TEXT_LENGTH = 4096;
export const MAX_CAPTION_LENGTH = 1024;

const position = { offset: z.int(), length: z.int() };
const entitySchema = z.union([
  z.object({ type: z.literal('text_link'), url: z.string(), ...position }),
  z.object({
    type: z.literal('date_time'),
    unix_time: z.int(),
    date_time_format: z.custom<MessageEntity.DateTimeMessageEntity['date_time_format']>(isTimeFormat),
    ...position,
  }),
  z.object({ type: z.literal('custom_emoji'), custom_emoji_id: z.string(), ...position }),
  z.object({
    type: z.literal('text_mention'),
    user: z.object({ id: z.int(), is_bot: z.boolean(), first_name: z.string() }),
    ...position,
  }),
  z.object({ type: z.literal('pre'), language: z.exactOptional(z.string()), ...position }),
  z.object({
    type: z.enum([
      'mention',
      'hashtag',
      'cashtag',
      'bot_command',
      'url',
      'email',
      'phone_number',
      'bold',
      'italic',
      'underline',
      'strikethrough',
      'spoiler',
      'blockquote',
      'expandable_blockquote',
      'code',
    ]),
    ...position,
  }),
]);

type Source = { text: string; parseMode: string | undefined; entities: unknown };

/** Turns text with its parse mode or entities into what Telegram stores. */
export function formatText(source: Source, lint: (note: string) => void): FormattedText {
  const formatted = trim(applyMarkup(source, lint));
  return { text: formatted.text, entities: detectEntities(formatted) };
}

/** As formatText, for the text of a message: not empty, not too long. */
export function formatMessageText(source: Source, lint: (note: string) => void): FormattedText {
  const formatted = formatText(source, lint);
  if (formatted.text === '') throw badRequest('message text is empty');
  if (formatted.text.length > MAX_TEXT_LENGTH) throw badRequest('message is too long');
  return formatted;
}

/** As formatText, for a caption, which may be empty. */
export function formatCaption(source: Source, lint: (note: string) => void): FormattedText {
  const formatted = formatText(source, lint);
  if (formatted.text.length > MAX_CAPTION_LENGTH) throw badRequest('message caption is too long');
  return formatted;
}

function applyMarkup({ text, parseMode, entities }: Source, lint: (note: string) => void): FormattedText {
  if (parseMode) {
    if (entities !== undefined) lint('both parse_mode and entities were given; entities are ignored');
    if (parseMode.toLowerCase() === 'html') return parseHtml(text, lint);
    if (/^markdown(v2)?$/i.test(parseMode))
      lint(`parse_mode ${parseMode} exists on Telegram but not in this emulator`);
    throw badRequest('unsupported parse_mode');
  }
  if (entities === undefined) return { text, entities: [] };
  const parsed = z.array(entitySchema).safeParse(entities);
  if (!parsed.success) throw badRequest("can't parse MessageEntity");
  for (const entity of parsed.data) checkRange(entity, text);
  return { text, entities: sortEntities(parsed.data) };
}

function checkRange({ offset, length }: { offset: number; length: number }, text: string) {
  const end = offset + length;
  if (offset < 0 || length <= 0) throw badRequest("can't parse MessageEntity: wrong offset or length");
  if (end > text.length) {
    const place = `after the end of the text at UTF-16 offset ${end}`;
    throw badRequest(`entity beginning at UTF-16 offset ${offset} ends ${place}`);
  }
  if (splitsSurrogates(text, offset) || splitsSurrogates(text, end))
    throw badRequest(`entity beginning at UTF-16 offset ${offset} starts or ends in the middle of a symbol`);
}

const splitsSurrogates = (text: string, index: number) =>
  index > 0 &&
  index < text.length &&
  /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(index - 1, index + 1));

function trim({ text, entities }: FormattedText): FormattedText {
  const start = text.length - text.trimStart().length;
  const trimmed = text.trim();
  const kept = entities.flatMap((entity): MessageEntity[] => {
    const from = Math.max(entity.offset - start, 0);
    const to = Math.min(entity.offset + entity.length - start, trimmed.length);
    return to > from ? [{ ...entity, offset: from, length: to - from }] : [];
  });
  return { text: trimmed, entities: kept };
}

const DETECTORS: { type: MessageEntity.CommonMessageEntity['type']; pattern: RegExp }[] = [
  { type: 'url', pattern: /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g },
  { type: 'email', pattern: /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g },
  { type: 'bot_command', pattern: /(?<![\w/])\/\w{1,64}(?:@\w{3,32})?(?![\w/])/g },
  { type: 'mention', pattern: /(?<!\w)@[a-z]\w{2,31}(?!\w)/gi },
  { type: 'hashtag', pattern: /(?<![\p{L}\p{N}_])#[\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*/gu },
];
const OPAQUE = new Set(['code', 'pre', 'text_link', 'text_mention', 'custom_emoji']);

function detectEntities({ text, entities }: FormattedText): MessageEntity[] {
  const found = [...entities];
  for (const { type, pattern } of DETECTORS) {
    for (const match of text.matchAll(pattern)) {
      const entity = { type, offset: match.index, length: match[0].length };
      const isTaken = found.some(
        (other) => (OPAQUE.has(other.type) || DETECTED.has(other.type)) && overlaps(other, entity),
      );
      if (!isTaken) found.push(entity);
    }
  }
  return sortEntities(found);
}

const DETECTED = new Set<string>(DETECTORS.map(({ type }) => type));

type Span = { offset: number; length: number };
const overlaps = (a: Span, b: Span) => a.offset < b.offset + b.length && b.offset < a.offset + a.length;
