import type { Logger } from 'pino';
import type { ChatRef } from '../core/people.ts';
import type { Store, Versioned } from '../core/storage/database.ts';
import { type CardIndex, keyOf } from './cards/card-index.ts';
import type { Sender } from './cards/send.ts';
import type { Bot, Card, ChatEvent, ChatEventOf, MessageRef, Question } from './platform.ts';

/** A message of ours that asks one person for a text. */
export interface AskedQuestion extends Versioned {
  readonly message: MessageRef;
  readonly subject: string;
  readonly chat: ChatRef;
  readonly personId: string;
  readonly askedAt: number;
}

/** What is typed later answers a question only as a reply to it. */
const OPEN_MS = 3_600_000;
/** A question that nobody answers is forgotten. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Asks people for texts, and remembers what is asked until it is answered. */
export function createQuestions({
  asked,
  sender,
  cardIndex,
  botFor,
  now,
  log,
}: {
  asked: Store<AskedQuestion>;
  sender: Sender;
  cardIndex: CardIndex;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  /**
   * Asks the presser for a text: in a window of its own where there are such, else by a message. The answer comes as a
   * `text` event under the subject of the question.
   */
  async function ask(
    { chat, person, isPrivate, ask: openWindow }: ChatEventOf<'press'>,
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
    if (openWindow !== undefined) return openWindow(question);
    const { subject } = question;
    const message = await sender.say(chat, card, { asksFor: person, replyTo });
    if (message === undefined) return;
    await cardIndex.anchor(message, subject);
    // In a private chat there is one question at a time: what is typed next answers the latest.
    for (const [key, other] of await askedOf(chat, person.id))
      if (isPrivate || other.subject === subject) await close(key, other);
    for (const [key] of await asked.find({ by: 'askedAt', below: now() - KEPT_MS })) await asked.delete(key);
    await asked.create(keyOf(message), { message, subject, chat, personId: person.id, askedAt: now() });
  }

  /** The subject of the question that waits for what its person types next in a private chat. */
  async function openTo({ chat, person }: Pick<ChatEvent, 'chat' | 'person'>): Promise<string | undefined> {
    const open = (await askedOf(chat, person.id)).filter(([, { askedAt }]) => now() - askedAt < OPEN_MS);
    return open.at(-1)?.[1].subject;
  }

  /** Whether a message is a question that still waits for its answer. */
  const isOpen = async (message: MessageRef): Promise<boolean> =>
    (await asked.get(keyOf(message))) !== undefined;

  /** Takes away the question that a text has answered, as a reply to it, to the card that it is about, or to nothing. */
  async function settle({ chat, person, isPrivate, replyTo }: ChatEventOf<'text'>): Promise<void> {
    const key = replyTo && keyOf(replyTo);
    const subject = replyTo && (await cardIndex.subjectOf(replyTo));
    const replied = key === undefined ? undefined : await asked.get(key);
    if (key !== undefined && replied !== undefined) await close(key, replied);
    for (const [open, question] of await askedOf(chat, person.id)) {
      const isAnswered = replyTo === undefined ? isPrivate : question.subject === subject;
      if (isAnswered) await close(open, question);
    }
  }

  /** Deletes what was asked about a subject. */
  async function forget(subject: string): Promise<void> {
    for (const [key] of await asked.find({ where: { subject } })) await asked.delete(key);
  }

  const askedOf = (chat: ChatRef, personId: string) =>
    asked.find({ where: { chat, personId }, by: 'askedAt' });

  /** A question that stays in the chat does no harm. */
  async function close(key: string, { message }: AskedQuestion): Promise<void> {
    await asked.delete(key);
    try {
      await botFor(message.chat).remove(message);
    } catch (error) {
      log.debug({ err: error, chat: message.chat }, 'A question that was answered could not be taken away');
    }
  }

  return { ask, openTo, isOpen, settle, forget };
}

export type Questions = ReturnType<typeof createQuestions>;

/** What a question of ours is about; a plain draft id, as its card has it, asks for the caption. */
export interface QuestionId {
  /** Why somebody rejects a post, the title of a draft, a moment of its video, when something goes out and in which zone, the zone of a place, the code of another chat. */
  readonly kind: (typeof KINDS)[number];
  /** Of the post or draft; of the workspace for the rest. */
  readonly id: string;
}

const KINDS = [
  'why',
  'title',
  'when_post',
  'when_draft',
  'zone_post',
  'zone_draft',
  'trim',
  'cover_moment',
  'zone',
  'code',
] as const;

/** The subject under which an answer comes back. */
export const encodeQuestionId = ({ kind, id }: QuestionId): string => `${kind}:${id}`;

/** The subjects of all questions that may have been asked about a post and the draft that it was. */
export function questionsAbout({ id, draftId }: { id: string; draftId: string }): string[] {
  return [
    encodeQuestionId({ kind: 'why', id }),
    encodeQuestionId({ kind: 'title', id: draftId }),
    encodeQuestionId({ kind: 'when_post', id }),
    encodeQuestionId({ kind: 'when_draft', id: draftId }),
    encodeQuestionId({ kind: 'zone_post', id }),
    encodeQuestionId({ kind: 'zone_draft', id: draftId }),
    encodeQuestionId({ kind: 'trim', id: draftId }),
    encodeQuestionId({ kind: 'cover_moment', id: draftId }),
  ];
}

/** Undefined for a subject that is no such question. */
export function decodeQuestionId(subject: string): QuestionId | undefined {
  const [, word, id] = /^([a-z_]+):(.+)$/.exec(subject) ?? [];
  const kind = KINDS.find((known) => known === word);
  return kind === undefined || id === undefined ? undefined : { kind, id };
}
