import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIApplicationCommandInteractionDataOption,
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIMessageComponentInteraction,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  ComponentType,
  ContextMenuCommandBuilder,
  InteractionContextType,
  InteractionResponseType,
  type InteractionType,
  type RESTPutAPIApplicationCommandsJSONBody,
  SlashCommandBuilder,
  type SlashCommandSubcommandBuilder,
} from 'discord.js';
import type { Person } from '../../core/people.ts';
import type { Role } from '../../core/review/review.ts';
import type { ChatEvent, ChatEventOf, Wishes } from '../platform.ts';
import type { Frame } from './context.ts';
import { serverRole, userPerson } from './ids.ts';
import { english, SUBCOMMANDS, type Texts, translations } from './locales/index.ts';
import { clip } from './render.ts';
import type { Replies } from './replies.ts';

/** Discord gives 3 s in all, and the way there takes time as well. */
const PATIENCE_MS = 2_000;
const MAX_CHOICES = 25;
const MAX_CHOICE_LENGTH = 100;
/** How many files a post and a message of Discord's hold. */
export const MAX_FILES = 10;
/** What TikTok takes beside a video (https://developers.tiktok.com/doc/content-posting-api-reference-direct-post). */
const MAX_CAPTION_LENGTH = 2_200;
const MAX_WHEN_LENGTH = 100;
const MAX_LINK_LENGTH = 2_000;
/** Discord does not say which extensions its groups have; it takes ten entries: what phones seldom write is named. */
export const FILE_TYPES = [
  'image',
  'video',
  '.tif',
  '.tiff',
  '.bmp',
  '.mkv',
  '.avi',
  '.3gp',
  '.ts',
  '.flv',
] as const;

const commandTitle = ({ command }: Texts): string => command.description;

const CONTEXTS = [InteractionContextType.Guild, InteractionContextType.BotDM];
const INSTALLS = [ApplicationIntegrationType.GuildInstall];

/** Everything that Nod registers, as the whole list that Discord puts in place of the last one. */
export function discordCommands(): RESTPutAPIApplicationCommandsJSONBody {
  return [slashCommand().toJSON(), messageCommand().toJSON()];
}

function slashCommand() {
  const command = new SlashCommandBuilder()
    .setName('tiktok')
    .setDescription(english(commandTitle))
    .setDescriptionLocalizations(translations(commandTitle))
    .setContexts(CONTEXTS)
    .setIntegrationTypes(INSTALLS);
  for (const name of SUBCOMMANDS)
    command.addSubcommand((subcommand) =>
      addOptions(
        named(subcommand, ({ subcommands }) => subcommands[name]),
        name,
      ),
    );
  return command;
}

function messageCommand() {
  return new ContextMenuCommandBuilder()
    .setType(ApplicationCommandType.Message)
    .setName(english(commandTitle))
    .setNameLocalizations(translations(commandTitle))
    .setContexts(CONTEXTS)
    .setIntegrationTypes(INSTALLS);
}

function addOptions(subcommand: SlashCommandSubcommandBuilder, name: string) {
  if (name === 'post') return addPostOptions(subcommand);
  if (name !== 'join' && name !== 'claim' && name !== 'link') return subcommand;
  const words = { join: 'code', claim: 'claimCode', link: 'linkCode' } as const;
  return subcommand.addStringOption((option) =>
    // Without a code, one is given.
    named(option, ({ options }) => options[words[name]]).setRequired(name !== 'link'),
  );
}

function addPostOptions(post: SlashCommandSubcommandBuilder) {
  for (let number = 1; number <= MAX_FILES; number += 1) {
    post.addAttachmentOption((option) =>
      named(option, ({ options: { media } }) => ({ ...media, name: `${media.name}${number}` })).setFileTypes(
        ...FILE_TYPES,
      ),
    );
  }
  return post
    .addStringOption((option) => named(option, ({ options }) => options.url).setMaxLength(MAX_LINK_LENGTH))
    .addStringOption((option) =>
      named(option, ({ options }) => options.caption).setMaxLength(MAX_CAPTION_LENGTH),
    )
    .addStringOption((option) => named(option, ({ options }) => options.account).setAutocomplete(true))
    .addStringOption((option) => named(option, ({ options }) => options.privacy).setAutocomplete(true))
    .addStringOption((option) => named(option, ({ options }) => options.when).setMaxLength(MAX_WHEN_LENGTH));
}

interface Words {
  readonly name: string;
  readonly description: string;
}

interface Nameable {
  setName(name: string): this;
  setDescription(description: string): this;
  setNameLocalizations(names: ReturnType<typeof translations>): this;
  setDescriptionLocalizations(descriptions: ReturnType<typeof translations>): this;
}

function named<T extends Nameable>(builder: T, wordsOf: (texts: Texts) => Words): T {
  const name = (texts: Texts) => wordsOf(texts).name;
  const description = (texts: Texts) => wordsOf(texts).description;
  return builder
    .setName(english(name))
    .setNameLocalizations(translations(name))
    .setDescription(english(description))
    .setDescriptionLocalizations(translations(description));
}

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
function focusedOption<T extends InteractionType>(options: Options<T>) {
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

/** The link to a file that was filled in, as typed. */
export function linkOption<T extends InteractionType>(options: Options<T>): string[] {
  const link = textOption(options, 'url')?.trim() ?? '';
  return link === '' ? [] : [link];
}

/** What was chosen along with the files; as typed, for nobody has to choose what is offered. */
export function wishesOf<T extends InteractionType>(options: Options<T>): Wishes | undefined {
  const [privacyLevel, account] = [textOption(options, 'privacy'), textOption(options, 'account')];
  const when = textOption(options, 'when');
  if (privacyLevel === undefined && account === undefined && when === undefined) return undefined;
  return { privacyLevel, account, when };
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

type Suggestions = Parameters<ChatEventOf<'suggest'>['offer']>[0];

/** Asks for suggestions while somebody fills in an option; offers nothing when none come in time. */
export async function suggest({
  interaction,
  frame,
  replies,
  safely,
}: {
  interaction: APIApplicationCommandAutocompleteInteraction;
  frame: Frame;
  replies: Replies;
  safely: (event: ChatEvent) => Promise<boolean>;
}): Promise<void> {
  let offered: Promise<boolean> | undefined;

  /** The first call counts. */
  async function offer(suggestions: Suggestions): Promise<void> {
    offered ??= replies.respond(interaction, {
      type: InteractionResponseType.ApplicationCommandAutocompleteResult,
      data: { choices: suggestions.filter(fits).slice(0, MAX_CHOICES).map(choiceOf) },
    });
    await offered;
  }

  const { options } = readSubcommand(interaction.data.options);
  const focused = focusedOption(options);
  if (focused?.name !== 'account' && focused?.name !== 'privacy') return offer([]);
  const account = focused.name === 'account' ? undefined : textOption(options, 'account');
  const timer = setTimeout(offer, PATIENCE_MS, []);
  await safely({
    ...frame,
    id: interaction.id,
    type: 'suggest',
    option: focused.name,
    typed: focused.typed,
    offer,
    account,
  });
  clearTimeout(timer);
  await offer([]);
}

const fits = ({ label, value }: Suggestions[number]): boolean =>
  label !== '' && value !== '' && value.length <= MAX_CHOICE_LENGTH;

const choiceOf = ({ label, value }: Suggestions[number]) => ({
  name: clip(label, MAX_CHOICE_LENGTH),
  value,
});
