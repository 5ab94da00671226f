import type { Api } from 'grammy';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../../core/people.ts';
import { type Card, ChatBusyError, ChatUnreachableError, type MessageRef } from '../platform.ts';
import { isRefusal } from './errors.ts';
import { isPrivateChat, parseChatRef, parseMessageRef, parsePersonId } from './ids.ts';
import { keyboardOf, sendCard } from './send.ts';
import type { Supergroups } from './supergroups.ts';

interface WhisperOptions {
  readonly api: Api;
  readonly supergroups: Supergroups;
  readonly log: Logger;
  /** Whether we administer the group. */
  readonly administers: (chat: ChatRef) => Promise<boolean>;
}

/**
 * Tells one person alone: in the group, or else in their private chat with us.
 *
 * An administrator may show a member an ephemeral message at any time, and it may get lost when they are not looking
 * (https://core.telegram.org/bots/api#ephemeral-messages-and-commands). Into a private chat we may write only when the
 * person has started it.
 */
export function createPrivateNotices({ api, supergroups, log, administers }: WhisperOptions) {
  async function tellPrivately(message: MessageRef, person: Person, card: Card): Promise<boolean> {
    const personId = parsePersonId(person);
    // A chat that acts as itself has nobody whom we could tell alone.
    if (personId === undefined || personId < 0) return false;
    try {
      return (await inGroup(message, personId, card)) || (await inPrivate(personId, card));
    } catch (error) {
      if (!(error instanceof ChatBusyError || error instanceof ChatUnreachableError)) throw error;
      log.warn({ err: error, chat: message.chat }, 'A person was not told in private');
      return false;
    }
  }

  async function inGroup(message: MessageRef, personId: number, card: Card): Promise<boolean> {
    if (isPrivateChat(message.chat) || !(await administers(message.chat))) return false;
    const { chatId, threadId } = parseChatRef(message.chat);
    return wasTaken(() =>
      supergroups.follow(chatId, (currentId) => {
        const { homeId, messageId } = parseMessageRef(message);
        return sendCard(api, currentId, card, {
          extrasFor: ({ keyboard }) => ({
            ephemeral_message_parameters: { receiver_user_id: personId },
            ...(threadId !== undefined && { message_thread_id: threadId }),
            ...(homeId === currentId && { reply_parameters: { message_id: messageId } }),
            ...keyboardOf(keyboard),
          }),
        });
      }),
    );
  }

  const inPrivate = (personId: number, card: Card): Promise<boolean> =>
    wasTaken(() => sendCard(api, personId, card, { extrasFor: ({ keyboard }) => keyboardOf(keyboard) }));

  async function wasTaken(post: () => Promise<unknown>): Promise<boolean> {
    try {
      await post();
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      log.debug({ err: error }, 'Telegram does not let us tell this person alone here');
      return false;
    }
  }

  return tellPrivately;
}
