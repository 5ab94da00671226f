import type { ChatRef, Person } from '../people.ts';
import { UserError } from '../problems.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { createThrottle } from '../throttle.ts';
import { digestOf, newCode } from '../typed-codes.ts';

/** Somebody lets another chat join a workspace. */
export interface JoinOffer {
  readonly workspace: string;
  /** Where the code was asked for. */
  readonly chat: ChatRef;
  /** Who offers. */
  readonly person: Person;
}

/** An offer to join; its key is the SHA-256 of the code, which itself is kept nowhere. */
export interface JoinCode extends JoinOffer, Versioned {
  readonly expiresAt: number;
  readonly usedAt?: number;
}

const LIFE_MS = 60 * 60_000;
/** Wrong codes in an hour, from one place and from all. */
const GUESSES = { place: 5, all: 50 };
const GUESSES_WINDOW_MS = 60 * 60_000;
const ALL = 'all places';

/** Codes by which a second chat joins a workspace: each is good for an hour and for one use. */
export function createJoinCodes({
  codes,
  mayOffer,
  now,
}: {
  codes: Store<JoinCode>;
  /** Whether whoever made a code may have other chats join there now. */
  mayOffer: (offer: JoinOffer) => Promise<boolean>;
  now: () => number;
}) {
  const guessesOf = createThrottle({ limit: GUESSES.place, windowMs: GUESSES_WINDOW_MS, now });
  const guesses = createThrottle({ limit: GUESSES.all, windowMs: GUESSES_WINDOW_MS, now });

  /** Makes a code such as `ABCD-EFGH`. */
  async function issue({ workspace, chat, person }: JoinOffer): Promise<{ code: string; expiresAt: number }> {
    const expiresAt = now() + LIFE_MS;
    const code = newCode();
    const created = await codes.create(digestOf(code), { workspace, chat, person, expiresAt });
    if (created === undefined) throw new Error('A fresh code is taken: the random source repeats itself.');
    return { code, expiresAt };
  }

  /**
   * Uses a code up, in a place that has it from another one, and tells what it was for.
   *
   * @throws UserError `code_unknown`, which does not tell apart codes that are unknown, expired, used, or made by somebody
   *   who could make none now.
   * @throws UserError `too_many_codes` after too many wrong ones, whether this one is good or not.
   */
  async function redeem(text: string, { place }: { place: string }): Promise<JoinOffer> {
    countGuess(place);
    const key = digestOf(text);
    const code = await find(key);
    guessesOf.giveBack(place);
    guesses.giveBack(ALL);
    if (!(await mayOffer(code))) throw unknownCode();
    if ((await codes.replace(key, code, { ...code, usedAt: now() })) === undefined) throw unknownCode();
    const { workspace, chat, person } = code;
    return { workspace, chat, person };
  }

  /** Counts before the look, so that many at once are no more than one after the other. */
  function countGuess(place: string): void {
    if (guessesOf.take(place)) {
      if (guesses.take(ALL)) return;
      guessesOf.giveBack(place);
    }
    throw new UserError({ code: 'too_many_codes' });
  }

  async function find(key: string): Promise<JoinCode> {
    const code = await codes.get(key);
    if (code === undefined || code.usedAt !== undefined || code.expiresAt <= now()) throw unknownCode();
    return code;
  }

  /** Deletes what has expired. */
  async function sweep(): Promise<void> {
    for await (const [key, { expiresAt }] of codes.entries()) {
      if (expiresAt <= now()) await codes.delete(key);
    }
  }

  return { issue, redeem, sweep };
}

export type JoinCodes = ReturnType<typeof createJoinCodes>;

function unknownCode(): UserError {
  return new UserError({ code: 'code_unknown' });
}
