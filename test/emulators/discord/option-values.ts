// Faithful: what the app lets a person fill in: options of the registered command, their types, choices, ranges and file
// types; uploads become ephemeral attachments
// (https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure).
// Simplified: the order of the registration.
import type { OptionValue, WireOption } from './command-wire.ts';
import type { Emulation } from './emulation.ts';
import { isFileTypeAllowed, type UploadFile } from './files.ts';
import { memberWire } from './guild-wire.ts';
import type { Access } from './people.ts';
import { userPermissions } from './standing.ts';
import type { ChannelEntry } from './state.ts';
import { idOf, type Ref } from './world.ts';

export type OptionInput = string | number | boolean | UploadFile | { id: string };
export type OptionInputs = Record<string, OptionInput>;
export type Resolved = Record<string, Record<string, unknown>>;

type Filling = {
  emulation: Emulation;
  access: Access;
  entry: ChannelEntry;
  userId: string;
  /** Autocomplete asks before everything is filled in. */
  isPartial: boolean;
  focused?: string | undefined;
};

const ATTACHMENT = 11;

/** Fills in a command's options; throws when the app would not let that through. */
export async function fillOptions(filling: Filling, registered: readonly WireOption[], inputs: OptionInputs) {
  const known = registered.map(({ name }) => name);
  const unknown = Object.keys(inputs).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`The command has no option ${unknown.join(', ')}; it has ${known.join(', ') || 'none'}.`);
  const resolved: Resolved = {};
  const options: OptionValue[] = [];
  for (const option of registered) {
    const input = inputs[option.name];
    if (input === undefined) {
      if (option.required && !filling.isPartial) throw new Error(`The option ${option.name} is required.`);
      continue;
    }
    const isFocused = filling.focused === option.name;
    if (!isFocused) checkValue(option, input);
    const value = await resolveValue(filling, { option, input, resolved });
    options.push({ name: option.name, type: option.type, value, ...(isFocused ? { focused: true } : {}) });
  }
  return { options, resolved };
}

function checkValue({ name, type, choices, ...range }: WireOption, input: OptionInput) {
  const expected = EXPECTED[type];
  if (expected && typeof input !== expected) throw new Error(`The option ${name} takes a ${expected}.`);
  if (type === 4 && !Number.isInteger(input)) throw new Error(`The option ${name} takes a whole number.`);
  if (choices?.length && !choices.some(({ value }) => value === input))
    throw new Error(`The option ${name} has the choices ${choices.map(({ value }) => value).join(', ')}.`);
  const [least, most] =
    typeof input === 'string'
      ? [range.min_length ?? 0, range.max_length ?? 6000]
      : [range.min_value ?? Number.NEGATIVE_INFINITY, range.max_value ?? Number.POSITIVE_INFINITY];
  const size = typeof input === 'string' ? input.length : input;
  if (typeof size === 'number' && (size < least || size > most))
    throw new Error(`The option ${name} goes from ${least} to ${most}.`);
}

const EXPECTED: Record<number, 'string' | 'number' | 'boolean' | 'object'> = {
  3: 'string',
  4: 'number',
  5: 'boolean',
  10: 'number',
  11: 'object',
};

async function resolveValue(
  filling: Filling,
  { option, input, resolved }: { option: WireOption; input: OptionInput; resolved: Resolved },
): Promise<string | number | boolean> {
  if (option.type === ATTACHMENT && typeof input === 'object' && !('id' in input))
    return await attach(filling, { name: option.name, fileTypes: option.file_types, file: input, resolved });
  if (typeof input === 'object' && 'id' in input) return resolveId(filling, input, resolved);
  if (typeof input === 'string' && option.type >= 6 && option.type <= 9)
    return resolveId(filling, input, resolved);
  if (typeof input === 'string') resolveMentions(filling, input, resolved);
  if (typeof input !== 'object') return input;
  throw new Error(`The option ${option.name} does not take a file.`);
}

/** Discord resolves whom a text names, as far as it knows them. */
function resolveMentions(filling: Filling, text: string, resolved: Resolved): void {
  const { users, guilds, channels } = filling.emulation.state;
  const guild = filling.entry.guildId === undefined ? undefined : guilds.get(filling.entry.guildId);
  for (const [, id = ''] of text.matchAll(/<(?:@[!&]?|#)(\d+)>/g))
    if (users.has(id) || guild?.roles.has(id) || channels.has(id)) resolveId(filling, id, resolved);
}

type Attaching = {
  name: string;
  fileTypes: readonly string[] | null | undefined;
  file: UploadFile;
  resolved: Resolved;
};

/** Uploads a file of a command or modal; returns the attachment's id. */
export async function attach(
  { emulation, access, entry, userId }: Pick<Filling, 'emulation' | 'access' | 'entry' | 'userId'>,
  { name, fileTypes, file, resolved }: Attaching,
): Promise<string> {
  access.checkSize(entry, userId, file);
  const fileName = file.fileName ?? file.path ?? '';
  if (!isFileTypeAllowed(fileName, fileTypes))
    throw new Error(`${name} takes ${fileTypes?.join(', ')}, not ${fileName}.`);
  const stored = await emulation.files.add(file, {
    folderId: emulation.state.applicationId,
    isEphemeral: true,
  });
  resolved.attachments = { ...resolved.attachments, [stored.id]: emulation.files.attachment(stored) };
  return stored.id;
}

/** A user, role or channel by its id. */
export function resolveId(
  { emulation, entry, userId }: Pick<Filling, 'emulation' | 'entry' | 'userId'>,
  ref: Ref,
  resolved: Resolved,
): string {
  const { state } = emulation;
  const id = idOf(ref);
  const guild = entry.guildId === undefined ? undefined : state.guilds.get(entry.guildId);
  const user = state.users.get(id)?.user;
  const member = guild?.members.get(id);
  const role = guild?.roles.get(id);
  const channelEntry = state.channels.get(id);
  if (user) resolved.users = { ...resolved.users, [id]: user };
  if (member) {
    const { user: _, ...standing } = memberWire(emulation, member);
    resolved.members = { ...resolved.members, [id]: { ...standing, permissions: '0' } };
  }
  if (role) resolved.roles = { ...resolved.roles, [id]: role };
  if (channelEntry) {
    const permissions = String(userPermissions(emulation, channelEntry, userId));
    resolved.channels = { ...resolved.channels, [id]: { ...channelEntry.channel, permissions } };
  }
  if (!user && !role && !channelEntry) throw new Error(`There is no user, role or channel ${id}.`);
  return id;
}
