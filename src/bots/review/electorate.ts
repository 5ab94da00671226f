import { LRUCache } from 'lru-cache';
import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { type ChatRef, type Person, platformOf } from '../../core/people.ts';
import { isReviewed, type Post, type ReviewedPost } from '../../core/publish/post.ts';
import { eachUnderWay, lastDecidedIn } from '../../core/publish/posts.ts';
import type { Signals } from '../../core/publish/signals.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import type { Ballots } from '../../core/review/ballots.ts';
import type { PersonLinks } from '../../core/review/person-links.ts';
import {
  type Electorate,
  isApprovable,
  type Member,
  voterRoleOf,
  votesOf,
} from '../../core/review/review.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import type { Store } from '../../core/storage/database.ts';
import { fetchMemberOf } from '../access/members.ts';
import { isLinkedIn, takesPart } from '../access/takes-part.ts';
import { type Bot, ChatClosedError } from '../platform.ts';

/** Whether a review can come to an approval. */
export interface Outlook {
  readonly electorate: Electorate;
  /** Undefined where nobody can know. */
  readonly isApprovable: boolean | undefined;
  /** The author would have a say, but that it is the author. */
  readonly isAuthorBarred: boolean;
}

const NOBODY_KNOWS: Electorate = { people: [], isComplete: false };
const NOBODY: Electorate = { people: [], isComplete: true };
const MAX_KEPT = 1_000;
/** So many earlier reviews are looked at. */
const DECIDED_BEFORE = 5;
/** A card is drawn often; who manages a place changes seldom. */
const FRESH_MS = 60_000;

/** Finds out who could approve a post, so that no review waits for nobody. */
export function createElectorates({
  access,
  posts,
  workspaces,
  ballots,
  personLinks,
  signals,
  botFor,
  now,
}: {
  access: Pick<Access, 'isAllowed'>;
  posts: Store<Post>;
  workspaces: Pick<Workspaces, 'areTogether' | 'settingsOf'>;
  ballots: Pick<Ballots, 'read'>;
  personLinks: Pick<PersonLinks, 'accountsOf'>;
  signals: Pick<Signals, 'changeVoters'>;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
}) {
  const whileFresh = {
    max: MAX_KEPT,
    ttl: FRESH_MS,
    ttlResolution: 0,
    perf: { now: createSteadyClock(now) },
  };
  const managersByChat = new LRUCache<ChatRef, Electorate>(whileFresh);
  /** What the authors of reviews are, by chat and person. */
  const authors = new LRUCache<string, Member>(whileFresh);

  /** Who could approve a post, as far as its platforms tell; it does not throw. */
  async function outlookOf(post: ReviewedPost): Promise<Outlook> {
    const { policy } = post.review;
    const electorate = await electorateOf(post).catch(() => NOBODY_KNOWS);
    const outlook = isApprovable(policy, electorate) ?? ((await haveOthersDecided(post)) || undefined);
    const isAuthorBarred =
      outlook !== true && !policy.authorVotes && (await wouldVote(post).catch(() => false));
    return { electorate, isApprovable: outlook, isAuthorBarred };
  }

  /** Where roles are hidden, what others than the author have decided there lately tells that they can. */
  async function haveOthersDecided({ workspace, author }: ReviewedPost): Promise<boolean> {
    const decided = await lastDecidedIn(posts, workspace, DECIDED_BEFORE);
    return decided.some(({ review }) => review?.decision?.by.some(({ id }) => id !== author.id) ?? false);
  }

  async function electorateOf(post: ReviewedPost): Promise<Electorate> {
    const { policy } = post.review;
    const chats = await openChats(post);
    const told = policy.managersVote ? await Promise.all(chats.map(managersIn)) : [];
    const cast = votesOf(await ballots.read(post.id), post.contentHash).map(({ person }) => person);
    const people = await peopleAmong(post, [...cast, ...told.flatMap((one) => one.people)]);
    // Nobody has to be looked up by name where the others are enough.
    const named = people.length < policy.approvals ? await presentAmong(policy.people, chats) : [];
    return {
      people: named.length === 0 ? people : await peopleAmong(post, [...people, ...named]),
      isComplete: policy.roles.length === 0 && told.every(({ isComplete }) => isComplete),
    };
  }

  /** Where people have a say now. */
  async function openChats(post: ReviewedPost): Promise<ChatRef[]> {
    const { chats, places } = post.review;
    const isOpen = await Promise.all(
      chats.map((_, index) => takesPart({ access, workspaces }, post, places[index] ?? post.workspace)),
    );
    return chats.filter((_, index) => isOpen[index]);
  }

  async function managersIn(chat: ChatRef): Promise<Electorate> {
    const known = managersByChat.get(chat);
    if (known !== undefined) return known;
    const fetch = async () => botFor(chat).fetchManagers(chat);
    const managers = await fetch().catch((error: unknown) =>
      error instanceof ChatClosedError ? NOBODY : undefined,
    );
    if (managers === undefined) return NOBODY_KNOWS;
    managersByChat.set(chat, managers);
    return managers;
  }

  /** Those of them who are in one of the chats, or may be. */
  async function presentAmong(people: readonly Person[], chats: readonly ChatRef[]): Promise<Person[]> {
    const present: Person[] = [];
    for (const person of people)
      for (const chat of chats.filter((one) => platformOf(one) === platformOf(person.id)))
        if ((await fetchMemberOf(botFor, chat, person)).isMember !== false) present.push(person);
    return present;
  }

  /** Each person once, without those whose vote would not count. */
  async function peopleAmong(post: ReviewedPost, all: readonly Person[]): Promise<Person[]> {
    const { policy } = post.review;
    const people = new Map<string, Person>();
    for (const person of all) {
      const accounts = await personLinks.accountsOf(person);
      const isAuthor = accounts.some(({ id }) => id === post.author.id);
      if (isAuthor && !policy.authorVotes) continue;
      if (!(await isLinkedIn(post.review, person, { accounts, botFor }))) continue;
      const key = accounts[0]?.id ?? person.id;
      if (!people.has(key)) people.set(key, person);
    }
    return [...people.values()];
  }

  async function wouldVote({ chat, author, review }: ReviewedPost): Promise<boolean> {
    const key = `${chat} ${author.id}`;
    const member = authors.get(key) ?? (await fetchMemberOf(botFor, chat, author));
    authors.set(key, member);
    return member.isMember !== false && voterRoleOf(review.policy, author, member) !== undefined;
  }

  /** Gives the voters of today's settings to the open reviews of a place that nobody may have been able to decide. */
  async function revise(workspace: string): Promise<void> {
    for await (const post of eachUnderWay(posts)) {
      if (!isReviewed(post) || !takesVotes(post)) continue;
      if (!(await workspaces.areTogether(post.workspace, workspace))) continue;
      if ((await outlookOf(post)).isApprovable === true) continue;
      const { policy } = await workspaces.settingsOf(post.workspace);
      const { managersVote, roles, people, authorVotes, linkedVoters } = policy;
      await signals.changeVoters(post.id, { managersVote, roles, people, authorVotes, linkedVoters });
    }
  }

  return { outlookOf, revise };
}

export type Electorates = ReturnType<typeof createElectorates>;
