import { createHash, randomInt } from 'node:crypto';
import { UserError } from './errors.ts';
import type { Person } from './post.ts';
import type { Store, Versioned } from './stores.ts';
import { createThrottle } from './throttle.ts';

/** An offer to join a workspace; its key is the SHA-256 of the code, which itself is kept nowhere. */
export interface JoinCode extends Versioned {
  readonly workspace: string;
  /** Who offers. */
  readonly person: Person;
  readonly expiresAt: number;
  readonly usedAt?: number;
}

const LIFE_MS = 60 * 60_000;
/** Wrong codes in an hour, from one place and from all. */
const GUESSES = { place: 5, all: 50 };
const GUESSES_WINDOW_MS = 60 * 60_000;
const ALL = 'all places';
const LENGTH = 8;
/** Nothing that looks like something else: no 0 and O, no 1, I and L. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** Codes by which a second chat joins a workspace: each is good for an hour and for one use. */
export function createJoins({ codes, now }: { codes: Store<JoinCode>; now: () => number }) {
  const guessesOf = createThrottle({ limit: GUESSES.place, windowMs: GUESSES_WINDOW_MS, now });
  const guesses = createThrottle({ limit: GUESSES.all, windowMs: GUESSES_WINDOW_MS, now });

  /** Makes a code such as `ABCD-EFGH`. */
  async function issue(offer: {
    workspace: string;
    person: Person;
  }): Promise<{ code: string; expiresAt: number }> {
    const { workspace, person } = offer;
    const expiresAt = now() + LIFE_MS;
    const symbols = newSymbols();
    const created = await codes.create(keyOf(symbols), { workspace, person, expiresAt });
    if (created === undefined) throw new Error('A fresh code is taken: the random source repeats itself.');
    return { code: `${symbols.slice(0, LENGTH / 2)}-${symbols.slice(LENGTH / 2)}`, expiresAt };
  }

  /**
   * Uses a code up, in a place that has it from another one, and tells what it was for.
   *
   * @throws UserError `code_unknown`, which does not tell unknown, expired and used codes apart.
   * @throws UserError `too_many_codes` after too many wrong ones, whether this one is good or not.
   */
  async function redeem(
    text: string,
    { place }: { place: string },
  ): Promise<{ workspace: string; person: Person }> {
    countGuess(place);
    const code = await use(text);
    guessesOf.giveBack(place);
    guesses.giveBack(ALL);
    return code;
  }

  /** Counts before the look, so that many at once are no more than one after the other. */
  function countGuess(place: string): void {
    if (guessesOf.take(place)) {
      if (guesses.take(ALL)) return;
      guessesOf.giveBack(place);
    }
    throw new UserError({ code: 'too_many_codes' });
  }

  async function use(text: string): Promise<{ workspace: string; person: Person }> {
    const key = keyOf(normalise(text));
    const code = await codes.get(key);
    if (code === undefined || code.usedAt !== undefined || code.expiresAt <= now()) throw unknownCode();
    const used = await codes.replace(key, code, { ...code, usedAt: now() });
    if (used === undefined) throw unknownCode();
    return { workspace: used.workspace, person: used.person };
  }

  /** Deletes what has expired. */
  async function sweep(): Promise<void> {
    for await (const [key, { expiresAt }] of codes.entries()) {
      if (expiresAt <= now()) await codes.delete(key);
    }
  }

  return { issue, redeem, sweep };
}

export type Joins = ReturnType<typeof createJoins>;

function newSymbols(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** What of a text could be the code: people type it small, with spaces, with another dash, or copy its marks along. */
function normalise(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, '');
}

function keyOf(symbols: string): string {
  return createHash('sha256').update(symbols).digest('hex');
}

function unknownCode(): UserError {
  return new UserError({ code: 'code_unknown' });
}
