import type { Api } from 'grammy';
import type { ChatMember, ChatMemberUpdated, ChatPermissions } from 'grammy/types';
import type { ChatRef, Obstacle, Person } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { Electorate, Member } from '../../core/review/review.ts';
import { ChatClosedError, type Examination, type SetupFault } from '../platform.ts';
import { ask, says } from './errors.ts';
import { isPrivateChat, parseChatRef, parsePersonId, userPerson } from './ids.ts';
import type { Supergroups } from './supergroups.ts';

const UNKNOWN_MEMBER = [
  'user not found',
  'member not found',
  'invalid user_id specified',
  'participant_id_invalid',
];

/** Told to who is no administrator, in groups that hide their members. */
const HIDDEN_MEMBERS = ['member list is inaccessible', 'chat_admin_required'];

const MANAGER: Member = { isMember: true, isManager: true, roles: [] };
const NOBODY: Member = { isMember: false, isManager: false, roles: [] };

interface MembersOptions {
  readonly api: Api;
  readonly supergroups: Supergroups;
  readonly fetchOwnId: () => Promise<number>;
}

/** Tells what people and we ourselves are in a chat. */
export function createMembers({ api, supergroups, fetchOwnId }: MembersOptions) {
  /** By Telegram's id of the chat; an update renews it before anybody hears of the change. */
  const administers = new Map<number, boolean>();

  /** Telegram has no roles: there are administrators and everybody else. */
  async function fetchMember(chat: ChatRef, person: Person): Promise<Member> {
    const { chatId } = parseChatRef(chat);
    const personId = parsePersonId(person);
    if (personId === undefined) return NOBODY;
    if (isPrivateChat(chat)) return personId === chatId ? MANAGER : NOBODY;
    if (personId < 0) return readChatMember(chatId, personId);
    try {
      const member = await supergroups.follow(chatId, (id) =>
        ask('getChatMember', () => api.getChatMember(id, personId)),
      );
      return { isMember: isPresent(member), isManager: isAdministrator(member), roles: [] };
    } catch (error) {
      if (UNKNOWN_MEMBER.some((text) => says(error, text))) return NOBODY;
      if (HIDDEN_MEMBERS.some((text) => says(error, text))) return { isManager: false, roles: [] };
      throw error;
    }
  }

  /** All of them, who act anonymously among them (https://core.telegram.org/bots/api#getchatadministrators). */
  async function fetchManagers(chat: ChatRef): Promise<Electorate> {
    // Its person alone, of whom nothing is told that the chat does not tell.
    if (isPrivateChat(chat)) return { people: [{ id: chat, name: '' }], isComplete: true };
    const administrators = await supergroups.follow(parseChatRef(chat).chatId, (id) =>
      ask('getChatAdministrators', () => api.getChatAdministrators(id)),
    );
    const people = administrators.filter(({ user }) => !user.is_bot).map(({ user }) => userPerson(user));
    return { people, isComplete: true };
  }

  /** Only an administrator can act anonymously, as the group; anybody may speak here as a channel of theirs. */
  async function readChatMember(chatId: number, personId: number): Promise<Member> {
    await supergroups.load();
    return supergroups.firstIdOf(personId) === supergroups.firstIdOf(chatId) ? MANAGER : NOBODY;
  }

  /** Whether we administer the group, without which no reaction reaches us. */
  async function receivesReactions(chat: ChatRef): Promise<boolean> {
    if (isPrivateChat(chat)) return false;
    try {
      return await supergroups.follow(
        parseChatRef(chat).chatId,
        async (id) => administers.get(id) ?? fetchIsAdministrator(id),
      );
    } catch (error) {
      if (error instanceof ChatClosedError) return false;
      throw error;
    }
  }

  async function fetchIsAdministrator(chatId: number): Promise<boolean> {
    const ownId = await fetchOwnId();
    const fetched = isAdministrator(await ask('getChatMember', () => api.getChatMember(chatId, ownId)));
    // An update that came meanwhile knows better.
    const known = administers.get(chatId) ?? fetched;
    administers.set(chatId, known);
    return known;
  }

  /** Administrators may send; for everybody else the group's permissions hold, and their own if they are restricted. */
  async function fetchObstacle(chat: ChatRef): Promise<Obstacle | undefined> {
    const fault = await fetchFault(chat);
    return fault?.type === 'no_reactions' ? undefined : fault;
  }

  async function fetchFault(chat: ChatRef): Promise<Obstacle | { type: 'no_reactions' } | undefined> {
    if (isPrivateChat(chat)) return undefined;
    try {
      return await supergroups.follow(parseChatRef(chat).chatId, async (id) => {
        const ownId = await fetchOwnId();
        const own = await ask('getChatMember', () => api.getChatMember(id, ownId));
        if (isAdministrator(own)) return undefined;
        if (!isPresent(own)) return { type: 'removed' };
        const { permissions } = await ask('getChat', () => api.getChat(id));
        const limits = [permissions, own.status === 'restricted' ? own : undefined];
        return obstacleOf(limits) ?? { type: 'no_reactions' };
      });
    } catch (error) {
      if (error instanceof ChatClosedError) return error.obstacle;
      throw error;
    }
  }

  /** Whether somebody else gets our updates; in a chat, what keeps cards or reactions from it. */
  async function examine({ chat }: { chat?: ChatRef }): Promise<Examination> {
    if (chat !== undefined) return { fault: await fetchFault(chat) };
    const { username } = await ask('getMe', () => api.getMe());
    // Who polls takes the webhook away first: this one was set since.
    const { url } = await ask('getWebhookInfo', () => api.getWebhookInfo());
    const fault: SetupFault | undefined = url ? { type: 'other_program' } : undefined;
    return { name: `@${plainName(username)}`, fault };
  }

  /** Takes in what Telegram tells of our own status. */
  function note({ chat, new_chat_member: member }: ChatMemberUpdated): void {
    administers.set(chat.id, isAdministrator(member));
  }

  return { fetchMember, fetchManagers, fetchObstacle, examine, receivesReactions, note };
}

/** Whether somebody is in a chat: https://core.telegram.org/bots/api#chatmember */
export const isPresent = (member: ChatMember): boolean =>
  member.status === 'restricted' ? member.is_member : member.status !== 'left' && member.status !== 'kicked';

type Limits = Pick<ChatPermissions, 'can_send_messages' | 'can_send_photos'>;

function obstacleOf(limits: readonly (Limits | undefined)[]): Obstacle | undefined {
  const isDenied = (right: keyof Limits) => limits.some((limit) => limit?.[right] === false);
  if (isDenied('can_send_messages')) return { type: 'rights', missing: ['send'] };
  return isDenied('can_send_photos') ? { type: 'rights', missing: ['pictures'] } : undefined;
}

const isAdministrator = ({ status }: ChatMember): boolean =>
  status === 'creator' || status === 'administrator';
