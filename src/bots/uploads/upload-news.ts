import type { Logger } from 'pino';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Draft } from '../../core/compose/draft.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Store } from '../../core/storage/database.ts';
import { createThrottle } from '../../core/throttle.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot } from '../platform.ts';
import { placeName } from '../text/format.ts';
import { note } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';

/** Several files that come one after the other are told once. */
const TOLD_EVERY_MS = 10 * 60_000;

/**
 * Tells an author alone that a file has come whose draft nobody sees: a big one takes longer than a message for one person can
 * change.
 */
export function createUploadNews({
  drafts,
  workspaces,
  cardIndex,
  sender,
  botFor,
  now,
  log,
}: {
  drafts: Pick<Store<Draft>, 'get'>;
  workspaces: Pick<Workspaces, 'placesOf'>;
  cardIndex: Pick<CardIndex, 'messageOf'>;
  sender: Pick<Sender, 'tell'>;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  const tellings = createThrottle({ limit: 1, windowMs: TOLD_EVERY_MS, now });

  /** Takes note that a file of the draft has come through an upload page; it does not throw. */
  function uploaded(draftId: string): void {
    tellIfUnseen(draftId).catch((error) =>
      log.error({ err: error, draftId }, 'An author was not told that an upload has come'),
    );
  }

  async function tellIfUnseen(draftId: string): Promise<void> {
    const draft = await drafts.get(draftId);
    if (draft === undefined || draft.submitted !== undefined) return;
    const { chat, author, workspace } = draft;
    const bot = botFor(chat);
    const message = await cardIndex.messageOf(draftId);
    const isSeen = message !== undefined && bot.canEdit?.(message) !== false;
    if (!bot.composesInPrivate || isSeen || !tellings.take(draftId)) return;
    const own = await bot.privateChat(author);
    if (own === undefined) return;
    const place = (await workspaces.placesOf(workspace)).find(({ id }) => id === workspace);
    const there = own === chat ? 'here' : place === undefined ? 'there' : `in ${placeName(place)}`;
    sender.tell(
      own,
      note(
        `What you uploaded is in your draft. The message that showed it can change no more: ${wordingOf(chat).slash}posts ${there} brings it up.`,
      ),
    );
  }

  return { uploaded };
}
