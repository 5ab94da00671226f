import { describe, expect, it } from 'vitest';
import { isSlow, retryDelayMs, statusCheckDelayMs } from '../../../src/core/publish/pacing.ts';
import { dueAt, hashContent, isSettled, type PostContent } from '../../../src/core/publish/post.ts';
import { contentWith, EVERYONE, HOUR_MS, namedFile, PACING, POSTS, T0 } from '../posts.ts';

describe('a post', () => {
  it('is settled in eight of its statuses', () => {
    const settled = Object.values(POSTS).filter(isSettled);
    expect(settled.map(({ status }) => status)).toEqual([
      'published',
      'in_inbox',
      'rejected',
      'expired',
      'cancelled',
      'withdrawn',
      'failed',
      'unconfirmed',
    ]);
  });

  it('is due when its status says', () => {
    const due = Object.fromEntries(Object.values(POSTS).map((post) => [post.status, dueAt(post)]));
    expect(due).toEqual({
      preparing: T0,
      in_review: T0 + 54 * HOUR_MS,
      on_hold: T0 + 168 * HOUR_MS,
      queued: T0,
      submitting: T0,
      uploading: T0,
      processing: T0 + 45_000,
      published: undefined,
      in_inbox: undefined,
      rejected: undefined,
      expired: undefined,
      cancelled: undefined,
      failed: undefined,
      unconfirmed: undefined,
    });
    expect(dueAt({ ...POSTS.in_review, isReminded: true, expiresAt: T0 + 5 })).toBe(T0 + 5);
    expect(dueAt({ ...POSTS.rejected, callsAt: T0 + 8 })).toBe(T0 + 8);
    expect(dueAt({ ...POSTS.published, nextCheckAt: T0 + 6 })).toBe(T0 + 6);
    expect(dueAt({ ...POSTS.in_inbox, nextCheckAt: T0 + 7 })).toBe(T0 + 7);
  });
});

describe('the hash of a content', () => {
  const plain = contentWith();
  const { privacyLevel: _, ...undecided } = EVERYONE;
  const second = { name: 'second.png', file: namedFile('d') };
  const changed: Record<string, PostContent> = {
    kind: contentWith({ kind: 'video' }),
    'post mode': contentWith({ postMode: 'MEDIA_UPLOAD' }),
    account: contentWith({ openId: 'open-ben' }),
    caption: contentWith({ caption: 'At the beach.' }),
    file: contentWith({ sources: [{ name: 'beach.png', file: namedFile('c') }] }),
    'one more file': contentWith({ sources: [...plain.sources, second] }),
    privacy: contentWith({ settings: { ...EVERYONE, privacyLevel: 'SELF_ONLY' } }),
    'no privacy': contentWith({ settings: undecided }),
    comments: contentWith({ settings: { ...EVERYONE, allowComment: false } }),
    duets: contentWith({ settings: { ...EVERYONE, allowDuet: true } }),
    stitches: contentWith({ settings: { ...EVERYONE, allowStitch: true } }),
    'own brand': contentWith({ settings: { ...EVERYONE, yourBrand: true } }),
    'branded content': contentWith({ settings: { ...EVERYONE, brandedContent: true } }),
    'cover moment': contentWith({ kind: 'video', coverMs: 7_000 }),
    'first picture as the cover': contentWith({ kind: 'video', coverMs: 0 }),
    'made by AI': contentWith({ settings: { ...EVERYONE, aiGenerated: true } }),
    cover: contentWith({ coverIndex: 1 }),
    title: contentWith({ title: 'First light' }),
    'a title like the caption': contentWith({ title: 'At the beach', caption: '' }),
    music: contentWith({ settings: { ...EVERYONE, autoAddMusic: true } }),
  };

  it('is the same for the same content, whatever the order of its fields', () => {
    const { caption, ...rest } = plain;
    expect(hashContent({ caption, ...rest })).toBe(hashContent(plain));
    expect(hashContent(plain)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('covers everything that an approval is for', () => {
    const hashes = [plain, ...Object.values(changed)].map(hashContent);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is as it was before covers, titles and music where none of them is chosen', () => {
    const before = '7e15bfd5336d49aca98deb57550ae2619145042b6b3a2de66844c0a46832b9c5';
    expect(hashContent(plain)).toBe(before);
    const settings = { ...EVERYONE, autoAddMusic: false };
    expect(hashContent(contentWith({ coverIndex: 0, title: '', settings }))).toBe(before);
  });

  it('covers the order of the files', () => {
    const [first] = plain.sources;
    if (first === undefined) throw new Error('There is a file.');
    const forth = contentWith({ sources: [first, second] });
    const back = contentWith({ sources: [second, first] });
    expect(hashContent(forth)).not.toBe(hashContent(back));
  });
});

describe('the pace', () => {
  it.each([
    [0, 45_000],
    [2, 45_000],
    [3, 90_000],
    [4, 180_000],
    [10, 3_600_000],
    [5_000, 3_600_000],
  ])('of status checks after %i of them is %i ms', (checks, delayMs) => {
    expect(statusCheckDelayMs(checks, PACING)).toBe(delayMs);
  });

  it('is never faster than the interval, even above an hour', () => {
    expect(statusCheckDelayMs(9, { ...PACING, pollIntervalMs: 7_200_000 })).toBe(7_200_000);
  });

  it('is called slow after the even checks', () => {
    expect([2, 3].map((checks) => isSlow(checks, PACING))).toEqual([false, true]);
  });

  it('has an end of retries', () => {
    expect(retryDelayMs(0)).toBe(1_000);
    expect(retryDelayMs(6)).toBe(3_600_000);
    expect(retryDelayMs(7)).toBeUndefined();
  });
});
