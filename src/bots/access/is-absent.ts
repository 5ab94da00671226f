import type { ChatRef, Person } from '../../core/post.ts';
import type { Bot } from '../bot.ts';

/** A chat that speaks as itself has an id of another form. */
const SOMEBODY = /^[a-z]+:\d+$/;

/** Whether an author can do nothing with a draft or a post any more: has left its place, or is a chat that spoke as itself. */
export async function isAbsent(
  botFor: (chat: ChatRef) => Bot,
  { author, chat }: { author: Person; chat: ChatRef },
): Promise<boolean> {
  if (!SOMEBODY.test(author.id)) return true;
  return (await botFor(chat).readStanding(chat, author)).isMember === false;
}
