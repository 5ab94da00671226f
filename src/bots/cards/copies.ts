import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Submission } from '../../core/compose/submit.ts';
import { type ChatRef, wholeOf } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import type { RandomIds } from '../../core/storage/random-ids.ts';
import { decodePress } from '../buttons.ts';
import {
  type Bot,
  type Card,
  CardRefusedError,
  ChatClosedError,
  type ChatEventOf,
  type Line,
  MessageGoneError,
  type MessageRef,
} from '../platform.ts';
import { type CardIndex, keyOf } from './card-index.ts';
import { parseSubject, reviewSubject } from './subjects.ts';

/**
 * The last card that was sent for a subject, written before it is sent: a crash before its message is noted leaves one in the
 * chat that nobody knows.
 */
export interface SendingRecord extends Versioned {
  /** Where it is sent to, without the topic. */
  readonly chat: ChatRef;
  /** Names the message that shall stand there; another one has another key. */
  readonly key: string;
  /** The run of Nod that has sent it. */
  readonly run: string;
  /** When it was tried first, in epoch milliseconds. */
  readonly since: number;
  /** What the tries looked like. */
  readonly prints: readonly string[];
  /** An earlier run may have sent it as well. */
  readonly isLeft?: true | undefined;
}

/** A card of an earlier run that may be in the chat. */
type Left = Pick<SendingRecord, 'since' | 'prints'>;

const MAX_PRINTS = 8;
/** So many of the last cards in a chat are looked at for one that was not noted. */
const MAX_UNNOTED = 20;
const TWICE = 'This card was sent twice.';
const ELSEWHERE = 'Another card in this chat counts: go on there.';
const EDITED = 'Its post has been edited since, so nothing counts here.';

/**
 * Knows of cards that may be in a chat twice, because no answer had told that one arrived, or a crash came before that was
 * noted. Where the platform lets a chat be read, they are found; elsewhere nobody knows them before somebody uses one.
 */
export function createCopies({
  sendings,
  cardIndex,
  posts,
  submission,
  randomIds,
  botFor,
  now,
  log,
}: {
  sendings: Store<SendingRecord>;
  cardIndex: CardIndex;
  posts: Pick<Store<Post>, 'get'>;
  submission: Pick<Submission, 'latestPost'>;
  randomIds: Pick<RandomIds, 'findEdit'>;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  const run = randomUUID();

  /** Notes that a card is about to be sent under a key; what an earlier run may have left of it. */
  async function begin(subject: string, { key, chat, card }: NewCard): Promise<Left | undefined> {
    const print = printOf(botFor(chat).fingerprintOf(card));
    const { since, prints, isLeft } = await sendings.upsert(subject, (known) => {
      const isSame = known?.key === key;
      // What older copies looked like stays known.
      const others = known?.prints.filter((one) => one !== print) ?? [];
      return {
        chat: wholeOf(chat),
        key,
        run,
        since: isSame ? known.since : now(),
        prints: [...others, print].slice(-MAX_PRINTS),
        isLeft: isSame && (known.isLeft || known.run !== run) ? true : undefined,
      };
    });
    return isLeft && { since, prints };
  }

  /** The messages in the chat that an earlier run has sent, the newest first; undefined where that cannot be read. */
  async function find(chat: ChatRef, { since, prints }: Left): Promise<readonly MessageRef[] | undefined> {
    const sent = await botFor(chat).findSent?.(chat, since);
    return sent?.filter(({ fingerprint }) => isAmong(prints, fingerprint)).map(({ message }) => message);
  }

  /**
   * Has the message on which somebody has pressed a button point to the card, if it is a copy of one; where there is none yet,
   * the message becomes the card, whose subject is returned.
   */
  async function close({ message, press, shows = '' }: Pressed): Promise<string | undefined> {
    const pressedId = decodePress(press)?.id;
    if (message.isPrivate || pressedId === undefined) return undefined;
    for (const [subject, card] of await copiedNear(message)) {
      if (idOf(subject) !== pressedId) continue;
      const { prints = [] } = (await sendings.get(subject)) ?? {};
      // Of what an older Nod has sent, only the order is known.
      const isCopy = prints.length === 0 ? isOlder(message, card) : isAmong(prints, shows);
      if (isCopy) await point(message, subject, card);
    }
    for (const subject of [pressedId, reviewSubject(pressedId, message.chat)]) {
      const { prints = [] } = (await sendings.get(subject)) ?? {};
      if (!isAmong(prints, shows) || (await cardIndex.messageOf(subject)) !== undefined) continue;
      await cardIndex.adopt(subject, message);
      return subject;
    }
    return undefined;
  }

  /**
   * Finds out which card a message that nobody knows shows, and knows it from now on. A copy points to the card; where there is
   * none yet, the message becomes the card.
   */
  async function learn(message: MessageRef): Promise<string | undefined> {
    const copied = await copiedNear(message);
    const candidates = [...copied, ...(await unnotedIn(message.chat))];
    if (candidates.length === 0) return undefined;
    const fingerprint = await botFor(message.chat).readCopy(
      message,
      copied.map(([, card]) => card),
    );
    if (fingerprint === undefined) return undefined;
    const meant: (readonly [string, MessageRef?])[] = [];
    for (const each of candidates)
      if (isAmong((await sendings.get(each[0]))?.prints ?? [], fingerprint)) meant.push(each);
    const [[subject, card] = []] = meant;
    // Two posts that look alike are not told apart, and a vote must not count for the wrong one.
    if (subject === undefined || new Set(meant.map(([one]) => idOf(one))).size > 1) return undefined;
    if (card === undefined) await cardIndex.adopt(subject, message);
    await cardIndex.anchor(message, subject);
    if (card !== undefined) await point(message, subject, card);
    return subject;
  }

  /** The subjects whose cards were sent to a chat, and of which no card is known. */
  async function unnotedIn(chat: ChatRef): Promise<(readonly [string])[]> {
    const where = { chat: wholeOf(chat) };
    const sent = await sendings.find({ where, by: 'since', newestFirst: true, limit: MAX_UNNOTED });
    const unnoted: (readonly [string])[] = [];
    for (const [subject] of sent)
      if ((await cardIndex.messageOf(subject)) === undefined) unnoted.push([subject]);
    return unnoted;
  }

  /** The subjects of which another copy may be in the chat, by the message that shows each now. */
  async function copiedNear(message: MessageRef): Promise<(readonly [string, MessageRef])[]> {
    const copied = await cardIndex.copiedIn(message.chat);
    return copied.filter(([, card]) => keyOf(card) !== keyOf(message));
  }

  /** Only a message of ours that shows what the card shows, a picture or none, can be edited like it. */
  async function point(message: MessageRef, subject: string, card: MessageRef): Promise<void> {
    const { picture } = card;
    const copy = picture === undefined ? message : { ...message, picture };
    try {
      await botFor(message.chat).edit(copy, { lines: [await pointer(subject, card)], rows: [] });
    } catch (error) {
      const isOthers =
        error instanceof MessageGoneError ||
        error instanceof ChatClosedError ||
        error instanceof CardRefusedError;
      if (!isOthers) throw error;
      log.debug({ err: error }, 'A message that may have been a copy of a card is none of ours');
    }
  }

  /** Where to go on: at the other card, or at that of what the post was edited into. */
  async function pointer(subject: string, card: MessageRef): Promise<Line> {
    const about = parseSubject(subject);
    const post = 'postId' in about ? await posts.get(about.postId) : undefined;
    if (post?.status !== 'withdrawn') return [`${TWICE} `, linkTo(card, 'The one that counts is')];
    const draftId = await randomIds.findEdit(post.id);
    const edited = draftId === undefined ? undefined : await submission.latestPost(draftId);
    const newer =
      edited && 'postId' in about && (await cardIndex.messageOf(reviewSubject(edited.id, about.chat)));
    return [
      `${TWICE} ${EDITED} `,
      linkTo(newer ? newer : card, newer ? 'The new one is' : 'See the other one'),
    ];
  }

  function linkTo(message: MessageRef, where: string) {
    const href = botFor(message.chat).messageUrl(message);
    return href === undefined ? ELSEWHERE : { text: `${where} here.`, href };
  }

  /** Deletes what is kept about a subject. */
  async function forget(subject: string): Promise<void> {
    await sendings.delete(subject);
  }

  return { begin, find, close, learn, forget };
}

export type Copies = ReturnType<typeof createCopies>;

interface NewCard {
  readonly key: string;
  readonly chat: ChatRef;
  readonly card: Card;
}

type Pressed = Pick<ChatEventOf<'press'>, 'message' | 'press' | 'shows'>;

const idOf = (subject: string): string | undefined => subject.split(' ')[0];

/** Equal for messages that look alike, whatever the platform does with spaces and signs. */
const printOf = (fingerprint: string): string => {
  const letters = fingerprint.replace(/[^\p{L}\p{N}]+/gu, '');
  return letters === '' ? '' : createHash('sha256').update(letters).digest('base64url');
};

/** What shows nothing looks like anything. */
const isAmong = (prints: readonly string[], fingerprint: string): boolean =>
  printOf(fingerprint) !== '' && prints.includes(printOf(fingerprint));

/** Platforms count their messages upwards. */
function isOlder(message: MessageRef, than: MessageRef): boolean {
  const numberOf = ({ id }: MessageRef) => BigInt(/\d+$/.exec(id)?.[0] ?? 0);
  return numberOf(message) < numberOf(than);
}
