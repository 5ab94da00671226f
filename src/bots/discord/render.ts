import {
  type APIButtonComponent,
  type APIContainerComponent,
  type APIFileComponent,
  type APIMediaGalleryComponent,
  type APIRoleSelectComponent,
  type APIStringSelectComponent,
  type APITextDisplayComponent,
  type APIUserSelectComponent,
  ButtonStyle,
  ComponentType,
  SelectMenuDefaultValueType,
} from 'discord.js';
import { fitLines } from '../cards/fit-text.ts';
import {
  type Button,
  buttonRow,
  buttonRows,
  type Card,
  type Choice,
  type Line,
  type Moment,
  type Picker,
  type Row,
  type Span,
} from '../platform.ts';
import { pictureName, textFileName } from './files.ts';
import { parseOwnId } from './ids.ts';

// https://discord.com/developers/docs/components/reference
const MAX_TEXT_LENGTH = 4_000;
const MAX_COMPONENTS = 40;
const MAX_ROW_BUTTONS = 5;
const MAX_LABEL_LENGTH = 80;
const MAX_PRESS_LENGTH = 100;
const MAX_URL_LENGTH = 512;
const MAX_OPTIONS = 25;
const MAX_OPTION_LABEL_LENGTH = 100;
const MAX_PROMPT_LENGTH = 150;

const STYLES = { good: ButtonStyle.Success, bad: ButtonStyle.Danger, main: ButtonStyle.Primary } as const;

type Menu = APIStringSelectComponent | APIRoleSelectComponent | APIUserSelectComponent;

/** Sets a card in components, calling for one person at most; what exceeds Discord's limits is shortened. */
export function renderCard(card: Card, calledId?: string): [APIContainerComponent] {
  const rows = card.rows.flatMap(splitRow);
  const links = rows.flatMap(buttonsIn).filter((button) => !fitsButton(button));
  const lines = [...card.lines, ...links.map(linkLine)];
  const head = [...gallery(card), ...textDisplay(lines, calledId), ...textFile(card)];
  const shown = rows.map(withoutBadLinks).filter((row) => countOf(row) > 0);
  const room = MAX_COMPONENTS - 1 - head.length;
  return [{ type: ComponentType.Container, components: [...head, ...fitRows(shown, room).map(actionRow)] }];
}

/** A text alone. */
export function renderText(text: string): [APITextDisplayComponent] {
  return [{ type: ComponentType.TextDisplay, content: fitText([[text]]) }];
}

/** Shortens a label or title to what fits. */
export function clip(text: string, maxLength: number): string {
  return text.length <= maxLength
    ? text
    : `${text
        .slice(0, maxLength - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`;
}

function gallery({ attachment }: Card): APIMediaGalleryComponent[] {
  if (attachment?.type !== 'picture') return [];
  const media = { url: `attachment://${pictureName(attachment)}` };
  return [{ type: ComponentType.MediaGallery, items: [{ media }] }];
}

function textFile({ attachment }: Card): APIFileComponent[] {
  if (attachment?.type !== 'file') return [];
  return [{ type: ComponentType.File, file: { url: `attachment://${textFileName(attachment)}` } }];
}

function textDisplay(lines: readonly Line[], calledId: string | undefined): APITextDisplayComponent[] {
  const content = fitText(lines, calledId === undefined ? '' : `<@${calledId}> `);
  return content === '' ? [] : [{ type: ComponentType.TextDisplay, content }];
}

/** What the marks take is found out by setting the lines; the limit counts them. */
function fitText(lines: readonly Line[], call = ''): string {
  let room = MAX_TEXT_LENGTH;
  while (room > 0) {
    const text = call + setLines(fitLines(lines, room)).trim();
    if (text.length <= MAX_TEXT_LENGTH) return text;
    room = Math.min(room - 1, Math.floor((room * MAX_TEXT_LENGTH) / text.length));
  }
  return '';
}

const buttonsIn = (row: Row): readonly Button[] => (row.type === 'buttons' ? row.buttons : []);

const splitRow = (row: Row): Row[] =>
  row.type === 'buttons' ? buttonRows(row.buttons, MAX_ROW_BUTTONS) : [row];

const fitsButton = (button: Button): boolean =>
  !('href' in button) || (button.href.length <= MAX_URL_LENGTH && isLinkable(button.href));

const linkLine = (button: Button): Line => ('href' in button ? [`${button.label}: ${button.href}`] : []);

const withoutBadLinks = (row: Row): Row =>
  row.type === 'buttons' ? buttonRow(...row.buttons.filter(fitsButton)) : row;

/** A row that shows nothing counts nothing. */
function countOf(row: Row): number {
  switch (row.type) {
    case 'buttons':
      return row.buttons.length === 0 ? 0 : row.buttons.length + 1;
    case 'choice':
      return row.options.length === 0 ? 0 : 2;
    case 'picker':
      return 2;
  }
}

const countAll = (rows: readonly Row[]): number => rows.reduce((sum, row) => sum + countOf(row), 0);

/** Puts buttons closer together, then leaves rows out before the last one, which leads back or ends it. */
function fitRows(rows: readonly Row[], room: number): readonly Row[] {
  if (countAll(rows) <= room) return rows;
  const last = rows.slice(-1);
  const closer = compact(rows.slice(0, -1));
  let count = closer.length;
  while (count > 0 && countAll([...closer.slice(0, count), ...last]) > room) count -= 1;
  return [...closer.slice(0, count), ...last];
}

function compact(rows: readonly Row[]): Row[] {
  const closer: Row[] = [];
  let open: Button[] = [];
  for (const row of rows) {
    if (row.type === 'buttons') {
      open = [...open, ...row.buttons];
    } else {
      closer.push(...buttonRows(open, MAX_ROW_BUTTONS), row);
      open = [];
    }
  }
  return [...closer, ...buttonRows(open, MAX_ROW_BUTTONS)];
}

function actionRow(row: Row, index: number) {
  return { type: ComponentType.ActionRow as const, components: componentsOf(row, index) };
}

function componentsOf(row: Row, index: number): [Menu] | APIButtonComponent[] {
  switch (row.type) {
    case 'buttons':
      return row.buttons.map(button);
    case 'choice':
      return [select(row, index)];
    case 'picker':
      return [pickMenu(row)];
  }
}

function pickMenu(picker: Picker): APIRoleSelectComponent | APIUserSelectComponent {
  const { pick, prompt, picked, max } = picker;
  const mostValues = Math.min(max, MAX_OPTIONS);
  const ids = picked.flatMap((id) => parseOwnId(id) ?? []).slice(0, mostValues);
  const common = {
    custom_id: checkedPress({ label: prompt, press: picker.press }),
    placeholder: clip(prompt, MAX_PROMPT_LENGTH),
    min_values: 0,
    max_values: mostValues,
  };
  if (pick === 'roles') {
    const defaults = ids.map((id) => ({ id, type: SelectMenuDefaultValueType.Role as const }));
    return { type: ComponentType.RoleSelect, ...common, default_values: defaults };
  }
  const defaults = ids.map((id) => ({ id, type: SelectMenuDefaultValueType.User as const }));
  return { type: ComponentType.UserSelect, ...common, default_values: defaults };
}

function select({ prompt, options }: Choice, index: number): APIStringSelectComponent {
  const chosen = options.findIndex(({ isChosen }) => isChosen);
  // The chosen one stays among those that fit.
  const shown = options.filter((_, at) => at < MAX_OPTIONS - 1 || at === Math.max(chosen, MAX_OPTIONS - 1));
  return {
    type: ComponentType.StringSelect,
    custom_id: `choice:${index}`,
    placeholder: clip(prompt, MAX_PROMPT_LENGTH),
    options: shown.map((option) => ({
      label: clip(option.label, MAX_OPTION_LABEL_LENGTH),
      value: checkedPress(option),
      default: option === options[chosen],
    })),
  };
}

function button(button: Button): APIButtonComponent {
  const look = { type: ComponentType.Button as const, label: clip(button.label, MAX_LABEL_LENGTH) };
  if ('href' in button) return { ...look, style: ButtonStyle.Link, url: button.href };
  const style = button.tone === undefined ? ButtonStyle.Secondary : STYLES[button.tone];
  return { ...look, style, custom_id: checkedPress(button) };
}

function checkedPress({ label, press }: { label: string; press: string }): string {
  if (press.length > 0 && press.length <= MAX_PRESS_LENGTH) return press;
  throw new Error(
    `The button "${label}" brings back ${press.length} characters; Discord takes 1 to ${MAX_PRESS_LENGTH}.`,
  );
}

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
function isLinkable(href: string): boolean {
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
  const { text, style, href, moment } = span;
  if (style === 'code') return wrapCode(text);
  if (moment !== undefined && text !== '')
    return wrap(timestamp(moment), style === undefined ? '' : MARKS[style]);
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

/** Discord shows it in each reader's own zone and language: https://discord.com/developers/docs/reference#message-formatting */
const timestamp = ({ at, form }: Moment): string =>
  `<t:${Math.floor(at / 1000)}:${form === 'date' ? 'f' : 'R'}>`;

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
