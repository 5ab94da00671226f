import type { Person } from '../people.ts';
import type { Search, Store } from '../storage/database.ts';
import type { Draft } from './draft.ts';

// Open drafts are found by index, so that a file in one chat does not cost a look at the drafts of all others.

type Drafts = Pick<Store<Draft>, 'find'>;

const search = async (drafts: Drafts, wanted: Search): Promise<Draft[]> =>
  (await drafts.find({ ...wanted, without: 'submitted' })).map(([, draft]) => draft);

/** The open drafts of a person, in whichever place. */
export const openDraftsOf = (drafts: Drafts, { id }: Pick<Person, 'id'>): Promise<Draft[]> =>
  search(drafts, { where: { 'author.id': id } });

/** The open drafts of a place, of whichever person. */
export const openDraftsIn = (drafts: Drafts, workspace: string): Promise<Draft[]> =>
  search(drafts, { where: { workspace } });

/** All open drafts of a person and of a place, each once. */
export async function openDraftsAround(
  drafts: Drafts,
  { person, workspace }: { person: Pick<Person, 'id'>; workspace: string },
): Promise<Draft[]> {
  const theirs = await openDraftsOf(drafts, person);
  const here = await openDraftsIn(drafts, workspace);
  return [...theirs, ...here.filter(({ author }) => author.id !== person.id)];
}

/** The open drafts for which an account is chosen. */
export const openDraftsWith = (drafts: Drafts, openId: string): Promise<Draft[]> =>
  search(drafts, { where: { 'account.openId': openId } });

/** The open drafts that nobody has touched since this time (epoch milliseconds). */
export const openDraftsUntouchedSince = (drafts: Drafts, below: number): Promise<Draft[]> =>
  search(drafts, { by: 'updatedAt', below });
