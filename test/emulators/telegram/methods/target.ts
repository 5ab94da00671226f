// Faithful: order and wording of the checks before sending and editing. Simplified: replies stay within one chat.
// Missing: inline messages.
import type { Message, User } from 'grammy/types';
import { z } from 'zod';
import { checkMaySend, checkMayWrite, checkThread, findChat, type Sending } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import { type ReplyMarkup, readReplyMarkup } from '../keyboard.ts';
import { type MessageParts, placeParts } from '../messages.ts';
import type { Params } from '../params.ts';
import { botUser, type ChatEntry, type StoredMessage } from '../state.ts';
import { readReceiver } from './ephemeral.ts';

export type Target = {
  entry: ChatEntry;
  parts: MessageParts;
  markup: ReplyMarkup;
  /** The one person who will see the message. */
  receiver: User | undefined;
};

const replySchema = z.looseObject({
  message_id: z.exactOptional(z.int()),
  chat_id: z.exactOptional(z.union([z.int(), z.string()])),
  allow_sending_without_reply: z.exactOptional(z.boolean()),
});

/** Finds where a message goes, with sender, topic, reply and keyboard; throws what forbids sending there. */
export function readTarget(
  emulation: Emulation,
  params: Params,
  { count = 1, what = 'text messages' }: { count?: number; what?: Sending } = {},
): Target {
  const { state, flood, lint } = emulation;
  const entry = findChat(state, params.text('chat_id'));
  flood.pass(entry.chat, count);
  checkMayWrite(state, entry);
  checkMaySend(state, entry, what);
  const isEphemeral = params.object('ephemeral_message_parameters') !== undefined;
  const replyTo = readReply(emulation, params, entry, isEphemeral);
  const threadId = checkThread(state, entry, params.integer('message_thread_id'));
  const markup = readReplyMarkup(params.object('reply_markup'), lint);
  return {
    entry,
    markup,
    receiver: isEphemeral ? readReceiver(emulation, params, entry) : undefined,
    parts: {
      from: botUser(state),
      ...placeParts(threadId ?? replyTo?.current.message_thread_id, replyTo),
      ...(params.boolean('protect_content') ? { has_protected_content: true } : {}),
      ...(markup.inline ? { reply_markup: markup.inline } : {}),
    },
  };
}

/** Puts a message where it goes: into the chat, or in front of one person. */
export function deliver(emulation: Emulation, target: Target, content: MessageParts): Message {
  const { entry, parts, markup, receiver } = target;
  const { messages } = emulation;
  if (receiver) return messages.show(entry, receiver, { ...parts, ...content });
  return messages.post(entry, { ...parts, ...content }, { otherMarkup: markup.other }).current;
}

function readReply(
  emulation: Emulation,
  params: Params,
  entry: ChatEntry,
  isEphemeral: boolean,
): StoredMessage | undefined {
  const raw = params.object('reply_parameters');
  const parsed = replySchema.safeParse(raw ?? {});
  if (!parsed.success) throw badRequest("can't parse reply parameters JSON object");
  const messageId = parsed.data.message_id ?? params.integer('reply_to_message_id');
  if (messageId === undefined) return undefined;
  const chatId = parsed.data.chat_id;
  if (chatId !== undefined && findChat(emulation.state, String(chatId)) !== entry)
    emulation.lint('reply_parameters.chat_id of another chat is documented but not emulated');
  const found = emulation.messages.find(entry.chat.id, messageId);
  // Always false for ephemeral messages (https://core.telegram.org/bots/api#replyparameters).
  const mayBeMissing =
    !isEphemeral &&
    (parsed.data.allow_sending_without_reply ?? params.boolean('allow_sending_without_reply'));
  if (!found && !mayBeMissing) throw badRequest('message to be replied not found');
  return found;
}

/** Finds one of the bot's own messages for editing. */
export function readOwnMessage(emulation: Emulation, params: Params): StoredMessage {
  const { state, messages, flood } = emulation;
  const entry = findChat(state, params.text('chat_id'));
  flood.pass(entry.chat);
  checkMayWrite(state, entry);
  const messageId = params.integer('message_id');
  if (messageId === undefined) throw badRequest('message identifier is not specified');
  const stored = messages.find(entry.chat.id, messageId);
  if (!stored) throw badRequest('message to edit not found');
  // Only messages without a reply_markup or with an inline keyboard can be edited.
  if (!stored.fromBot || stored.otherMarkup) throw badRequest("message can't be edited");
  return stored;
}
