/** TikTok's limits that time lifts and that we can count towards. */
export type Limit = 'daily_post_limit' | 'pending_inbox_limit' | 'app_creator_cap';

/**
 * What TikTok says of them: about 15 posts a day and 5 pending drafts per account, 5 accounts a day for an app that is not
 * audited. https://developers.tiktok.com/doc/content-sharing-guidelines
 */
export const CAPS: Readonly<Record<Limit, number>> = {
  daily_post_limit: 15,
  pending_inbox_limit: 5,
  app_creator_cap: 5,
};

/** All of TikTok's limits slide over a day. */
export const WINDOW_MS = 24 * 3_600_000;
/** Where nothing of ours is counted, only TikTok knows when there is room: one post asks this often. */
const ASK_AGAIN_MS = 3_600_000;
/** The posts behind that one ask later, so that its answer holds them back. */
const APART_MS = 60_000;

/** Whether a reason names such a limit. */
export const isLimit = (reason: string): reason is Limit => Object.hasOwn(CAPS, reason);

/** What a refusal has taught: TikTok took no more when we counted so many. */
export interface Learned {
  readonly cap: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Until when a refusal counts. */
export const forgottenAt = ({ cap, at }: Learned): number => at + (cap > 0 ? WINDOW_MS : ASK_AGAIN_MS);

/** What is counted towards a limit, and who waits for room. */
export interface Count {
  /** When each of those was taken on that count, in any order; they count for a day. */
  readonly taken: readonly number[];
  /** The usual limit. */
  readonly cap: number;
  readonly learned?: Learned | undefined;
  /** How many wait already, and go first. */
  readonly ahead?: number;
}

/** How many TikTok takes as far as we know. */
export function capOf({ cap, learned }: Pick<Count, 'cap' | 'learned'>, now: number): number {
  return learned === undefined || now >= forgottenAt(learned) ? cap : Math.min(cap, learned.cap);
}

/** When there is room for one more, after those ahead; not after `now` where there is room. */
export function opensAt({ taken, cap, learned, ahead = 0 }: Count, now: number): number {
  const usual = turnAt(taken, cap, ahead, now);
  if (learned === undefined || now >= forgottenAt(learned)) return usual;
  const lowered = learned.cap > 0 ? turnAt(taken, Math.min(cap, learned.cap), ahead, now) : Infinity;
  return Math.min(lowered, Math.max(usual, forgottenAt(learned) + ahead * APART_MS));
}

/** Each turn takes room that is free again a day later. */
function turnAt(taken: readonly number[], cap: number, ahead: number, now: number): number {
  const times = taken.filter((at) => at > now - WINDOW_MS).sort((a, b) => a - b);
  for (let turn = 0; ; turn += 1) {
    const before = times[times.length - cap];
    const at = before === undefined ? now : Math.max(now, before + WINDOW_MS);
    if (turn >= ahead) return at;
    times.push(at);
  }
}
