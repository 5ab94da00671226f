import type { Account } from '../../core/accounts/accounts.ts';
import type { AccountNews } from '../../core/accounts/keep-connected.ts';
import { firstWarningMs, isEndFixed } from '../../core/accounts/lifetime.ts';
import type { AccountName } from '../../core/people.ts';
import type { Pacing } from '../../core/publish/pacing.ts';
import { awaitsAccount, awaitsAccountUntil, type Post } from '../../core/publish/post.ts';
import { STATS_SCOPE } from '../../core/tiktok/oauth.ts';
import { accountKey, encodePress, postButton } from '../buttons.ts';
import { type Button, buttonColumn, buttonRow, type Card, type Line, type Row } from '../platform.ts';
import { accountName, countOf, durationOf, momentSpan } from '../text/format.ts';
import { problemCard, toAddStats } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';

/** In which words moments are told. */
interface Times {
  /** IANA name. */
  readonly timeZone: string;
  readonly now: number;
}

const DAY_MS = 24 * 3_600_000;

/** Leads to the same invitation as the command; who may connect is checked when it is pressed. */
function reconnectButton(openId: string, label = 'Connect again'): Button {
  return {
    label,
    press: encodePress({ on: 'account', id: accountKey(openId), verb: 'connect' }),
    tone: 'main',
  };
}

/** The same on the card of a post. */
export const reconnectRow = (post: Post): Row =>
  buttonRow({ ...postButton(post, 'Connect again', 'connect'), tone: 'main' });

/** The TikTok accounts of a place. */
export function accountsCard(
  accounts: readonly Account[],
  wording: Wording,
  { stats, ...times }: Times & { stats: boolean },
): Card {
  if (accounts.length === 0) return problemCard({ code: 'no_account' }, wording);
  const lost = accounts.filter(({ expired }) => expired);
  const lines = accounts.flatMap((account): Line[] => {
    const lacksStats = stats && !account.expired && !account.scopes.includes(STATS_SCOPE);
    return [
      [{ text: accountName(account), style: 'bold' }, ...stateOf(account, wording, times)],
      ...(lacksStats ? [[`  ${toAddStats(wording)}`]] : []),
    ];
  });
  return {
    lines: [['TikTok accounts here'], ...lines],
    rows: buttonColumn(
      lost.map((account) => reconnectButton(account.openId, `Connect ${accountName(account)} again`)),
    ),
  };
}

function stateOf(account: Account, { slash }: Wording, { timeZone, now }: Times): Line {
  if (account.expired) return [`  needs ${slash}connect again`];
  const by = `  connected by ${account.connectedBy.name}`;
  if (!isEndFixed(account)) return [by];
  return [`${by}, until `, momentSpan(account.refreshExpiresAt, now, timeZone)];
}

/** Tells a place what has become of an account, with the way back. */
export function accountNewsCard({ type, account }: AccountNews, times: Times): Card {
  return type === 'ending' ? endingCard(account, times) : lostCard(account, WHY_LOST[type]);
}

const WHY_LOST = {
  lost: 'TikTok does not renew it, so somebody has to connect the account again.',
  locked: 'The key that opens what Nod had of it is gone, so somebody has to connect the account again.',
};

function lostCard(account: Account, why: string): Card {
  return {
    lines: [[{ text: `Nod has lost access to ${accountName(account)}`, style: 'bold' }], [why], [WAITING]],
    rows: [buttonRow(reconnectButton(account.openId))],
  };
}

function endingCard(account: Account, { timeZone, now }: Times): Card {
  const end = momentSpan(account.refreshExpiresAt, now, timeZone);
  const why = isEndFixed(account)
    ? 'Renewing it has not moved that. Connecting the account again does.'
    : 'Nod could not renew it so far and keeps trying. Connecting the account again is the sure way.';
  return {
    lines: [
      [{ text: `TikTok’s permission for ${accountName(account)} ends `, style: 'bold' }, end],
      [why],
      [`After that, planned posts ${WAIT}`],
    ],
    rows: [buttonRow(reconnectButton(account.openId))],
  };
}

/** Tells a place that TikTok, or the creator there, has ended the access. */
export function removedCard(openId: string, account: AccountName): Card {
  return {
    lines: [
      [`TikTok ended Nod’s access to ${accountName(account)}. Connect it again to go on posting.`],
      [WAITING],
    ],
    rows: [buttonRow(reconnectButton(openId))],
  };
}

const WAIT = 'wait for it until a day after their time.';
const WAITING = `Planned posts ${WAIT}`;

/** For the card of a post whose account is not connected: what to do, and what becomes of the post until then. */
export function disconnectedLines({
  post,
  pacing,
  timeZone,
  now,
}: Times & { post: Post; pacing: Pick<Pacing, 'patienceMs'> }): Line[] {
  const isPlanned = post.publishAt !== undefined && post.publishAt > now;
  const until = momentSpan(awaitsAccountUntil(post, pacing), now, timeZone);
  const what: Line = [{ text: 'Its TikTok account must be connected again.', style: 'bold' }];
  if (awaitsAccount(post))
    return [what, ['It goes out as soon as that is done, and waits for it until ', until, '.']];
  if (isPlanned) return [what, ['It waits for that until ', until, '; after that it is not posted.']];
  return [what, ['It waits for that for a day once it could go out; after that it is not posted.']];
}

const FIXED =
  ', before that, and renewing has not moved it. Connect the account again, or this waits and is not posted.';

/** What to know about a plan that lies beyond the end of the account's permission; undefined where it does not. */
export function endLine(
  account: Account | undefined,
  publishAt: number | undefined,
  { timeZone, now }: Times,
): Line | undefined {
  if (account === undefined || account.expired || publishAt === undefined) return undefined;
  if (publishAt < account.refreshExpiresAt) return undefined;
  const permission = `TikTok’s permission for ${accountName(account)} ends `;
  const end = momentSpan(account.refreshExpiresAt, now, timeZone);
  if (isEndFixed(account)) return [permission, end, FIXED];
  const days = Math.round(firstWarningMs(account) / DAY_MS);
  const lead = days > 1 ? countOf(days, 'day') : durationOf(firstWarningMs(account));
  return [permission, end, `; Nod renews it before, and tells you here ${lead} before if it cannot.`];
}
