import { TOGGLES } from '../../core/compose/choices.ts';
import {
  FIELD_NAMES,
  type FieldName,
  type Fields,
  OFF,
  SEEN_KEYS,
  type Seen,
} from '../../core/compose/page/merge.ts';

/** What the buttons of the form do. */
const ACTIONS = ['save', 'post', 'inbox', 'account', 'again'] as const;
type Action = (typeof ACTIONS)[number];

/** A form as it came. */
export interface ComposeForm {
  readonly action: Action;
  readonly seen: Seen;
  readonly wanted: Partial<Fields>;
  /** The account that is chosen in the form. */
  readonly account: string | undefined;
}

/** Boxes that browsers leave out where they are not ticked. */
const BOXES: ReadonlySet<FieldName> = new Set<FieldName>([...TOGGLES, 'disclosing']);
/** A time is wanted, and none is given. */
export const NO_TIME = 'at';

/** What the page's form says; undefined where it is none of ours. */
export function readComposeForm(form: FormData): ComposeForm | undefined {
  const seen = readSeen(textOf(form, 'seen') ?? '');
  const action = ACTIONS.find((one) => one === (textOf(form, 'do') ?? 'save'));
  if (seen === undefined || action === undefined) return undefined;
  const wanted: Partial<Record<FieldName, string>> = {};
  const keeps = new Set(form.getAll('keep'));
  const known: Record<string, string> = { ...seen };
  for (const field of FIELD_NAMES) {
    const value = field === 'when' ? whenOf(form, seen.when) : textOf(form, field);
    if (value !== undefined) wanted[field] = value.replaceAll('\r\n', '\n');
    else if (BOXES.has(field)) wanted[field] = OFF;
    // Somebody has seen what stands there now, and wants their own all the same.
    const other = textOf(form, `now-${field}`);
    if (keeps.has(field) && other !== undefined) known[field] = other.replaceAll('\r\n', '\n');
  }
  return { action, seen: known as Seen, wanted, account: textOf(form, 'account') || undefined };
}

/** A time that nobody has understood stays as it is until somebody says another one. */
function whenOf(form: FormData, before: string): string | undefined {
  const how = textOf(form, 'when');
  if (how === 'now') return '';
  if (how !== 'at') return undefined;
  return textOf(form, 'at') || before || NO_TIME;
}

function textOf(form: FormData, name: string): string | undefined {
  const value = form.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** The browser has it from us and sends it back, so it may be anything. */
function readSeen(text: string): Seen | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null) return undefined;
  const values = new Map(Object.entries(read));
  if (!SEEN_KEYS.every((key) => typeof values.get(key) === 'string')) return undefined;
  return Object.fromEntries(SEEN_KEYS.map((key) => [key, values.get(key)])) as Seen;
}
