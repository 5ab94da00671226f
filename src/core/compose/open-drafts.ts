import type { Person } from '../publish/post.ts';
import type { Store } from '../storage/database.ts';
import type { Draft } from './draft.ts';

// Open drafts are found by index, so that a file in one chat does not cost a look at the drafts of all others.

type Drafts = Pick<Store<Draft>, 'find'>;

/** The open drafts of a person, in whichever place. */
export const openDraftsOf = (drafts: Drafts, { id }: Pick<Person, 'id'>): Promise<Draft[]> =>
  drafts.find({ where: { 'author.id': id }, without: 'submitted' });

/** The open drafts of a place, of whichever person. */
export const openDraftsIn = (drafts: Drafts, workspace: string): Promise<Draft[]> =>
  drafts.find({ where: { workspace }, without: 'submitted' });

/** The open drafts for which an account is chosen. */
export const openDraftsWith = (drafts: Drafts, openId: string): Promise<Draft[]> =>
  drafts.find({ where: { 'account.openId': openId }, without: 'submitted' });

/** The open drafts that nobody has touched since this time (epoch milliseconds). */
export const openDraftsUntouchedSince = (drafts: Drafts, below: number): Promise<Draft[]> =>
  drafts.find({ by: 'updatedAt', below, without: 'submitted' });
