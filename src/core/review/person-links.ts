import { type Person, platformOf } from '../people.ts';
import { UserError } from '../problems.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { createThrottle } from '../throttle.ts';
import { digestOf, newCode } from '../typed-codes.ts';

/** Two accounts are one person's; its key is the id of `person`. One write makes it so, and one ends it. */
export interface PersonLink extends Versioned {
  /** Who has entered the code. */
  readonly person: Person;
  /** Who had made it. */
  readonly other: Person;
  readonly at: number;
}

/** A code with which another account is linked; its key is the SHA-256 of the code, which itself is kept nowhere. */
export interface LinkCode extends Versioned {
  readonly person: Person;
  readonly expiresAt: number;
  readonly usedAt?: number;
}

const LIFE_MS = 15 * 60_000;
const HOUR_MS = 60 * 60_000;
/** Codes that one account makes in an hour; wrong ones that it enters, and that all enter. */
const LIMITS = { made: 10, guesses: 5, allGuesses: 50 };
const ALL = 'everybody';

/**
 * Knows which accounts of different chats are one person's. A link gives no right anywhere: each account has the say that it
 * has in its own place, and both together have one vote.
 */
export function createPersonLinks({
  links,
  codes,
  now,
}: {
  links: Store<PersonLink>;
  codes: Store<LinkCode>;
  now: () => number;
}) {
  const madeBy = createThrottle({ limit: LIMITS.made, windowMs: HOUR_MS, now });
  const guessesOf = createThrottle({ limit: LIMITS.guesses, windowMs: HOUR_MS, now });
  const guesses = createThrottle({ limit: LIMITS.allGuesses, windowMs: HOUR_MS, now });
  let linking: Promise<unknown> = Promise.resolve();

  /** All accounts of the person, this one among them, always in the same order. */
  async function accountsOf(person: Person): Promise<readonly Person[]> {
    const own = await links.get(person.id);
    const root = own?.other ?? person;
    const parts = await links.find({ where: { 'other.id': root.id } });
    const accounts = new Map([root, ...parts.map(([, link]) => link.person)].map((one) => [one.id, one]));
    return [...accounts.values()].sort((a, b) => Number(a.id > b.id) - Number(a.id < b.id));
  }

  /**
   * Makes a code such as `ABCD-EFGH`, good for a quarter of an hour and for one use.
   *
   * @throws UserError `already_linked` `too_many_codes`
   */
  async function issue(person: Person): Promise<string> {
    await checkIsFree(person);
    if (!madeBy.take(person.id)) throw new UserError({ code: 'too_many_codes' });
    const code = newCode();
    const created = await codes.create(digestOf(code), { person, expiresAt: now() + LIFE_MS });
    if (created === undefined) throw new Error('A fresh code is taken: the random source repeats itself.');
    return code;
  }

  /**
   * Links the account that enters a code with the one that made it, which is returned.
   *
   * @throws UserError `link_code_unknown`, which does not tell apart codes that are unknown, expired or used.
   * @throws UserError `too_many_codes` after too many wrong ones, whether this one is good or not.
   * @throws UserError `link_same_chat` `already_linked`
   */
  function redeem(person: Person, text: string): Promise<Person> {
    // One after the other, so that no account gets into two links at once.
    const linked = linking.then(() => redeemNow(person, text));
    linking = linked.catch(() => {});
    return linked;
  }

  async function redeemNow(person: Person, text: string): Promise<Person> {
    countGuess(person);
    const key = digestOf(text);
    const code = await codes.get(key);
    if (code === undefined || code.usedAt !== undefined || code.expiresAt <= now()) throw unknownCode();
    guessesOf.giveBack(person.id);
    guesses.giveBack(ALL);
    // Whoever has read it where it was entered can do nothing with it, whatever comes of it now. A crash before the link is
    // written leaves a code that is used up and two people as before.
    if ((await codes.replace(key, code, { ...code, usedAt: now() })) === undefined) throw unknownCode();
    const { person: other } = code;
    if (platformOf(other.id) === platformOf(person.id)) throw new UserError({ code: 'link_same_chat' });
    await checkIsFree(person);
    if ((await accountsOf(other)).length > 1) throw unknownCode();
    await links.create(person.id, { person, other, at: now() });
    return other;
  }

  /** Counts before the look, so that many at once are no more than one after the other. */
  function countGuess({ id }: Person): void {
    if (guessesOf.take(id)) {
      if (guesses.take(ALL)) return;
      guessesOf.giveBack(id);
    }
    throw new UserError({ code: 'too_many_codes' });
  }

  async function checkIsFree(person: Person): Promise<void> {
    if ((await accountsOf(person)).length > 1) throw new UserError({ code: 'already_linked' });
  }

  /**
   * Parts the accounts of a person, from either of them; the other ones are returned. On ballots that know them as one they
   * stay one.
   */
  async function unlink(person: Person): Promise<readonly Person[]> {
    const accounts = await accountsOf(person);
    for (const { id } of accounts) await links.delete(id);
    return accounts.filter(({ id }) => id !== person.id);
  }

  /** Deletes codes that have expired. */
  async function sweep(): Promise<void> {
    for await (const [key, { expiresAt }] of codes.entries()) {
      if (expiresAt <= now()) await codes.delete(key);
    }
  }

  return { accountsOf, issue, redeem, unlink, sweep };
}

export type PersonLinks = ReturnType<typeof createPersonLinks>;

function unknownCode(): UserError {
  return new UserError({ code: 'link_code_unknown' });
}
