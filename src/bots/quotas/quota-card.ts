import type { AccountName } from '../../core/people.ts';
import type { AccountQuota, CreatorQuota, Meter } from '../../core/quotas/quotas.ts';
import type { Card, Line } from '../platform.ts';
import { accountName, barOf, countOf } from '../text/format.ts';
import { problemCard } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';
import { untilSpan } from './limit-lines.ts';

/** A message holds so many, however long their names are. */
const MAX_SHOWN = 8;

export interface QuotaView {
  readonly accounts: readonly { readonly account: AccountName; readonly quota: AccountQuota }[];
  /** Absent as long as nothing is known of it. */
  readonly creators?: CreatorQuota | undefined;
  readonly wording: Wording;
  /** IANA name. */
  readonly timeZone: string;
  readonly now: number;
}

/** What is used of TikTok's limits by the accounts of a place. */
export function quotaCard(view: QuotaView): Card {
  const { accounts, creators, wording } = view;
  if (accounts.length === 0) return problemCard({ code: 'no_account' }, wording);
  const more = accounts.length - MAX_SHOWN;
  return {
    lines: [
      [{ text: 'What is used of TikTok’s limits', style: 'bold' }],
      ...accounts.slice(0, MAX_SHOWN).flatMap((one) => [[], ...accountLines(one, view)]),
      ...(more > 0 ? [[], [`And ${countOf(more, 'more account')}.`]] : []),
      ...(creators === undefined ? [] : [[], ...creatorLines(creators, view)]),
      [],
      [{ text: EXPLANATION, style: 'italic' }],
    ],
    rows: [],
  };
}

const EXPLANATION =
  'TikTok tells no numbers: this is what this Nod has posted, and posts of other apps count at TikTok too. What has no room waits, and is not sent before.';

function accountLines({ account, quota }: QuotaView['accounts'][number], view: QuotaView): Line[] {
  const { posts, inbox, calls, waiting } = quota;
  const { init, status } = calls;
  const wait: Line[] =
    waiting === undefined
      ? []
      : [
          [
            `${countOf(waiting.count, 'post')} ${waiting.count === 1 ? 'waits' : 'wait'} for room; the next goes on `,
            untilSpan(waiting.nextAt, view.now, view.timeZone),
            '.',
          ],
        ];
  return [
    [{ text: accountName(account), style: 'bold' }],
    [
      `${barFor(posts)}  ${
        posts.learnedAt === undefined
          ? `at least ${posts.used} of about ${countOf(posts.cap, 'post')} in 24 h`
          : `${countOf(posts.used, 'post')} in 24 h`
      }`,
    ],
    ...fullLines(posts, 'posts', view),
    [
      `${barFor(inbox)}  ${inbox.learnedAt === undefined ? `${inbox.used} of ${inbox.cap} drafts` : countOf(inbox.used, 'draft')} in the TikTok inbox`,
    ],
    ...fullLines(inbox, 'drafts', view),
    [`Calls in a minute: ${init.used} of ${init.limit} to post, ${status.used} of ${status.limit} to look`],
    ...wait,
  ];
}

function creatorLines(creators: CreatorQuota, view: QuotaView): Line[] {
  const { used, cap, isUnaudited } = creators;
  const title = isUnaudited ? 'This Nod, which TikTok has not audited' : 'This Nod';
  return [
    [{ text: title, style: 'bold' }],
    [`${barFor(creators)}  ${used} of ${countOf(cap, 'account')} posted in 24 h`],
    ...fullLines(creators, 'accounts', view),
  ];
}

const barFor = ({ used, cap }: Meter): string => (cap === 0 ? barOf(1, 1) : barOf(used, cap));

/** Until when there is no room, and whether TikTok has said so. */
function fullLines({ learnedAt, opensAt }: Meter, what: string, { now, timeZone }: QuotaView): Line[] {
  if (opensAt === undefined) return [];
  const said = learnedAt === undefined ? 'Full' : `TikTok takes no more ${what} now`;
  return [[`${said}; the next one `, untilSpan(opensAt, now, timeZone), '.']];
}
