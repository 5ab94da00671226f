import { type ChatRef, type Person, platformOf } from '../people.ts';
import { UserError } from '../problems.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { createThrottle } from '../throttle.ts';
import { digestOf, newCode, symbolsOf } from '../typed-codes.ts';

/** Somebody who runs this Nod; the key is the person's id. */
export interface OperatorRecord extends Versioned {
  readonly person: Person;
  /** Where they are asked and told. */
  readonly chat: ChatRef;
  readonly since: number;
}

/** The use of a claim code; the key is the SHA-256 of the code, which itself is kept nowhere. */
export interface ClaimUse extends Versioned {
  readonly firstUsedAt: number;
  readonly platforms: readonly string[];
}

/** Who runs Nod on two platforms claims it on both, one soon after the other. */
const SECOND_USE_MS = 3_600_000;
const TRIES_WINDOW_MS = 3_600_000;
/** Not counted for all together, so that nobody locks the operator out. */
const TRIES_A_PERSON = 5;
/** Letters and digits of a code from the settings. */
const MIN_SYMBOLS = 6;

/** Knows who runs this Nod: whoever sends the code that its start prints. */
export function createOperators({
  operators,
  claims,
  configuredCode,
  isClaimWanted = false,
  now,
}: {
  operators: Store<OperatorRecord>;
  claims: Store<ClaimUse>;
  /** The code from the settings; without it one is made at each start. */
  configuredCode?: string | undefined;
  /** Gives out a code though there is an operator. */
  isClaimWanted?: boolean | undefined;
  now: () => number;
}) {
  const tries = createThrottle({ limit: TRIES_A_PERSON, windowMs: TRIES_WINDOW_MS, now });
  let madeCode: string | undefined;

  const isOperator = async ({ id }: Person): Promise<boolean> => (await operators.get(id)) !== undefined;

  async function list(): Promise<OperatorRecord[]> {
    const all = await Array.fromAsync(operators.entries());
    return all.map(([, operator]) => operator);
  }

  /** The code to print at the start; undefined where Nod is claimed and no further operator is wanted. */
  async function openClaim(): Promise<string | undefined> {
    if (!isClaimWanted && (await list()).length > 0) return undefined;
    if (configuredCode !== undefined && (await claims.get(digestOf(configuredCode))) === undefined)
      return configuredCode;
    madeCode ??= newCode();
    return madeCode;
  }

  /**
   * Makes the person an operator, who is asked in the chat that `fetchChat` gives. A code is good once for each platform,
   * and for an hour after its first use.
   *
   * @throws UserError `claim_code_unknown` `too_many_codes`
   */
  async function claim(
    code: string,
    person: Person,
    fetchChat: () => Promise<ChatRef>,
  ): Promise<OperatorRecord> {
    if (!tries.take(person.id)) throw new UserError({ code: 'too_many_codes' });
    if (!isCode(code) || !(await use(digestOf(code), platformOf(person.id))))
      throw new UserError({ code: 'claim_code_unknown' });
    const operator = { person, chat: await fetchChat(), since: now() };
    const saved = (await operators.create(person.id, operator)) ?? (await operators.get(person.id));
    if (saved === undefined) throw new Error('The operator was neither saved nor found.');
    return saved;
  }

  /** Whether it is the code, used or not. Digests have one length, and comparing them tells nothing about the codes. */
  const isCode = (code: string): boolean =>
    symbolsOf(code).length >= MIN_SYMBOLS &&
    [configuredCode, madeCode].some((known) => known !== undefined && digestOf(known) === digestOf(code));

  async function use(key: string, platform: string): Promise<boolean> {
    if ((await claims.create(key, { firstUsedAt: now(), platforms: [platform] })) !== undefined) return true;
    let isUsed = false;
    await claims.update(key, (known) => {
      isUsed = now() - known.firstUsedAt < SECOND_USE_MS && !known.platforms.includes(platform);
      return isUsed ? { ...known, platforms: [...known.platforms, platform] } : undefined;
    });
    return isUsed;
  }

  /** Ends a code that others have read. */
  async function spoil(code: string): Promise<void> {
    const used = { firstUsedAt: now() - SECOND_USE_MS, platforms: [] };
    const key = digestOf(code);
    if ((await claims.create(key, used)) === undefined)
      await claims.update(key, (known) => ({ ...known, ...used }));
    if (madeCode !== undefined && digestOf(madeCode) === key) madeCode = undefined;
  }

  return { isOperator, list, openClaim, isCode, claim, spoil };
}

export type Operators = ReturnType<typeof createOperators>;
