/** How often TikTok is asked, and for how long. */
export interface Pacing {
  readonly pollIntervalMs: number;
  /** How many checks keep that pace before they get slower. */
  readonly pollAttempts: number;
  /** How long a post may wait, or stay in processing, before Nod gives up on it. */
  readonly patienceMs: number;
  /** How long a post may wait for room below one of TikTok's limits. */
  readonly limitPatienceMs: number;
  /** TikTok is asked this long after the last byte of the media left. */
  readonly afterPullMs: number;
  /** How often a review that is over is looked at, while votes may still arrive. */
  readonly lateVotesMs: number;
  /** How long a post waits for a choice that its author has to make anew. */
  readonly holdMs: number;
  /** How long TikTok is not asked after somebody has told a post to go out, so that it can still be cancelled for certain. */
  readonly takeBackMs: number;
  /** How long the author of a rejected post is not called yet, because a reason may follow. */
  readonly reasonMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SLOWEST_CHECK_MS = HOUR_MS;

/** After an attempt that came to nothing; a new attempt is always safe, so the first comes soon. */
const RETRY_DELAYS_MS = [
  1_000,
  5_000,
  30_000,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
] as const;

/** After a chunk that TikTok did not take, or may not have; the address that it goes to lives for an hour. */
const CHUNK_DELAYS_MS = [
  1_000,
  3_000,
  10_000,
  30_000,
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
] as const;

/** After a preparation that failed through a fault of ours: the first may have met a busy moment, a full disk takes a person. */
const PREPARING_DELAYS_MS = [5_000, 30_000, 2 * MINUTE_MS, 10 * MINUTE_MS] as const;

export const DEFAULT_PACING: Pacing = {
  pollIntervalMs: 45_000,
  pollAttempts: 3,
  patienceMs: DAY_MS,
  limitPatienceMs: 7 * DAY_MS,
  afterPullMs: 4_000,
  lateVotesMs: 2_000,
  holdMs: 7 * DAY_MS,
  takeBackMs: 3_000,
  reasonMs: 10_000,
};

/** How long after a post went live its numbers are read, and how much sooner where another post's are read anyway. */
const LOOKS = [
  { afterMs: HOUR_MS, soonerMs: 15 * MINUTE_MS },
  { afterMs: DAY_MS, soonerMs: 2 * HOUR_MS },
  { afterMs: 7 * DAY_MS, soonerMs: 12 * HOUR_MS },
] as const;

/** After a look at numbers that TikTok did not answer. */
const LOOK_RETRY_DELAYS_MS = [5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS] as const;

const INTERRUPTED_DELAY_MS = 30_000;

/** Milliseconds until the next attempt; undefined when there shall be none. After an end of Nod's own nobody has to recover. */
export function retryDelayMs(retries: number, { isInterrupted = false } = {}): number | undefined {
  const delayMs = RETRY_DELAYS_MS[retries];
  return isInterrupted && delayMs !== undefined ? Math.min(delayMs, INTERRUPTED_DELAY_MS) : delayMs;
}

/** Milliseconds until a chunk is sent once more, after so many failures in a row; undefined when it shall not be. */
export function chunkDelayMs(failures: number): number | undefined {
  return CHUNK_DELAYS_MS[failures];
}

/** Milliseconds until the files are prepared once more; undefined when they shall not be. */
export function preparingDelayMs(failures: number): number | undefined {
  return PREPARING_DELAYS_MS[failures];
}

/** Milliseconds until the next status check after `checks` of them: an even pace first, then ever slower. */
export function statusCheckDelayMs(checks: number, pacing: Pacing): number {
  const late = Math.max(0, checks - pacing.pollAttempts + 1);
  return Math.max(pacing.pollIntervalMs, Math.min(pacing.pollIntervalMs * 2 ** late, SLOWEST_CHECK_MS));
}

/** Whether TikTok takes longer than people are used to. */
export function isSlow(checks: number, pacing: Pacing): boolean {
  return checks >= pacing.pollAttempts;
}

/**
 * When the numbers of a post are read next (epoch milliseconds); undefined when they are not any more.
 *
 * `plannedAt` is the look that is done with. One that is due by now, or nearly, is part of the look just made.
 */
export function nextLookAt(
  liveAt: number,
  { now, plannedAt = 0 }: { readonly now: number; readonly plannedAt?: number | undefined },
): number | undefined {
  const next = LOOKS.find(
    ({ afterMs, soonerMs }) => liveAt + afterMs > plannedAt && liveAt + afterMs - soonerMs > now,
  );
  return next && liveAt + next.afterMs;
}

/** From when on a planned look may be made along with another one. */
export function lookOpensAt(liveAt: number, plannedAt: number): number {
  const look = LOOKS.findLast(({ afterMs }) => liveAt + afterMs <= plannedAt) ?? LOOKS[0];
  return plannedAt - look.soonerMs;
}

/** How much sooner than planned a look may be at most. */
export const SOONEST_LOOK_MS = Math.max(...LOOKS.map(({ soonerMs }) => soonerMs));

/** Whether numbers that were read at this time are those of a day or more. */
export const isDayOld = (liveAt: number, readAt: number): boolean =>
  readAt - liveAt >= LOOKS[1].afterMs - LOOKS[1].soonerMs;

/** Milliseconds until a look that failed is tried again; undefined when it is left out. */
export function lookRetryDelayMs(failures: number): number | undefined {
  return LOOK_RETRY_DELAYS_MS[failures];
}
