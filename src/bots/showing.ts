import type { Logger } from 'pino';
import type { ChatRef } from '../core/post.ts';
import { type Bot, type Card, ChatUnreachableError, MessageGoneError, type MessageRef } from './bot.ts';
import { type CardRecords, hashOf } from './card-records.ts';

/** What a subject looks like now. */
export interface Rendering {
  readonly chat: ChatRef;
  readonly card: Card;
  /** Told once in a message of its own, so that a phone buzzes. */
  readonly ending?: Ending;
}

/** A new key is a new ending. */
export interface Ending {
  readonly key: string;
  readonly card: Card;
}

/** Sends that may have arrived although no answer said so, by what was sent. */
export type Doubts = Map<string, number>;

const CARD = 'card';
/** The second try may be a duplicate already, so there is no third. */
const MAX_DOUBTS = 2;

/** Whether one more send might say twice over what has been said. */
export const isTooDoubtful = (doubts: Doubts): boolean =>
  [...doubts.values()].some((count) => count >= MAX_DOUBTS);

/** Brings what a subject looks like into its chat: sends its card, edits it afterwards, tells its ending. */
export function createShowing({
  records,
  botFor,
  log,
}: {
  records: CardRecords;
  botFor: (chat: ChatRef) => Bot;
  log: Logger;
}) {
  /**
   * Does nothing where the chat shows it already; `doubts` is kept by the caller from try to try.
   *
   * Returns the message that was sent or edited, if one was.
   */
  async function show(
    subject: string,
    { chat, card, ending }: Rendering,
    doubts: Doubts,
  ): Promise<MessageRef | undefined> {
    const record = await records.read(subject);
    const isShown = record !== undefined && record.shownHash === hashOf(card);
    const message = isShown ? record.message : await sendOrEdit(chat, card, record?.message, doubts);
    if (!isShown) await records.noteShown(subject, message, card);
    if (ending !== undefined && record?.toldEnding !== ending.key) {
      await tell(chat, ending, message, doubts);
      await records.noteTold(subject, ending.key);
    }
    return isShown ? undefined : message;
  }

  async function sendOrEdit(
    chat: ChatRef,
    card: Card,
    message: MessageRef | undefined,
    doubts: Doubts,
  ): Promise<MessageRef> {
    const bot = botFor(chat);
    if (message !== undefined) {
      try {
        return await bot.edit(message, card);
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    }
    return counted(doubts, CARD, () => bot.send(chat, card, { silent: true }));
  }

  /** The ending stands on the card as well, so after two tries that may have arrived it counts as told. */
  async function tell(
    chat: ChatRef,
    { key, card }: Ending,
    replyTo: MessageRef,
    doubts: Doubts,
  ): Promise<void> {
    try {
      await counted(doubts, key, () => botFor(chat).send(chat, card, { replyTo }));
    } catch (error) {
      if ((doubts.get(key) ?? 0) < MAX_DOUBTS) throw error;
      log.warn({ err: error }, 'An ending may not have been told; its card shows it');
    }
  }

  /** Sends, and counts when nobody knows whether it arrived: unlike an edit, a send must not be repeated for ever. */
  async function counted(doubts: Doubts, key: string, send: () => Promise<MessageRef>): Promise<MessageRef> {
    try {
      return await send();
    } catch (error) {
      const isDoubtful = error instanceof ChatUnreachableError && error.maybeDone;
      if (isDoubtful) doubts.set(key, (doubts.get(key) ?? 0) + 1);
      throw error;
    }
  }

  return { show };
}
