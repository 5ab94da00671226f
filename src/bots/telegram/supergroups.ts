import type { Message } from 'grammy/types';
import type { Logger } from 'pino';
import type { Person } from '../../core/people.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import type { ChatEvent, ChatEventOf, MessageRef } from '../platform.ts';
import { ChatMovedError } from './errors.ts';
import { nameChat, nameMessage, parseChatRef, parsePersonId } from './ids.ts';

/** Where a group went when it became a supergroup; the key is the id that it had before. */
export interface MoveRecord extends Versioned {
  readonly to: number;
}

/**
 * Follows groups that become supergroups, which gives them a new id
 * (https://core.telegram.org/bots/api#responseparameters).
 *
 * The conversation calls a group by the first id that it had, for ever. The old messages are lost, and message ids
 * begin anew, so a message of the supergroup is named with the id of its chat: `-1001234567/17`.
 */
export function createSupergroups({ store, log }: { store: Store<MoveRecord>; log: Logger }) {
  const movedTo = new Map<number, number>();
  let loading: Promise<void> | undefined;

  /** Reads what is known; everything below counts on it. */
  function load(): Promise<void> {
    loading ??= readAll().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  async function readAll(): Promise<void> {
    for await (const [from, { to }] of store.entries()) movedTo.set(Number(from), to);
  }

  /** Remembers a move; on the disk when it resolves. */
  async function note(from: number, to: number): Promise<void> {
    await load();
    if (movedTo.get(from) === to || currentIdOf(to) === from) return;
    const written = await store.create(String(from), { to });
    if (written === undefined) await store.update(String(from), (record) => ({ ...record, to }));
    movedTo.set(from, to);
    log.info({ from, to }, 'A group has become a supergroup');
  }

  /** Learns from a service message of a move, of which there is one in each of the two chats, if the group is to be known. */
  async function learn(message: Message, isKept: (oldId: number) => Promise<boolean>): Promise<void> {
    const { chat, migrate_to_chat_id: to = chat.id, migrate_from_chat_id: from = chat.id } = message;
    if (from !== to && (await isKept(from))) await note(from, to);
  }

  /** The id that calls need now. */
  function currentIdOf(chatId: number): number {
    const next = movedTo.get(chatId);
    return next === undefined ? chatId : currentIdOf(next);
  }

  /** The id by which the conversation knows the chat. */
  function firstIdOf(chatId: number): number {
    for (const [from, to] of movedTo) if (to === chatId) return firstIdOf(from);
    return chatId;
  }

  /** Makes a call in the chat where it is now, and again when the refusal tells that it has moved. */
  async function follow<T>(chatId: number, call: (currentId: number) => Promise<T>): Promise<T> {
    await load();
    const currentId = currentIdOf(chatId);
    try {
      return await call(currentId);
    } catch (error) {
      if (!(error instanceof ChatMovedError)) throw error;
      await note(currentId, error.movedTo);
      return call(currentIdOf(chatId));
    }
  }

  /** The event in the names that the conversation knows. */
  function rename(event: ChatEvent): ChatEvent {
    const { chatId, ...place } = parseChatRef(event.chat);
    const firstId = firstIdOf(chatId);
    if (firstId === chatId) return event;
    const chat = nameChat({ ...place, chatId: firstId });
    const renamePerson = (person: Person): Person =>
      parsePersonId(person) === chatId ? { ...person, id: `telegram:${firstId}` } : person;
    const renameMessage = (message: MessageRef): MessageRef => ({
      ...message,
      chat: nameChat({ ...parseChatRef(message.chat), chatId: firstId }),
      id: nameMessage(chat, chatId, message.id),
    });
    const frame = { chat, workspace: `telegram:${firstId}`, person: renamePerson(event.person) };
    const renameOffer = (offer: ChatEventOf<'media'>): ChatEventOf<'media'> => ({
      ...offer,
      ...frame,
      replyTo: offer.replyTo && renameMessage(offer.replyTo),
      captionFrom: offer.captionFrom && nameMessage(chat, chatId, offer.captionFrom),
      messageId: nameMessage(chat, chatId, offer.messageId),
    });
    switch (event.type) {
      case 'media':
        return renameOffer(event);
      case 'edit': {
        const messageId = nameMessage(chat, chatId, event.messageId);
        return { ...event, ...frame, messageId, offer: event.offer && renameOffer(event.offer) };
      }
      case 'text': {
        const messageId = event.messageId && nameMessage(chat, chatId, event.messageId);
        return { ...event, ...frame, messageId, replyTo: event.replyTo && renameMessage(event.replyTo) };
      }
      case 'command': {
        const message = event.message && renameMessage(event.message);
        return { ...event, ...frame, message, target: event.target && renamePerson(event.target) };
      }
      case 'press':
      case 'reaction':
      case 'overheard':
        return { ...event, ...frame, message: renameMessage(event.message) };
      default:
        return { ...event, ...frame };
    }
  }

  return { load, note, learn, currentIdOf, firstIdOf, follow, rename };
}

export type Supergroups = ReturnType<typeof createSupergroups>;
