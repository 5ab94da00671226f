import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../../core/people.ts';
import type { VoteChoice } from '../../core/review/review.ts';
import {
  type Bot,
  type Card,
  ChatUnreachableError,
  MessageGoneError,
  type MessageRef,
  shownPicture,
} from '../platform.ts';
import { note } from '../text/messages.ts';
import { type CardIndex, type CardRecord, hashOf } from './card-index.ts';

/** What a subject looks like now. */
export interface Rendering {
  readonly chat: ChatRef;
  readonly card: Card;
  /** Not for its author alone. */
  readonly isForAll: boolean;
  /** Worth a sound when it is sent: people are asked for something. */
  readonly isLoud?: boolean;
  /** Shown where the card stands already, and nowhere else. */
  readonly isOnlyInPlace?: boolean;
  /** The picture that it had is not to be seen any more. */
  readonly isWithoutPicture?: boolean;
  /** The reactions that we put under it, for others to join. */
  readonly marks?: readonly VoteChoice[] | undefined;
  /** Told once in a message of its own, so that a phone buzzes. */
  readonly ending?: Ending | undefined;
}

/** A new key is a new ending. */
export interface Ending {
  readonly key: string;
  readonly card: Card;
  readonly callsFor: Person;
}

/** Sends that may have arrived although no answer said so, by what was sent. */
export type Doubts = Map<string, { readonly count: number; readonly since: number }>;

const CARD = 'card';
/** The second try may be a duplicate already, so there is no third. */
const MAX_DOUBTS = 2;

/** Whether one more send might say twice over what has been said. */
export const isTooDoubtful = (doubts: Doubts): boolean =>
  [...doubts.values()].some(({ count }) => count >= MAX_DOUBTS);

/** Brings what a subject looks like into its chat: sends its card, edits it afterwards, tells its ending. */
export function createShowCard({
  cardIndex,
  botFor,
  now,
  log,
}: {
  cardIndex: CardIndex;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  /**
   * Does nothing where the chat shows it already; `doubts` is kept by the caller from try to try.
   *
   * Returns the message that was sent or edited, if one was.
   */
  async function show(
    subject: string,
    rendering: Rendering,
    doubts: Doubts,
  ): Promise<MessageRef | undefined> {
    const { card, ending, marks } = rendering;
    let record = await cardIndex.read(subject);
    const isShown =
      record !== undefined && record.shownHash === hashOf(card) && !isInWrongPlace(record, rendering);
    const message = isShown && record ? record.message : await sendOrEdit(subject, rendering, record, doubts);
    if (message === undefined) return undefined;
    if (!isShown) record = await cardIndex.noteShown(subject, message, card, record);
    if (marks !== undefined && record?.marked !== message.id) {
      await botFor(message.chat).addReactions(message, marks);
      record = await cardIndex.noteMarked(subject, message.id, record);
    }
    if (ending !== undefined && record?.toldEnding !== ending.key) {
      await tell(subject, rendering.chat, ending, message, doubts);
      await cardIndex.noteTold(subject, ending.key, record);
    }
    return isShown ? undefined : message;
  }

  /** Undefined when the card can stand nowhere: its author's own place is gone, and it is not for all. */
  async function sendOrEdit(
    subject: string,
    rendering: Rendering,
    record: CardRecord | undefined,
    doubts: Doubts,
  ): Promise<MessageRef | undefined> {
    const { chat, card, isForAll, isLoud = false } = rendering;
    const bot = botFor(chat);
    if (record !== undefined && !isInWrongPlace(record, rendering)) {
      try {
        const edited = await bot.edit(record.message, await drawable(card, record.message));
        // Telegram lets no message lose its picture.
        if (rendering.isWithoutPicture && edited.picture !== undefined) await bot.remove(edited);
        return edited;
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    }
    if (rendering.isOnlyInPlace || (bot.composesInPrivate && !isForAll)) return undefined;
    const onceKey = onceKeyOf(chat, subject, 'card', successorOf(record));
    const drawn = await drawable(card);
    const message = await counted({ doubts, key: CARD, bot }, () =>
      bot.send(chat, drawn, { silent: !isLoud, onceKey }),
    );
    if (record?.message.isPrivate) await leave(record.message);
    return message;
  }

  const isInWrongPlace = ({ message }: CardRecord, { isForAll }: Rendering): boolean =>
    isForAll && message.isPrivate === true;

  /** The author's own message ends with a word about where it goes on; should that fail, nothing is lost. */
  async function leave(message: MessageRef): Promise<void> {
    try {
      await botFor(message.chat).edit(message, note('On its way. The card below shows how it goes.'));
    } catch (error) {
      log.debug({ err: error }, 'The message in which a draft was composed could not be ended');
    }
  }

  /** The ending stands on the card as well, so after two tries that may have arrived it counts as told. */
  async function tell(
    subject: string,
    chat: ChatRef,
    { key, card, callsFor }: Ending,
    replyTo: MessageRef,
    doubts: Doubts,
  ): Promise<void> {
    const onceKey = onceKeyOf(chat, subject, 'ending', key);
    try {
      const bot = botFor(chat);
      await counted({ doubts, key, bot }, () => bot.send(chat, card, { replyTo, callsFor, onceKey }));
    } catch (error) {
      if ((doubts.get(key)?.count ?? 0) < MAX_DOUBTS) throw error;
      log.warn({ err: error }, 'An ending may not have been told; its card shows it');
    }
  }

  /**
   * Sends, and counts when nobody knows whether it arrived: unlike an edit, a send must not be repeated for ever. It may
   * be repeated as long as the platform remembers it.
   */
  async function counted(
    { doubts, key, bot }: { doubts: Doubts; key: string; bot: Bot },
    send: () => Promise<MessageRef>,
  ): Promise<MessageRef> {
    try {
      return await send();
    } catch (error) {
      const isDoubtful = error instanceof ChatUnreachableError && error.maybeDone;
      if (isDoubtful) {
        const { count, since } = doubts.get(key) ?? { count: 0, since: now() };
        const isRemembered = now() - since < (bot.onceKeyMs ?? 0);
        doubts.set(key, { count: isRemembered ? count : count + 1, since });
      }
      throw error;
    }
  }

  return { show };
}

/** Names the message that shall stand in a chat, and is made of nothing that may change while it is on its way. */
const onceKeyOf = (chat: ChatRef, subject: string, role: 'card' | 'ending', name: string): string =>
  createHash('sha256')
    .update(JSON.stringify([chat, subject, role, name]))
    .digest('base64url')
    .slice(0, 24);

/** Which of a subject's cards for all is sent next: the first, or the one after a message that is gone. */
const successorOf = (record: CardRecord | undefined): string =>
  record === undefined || record.message.isPrivate ? '' : record.message.id;

/** The picture may be deleted by the time the card is to be sent anew; its words matter more. */
async function drawable(card: Card, message?: MessageRef): Promise<Card> {
  const picture = shownPicture(card);
  if (picture === undefined || picture.key === message?.picture) return card;
  const isThere = await access(picture.path).then(
    () => true,
    () => false,
  );
  return isThere ? card : { ...card, attachment: undefined };
}
