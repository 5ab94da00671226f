import type { CardIndex } from './cards/card-index.ts';
import type { Sender } from './cards/send.ts';
import type { Card, ChatEventOf, MessageRef, Question } from './platform.ts';

/**
 * Asks the presser for a text: in a window of its own where there are such, else by a message to be replied to. The
 * answer comes as a `text` event under the subject of the question.
 */
export async function askFor(
  { sender, cardIndex }: { sender: Sender; cardIndex: CardIndex },
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
  const asked = await sender.say(chat, card, { asksFor: person, replyTo });
  if (asked !== undefined) await cardIndex.anchor(asked, question.subject);
}

/** What a question of ours is about; a plain draft id, as its card has it, asks for the caption. */
export interface QuestionId {
  /** Why somebody rejects a post, when a post or a draft goes out, a time zone, the code of another chat. */
  readonly kind: 'why' | 'when_post' | 'when_draft' | 'zone' | 'code';
  /** Of the post or draft; of the workspace for the rest. */
  readonly id: string;
}

const KINDS = ['why', 'when_post', 'when_draft', 'zone', 'code'] as const;

/** The subject under which an answer comes back. */
export const encodeQuestionId = ({ kind, id }: QuestionId): string => `${kind}:${id}`;

/** The subjects of all questions that may have been asked about a post and the draft that it was. */
export function questionsAbout({ id, draftId }: { id: string; draftId: string }): string[] {
  return [
    encodeQuestionId({ kind: 'why', id }),
    encodeQuestionId({ kind: 'when_post', id }),
    encodeQuestionId({ kind: 'when_draft', id: draftId }),
  ];
}

/** Undefined for a subject that is no such question. */
export function decodeQuestionId(subject: string): QuestionId | undefined {
  const [, word, id] = /^([a-z_]+):(.+)$/.exec(subject) ?? [];
  const kind = KINDS.find((known) => known === word);
  return kind === undefined || id === undefined ? undefined : { kind, id };
}
