import { describe, expect, it } from 'vitest';
import { finalNote, type PostView, postCard } from '../../../src/bots/posts/post-card.ts';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import type {
  LimitCount,
  Post,
  PostFailureReason,
  PostIn,
  PostState,
} from '../../../src/core/publish/post.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { photo, postIn, printed } from '../cards/subjects.ts';

const NOW = 72_000;
const view = {
  chat: 'telegram:1',
  votes: [],
  goesOn: false,
  hasAccess: true,
  timeZone: 'UTC',
  pacing: DEFAULT_PACING,
  now: NOW,
};

function print(state: PostState, changes: Partial<PostView> = {}): string {
  const pictureOf = () => ({ type: 'picture' as const, key: 'key', path: 'path' });
  return printed(postCard({ ...view, post: postIn(state), pictureOf, ...changes }));
}

const processing = postIn({
  status: 'processing',
  attemptId: 'attempt',
  publishId: 'p_pub_url~v2.7602973700550761114',
  since: 60_000,
  checks: 0,
  checkedAt: 60_000,
  nextCheckAt: 105_000,
  pulledBytes: 0,
}) as PostIn<'processing'>;
const settled = { settledAt: NOW, publishId: 'p', postIds: [], checks: 0, checkedAt: NOW } as const;

it('shows the first photo of a post that has no preview', () => {
  const file = photo(1);
  const pictureOf = ({ key }: { key: string }) => ({ type: 'picture' as const, key, path: key });
  expect(postCard({ ...view, pictureOf, post: postIn(processing) }).attachment).toBeUndefined();
  const post = { ...postIn(processing), media: file.state === 'ready' ? [file.media] : [] };
  expect(postCard({ ...view, pictureOf, post }).attachment).toMatchObject({ key: '412000.bin' });
});

it('shows the steps of a post, one a line', () => {
  expect(print({ status: 'queued', notBefore: 0 })).toBe(
    'Posting · Studio Ana (@studio.ana)\n“First light”\n1 photo to the profile · visible to: Everyone\n\n· queued\n[Cancel]',
  );
  expect(print({ status: 'submitting', attemptId: 'attempt', since: 0 })).toContain(
    '✓ queued\n· handing it to TikTok',
  );
  expect(print(processing)).toContain('✓ TikTok has it (publish …761114)\n· TikTok takes the media');
});

it('says how far its files are prepared', () => {
  expect(print({ status: 'preparing' })).toContain('\n· preparing the files\n');
  expect(print({ status: 'preparing' }, { prepared: 0.429 })).toContain('\n· converting the video, 42 %\n');
});

describe('a video of which a person chose something', () => {
  const held: PostState = {
    status: 'on_hold',
    problem: { code: 'video_too_long_for_creator', durationSeconds: 180, maxSeconds: 60 },
    privacyLevelOptions: [],
    expiresAt: NOW + 3_600_000,
  };
  const withCut = (state: PostState): Post => {
    const post = postIn(state);
    const cut = { startSeconds: 65, maxSeconds: 180 };
    const sources = post.content.sources.map((source) => ({ ...source, durationSeconds: 720, use: { cut } }));
    return { ...post, content: { ...post.content, kind: 'video', sources, coverMs: 7_000 } };
  };

  it('says which part and which cover', () => {
    const queued: PostState = { status: 'queued', notBefore: 0 };
    expect(print(queued, { post: withCut(queued) })).toContain(
      'Video to the profile · visible to: Everyone\nFrom 1:05 to 4:05 · cover at 0:07\n',
    );
  });

  it('leads to the way to trim it where the limit has shrunk', () => {
    expect(print(held, { post: withCut(held) })).toContain(`Waiting for its author · Studio Ana (@studio.ana)
“First light”
Video to the profile · visible to: Everyone
From 1:05 to 4:05 · cover at 0:07

It runs 3 min; this account may post up to 1 min. Trim it, or send a shorter cut.
“Trim…” takes it back into a draft.
If nothing is chosen by today 01:01 (UTC), nothing is posted.
[Trim…]
[Edit] [Cancel]`);
  });
});

it('says for how long a post can be stopped for certain', () => {
  expect(print({ status: 'queued', notBefore: NOW + 2_100 })).toContain(
    '· goes to TikTok in 3 s; until then “Cancel” stops it for certain\n[Cancel]',
  );
});

it('shows how much TikTok has taken', () => {
  const pull = { bytes: 600, totalBytes: 1000, fileNumber: 2, files: 3 };
  expect(print(processing, { pull })).toContain('▓▓▓▓▓▓░░░░  TikTok is taking photo 2 of 3');
  expect(print(processing, { pull: { ...pull, fileNumber: 1, files: 1 } })).toContain(
    'TikTok is taking the photo, 60 %',
  );
  expect(print(processing, { pull: { ...pull, completedAt: NOW } })).toContain(
    '✓ TikTok took the media\n· processing',
  );
});

describe('a video that is uploaded', () => {
  const uploading: PostState = {
    status: 'uploading',
    attemptId: 'attempt',
    publishId: 'v_pub_file~v2.7602973700550761114',
    since: 0,
    uploadedBytes: 0,
    failures: 0,
  };
  const pull = { bytes: 620, totalBytes: 1000, fileNumber: 1, files: 1 };

  it('shows how far it is, and can be stopped until its end', () => {
    expect(print(uploading)).toContain('✓ queued\n· uploading the video to TikTok, 0 %\n[Cancel]');
    expect(print(uploading, { pull })).toContain('▓▓▓▓▓▓░░░░  uploading the video to TikTok, 62 %\n[Cancel]');
  });

  it('keeps what TikTok has after a restart, and says when it goes on', () => {
    const paused: PostState = { ...uploading, uploadedBytes: 400, notBefore: NOW + 10_000, failures: 1 };
    expect(print(paused, { pull: { ...pull, bytes: 0 } })).toContain(
      '▓▓▓▓░░░░░░  uploading the video to TikTok, 40 %\nTikTok did not take a part of it. Next try in 10 s.',
    );
  });

  it('cannot be cancelled once TikTok has it', () => {
    const text = print({ ...processing, transfer: 'upload' });
    expect(text).toContain('✓ uploaded');
    expect(text).not.toContain('[Cancel]');
  });
});

describe('a post that TikTok cannot fetch', () => {
  const failed = (reason: PostFailureReason): PostState => ({
    status: 'failed',
    failure: { reason },
    settledAt: NOW,
  });

  it('says of photos that there is no other way, and what the operator does', () => {
    expect(print(failed('url_not_verified'))).toContain(
      'The operator verifies it in TikTok’s developer portal under “URL properties”.\n' +
        'TikTok takes photos in no other way than by fetching them from there.',
    );
    for (const reason of ['invalid_request', 'pull_failed'] as const) {
      expect(print(failed(reason), { pullObstacle: 'not_public' })).toContain(
        'The operator sets PUBLIC_URL to a public https address',
      );
    }
    expect(print(failed('spam'), { pullObstacle: 'not_public' })).not.toContain('PUBLIC_URL');
  });

  it('says of a video that it can be uploaded', () => {
    const state = failed('url_not_verified');
    const post = postIn(state);
    const video: Post = { ...post, content: { ...post.content, kind: 'video' } };
    expect(print(state, { post: video })).toContain('With VIDEO_TRANSFER=auto it is uploaded instead.');
  });
});

it('says when it looks again where TikTok takes long', () => {
  expect(print({ ...processing, checks: 3 })).toContain(
    'TikTok is still processing (12 s). That can take a while; this card keeps checking, next in 33 s.',
  );
});

it('says that it cannot see how a post ends without access to the account', () => {
  const text = print({ ...processing, checks: 3 }, { hasAccess: false });
  expect(text).toContain('cannot see how this ends.\n/connect it again');
  expect(text).not.toContain('keeps checking');
});

describe('a post whose account is not connected', () => {
  const DAY_MS = 24 * 3_600_000;
  const publishAt = NOW + DAY_MS;
  const planned: PostState = { status: 'queued', notBefore: publishAt };
  const waiting: PostState = {
    status: 'queued',
    notBefore: NOW + DAY_MS,
    wait: { reason: 'account_disconnected' },
  };

  it('says so long before its time, and until when it waits', () => {
    const post = { ...postIn(planned), publishAt, readyAt: publishAt } as Post;
    const text = print(planned, { post, hasAccess: false });
    expect(text).toContain(
      'Goes out tomorrow 00:01 (UTC).\nIts TikTok account must be connected again.\nIt waits for that until Sat 3 Jan 00:01 (UTC); after that it is not posted.\n[Connect again]\n[Other time…]',
    );
    expect(print(planned, { post })).not.toContain('connected again');
  });

  it('says that it goes on as soon as that is done, and calls its author', () => {
    const post = { ...postIn(waiting), readyAt: NOW } as Post;
    expect(print(waiting, { post, hasAccess: false })).toMatch(
      /^Waiting[\s\S]*It goes out as soon as that is done, and waits for it until tomorrow 00:01 \(UTC\)\.\n\[Connect again\]\n\[Cancel\]$/,
    );
    const call = finalNote({ ...view, post });
    expect(call && printed(call)).toMatch(/^Waiting for its account[\s\S]*\[Connect again\]$/);
  });
});

it('says why a post waits, when it goes on, and that nothing is posted twice', () => {
  const wait = { reason: 'daily_post_limit', reasonRaw: 'spam_risk_too_many_posts' } as const;
  const text = print({ status: 'queued', notBefore: NOW + 40_000, wait });
  expect(text).toMatch(
    /^Waiting[\s\S]*24 h by API\.\n[\s\S]*Nothing is posted twice\. Next try in 40 s\.\n\[Cancel\]$/,
  );
  expect(text).not.toContain('spam_risk');
});

describe('a post that a limit holds back', () => {
  const HOUR_MS = 3_600_000;
  const until = NOW + 3 * HOUR_MS;
  const held = (reason: PostFailureReason, limit: Partial<LimitCount> = {}) => {
    const wait = { reason, limit: { used: 15, cap: 15, opensAt: until, ...limit } };
    return print({ status: 'queued', notBefore: until, wait }).split('\n\n')[1];
  };

  it('says why it is not sent, and until when', () => {
    expect(held('daily_post_limit')).toBe(`This account has reached TikTok’s limit of posts in 24 h by API.
Posting in the TikTok app still works.
15 posts in 24 h through this Nod; TikTok takes about 15.
It goes on when the oldest of them is a day old: today 03:01 (UTC).
[Cancel]`);
    expect(
      held('pending_inbox_limit', { used: 5, cap: 5 }),
    ).toBe(`The TikTok inbox takes no more drafts of this account for now.
Finish or delete drafts in the TikTok app.
5 of 5 drafts of the last 24 h wait to be finished in the TikTok app.
It goes on when one of them is posted, at the latest today 03:01 (UTC).
[Cancel]`);
    expect(
      held('app_creator_cap', { used: 5, cap: 5 }),
    ).toBe(`This Nod has reached TikTok’s limit of posting accounts in 24 h.
5 other accounts posted in 24 h through this Nod.
It goes on when one of them has not posted for a day: today 03:01 (UTC).
[Cancel]`);
  });

  it('says who goes first, and what TikTok alone knows', () => {
    expect(held('daily_post_limit', { used: 3, cap: 3, isLearned: true, ahead: 1 })).toContain(
      '\n3 posts in 24 h through this Nod. Those of other apps count too.\n1 post goes first.\nIts turn comes today 03:01 (UTC).\n',
    );
    expect(held('daily_post_limit', { used: 0, cap: 0, isLearned: true, ahead: 2 })).toContain(
      '\n0 posts in 24 h through this Nod. Those of other apps count too.\n2 posts go first.\nTikTok is asked again today 03:01 (UTC).\n',
    );
  });

  it('says that it is not posted where there is no room for it in time', () => {
    const limit = { used: 15, cap: 15, ahead: 200, opensAt: until + 14 * 86_400_000 };
    const wait = { reason: 'daily_post_limit', limit } as const;
    expect(print({ status: 'queued', notBefore: until, wait })).toContain(
      '\n200 posts go first.\nIf there is no room by today 03:01 (UTC), it is not posted.\n[Cancel]',
    );
  });

  it('names the time from which it can be tried again, once it has ended', () => {
    const failed = (opensAt: number) => {
      const failure = { reason: 'daily_post_limit', limit: { used: 15, cap: 15, opensAt } } as const;
      return print({ status: 'failed', settledAt: NOW, failure });
    };
    expect(failed(until)).toContain('\nIt can be tried again today 03:01 (UTC).\n[Try again] [Edit]');
    expect(failed(NOW)).toContain('\nThere may be room again: try it now.\n[Try again] [Edit]');
  });
});

it('ends with the link, or with why there is none', () => {
  expect(print({ status: 'published', ...settled, postIds: ['7602997517160123666'] })).toBe(
    [
      '✓ Live on TikTok · 1 min 12 s · Studio Ana (@studio.ana)',
      '“First light”',
      '',
      'https://www.tiktok.com/@studio.ana/photo/7602997517160123666',
    ].join('\n'),
  );
  const waiting = { status: 'published', ...settled, nextCheckAt: NOW + 60_000 } as const;
  expect(print(waiting)).toContain('TikTok tells the link after its review');
  expect(print({ status: 'published', ...settled })).toContain('TikTok has not told the link.');
});

it('lets a person post again what TikTok never confirmed', () => {
  const text = print({ status: 'unconfirmed', publishId: 'p1', settledAt: NOW });
  expect(text).toContain('neither yes nor no');
  expect(text).toContain('[It is not there: post it again]');
});

it('says what failed, to which file, and what to do', () => {
  const problem = { code: 'file_damaged' } as const;
  const file = { number: 2, name: 'logo.png', problem };
  const text = print({ status: 'failed', settledAt: NOW, failure: { reason: 'media_refused', file } });
  expect(text).toMatch(/^✕ Not posted: a file cannot be used/);
  expect(text).toContain('Nothing is public.\nFile 2, logo.png: The file is damaged or cut off.');
  expect(text).toContain('[Edit and try again] [Try again]');
});

it('says how much of the video is transcoded', () => {
  const preparing = { status: 'preparing', createdAt: NOW } as const;
  expect(print(preparing, { prepared: 0.429 })).toContain('· converting the video, 42 %');
  expect(print(preparing)).toContain('· preparing the files');
});

it('says that Nod failed and not the file, and when it tries again', () => {
  const problem = { code: 'preparing_failed', reason: 'disk_full', name: 'logo.png' } as const;
  const failure = { reason: 'preparing_failed', file: { number: 2, name: 'logo.png', problem } } as const;
  const waiting = print({ status: 'preparing', failures: 1, notBefore: NOW + 30_000, wait: failure });
  expect(waiting).toContain('Nod could not prepare a file: logo.png. The file may be fine.\nNext try ');
  const text = print({ status: 'failed', settledAt: NOW, failure });
  expect(text).toMatch(/^✕ Not posted: Nod could not prepare a file/);
  expect(text).toContain('File 2, logo.png: The disk of this Nod is full; the file is fine.');
  expect(text).toContain('[Try again] [Edit]');
});

it('names a reason that it does not know as TikTok spelled it', () => {
  const failure = { reason: 'unknown', reasonRaw: 'brand_new_reason' } as const;
  expect(print({ status: 'failed', settledAt: NOW, failure })).toContain('(brand_new_reason)');
});

it('makes an ending of every status that somebody waits for, and none of a cancel', () => {
  const ends = (state: PostState) =>
    finalNote({ post: postIn(state), chat: 'telegram:1', votes: [] }) !== undefined;
  expect(ends({ status: 'published', ...settled })).toBe(true);
  expect(ends({ status: 'in_inbox', ...settled })).toBe(true);
  expect(ends({ status: 'failed', settledAt: NOW, failure: { reason: 'spam' } })).toBe(true);
  expect(ends({ status: 'unconfirmed', settledAt: NOW, publishId: 'p' })).toBe(true);
  expect(ends({ status: 'cancelled', settledAt: NOW })).toBe(false);
  expect(ends(processing)).toBe(false);
});

describe('what waits', () => {
  const LATER = NOW + 86_400_000;
  const { content } = postIn({ status: 'preparing' });
  const inbox = { ...content, kind: 'video', postMode: 'MEDIA_UPLOAD' } as const;
  const printAs = (post: Post) => print({ status: 'preparing' }, { post });

  it('says its audience, destination and time, and what happens then', () => {
    const scheduled = postIn({ status: 'queued', notBefore: LATER });
    expect(printAs({ ...scheduled, publishAt: LATER })).toBe(
      `Scheduled · Studio Ana (@studio.ana)
“First light”
1 photo to the profile · visible to: Everyone

Goes out tomorrow 00:01 (UTC).
There is nothing left to do; this card will show how it goes.
[Other time…] [Publish now]
[Edit] [Cancel]`,
    );
    expect(printAs({ ...scheduled, publishAt: LATER, content: inbox })).toContain(
      `Video to the TikTok inbox, where its owner finishes it

Goes to the inbox tomorrow 00:01 (UTC).
Then its owner finishes it in TikTok; this card says when.
`,
    );
  });

  it('is scheduled already while its files are prepared', () => {
    const text = printAs({ ...postIn({ status: 'preparing' }), publishAt: LATER });
    expect(text).toMatch(/^Scheduled[\s\S]*· preparing the files\nGoes out tomorrow[\s\S]*\[Other time…\]/);
  });

  it('says what is missing for its approval', () => {
    const review = {
      policy: defaultPolicy({ isPrivate: false }),
      chats: ['telegram:1'],
      places: ['telegram:1'],
    };
    const reviewed = (state: PostState) => printAs({ ...postIn(state), review } as Post);
    expect(reviewed({ status: 'in_review', since: NOW, expiresAt: LATER })).toContain(
      `Needs 1 approval · 0 of 1
Open until tomorrow 00:01 (UTC); if nobody decides by then, nothing is posted.
It goes out as soon as it is approved.
`,
    );
    expect(reviewed({ status: 'preparing' })).toMatch(
      /^Waiting for approval[\s\S]*still being prepared; votes count already\.\nIt goes out as soon as it is approved/,
    );
  });

  it('says until when its author can choose', () => {
    const problem = { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' } as const;
    const state = { status: 'on_hold', problem, privacyLevelOptions: [], expiresAt: LATER } as const;
    expect(print(state)).toContain('If nothing is chosen by tomorrow 00:01 (UTC), nothing is posted.');
  });
});
