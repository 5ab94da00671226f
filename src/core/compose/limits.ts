import type { Person } from '../people.ts';
import type { Problem } from '../problems.ts';
import type { Keeper } from './disk-usage.ts';
import type { Draft, DraftFile } from './draft.ts';

/** What counts towards a limit. */
interface Amounts {
  /** Files of open drafts that are still to be copied or converted. */
  readonly files: number;
  /** Open drafts. */
  readonly drafts: number;
  /** Bytes on the disk, and those that are announced and still to be copied. */
  readonly bytes: number;
}

/** What one person has, in whichever place, and what one place has, of whichever person. */
export type Shares = Readonly<Record<keyof Keeper, Amounts>>;

/** For whom the files of a draft or a post are kept. */
export function keeperOf({ author, workspace }: { author: Person; workspace: string }): Keeper {
  return { person: author.id, place: workspace };
}

/** What a person and a place have now: their open drafts, and the bytes that are on the disk for them. */
export function sharesOf(
  { person, place }: Keeper,
  openDrafts: readonly Draft[],
  stored: Readonly<Record<keyof Keeper, number>>,
): Shares {
  return {
    person: amountsOf(
      openDrafts.filter(({ author }) => author.id === person),
      stored.person,
    ),
    place: amountsOf(
      openDrafts.filter(({ workspace }) => workspace === place),
      stored.place,
    ),
  };
}

function amountsOf(openDrafts: readonly Draft[], storedBytes: number): Amounts {
  const files = openDrafts.flatMap((draft) => draft.files);
  const waiting = files.filter(({ state }) => state === 'waiting');
  const inWork = files.filter(({ state }) => state === 'waiting' || state === 'stored');
  const announcedBytes = waiting.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  return { files: inWork.length, drafts: openDrafts.length, bytes: storedBytes + announcedBytes };
}

/** The limit that one more draft would exceed, of files that count already. */
export function draftLimitReached({ taken, limits }: { taken: Shares; limits: Shares }): Problem | undefined {
  return exceeded({ drafts: 1, files: 0, bytes: 0 }, { taken, limits });
}

/** The limit that one more file would exceed, if there is one; a file that is refused already counts for its draft alone. */
export function limitReached(
  file: Pick<DraftFile, 'state' | 'bytes'>,
  { taken, limits, beginsDraft }: { taken: Shares; limits: Shares; beginsDraft: boolean },
): Problem | undefined {
  const isUsable = file.state !== 'refused';
  const more: Amounts = {
    drafts: beginsDraft ? 1 : 0,
    files: isUsable ? 1 : 0,
    // At least one byte, also where the chat does not tell the size.
    bytes: isUsable ? Math.max(1, file.bytes ?? 1) : 0,
  };
  return exceeded(more, { taken, limits });
}

/** How many bytes more a person and their place may have, and whose limit that is. */
export function bytesLeft({ taken, limits }: { taken: Shares; limits: Shares }) {
  const left = (who: keyof Shares) => ({ who, bytes: Math.max(0, limits[who].bytes - taken[who].bytes) });
  const [person, place] = [left('person'), left('place')];
  return person.bytes <= place.bytes ? person : place;
}

function exceeded(more: Amounts, { taken, limits }: { taken: Shares; limits: Shares }): Problem | undefined {
  for (const what of ['drafts', 'files', 'bytes'] as const) {
    for (const who of ['person', 'place'] as const) {
      const max = limits[who][what];
      if (more[what] > 0 && taken[who][what] + more[what] > max)
        return { code: 'too_much_at_once', what, who, max };
    }
  }
  return undefined;
}
