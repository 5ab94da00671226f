import type { Api } from 'grammy';
import type { ChatMember, ChatMemberUpdated } from 'grammy/types';
import type { ChatRef, Person } from '../../core/post.ts';
import type { Standing } from '../../core/review.ts';
import { ChatClosedError } from '../bot.ts';
import { ask, says } from './errors.ts';
import type { Moves } from './moves.ts';
import { isPrivateChat, parseChatRef, parsePersonId } from './refs.ts';

const UNKNOWN_MEMBER = [
  'user not found',
  'member not found',
  'invalid user_id specified',
  'participant_id_invalid',
];

interface StandingOptions {
  readonly api: Api;
  readonly moves: Moves;
  readonly fetchOwnId: () => Promise<number>;
}

/** Tells what people and we ourselves are in a chat. */
export function createStanding({ api, moves, fetchOwnId }: StandingOptions) {
  /** By Telegram's id of the chat; an update renews it before anybody hears of the change. */
  const administers = new Map<number, boolean>();

  /** Telegram has no roles: there are administrators and everybody else. */
  async function readStanding(chat: ChatRef, person: Person): Promise<Standing> {
    return { isManager: isPrivateChat(chat) || (await isManager(chat, person)), roles: [] };
  }

  async function isManager(chat: ChatRef, person: Person): Promise<boolean> {
    const { chatId } = parseChatRef(chat);
    const personId = parsePersonId(person);
    if (personId === undefined) return false;
    // Only an administrator can act anonymously, as the group.
    if (personId < 0) {
      await moves.load();
      return moves.firstIdOf(personId) === moves.firstIdOf(chatId);
    }
    try {
      return isAdministrator(
        await moves.follow(chatId, (id) => ask('getChatMember', () => api.getChatMember(id, personId))),
      );
    } catch (error) {
      if (UNKNOWN_MEMBER.some((text) => says(error, text))) return false;
      throw error;
    }
  }

  /** Whether we administer the group, without which no reaction reaches us. */
  async function hearsMarks(chat: ChatRef): Promise<boolean> {
    if (isPrivateChat(chat)) return false;
    try {
      return await moves.follow(
        parseChatRef(chat).chatId,
        async (id) => administers.get(id) ?? fetchOwnStanding(id),
      );
    } catch (error) {
      if (error instanceof ChatClosedError) return false;
      throw error;
    }
  }

  async function fetchOwnStanding(chatId: number): Promise<boolean> {
    const ownId = await fetchOwnId();
    const fetched = isAdministrator(await ask('getChatMember', () => api.getChatMember(chatId, ownId)));
    // An update that came meanwhile knows better.
    const known = administers.get(chatId) ?? fetched;
    administers.set(chatId, known);
    return known;
  }

  /** Takes in what Telegram tells of our own status. */
  function note({ chat, new_chat_member: member }: ChatMemberUpdated): void {
    administers.set(chat.id, isAdministrator(member));
  }

  return { readStanding, hearsMarks, note };
}

export type TelegramStanding = ReturnType<typeof createStanding>;

const isAdministrator = ({ status }: ChatMember): boolean =>
  status === 'creator' || status === 'administrator';
