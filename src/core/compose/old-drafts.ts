import type { Problem } from '../problems.ts';
import type { CreatorInfo } from '../tiktok/types.ts';
import type { Draft, DraftAccount, DraftPlan, GrantedAccount } from './draft.ts';

/** A draft as Nod wrote it before its account had a state, on the disk until it is written again. */
export type OldDraft = Omit<Draft, 'account' | 'plan'> & {
  readonly account?: GrantedAccount;
  readonly creator?: CreatorInfo;
  readonly creatorProblem?: Problem;
  readonly publishAt?: number;
  readonly planProblem?: Problem;
};

/** The draft that a record stands for, also where an older Nod wrote it; throws where it is none. */
export function upgradeDraft(record: Draft | OldDraft): Draft {
  if (!Array.isArray(record.files)) throw new TypeError('A draft has no list of files.');
  if (!isOld(record)) return record;
  const { account, creator, creatorProblem, publishAt, planProblem, ...draft } = record;
  return { ...draft, account: accountOf(record), plan: planOf(record) };
}

const isOld = (record: Draft | OldDraft): record is OldDraft =>
  record.account === undefined || !('state' in record.account);

function accountOf({ account, creator, creatorProblem: problem }: OldDraft): DraftAccount {
  if (account === undefined) return { state: problem === undefined ? 'unchosen' : 'none' };
  if (problem !== undefined) return { ...account, state: 'unavailable', problem };
  return creator === undefined
    ? { ...account, state: 'not_granted' }
    : { ...account, state: 'ready', creator };
}

/** The problem came last: what should go out later never goes out at a time that was given up. */
function planOf({ publishAt: at, planProblem: problem }: OldDraft): DraftPlan | undefined {
  if (problem !== undefined) return { problem };
  return at === undefined ? undefined : { at };
}
