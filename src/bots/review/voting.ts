import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import { plainText } from '../../core/plain-text.ts';
import { type Problem, UserError } from '../../core/problems.ts';
import {
  isReviewed,
  type Post,
  type PostStatus,
  type ReviewedPost,
  termsOf,
  votesOn,
} from '../../core/publish/post.ts';
import { readVotes } from '../../core/publish/posts.ts';
import { notNow, takesVotes } from '../../core/publish/verbs.ts';
import type { Ballots, CastResult } from '../../core/review/ballots.ts';
import type { PersonLinks } from '../../core/review/person-links.ts';
import {
  areOneOn,
  type BallotEntry,
  countedVotes,
  type Decision,
  decisionOf,
  isCounted,
  isPressedAtOnce,
  type Member,
  type VoteChoice,
  type VoteEntry,
  type VoterRole,
  type VoteSource,
  voterRoleOf,
} from '../../core/review/review.ts';
import type { Store } from '../../core/storage/database.ts';
import { fetchMemberOf } from '../access/members.ts';
import { isLinkedIn, takesPart } from '../access/takes-part.ts';
import { type CardIndex, keyOf } from '../cards/card-index.ts';
import { parseSubject, reviewSubject } from '../cards/subjects.ts';
import {
  type Bot,
  ChatBusyError,
  type ChatEvent,
  type ChatEventOf,
  ChatUnreachableError,
  type MessageRef,
} from '../platform.ts';
import { encodeQuestionId, type Questions } from '../questions.ts';
import { note } from '../text/messages.ts';
import type { Refusals } from './explain-refusal.ts';
import {
  ANONYMOUS_NOTE,
  askWhyText,
  castText,
  NO_REASON,
  REASON_TAKEN,
  takenBackText,
  WHY,
} from './review-card.ts';

/** A rejection first: of marks that are set at once, it must not come after what the approval has decided. */
const MARKS = ['reject', 'approve'] as const;
const MAX_REASON_LENGTH = 500;
/** The story is over; a reaction under it is a reaction and no vote. */
const PUBLISHED: ReadonlySet<PostStatus> = new Set(['published', 'in_inbox']);

/** Takes votes: by buttons, by reactions, and by what is read back after a time away. */
export function createVoting({
  access,
  posts,
  workspaces,
  ballots,
  personLinks,
  recorder,
  cardIndex,
  questions,
  refusals,
  touch,
  botFor,
  now,
}: {
  access: Pick<Access, 'isAllowed'>;
  posts: Store<Post>;
  workspaces: Workspaces;
  ballots: Ballots;
  personLinks: Pick<PersonLinks, 'accountsOf'>;
  recorder: Recorder;
  cardIndex: CardIndex;
  questions: Questions;
  refusals: Refusals;
  /** Shows what has changed about the post. */
  touch: (post: Post) => void;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
}) {
  /** Counts what somebody does with the reactions under a review's card. */
  async function react(event: ChatEventOf<'reaction'>, post: Post): Promise<void> {
    const { message, person, marks, isAnonymous, workspace } = event;
    if (!isReviewed(post) || PUBLISHED.has(post.status)) return;
    const isSet = marks.approve === true || marks.reject === true;
    if (isAnonymous) {
      if (isSet && takesVotes(post)) await refusals.tellAll(post, message, ANONYMOUS_NOTE);
      return;
    }
    try {
      await mark(post, { message, person, marks, workspace });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { problem } = error;
      if (isSet && !isKnown(problem, person, marks)) await refusals.tell(post, { message, person }, problem);
    }
  }

  /** @throws UserError when a mark that is set does not count. */
  async function mark(
    post: ReviewedPost,
    given: Pick<ChatEventOf<'reaction'>, 'message' | 'person' | 'marks' | 'workspace'>,
  ): Promise<void> {
    const { message, person, marks, workspace } = given;
    const source = sourceOf(message);
    for (const each of MARKS) {
      if (marks[each] === false) await cast(post, { type: 'unmark', person, mark: each, source });
    }
    for (const each of MARKS) {
      if (marks[each] !== true) continue;
      const member = await botFor(message.chat).fetchMember(message.chat, person);
      const authority = await checkVoter(post, { workspace, person }, member);
      const { chat } = message;
      await cast(post, { type: 'mark', person, mark: each, source, authority, chat, workspace });
    }
  }

  /** Does what *Approve* and *Reject* on a review's card say; pressed again, they take the vote back. */
  async function press(
    event: ChatEventOf<'press'>,
    { post, member }: { post: Post; member: Member },
    mark: VoteChoice,
  ): Promise<void> {
    const { id: eventId, person, message, answer, ask, at: pressedAt = now() } = event;
    checkIsReviewed(post);
    const said = await ballots.read(post.id);
    if (isPressedAtOnce(said, { person, mark, pressedAt }))
      return answer(againText(post, said, { person, mark }));
    const authority = await checkVoter(post, event, member);
    // A crash may have kept us from remembering this card, whose reactions would not count then.
    if (message.isPrivate !== true && event.isOnMessage)
      await cardIndex.anchor(message, reviewSubject(post.id, message.chat));
    const acts = await ballots.read(post.id);
    const act = { eventId, person, mark, source: 'button' as const, pressedAt };
    const isRepeated = acts.some((known) => known.eventId === eventId);
    if (!isRepeated && isCounted(acts, act, post.contentHash)) {
      const undone = await cast(post, { ...act, type: 'unmark' });
      if (undone.result === 'late') throw new UserError(overProblem(undone.decision));
      return answer(takenBackText(mark, whatIsLeft(post, undone.acts, { person, mark })));
    }
    // A window opens only in answer to the press, so there the vote comes along with its reason.
    if (mark === 'reject' && ask !== undefined) return askWhy(event, post);
    const { chat, workspace } = event;
    const done = await cast(post, { ...act, type: 'mark', authority, chat, workspace });
    await answer(castText(mark, done, post));
    if (mark === 'reject') await askWhy(event, post);
  }

  /** Asks somebody who has rejected a post for the reason. */
  async function pressWhy(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    checkIsReviewed(post);
    const { decision } = post.review;
    if (decision?.outcome !== 'rejected') throw notNow('explain', post);
    const isVoter = decision.by.some(({ id }) => id === event.person.id);
    if (!isVoter) throw new UserError({ code: 'review_over', decision });
    await askWhy(event, post);
  }

  async function askWhy(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    const subject = encodeQuestionId({ kind: 'why', id: post.id });
    const question = { subject, title: WHY, text: '', maxLength: MAX_REASON_LENGTH };
    await questions.ask(event, {
      question,
      card: note(askWhyText(event.person)),
      replyTo: event.message,
    });
  }

  /**
   * Takes a rejection along with its reason out of our window, or the reason of one that stands; what to say to it.
   *
   * A reply to the card of somebody who has not rejected it is no business of ours.
   */
  async function explain(
    event: ChatEventOf<'text'>,
    { post, member }: { post: Post; member: Member },
  ): Promise<string | undefined> {
    const { id: eventId, person, text, at: pressedAt = now() } = event;
    checkIsReviewed(post);
    const votes = await readVotes(ballots, post);
    const hasRejected = votes.some((vote) => vote.person.id === person.id && vote.mark === 'reject');
    const reason = plainText(text).trim().slice(0, MAX_REASON_LENGTH).toWellFormed();
    if (hasRejected) {
      if (reason === '') return NO_REASON;
      await cast(post, { type: 'reason', person, text: reason });
      return REASON_TAKEN;
    }
    if (event.subject === undefined) return undefined;
    const authority = await checkVoter(post, event, member);
    const { chat, workspace } = event;
    const rejection = { type: 'mark', mark: 'reject', source: 'button' } as const;
    const act = { ...rejection, eventId, pressedAt, person, authority, chat, workspace };
    return castText('reject', await cast(post, act, reason), post);
  }

  /** @throws UserError when the review is over, or the person has no say. */
  async function checkVoter(
    post: ReviewedPost,
    { workspace, person }: Pick<ChatEvent, 'workspace' | 'person'>,
    member: Member,
  ): Promise<VoterRole> {
    const { policy, chats } = post.review;
    if (!(await takesPart({ access, workspaces }, post, workspace)))
      throw new UserError({ code: 'not_shared' });
    if (!takesVotes(post)) throw overError(post);
    const accounts = await personLinks.accountsOf(person);
    if (!policy.authorVotes && accounts.some(({ id }) => id === post.author.id))
      throw new UserError({ code: 'own_post' });
    const authority = member.isMember === false ? undefined : voterRoleOf(policy, person, member);
    if (authority === undefined) throw new UserError({ code: 'may_not_vote', policy, chats });
    if (!(await isLinkedIn(post.review, person, { accounts, botFor })))
      throw new UserError({ code: 'not_linked' });
    return authority;
  }

  /**
   * The accounts that are one person's, of the author and of everybody who has acted. They go along with each act, in one
   * write, so that whatever has come to this ballot before, and wherever a crash falls, nobody is counted twice.
   */
  async function linkedOn(
    post: ReviewedPost,
    acts: readonly BallotEntry[],
    latest: Person,
  ): Promise<(readonly Person[])[] | undefined> {
    const people = [post.author, latest, ...acts.map(({ person }) => person)];
    const unique = new Map(people.map((person) => [person.id, person]));
    const groups = new Map<string, readonly Person[]>();
    for (const person of unique.values()) {
      const accounts = await personLinks.accountsOf(person);
      const isNews = accounts.some((account) => !areOneOn(acts, person, account));
      if (isNews) groups.set(accounts.map(({ id }) => id).join(' '), accounts);
    }
    return groups.size === 0 ? undefined : [...groups.values()];
  }

  /** @throws UserError when the review was over before. */
  async function cast(post: ReviewedPost, given: GivenEntry, reason = ''): Promise<CastResult> {
    const at = now();
    const { contentHash } = post;
    if (given.type === 'mark' && given.mark === 'approve') await lapseVotes(post, given.person);
    // Taken back, a rejection lets approvals decide that it has outweighed, its own person's among them.
    if (given.type === 'unmark' && given.mark === 'reject' && (await isStanding(post, given)))
      await lapseVotes(post);
    const linked = await linkedOn(post, await ballots.read(post.id), given.person);
    const act: BallotEntry =
      given.type === 'mark' ? { ...given, at, contentHash, linked } : { ...given, at, linked };
    const along: BallotEntry[] =
      reason === '' ? [] : [{ type: 'reason', person: given.person, at, text: reason }];
    const done = await ballots.cast(termsOf(post), act, ...along);
    if (done.result === 'late' && act.type !== 'unmark') throw new UserError(overProblem(done.decision));
    if (done.result === 'counted') {
      await recorder.follow(post, done.acts);
      touch(post);
    }
    return done;
  }

  const isStanding = async ({ id, contentHash }: Post, mark: Pick<VoteEntry, 'person' | 'source' | 'mark'>) =>
    isCounted(await ballots.read(id), mark, contentHash);

  /**
   * Takes off the approvals of those who have lost their say, before one more decides: who is removed from a team, or loses
   * a role, or whose place takes no part any more, has approved nothing. Where a platform does not answer, a vote stands as
   * it was given; where Nod is shut out, or has no token for the platform, it is confirmed by nobody and does not count.
   *
   * `known` has a say: that was looked up just now.
   */
  async function lapseVotes(post: ReviewedPost, known?: Person): Promise<void> {
    const acts = await ballots.read(post.id);
    const approvals = votesOn(post, acts).filter(
      ({ mark, person }) => mark === 'approve' && person.id !== known?.id,
    );
    if (approvals.length + 1 < post.review.policy.approvals) return;
    for (const act of countedVotes(acts, post.contentHash)) {
      if (act.mark !== 'approve' || act.person.id === known?.id || (await hasSay(post, act))) continue;
      const { person, mark, source } = act;
      const lapsed = { type: 'unmark', person, mark, source, at: now(), isLapsed: true } as const;
      await ballots.cast(termsOf(post), lapsed);
    }
  }

  async function hasSay(post: ReviewedPost, { person, chat, workspace }: VoteEntry): Promise<boolean> {
    if (workspace !== undefined && !(await takesPart({ access, workspaces }, post, workspace))) return false;
    const accounts = await personLinks.accountsOf(person);
    try {
      if (!(await isLinkedIn(post.review, person, { accounts, botFor }))) return false;
      if (chat === undefined) return true;
      const member = await fetchMemberOf(botFor, chat, person);
      return member.isMember !== false && voterRoleOf(post.review.policy, person, member) !== undefined;
    } catch (error) {
      if (!(error instanceof ChatUnreachableError || error instanceof ChatBusyError)) throw error;
      return true;
    }
  }

  /** The post whose review a message shows. */
  async function postUnder(message: MessageRef): Promise<ReviewedPost | undefined> {
    const subject = await cardIndex.subjectOf(message);
    const about = subject === undefined ? undefined : parseSubject(subject);
    if (about === undefined || !('postId' in about)) return undefined;
    const post = await posts.get(about.postId);
    return post !== undefined && isReviewed(post) ? post : undefined;
  }

  return { react, mark, press, pressWhy, explain, postUnder };
}

export type Voting = ReturnType<typeof createVoting>;

type GivenEntry = Given<BallotEntry>;
type Given<A> = A extends BallotEntry ? Omit<A, 'at' | 'contentHash'> : never;

/** A reaction stands under one message; the same person may react under another card of the same review. */
export const sourceOf = (message: MessageRef): VoteSource => `reaction ${keyOf(message)}`;

/** What somebody is told who presses a button that they have just pressed: what their first press came to. */
function againText(
  post: ReviewedPost,
  acts: readonly BallotEntry[],
  { person, mark }: Pick<VoteEntry, 'person' | 'mark'>,
): string {
  if (!isCounted(acts, { person, mark, source: 'button' }, post.contentHash))
    return takenBackText(mark, whatIsLeft(post, acts, { person, mark }));
  return castText(mark, { result: 'known', acts, decision: decisionOf(acts, termsOf(post)) }, post);
}

/** What still says the same after a button was taken back: a reaction of the person's, or another account. */
function whatIsLeft(
  post: ReviewedPost,
  acts: readonly BallotEntry[],
  { person, mark }: Pick<VoteEntry, 'person' | 'mark'>,
): 'reaction' | 'account' | undefined {
  const left = countedVotes(acts, post.contentHash).filter((vote) => vote.mark === mark);
  if (left.some((vote) => vote.person.id === person.id)) return 'reaction';
  return left.some((vote) => areOneOn(acts, vote.person, person)) ? 'account' : undefined;
}

function checkIsReviewed(post: Post): asserts post is ReviewedPost {
  if (!isReviewed(post)) throw new UserError({ code: 'not_in_review' });
}

/** Whether somebody whose vote has decided says the same once more. */
function isKnown(problem: Problem, person: Person, marks: ChatEventOf<'reaction'>['marks']): boolean {
  if (problem.code !== 'review_over') return false;
  const { outcome, by } = problem.decision;
  return (
    by.some(({ id }) => id === person.id) && marks[outcome === 'approved' ? 'approve' : 'reject'] === true
  );
}

/** Says how it was decided, or how the post is now. */
const overError = (post: ReviewedPost): UserError =>
  post.review.decision === undefined
    ? notNow('vote', post)
    : new UserError({ code: 'review_over', decision: post.review.decision });

const overProblem = (decision: Decision | undefined): Problem =>
  decision === undefined ? { code: 'not_in_review' } : { code: 'review_over', decision };
