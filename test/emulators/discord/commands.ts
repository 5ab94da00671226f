// Faithful: people run what is registered, where and as far as default permissions and contexts allow; the app waits
// three seconds (https://discord.com/developers/docs/interactions/application-commands). Simplified: a command of the
// guild goes before a global one of the same name. Missing: user commands, per-role overrides by administrators.
import type { OptionValue, WireChoice, WireOption } from './command-wire.ts';
import type { Emulation } from './emulation.ts';
import type { HandleMaker, InteractionHandle } from './handle.ts';
import { deliverInteraction } from './interactions.ts';
import { EVERYTHING } from './messages.ts';
import { fillOptions, type OptionInputs, type Resolved } from './option-values.ts';
import type { Access } from './people.ts';
import { PERMISSIONS } from './permissions.ts';
import { userPermissions } from './standing.ts';
import type { ChannelEntry, CommandEntry } from './state.ts';
import { idOf, type Ref, type World } from './world.ts';

export type CommandUse = {
  user: Ref;
  channel: Ref;
  name: string;
  group?: string;
  subcommand?: string;
  options?: OptionInputs;
  /** The language of the person's app, their own by default. */
  locale?: string;
};
export type AutocompleteUse = CommandUse & { focused: string; value: string | number };
export type MessageCommandUse = { user: Ref; message: Ref; name: string; locale?: string };

type Parts = { emulation: Emulation; world: World; access: Access; handles: HandleMaker };

/** Creates the functions by which people use commands. */
export function createCommands({ emulation, world, access, handles }: Parts) {
  const { state, messages } = emulation;

  const find = (
    entry: ChannelEntry,
    userId: string,
    { name, type }: { name: string; type: number },
  ): CommandEntry => {
    const named = state.commands.filter((command) => command.request.name === name && command.type === type);
    const command =
      named.find(({ guildId }) => guildId !== undefined && guildId === entry.guildId) ??
      named.find(({ guildId, request }) => guildId === undefined && isInContext(entry, request.contexts));
    if (!command)
      throw new Error(
        `No command ${name} is registered here; registered are ${registered(type).join(', ') || 'none'}.`,
      );
    const needed = command.request.default_member_permissions;
    access.require(entry, userId, ['USE_APPLICATION_COMMANDS']);
    const permissions = userPermissions(emulation, entry, userId);
    const isAdministrator = (permissions & PERMISSIONS.ADMINISTRATOR) !== 0n;
    const isAllowed =
      needed === 0 ? isAdministrator : (permissions & BigInt(needed ?? 0)) === BigInt(needed ?? 0);
    if (entry.guildId !== undefined && needed !== undefined && needed !== null && !isAllowed)
      throw new Error(
        `${access.nameOf(userId)} lacks the permissions that /${name} asks for, so the app hides it.`,
      );
    return command;
  };
  const registered = (type: number) =>
    state.commands.filter((command) => command.type === type).map(({ request }) => request.name);

  const prepare = async (
    use: CommandUse,
    { isPartial, focused }: { isPartial: boolean; focused?: string },
  ) => {
    const entry = world.channelOf(use.channel);
    const userId = idOf(use.user);
    const command = find(entry, userId, { name: use.name, type: 1 });
    const { options: registeredOptions, wrap } = descend(command, use);
    const filling = { emulation, access, entry, userId, isPartial, focused };
    const { options, resolved } = await fillOptions(filling, registeredOptions, use.options ?? {});
    return {
      entry,
      userId,
      command,
      options,
      data: dataOf(command, wrap(options), resolved),
      registeredOptions,
    };
  };

  return {
    /** Runs a chat command; resolves once the bot acknowledged it. */
    async runCommand(use: CommandUse): Promise<InteractionHandle> {
      const { entry, userId, data, options } = await prepare(use, { isPartial: false });
      const interaction = deliverInteraction(emulation, {
        kind: 2,
        userId,
        entry,
        data,
        locale: use.locale,
        commandName: use.name,
        options,
      });
      return await handles.acknowledged(interaction);
    },

    /** Types into an option; resolves with the choices that the bot offers. */
    async autocomplete({ focused, value, ...use }: AutocompleteUse): Promise<WireChoice[]> {
      const filled = { ...use, options: { ...use.options, [focused]: value } };
      const { entry, userId, data, registeredOptions } = await prepare(filled, { isPartial: true, focused });
      const option = registeredOptions.find(({ name }) => name === focused);
      if (!option?.autocomplete) throw new Error(`The option ${focused} is registered without autocomplete.`);
      const interaction = deliverInteraction(emulation, { kind: 4, userId, entry, data, locale: use.locale });
      await handles.acknowledged(interaction);
      const choices = interaction.choices ?? [];
      checkChoices(option, choices);
      return choices;
    },

    /** Runs a command of a message's context menu; resolves once the bot acknowledged it. */
    async runMessageCommand({ user, message, name, locale }: MessageCommandUse): Promise<InteractionHandle> {
      const stored = access.find(message, idOf(user));
      if (stored.ephemeralFor !== undefined) throw new Error('An ephemeral message has no menu of apps.');
      const entry = world.channelOf(stored.channelId);
      const command = find(entry, idOf(user), { name, type: 3 });
      const resolved = { messages: { [stored.id]: messages.wire(stored, EVERYTHING) } };
      const data = { ...dataOf(command, [], resolved), target_id: stored.id };
      const interaction = deliverInteraction(emulation, {
        kind: 2,
        userId: idOf(user),
        entry,
        data,
        locale,
        commandName: name,
      });
      return await handles.acknowledged(interaction);
    },
  };
}

export type Commands = ReturnType<typeof createCommands>;

/** 0 guilds, 1 the DM with the bot; without contexts a command works in both. */
const isInContext = ({ guildId }: ChannelEntry, contexts: number[] | null | undefined) =>
  !contexts || contexts.includes(guildId === undefined ? 1 : 0);

/** The options of the command or subcommand, and what goes around their values. */
function descend({ request }: CommandEntry, { name, group, subcommand }: CommandUse) {
  let options: WireOption[] = request.options ?? [];
  const around: { name: string; type: number }[] = [];
  for (const step of [group, subcommand].filter((part) => part !== undefined)) {
    const next = options.find((option) => option.name === step && option.type <= 2);
    if (!next) throw new Error(`/${name} has no subcommand ${step}.`);
    around.push({ name: step, type: next.type });
    options = next.options ?? [];
  }
  if (options.some(({ type }) => type <= 2)) throw new Error(`/${name} needs one of its subcommands.`);
  const wrap = (values: OptionValue[]): OptionValue[] =>
    around.reduceRight<OptionValue[]>((inner, part) => [{ ...part, options: inner }], values);
  return { options, wrap };
}

const dataOf = (
  { id, type, guildId, request }: CommandEntry,
  options: OptionValue[],
  resolved: Resolved,
) => ({
  id,
  name: request.name,
  type,
  ...(guildId ? { guild_id: guildId } : {}),
  ...(options.length > 0 ? { options } : {}),
  ...(Object.keys(resolved).length > 0 ? { resolved } : {}),
});

function checkChoices({ name, type }: WireOption, choices: WireChoice[]) {
  const wanted = type === 3 ? 'string' : 'number';
  for (const choice of choices) {
    if (typeof choice.value !== wanted) throw new Error(`A choice of ${name} is not a ${wanted}.`);
    if (choice.name.length > 100 || String(choice.value).length > 100)
      throw new Error(`A choice of ${name} is longer than 100 characters.`);
  }
}
