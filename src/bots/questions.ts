import type { CardRecords } from './cards/card-index.ts';
import type { Speech } from './cards/send.ts';
import type { Card, ChatEventOf, MessageRef, Question } from './platform.ts';

/**
 * Asks the presser for a text: in a window of its own where there are such, else by a message to be replied to. The
 * answer comes as a `text` event under the subject of the question.
 */
export async function askFor(
  { speech, records }: { speech: Speech; records: CardRecords },
  { chat, person, ask }: ChatEventOf<'press'>,
  {
    question,
    card,
    replyTo,
  }: {
    question: Question;
    /** What is said where no window opens. */
    card: Card;
    replyTo: MessageRef | undefined;
  },
): Promise<void> {
  if (ask !== undefined) return ask(question);
  const asked = await speech.say(chat, card, {
    asksFor: person,
    ...(replyTo !== undefined && { replyTo }),
  });
  if (asked !== undefined) await records.anchor(asked, question.subject);
}
