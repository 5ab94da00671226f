import { describe, expect, it } from 'vitest';
import {
  accountNewsCard,
  accountsCard,
  endLine,
  removedCard,
} from '../../../src/bots/accounts/account-cards.ts';
import { lineText } from '../../../src/bots/text/format.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import type { AccountNews } from '../../../src/core/accounts/keep-connected.ts';
import { printed } from '../cards/subjects.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const TIMES = { timeZone: 'UTC', now: NOW };
const END = NOW + 30 * DAY_MS;

/** Connected 150 days ago, for 180 days. */
const account = {
  openId: 'open-id',
  nickname: 'Studio Ana',
  username: 'studio.ana',
  connectedBy: { id: 'telegram:2', name: 'Ben' },
  connectedAt: NOW - 150 * DAY_MS,
  refreshExpiresAt: END,
} as Account;
/** A refresh has not moved its end. */
const fixed = { ...account, tokensAt: NOW - DAY_MS, lifeFrom: account.connectedAt };

it('lists the accounts, with the end of those whose end nothing moves and the way back to those that are lost', () => {
  const list = [account, fixed, { ...account, expired: true as const }];
  expect(printed(accountsCard(list, WORDINGS.telegram, { stats: false, ...TIMES }))).toBe(
    [
      'TikTok accounts here',
      'Studio Ana (@studio.ana)  connected by Ben',
      'Studio Ana (@studio.ana)  connected by Ben, until Tue 22 Dec 12:00 (UTC)',
      'Studio Ana (@studio.ana)  needs /connect again',
      '[Connect Studio Ana (@studio.ana) again]',
    ].join('\n'),
  );
});

it('says how to add results to the accounts that lack them, but for those that are to be connected again anyway', () => {
  const scopes = ['user.info.basic', 'video.publish'];
  const list = [
    { ...account, scopes },
    { ...account, scopes: [...scopes, 'video.list'] },
    { ...account, scopes, expired: true as const },
  ];
  expect(printed(accountsCard(list, WORDINGS.telegram, { stats: true, ...TIMES }))).toBe(
    [
      'TikTok accounts here',
      'Studio Ana (@studio.ana)  connected by Ben',
      '  Its results are not shown: /connect it again and allow “Read your public videos on TikTok”.',
      'Studio Ana (@studio.ana)  connected by Ben',
      'Studio Ana (@studio.ana)  needs /connect again',
      '[Connect Studio Ana (@studio.ana) again]',
    ].join('\n'),
  );
});

describe('the news of an account', () => {
  const news = (type: AccountNews['type'], of = account) =>
    printed(accountNewsCard({ type, account: of, places: [] }, TIMES));

  it('says that it is lost, what becomes of its posts, and offers the way back', () => {
    expect(news('lost')).toBe(
      [
        'Nod has lost access to Studio Ana (@studio.ana)',
        'TikTok does not renew it, so somebody has to connect the account again.',
        'Planned posts wait for it until a day after their time.',
        '[Connect again]',
      ].join('\n'),
    );
    expect(printed(removedCard('open-id', account))).toContain(
      'TikTok ended Nod’s access to Studio Ana (@studio.ana). Connect it again to go on posting.\nPlanned posts wait',
    );
  });

  it('says when it ends, and whether nothing moves that or TikTok gives no answer', () => {
    expect(news('ending', fixed)).toBe(
      [
        'TikTok’s permission for Studio Ana (@studio.ana) ends Tue 22 Dec 12:00 (UTC)',
        'Renewing it has not moved that. Connecting the account again does.',
        'After that, planned posts wait for it until a day after their time.',
        '[Connect again]',
      ].join('\n'),
    );
    expect(news('ending')).toContain('Nod could not renew it so far and keeps trying.');
  });
});

describe('a plan beyond the end of the permission', () => {
  const line = (of: Account, at = END + 1) => {
    const found = endLine(of, at, TIMES);
    return found && lineText(found);
  };

  it('is told that Nod renews it, and when it will say that it cannot', () => {
    expect(line(account)).toBe(
      'TikTok’s permission for Studio Ana (@studio.ana) ends Tue 22 Dec 12:00 (UTC); Nod renews it before, and tells you here 30 days before if it cannot.',
    );
    expect(line(account, END)).toBe(line(account));
    const short = { ...account, connectedAt: END - 10 * DAY_MS };
    expect(line(short)).toContain('tells you here 4 days before');
  });

  it('is told what to do where a renewal is known not to move the end', () => {
    expect(line(fixed)).toBe(
      'TikTok’s permission for Studio Ana (@studio.ana) ends Tue 22 Dec 12:00 (UTC), before that, and renewing has not moved it. Connect the account again, or this waits and is not posted.',
    );
  });

  it('is told nothing before that end, or of an account that is lost already', () => {
    expect(line(account, END - 1)).toBeUndefined();
    expect(line({ ...account, expired: true })).toBeUndefined();
  });
});
