// Faithful: names, descriptions, order and number of options, choices, localisations, counts per scope, 8,000 characters
// in all (https://discord.com/developers/docs/interactions/application-commands). Simplified: codes of the leaves are
// the usual ones. Missing: entry point commands, nesting of groups beyond names.
import type { CommandRequest, WireOption } from './command-wire.ts';
import { tooLong, violation } from './component-rules.ts';
import { type ErrorPath, invalidForm, type Violation } from './failure.ts';

const NAME = /^[-_'\p{L}\p{N}\p{Script=Devanagari}\p{Script=Thai}]{1,32}$/u;
const MAX_PER_TYPE: Record<number, number> = { 1: 100, 2: 15, 3: 15 };
const MAX_CHARACTERS = 8000;
const LOCALES = new Set(
  'id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru uk hi th zh-CN ja zh-TW ko'.split(
    ' ',
  ),
);
const FILE_GROUPS = new Set(['image', 'video', 'audio']);
const SUBCOMMAND_TYPES = new Set([1, 2]);

/** Refuses a list of commands that cannot be registered together. */
export function checkCommands(commands: CommandRequest[], { isGlobal }: { isGlobal: boolean }) {
  const violations = [
    ...commands.flatMap((command, index) => checkCommand(command, [index], isGlobal)),
    ...checkTogether(commands),
  ];
  if (violations.length > 0) throw invalidForm(violations);
}

/** Refuses one command that cannot be registered. */
export function checkCommand(command: CommandRequest, path: ErrorPath, isGlobal: boolean): Violation[] {
  const { name, description, options, contexts, integration_types } = command;
  const isChat = (command.type ?? 1) === 1;
  return [
    ...(isChat
      ? checkNames(command, path)
      : [
          ...(description
            ? [
                violation(
                  [...path, 'description'],
                  'APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION',
                  'Context menu commands cannot have description',
                ),
              ]
            : []),
          ...(options?.length
            ? [
                violation(
                  [...path, 'options'],
                  'APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS',
                  'Context menu commands cannot have options',
                ),
              ]
            : []),
        ]),
    ...(isChat && !description
      ? [violation([...path, 'description'], 'BASE_TYPE_REQUIRED', 'This field is required')]
      : []),
    ...checkLocales(command, path),
    ...(!isGlobal && (contexts || integration_types)
      ? [
          violation(
            [...path, 'contexts'],
            'APPLICATION_COMMAND_CONTEXTS',
            'Only global commands have contexts and integration types.',
          ),
        ]
      : []),
    ...checkOptions(options ?? [], [...path, 'options']),
    ...(charactersOf(command) > MAX_CHARACTERS
      ? [
          violation(
            [...path],
            'APPLICATION_COMMAND_TOO_LARGE',
            `Command ${name} exceeds maximum size of ${MAX_CHARACTERS}`,
          ),
        ]
      : []),
  ];
}

function checkTogether(commands: CommandRequest[]): Violation[] {
  const counts = new Map<number, number>();
  const seen = new Set<string>();
  return commands.flatMap((command, index) => {
    const type = command.type ?? 1;
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    const key = `${type} ${command.name}`;
    const isTwice = seen.has(key);
    seen.add(key);
    return [
      ...(isTwice
        ? [
            violation(
              [index, 'name'],
              'APPLICATION_COMMANDS_DUPLICATE_NAME',
              'Application command names must be unique',
            ),
          ]
        : []),
      ...(count > (MAX_PER_TYPE[type] ?? 1)
        ? [
            violation(
              [index],
              'APPLICATION_COMMANDS_TOO_MANY',
              'Maximum number of application commands reached.',
            ),
          ]
        : []),
    ];
  });
}

type Named = Pick<WireOption, 'name' | 'name_localizations' | 'description_localizations'>;

function checkNames({ name, name_localizations }: Named, path: ErrorPath): Violation[] {
  const names: [ErrorPath, string][] = [
    [[...path, 'name'], name],
    ...Object.entries(name_localizations ?? {}).map<[ErrorPath, string]>(([locale, localised]) => [
      [...path, 'name_localizations', locale],
      localised,
    ]),
  ];
  return names
    .filter(([, text]) => !NAME.test(text) || text !== text.toLowerCase())
    .map(([at]) => violation(at, 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid'));
}

function checkLocales(
  { name_localizations, description_localizations }: Named,
  path: ErrorPath,
): Violation[] {
  return Object.entries({ name_localizations, description_localizations }).flatMap(([field, texts]) =>
    Object.keys(texts ?? {})
      .filter((locale) => !LOCALES.has(locale))
      .map((locale) =>
        violation([...path, field, locale], 'ENUM_TYPE_COERCE', `Value "${locale}" is not a valid locale.`),
      ),
  );
}

function checkOptions(options: WireOption[], path: ErrorPath): Violation[] {
  const names = new Set<string>();
  let isOptionalSeen = false;
  return options.flatMap((option, index) => {
    const at = [...path, index];
    const isTwice = names.has(option.name);
    names.add(option.name);
    const isLate = option.required && isOptionalSeen;
    if (!option.required) isOptionalSeen = true;
    return [
      ...checkNames(option, at),
      ...checkLocales(option, at),
      ...(isTwice
        ? [
            violation(
              [...at, 'name'],
              'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS',
              'Option name already exists',
            ),
          ]
        : []),
      ...(isLate
        ? [
            violation(
              at,
              'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
              'Required options must be placed before non-required options',
            ),
          ]
        : []),
      ...checkMix(option, options, at),
      ...checkChoices(option, at),
      ...checkFileTypes(option.file_types ?? [], [...at, 'file_types']),
      ...checkOptions(option.options ?? [], [...at, 'options']),
    ];
  });
}

/** A command with subcommands has no options of its own. */
function checkMix(option: WireOption, siblings: WireOption[], path: ErrorPath): Violation[] {
  const isMixed =
    SUBCOMMAND_TYPES.has(option.type) && siblings.some(({ type }) => !SUBCOMMAND_TYPES.has(type));
  return isMixed
    ? [
        violation(
          [...path, 'type'],
          'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
          'Sub-command and sub-command group option types are mutually exclusive to all other types',
        ),
      ]
    : [];
}

function checkChoices({ type, choices, autocomplete }: WireOption, path: ErrorPath): Violation[] {
  if (autocomplete && choices?.length)
    return [
      violation(
        [...path, 'autocomplete'],
        'APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES',
        'Options with choices cannot have autocomplete.',
      ),
    ];
  return (choices ?? []).flatMap(({ name, value }, index) => [
    ...(name.length > 100 ? [tooLong([...path, 'choices', index, 'name'], 100)] : []),
    ...(typeof value === 'string' && value.length > 100
      ? [tooLong([...path, 'choices', index, 'value'], 100)]
      : []),
    ...((type === 3) !== (typeof value === 'string')
      ? [
          violation(
            [...path, 'choices', index, 'value'],
            'APPLICATION_COMMAND_OPTIONS_CHOICES_VALUE',
            'The value is of another type than the option.',
          ),
        ]
      : []),
  ]);
}

/** Groups or dotted extensions; used by modals' uploads too. */
export function checkFileTypes(fileTypes: readonly string[], path: ErrorPath): Violation[] {
  return fileTypes.flatMap((type, index) =>
    FILE_GROUPS.has(type) || /^\.[a-z0-9]+$/i.test(type)
      ? []
      : [
          violation(
            [...path, index],
            'FILE_TYPE_INVALID',
            'Must be image, video, audio or an extension with its dot.',
          ),
        ],
  );
}

/** Names, descriptions and choices count, of each its longest localisation. */
function charactersOf(part: CommandRequest | WireOption): number {
  const longest = (text: string | null | undefined, others: Record<string, string> | null | undefined) =>
    Math.max(text?.length ?? 0, ...Object.values(others ?? {}).map(({ length }) => length));
  const choices = 'choices' in part ? (part.choices ?? []) : [];
  return (
    longest(part.name, part.name_localizations) +
    longest(part.description, part.description_localizations) +
    choices.reduce((sum, { name, value }) => sum + name.length + String(value).length, 0) +
    (part.options ?? []).reduce((sum, option) => sum + charactersOf(option), 0)
  );
}
