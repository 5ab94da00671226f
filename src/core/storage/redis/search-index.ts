import type { Search } from '../store.ts';

/** Every record is in the sorted set of its values, where it is found by its key or by a number of its own. */
export interface IndexQuestion {
  /** The index that answers it, as Redis keeps it. */
  readonly definition: string;
  readonly set: string;
  readonly order: 'BYLEX' | 'BYSCORE';
  readonly least: string | Buffer;
  readonly greatest: string | Buffer;
}

/** The index that answers a search, and where in it. */
export function indexQuestion({ where = {}, without, by, from, below, after }: Search): IndexQuestion {
  const paths = Object.keys(where).sort();
  return {
    definition: definitionOf({ where: paths, without, by }),
    set: paths.map((path) => setOf(`s${where[path]}`)).join(''),
    order: by === undefined ? 'BYLEX' : 'BYSCORE',
    least: by === undefined ? (after === undefined ? '-' : behind(after)) : String(from ?? '-inf'),
    greatest: by === undefined ? '+' : below === undefined ? '+inf' : `(${below}`,
  };
}

/** The index by which records are counted that hold the same at a path. */
export const countedIndex = (path: string): string => definitionOf({ where: [path], isCounted: true });

/** The value that all records of a set hold at the path by which they are counted. */
export function heldIn(set: string): string | number {
  const value = set.slice(set.indexOf(':') + 1);
  return value.startsWith('n') ? Number(value.slice(1)) : value.slice(1);
}

/** The bound behind a key, in the order of keys. */
export const behind = (key: string): Buffer => Buffer.from(`(${key}`);

function definitionOf({
  where,
  without,
  by,
  isCounted,
}: {
  where: readonly string[];
  without?: string | undefined;
  by?: string | undefined;
  isCounted?: true;
}): string {
  return JSON.stringify({ where, without, by, isCounted });
}

/** Lengths are counted in bytes, as Lua does. */
const setOf = (value: string): string => `${Buffer.byteLength(value)}:${value}`;
