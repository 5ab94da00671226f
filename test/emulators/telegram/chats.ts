// Faithful: who is found, who may be written to, migration errors, topics that are closed or deleted, what a group lets
// its members send (https://core.telegram.org/bots/api#chatpermissions), the bot's rights. Simplified: an administrator
// has every right. Missing: invite links, slow mode.
import type { ChatMember, ChatMemberAdministrator, ChatPermissions, User } from 'grammy/types';
import { badRequest, forbidden } from './failure.ts';
import { botUser, type ChatEntry, type State } from './state.ts';

/** Finds a chat as methods do: by number or @username, with the errors of the server. */
export function findChat(state: State, chatId: string | undefined): ChatEntry {
  if (chatId === undefined || chatId === '') throw badRequest('chat_id is empty');
  const entry = chatId.startsWith('@')
    ? [...state.chats.values()].find(
        ({ chat }) =>
          chat.type !== 'private' && chat.username?.toLowerCase() === chatId.slice(1).toLowerCase(),
      )
    : state.chats.get(Number(chatId));
  if (!entry) {
    if (state.users.has(Number(chatId))) throw forbidden("bot can't initiate conversation with a user");
    throw badRequest('chat not found');
  }
  if (entry.migratedToChatId !== undefined)
    throw badRequest('group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: entry.migratedToChatId,
    });
  return entry;
}

/** Refuses chats in which the bot cannot write. */
export function checkMayWrite(state: State, entry: ChatEntry) {
  if (entry.chat.type === 'private') {
    if (entry.blocked) throw forbidden('bot was blocked by the user');
    if (!entry.started) throw forbidden("bot can't initiate conversation with a user");
    return;
  }
  checkMayRead(state, entry);
}

/** What a message is, as a group's permissions tell it apart. */
export type Sending = 'text messages' | 'photos' | 'videos' | 'documents';

const SENDING_RIGHTS = {
  'text messages': 'can_send_messages',
  photos: 'can_send_photos',
  videos: 'can_send_videos',
  documents: 'can_send_documents',
} as const satisfies Record<Sending, keyof ChatPermissions>;

/** Refuses what the group lets no member send, or not the bot. */
export function checkMaySend(state: State, entry: ChatEntry, what: Sending) {
  if (entry.chat.type === 'private' || isBotAdmin(state, entry)) return;
  const own = entry.members.get(state.bot.id);
  const limits = [entry.permissions, own?.status === 'restricted' ? own : undefined];
  const isDenied = (right: keyof ChatPermissions) => limits.some((limit) => limit?.[right] === false);
  if (isDenied('can_send_messages') && entry.chat.type === 'supergroup')
    throw badRequest('CHAT_WRITE_FORBIDDEN');
  if (isDenied('can_send_messages') || isDenied(SENDING_RIGHTS[what]))
    throw badRequest(`not enough rights to send ${what} to the chat`);
}

/** Refuses groups that the bot is not in. */
export function checkMayRead(state: State, entry: ChatEntry) {
  if (entry.chat.type === 'private') return;
  const status = entry.members.get(state.bot.id)?.status;
  if (status === 'kicked') throw forbidden(`bot was kicked from the ${entry.chat.type} chat`);
  if (!status || status === 'left') throw forbidden(`bot is not a member of the ${entry.chat.type} chat`);
}

/** Refuses topics that the chat does not have; returns the id under which messages appear. */
export function checkThread(
  state: State,
  entry: ChatEntry,
  threadId: number | undefined,
): number | undefined {
  // Thread 1 is the General topic, whose messages carry no thread id.
  if (threadId === undefined || threadId === 0) return undefined;
  if (threadId === 1 && entry.topics.size > 0) return undefined;
  if (!entry.topics.has(threadId)) throw badRequest('message thread not found');
  if (entry.closedTopics.has(threadId) && !isBotAdmin(state, entry)) throw badRequest('TOPIC_CLOSED');
  return threadId;
}

export const isBotAdmin = (state: State, entry: ChatEntry) => isAdmin(entry, state.bot.id);

export const isAdmin = ({ members }: ChatEntry, userId: number) => {
  const status = members.get(userId)?.status;
  return status === 'administrator' || status === 'creator';
};

export const memberOf = (user: User): ChatMember => ({ status: 'member', user });

export const leftMember = (user: User): ChatMember => ({ status: 'left', user });

export const adminOf = (user: User, isAnonymous = false): ChatMemberAdministrator => ({
  status: 'administrator',
  user,
  can_be_edited: false,
  is_anonymous: isAnonymous,
  can_manage_chat: true,
  can_delete_messages: true,
  can_manage_video_chats: true,
  can_restrict_members: true,
  can_promote_members: false,
  can_change_info: true,
  can_invite_users: true,
  can_post_stories: false,
  can_edit_stories: false,
  can_delete_stories: false,
  can_pin_messages: true,
  can_send_welcome_messages: false,
});

/** The bot as a member with the given standing. */
export const botMember = (state: State, isAdministrator: boolean): ChatMember =>
  isAdministrator ? adminOf(botUser(state)) : memberOf(botUser(state));
