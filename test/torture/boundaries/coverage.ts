import type { Side, Told } from './plan.ts';

interface Seen {
  /** How often a life has reached it. */
  reached: number;
  /** How often a life has ended on this side of it. */
  before: number;
  after: number;
}

/** Which kinds of boundaries there are, as the lives of Nod have shown, and at which of them lives have ended. */
export function createCoverage() {
  const kinds = new Map<string, Seen>();

  function add({ kinds: reached, end }: Told): void {
    for (const kind of reached) entryOf(kind).reached += 1;
    if (end !== undefined) entryOf(end.kind)[end.side] += 1;
  }

  function entryOf(kind: string): Seen {
    const known = kinds.get(kind) ?? { reached: 0, before: 0, after: 0 };
    kinds.set(kind, known);
    return known;
  }

  /** The sides at which so many lives have ended at least, as `side kind`. */
  const visited = (times: number): string[] =>
    [...kinds].flatMap(([kind, seen]) =>
      sides.filter((side) => seen[side] >= times).map((side) => `${side} ${kind}`),
    );

  /** Those at which none has ended so far, with how often they were reached. */
  const missing = (): string[] =>
    [...kinds].flatMap(([kind, seen]) =>
      sides
        .filter((side) => seen[side] === 0)
        .map((side) => `${side} ${kind} (reached ${seen.reached} times)`),
    );

  return { add, visited, missing, kinds: (): ReadonlyMap<string, Readonly<Seen>> => kinds };
}

export type Coverage = ReturnType<typeof createCoverage>;

const sides: readonly Side[] = ['before', 'after'];
