import type {
  ChatMember,
  ChatMemberUpdated,
  Message,
  MessageReactionUpdated,
  ReactionType,
} from 'grammy/types';
import type { VoteChoice } from '../../core/review/review.ts';
import type { ChatEvent } from '../platform.ts';
import { chatPerson, chatTitle, senderPerson, userPerson, workspaceRef } from './ids.ts';
import { isPresent } from './members.ts';

/** The reaction that stands for a mark; Telegram's fixed list has no ticks and crosses. */
export const EMOJI = { approve: '👍', reject: '👎' } as const satisfies Record<VoteChoice, string>;

/** Emoji that differ in look alone: presentation selectors and skin tones. */
const LOOKS = /[\u{FE0E}\u{FE0F}\u{1F3FB}-\u{1F3FF}]/gu;

/**
 * Somebody's marks under a message of a group, whoever wrote it, when any of their reactions there change.
 *
 * Telegram names no topic here, so `message.chat` is the whole group even where the message stands in a topic. Only an
 * administrator is told (https://core.telegram.org/bots/api#update), which a bot cannot be in a private chat.
 */
export function fromReaction(updateId: number, change: MessageReactionUpdated): ChatEvent[] {
  const { chat, user, actor_chat: actor } = change;
  const person = actor === undefined ? user && userPerson(user) : chatPerson(actor);
  if (!isGroup(chat) || person === undefined || user?.is_bot === true) return [];
  const before = marksOf(change.old_reaction);
  const marks = marksOf(change.new_reaction);
  // What stood before may be from before we were told: there is no way to read reactions back, so each word of them counts.
  if (![before, marks].some(({ approve, reject }) => approve || reject)) return [];
  const message = { chat: `telegram:${chat.id}`, id: String(change.message_id) };
  const anonymity = actor === undefined ? {} : { isAnonymous: true as const };
  return [{ ...frameOf(updateId, chat), person, type: 'reaction', message, marks, ...anonymity }];
}

/** A change of our own status in a group, or in a private chat, whose person may have blocked us. */
export function fromRights(updateId: number, change: ChatMemberUpdated): ChatEvent[] {
  const { chat, from, old_chat_member: before, new_chat_member: after } = change;
  if (chat.type === 'channel' || isSame(before, after)) return [];
  // An administrator who acts in the name of the group shows as a bot of Telegram's.
  const person = from.is_bot ? chatPerson(chat) : userPerson(from);
  return [
    {
      ...frameOf(updateId, chat),
      isPrivate: chat.type === 'private',
      person,
      type: 'rights',
      isPresent: isPresent(after),
      isAdded: chat.type === 'group' && !isPresent(before) && isPresent(after) ? true : undefined,
    },
  ];
}

/**
 * The service message that somebody has added us. In a supergroup it tells more than the change of our status: that comes
 * also when a group becomes a supergroup, before anything says so.
 */
export function fromJoining(updateId: number, message: Message): ChatEvent[] {
  const { chat } = message;
  const person = senderPerson(message) ?? chatPerson(chat);
  return [{ ...frameOf(updateId, chat), person, type: 'rights', isPresent: true, isAdded: true }];
}

/** The beginning of a supergroup that was a group: what we have said there is out of reach. */
export function fromMove(updateId: number, { chat }: Message): ChatEvent[] {
  return [{ ...frameOf(updateId, chat), person: chatPerson(chat), type: 'rights', isPresent: true }];
}

/** Where we are restricted, what we may send may have changed as well. */
const isSame = (before: ChatMember, after: ChatMember): boolean =>
  before.status === after.status && after.status !== 'restricted';

/** A topic in which people may write again. */
export function fromReopening(updateId: number, message: Message): ChatEvent[] {
  const { chat } = message;
  const person = message.from === undefined ? chatPerson(chat) : userPerson(message.from);
  return [{ ...frameOf(updateId, chat), person, type: 'rights', isPresent: true }];
}

type AnyChat = ChatMemberUpdated['chat'];

const isGroup = ({ type }: AnyChat): boolean => type === 'group' || type === 'supergroup';

function frameOf(updateId: number, chat: AnyChat) {
  return {
    id: String(updateId),
    chat: `telegram:${chat.id}`,
    workspace: workspaceRef(chat),
    chatTitle: chatTitle(chat),
    isPrivate: false,
  };
}

function marksOf(reactions: readonly ReactionType[]): { [M in VoteChoice]: boolean } {
  const emoji = reactions.map((reaction) =>
    reaction.type === 'emoji' ? reaction.emoji.replaceAll(LOOKS, '') : '',
  );
  return { approve: emoji.includes(EMOJI.approve), reject: emoji.includes(EMOJI.reject) };
}
