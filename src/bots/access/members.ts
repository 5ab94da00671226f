import { type ChatRef, isSomebody, type Person } from '../../core/people.ts';
import type { Member } from '../../core/review/review.ts';
import { type Bot, ChatClosedError, ChatRefusedError } from '../platform.ts';

const NOBODY: Member = { isMember: false, isManager: false, roles: [] };

type BotFor = (chat: ChatRef) => Pick<Bot, 'fetchMember'>;

/** What somebody is in a chat now; where Nod is shut out nobody can do anything, so nobody is there. */
export async function fetchMemberOf(botFor: BotFor, chat: ChatRef, person: Person): Promise<Member> {
  try {
    return await botFor(chat).fetchMember(chat, person);
  } catch (error) {
    if (error instanceof ChatClosedError || error instanceof ChatRefusedError) return NOBODY;
    throw error;
  }
}

/** Whether an author can do nothing with a draft or a post any more: has left its place, or is a chat that spoke as itself. */
export async function isAbsent(
  botFor: BotFor,
  { author, chat }: { author: Person; chat: ChatRef },
): Promise<boolean> {
  if (!isSomebody(author)) return true;
  return (await fetchMemberOf(botFor, chat, author)).isMember === false;
}

/** Whether somebody manages the place now. */
export const stillManages = async (
  botFor: BotFor,
  { chat, person }: { chat: ChatRef; person: Person },
): Promise<boolean> => (await fetchMemberOf(botFor, chat, person)).isManager;
