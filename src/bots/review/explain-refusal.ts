import { LRUCache } from 'lru-cache';
import type { ChatRef, Person } from '../../core/people.ts';
import type { Problem } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, MessageRef } from '../platform.ts';
import { note, problemCard } from '../text/messages.ts';
import { problemText } from '../text/problems.ts';
import { wordingOf } from '../text/wording.ts';

const MAX_TOLD = 1_000;

/** Tells people why their reaction under a review's card counts for nothing. */
export function createRefusals({
  cardIndex,
  sender,
  botFor,
}: {
  cardIndex: CardIndex;
  sender: Sender;
  botFor: (chat: ChatRef) => Bot;
}) {
  /** Reviews in chats that were told already, where nobody can be told alone. */
  const told = new LRUCache<string, true>({ max: MAX_TOLD });

  /** Tells one person, alone where the platform can, else once for everybody. */
  async function tell(
    post: Post,
    { message, person }: { message: MessageRef; person: Person },
    problem: Problem,
  ): Promise<void> {
    const wording = wordingOf(message.chat);
    if (await botFor(message.chat).tellPrivately(message, person, problemCard(problem, wording))) return;
    await tellAll(post, message, problemText(problem, wording));
  }

  /** Tells the chat, once for each review. */
  async function tellAll({ id }: Post, message: MessageRef, text: string): Promise<void> {
    const place = `${id} ${message.chat}`;
    if (told.has(place)) return;
    told.set(place, true);
    // The reaction does not tell the topic in which the card stands, our own record does.
    const subject = await cardIndex.subjectOf(message);
    const card = (subject && (await cardIndex.messageOf(subject))) || message;
    await sender.say(card.chat, note(text), { replyTo: card, silent: true });
  }

  return { tell, tellAll };
}

export type Refusals = ReturnType<typeof createRefusals>;
