import pino from 'pino';
import type { CardIndex } from '../../../src/bots/cards/card-index.ts';
import { createCopies, type SendingRecord } from '../../../src/bots/cards/copies.ts';
import type { Stores } from '../../../src/core/storage/database.ts';
import type { PaperBot } from '../paper-bot.ts';

/** Copies of cards on paper, which are about no posts. */
export function createPaperCopies({
  stores,
  cardIndex,
  chat,
  now = Date.now,
}: {
  stores: Stores;
  cardIndex: CardIndex;
  chat: PaperBot;
  now?: () => number;
}) {
  const nothing = async () => undefined;
  return createCopies({
    sendings: stores.store<SendingRecord>('sendings'),
    cardIndex,
    posts: { get: nothing },
    submission: { latestPost: nothing },
    randomIds: { findEdit: nothing },
    botFor: () => chat.bot,
    now,
    log: pino({ level: 'silent' }),
  });
}
