import type { StoredFile } from '../media/types.ts';

/** For whom a file is kept: its author's id and their place. */
export interface Keeper {
  readonly person: string;
  readonly place: string;
}

interface CountedFile {
  readonly bytes: number;
  readonly storedAt: number;
}

/** Files by whom they count for, and by their key in the media store. */
type Ledger = Map<string, { bytes: number; readonly files: Map<string, CountedFile> }>;

/** How many bytes of each person's and each place's files are on the disk; in memory, and bounded as the disk is. */
export function createUsage({ now }: { now: () => number }) {
  let ledger: Ledger = new Map();

  /** Counts files that were stored just now. A file counts once for each person and place, however many keep it. */
  function add(keeper: Keeper, files: readonly StoredFile[]): void {
    countFor(ledger, keeper, files, now());
  }

  /** Counts files no more, for nobody: they were deleted. */
  function forget(keys: readonly string[]): void {
    for (const [name, sum] of ledger) {
      for (const key of keys) {
        sum.bytes -= sum.files.get(key)?.bytes ?? 0;
        sum.files.delete(key);
      }
      if (sum.files.size === 0) ledger.delete(name);
    }
  }

  function bytesOf(keeper: Keeper): Readonly<Record<keyof Keeper, number>> {
    const { person, place } = namesOf(keeper);
    return { person: ledger.get(person)?.bytes ?? 0, place: ledger.get(place)?.bytes ?? 0 };
  }

  /**
   * Counts anew what `walk` finds kept, in place of what was counted before. What was stored after `since` stays
   * counted even where nobody keeps it any more: it is still on the disk.
   */
  async function recount(
    walk: (count: (keeper: Keeper, files: readonly StoredFile[]) => void) => Promise<void>,
    { since }: { since: number },
  ): Promise<void> {
    const fresh: Ledger = new Map();
    await walk((keeper, files) => countFor(fresh, keeper, files, Number.NEGATIVE_INFINITY));
    for (const [name, { files }] of ledger) {
      for (const [key, file] of files) if (file.storedAt > since) put(fresh, name, key, file);
    }
    ledger = fresh;
  }

  return { add, forget, bytesOf, recount };
}

export type Usage = ReturnType<typeof createUsage>;

/** Whose a sum in the ledger is. */
const namesOf = ({ person, place }: Keeper): Keeper => ({
  person: `person ${person}`,
  place: `place ${place}`,
});

function countFor(ledger: Ledger, keeper: Keeper, files: readonly StoredFile[], storedAt: number): void {
  for (const name of Object.values(namesOf(keeper))) {
    for (const { key, bytes } of files) put(ledger, name, key, { bytes, storedAt });
  }
}

function put(ledger: Ledger, name: string, key: string, file: CountedFile): void {
  const sum = ledger.get(name) ?? { bytes: 0, files: new Map<string, CountedFile>() };
  const known = sum.files.get(key);
  if (known === undefined) sum.bytes += file.bytes;
  if (known === undefined || known.storedAt < file.storedAt) sum.files.set(key, file);
  ledger.set(name, sum);
}
