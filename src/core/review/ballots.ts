import type { CastEntry } from '../health/observer.ts';
import { platformOf } from '../people.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { type BallotEntry, type Decision, decisionOf, isCounted, type ReviewTerms } from './review.ts';

/** What people did about one review. */
export interface Ballot extends Versioned {
  readonly acts: readonly BallotEntry[];
  /** The post has left the review: nothing counts any more. */
  readonly isClosed?: true;
}

/** A review that somebody acts on. */
export interface Reviewed extends ReviewTerms {
  readonly postId: string;
}

const EMPTY: Ballot = { acts: [], version: 0 };

/** What came of an act. */
export interface CastResult {
  /** `known` when it changes nothing that stands, `late` when the review was over before. */
  readonly result: 'counted' | 'known' | 'late';
  readonly acts: readonly BallotEntry[];
  /** How the review ended, by this act or before it. */
  readonly decision?: Decision | undefined;
}

/**
 * Keeps the votes: one record for each review, written by everybody who sees a vote. Its order is the order in which
 * votes count, so that whoever reads it finds the same decision.
 */
export function createBallots({
  ballots,
  wake,
  onCast = () => {},
}: {
  ballots: Store<Ballot>;
  wake: (postId: string) => void;
  /** Told of every act, and of what came of it. */
  onCast?: ((entry: CastEntry) => void) | undefined;
}) {
  const read = async (postId: string): Promise<readonly BallotEntry[]> =>
    (await ballots.get(postId))?.acts ?? [];

  /** Adds an act, along with what explains it, and wakes the post. A reason may follow the decision that it explains. */
  async function cast(
    review: Reviewed,
    act: BallotEntry,
    ...along: readonly BallotEntry[]
  ): Promise<CastResult> {
    let result: CastResult['result'] = 'counted';
    const { acts } = await ballots.upsert(review.postId, (ballot = EMPTY) => {
      result = resultOf(ballot, review, act);
      return result === 'counted' ? { ...ballot, acts: [...ballot.acts, act, ...along] } : ballot;
    });
    onCast({ platform: platformOf(act.person.id), vote: voteOf(act), result });
    if (result === 'counted') wake(review.postId);
    const decision = decisionOf(acts, review);
    return { result, acts, ...(decision !== undefined && { decision }) };
  }

  /** Ends the vote because the post leaves the review; the decision that came before, if there was one. */
  async function close(review: Reviewed): Promise<Decision | undefined> {
    const { acts } = await ballots.upsert(review.postId, (ballot = EMPTY) =>
      ballot.isClosed || decisionOf(ballot.acts, review) !== undefined
        ? ballot
        : { ...ballot, isClosed: true },
    );
    return decisionOf(acts, review);
  }

  async function decision(review: Reviewed): Promise<Decision | undefined> {
    return decisionOf(await read(review.postId), review);
  }

  /** Deletes the votes along with their post. */
  async function forget(postId: string): Promise<void> {
    await ballots.delete(postId);
  }

  return { read, cast, close, decision, forget };
}

export type Ballots = ReturnType<typeof createBallots>;

function voteOf(act: BallotEntry): CastEntry['vote'] {
  if (act.type === 'mark') return act.mark;
  return act.type === 'unmark' ? 'withdraw' : 'explain';
}

function resultOf({ acts, isClosed }: Ballot, review: Reviewed, act: BallotEntry): CastResult['result'] {
  const decision = decisionOf(acts, review);
  if (act.type === 'reason') {
    const mayExplain =
      decision === undefined ? !isClosed : decision.by.some(({ id }) => id === act.person.id);
    return mayExplain ? 'counted' : 'late';
  }
  if (act.eventId !== undefined && acts.some(({ eventId }) => eventId === act.eventId)) return 'known';
  if (isClosed || decision !== undefined) return 'late';
  return isCounted(acts, act, review.contentHash) === (act.type === 'mark') ? 'known' : 'counted';
}
