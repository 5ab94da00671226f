import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type ChatRef, canStand, type Obstacle, type Person } from '../../core/people.ts';
import type { VoteChoice } from '../../core/review/review.ts';
import {
  type Bot,
  type CallRank,
  type Card,
  CardRefusedError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
  type MessageRef,
  shownPicture,
} from '../platform.ts';
import { note } from '../text/messages.ts';
import { obstacleText, pictureText } from '../text/obstacles.ts';
import { type CardIndex, type CardRecord, hashOf } from './card-index.ts';
import type { Copies } from './copies.ts';

/** What a subject looks like now. */
export interface Rendering {
  readonly chat: ChatRef;
  /** Where else it may stand, in this order, when that chat does not take it. */
  readonly elsewhere?: (() => Promise<readonly ChatRef[]>) | undefined;
  readonly card: Card;
  /** Not for its author alone. */
  readonly isForAll: boolean;
  /** Worth a sound when it is sent: people are asked for something. */
  readonly isLoud?: boolean;
  /** The subject beside whose card a card for one person alone is sent first. */
  readonly beside?: string | undefined;
  /** Shown where the card stands already, and nowhere else. */
  readonly isOnlyInPlace?: boolean;
  /** The picture that it had is not to be seen any more. */
  readonly isWithoutPicture?: boolean;
  /** The reactions that we put under it, for others to join. */
  readonly marks?: readonly VoteChoice[] | undefined;
  /** Told once in a message of its own, so that a phone buzzes: how it ended, or that it is about to. */
  readonly ending?: Ending | undefined;
  /** Told once as well, after the ending and without a sound, where the card stands. */
  readonly followUp?: Omit<Ending, 'callsFor' | 'isSaidByCard'> | undefined;
}

/** A new key is a new ending. */
export interface Ending {
  readonly key: string;
  readonly card: Card;
  readonly callsFor?: Person | undefined;
  /** A card that is sent with it says it as loud. */
  readonly isSaidByCard?: true;
}

/** Sends that may have arrived although no answer said so, by what was sent. */
export type Doubts = Map<string, { readonly count: number; readonly since: number }>;

/** What is known about a card that was sent or edited just now. */
interface Shown {
  readonly message: MessageRef;
  /** Why it does not stand where it belongs. */
  readonly displaced?: Obstacle | undefined;
  /** Others of its kind may have arrived without an answer. */
  readonly mayHaveCopies?: boolean | undefined;
}

interface Sending {
  readonly subject: string;
  readonly rendering: Rendering;
  readonly record: CardRecord | undefined;
  readonly doubts: Doubts;
  readonly rank: CallRank | undefined;
}

const LEFT_PRIVATE = 'On its way. The card below shows how it goes.';
const LEFT_TWICE = 'This card was sent twice. Another card in this chat counts: go on there.';
const LEFT_DISPLACED = 'This goes on where it belongs: Nod may write there again.';
const CARD = 'card';
/** The second try at telling an ending may be a duplicate already, so there is no third. */
const MAX_DOUBTS = 2;

/** How many copies of the card may have arrived without an answer. */
export const copiesIn = (doubts: Doubts): number => doubts.get(CARD)?.count ?? 0;

/** Brings what a subject looks like into its chat: sends its card, edits it afterwards, tells its ending. */
export function createShowCard({
  cardIndex,
  copies,
  botFor,
  onMoved,
  onFound,
  now,
  log,
}: {
  cardIndex: CardIndex;
  copies: Pick<Copies, 'begin' | 'find'>;
  /** Told when a card begins or ends to stand elsewhere than where it belongs. */
  onMoved: (subject: string) => void;
  /** Told of a card in the chat that a crash had kept from being known. */
  onFound: () => void;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  /**
   * Does nothing where the chat shows it already; `doubts` is kept by the caller from try to try, `rank` says what goes first. Until
   * `unsureUntil` an older edit may come after it.
   *
   * Returns the message that was sent or edited, if one was, and up to when that is unsure. Throws ChatClosedError when it can be shown nowhere.
   */
  async function show(
    subject: string,
    rendering: Rendering,
    {
      doubts,
      rank,
      unsureUntil,
    }: { doubts: Doubts; rank?: CallRank | undefined; unsureUntil?: number | undefined },
  ): Promise<{ edited?: MessageRef | undefined; unsureUntil?: number | undefined }> {
    const { card, ending, followUp, marks } = rendering;
    let record = await cardIndex.read(subject);
    const isFirst = record === undefined;
    const isShown = record !== undefined && !isUnsure(record) && isDrawn(record, rendering);
    const sending = { subject, rendering, record, doubts, rank };
    const shown = isShown && record ? { message: record.message } : await sendOrEdit(sending);
    if (shown === undefined) return {};
    const { message } = shown;
    const isMoved = (record?.displaced === undefined) !== (shown.displaced === undefined);
    if (!isShown)
      record = await cardIndex.noteShown(subject, message, card, record, { ...shown, unsureUntil });
    if (!isShown && isMoved) onMoved(subject);
    if (marks !== undefined && record?.marked !== message.id) {
      await botFor(message.chat).addReactions(message, marks);
      record = await cardIndex.noteMarked(subject, message.id, record);
    }
    if (ending !== undefined && record?.toldEnding !== ending.key) {
      if (!(isFirst && ending.isSaidByCard)) await tell(sending, message, ending);
      record = await cardIndex.noteTold(subject, { toldEnding: ending.key }, record);
    }
    if (followUp !== undefined && record?.toldFollowUp !== followUp.key) {
      await tell(sending, message, followUp, { silent: true });
      await cardIndex.noteTold(subject, { toldFollowUp: followUp.key }, record);
    }
    return { edited: isShown ? undefined : message, unsureUntil: record?.unsureUntil };
  }

  /** Whether the chat shows all of it already. */
  async function isShown(subject: string, rendering: Rendering): Promise<boolean> {
    const record = await cardIndex.read(subject);
    if (record === undefined) return rendering.isOnlyInPlace === true;
    const { marks, ending, followUp } = rendering;
    return (
      record.unsureUntil === undefined &&
      isDrawn(record, rendering) &&
      (marks === undefined || record.marked === record.message.id) &&
      (ending === undefined || record.toldEnding === ending.key) &&
      (followUp === undefined || record.toldFollowUp === followUp.key)
    );
  }

  /** Undefined when the card can stand nowhere: its author's own place is gone, and it is not for all. */
  async function sendOrEdit(sending: Sending): Promise<Shown | undefined> {
    const { rendering, record, doubts, rank } = sending;
    const { chat, card, isForAll } = rendering;
    if (record !== undefined && !isTooPrivate(record, rendering)) {
      try {
        if (isForAll && record.displaced !== undefined) return await bringHome(sending, record);
        return { message: await editEither(record.message, rendering, card, rank) };
      } catch (error) {
        if (!(error instanceof MessageGoneError)) throw error;
      }
    }
    if (rendering.isOnlyInPlace) return undefined;
    if (botFor(chat).composesInPrivate && !isForAll)
      return record === undefined ? showBeside(rendering, doubts) : undefined;
    const shown = await sendSomewhere(sending, rendering.elsewhere);
    if (record?.message.isPrivate)
      await leave(
        record.message,
        shown.displaced === undefined ? LEFT_PRIVATE : elsewhereText(shown.displaced, chat),
      );
    return shown;
  }

  /** Sends it where it belongs, or into the first of the other chats that takes it. */
  async function sendSomewhere(sending: Sending, elsewhere: Rendering['elsewhere']): Promise<Shown> {
    const home = await sendIfOpen(sending, sending.rendering.chat);
    if (!(home instanceof ChatClosedError)) return home;
    for (const chat of (await elsewhere?.()) ?? []) {
      const shown = await sendIfOpen(sending, chat, home.obstacle);
      if (!(shown instanceof ChatClosedError)) return shown;
    }
    throw home;
  }

  /** What keeps the card out is given back. */
  async function sendIfOpen(
    sending: Sending,
    chat: ChatRef,
    displaced?: Obstacle,
  ): Promise<Shown | ChatClosedError> {
    try {
      const { message, mayHaveCopies } = await sendTo(sending, chat, displaced);
      return { message, displaced, mayHaveCopies };
    } catch (error) {
      if (error instanceof ChatClosedError) return error;
      throw error;
    }
  }

  /** What stands elsewhere goes where it belongs as soon as that is open, and is kept up to date until then. */
  async function bringHome(sending: Sending, { message }: CardRecord): Promise<Shown> {
    const { chat, card } = sending.rendering;
    const home = await sendIfOpen(sending, chat);
    if (!(home instanceof ChatClosedError)) {
      await leave(message, LEFT_DISPLACED);
      return home;
    }
    const displaced = displacedCard(card, home.obstacle, chat);
    const edited = await editEither(message, sending.rendering, displaced, sending.rank);
    return { message: edited, displaced: home.obstacle };
  }

  async function sendTo(
    { subject, rendering, record, doubts, rank }: Sending,
    chat: ChatRef,
    obstacle: Obstacle | undefined,
  ): Promise<Pick<Shown, 'message' | 'mayHaveCopies'>> {
    const { isLoud = false } = rendering;
    const bot = botFor(chat);
    const onceKey = onceKeyOf(chat, subject, 'card', successorOf(record));
    const { card } = rendering;
    const whole = obstacle === undefined ? card : displacedCard(card, obstacle, rendering.chat);
    const options = { silent: !isLoud, onceKey, rank };
    const drawn = await drawable(whole);
    // What may have arrived is not sent again while the platform is away: that would only make more copies.
    if (doubts.has(CARD) && !(await bot.isReachable()))
      throw new ChatUnreachableError('The chat platform is still away.', { maybeDone: false });
    const left = await copies.begin(subject, { key: onceKey, chat, card: drawn });
    const sent = left && (await copies.find(chat, left));
    const known = await takeOver(chat, sent ?? [], drawn);
    if (known !== undefined) return { message: known };
    const message = await counted({ doubts, key: CARD, bot }, async () => {
      try {
        return await bot.send(chat, drawn, options);
      } catch (error) {
        const plain = plainCard(drawn, chat, error);
        if (plain === undefined) throw error;
        await copies.begin(subject, { key: onceKey, chat, card: plain });
        return bot.send(chat, plain, options);
      }
    });
    const mayBeLeft = left !== undefined && sent === undefined;
    return { message, mayHaveCopies: mayBeLeft || copiesIn(doubts) > 0 };
  }

  /** Shows the card on the newest of the messages that an earlier run has sent and not noted, and ends the others. */
  async function takeOver(
    chat: ChatRef,
    [newest, ...older]: readonly MessageRef[],
    card: Card,
  ): Promise<MessageRef | undefined> {
    if (newest === undefined) return undefined;
    const message = await botFor(chat).edit(newest, card);
    for (const each of older) await leave(each, LEFT_TWICE);
    onFound();
    return message;
  }

  async function editEither(
    message: MessageRef,
    rendering: Rendering,
    card: Card,
    rank: CallRank | undefined,
  ): Promise<MessageRef> {
    const bot = botFor(message.chat);
    const drawn = await drawable(card, message);
    const edited = await bot.edit(message, drawn, { rank }).catch((error) => {
      const plain =
        shownPicture(drawn)?.key === message.picture ? undefined : plainCard(drawn, message.chat, error);
      if (plain === undefined) throw error;
      return bot.edit(message, plain, { rank });
    });
    // Telegram lets no message lose its picture.
    if (rendering.isWithoutPicture && edited.picture !== undefined) await bot.remove(edited);
    return edited;
  }

  /** Where the other card can no longer be reached, its author finds this one in the list of posts. */
  async function showBeside({ chat, card, beside }: Rendering, doubts: Doubts): Promise<Shown | undefined> {
    const bot = botFor(chat);
    const other = beside === undefined ? undefined : await cardIndex.read(beside);
    const { sendBeside: send } = bot;
    if (send === undefined || other?.message.isPrivate !== true) return undefined;
    // The first follow-up to an answer that waits takes its place, so the other card comes first.
    if (other.shownHash === '')
      throw new ChatUnreachableError('The other card is not there yet.', { maybeDone: false });
    const { message } = other;
    const drawn = await drawable(card);
    try {
      return { message: await counted({ doubts, key: CARD, bot }, () => send(message, drawn)) };
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      return undefined;
    }
  }

  /** Whether an older edit may have come since. */
  const isUnsure = ({ unsureUntil = Number.POSITIVE_INFINITY }: CardRecord): boolean => now() >= unsureUntil;

  const isDrawn = (record: CardRecord, rendering: Rendering): boolean =>
    record.shownHash === hashOf(rendering.card) && !isInWrongPlace(record, rendering);

  const isInWrongPlace = (record: CardRecord, rendering: Rendering): boolean =>
    isTooPrivate(record, rendering) || (rendering.isForAll && record.displaced !== undefined);

  const isTooPrivate = ({ message }: CardRecord, { isForAll }: Rendering): boolean =>
    isForAll && message.isPrivate === true;

  /** A message that is left ends with a word about where it goes on; should that fail, nothing is lost. */
  async function leave(message: MessageRef, text: string): Promise<void> {
    try {
      await botFor(message.chat).edit(message, note(text));
    } catch (error) {
      log.debug({ err: error }, 'A message that a card has left could not be ended');
    }
  }

  /** The ending stands on the card as well, so after two tries that may have arrived it counts as told. */
  async function tell(
    { subject, doubts, rank }: Sending,
    replyTo: MessageRef,
    { key, card, callsFor }: Ending,
    { silent = false }: { silent?: boolean } = {},
  ): Promise<void> {
    const { chat } = replyTo;
    const onceKey = onceKeyOf(chat, subject, 'ending', key);
    try {
      const bot = botFor(chat);
      await counted({ doubts, key, bot }, () =>
        bot.send(chat, card, { replyTo, callsFor, silent, onceKey, rank }),
      );
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

  return { show, isShown };
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

/** The card without its picture, which says why; undefined where that would be refused as well. */
function plainCard(card: Card, chat: ChatRef, error: unknown): Card | undefined {
  if (shownPicture(card) === undefined) return undefined;
  const isRefused = error instanceof CardRefusedError;
  if (!isRefused && !(error instanceof ChatClosedError && isWorthATry(error.obstacle))) return undefined;
  const why = pictureText(chat, error instanceof ChatClosedError ? error.obstacle : { type: 'fault' });
  return { ...card, attachment: undefined, lines: [...card.lines, [], [{ text: why, style: 'italic' }]] };
}

/** Whether words alone may pass where they did not with a picture. */
function isWorthATry(obstacle: Obstacle): boolean {
  if (obstacle.type !== 'rights') return obstacle.type === 'filtered' || obstacle.type === 'unknown';
  return obstacle.missing.length === 0 || canStand(obstacle);
}

/** For its author, where the card stands in another chat than the one in which it was composed. */
const elsewhereText = (obstacle: Obstacle, home: ChatRef): string =>
  `On its way. Its card stands where reviews are shown: ${obstacleText(obstacle, home, 'here')}`;

/** The card as it stands elsewhere, which says why. */
const displacedCard = (card: Card, obstacle: Obstacle, home: ChatRef): Card => ({
  ...card,
  lines: [
    [`This card is here for now. ${obstacleText(obstacle, home, 'where it belongs')}`],
    [],
    ...card.lines,
  ],
});
