import type { WireComponent, WireMessage } from '../emulators/discord/index.ts';
import { marksText, type Seen } from './chat.ts';

const BUTTON = 2;
export const SELECT = 3;
const TEXT = 10;
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** A message as a person sees it: its texts, what can be pressed and picked, the reactions. */
export function seen(message: WireMessage | undefined): Seen {
  const components = all(message);
  const rows = components.filter(({ components: inner }) =>
    inner?.some(({ type }) => type === BUTTON || type === SELECT),
  );
  const marks = new Map((message?.reactions ?? []).map(({ emoji, count }) => [emoji.name ?? '', count]));
  return {
    text: components.flatMap(({ type, content }) => (type === TEXT ? [plain(content ?? '')] : [])).join('\n'),
    buttons: rows.map((row) =>
      (row.components ?? []).flatMap(({ type, label, options }) =>
        type === SELECT ? (options ?? []).map((choice) => choice.label) : label == null ? [] : [label],
      ),
    ),
    ...(marks.size > 0 && { marks: marksText(marks) }),
  };
}

/** All components of a message, outermost first. */
export function all(message: WireMessage | undefined): WireComponent[] {
  const flatten = (component: WireComponent): WireComponent[] => [
    component,
    ...(component.components ?? []).flatMap(flatten),
  ];
  return (message?.components ?? []).flatMap(flatten);
}

/** Discord's markup as a person sees it. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/\*\*|`/g, '')
    .replace(/<t:(\d+)(?::\w)?>/g, (_, seconds: string) => MOMENT.format(Number(seconds) * 1000))
    .replace(/^\*(.+)\*$/gm, '$1')
    .replace(/\\([^\w\s])/g, '$1');
}
