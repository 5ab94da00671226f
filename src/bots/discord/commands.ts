import {
  ApplicationCommandType,
  ApplicationIntegrationType,
  ContextMenuCommandBuilder,
  InteractionContextType,
  type RESTPutAPIApplicationCommandsJSONBody,
  SlashCommandBuilder,
  type SlashCommandSubcommandBuilder,
} from 'discord.js';
import {
  COMMAND_DESCRIPTION,
  MESSAGE_COMMAND,
  type Named,
  OPTIONS,
  SUBCOMMANDS,
  translations,
} from './texts.ts';

/** How many files a post and a message of Discord's hold. */
export const MAX_FILES = 10;
/** What TikTok takes beside a video (https://developers.tiktok.com/doc/content-posting-api-reference-direct-post). */
const MAX_CAPTION_LENGTH = 2_200;
const MAX_WHEN_LENGTH = 100;
export const FILE_TYPES = ['image', 'video'] as const;

const CONTEXTS = [InteractionContextType.Guild, InteractionContextType.BotDM];
const INSTALLS = [ApplicationIntegrationType.GuildInstall];

/** Everything that Nod registers, as the whole list that Discord puts in place of the last one. */
export function discordCommands(): RESTPutAPIApplicationCommandsJSONBody {
  return [slashCommand().toJSON(), messageCommand().toJSON()];
}

function slashCommand() {
  const command = new SlashCommandBuilder()
    .setName('tiktok')
    .setDescription(COMMAND_DESCRIPTION.en)
    .setDescriptionLocalizations(translations(COMMAND_DESCRIPTION))
    .setContexts(CONTEXTS)
    .setIntegrationTypes(INSTALLS);
  for (const [name, texts] of Object.entries(SUBCOMMANDS))
    command.addSubcommand((subcommand) => addOptions(named(subcommand, texts), name));
  return command;
}

function messageCommand() {
  return new ContextMenuCommandBuilder()
    .setType(ApplicationCommandType.Message)
    .setName(MESSAGE_COMMAND.en)
    .setNameLocalizations(translations(MESSAGE_COMMAND))
    .setContexts(CONTEXTS)
    .setIntegrationTypes(INSTALLS);
}

function addOptions(subcommand: SlashCommandSubcommandBuilder, name: string) {
  if (name === 'post') return addPostOptions(subcommand);
  if (name !== 'join' && name !== 'claim') return subcommand;
  return subcommand.addStringOption((option) =>
    named(option, name === 'claim' ? OPTIONS.claimCode : OPTIONS.code).setRequired(true),
  );
}

function addPostOptions(post: SlashCommandSubcommandBuilder) {
  for (let number = 1; number <= MAX_FILES; number += 1) {
    post.addAttachmentOption((option) =>
      named(option, numbered(OPTIONS.media, number))
        .setRequired(number === 1)
        .setFileTypes(...FILE_TYPES),
    );
  }
  return post
    .addStringOption((option) => named(option, OPTIONS.caption).setMaxLength(MAX_CAPTION_LENGTH))
    .addStringOption((option) => named(option, OPTIONS.account).setAutocomplete(true))
    .addStringOption((option) => named(option, OPTIONS.privacy).setAutocomplete(true))
    .addStringOption((option) => named(option, OPTIONS.when).setMaxLength(MAX_WHEN_LENGTH));
}

interface Nameable {
  setName(name: string): this;
  setDescription(description: string): this;
  setNameLocalizations(names: ReturnType<typeof translations>): this;
  setDescriptionLocalizations(descriptions: ReturnType<typeof translations>): this;
}

function named<T extends Nameable>(builder: T, { name, description }: Named): T {
  return builder
    .setName(name.en)
    .setNameLocalizations(translations(name))
    .setDescription(description.en)
    .setDescriptionLocalizations(translations(description));
}

function numbered({ name, description }: Named, number: number): Named {
  const { en, de, es, pt } = name;
  const names = { en: en + number, de: de + number, es: es + number, pt: pt + number };
  return { name: names, description };
}
