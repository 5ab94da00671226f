import type { Logger } from 'pino';
import type { ChatRef } from '../../core/people.ts';
import {
  type Bot,
  CardRefusedError,
  ChatClosedError,
  MessageGoneError,
  type MessageRef,
} from '../platform.ts';
import { note } from '../text/messages.ts';
import { type CardIndex, keyOf } from './card-index.ts';

const COPY = 'This card was sent twice. The newer one further down counts: go on there.';

/**
 * Ends the older copies of a card that was sent again because no answer had told whether it arrived. Nobody knows them
 * before somebody uses one.
 */
export function createCopies({
  cardIndex,
  botFor,
  log,
}: {
  cardIndex: CardIndex;
  botFor: (chat: ChatRef) => Bot;
  log: Logger;
}) {
  /**
   * Has the message point to the newer card, if it may be an older copy of one.
   *
   * `pressedId` is the id that a button on it named. Without a button only a card with a picture is told apart from other
   * messages of ours.
   */
  async function close(message: MessageRef, pressedId?: string): Promise<void> {
    if (message.isPrivate) return;
    // A press has its message remembered, a reaction has not.
    if (pressedId === undefined && (await cardIndex.subjectOf(message)) !== undefined) return;
    for (const [subject, card] of await cardIndex.copiedIn(message.chat)) {
      const isMeant =
        pressedId === undefined ? card.picture !== undefined : subject.split(' ')[0] === pressedId;
      if (isMeant && keyOf(card) !== keyOf(message) && isOlder(message, card)) return point(message, card);
    }
  }

  /** Only a message of ours that shows what the card shows, a picture or none, can be edited like it. */
  async function point(message: MessageRef, { picture, chat }: MessageRef): Promise<void> {
    const copy = picture === undefined ? message : { ...message, picture };
    try {
      await botFor(chat).edit(copy, note(COPY));
    } catch (error) {
      const isOthers =
        error instanceof MessageGoneError ||
        error instanceof ChatClosedError ||
        error instanceof CardRefusedError;
      if (!isOthers) throw error;
      log.debug({ err: error }, 'A message that may have been a copy of a card is none of ours');
    }
  }

  return { close };
}

export type Copies = ReturnType<typeof createCopies>;

/** Platforms count their messages upwards. */
function isOlder(message: MessageRef, than: MessageRef): boolean {
  const numberOf = ({ id }: MessageRef) => BigInt(/\d+$/.exec(id)?.[0] ?? 0);
  return numberOf(message) < numberOf(than);
}
