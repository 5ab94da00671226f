import { expect, it } from 'vitest';
import { finalNote, postCard } from '../../../src/bots/posts/post-card.ts';
import { type ReviewView, reviewCard } from '../../../src/bots/review/review-card.ts';
import { problemText } from '../../../src/bots/text/problems.ts';
import { wordingOf } from '../../../src/bots/text/wording.ts';
import { UNDECIDED } from '../../../src/core/compose/draft.ts';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import type { Post, PostState } from '../../../src/core/publish/post.ts';
import {
  type Decision,
  defaultPolicy,
  type ReviewPolicy,
  type Vote,
  type VoteChoice,
} from '../../../src/core/review/review.ts';
import { postIn, printed } from '../cards/subjects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const TUESDAY = Date.parse('2026-11-24T17:00:00Z');
const pictureOf = () => ({ type: 'picture' as const, key: 'key', path: 'path' });

const vote = (name: string, mark: VoteChoice, reason?: string): Vote => ({
  person: { id: `discord:${name}`, name },
  mark,
  at: NOW,
  authority: { by: 'manager' },
  ...(reason !== undefined && { reason }),
});

const reviewed = (
  state: PostState,
  policy: Partial<ReviewPolicy> = {},
  more: Partial<Post> & { decision?: Decision } = {},
): Post => {
  const { decision, ...rest } = more;
  const terms = { ...defaultPolicy({ isPrivate: false }), approvals: 2, ...policy };
  const review = {
    policy: terms,
    chats: ['discord:1'],
    places: ['discord:9'],
    ...(decision !== undefined && { decision }),
  };
  return { ...postIn(state), ...rest, review } as Post;
};

const IN_REVIEW = { status: 'in_review', since: NOW, expiresAt: TUESDAY } as const;

function print(post: Post, changes: Partial<ReviewView> = {}): string {
  return printed(
    reviewCard({
      post,
      chat: 'discord:1',
      votes: [],
      timeZone: 'Europe/Berlin',
      receivesReactions: true,
      previewUrl: 'https://nod.example/look/x',
      now: NOW,
      pictureOf,
      ...changes,
    }),
  );
}

function printPost(post: Post, votes: readonly Vote[] = []): string {
  return printed(
    postCard({
      post,
      votes,
      chat: 'discord:1',
      goesOn: false,
      hasAccess: true,
      timeZone: 'Europe/Berlin',
      pacing: DEFAULT_PACING,
      now: NOW,
      pictureOf,
    }),
  );
}

it('shows what would be published, what is missing, until when and how to vote', () => {
  expect(print(reviewed(IN_REVIEW), { votes: [vote('Ben', 'approve')] })).toBe(
    `Ana wants to post to Studio Ana (@studio.ana)
1 photo to the profile · visible to: Everyone · comments off

First light

Needs 2 approvals: ✅ Ben · 1 of 2
Open until Tue 24 Nov 18:00 (Europe/Berlin); if nobody decides by then, nothing is posted.
It goes out as soon as it is approved.
Who decides: people with Manage Server
✅ approves, ❌ rejects, as a reaction or a button.
[Approve] [Reject…]
[Look at it]
[When…] [Edit] [Cancel]`,
  );
});

it('says how far files are that cannot be looked at yet', () => {
  expect(print(reviewed({ status: 'preparing' }), { prepared: 0.416 })).toContain(
    'The files are still being prepared, 41 %; votes count already.',
  );
});

it('shows the title, the cover and the music of photos', () => {
  const { content } = postIn(IN_REVIEW);
  const [source] = content.sources;
  if (source === undefined) throw new Error('The example has a photo.');
  const settings = { ...content.settings, autoAddMusic: true };
  const chosen = {
    ...content,
    sources: [source, source, source],
    settings,
    coverIndex: 2,
    title: 'Out at sea',
  };
  const post = reviewed(IN_REVIEW, {}, { content: chosen });
  expect(print(post)).toContain(`
3 photos to the profile · cover: photo 3 · visible to: Everyone · comments off · music by TikTok

Title  Out at sea

First light
`);
  expect(printPost(post)).toContain(
    '\nTitle  Out at sea\n“First light”\n3 photos to the profile · cover: photo 3',
  );
  const inbox = { ...chosen, postMode: 'MEDIA_UPLOAD', settings: UNDECIDED } as const;
  expect(print(reviewed(IN_REVIEW, {}, { content: inbox }))).toContain(`
3 photos to the TikTok inbox, where its owner finishes it · cover: photo 3

Title  Out at sea
`);
});

it('shows labels, toggles and the whole caption', () => {
  const { content } = postIn(IN_REVIEW);
  const settings = { ...UNDECIDED, allowDuet: true, brandedContent: true, aiGenerated: true };
  const post = reviewed(
    IN_REVIEW,
    {},
    { content: { ...content, kind: 'video', settings, caption: 'One\n\nTwo' } },
  );
  const text = print(post);
  expect(text).toContain(
    'Video to the profile · comments off · Duet on · Stitch off\nLabelled “Paid partnership” and “AI-generated”',
  );
  expect(text).toContain('\n\nOne\n\nTwo\n\n');
  expect(text).not.toContain('[Whole caption]');
  const tagged = reviewed(IN_REVIEW, {}, { content: { ...content, caption: '#a #b #c #d #e #f by @ana' } });
  expect(print(tagged)).toContain('#a #b #c #d #e #f by @ana\n6 hashtags; TikTok’s app takes 5.\n\n');
  const long = reviewed(IN_REVIEW, {}, { content: { ...content, caption: 'word '.repeat(180) } });
  expect(print(long)).not.toContain('[Whole caption]');
  expect(print(long, { chat: 'telegram:-2' })).toContain('[Whole caption]');
});

it('says that the inbox is where it goes, and when', () => {
  const { content } = postIn(IN_REVIEW);
  const inbox = { ...content, kind: 'video', postMode: 'MEDIA_UPLOAD' } as const;
  expect(print(reviewed(IN_REVIEW, {}, { content: inbox }))).toMatch(
    /\nVideo to the TikTok inbox, where its owner finishes it\n[\s\S]*\nIt goes to the inbox as soon as it is approved\.\n/,
  );
  expect(print(reviewed(IN_REVIEW, {}, { content: inbox, publishAt: TUESDAY }))).toContain(
    'Goes to the inbox Tue 24 Nov 18:00 (Europe/Berlin) if it is approved by then',
  );
});

it('names everybody who has a say, in each of the places', () => {
  const people = [{ id: 'telegram:7', name: 'Dora' }];
  const roles = [{ id: 'discord:3', name: 'Editors' }];
  const post = reviewed(IN_REVIEW, { people, roles });
  const policy = post.review?.policy ?? raise();
  const chats = ['discord:1', 'telegram:-2'];
  const joined = { ...post, review: { policy, chats, places: ['discord:9', 'telegram:-2'] } };
  expect(print(joined)).toContain(
    'Who decides: Editors, Dora, people with Manage Server and administrators of the group on Telegram',
  );
  expect(print(joined, { chat: 'telegram:-2' })).toContain(
    'Who decides: Editors, Dora, administrators of this group and people with Manage Server on Discord',
  );
  const problem = { code: 'may_not_vote', policy, chats: ['discord:1'] } as const;
  expect(problemText(problem, wordingOf('discord:1'))).toBe(
    'Only Editors, Dora and people with Manage Server can approve or reject here.',
  );
});

it('speaks of thumbs in Telegram, and of buttons where reactions do not arrive', () => {
  expect(print(reviewed(IN_REVIEW), { chat: 'telegram:-2', votes: [vote('Ben', 'approve')] })).toMatch(
    /👍 Ben · 1 of 2[\s\S]*👍 approves, 👎 rejects/,
  );
  const text = print(reviewed(IN_REVIEW), { chat: 'telegram:-2', receivesReactions: false });
  expect(text).toContain('once Nod is an administrator of this group');
  expect(text).not.toContain('👍');
});

it('says when Nod was away, and when the post goes out', () => {
  const away = { from: NOW - 3_600_000, until: NOW - 600_000 };
  expect(print(reviewed(IN_REVIEW), { away })).toContain(
    'Nod was away from today 12:00 (Europe/Berlin) to today 12:50 (Europe/Berlin). A vote from then that is not shown here did not arrive',
  );
  expect(print(reviewed(IN_REVIEW, {}, { publishAt: TUESDAY }))).toContain(
    'Goes out Tue 24 Nov 18:00 (Europe/Berlin) if it is approved by then, else as soon as it is.',
  );
  expect(print(reviewed(IN_REVIEW, {}, { publishAt: NOW - 1 }))).toContain(
    'it goes out as soon as it is approved',
  );
});

it('shows who rejects and why while one rejection is not the end', () => {
  const text = print(reviewed(IN_REVIEW, { rejectionIsFinal: false }), {
    votes: [vote('Chiara', 'reject', 'too dark')],
  });
  expect(text).toContain('Needs 2 approvals · 0 of 2\n❌ Chiara: “too dark”');
});

it('goes on with who decided', () => {
  const by = [vote('Ben', 'approve').person, vote('Chiara', 'approve').person];
  const approved = { outcome: 'approved', by, at: NOW } as const;
  const queued = { status: 'queued', notBefore: TUESDAY } as const;
  expect(printPost(reviewed(queued, {}, { decision: approved, publishAt: TUESDAY, attempts: 0 }))).toBe(
    `Scheduled · Studio Ana (@studio.ana)
“First light”
1 photo to the profile · visible to: Everyone

✅ Approved by Ben and Chiara

Goes out Tue 24 Nov 18:00 (Europe/Berlin).
There is nothing left to do; this card will show how it goes.
[Other time…] [Publish now]
[Edit] [Cancel]`,
  );
  const rejected = { outcome: 'rejected', by: by.slice(0, 1), at: NOW } as const;
  const votes = [vote('Ben', 'reject', 'too dark'), vote('Chiara', 'approve')];
  expect(printPost(reviewed({ status: 'rejected', settledAt: NOW }, {}, { decision: rejected }), votes)).toBe(
    `✕ Not approved · Studio Ana (@studio.ana)
“First light”

❌ Rejected by Ben: “too dark”

Nothing was posted.
[Edit]`,
  );
  const unsaid = [vote('Ben', 'reject')];
  expect(
    printPost(reviewed({ status: 'rejected', settledAt: NOW }, {}, { decision: rejected }), unsaid),
  ).toMatch(/\[Say why\] \[Edit\]$/);
});

it('asks its author for another audience, and calls for them', () => {
  const held: PostState = {
    status: 'on_hold',
    problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
    privacyLevelOptions: ['MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
    expiresAt: TUESDAY,
  };
  expect(printPost(reviewed(held))).toMatch(
    /^Waiting for its author[\s\S]*“Everyone” is not open to this account any more\. Choose again\.\n[\s\S]*reviewed again\.\nIf nothing is chosen by Tue 24 Nov 18:00 \(Europe\/Berlin\), nothing is posted\.\n\[Friends\] \[Only me\]\n\[Send to my inbox instead\]\n\[Edit\] \[Cancel\]$/,
  );
  expect(finalNote({ post: reviewed(held), chat: 'discord:1', votes: [] })).toBeDefined();
});

it('says what became of a post that was taken back, or that nobody decided', () => {
  const by = { id: 'telegram:1', name: 'Ana' };
  expect(printPost(reviewed({ status: 'withdrawn', settledAt: NOW, by }))).toMatch(
    /^Taken back by Ana to change it[\s\S]*Its votes no longer count[\s\S]*\[Edit\]$/,
  );
  expect(printPost(reviewed({ status: 'expired', settledAt: NOW }))).toContain('The review has expired');
});

function raise(): never {
  throw new Error('The example has a review.');
}

it.each(['telegram:-5', 'discord:1'])('says in %s which part of a video is posted, and its cover', (chat) => {
  const post = reviewed(IN_REVIEW);
  const [source] = post.content.sources;
  if (source === undefined) throw new Error('The post has a file.');
  const cut = { startSeconds: 65, maxSeconds: 180 };
  const sources = [{ ...source, use: { cut }, durationSeconds: 200 }];
  const content = { ...post.content, kind: 'video', sources, coverMs: 7_500 } as const;
  expect(print({ ...post, content }, { chat })).toContain('\nFrom 1:05 to 3:20 · cover at 0:07.5\n');
  const inbox = { ...content, postMode: 'MEDIA_UPLOAD', coverMs: undefined } as const;
  expect(print({ ...post, content: inbox }, { chat })).toContain('\nFrom 1:05 to 3:20\n');
});
