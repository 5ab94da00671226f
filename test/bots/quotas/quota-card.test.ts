import { expect, it } from 'vitest';
import { type QuotaView, quotaCard } from '../../../src/bots/quotas/quota-card.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import type { AccountQuota } from '../../../src/core/quotas/quotas.ts';
import { printed } from '../cards/subjects.ts';

const HOUR_MS = 3_600_000;
const NOW = 12 * HOUR_MS;
const EMPTY: AccountQuota = {
  posts: { used: 0, cap: 15 },
  inbox: { used: 0, cap: 5 },
  calls: { init: { used: 0, limit: 6 }, status: { used: 0, limit: 30 } },
};
const ANA = { nickname: 'Studio Ana', username: 'studio.ana' };

function print(quota: Partial<AccountQuota> = {}, changes: Partial<QuotaView> = {}): string {
  const accounts = [{ account: ANA, quota: { ...EMPTY, ...quota } }];
  return printed(quotaCard({ accounts, wording: WORDINGS.telegram, timeZone: 'UTC', now: NOW, ...changes }));
}

const END =
  'TikTok tells no numbers: this is what this Nod has posted, and posts of other apps count at TikTok too. What has no room waits, and is not sent before.';

it('says that there is no account where there is none', () => {
  expect(print({}, { accounts: [] })).toContain('No TikTok account is connected here. /connect one first.');
});

it('reads well where nothing is used', () => {
  expect(print()).toBe(`What is used of TikTok’s limits

Studio Ana (@studio.ana)
░░░░░░░░░░  at least 0 of about 15 posts in 24 h
░░░░░░░░░░  0 of 5 drafts in the TikTok inbox
Calls in a minute: 0 of 6 to post, 0 of 30 to look

${END}`);
});

it('shows what is used, until when it is full, and who waits', () => {
  const quota = {
    posts: { used: 11, cap: 15 },
    inbox: { used: 5, cap: 5, opensAt: NOW + 3 * HOUR_MS },
    calls: { init: { used: 1, limit: 6 }, status: { used: 4, limit: 30 } },
    waiting: { count: 2, nextAt: NOW + 3 * HOUR_MS },
  };
  const creators = { used: 2, cap: 5, isUnaudited: true };
  expect(print(quota, { creators })).toBe(`What is used of TikTok’s limits

Studio Ana (@studio.ana)
▓▓▓▓▓▓▓░░░  at least 11 of about 15 posts in 24 h
▓▓▓▓▓▓▓▓▓▓  5 of 5 drafts in the TikTok inbox
Full; the next one today 15:00 (UTC).
Calls in a minute: 1 of 6 to post, 4 of 30 to look
2 posts wait for room; the next goes on today 15:00 (UTC).

This Nod, which TikTok has not audited
▓▓▓▓░░░░░░  2 of 5 accounts posted in 24 h

${END}`);
});

it('says what TikTok has taught', () => {
  const learned = { learnedAt: NOW - HOUR_MS, opensAt: NOW + HOUR_MS };
  const text = print(
    {
      posts: { used: 3, cap: 3, ...learned },
      inbox: { used: 0, cap: 0, ...learned },
      waiting: { count: 1, nextAt: NOW },
    },
    { creators: { used: 1, cap: 1, isUnaudited: false, ...learned } },
  );
  expect(text).toContain(`▓▓▓▓▓▓▓▓▓▓  3 posts in 24 h
TikTok takes no more posts now; the next one today 13:00 (UTC).
▓▓▓▓▓▓▓▓▓▓  0 drafts in the TikTok inbox
TikTok takes no more drafts now; the next one today 13:00 (UTC).
`);
  expect(text).toContain('\n1 post waits for room; the next goes on now.\n');
  expect(text).toContain(`\nThis Nod
▓▓▓▓▓▓▓▓▓▓  1 of 1 account posted in 24 h
TikTok takes no more accounts now; the next one today 13:00 (UTC).
`);
});

it('shows some accounts of very many', () => {
  const accounts = Array.from({ length: 12 }, () => ({ account: ANA, quota: EMPTY }));
  expect(print({}, { accounts })).toContain('\nAnd 4 more accounts.\n');
});
