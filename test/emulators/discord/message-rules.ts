// Faithful: the documented limits that the published schemas leave open: lengths, counts, components v2, unique ids
// (https://discord.com/developers/docs/components/reference, …/resources/message). Simplified: codes of the leaves are
// the usual ones. Missing: embeds, polls and stickers beyond their counts.
import {
  checkComponent,
  checkCustomIds,
  type Placed,
  tooLong,
  violation,
  walkComponents,
} from './component-rules.ts';
import { emptyMessage, invalidForm, type Violation } from './failure.ts';
import { FLAGS, type MessagePayload, type WireComponent } from './wire.ts';

const MAX_CONTENT = 2000;
const MAX_COMPONENTS = 40;
const MAX_TEXT_DISPLAYS = 4000;
const MAX_ROWS = 5;
const SETTABLE_FLAGS =
  FLAGS.SUPPRESS_EMBEDS | FLAGS.EPHEMERAL | FLAGS.SUPPRESS_NOTIFICATIONS | FLAGS.IS_COMPONENTS_V2;

/** Refuses what no message may be; `isV2` says whether the message has or gets the flag. */
export function checkMessage(payload: MessagePayload, { isV2 }: { isV2: boolean }) {
  const placed = walkComponents(payload.components ?? []);
  const violations = [
    ...checkLengths(payload),
    ...(isV2 ? checkV2(payload, placed) : checkClassic(payload)),
    ...checkCustomIds(placed),
    ...placed.flatMap(checkComponent),
    ...checkMentions(payload),
  ];
  if (violations.length > 0) throw invalidForm(violations);
}

function checkLengths({ content, flags }: MessagePayload): Violation[] {
  return [
    ...((content?.length ?? 0) > MAX_CONTENT ? [tooLong(['content'], MAX_CONTENT)] : []),
    ...((flags ?? 0) & ~SETTABLE_FLAGS
      ? [violation(['flags'], 'BITFIELD_TYPE_INVALID', 'These flags cannot be set.')]
      : []),
  ];
}

/** With the flag, a message is its components alone. */
function checkV2({ content, embeds, sticker_ids, poll }: MessagePayload, placed: Placed[]): Violation[] {
  const forbidden = [
    ...(content ? ['content'] : []),
    ...(embeds?.length ? ['embeds'] : []),
    ...(sticker_ids?.length ? ['sticker_ids'] : []),
    ...(poll ? ['poll'] : []),
  ];
  const text = placed.reduce(
    (sum, { component }) => sum + (isText(component) ? (component.content?.length ?? 0) : 0),
    0,
  );
  return [
    ...forbidden.map(legacyField),
    ...(placed.length > MAX_COMPONENTS
      ? [
          violation(
            ['components'],
            'BASE_TYPE_BAD_LENGTH',
            `Must be between 1 and ${MAX_COMPONENTS} in length.`,
          ),
        ]
      : []),
    ...(text > MAX_TEXT_DISPLAYS
      ? [
          violation(
            ['components'],
            'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
            `The displayable text size of this message's components exceeds the maximum size of ${MAX_TEXT_DISPLAYS}`,
          ),
        ]
      : []),
  ];
}

function checkClassic({ components }: MessagePayload): Violation[] {
  const rows = components ?? [];
  return [
    ...rows.flatMap(({ type }, index) =>
      type === 1
        ? []
        : [
            violation(
              ['components', index, 'type'],
              'UNION_TYPE_CHOICES',
              'Only action rows go without MessageFlags.IS_COMPONENTS_V2 (1).',
            ),
          ],
    ),
    ...(rows.length > MAX_ROWS
      ? [violation(['components'], 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${MAX_ROWS} in length.`)]
      : []),
  ];
}

/** A list beside its own parse type is a contradiction. */
function checkMentions({ allowed_mentions }: MessagePayload): Violation[] {
  const parse = allowed_mentions?.parse ?? [];
  return (['users', 'roles'] as const)
    .filter((field) => parse.includes(field) && (allowed_mentions?.[field]?.length ?? 0) > 0)
    .map((field) =>
      violation(
        ['allowed_mentions'],
        'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
        `parse:["${field}"] and ${field}: [ids...] are mutually exclusive.`,
      ),
    );
}

/** Refuses a message that shows nothing. */
export function checkNotEmpty(
  message: { content: string; embeds: unknown[]; components: unknown[]; files: number },
  isV2: boolean,
) {
  const shown = isV2 ? 0 : message.content.trim().length + message.embeds.length + message.files;
  if (shown + message.components.length === 0) throw emptyMessage();
}

/** The flag can be set by an edit and never taken away; older fields must be emptied in the same edit. */
export function checkSwitchToV2(payload: MessagePayload, old: { content: string; embeds: unknown[] }) {
  const kept = [
    ...(old.content && payload.content !== null && payload.content !== '' ? ['content'] : []),
    ...(old.embeds.length > 0 && payload.embeds?.length !== 0 && payload.embeds !== null ? ['embeds'] : []),
  ];
  if (kept.length > 0) throw invalidForm(kept.map(legacyField));
}

const isText = ({ type }: WireComponent) => type === 10;

const legacyField = (field: string) =>
  violation(
    [field],
    'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
    `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
  );
