import { setImmediate as others } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import { eachUnderWay } from '../../core/publish/posts.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import type { Ballots } from '../../core/review/ballots.ts';
import { countedVotes, type VoteChoice } from '../../core/review/review.ts';
import type { Store } from '../../core/storage/database.ts';
import { placeOf, takesPart } from '../access/takes-part.ts';
import type { CardIndex } from '../cards/card-index.ts';
import { reviewSubject } from '../cards/subjects.ts';
import { type Bot, ChatClosedError, MessageGoneError, type MessageRef } from '../platform.ts';
import { sourceOf, type Voting } from './voting.ts';

/** A reaction may be lost without a gap that anybody notices, so all is read back this often. */
const EVERY_MS = 10 * 60_000;
/** So many cards are looked at together. */
const MAX_AT_ONCE = 100;
/** So many cards are sent once more each time, where nothing else tells whether they are there. */
const MAX_DOUBTED = 20;

/** The card of a review in one of its chats. */
interface ReviewCard {
  readonly post: Post;
  readonly chat: ChatRef;
  readonly workspace: string;
  readonly message: MessageRef;
}

/**
 * Reads back the reactions under the cards of open reviews, where the platform tells them: those that came while Nod was
 * away are votes, those that were taken back meanwhile are none any more. Cards that could not be shown are shown.
 */
export function createCatchUp({
  access,
  posts,
  workspaces,
  ballots,
  voting,
  cardIndex,
  check,
  retry,
  botFor,
  log,
}: {
  access: Pick<Access, 'isAllowed'>;
  posts: Store<Post>;
  workspaces: Pick<Workspaces, 'areTogether'>;
  ballots: Ballots;
  voting: Voting;
  cardIndex: CardIndex;
  /** Shows the post where it looks otherwise by now. */
  check: (post: Post) => Promise<void>;
  /** Shows what a chat did not take. */
  retry: () => void;
  botFor: (chat: ChatRef) => Bot;
  log: Logger;
}) {
  let running: Promise<void> | undefined;
  let isStale = false;
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  /** The last post, by its id, of whose cards it was asked whether they are still there. */
  let doubtedUpTo = '';

  function start(): void {
    timer = setInterval(round, EVERY_MS);
  }

  async function round(): Promise<void> {
    await doubtSome().catch((error) => log.error({ err: error }, 'Cards that may be gone stay unnoticed'));
    if (!isStopping) await reconcile();
  }

  /** Reads everything back; asked for while that is under way, once more afterwards. */
  function reconcile(): Promise<void> {
    isStale = true;
    running ??= readAll()
      .catch((error) => log.error({ err: error }, 'The reactions under reviews could not be read back'))
      .finally(() => {
        running = undefined;
        if (isStale && !isStopping) void reconcile();
      });
    return running;
  }

  async function readAll(): Promise<void> {
    isStale = false;
    retry();
    let cards: ReviewCard[] = [];
    for await (const post of eachUnderWay(posts)) {
      if (isStopping) return;
      if (takesVotes(post)) cards.push(...(await cardsOf(post)));
      if (cards.length < MAX_AT_ONCE) continue;
      await readCards(cards);
      cards = [];
    }
    await readCards(cards);
    for await (const post of eachUnderWay(posts)) {
      if (isStopping) return;
      // A card says “tomorrow” for one day only.
      await check(post);
      await others();
    }
  }

  /** The cards under which people vote on a post. */
  async function cardsOf(post: Post): Promise<ReviewCard[]> {
    const cards: ReviewCard[] = [];
    for (const chat of post.review?.chats ?? []) {
      const workspace = placeOf(post, chat);
      if (!(await takesPart({ access, workspaces }, post, workspace))) continue;
      const message = await cardIndex.messageOf(reviewSubject(post.id, chat));
      if (message !== undefined) cards.push({ post, chat, workspace, message });
    }
    return cards;
  }

  async function readCards(cards: readonly ReviewCard[]): Promise<void> {
    for (const [chat, here] of Map.groupBy(cards, (card) => card.chat)) {
      const untouched = await findUntouched(chat, here);
      for (const card of here) {
        if (isStopping) return;
        if (!untouched.has(card.message.id) || (await hasReactions(card))) await readBack(card);
      }
    }
  }

  /** The ids of the cards of a chat that nobody has reacted to, where one question tells of many. */
  async function findUntouched(chat: ChatRef, cards: readonly ReviewCard[]): Promise<ReadonlySet<string>> {
    try {
      const messages = cards.map(({ message }) => message);
      return (await botFor(chat).fetchUntouched?.(chat, messages)) ?? new Set();
    } catch (error) {
      log.debug({ err: error }, 'It is not told at once under which cards there are reactions');
      return new Set();
    }
  }

  /** Whether reactions under the card are known. */
  async function hasReactions({ post, message }: ReviewCard): Promise<boolean> {
    const source = sourceOf(message);
    return countedVotes(await ballots.read(post.id), post.contentHash).some((act) => act.source === source);
  }

  async function readBack({ post, chat, workspace, message }: ReviewCard): Promise<void> {
    try {
      const before = (await ballots.read(post.id)).length;
      const seen = await botFor(chat).fetchReactions?.(message);
      if (seen !== undefined) await compare(post, { message, seen, before, workspace });
    } catch (error) {
      // A card that is gone comes again, and the votes that were cast under it stay.
      if (error instanceof MessageGoneError) await cardIndex.noteDoubtful(reviewSubject(post.id, chat));
      else if (error instanceof ChatClosedError) log.debug({ err: error }, 'Reactions cannot be read here');
      else log.warn({ err: error, postId: post.id }, 'The reactions under a review could not be read back');
    }
  }

  /**
   * Where reactions cannot be read, some cards are sent once more as they are, which tells whether they are still there: those
   * whose turn it is.
   */
  async function doubtSome(): Promise<void> {
    let count = 0;
    for await (const post of eachUnderWay(posts)) {
      if (isStopping) return;
      if (post.id <= doubtedUpTo || !takesVotes(post)) continue;
      for (const { chat } of await cardsOf(post)) {
        if (botFor(chat).fetchReactions !== undefined) continue;
        await cardIndex.noteDoubtful(reviewSubject(post.id, chat));
        count += 1;
      }
      doubtedUpTo = post.id;
      if (count >= MAX_DOUBTED) return;
    }
    doubtedUpTo = '';
  }

  async function compare(
    post: Post,
    {
      message,
      seen: all,
      before,
      workspace,
    }: {
      message: MessageRef;
      seen: readonly { person: Person; mark: VoteChoice }[];
      /** How many acts there were before the reactions were read. */
      before: number;
      workspace: string;
    },
  ): Promise<void> {
    const source = sourceOf(message);
    const acts = await ballots.read(post.id);
    // What has happened since is newer than what was read.
    const moved = new Set(acts.slice(before).map(({ person }) => person.id));
    const isStill = ({ person }: { person: Person }) => !moved.has(person.id);
    const seen = all.filter(isStill);
    const known = countedVotes(acts, post.contentHash).filter((act) => act.source === source && isStill(act));
    const has = (
      all: readonly { person: Person; mark: VoteChoice }[],
      { person, mark }: { person: Person; mark: VoteChoice },
    ) => all.some((one) => one.person.id === person.id && one.mark === mark);
    for (const act of known)
      if (!has(seen, act))
        await apply({ message, workspace, person: act.person, marks: { [act.mark]: false } });
    // Nobody knows in which order they came, so what cannot be undone comes last.
    const fresh = seen.filter((one) => !has(known, one));
    for (const mark of ['reject', 'approve'] as const)
      for (const one of fresh)
        if (one.mark === mark)
          await apply({ message, workspace, person: one.person, marks: { [mark]: true } });
  }

  /** A reaction that counts for nothing was answered when it came, if it came while Nod was there. */
  async function apply(given: Parameters<Voting['mark']>[1]): Promise<void> {
    const post = await voting.postUnder(given.message);
    if (post === undefined) return;
    await voting.mark(post, given).catch((error) => {
      if (!(error instanceof UserError)) throw error;
    });
  }

  async function stop(): Promise<void> {
    isStopping = true;
    clearInterval(timer);
    await running;
  }

  return { start, reconcile, stop };
}
