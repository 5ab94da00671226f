// Faithful: title, one to five top-level components, labels around inputs, unique ids
// (https://discord.com/developers/docs/components/reference#label). Simplified: selects of users, roles and channels
// are taken as they come.
import type { ModalRequest } from './command-wire.ts';
import { checkCustomIds, checkSelect, type Placed, violation, walkComponents } from './component-rules.ts';
import { invalidForm, type Violation } from './failure.ts';

const MAX_TOP_LEVEL = 5;
const TEXT_INPUT = 4;
const LABEL = 18;

/** Refuses what no modal may be. */
export function checkModal({ components }: ModalRequest) {
  const placed = walkComponents(components, ['data', 'components']);
  const violations = [
    ...(components.length > MAX_TOP_LEVEL
      ? [violation(['data', 'components'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.')]
      : []),
    ...checkCustomIds(placed),
    ...placed.flatMap(checkInput),
  ];
  if (violations.length > 0) throw invalidForm(violations);
}

function checkInput({ component, path }: Placed): Violation[] {
  const { type, min_values, max_values, min_length, max_length, value } = component;
  const inner = component.component;
  if (type === LABEL && inner?.type === TEXT_INPUT && inner.label)
    return [
      violation(
        [...path, 'component', 'label'],
        'LABEL_TWICE',
        'An input inside a label has no label of its own.',
      ),
    ];
  if (type === 3) return checkSelect(component, path);
  if (type === 19 && (min_values ?? 1) > (max_values ?? 1))
    return [violation([...path, 'min_values'], 'NUMBER_TYPE_MAX', 'min_values must not exceed max_values.')];
  if (type === TEXT_INPUT && value && max_length && value.length > max_length)
    return [
      violation([...path, 'value'], 'BASE_TYPE_MAX_LENGTH', `Must be ${max_length} or fewer in length.`),
    ];
  if (type === TEXT_INPUT && (min_length ?? 0) > (max_length ?? 4000))
    return [violation([...path, 'min_length'], 'NUMBER_TYPE_MAX', 'min_length must not exceed max_length.')];
  return [];
}
