// Faithful: what a single component may be, and that ids are unique among all of them
// (https://discord.com/developers/docs/components/reference). Simplified: codes of the leaves are the usual ones.
import type { ErrorPath, Violation } from './failure.ts';
import type { WireComponent } from './wire.ts';

/** A component with its place in the request. */
export type Placed = { component: WireComponent; path: ErrorPath };

/** All components in a tree, labels' contents and accessories included. */
export function walkComponents(
  components: readonly WireComponent[],
  path: ErrorPath = ['components'],
): Placed[] {
  return components.flatMap((component, index) => walkOne(component, [...path, index]));
}

function walkOne(component: WireComponent, path: ErrorPath): Placed[] {
  return [
    { component, path },
    ...walkComponents(component.components ?? [], [...path, 'components']),
    ...(component.accessory ? walkOne(component.accessory, [...path, 'accessory']) : []),
    ...(component.component ? walkOne(component.component, [...path, 'component']) : []),
  ];
}

/** Used by messages and modals alike. */
export function checkCustomIds(placed: Placed[]): Violation[] {
  const seen = new Set<string>();
  const ids = new Set<number>();
  return placed.flatMap(({ component: { custom_id, id }, path }) => {
    const twice = custom_id && seen.has(custom_id);
    const twiceId = id && ids.has(id);
    if (custom_id) seen.add(custom_id);
    if (id) ids.add(id);
    return [
      ...(twice
        ? [
            violation(
              [...path, 'custom_id'],
              'COMPONENT_CUSTOM_ID_DUPLICATED',
              'Component custom id cannot be duplicated',
            ),
          ]
        : []),
      ...(twiceId
        ? [violation([...path, 'id'], 'COMPONENT_ID_DUPLICATED', 'Component id cannot be duplicated')]
        : []),
    ];
  });
}

/** Refuses impossible rows, buttons and selects. */
export function checkComponent({ component, path }: Placed): Violation[] {
  if (component.type === 1) return checkRow(component, path);
  if (component.type === 2) return checkButton(component, path);
  if (component.type === 3) return checkSelect(component, path);
  if (component.type in DEFAULT_TYPES) return checkEntitySelect(component, path);
  if (component.type === 13) return checkFile(component, path);
  return [];
}

/** A row holds up to five buttons or one select. */
function checkRow({ components = [] }: WireComponent, path: ErrorPath): Violation[] {
  const selects = components.filter(({ type }) => type !== 2).length;
  return selects > 0 && components.length > 1
    ? [
        violation(
          [...path, 'components'],
          'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
          'The specified component exceeds the maximum width',
        ),
      ]
    : [];
}

/** Link buttons have a url, premium ones a sku, all others a custom_id. */
function checkButton(
  { style, custom_id, url, sku_id, label, emoji }: WireComponent,
  path: ErrorPath,
): Violation[] {
  const needed = style === 5 ? 'url' : style === 6 ? 'sku_id' : 'custom_id';
  const present = { custom_id, url, sku_id };
  const others = (['custom_id', 'url', 'sku_id'] as const).filter(
    (field) => field !== needed && present[field],
  );
  return [
    ...(present[needed]
      ? []
      : [violation([...path, needed], 'BASE_TYPE_REQUIRED', 'This field is required')]),
    ...others.map((field) =>
      violation([...path, field], 'BUTTON_COMPONENT_INVALID', `This button has no ${field}`),
    ),
    ...(style !== 6 && !label && !emoji
      ? [violation(path, 'BUTTON_COMPONENT_LABEL_REQUIRED', 'A button needs a label or an emoji')]
      : []),
    ...(style === 5 && url && !/^(https?|discord):/.test(url)
      ? [
          violation(
            [...path, 'url'],
            'URL_TYPE_INVALID_SCHEME',
            'Scheme must be one of (http, https, discord).',
          ),
        ]
      : []),
  ];
}

/** Used by messages and modals alike. */
export function checkSelect(
  { options = [], min_values, max_values }: WireComponent,
  path: ErrorPath,
): Violation[] {
  const values = options.map(({ value }) => value);
  const defaults = options.filter((option) => option.default).length;
  const max = max_values ?? 1;
  return [
    ...(new Set(values).size < values.length
      ? [
          violation(
            [...path, 'options'],
            'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
            'The specified option value is already used',
          ),
        ]
      : []),
    ...((min_values ?? 1) > max || max > options.length
      ? [
          violation(
            [...path, 'max_values'],
            'NUMBER_TYPE_MAX',
            'min_values ≤ max_values ≤ number of options.',
          ),
        ]
      : []),
    ...(defaults > max
      ? [
          violation(
            [...path, 'options'],
            'SELECT_COMPONENT_TOO_MANY_DEFAULTS',
            'More defaults than max_values.',
          ),
        ]
      : []),
  ];
}

/** By the type of the select: 5 users, 6 roles, 7 both, 8 channels. */
const DEFAULT_TYPES: Record<number, readonly string[]> = {
  5: ['user'],
  6: ['role'],
  7: ['user', 'role'],
  8: ['channel'],
};
const MAX_PICKED = 25;

/** What is picked from the start is of the select's kind, once each, and as many as may be picked. */
function checkEntitySelect(
  { type, default_values, min_values, max_values }: WireComponent,
  path: ErrorPath,
): Violation[] {
  const defaults = default_values ?? [];
  const [least, most] = [min_values ?? 1, max_values ?? 1];
  const isOut = defaults.length > 0 && (defaults.length < least || defaults.length > most);
  const isTwice = new Set(defaults.map(({ id }) => id)).size < defaults.length;
  const at = [...path, 'default_values'];
  return [
    ...(least > most || most > MAX_PICKED
      ? [violation([...path, 'max_values'], 'NUMBER_TYPE_MAX', 'min_values ≤ max_values ≤ 25.')]
      : []),
    ...(isOut
      ? [violation(at, 'BASE_TYPE_BAD_LENGTH', `Must be between ${least} and ${most} in length.`)]
      : []),
    ...(isTwice
      ? [violation(at, 'SELECT_COMPONENT_DEFAULT_VALUES_DUPLICATED', 'Default values must be unique.')]
      : []),
    ...defaults.flatMap((value, index) =>
      DEFAULT_TYPES[type]?.includes(value.type)
        ? []
        : [
            violation(
              [...at, index, 'type'],
              'SELECT_COMPONENT_INVALID_DEFAULT_VALUE_TYPE',
              'This select offers nothing of this type.',
            ),
          ],
    ),
  ];
}

/** Shows what is attached, nothing from elsewhere (https://discord.com/developers/docs/components/reference#file). */
function checkFile({ file }: WireComponent, path: ErrorPath): Violation[] {
  return file?.url.startsWith('attachment://')
    ? []
    : [violation([...path, 'file', 'url'], 'URL_TYPE_INVALID_SCHEME', 'Scheme must be one of (attachment).')];
}

export const violation = (path: ErrorPath, code: string, message: string): Violation => ({
  path,
  code,
  message,
});

export const tooLong = (path: ErrorPath, max: number) =>
  violation(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
