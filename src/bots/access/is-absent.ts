import type { ChatRef, Person } from '../../core/people.ts';
import { type Bot, ChatClosedError } from '../platform.ts';

/** A chat that speaks as itself has an id of another form. */
const SOMEBODY = /^[a-z]+:\d+$/;

/**
 * Whether an author can do nothing with a draft or a post any more: has left its place, or is a chat that spoke as itself.
 *
 * Where Nod is shut out nobody can do anything, so nobody is there.
 */
export async function isAbsent(
  botFor: (chat: ChatRef) => Bot,
  { author, chat }: { author: Person; chat: ChatRef },
): Promise<boolean> {
  if (!SOMEBODY.test(author.id)) return true;
  try {
    return (await botFor(chat).fetchMember(chat, author)).isMember === false;
  } catch (error) {
    if (error instanceof ChatClosedError) return true;
    throw error;
  }
}
