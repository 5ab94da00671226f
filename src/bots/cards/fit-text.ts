import type { Line } from '../platform.ts';

const ELLIPSIS = '…';
/** A line is shortened to no less than this as long as whole lines can be left out instead. */
const READABLE_LENGTH = 80;
/** How many lines at the end stay: a card ends with its state and the next step. */
const LAST_LINES = 10;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Shortens lines until they fit into `maxLength` UTF-16 units, line breaks included: the longest lines first and
 * alike, then lines from the middle are left out, so that the first and the last ones stay.
 */
export function fitLines(lines: readonly Line[], maxLength: number): readonly Line[] {
  if (lengthOf(lines) <= maxLength) return lines;
  const shortened = shortenLongest(lines, maxLength, READABLE_LENGTH);
  if (lengthOf(shortened) <= maxLength) return shortened;
  const fewer = leaveOut(shortened, maxLength);
  return lengthOf(fewer) <= maxLength ? fewer : shortenLongest(fewer, maxLength, 1);
}

/** The length of all lines with the breaks between them. */
export const lengthOf = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + lineLength(line) + 1, -1);

const lineLength = (line: Line): number =>
  line.reduce((sum, span) => sum + (typeof span === 'string' ? span : span.text).length, 0);

/** Cuts every line at the greatest length with which all fit, but not below `minLength`. */
function shortenLongest(lines: readonly Line[], maxLength: number, minLength: number): readonly Line[] {
  const lengths = lines.map(lineLength);
  const breaks = lines.length - 1;
  let cap = Math.max(...lengths);
  while (
    cap > minLength &&
    breaks + lengths.reduce((sum, length) => sum + Math.min(length, cap), 0) > maxLength
  ) {
    cap -= 1;
  }
  return lines.map((line) => shorten(line, cap));
}

function leaveOut(lines: readonly Line[], maxLength: number): readonly Line[] {
  if (lines.length <= LAST_LINES) return lines;
  const tail = lines.slice(-LAST_LINES);
  let head = lines.slice(0, -LAST_LINES);
  while (head.length > 0 && lengthOf([...head, [ELLIPSIS], ...tail]) > maxLength) head = head.slice(0, -1);
  return [...head, [ELLIPSIS], ...tail];
}

function shorten(line: Line, maxLength: number): Line {
  if (lineLength(line) <= maxLength) return line;
  const kept: Line[number][] = [];
  let room = maxLength - ELLIPSIS.length;
  for (const span of line) {
    const text = typeof span === 'string' ? span : span.text;
    const part = startOf(text, room);
    kept.push(typeof span === 'string' ? part : { ...span, text: part });
    room -= part.length;
    if (part.length < text.length) break;
  }
  return [...kept, ELLIPSIS];
}

/** The beginning of a text in whole characters, as people see them. */
export function startOf(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = 0;
  for (const { index, segment } of graphemes.segment(text)) {
    if (index + segment.length > maxLength) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}
