/** At most so many characters of a name are kept. */
const MAX_NAME = 100;

/**
 * Characters that show nothing or turn around what stands beside them; white space, and what joins letters and emoji,
 * are not among them. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSEEN = /[[\p{Cc}\p{Cs}\p{DI}\uFFF9-\uFFFB]--[\t-\r\u200C\u200D\p{VS}]]/v;
/** The flags of England, Scotland and Wales are spelled with unseen characters, which mean nothing elsewhere. */
const UNSEEN_OR_FLAG = new RegExp(`(\\p{RGI_Emoji_Tag_Sequence})|${UNSEEN.source}`, 'gv');
/** The blank of Braille looks like any other. */
const BLANKS = /[\s\u2800]+/g;
const JOINERS_BEFORE = /^[\s\u200C\u200D\p{VS}]+/v;
const JOINERS_AFTER = /[\s\u200C\u200D]+$/;
const SEEN = /[^\s\p{DI}]/v;

/** Turns around or hides what stands beside it, and is needed in no text; line breaks and tabs stay. */
const CONTROLS = /[[\p{Cc}--[\t\n]]\u202A-\u202E\u2066-\u2069]/gv;

/** A name that is safe to show to others: one short line of characters that can be seen; empty where nothing is left. */
export function plainName(text: string): string {
  return cut(seen(text), MAX_NAME);
}

/** A file's name like any other, without its path; a long one keeps its ending. */
export function plainFileName(text: string): string {
  const name = seen(text.split(/[/\\]/).at(-1) ?? '');
  if (Array.from(name).length <= MAX_NAME) return name;
  const ending = /\.[^.]{1,10}$/.exec(name)?.[0] ?? '';
  return cut(name, MAX_NAME - ending.length) + ending;
}

/** A text that reads in the order in which it is written. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(CONTROLS, '');
}

/** A caption as its readers approve it and as it goes out. */
export function plainCaption(text: string): string {
  return plainText(text).trim();
}

/** A title as its readers approve it and as it goes out: one line. */
export function plainTitle(text: string): string {
  return plainText(text).replace(BLANKS, ' ').trim();
}

/** A moment of a video as players write it: `0:07`, `1:05.5`, `1:00:05`. */
export function clockOf(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const whole = Math.floor(tenths / 10);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const twoDigits = (part: number) => String(part).padStart(2, '0');
  const head = hours > 0 ? `${hours}:${twoDigits(minutes)}` : String(minutes);
  return `${head}:${twoDigits(whole % 60)}${tenths % 10 === 0 ? '' : `.${tenths % 10}`}`;
}

function seen(text: string): string {
  const line = text.replace(UNSEEN_OR_FLAG, '$1').replace(BLANKS, ' ').replace(JOINERS_BEFORE, '').trimEnd();
  return SEEN.test(line) ? line : '';
}

/** Whole characters only: half of one shows as none. */
function cut(text: string, max: number): string {
  return Array.from(text).slice(0, max).join('').replace(JOINERS_AFTER, '');
}
