/** What Nod does to keep an account connected. */
export interface Keeping {
  /** When something is to be done for it next; absent where nothing can be done any more. */
  readonly dueAt?: number | undefined;
  /** When its access is refreshed, even if nobody uses it. */
  readonly refreshAt?: number | undefined;
  /** How often TikTok has not answered such a refresh since the last one that it did answer. */
  readonly failures?: number | undefined;
  /** How many of the warnings about the end as it is now were given. */
  readonly warned?: number | undefined;
  /** What its places have not been told yet. */
  readonly owes?: 'lost' | 'locked' | 'ending' | undefined;
}

/** For how long TikTok lets us refresh the access to an account; all times in epoch milliseconds. */
export interface Lifetime {
  readonly connectedAt: number;
  readonly refreshExpiresAt: number;
  /** When the last pair of tokens came; like `lifeFrom` absent in records from before it was kept. */
  readonly tokensAt?: number | undefined;
  /** Since when TikTok names this end. */
  readonly lifeFrom?: number | undefined;
  readonly keeping?: Keeping | undefined;
}

/** The same as a pair of tokens that has just come makes it. */
interface Told {
  readonly refreshExpiresAt: number;
  readonly tokensAt: number;
  readonly lifeFrom: number;
  readonly keeping: Keeping;
}

const DAY_MS = 24 * 3_600_000;
/** Parts of the life at which an idle account is refreshed: where the first does not move the end, ever more rarely. */
const REFRESH_AT = [0.5, 0.55, 0.65, 0.85];
/** Refreshes come earlier by up to this part of the life, so that accounts of one day do not come together. */
const JITTER = 0.02;
/** Warnings before the end: so long, or this part of a short life. */
const WARNINGS = [
  { leadMs: 30 * DAY_MS, part: 0.4 },
  { leadMs: 7 * DAY_MS, part: 0.125 },
] as const;
/** Two answers name the same end where they differ by no more than their way here took. */
const SAME_END_MS = 60_000;
const SOONEST_MS = 30_000;
const TROUBLE_MS = 10 * 60_000;
const LONGEST_TROUBLE_MS = 12 * 3_600_000;

/** The life that begins when a person connects the account. */
export function firstLifetime(refreshExpiresAt: number, now: number, random: () => number): Told {
  return planned({ refreshExpiresAt, tokensAt: now, lifeFrom: now }, {}, now, random);
}

/** What a refresh that succeeded makes of the life: another end, or the same one. */
export function refreshedLifetime(
  before: Lifetime,
  refreshExpiresAt: number,
  now: number,
  random: () => number,
): Told {
  const lifeFrom = lifeFromOf(before);
  const tolerance = Math.min(SAME_END_MS, lengthOf(before) / 20);
  // So early a renewed life could not be told from the same one.
  const isJudged = now - lifeFrom > 2 * tolerance;
  // One that is renewed moves on with the clock; one that stays may come in whole hours.
  const movedMs = refreshExpiresAt - before.refreshExpiresAt;
  const isSame = isJudged && movedMs <= Math.max(tolerance, (now - lifeFrom) / 2);
  if (!isSame) return firstLifetime(refreshExpiresAt, now, random);
  const { warned, owes } = before.keeping ?? {};
  // The earliest that was told: from there it shows again whether the end moves.
  const end = Math.min(refreshExpiresAt, before.refreshExpiresAt);
  return planned({ refreshExpiresAt: end, tokensAt: now, lifeFrom }, { warned, owes }, now, random);
}

/** The plan for an account of which none was kept yet. */
export const firstPlan = (account: Lifetime, now: number, random: () => number): Keeping =>
  planned(knownOf(account), {}, now, random).keeping;

/** TikTok did not answer a refresh: it is tried again, ever more rarely. */
export function afterTrouble(account: Lifetime, now: number, atLeastMs = 0): Keeping {
  const { failures = 0 } = account.keeping ?? {};
  const most = Math.min(LONGEST_TROUBLE_MS, Math.max(SOONEST_MS, lengthOf(account) / 20));
  const delayMs = Math.max(Math.min(TROUBLE_MS * 2 ** failures, most), atLeastMs);
  const keeping = { ...account.keeping, refreshAt: now + delayMs, failures: failures + 1 };
  return withDue(account, keeping, now);
}

/** Whether a warning is due, and the plan once it is given. */
export function dueWarning(account: Lifetime, now: number): Keeping | undefined {
  const { keeping = {} } = account;
  const step = WARNINGS.filter((_, index) => warningAt(account, index) <= now).length;
  const isDue =
    step > (keeping.warned ?? 0) && isUnhelped(account, keeping) && now < account.refreshExpiresAt;
  return isDue ? withDue(account, { ...keeping, warned: step, owes: 'ending' }, now) : undefined;
}

/** Nothing to warn of or to refresh: the plan with its next time anew. */
export const replanned = (account: Lifetime, now: number): Keeping =>
  withDue(account, account.keeping ?? {}, now);

/** Whether a refresh has shown that it does not move the end. */
export const isEndFixed = (account: Lifetime): boolean =>
  (account.tokensAt ?? account.connectedAt) > lifeFromOf(account);

/** How long before the end its places are warned first, where it cannot be moved. */
export const firstWarningMs = (account: Lifetime): number => account.refreshExpiresAt - warningAt(account, 0);

function planned(
  life: Pick<Told, 'refreshExpiresAt' | 'tokensAt' | 'lifeFrom'>,
  kept: Pick<Keeping, 'warned' | 'owes'>,
  now: number,
  random: () => number,
): Told {
  const { refreshExpiresAt, tokensAt, lifeFrom } = life;
  const length = refreshExpiresAt - lifeFrom;
  const next = REFRESH_AT.find((part) => lifeFrom + length * (part - JITTER) > tokensAt);
  // After the end only TikTok can say that it is over.
  const at =
    next === undefined ? refreshExpiresAt + SOONEST_MS : lifeFrom + length * (next - random() * JITTER);
  const keeping = { ...kept, refreshAt: Math.max(at, now + SOONEST_MS) };
  return { ...life, keeping: withDue({ ...life, connectedAt: lifeFrom }, keeping, now) };
}

function withDue(account: Lifetime, keeping: Keeping, now: number): Keeping {
  const { refreshAt = Number.POSITIVE_INFINITY, warned = 0 } = keeping;
  const hasWarning =
    warned < WARNINGS.length && isUnhelped(account, keeping) && now < account.refreshExpiresAt;
  const dueAt = hasWarning ? Math.min(refreshAt, warningAt(account, warned)) : refreshAt;
  return { ...keeping, dueAt };
}

/** The end cannot be moved, or TikTok does not answer. */
const isUnhelped = (account: Lifetime, { failures = 0 }: Keeping): boolean =>
  isEndFixed(account) || failures > 0;

function warningAt(account: Lifetime, index: number): number {
  const { leadMs, part } = WARNINGS[index] ?? WARNINGS[0];
  return account.refreshExpiresAt - Math.min(leadMs, part * lengthOf(account));
}

const lifeFromOf = ({ lifeFrom, connectedAt }: Lifetime): number => lifeFrom ?? connectedAt;

const lengthOf = (account: Lifetime): number => account.refreshExpiresAt - lifeFromOf(account);

const knownOf = (account: Lifetime) => ({
  refreshExpiresAt: account.refreshExpiresAt,
  tokensAt: account.tokensAt ?? account.connectedAt,
  lifeFrom: lifeFromOf(account),
});
