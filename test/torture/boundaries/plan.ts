/** On which side of a boundary a life ends: before it is done, or when it is done and nobody has heard of it yet. */
export type Side = 'before' | 'after';

/** Where a life of Nod ends by itself; written into a file that the preload reads. */
export interface Plan {
  /** Gets a line for each boundary, in order. */
  readonly log: string;
  readonly dataDir: string;
  /** The addresses of the platforms, by their names. */
  readonly platforms: Readonly<Record<string, string>>;
  /** At the boundary with this number, counted from 1, whatever it is. */
  readonly at?: { readonly number: number; readonly side: Side } | undefined;
  /** Before that at the first boundary from a number on of which one side is not among these, as `side kind`. */
  readonly hunt?:
    | {
        readonly from: number;
        readonly known: readonly string[];
        /** Of these kinds alone, by a pattern. */
        readonly only?: string | undefined;
      }
    | undefined;
}

/** The variable with the path of the plan. */
export const PLAN = 'TORTURE_PLAN';

/** What a life has left in its log. */
export interface Told {
  /** The kind of each boundary, in the order in which they were reached. */
  readonly kinds: readonly string[];
  /** Where it has ended by itself; absent where somebody else has ended it. */
  readonly end?: { readonly number: number; readonly side: Side; readonly kind: string } | undefined;
}

/** Reads what the preload has written; a line that was cut counts for nothing. */
export function readTold(log: string): Told {
  const lines = log.split('\n').slice(0, -1);
  const last = /^! (before|after) (\d+) (.+)$/.exec(lines.at(-1) ?? '');
  const kinds = lines.filter((line) => !line.startsWith('! '));
  if (last === null) return { kinds };
  const [, side, number, kind = ''] = last;
  return { kinds, end: { number: Number(number), side: side === 'before' ? 'before' : 'after', kind } };
}
