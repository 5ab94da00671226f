import { createHash } from 'node:crypto';
import { type ChatRef, type Obstacle, wholeOf } from '../../core/people.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import type { Card, MessageRef } from '../platform.ts';

/** Where a subject's card stands, and what it shows. */
export interface CardRecord extends Versioned {
  readonly message: MessageRef;
  readonly shownHash: string;
  /** Which ending was told in a message of its own. */
  readonly toldEnding?: string;
  /** The same for what came after it. */
  readonly toldFollowUp?: string;
  /** Id of the message under which our reactions stand. */
  readonly marked?: string;
  /** Why it stands elsewhere and not where it belongs. */
  readonly displaced?: Obstacle | undefined;
  /** The chat, without its topic, in which older copies of it may be that no answer told of. */
  readonly copiesIn?: ChatRef | undefined;
  /** Until then (epoch milliseconds) an older edit may arrive; the card is shown once more then. */
  readonly unsureUntil?: number | undefined;
}

/** Which subject a message of ours is about: a card, or a question that we asked. */
export interface Anchor extends Versioned {
  readonly subject: string;
}

/** Remembers which message shows which subject, both ways. */
export function createCardIndex({ cards, anchors }: { cards: Store<CardRecord>; anchors: Store<Anchor> }) {
  const read = (subject: string): Promise<CardRecord | undefined> => cards.get(subject);

  /** Notes that a message now shows this card, and returns the record; `known` is the record as it was before. */
  async function noteShown(
    subject: string,
    message: MessageRef,
    card: Card,
    known?: CardRecord,
    {
      displaced,
      mayHaveCopies,
      unsureUntil,
    }: Partial<Pick<CardRecord, 'displaced' | 'unsureUntil'>> & { mayHaveCopies?: boolean | undefined } = {},
  ): Promise<CardRecord> {
    // What a message has shown before is anchored already; a record without a hash may come from before its anchor.
    const isAnchored =
      known !== undefined && known.shownHash !== '' && keyOf(known.message) === keyOf(message);
    if (message.isPrivate !== true && !isAnchored) await anchor(message, subject);
    const copies = mayHaveCopies ? { copiesIn: wholeOf(message.chat) } : {};
    const shown = { message, shownHash: hashOf(card), displaced, unsureUntil, ...copies };
    // Its author may have opened it in another message while this one was edited.
    const hasMoved = (current: CardRecord) => message.isPrivate && keyOf(current.message) !== keyOf(message);
    const change = (current?: CardRecord) =>
      current !== undefined && hasMoved(current) ? current : { ...current, ...shown };
    const updated = known && (await cards.update(subject, change, known));
    return updated ?? cards.upsert(subject, change);
  }

  /** Has the card shown again whatever it shows, because its message may be gone. */
  async function noteDoubtful(subject: string): Promise<void> {
    await cards.update(subject, (current) => ({ ...current, shownHash: '' }));
  }

  const noteTold = (
    subject: string,
    told: Pick<CardRecord, 'toldEnding' | 'toldFollowUp'>,
    known?: CardRecord,
  ): Promise<CardRecord | undefined> => cards.update(subject, (current) => ({ ...current, ...told }), known);

  const noteMarked = (subject: string, marked: string, known?: CardRecord): Promise<CardRecord | undefined> =>
    cards.update(subject, (current) => ({ ...current, marked }), known);

  /**
   * Takes a message that somebody uses for the card: where no answer had told that it was sent, and in place of an
   * older one that only its reader sees, because that one can be edited for some minutes only.
   */
  async function adopt(subject: string, message: MessageRef): Promise<void> {
    const adopted = { message, shownHash: '' };
    // Others may have been sent as well.
    const copies = message.isPrivate ? {} : { copiesIn: wholeOf(message.chat) };
    if ((await cards.create(subject, { ...adopted, ...copies })) !== undefined)
      return anchor(message, subject);
    if (message.isPrivate !== true) return;
    await cards.update(subject, (current) =>
      current.message.isPrivate ? { ...current, ...adopted } : undefined,
    );
  }

  /** Remembers which subject a message is about, so that a reply to it is understood. */
  async function anchor(message: MessageRef, subject: string): Promise<void> {
    await anchors.create(keyOf(message), { subject });
  }

  /** The subject of a message of ours; undefined for any other message. */
  async function subjectOf(message: MessageRef): Promise<string | undefined> {
    return (await anchors.get(keyOf(message)))?.subject;
  }

  /** A subject of which an older copy may be in this chat, by the message that shows it now. */
  async function copiedIn(chat: ChatRef): Promise<readonly (readonly [string, MessageRef])[]> {
    const found = await cards.find({ where: { copiesIn: wholeOf(chat) } });
    return found.map(([subject, { message }]) => [subject, message] as const);
  }

  /** Subjects over whose cards an older edit may still come, or have come. */
  async function unsure(): Promise<string[]> {
    const found = await cards.find({ by: 'unsureUntil' });
    return found.map(([subject]) => subject);
  }

  /** The message that shows the subject. */
  async function messageOf(subject: string): Promise<MessageRef | undefined> {
    return (await cards.get(subject))?.message;
  }

  /** Deletes which messages were about a subject. */
  async function forget(subject: string): Promise<void> {
    for (const [key] of await anchors.find({ where: { subject } })) await anchors.delete(key);
    await cards.delete(subject);
  }

  return {
    read,
    noteShown,
    noteDoubtful,
    noteTold,
    noteMarked,
    adopt,
    anchor,
    subjectOf,
    copiedIn,
    unsure,
    messageOf,
    forget,
  };
}

export type CardIndex = ReturnType<typeof createCardIndex>;

/** Equal for cards that look alike. */
export function hashOf({ attachment, lines, rows }: Card): string {
  const attached = attachment?.type === 'picture' ? attachment.key : attachment;
  return createHash('sha256')
    .update(JSON.stringify([attached, lines, rows]))
    .digest('base64url');
}

/** Names a message without its topic, which a reaction does not tell: its id is unique in the whole chat. */
export function keyOf({ chat, id }: MessageRef): string {
  return `${wholeOf(chat)} ${id}`;
}
