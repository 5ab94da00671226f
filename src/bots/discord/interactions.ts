import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIApplicationCommandInteraction,
  type APIAttachment,
  type APIInteraction,
  type APIMessage,
  type APIMessageComponentInteraction,
  type APIModalSubmitInteraction,
  ApplicationCommandType,
  ComponentType,
  InteractionResponseType,
  InteractionType,
} from 'discord.js';
import { LRUCache } from 'lru-cache';
import type { LeftOut } from '../../core/compose/draft.ts';
import { fileOfLink, readFileLinks } from '../../core/links/read-links.ts';
import type { PerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import type { Safely } from '../adapter-kit/safely.ts';
import type { ChatEvent, ChatEventOf, MessageRef, Wishes } from '../platform.ts';
import {
  linkOption,
  MAX_FILES,
  mediaOptions,
  readPicked,
  readSubcommand,
  suggest,
  textOption,
  wishesOf,
} from './commands.ts';
import { type Frame, frameOf } from './context.ts';
import { mediaOf, offeredFile } from './files.ts';
import { isEphemeral, messageRef, orderOf, privateRef, timeOf } from './ids.ts';
import { textsIn } from './locales/index.ts';
import type { KnownNames, TextReader } from './markdown.ts';
import { composeModal, readModal } from './modals.ts';
import type { Replies } from './replies.ts';
import { createPressAnswer } from './replies.ts';
import { pressesIn } from './send.ts';

const MAX_SEEN = 1_000;

interface InteractionsOptions {
  readonly replies: Replies;
  readonly chatQueue: PerChatQueue;
  readonly guildName: (id: string) => string | undefined;
  readonly textReader: TextReader;
  readonly safely: Safely;
}

type Called = Pick<ChatEventOf<'command'>, 'name' | 'argument'>;

interface Offer {
  readonly files: readonly APIAttachment[];
  /** Links to more files, behind those. */
  readonly links?: readonly string[];
  readonly caption: string;
  readonly known?: KnownNames | undefined;
  readonly wishes?: Wishes | undefined;
  readonly leftOut?: readonly LeftOut[] | undefined;
  /** What is said where there is no file. */
  readonly ifNone?: 'noMedia' | 'noFile';
}

/**
 * Acknowledges interactions at once and makes chat events of them, those of a chat one after the other.
 *
 * The acknowledgement never waits for what is being handled: Discord gives 3 s.
 */
export function createInteractions({
  replies,
  chatQueue,
  guildName,
  textReader,
  safely,
}: InteractionsOptions) {
  const seen = new LRUCache<string, true>({ max: MAX_SEEN });

  function take(interaction: APIInteraction): void {
    const frame = frameOf(interaction, guildName);
    if (frame === undefined || isRepeated(interaction.id)) return;
    switch (interaction.type) {
      case InteractionType.ApplicationCommand:
        takeCommand(interaction, frame);
        break;
      case InteractionType.ApplicationCommandAutocomplete:
        takeAutocomplete(interaction, frame);
        break;
      case InteractionType.MessageComponent:
        takePress(interaction, frame);
        break;
      case InteractionType.ModalSubmit:
        takeModal(interaction, frame);
        break;
    }
  }

  /** Discord may deliver an event more than once, a resumed connection above all. */
  function isRepeated(id: string): boolean {
    if (seen.has(id)) return true;
    seen.set(id, true);
    return false;
  }

  function takeCommand(interaction: APIApplicationCommandInteraction, frame: Frame): void {
    const { data } = interaction;
    if (data.type === ApplicationCommandType.Message) {
      const message = data.resolved.messages[data.target_id];
      takeMedia(interaction, frame, message === undefined ? NOTHING : messageOffer(message));
    } else if (data.type === ApplicationCommandType.ChatInput) {
      const { name, options } = readSubcommand(data.options);
      const caption = textOption(options, 'caption') ?? '';
      if (name === 'compose') openComposer(interaction, frame);
      else if (name === 'post')
        takeMedia(interaction, frame, {
          files: mediaOptions(data),
          links: linkOption(options),
          ifNone: 'noFile',
          caption,
          known: data.resolved,
          wishes: wishesOf(options),
        });
      else
        takeOther(interaction, frame, {
          name: name || data.name,
          argument: textOption(options, 'code') ?? '',
        });
    }
  }

  function takeOther(interaction: APIApplicationCommandInteraction, frame: Frame, called: Called): void {
    const acknowledged = replies.deferReply(interaction);
    const reply = privateRef(interaction, interaction.channel.id);
    deliver(interaction, { chat: frame.chat, acknowledged }, async () => [
      {
        ...frame,
        id: interaction.id,
        reply,
        tellAlso: tellAlso(interaction),
        type: 'command',
        ...called,
        maxFileBytes: interaction.attachment_size_limit,
      },
    ]);
  }

  function openComposer(interaction: APIApplicationCommandInteraction, frame: Frame): void {
    const data = composeModal(interaction.locale);
    const opened = replies.respond(interaction, { type: InteractionResponseType.Modal, data });
    chatQueue.run(frame.chat, async () => void (await opened));
  }

  function takeMedia(interaction: Answerable, frame: Frame, offer: Offer): void {
    const acknowledged = replies.deferReply(interaction);
    const { wishes, leftOut = [], ifNone = 'noMedia' } = offer;
    const files = [...offer.files.map(offeredFile), ...(offer.links ?? []).map(fileOfLink)];
    // A link alone that nothing is fetched from begins no draft.
    const album = offer.files.length === 0 && files.length === 1 ? undefined : interaction.id;
    if (files.length === 0) {
      const { messages, leftOut: words } = textsIn(interaction.locale);
      const named = leftOut.map(({ what }) => words[what]).join(', ');
      const text = named === '' ? messages[ifNone] : `${messages.noMedia} ${messages.onlyFiles}: ${named}.`;
      deliver(interaction, { chat: frame.chat, acknowledged, ifNone: text }, async () => []);
      return;
    }
    deliver(interaction, { chat: frame.chat, acknowledged }, async () => {
      const caption = await textReader.read(offer.caption, { interaction, frame, known: offer.known });
      const reply = replyOf(interaction);
      return files.map((file, index): ChatEvent => {
        const isFirst = index === 0;
        return {
          ...frame,
          id: `${interaction.id}:${index}`,
          ...reply,
          type: 'media',
          album,
          messageId: String(orderOf(interaction.id, index)),
          order: orderOf(interaction.id, index),
          file,
          caption: isFirst && caption !== '' ? caption : undefined,
          wishes,
          leftOut: isFirst && leftOut.length > 0 ? leftOut : undefined,
        };
      });
    });
  }

  function takeModal(interaction: APIModalSubmitInteraction, frame: Frame): void {
    const filled = readModal(interaction);
    if (filled !== undefined && 'files' in filled) {
      takeMedia(interaction, frame, {
        files: filled.files,
        caption: filled.text,
        known: interaction.data.resolved,
      });
      return;
    }
    const { message, id } = interaction;
    // On a card for all, the answer needs a message of its own.
    const isOnOwnMessage = message !== undefined && isEphemeral(message);
    const acknowledged = isOnOwnMessage ? replies.deferUpdate(interaction) : replies.deferReply(interaction);
    const reply = isOnOwnMessage ? privateReply(messageRef(interaction, message)) : replyOf(interaction);
    deliver(interaction, { chat: frame.chat, acknowledged }, async () => {
      if (filled === undefined) return [];
      const text = await textReader.read(filled.text, { interaction, frame, isRead: true });
      return [
        {
          ...frame,
          id,
          at: timeOf(id),
          ...reply,
          tellAlso: tellAlso(interaction),
          type: 'text' as const,
          ...filled,
          text,
        },
      ];
    });
  }

  function takePress(interaction: APIMessageComponentInteraction, frame: Frame): void {
    const { data, id } = interaction;
    const press = data.component_type === ComponentType.StringSelect ? data.values[0] : data.custom_id;
    const picked = readPicked(interaction);
    const reactions = createPressAnswer(interaction, replies);
    const message = messageRef(interaction, interaction.message);
    const event = {
      ...frame,
      id,
      at: timeOf(id),
      ...privateReply(message),
      tellAlso: tellAlso(interaction),
      type: 'press' as const,
      message,
      isOnMessage: hasComponent(interaction, press),
      shows: pressesIn(interaction.message.components),
      ...picked,
      ...reactions,
    };
    chatQueue.run(frame.chat, async () => {
      const isHandled = press === undefined || (await safely({ ...event, press }));
      await reactions.answer();
      if (!isHandled) await complain(interaction);
    });
  }

  function takeAutocomplete(interaction: APIApplicationCommandAutocompleteInteraction, frame: Frame): void {
    // Nothing changes by it, and it can't wait for anything.
    chatQueue.run(interaction.id, () => suggest({ interaction, frame, replies, safely }));
  }

  /** Gives the events out in their turn, unless Discord no longer takes an answer: the person tries again. */
  function deliver(
    interaction: Answerable,
    { chat, acknowledged, ifNone }: { chat: string; acknowledged: Promise<boolean>; ifNone?: string },
    readEvents: () => Promise<readonly ChatEvent[]>,
  ): void {
    chatQueue.run(chat, async () => {
      if (!(await acknowledged)) return;
      const events = await readEvents();
      if (events.length === 0) return complain(interaction, ifNone);
      let isHandled = true;
      for (const event of events) isHandled = (await safely(event)) && isHandled;
      if (!isHandled) await complain(interaction);
    });
  }

  /** After the first answer everything is a message of its own. */
  const tellAlso =
    (interaction: Answerable) =>
    async (text: string): Promise<boolean> =>
      (await replies.tellPrivately(interaction, text)) !== undefined;

  async function complain(interaction: Answerable, text?: string): Promise<void> {
    await replies.tellPrivately(interaction, text ?? textsIn(interaction.locale).messages.failed);
  }

  return { take };
}

export type Interactions = ReturnType<typeof createInteractions>;

/** Whether a part of the message, as Discord has it now, says what was pressed or chosen. */
function hasComponent({ message, data }: APIMessageComponentInteraction, press: string | undefined): boolean {
  const says = (part: object): boolean => {
    if ('custom_id' in part && part.custom_id === data.custom_id)
      return (
        !('options' in part) ||
        !Array.isArray(part.options) ||
        part.options.some(({ value }) => value === press)
      );
    return 'components' in part && Array.isArray(part.components) && part.components.some(says);
  };
  return (message.components ?? []).some(says);
}

type Answerable =
  | APIApplicationCommandInteraction
  | APIMessageComponentInteraction
  | APIModalSubmitInteraction;

const NOTHING: Offer = { files: [], caption: '' };

/** Discord tells of a message whom it names. Where it has no files of its own, those count that it links to. */
function messageOffer(message: APIMessage): Offer {
  const { files, caption, mentions, leftOut } = mediaOf(message);
  const known = { users: Object.fromEntries(mentions.map((user) => [user.id, user])) };
  const { links, rest } = readFileLinks(caption);
  if (files.length > 0 || links.length === 0) return { files, caption, known, leftOut };
  const others = leftOut.flatMap(({ what, count }) => {
    const left = what === 'preview' ? count - links.length : count;
    return left > 0 ? [{ what, count: left }] : [];
  });
  return { files, links: links.slice(0, MAX_FILES), caption: rest, known, leftOut: others };
}

/** The deferred answer, which waits for what will stand there. */
const replyOf = (interaction: Answerable): { reply?: MessageRef } =>
  interaction.channel === undefined ? {} : { reply: privateRef(interaction, interaction.channel.id) };

/** A message that only one person sees is the place that answers, too. */
const privateReply = (message: MessageRef): { reply?: MessageRef } =>
  message.isPrivate === true ? { reply: message } : {};
