import type { Chat, Message, User } from 'grammy/types';
import type { ChatRef, Person } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { MessageRef } from '../platform.ts';

const CHAT = /^telegram:(-?\d+)(?::(\d*))?$/;
const PERSON = /^telegram:(-?\d+)$/;
const MESSAGE = /^(?:(-\d+)\/)?(\d+)$/;

/** Where a message of Telegram's belongs: its chat, and the topic when it is in one. */
export interface TelegramChat {
  readonly chatId: number;
  readonly threadId?: number | undefined;
}

/** The conversation that a message belongs to. */
export function chatRef(message: Pick<Message, 'chat' | 'message_thread_id' | 'is_topic_message'>): ChatRef {
  // In plain groups message_thread_id names a chain of replies; only with is_topic_message is it a topic.
  const threadId = message.is_topic_message === true ? message.message_thread_id : undefined;
  return nameChat({ chatId: message.chat.id, threadId });
}

/** The conversation by Telegram's own ids. */
export const nameChat = ({ chatId, threadId }: TelegramChat): ChatRef =>
  threadId === undefined ? `telegram:${chatId}` : `telegram:${chatId}:${threadId}`;

/** Telegram's own ids of a conversation; throws when it belongs to another platform. */
export function parseChatRef(chat: ChatRef): TelegramChat {
  const [, chatId, threadId] = CHAT.exec(chat) ?? [];
  if (chatId === undefined) throw new Error(`"${chat}" is no chat of Telegram's.`);
  return threadId === undefined || threadId === ''
    ? { chatId: Number(chatId) }
    : { chatId: Number(chatId), threadId: Number(threadId) };
}

/** The place that shares accounts: the whole chat, whatever the topic. */
export const workspaceRef = (chat: Chat): string => `telegram:${chat.id}`;

/** Private chats have the id of the person, groups have negative ids. */
export const isPrivateChat = (chat: ChatRef): boolean => parseChatRef(chat).chatId > 0;

/** The message as the conversation keeps it, with a picture key of ours where it shows a photo. */
export function messageRef(
  message: Pick<Message, 'chat' | 'message_id' | 'message_thread_id' | 'is_topic_message' | 'photo'>,
): MessageRef {
  const id = String(message.message_id);
  const photo = message.photo?.at(-1);
  const chat = chatRef(message);
  // The card's own key is not known here; a key that equals no other makes the next edit put its picture anew.
  return photo === undefined ? { chat, id } : { chat, id, picture: `telegram:${photo.file_unique_id}` };
}

/** A message's id for the conversation, which knows the chat by `chat` whatever id the chat has by now. */
export const nameMessage = (chat: ChatRef, chatId: number, messageId: number | string): string =>
  parseChatRef(chat).chatId === chatId ? String(messageId) : `${chatId}/${messageId}`;

/** Telegram's own ids of a message: the chat that it was sent into, and its number there. */
export function parseMessageRef({ chat, id }: MessageRef): { homeId: number; messageId: number } {
  const [, home, number] = MESSAGE.exec(id) ?? [];
  if (number === undefined) throw new Error(`"${id}" is no message id of Telegram's.`);
  return { homeId: home === undefined ? parseChatRef(chat).chatId : Number(home), messageId: Number(number) };
}

/** Somebody who acts under their own name. */
export function userPerson(user: User): Person {
  return { id: `telegram:${user.id}`, name: nameOf(user) };
}

/** A chat that acts as itself, such as a group in whose name an administrator speaks. */
export const chatPerson = (chat: Chat): Person => ({ id: `telegram:${chat.id}`, name: chatTitle(chat) });

/** The person behind a message; an anonymous administrator or a channel shows as its chat. */
export function senderPerson(message: Message): Person | undefined {
  if (message.sender_chat !== undefined) return chatPerson(message.sender_chat);
  if (message.from === undefined || message.from.is_bot) return undefined;
  return userPerson(message.from);
}

/** The number of a person, negative for a chat that speaks; undefined for a person of another platform. */
export function parsePersonId(person: Person): number | undefined {
  const id = PERSON.exec(person.id)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** What people call the chat. */
export const chatTitle = (chat: Chat): string => plainName(chat.title ?? '') || nameOf(chat);

function nameOf(named: Pick<Chat, 'id' | 'first_name' | 'last_name' | 'username'>): string {
  const { id, first_name = '', last_name = '', username = '' } = named;
  return plainName(`${first_name} ${last_name}`) || plainName(username) || String(id);
}
