import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type AccountName, type Person, platformOf } from '../people.ts';
import { isSettled, type Post, wordsOf } from '../publish/post.ts';
import type { Ballots } from '../review/ballots.ts';
import { areOneOn, type BallotEntry } from '../review/review.ts';
import type { Fresh } from '../storage/database.ts';
import type { History, HistoryEntry } from './history.ts';

type Entry = Fresh<HistoryEntry>;
/** An entry but for what it says about its post, under a key of its own. */
type Told = Pick<Entry, 'at' | 'what' | 'person' | 'detail'> & { readonly key: string };
const EXCERPT_LENGTH = 80;
const MAX_WRITTEN = 5_000;

/**
 * Writes down what happened, for people.
 *
 * What became of a post is read off the post and its ballot, and the key of an entry follows from them: writing it down
 * again changes nothing, and what a crash kept from being written is written at the next look.
 */
export function createRecorder({
  history,
  ballots,
  now,
  log,
}: {
  history: History;
  ballots: Ballots;
  now: () => number;
  log: Logger;
}) {
  const writing = new Set<Promise<void>>();
  /** The keys of what is written already about a post, so that each step costs what is new about it. */
  const written = new LRUCache<string, Set<string>>({ max: MAX_WRITTEN });

  /**
   * Writes down how far a post has come; it does not throw, because nothing may depend on it.
   *
   * `acts` are those on its ballot, where somebody has just acted; without them the ballot is read where a step is new.
   */
  function follow(post: Post, acts?: readonly BallotEntry[]): Promise<void> {
    const ended = write(post, acts).finally(() => writing.delete(ended));
    writing.add(ended);
    return ended;
  }

  async function write(post: Post, acts?: readonly BallotEntry[]): Promise<void> {
    const known = written.get(post.id) ?? new Set();
    written.set(post.id, known);
    try {
      const isNew = post.review !== undefined && entriesOf(post, []).some(([key]) => !known.has(key));
      const told = acts ?? (isNew ? await ballots.read(post.id) : []);
      for (const [key, entry] of entriesOf(post, told)) {
        if (known.has(key)) continue;
        // Counted as written at once, since a post may be looked at again before the write has ended.
        known.add(key);
        await history.append(key, entry);
      }
    } catch (error) {
      // The next look writes all of it anew; what is written already stays as it is.
      written.delete(post.id);
      log.error({ err: error, postId: post.id }, 'What happened to a post could not be written down');
    }
  }

  /** Writes down what somebody has just done. */
  async function note(done: Omit<Entry, 'at'>): Promise<void> {
    await history.append(randomBytes(6).toString('base64url'), { ...done, at: now() });
  }

  /** Resolves when all that was begun is written. */
  async function idle(): Promise<void> {
    await Promise.all(writing);
  }

  return { follow, note, idle };
}

export type Recorder = ReturnType<typeof createRecorder>;

/** What a post and the acts on its ballot tell, each under a key of its own. */
export function entriesOf(post: Post, acts: readonly BallotEntry[]): [key: string, entry: Entry][] {
  const told: Told[] = [
    { key: 'submitted', at: post.createdAt, what: 'submitted', person: post.author, detail: planned(post) },
    ...acts.flatMap(actEntry),
    ...acts.flatMap(linkEntry),
    ...decisionEntry(post),
    ...endEntry(post),
  ];
  return told.map(({ key, ...entry }) => [`${post.id} ${key}`, { ...aboutPost(post), ...entry }]);
}

/** The time that it was submitted for; a later one is written down when it is chosen. */
const planned = ({ publishAt }: Post): string | undefined =>
  publishAt === undefined ? undefined : `for ${new Date(publishAt).toISOString()}`;

/** What every entry says about its post. */
export function aboutPost({ workspace, id, account, content }: Post) {
  const kind = content.kind === 'video' ? 'Video' : `${content.sources.length} photos`;
  const excerpt = wordsOf(content).replace(/\s+/g, ' ').slice(0, EXCERPT_LENGTH).toWellFormed() || kind;
  return { place: workspace, postId: id, account: nameOf(account), excerpt };
}

const nameOf = ({ username, nickname }: AccountName): string =>
  username === undefined ? nickname : `@${username}`;

function actEntry(act: BallotEntry, index: number, acts: readonly BallotEntry[]): Told[] {
  const { person, at } = act;
  const key = `act ${index}`;
  if (act.type === 'unmark') {
    const detail = act.mark === 'approve' ? 'approval' : 'rejection';
    return [{ key, at, person, what: act.isLapsed ? 'vote_lapsed' : 'vote_taken_back', detail }];
  }
  const isAlong = (other: BallotEntry | undefined) => other?.at === at && other.person.id === person.id;
  if (act.type === 'reason') {
    const what = isAlong(acts[index - 1]) ? 'rejected_by' : 'reason_given';
    return [{ key, at, person, what, detail: act.text }];
  }
  const next = acts[index + 1];
  // The reason that was given along with the rejection tells it already.
  if (next?.type === 'reason' && isAlong(next)) return [];
  const what = act.mark === 'approve' ? 'approved_by' : 'rejected_by';
  return [{ key, at, person, what, detail: act.source === 'button' ? 'button' : 'reaction' }];
}

/** Accounts that have both acted here count as one person from this act on. */
function linkEntry({ person, at }: BallotEntry, index: number, acts: readonly BallotEntry[]): Told[] {
  const known = linkedPairs(acts.slice(0, index));
  const fresh = linkedPairs(acts.slice(0, index + 1)).filter((pair) => !known.includes(pair));
  return fresh.map((detail) => ({
    key: `link ${index} ${detail}`,
    at,
    person,
    what: 'accounts_linked',
    detail,
  }));
}

/** Who has acted by more than one account, in words. */
function linkedPairs(acts: readonly BallotEntry[]): string[] {
  if (!acts.some(({ linked }) => linked !== undefined)) return [];
  const people = [...new Map(acts.map(({ person }) => [person.id, person])).values()];
  const named = ({ id, name }: Person) => `${name} (${platformOf(id)})`;
  return people.flatMap((one, index) =>
    people
      .slice(index + 1)
      .flatMap((other) => (areOneOn(acts, one, other) ? `${named(one)} and ${named(other)}` : [])),
  );
}

function decisionEntry({ review, createdAt }: Post): Told[] {
  const decision = review?.decision;
  // A post that is tried again keeps its approval; it was told of the first one.
  if (decision === undefined || decision.at < createdAt) return [];
  const detail = decision.by.map(({ name }) => name).join(', ');
  return [{ key: decision.outcome, at: decision.at, what: decision.outcome, detail }];
}

function endEntry(post: Post): Told[] {
  if (!isSettled(post) || !('settledAt' in post)) return [];
  const told = { at: post.settledAt, key: post.status };
  switch (post.status) {
    case 'published': {
      const [id] = post.postIds;
      const published = { ...told, what: 'published' as const, detail: id ?? post.publishId };
      const { takenDownAt: at } = post;
      return at === undefined
        ? [published]
        : [published, { key: `taken_down ${at}`, at, what: 'taken_down' }];
    }
    case 'in_inbox':
      return [{ ...told, what: 'sent_to_inbox' }];
    case 'cancelled':
      return [{ ...told, what: 'cancelled', person: post.by }];
    case 'withdrawn':
      // Until version 0.1 it was written down under `cancelled`: another key would write it down once more.
      return [{ ...told, key: 'cancelled', what: 'edited', person: post.by }];
    case 'failed':
      return [{ ...told, what: 'failed', detail: post.failure.reasonRaw ?? post.failure.reason }];
    case 'expired': {
      const isReview = post.review !== undefined && post.review.decision === undefined;
      if (isReview) return [{ ...told, what: 'expired' }];
      return [{ ...told, what: 'cancelled', detail: 'its author was asked for a choice and made none' }];
    }
    case 'unconfirmed':
      return [{ ...told, what: 'unconfirmed' }];
    default:
      return [];
  }
}
