import type { LimitCount, PostFailure } from '../../core/publish/post.ts';
import { isLimit, type Limit } from '../../core/quotas/limits.ts';
import type { Line, Span } from '../platform.ts';
import { countOf, momentSpan, whenSpan } from '../text/format.ts';

const NEAR_MS = 10 * 60_000;

/** Told along with a moment. */
interface Clock {
  readonly now: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** A moment, as a distance while it is near. */
export const untilSpan = (at: number, now: number, timeZone: string): Span =>
  at - now < NEAR_MS ? whenSpan(at, now, timeZone) : momentSpan(at, now, timeZone);

/** Why a limit holds a post back that was not even sent, and when it goes on; undefined where none does. */
export function heldBackLines(
  wait: PostFailure,
  clock: Clock & { readonly until: number },
): Line[] | undefined {
  const { limit, reason } = wait;
  if (limit === undefined || !isLimit(reason)) return undefined;
  const when = untilSpan(clock.until, clock.now, clock.timeZone);
  const { used, ahead = 0 } = limit;
  const first = ahead === 0 ? [] : [[`${countOf(ahead, 'post')} ${ahead === 1 ? 'goes' : 'go'} first.`]];
  const isInTime = limit.opensAt <= clock.until;
  const turn = used === 0 ? ['TikTok is asked again ', when, '.'] : goesOn(reason, ahead, when);
  const last = isInTime ? turn : ['If there is no room by ', when, ', it is not posted.'];
  return [[countText(reason, limit)], ...first, last];
}

/** When a post that ended because of a limit can be tried again. */
export function tryAgainLines({ limit }: PostFailure, clock: Clock): Line[] {
  if (limit === undefined) return [];
  if (limit.opensAt <= clock.now) return [['There may be room again: try it now.']];
  return [['It can be tried again ', untilSpan(limit.opensAt, clock.now, clock.timeZone), '.']];
}

function countText(reason: Limit, { used, cap, isLearned }: LimitCount): string {
  switch (reason) {
    case 'daily_post_limit':
      if (!isLearned) return `${countOf(used, 'post')} in 24 h through this Nod; TikTok takes about ${cap}.`;
      return `${countOf(used, 'post')} in 24 h through this Nod. Those of other apps count too.`;
    case 'pending_inbox_limit':
      if (!isLearned)
        return `${used} of ${cap} drafts of the last 24 h wait to be finished in the TikTok app.`;
      return `${countOf(used, 'draft')} of the last 24 h through this Nod. Those of other apps count too.`;
    case 'app_creator_cap':
      return `${countOf(used, 'other account')} posted in 24 h through this Nod.`;
  }
}

function goesOn(reason: Limit, ahead: number, when: Span): Line {
  if (ahead > 0) return ['Its turn comes ', when, '.'];
  switch (reason) {
    case 'daily_post_limit':
      return ['It goes on when the oldest of them is a day old: ', when, '.'];
    case 'pending_inbox_limit':
      return ['It goes on when one of them is posted, at the latest ', when, '.'];
    case 'app_creator_cap':
      return ['It goes on when one of them has not posted for a day: ', when, '.'];
  }
}
