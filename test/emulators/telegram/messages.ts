// Faithful: message ids (one sequence for private chats and basic groups, one per supergroup), replies without
// nested replies, edit_date, history of versions. Simplified: forwards and quotes do not exist.
import type { Message, User } from 'grammy/types';
import type { Watch } from '../watch.ts';
import type { VirtualClock } from './clock.ts';
import type { ChatEntry, OtherMarkup, State, StoredMessage } from './state.ts';

export type ChatRef = number | { id: number };
export type MessageRef = { message_id: number; chat: { id: number } };
/** What a message is made of, apart from where, when and by whom. */
export type MessageParts = Omit<Message, 'message_id' | 'chat' | 'date'>;

const CONTENT_KEYS: ReadonlySet<string> = new Set([
  'text',
  'entities',
  'link_preview_options',
  'photo',
  'video',
  'animation',
  'document',
  'caption',
  'caption_entities',
  'show_caption_above_media',
  'has_media_spoiler',
]);

/** Creates the book of all messages. */
export function createMessages({ state, clock, watch }: { state: State; clock: VirtualClock; watch: Watch }) {
  const lastIds = new Map<number, number>();
  let lastEphemeralId = 0;

  const nextId = ({ chat }: ChatEntry) => {
    const sequence = chat.type === 'supergroup' ? chat.id : 0;
    const id = (lastIds.get(sequence) ?? 0) + 1;
    lastIds.set(sequence, id);
    return id;
  };

  return {
    /** Adds a message to a chat. */
    post(
      entry: ChatEntry,
      parts: MessageParts,
      { otherMarkup }: { otherMarkup?: OtherMarkup | undefined } = {},
    ): StoredMessage {
      const message: Message = {
        message_id: nextId(entry),
        chat: entry.chat,
        date: clock.unixSeconds(),
        ...parts,
      };
      const stored: StoredMessage = {
        chatId: entry.chat.id,
        messageId: message.message_id,
        fromBot: parts.from?.id === state.bot.id,
        current: message,
        versions: [{ atMs: clock.now(), message }],
        reactions: new Map(),
        ...(otherMarkup ? { otherMarkup } : {}),
      };
      state.messages.push(stored);
      watch.changed();
      return stored;
    },

    /** Shows a message to one person alone: it takes no number of the chat's. */
    show({ chat }: ChatEntry, receiver: User, parts: MessageParts): Message {
      lastEphemeralId++;
      const message: Message = {
        message_id: 0,
        ephemeral_message_id: lastEphemeralId,
        receiver_user: receiver,
        chat,
        date: clock.unixSeconds(),
        ...parts,
      };
      state.ephemeral.push({ chatId: chat.id, receiverId: receiver.id, message });
      watch.changed();
      return message;
    },

    /** Puts `next` in the place of the current version. */
    edit(stored: StoredMessage, next: Message): Message {
      const message = { ...next, edit_date: clock.unixSeconds() };
      stored.current = message;
      stored.versions.push({ atMs: clock.now(), message });
      watch.changed();
      return message;
    },

    remove(stored: StoredMessage) {
      stored.deletedAtMs = clock.now();
      watch.changed();
    },

    /** Finds a message that was not deleted. */
    find(chatId: number, messageId: number): StoredMessage | undefined {
      return state.messages.find(
        (stored) =>
          stored.chatId === chatId && stored.messageId === messageId && stored.deletedAtMs === undefined,
      );
    },

    /** The current messages of a chat, oldest first. */
    inChat: (chatId: number) =>
      state.messages.filter((stored) => stored.chatId === chatId && stored.deletedAtMs === undefined),
  };
}

export type Messages = ReturnType<typeof createMessages>;

/** The number of a chat given by number or by object. */
export const chatIdOf = (chat: ChatRef): number => (typeof chat === 'number' ? chat : chat.id);

/** The message as it appears in reply_to_message: a copy in wire form, without the reply that it may be itself. */
export function asReply({
  current,
}: Pick<StoredMessage, 'current'>): NonNullable<Message['reply_to_message']> {
  const { reply_to_message: _, ...message } = current;
  return JSON.parse(JSON.stringify(message));
}

/** The fields that mark a message of a topic, or a reply. */
export function placeParts(threadId: number | undefined, replyTo: StoredMessage | undefined): MessageParts {
  return {
    ...(threadId === undefined ? {} : { message_thread_id: threadId, is_topic_message: true }),
    ...(replyTo ? { reply_to_message: asReply(replyTo) } : {}),
  };
}

/** The message without text, media, caption and keyboard, ready for new ones. */
export function withoutContent(message: Message): Message {
  const kept = Object.entries(message).filter(([key]) => !CONTENT_KEYS.has(key) && key !== 'reply_markup');
  const base: Message = { message_id: message.message_id, chat: message.chat, date: message.date };
  return Object.assign(base, Object.fromEntries(kept));
}

/** Text, media, caption and keyboard: what "not modified" compares. */
export const contentOf = (message: Message) =>
  Object.fromEntries(
    Object.entries(message).filter(([key]) => CONTENT_KEYS.has(key) || key === 'reply_markup'),
  );
