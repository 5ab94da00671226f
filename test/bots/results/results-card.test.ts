import { describe, expect, it } from 'vitest';
import { digestCard, resultsCard, resultsOffCard } from '../../../src/bots/results/results-card.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import type { PostIn } from '../../../src/core/publish/post.ts';
import { postIn, printed } from '../cards/subjects.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const COUNTS = { views: 1_204, likes: 88, comments: 7, shares: 3 };
const GRANTED = { openId: 'open-id', nickname: 'Studio Ana', scopes: ['video.list'] } as unknown as Account;
const LINK = 'https://www.tiktok.com/@studio.ana/photo/7';

function live(changes: Partial<PostIn<'published'>> = {}, hoursAgo = 30): PostIn<'published'> {
  const settledAt = NOW - hoursAgo * HOUR_MS;
  return postIn({
    status: 'published',
    settledAt,
    publishId: 'p',
    postIds: ['7'],
    checks: 0,
    checkedAt: settledAt,
    results: [{ at: settledAt + 24 * HOUR_MS, ...COUNTS }],
    ...changes,
  }) as PostIn<'published'>;
}

const show = (posts: readonly PostIn<'published'>[], accounts: readonly Account[] = [GRANTED]): string =>
  printed(resultsCard({ posts, accounts, wording: WORDINGS.telegram, timeZone: 'UTC', now: NOW }));

/** The only post of a card, below its heading. */
const linesOf = (post: PostIn<'published'>, accounts?: readonly Account[]) =>
  show([post], accounts).split('\n').slice(2);

describe('the last posts', () => {
  it('have their numbers, their account and their link', () => {
    expect(linesOf(live())).toEqual([
      'First light  1 day ago',
      '1,204 views · 88 likes · 7 comments · 3 shares · after 24 h · Studio Ana (@studio.ana)',
      LINK,
    ]);
  });

  it.each([
    [
      'too young',
      live({ results: undefined, nextResultsAt: NOW + HOUR_MS / 2 }, 0.5),
      'no numbers yet; Nod looks today 12:30 (UTC)',
    ],
    ['no longer public', live({ results: undefined, goneIds: ['7'], takenDownAt: NOW }), 'no longer public'],
    [
      'no longer public, with numbers',
      live({ goneIds: ['7'], takenDownAt: NOW }),
      'no longer public · 1,204 views · 88 likes · 7 comments · 3 shares · after 24 h',
    ],
    ['without an answer', live({ results: undefined }), 'TikTok tells no numbers of it'],
    ['without an id', live({ results: undefined, postIds: [] }), 'TikTok has not told which post it is'],
  ])('say what is missing where they are %s', (_, post, text) => {
    expect(linesOf(post)[1]).toBe(`${text} · Studio Ana (@studio.ana)`);
  });

  it('say that what is not public has no numbers', () => {
    const post = live({ results: undefined, postIds: [] });
    const settings = { ...post.content.settings, privacyLevel: 'SELF_ONLY' as const };
    expect(linesOf({ ...post, content: { ...post.content, settings } })[1]).toMatch(/^not public/);
  });

  it('say once how an account without the right gets it', () => {
    const without = { ...GRANTED, scopes: [] };
    const posts = [live({ results: undefined }), live({ results: undefined })];
    expect(show(posts, [without]).match(/was connected without the right to read numbers/g)).toHaveLength(1);
    expect(show(posts, [without])).toContain('With /connect, administrators of this group can add it.');
    expect(show(posts, [])).toContain('is not connected any more');
    expect(show(posts, [{ ...GRANTED, expired: true }])).toContain('is not connected any more');
  });

  it('fit into one message, whatever they are called', () => {
    const post = live();
    const content = { ...post.content, caption: 'x'.repeat(2_200) };
    const account = { nickname: 'n'.repeat(500), username: 'u'.repeat(24) };
    const posts = Array.from({ length: 10 }, () => ({ ...post, content, account }));
    expect(show(posts).length).toBeLessThan(4_096);
  });

  it('are none at first', () => {
    expect(show([])).toContain('Nothing has gone live from here yet.');
  });
});

it('tells who manages a place how numbers are turned on', () => {
  expect(printed(resultsOffCard({ isManager: true }))).toContain('TIKTOK_STATS=true');
  expect(printed(resultsOffCard({ isManager: false }))).not.toContain('TIKTOK_STATS');
});

describe('the digest', () => {
  const digest = (...posts: PostIn<'published'>[]) => printed(digestCard(posts, WORDINGS.telegram));
  const counted = (views: number) => {
    const post = live();
    return live({ results: [{ at: post.settledAt + HOUR_MS, ...COUNTS, views }] });
  };

  it('adds up and names the post that was watched most', () => {
    expect(digest(counted(4), counted(9_000), counted(2_000))).toBe(
      [
        'Last week on TikTok · 3 posts',
        '11 K views · 264 likes · 21 comments · 9 shares',
        '',
        'Most watched: First light · Studio Ana (@studio.ana)',
        '9,000 views · 88 likes · 7 comments · 3 shares · after 1 h',
        LINK,
      ].join('\n'),
    );
  });

  it('says of how many posts the numbers are', () => {
    expect(digest(counted(4), live({ results: undefined }))).toContain('3 shares · of 1 post\n');
  });

  it('says where nothing is known', () => {
    expect(digest(live({ results: undefined }))).toContain(
      'No numbers are known of them; /results says why.',
    );
  });
});
