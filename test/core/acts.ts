import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Person } from '../../src/core/people.ts';
import { type Ballot, createBallots, type Reviewed } from '../../src/core/review/ballots.ts';
import type {
  BallotEntry,
  ReviewPolicy,
  VoteChoice,
  VoteEntry,
  VoteSource,
} from '../../src/core/review/review.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { temporaryDirectory } from './media/files.ts';
import { POLICY, T0 } from './posts.ts';

export const HASH = 'hash of what was submitted';
export const CLEO: Person = { id: 'discord:3', name: 'Cleo' };
export const DORA: Person = { id: 'discord:4', name: 'Dora' };

type MarkFields = Partial<Pick<VoteEntry, 'source' | 'contentHash' | 'at' | 'authority'>>;

export function mark(person: Person, what: VoteChoice, fields: MarkFields = {}): VoteEntry {
  return {
    person,
    at: T0,
    type: 'mark',
    mark: what,
    source: 'button',
    contentHash: HASH,
    authority: { by: 'manager' },
    ...fields,
  };
}

export const approve = (person: Person, fields?: MarkFields) => mark(person, 'approve', fields);
export const reject = (person: Person, fields?: MarkFields) => mark(person, 'reject', fields);

export function unmark(person: Person, what: VoteChoice, source: VoteSource = 'button'): BallotEntry {
  return { person, at: T0, type: 'unmark', mark: what, source };
}

export const reason = (person: Person, text: string): BallotEntry => ({
  person,
  at: T0,
  type: 'reason',
  text,
});

export const terms = (policy: Partial<ReviewPolicy> = {}) => ({
  policy: { ...POLICY, ...policy },
  contentHash: HASH,
});

export const reviewOf = (policy: Partial<ReviewPolicy> = {}): Reviewed => ({
  postId: 'post-1',
  ...terms(policy),
});

/** Ballots in a database file of their own, and who was woken by them. */
export function ballotBox({ file = join(temporaryDirectory(), 'nod.db') } = {}) {
  const stores = openStores({ file });
  onTestFinished(() => stores.close());
  const woken: string[] = [];
  const ballots = createBallots({
    ballots: stores.store<Ballot>('ballots'),
    wake: (postId) => void woken.push(postId),
  });
  return { ballots, woken, file };
}
