import { describe, expect, it } from 'vitest';
import { draftCard } from '../../../src/bots/compose/draft-card.ts';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import { type Draft, type DraftFile, UNDECIDED } from '../../../src/core/compose/draft.ts';
import type { EarlierPost } from '../../../src/core/compose/earlier-post.ts';
import type { Problem } from '../../../src/core/problems.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { draftWith, photo, postIn, pressesOf, printed } from '../cards/subjects.ts';

const pictureOf = () => ({ type: 'picture' as const, key: 'key', path: 'path' });
const NOW = Date.parse('2026-11-22T12:00:00Z');
const cardOf = (
  changes: Partial<Draft> = {},
  approvals = 0,
  earlier?: EarlierPost,
  accounts: readonly Account[] = [],
  progress?: number,
) => {
  const policy = { ...defaultPolicy({ isPrivate: true }), approvals };
  return draftCard({
    draft: draftWith(changes),
    accounts,
    pictureOf,
    policy,
    timeZone: 'Europe/Berlin',
    earlier,
    now: NOW,
    progressOf: () => progress,
  });
};
const print = (changes: Partial<Draft> = {}, approvals?: number) => printed(cardOf(changes, approvals));

it('shows the files, the choices and the next steps', () => {
  expect(
    print({ files: [photo(1), photo(2)], caption: 'First light #surf' }),
  ).toBe(`2 photos for TikTok · Studio Ana (@studio.ana)

1  photo-1.png  PNG → JPEG, 4.1 MB → 412 KB  ★ cover
2  photo-2.png  PNG → JPEG, 4.1 MB → 412 KB

Caption
First light #surf

Who can see it?  choose one
Comments  off
Music by TikTok  off
Disclosure  none
AI-generated  no

By posting, you agree to TikTok’s Music Usage Confirmation.
TikTok may take some minutes to process it.
[Connect TikTok] [I have connected one]
[Everyone] [Friends] [Only me]
[Comments: off] [Music by TikTok: off]
[Disclosure: off] [AI label: off]
[Add title] [Edit caption]
[Photos…] [When…]
[Post now] [To my TikTok inbox]
[Add a big file] [Open as a page]
[Discard]`);
});

it('counts what can be posted and names what cannot', () => {
  const { id, order, name, ref } = photo(2);
  const refused = { id, order, name, ref, state: 'refused', problem: { code: 'file_damaged' } } as const;
  const text = print({ files: [photo(1), refused] });
  expect(text).toMatch(/^1 photo for TikTok/);
  expect(text).toContain('2  photo-2.png  ✕ The file is damaged or cut off.');
  expect(text).toContain('[Leave out what cannot be used]');
  expect(print({ files: [refused] })).toMatch(
    /^1 file for TikTok[\s\S]*None of this can be posted\.[\s\S]*\n\[Discard\]$/,
  );
});

it('names what came along and cannot be posted', () => {
  const leftOut = [
    { what: 'preview', count: 2 },
    { what: 'sticker', count: 1 },
  ] as const;
  expect(print({ leftOut })).toContain(
    '\nLeft out: 2 previews of links and 1 sticker. Only attached files are posted.\n',
  );
  expect(print({})).not.toContain('Left out');
});

describe('a title', () => {
  it('stands above the caption, counted near its limit, and only with photos', () => {
    const title = 'First light';
    expect(print({ title, caption: 'Sea' })).toContain('\nTitle\nFirst light\n\nCaption\nSea\n');
    expect(print({ title })).toContain('[Edit title]');
    expect(print({ title: '😀'.repeat(42) })).toContain('\nTitle  84 of 90 characters\n😀');
    const video = { ...photo(1), kind: 'video' } as DraftFile;
    expect(print({ title, files: [video] })).not.toMatch(/Title|First light|title/);
  });

  it('that is too long is said to be', () => {
    expect(print({ title: 'x'.repeat(93) })).toContain(
      'The title has 93 characters; TikTok takes 90. Shorten it by 3.',
    );
  });
});

describe('a caption', () => {
  it('stands as it goes out, with nothing said about it while nothing is worth it', () => {
    expect(print({ caption: 'First light\n\n#a #b #c #d #e with @ana.b' })).toContain(
      '\nCaption\nFirst light\n\n#a #b #c #d #e with @ana.b\n',
    );
  });

  it('is told to have more hashtags than TikTok’s app takes', () => {
    expect(print({ caption: '#a #b #c #d #e #größe a#b &#39; #' })).toContain(
      '\nCaption  6 hashtags; TikTok’s app takes 5\n#a',
    );
  });

  it('is counted in UTF-16 units near the limit of its kind', () => {
    const caption = '😀'.repeat(1_900);
    expect(print({ files: [photo(1)], caption })).toContain('\nCaption  3800 of 4000 characters\n');
    expect(print({ files: [photo(1)], caption: '😀'.repeat(1_000) })).toContain('\nCaption\n');
  });

  it('is said to be shortened where the card does not hold it', () => {
    const preview = { key: 'key', sha256: 'ab', bytes: 9 };
    expect(print({ caption: 'x'.repeat(900), preview })).toContain('Caption  shortened here, posted whole\n');
  });
});

describe('a file that could not be taken in', () => {
  const { id, order, name, ref } = photo(2);
  const refusedFor = (problem: Problem, retry?: { state: 'waiting' }): DraftFile => ({
    id,
    order,
    name,
    ref,
    state: 'refused',
    problem,
    ...(retry !== undefined && { retry }),
  });

  it.each([
    [
      'media_limit',
      'Nod has no room for more media now; the file is fine. Tap “Try again” in a while, or have its operator raise MEDIA_LIMIT_GB.',
    ],
    ['disk_full', 'The disk of this Nod is full; the file is fine. Tell its operator, then tap “Try again”.'],
    ['too_slow', 'Nod took too long to read it. Tap “Try again”; if it stays so, send a shorter export.'],
    [
      'unknown',
      'Nod failed here; it is not the file’s fault. Tap “Try again”; if it stays so, tell its operator: the log says why.',
    ],
  ] as const)('is a fault of Nod’s where it is %s, with a way to try again', (reason, sentence) => {
    const failed = refusedFor({ code: 'preparing_failed', reason, name }, { state: 'waiting' });
    const alone = print({ files: [failed] });
    expect(alone).toContain(`photo-2.png  ✕ ${sentence}`);
    expect(alone).toMatch(/Nothing can be posted yet\.\n\[Try again\]\n\[Discard\]$/);
    const along = print({ files: [photo(1), failed] });
    expect(along).toContain('1 file could not be taken in. Try again, or leave it out.');
    expect(along).toContain('[Try again]\n[Leave out what cannot be used]');
  });

  it('is the chat’s where it does not hand a file over, with a way to try again', () => {
    const problem = { code: 'file_not_received', name } as const;
    const text = print({ files: [refusedFor(problem, { state: 'waiting' })] });
    expect(text).toContain(
      'photo-2.png  ✕ The chat has not handed the file over for minutes. Tap “Try again”, or send it again.',
    );
    expect(text).toContain('[Try again]');
  });

  it.each<[Problem, string]>([
    [{ code: 'file_unavailable', name }, 'The chat did not hand the file over. Send it again.'],
    [{ code: 'file_deleted', name }, 'photo-2.png is deleted by now. Send it again.'],
    [{ code: 'video_too_big', maxBytes: 1_000_000 }, 'It is bigger than the 1 MB that TikTok takes.'],
  ])('is none of Nod’s otherwise: %j', (problem, sentence) => {
    const text = print({ files: [refusedFor(problem)] });
    expect(text).toContain(sentence);
    expect(text).not.toContain('Try again');
  });
});

it.each([
  [{ commentDisabled: true }, 'Comments are off in this account’s settings.'],
  [{ duetDisabled: true }, undefined],
])('says of %o that %s', (disabled, sentence) => {
  const { account } = draftWith();
  if (account.state !== 'ready') throw new Error('The account of the example is ready.');
  const text = print({ account: { ...account, creator: { ...account.creator, ...disabled } } });
  if (sentence === undefined) expect(text).not.toContain('in this account’s settings');
  else expect(text).toContain(sentence);
});

it('marks the chosen audience and hides Only me for branded content', () => {
  const settings = { ...UNDECIDED, privacyLevel: 'MUTUAL_FOLLOW_FRIENDS', brandedContent: true } as const;
  const text = print({ settings, disclosing: true });
  expect(text).toContain('[Everyone] [● Friends]\n');
  expect(text).toContain('labelled “Paid partnership”');
});

it('gives every button at most 64 bytes to bring back', () => {
  const card = cardOf({ id: 'x'.repeat(14), files: [photo(1), photo(2)], disclosing: true });
  for (const press of pressesOf(card)) expect(Buffer.byteLength(press)).toBeLessThanOrEqual(64);
});

it('says when it goes out, and what its button does', () => {
  const planned = { plan: { at: Date.parse('2026-11-23T17:00:00Z') } };
  expect(print(planned)).toContain('Goes out  tomorrow 18:00 (Europe/Berlin)');
  expect(print(planned)).toContain('[Schedule]');
  expect(print(planned, 2)).toContain('[Ask for approval]');
  expect(print({}, 2)).not.toContain('Post now');
});

it('says that the account’s permission ends before the plan', () => {
  const connectedAt = Date.parse('2026-11-01T12:00:00Z');
  const account = { ...draftWith().account, connectedAt } as unknown as Account;
  const shown = (day: string, refreshExpiresAt: number) =>
    printed(cardOf({ plan: { at: Date.parse(day) } }, 0, undefined, [{ ...account, refreshExpiresAt }]));
  const end = Date.parse('2026-11-24T12:00:00Z');
  expect(shown('2026-11-24T11:59:00Z', end)).not.toContain('permission');
  expect(shown('2026-11-25T12:00:00Z', end)).toContain(
    'Goes out  Wed 25 Nov 13:00 (Europe/Berlin)\nTikTok’s permission for Studio Ana (@studio.ana) ends Tue 24 Nov 13:00 (Europe/Berlin); Nod renews it before',
  );
});

it('names a time that cannot be', () => {
  expect(print({ plan: { problem: { code: 'when_without_time', text: 'tomorrow' } } })).toContain(
    'Say the hour as well, like “tomorrow 18:00”.',
  );
});

describe('the same that was posted before', () => {
  const say = (state: PostState, more: { publishAt?: number; isSameFiles?: boolean } = {}) => {
    const { publishAt, isSameFiles = true } = more;
    const earlier = { post: { ...postIn(state), publishAt }, isSameFiles, isSameCaption: true };
    return printed(cardOf({ caption: 'First light' }, 0, earlier));
  };
  const followed = { settledAt: NOW - 3 * 86_400_000, publishId: 'p', checks: 0, checkedAt: 0 };

  it('is said with its link, and what goes on all the same', () => {
    expect(say({ status: 'published', ...followed, postIds: ['7602997517160123666'] })).toContain(
      `AI-generated  no

A post of Ana’s with the same photo and caption went live on this account 3 days ago:
https://www.tiktok.com/@studio.ana/photo/7602997517160123666
“Post now” goes on all the same.

By posting,`,
    );
  });

  it('is said with how far it has come', () => {
    expect(say({ status: 'in_inbox', ...followed, postIds: [] }, { isSameFiles: false })).toContain(
      'with the same caption went to the TikTok inbox of this account 3 days ago.\n',
    );
    expect(say({ status: 'queued', notBefore: NOW }, { publishAt: NOW + 3_600_000 })).toContain(
      'is scheduled for this account, today 14:00 (Europe/Berlin).\n',
    );
    expect(say({ status: 'in_review', since: NOW, expiresAt: NOW + 1 })).toContain('waits for approval.\n');
    expect(say({ status: 'queued', notBefore: NOW })).toContain('is on its way to this account.\n');
    expect(say({ status: 'unconfirmed', publishId: 'p', settledAt: NOW })).toContain(
      'was never confirmed: look at the account first.\n',
    );
  });
});

describe('a file that is too big for the chat', () => {
  const problem = {
    code: 'file_too_big_for_chat',
    name: 'holiday.mp4',
    bytes: 31e6,
    maxBytes: 20 * 2 ** 20,
  } as const;
  const tooBig: DraftFile = { id: '4', order: 4, name: 'holiday.mp4', ref: 'r', state: 'refused', problem };

  it('can come by an upload, which its card offers', () => {
    expect(
      print({ files: [tooBig] }),
    ).toContain(`holiday.mp4  ✕ 31.0 MB; this chat gives bots files up to 20 MB. Tap “Add a big file” to upload it, or send a smaller export.

Nothing can be posted yet.
[Add a big file] [Discard]`);
  });

  it('has its upload in percent', () => {
    const coming: DraftFile = { ...tooBig, state: 'waiting' };
    const shown = printed(cardOf({ files: [coming] }, 0, undefined, [], 0.428));
    expect(shown).toContain('holiday.mp4  on the way, 42 %');
    expect(shown).toContain('[Add a big file] [Discard]');
  });

  it('says in Discord how to see it once its message can change no more', () => {
    const coming: DraftFile = { ...tooBig, state: 'waiting' };
    const later = 'This message can change for 15 minutes; after that /tiktok posts brings up the draft.';
    const shown = (file: DraftFile, chat: string) =>
      printed(cardOf({ files: [file], chat }, 0, undefined, [], file.state === 'waiting' ? 0.4 : undefined));
    expect(shown(coming, 'discord:5')).toContain(later);
    expect(shown(tooBig, 'discord:5')).not.toContain(later);
    expect(shown(coming, 'telegram:5')).not.toContain(later);
  });
});
