import type { Logger } from 'pino';
import type { Workspaces } from '../accounts/workspaces.ts';
import type { Store } from '../storage/database.ts';
import type { Draft } from './draft.ts';
import type { Composer } from './drafts.ts';

/** Looks at open drafts again whose accounts may have changed. */
export function createRefreshing({
  drafts,
  composer,
  workspaces,
  log,
}: {
  drafts: Store<Draft>;
  composer: Pick<Composer, 'refresh'>;
  workspaces: Workspaces;
  log: Logger;
}) {
  /** Asks TikTok again for those that are wanted, wherever they are; what cannot be asked for now stays as it is. */
  async function refresh(isWanted: (draft: Draft) => boolean): Promise<void> {
    for await (const [id, draft] of drafts.entries()) {
      if (draft.submitted !== undefined || !isWanted(draft)) continue;
      await composer
        .refresh(id, draft.author)
        .catch((error) => log.warn({ err: error }, 'A draft stays as it was'));
    }
  }

  /** The same for the drafts of a place, and of all that share with it. */
  async function refreshIn(workspace: string, isWanted: (draft: Draft) => boolean): Promise<void> {
    const sharing = await workspaces.idsOf(workspace);
    await refresh((draft) => sharing.includes(draft.workspace) && isWanted(draft));
  }

  return { refresh, refreshIn };
}

export type Refreshing = ReturnType<typeof createRefreshing>;
