import { expect, it } from 'vitest';
import { cancelCard, postsCard } from '../../../src/bots/posts/post-list.ts';
import { WORDINGS } from '../../../src/bots/text/wording.ts';
import { draftWith, photo, postIn, printed } from '../cards/subjects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const MINUTE_MS = 60_000;

it('tells what can be cancelled by its words or file, kind, account and time', () => {
  const drafts = [
    draftWith({ id: 'one', caption: 'First light\n#surf', createdAt: NOW - 12 * MINUTE_MS }),
    draftWith({
      id: 'two',
      files: [photo(1), photo(2)],
      account: { state: 'none' },
      plan: { at: NOW + 24 * 60 * MINUTE_MS },
      createdAt: NOW,
    }),
  ];
  const queued = { status: 'queued', notBefore: NOW + 6 * 60 * MINUTE_MS } as const;
  const posts = [{ ...postIn(queued), createdAt: NOW - 60 * MINUTE_MS }];
  expect(printed(cancelCard({ drafts, posts, timeZone: 'UTC', now: NOW }))).toBe(
    [
      'What do you want to cancel?',
      '',
      '1  First light #surf',
      '1 photo · Studio Ana (@studio.ana) · draft, begun 12 min ago',
      '',
      '2  photo-1.png',
      '2 photos · no account yet · for tomorrow 12:00 (UTC) · draft, begun just now',
      '',
      '3  First light',
      '1 photo · Studio Ana (@studio.ana) · goes out today 18:00 (UTC) · submitted 1 h ago',
      '[Discard draft 1: First light #surf]',
      '[Discard draft 2: photo-1.png]',
      '[Cancel post 3: First light]',
    ].join('\n'),
  );
});

it('does not say that a post was cancelled which was only taken back', () => {
  const posts = [
    postIn({ status: 'withdrawn', settledAt: 0, by: { id: 'telegram:1', name: 'Ana' } }),
    postIn({ status: 'rejected', settledAt: 0 }),
    postIn({ status: 'expired', settledAt: 0 }),
  ];
  const card = postsCard({
    posts,
    hidden: [],
    left: [],
    wording: WORDINGS.telegram,
    timeZone: 'UTC',
    now: 0,
  });
  const text = printed(card);
  expect(text).toContain('taken back to change it · ');
  expect(text).toContain('✕ not approved · ');
  expect(text).not.toContain('cancelled');
});
