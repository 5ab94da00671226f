import {
  type APIApplicationCommandInteractionDataOption,
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIMessageComponentInteraction,
  ApplicationCommandOptionType,
  ComponentType,
  type InteractionType,
} from 'discord.js';
import type { Person } from '../../core/publish/post.ts';
import type { Role } from '../../core/review/review.ts';
import type { ChatEventOf } from '../platform.ts';
import { MAX_FILES } from './commands.ts';
import { serverRole, userPerson } from './ids.ts';

type Options<T extends InteractionType> = readonly APIApplicationCommandInteractionDataOption<T>[];
type CommandData = APIChatInputApplicationCommandInteraction['data'];

/** The subcommand that was called, with what was filled in. */
export function readSubcommand<T extends InteractionType>(options: Options<T> = []) {
  const called = options.find((option) => option.type === ApplicationCommandOptionType.Subcommand);
  return { name: called?.name ?? '', options: called?.options ?? [] };
}

/** A text that was filled in; nothing counts as not filled in. */
export function textOption<T extends InteractionType>(options: Options<T>, name: string): string | undefined {
  const option = options.find((given) => given.name === name);
  if (option?.type !== ApplicationCommandOptionType.String) return undefined;
  return option.value === '' ? undefined : option.value;
}

/** The option that somebody is filling in right now. */
export function focusedOption<T extends InteractionType>(options: Options<T>) {
  for (const option of options) {
    if (option.type === ApplicationCommandOptionType.String && option.focused === true)
      return { name: option.name, typed: option.value };
  }
  return undefined;
}

/** The files of `media1` to `media10`, in this order. */
export function mediaOptions(data: CommandData): APIAttachment[] {
  const { options } = readSubcommand(data.options);
  const numbers = Array.from({ length: MAX_FILES }, (_, index) => index + 1);
  return numbers.flatMap((number) => {
    const option = options.find(({ name }) => name === `media${number}`);
    if (option?.type !== ApplicationCommandOptionType.Attachment) return [];
    return data.resolved?.attachments?.[option.value] ?? [];
  });
}

/** What was chosen along with the files; as typed, for nobody has to choose what is offered. */
export function wishesOf<T extends InteractionType>(
  options: Options<T>,
): { wishes?: NonNullable<ChatEventOf<'media'>['wishes']> } {
  const [privacyLevel, account] = [textOption(options, 'privacy'), textOption(options, 'account')];
  const when = textOption(options, 'when');
  if (privacyLevel === undefined && account === undefined && when === undefined) return {};
  return {
    wishes: {
      ...(privacyLevel !== undefined && { privacyLevel }),
      ...(account !== undefined && { account }),
      ...(when !== undefined && { when }),
    },
  };
}

/** What a menu of roles or people shows now; nothing for other components. */
export function readPicked(
  interaction: APIMessageComponentInteraction,
): Pick<ChatEventOf<'press'>, 'picked'> {
  const { data, guild_id: guildId } = interaction;
  // Discord resolves what is picked, and nothing where nothing is.
  if (data.component_type === ComponentType.RoleSelect) {
    const picked = data.values.flatMap((id): Role[] => {
      const role = data.resolved.roles[id];
      // Everybody is no role that somebody holds.
      return role === undefined || id === guildId ? [] : [serverRole(role)];
    });
    return { picked };
  }
  if (data.component_type !== ComponentType.UserSelect) return {};
  const picked = data.values.flatMap((id): Person[] => {
    const user = data.resolved.users[id];
    if (user === undefined || user.bot === true) return [];
    return [userPerson(user, data.resolved.members?.[id]?.nick)];
  });
  return { picked };
}
