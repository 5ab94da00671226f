import type { ChatRef, Person } from '../people.ts';

/** What somebody says about a post under review. */
export type VoteChoice = 'approve' | 'reject';

/** A role of the platform's; the id decides, the name is what it was called when it was chosen. */
export interface Role {
  /** `discord:<role>` */
  readonly id: string;
  readonly name: string;
  /** The workspace that it was chosen in; no other has it. */
  readonly place?: string;
}

/** Whose approval a workspace asks for before it posts. */
export interface ReviewPolicy {
  /** How many approvals a post needs, 1 to 10; 0 asks for none. */
  readonly approvals: number;
  /** Whether those have a say who manage the server or administer the group. */
  readonly managersVote: boolean;
  readonly roles: readonly Role[];
  readonly people: readonly Person[];
  readonly authorVotes: boolean;
  /** Whether one rejection ends the review; else it takes as many as approvals are needed. */
  readonly rejectionIsFinal: boolean;
  readonly openHours: number;
  /** Where chats are joined, only people have a say who have linked their accounts of both. */
  readonly linkedVoters?: boolean | undefined;
}

/** The part of a policy that says who has a say; how votes are counted is no part of it. */
export type VoterRules = Pick<
  ReviewPolicy,
  'managersVote' | 'roles' | 'people' | 'authorVotes' | 'linkedVoters'
>;

/** Somebody's part in a place at this moment, as its platform tells it. */
export interface Member {
  /** Whether the person is in the place at all; absent where the platform does not tell. */
  readonly isMember?: boolean;
  readonly isManager: boolean;
  readonly roles: readonly Role[];
}

/** What gives a voter a say: the evidence, as of the vote. */
export type VoterRole =
  | { readonly by: 'manager' }
  | { readonly by: 'role'; readonly role: Role }
  | { readonly by: 'name' };

/** How a mark was set: by our button, or by a reaction under one message of ours. */
export type VoteSource = 'button' | `reaction ${string}`;

/** One thing that somebody did about a review. Acts are only ever added, in the order in which they count. */
export type BallotEntry = {
  readonly person: Person;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The platform's id of the event; the same event may come twice. */
  readonly eventId?: string;
  /** When a button was pressed, by its platform's clock; `at` is by ours. */
  readonly pressedAt?: number | undefined;
  /** Accounts that are one person's, group by group, as of this act. On this ballot they are one for good. */
  readonly linked?: readonly (readonly Person[])[] | undefined;
} & (
  | {
      readonly type: 'mark';
      readonly mark: VoteChoice;
      readonly source: VoteSource;
      /** The content that the voter saw; a vote is for nothing else. */
      readonly contentHash: string;
      readonly authority: VoterRole;
      /** Where the voter's say was looked up, to be looked up there again; absent in votes from before that was done. */
      readonly chat?: ChatRef;
      /** The place in which the voter has it; absent likewise. */
      readonly workspace?: string;
    }
  /** Takes a mark back; `isLapsed` when its person has lost the say meanwhile. */
  | {
      readonly type: 'unmark';
      readonly mark: VoteChoice;
      readonly source: VoteSource;
      readonly isLapsed?: true;
    }
  /** Says why one rejects. */
  | { readonly type: 'reason'; readonly text: string }
);

export type VoteEntry = Extract<BallotEntry, { type: 'mark' }>;

/** What somebody's marks come to. */
export interface Vote {
  readonly person: Person;
  readonly mark: VoteChoice;
  readonly at: number;
  readonly authority: VoterRole;
  readonly reason?: string | undefined;
}

/** How a review ended. */
export interface Decision {
  readonly outcome: 'approved' | 'rejected';
  /** Whose votes made it, in the order in which they were cast. */
  readonly by: readonly Person[];
  readonly at: number;
}

/** What a review is about, and by which terms it is decided. */
export interface ReviewTerms {
  readonly policy: ReviewPolicy;
  readonly contentHash: string;
  /** Whose post it is. */
  readonly author?: Person | undefined;
}

/** The policy where nobody has set one: a team's posts need one more pair of eyes, a person's own none. */
export function defaultPolicy({ isPrivate }: { isPrivate: boolean }): ReviewPolicy {
  return {
    approvals: isPrivate ? 0 : 1,
    managersVote: true,
    roles: [],
    people: [],
    authorVotes: false,
    rejectionIsFinal: true,
    openHours: 72,
  };
}

/** What gives the person a say; undefined when nothing does. */
export function voterRoleOf(
  policy: ReviewPolicy,
  person: Person,
  { isManager, roles }: Member,
): VoterRole | undefined {
  if (policy.people.some(({ id }) => id === person.id)) return { by: 'name' };
  const role = policy.roles.find(({ id }) => roles.some((held) => held.id === id));
  if (role !== undefined) return { by: 'role', role: roles.find(({ id }) => id === role.id) ?? role };
  return policy.managersVote && isManager ? { by: 'manager' } : undefined;
}

/** Every button and reaction of one account that stands. */
interface VoteMarks {
  readonly valid: Map<string, VoteEntry>;
  reason?: string;
}

/** What has been said so far, by account, and which accounts are one person's. */
interface Tally {
  readonly marks: Map<string, VoteMarks>;
  /** From an account to another one of the same person's, and so on to the one that stands for all. */
  readonly same: Map<string, string>;
}

/**
 * The votes that stand after these acts, in the order in which they were cast; those of `barred` do not count.
 *
 * Several marks of one person, from whichever of their accounts, are one vote: a rejection outweighs an approval, whichever
 * came last, because reactions that are read back have no order. Two buttons cannot be pressed at once, so the later press
 * takes the place of the other.
 */
export function votesOf(acts: readonly BallotEntry[], contentHash: string, barred?: Person): Vote[] {
  return votesIn(tallyOf(acts, contentHash), barred);
}

/** Whose vote does not count: the author's, unless the policy lets authors vote. */
export const barredFrom = ({ policy, author }: Pick<ReviewTerms, 'policy' | 'author'>): Person | undefined =>
  policy.authorVotes ? undefined : author;

/** Whether two accounts are known on this ballot as one person's. */
export function areOneOn(acts: readonly BallotEntry[], one: Person, other: Person): boolean {
  const { same } = tallyOf(acts, '');
  return personOf(same, one.id) === personOf(same, other.id);
}

/** Whether this mark of the person stands. */
export function isCounted(
  acts: readonly BallotEntry[],
  { person, source, mark }: Pick<VoteEntry, 'person' | 'source' | 'mark'>,
  contentHash: string,
): boolean {
  return tallyOf(acts, contentHash).marks.get(person.id)?.valid.has(`${source} ${mark}`) ?? false;
}

/** Presses of one button that come closer together than this (milliseconds) are one press: a double tap, or impatience. */
const AT_ONCE_MS = 5_000;

/** Whether the person has just pressed this very button, so that one more press says nothing new. */
export function isPressedAtOnce(
  acts: readonly BallotEntry[],
  { person, mark, pressedAt }: Pick<VoteEntry, 'person' | 'mark'> & { readonly pressedAt: number },
): boolean {
  const last = acts.findLast(
    (act) => act.type !== 'reason' && act.source === 'button' && act.person.id === person.id,
  );
  if (last === undefined || last.type === 'reason' || last.mark !== mark) return false;
  // Who has lost the say, and has it again, has pressed nothing meanwhile.
  if (last.type === 'unmark' && last.isLapsed) return false;
  return Math.abs(pressedAt - (last.pressedAt ?? last.at)) < AT_ONCE_MS;
}

/** Everything that stands, of everybody. */
export function countedVotes(acts: readonly BallotEntry[], contentHash: string): VoteEntry[] {
  return [...tallyOf(acts, contentHash).marks.values()].flatMap(({ valid }) => [...valid.values()]);
}

const emptyTally = (): Tally => ({ marks: new Map(), same: new Map() });

function tallyOf(acts: readonly BallotEntry[], contentHash: string): Tally {
  const tally = emptyTally();
  for (const act of acts) apply(tally, act, contentHash);
  return tally;
}

function apply(tally: Tally, act: BallotEntry, contentHash: string): void {
  for (const [first, ...others] of act.linked ?? [])
    for (const other of others) if (first !== undefined) unite(tally.same, first.id, other.id);
  const marks: VoteMarks = tally.marks.get(act.person.id) ?? { valid: new Map() };
  tally.marks.set(act.person.id, marks);
  if (act.type === 'reason') marks.reason = act.text;
  else if (act.type === 'unmark') marks.valid.delete(`${act.source} ${act.mark}`);
  else if (act.contentHash === contentHash) {
    if (act.source === 'button') marks.valid.delete(`button ${opposite(act.mark)}`);
    marks.valid.set(`${act.source} ${act.mark}`, act);
  }
}

/** The account that stands for all of its person's. */
function personOf(same: Tally['same'], id: string): string {
  let found = id;
  for (let next = same.get(found); next !== undefined; next = same.get(found)) found = next;
  return found;
}

function unite(same: Tally['same'], one: string, other: string): void {
  const [first, second] = [personOf(same, one), personOf(same, other)];
  if (first !== second) same.set(second, first);
}

function votesIn({ marks, same }: Tally, barred: Person | undefined): Vote[] {
  const people = Map.groupBy(marks, ([id]) => personOf(same, id));
  if (barred !== undefined) people.delete(personOf(same, barred.id));
  return [...people.values()]
    .flatMap((accounts) => voteOf(accounts.map(([, own]) => own)))
    .sort((a, b) => a.at - b.at);
}

function voteOf(accounts: readonly VoteMarks[]): Vote[] {
  const marks = accounts.flatMap(({ valid }) => [...valid.values()]);
  const counted = marks.find(({ mark }) => mark === 'reject') ?? marks[0];
  if (counted === undefined) return [];
  const { person, mark, at, authority } = counted;
  const own = accounts.find(({ valid }) => [...valid.values()].includes(counted));
  const reason = own?.reason ?? accounts.find((each) => each.reason !== undefined)?.reason;
  return [{ person, mark, at, authority, reason: mark === 'reject' ? reason : undefined }];
}

const opposite = (mark: VoteChoice): VoteChoice => (mark === 'approve' ? 'reject' : 'approve');

/**
 * How the review ended, by the first act that decided it; what came after changes nothing.
 *
 * Undefined while it is open.
 */
export function decisionOf(acts: readonly BallotEntry[], terms: ReviewTerms): Decision | undefined {
  const { policy, contentHash } = terms;
  const tally = emptyTally();
  for (const act of acts) {
    apply(tally, act, contentHash);
    const votes = votesIn(tally, barredFrom(terms));
    const by = (mark: VoteChoice) => votes.filter((vote) => vote.mark === mark).map(({ person }) => person);
    const rejections = by('reject');
    if (rejections.length >= (policy.rejectionIsFinal ? 1 : policy.approvals))
      return { outcome: 'rejected', by: rejections, at: act.at };
    const approvals = by('approve');
    if (approvals.length >= policy.approvals) return { outcome: 'approved', by: approvals, at: act.at };
  }
  return undefined;
}

/** Who could vote on a post, each person once, as far as its platforms tell. */
export interface Electorate {
  readonly people: readonly Person[];
  /** There may be others where a platform does not tell. */
  readonly isComplete: boolean;
}

/** Whether there are people enough to approve a post; undefined where nobody can know. */
export function isApprovable(
  { approvals }: Pick<ReviewPolicy, 'approvals'>,
  { people, isComplete }: Electorate,
): boolean | undefined {
  if (people.length >= approvals) return true;
  return isComplete ? false : undefined;
}
