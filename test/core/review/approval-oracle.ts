import type { BallotEntry, ReviewPolicy } from '../../../src/core/review/review.ts';

export interface Verdict {
  readonly outcome: 'approved' | 'rejected';
  /** Ids of those whose votes made it. */
  readonly by: ReadonlySet<string>;
  /** How many acts it took. */
  readonly acts: number;
}

/** How a ballot ended, worked out the long way: after each act anew, person by person and place by place. */
export function verdictOf(
  acts: readonly BallotEntry[],
  policy: ReviewPolicy,
  contentHash: string,
): Verdict | undefined {
  for (let count = 1; count <= acts.length; count += 1) {
    const before = acts.slice(0, count);
    const people = peopleIn(before);
    const opinions = people.flatMap((accounts) => {
      const said = accounts.map((id) => ({ id, opinion: opinionOf(before, id, contentHash) }));
      return said.find(({ opinion }) => opinion === 'reject') ?? said.find(({ opinion }) => opinion) ?? [];
    });
    const against = opinions.filter(({ opinion }) => opinion === 'reject').map(({ id }) => id);
    const inFavour = opinions.filter(({ opinion }) => opinion === 'approve').map(({ id }) => id);
    if (against.length > 0 && (policy.rejectionIsFinal || against.length >= policy.approvals))
      return { outcome: 'rejected', by: new Set(against), acts: count };
    if (inFavour.length >= policy.approvals)
      return { outcome: 'approved', by: new Set(inFavour), acts: count };
  }
  return undefined;
}

/** The accounts of each person, those together that somebody has linked. */
function peopleIn(acts: readonly BallotEntry[]): string[][] {
  let people = [...new Set(acts.map(({ person }) => person.id))].map((id) => [id]);
  for (const group of acts.flatMap(({ linked = [] }) => linked)) {
    const ids = group.map(({ id }) => id);
    const isOfIt = (accounts: string[]) => accounts.some((id) => ids.includes(id));
    people = [
      ...people.filter((one) => !isOfIt(one)),
      [...new Set([...people.filter(isOfIt).flat(), ...ids])],
    ];
  }
  return people;
}

/** What all buttons and reactions of one account come to. */
function opinionOf(
  acts: readonly BallotEntry[],
  id: string,
  contentHash: string,
): 'approve' | 'reject' | undefined {
  let button: 'approve' | 'reject' | undefined;
  const reactions = { approve: new Set<string>(), reject: new Set<string>() };
  for (const act of acts) {
    if (act.person.id !== id || act.type === 'reason') continue;
    if (act.type === 'mark' && act.contentHash !== contentHash) continue;
    if (act.source !== 'button') {
      if (act.type === 'mark') reactions[act.mark].add(act.source);
      else reactions[act.mark].delete(act.source);
    } else if (act.type === 'mark') button = act.mark;
    else if (button === act.mark) button = undefined;
  }
  if (button === 'reject' || reactions.reject.size > 0) return 'reject';
  return button === 'approve' || reactions.approve.size > 0 ? 'approve' : undefined;
}
