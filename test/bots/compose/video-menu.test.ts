import { describe, expect, it } from 'vitest';
import { draftCard } from '../../../src/bots/compose/draft-card.ts';
import { type Draft, type DraftFile, versionOf } from '../../../src/core/compose/draft.ts';
import type { PreparedMedia, StoredFile } from '../../../src/core/media/types.ts';
import { defaultPolicy } from '../../../src/core/review/review.ts';
import { draftWith, photo, printed, stored, videoFile } from '../cards/subjects.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
type View = Partial<Parameters<typeof draftCard>[0]>;

function cardOf(changes: Partial<Draft>, view: View = {}) {
  return draftCard({
    draft: draftWith(changes),
    accounts: [],
    pictureOf: ({ key }: StoredFile) => ({ type: 'picture', key, path: key }),
    policy: { ...defaultPolicy({ isPrivate: true }), approvals: 0 },
    timeZone: 'UTC',
    now: NOW,
    hasFfmpeg: true,
    ...view,
  });
}
const print = (changes: Partial<Draft>, view?: View) => printed(cardOf(changes, view));

function readyWith(file: DraftFile, media: Partial<PreparedMedia>): DraftFile {
  if (file.state !== 'ready') throw new Error('The file of the example is ready.');
  return { ...file, media: { ...file.media, ...media } };
}

const tooLong: DraftFile = {
  id: '1',
  order: 1,
  name: 'clip.mp4',
  ref: 'ref',
  state: 'refused',
  problem: { code: 'video_too_long', durationSeconds: 720, maxSeconds: 600 },
  retry: { state: 'stored', kind: 'video', source: stored(9), durationSeconds: 720 },
};

describe('a video that is too long', () => {
  it.each(['telegram:1', 'discord:1'])('can be trimmed on its card in %s', (chat) => {
    expect(print({ files: [tooLong], chat })).toBe(`1 file for TikTok · Studio Ana (@studio.ana)

clip.mp4  ✕ It runs 12 min; TikTok takes up to 10 min. Trim it, or send a shorter cut.

Nothing can be posted yet.
[Trim to 10 min] [Trim from…]
[Discard]`);
  });

  it('is told with what this account allows', () => {
    const { account } = draftWith();
    if (account.state !== 'ready') throw new Error('The account of the example is ready.');
    const creator = { ...account.creator, maxVideoDurationSeconds: 180 };
    const text = print({ files: [videoFile(1, { durationSeconds: 240 })], account: { ...account, creator } });
    expect(text).toContain(
      'It runs 4 min; this account may post up to 3 min. Trim it, or send a shorter cut.',
    );
    expect(text).toContain('[Trim to 3 min] [Trim from…]\n');
  });

  it('is a little over where nobody would count it', () => {
    const text = print({ files: [videoFile(1, { durationSeconds: 600.2 })] });
    expect(text).toContain('It runs a little over 10 min; this account may post up to 10 min.');
  });

  it('says which part is left, and can be whole again', () => {
    const cut = { startSeconds: 65, maxSeconds: 180 };
    const trimmed = readyWith(videoFile(1, { durationSeconds: 720 }), {
      durationSeconds: 180,
      changes: [{ type: 'cut', startSeconds: 65, endSeconds: 245 }],
    });
    const text = print({ files: [{ ...trimmed, use: { cut } }] });
    expect(text).toContain('clip-1.mp4  3 min, from 1:05 to 4:05, 4.1 MB → 2.0 MB');
    expect(text).toContain('[Trim from…] [Whole video]\n');
    expect(text).not.toContain('Trim to');
  });

  it('leaves the photos beside it alone', () => {
    const text = print({ files: [photo(2), tooLong] });
    expect(text).toContain('[Trim to 10 min] [Trim from…]\n');
    expect(text).toContain('[Leave out what cannot be used]\n');
    expect(text).not.toContain('Try again');
  });

  it('says nothing of trimming where nothing is too long', () => {
    expect(print({ files: [videoFile(1)] })).not.toContain('Trim');
  });
});

describe('the cover of a video', () => {
  const clip = videoFile(1, { durationSeconds: 9 });
  if (clip.state !== 'ready') throw new Error('The file of the example is ready.');
  const of = versionOf(clip);
  const momentsMs = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((second) => second * 1_000);

  it('is said on the card once it was chosen', () => {
    expect(print({ files: [clip], coverMoment: { of, ms: 7_000 } })).toContain(
      'AI-generated  no\nCover  at 0:07\n',
    );
    expect(print({ files: [clip] })).not.toContain('Cover  ');
    expect(print({ files: [clip], coverMoment: { of: 'another', ms: 7_000 } })).not.toContain('Cover  ');
  });

  it('is chosen among numbered pictures, or named', () => {
    const coverSheet = { of, momentsMs, picture: stored(10) };
    const chosen = { of, ms: 3_000 };
    const card = cardOf({ files: [clip], coverSheet, coverMoment: chosen }, { menu: 'frames' });
    expect(card.attachment).toMatchObject({ key: '10.bin' });
    expect(printed(card)).toBe(`Video for TikTok · Studio Ana (@studio.ana)

clip-1.mp4  9 s, 4.1 MB → 2.0 MB

Which picture shall be the cover?
Cover  at 0:03
[1] [2] [3]
[● 4] [5] [6]
[7] [8] [9]
[Other moment…]
[Back]`);
  });

  it.each([
    ['not drawn yet', undefined, 'The pictures are being drawn…'],
    [
      'of another version',
      { of: 'another', momentsMs, picture: stored(10) },
      'The pictures are being drawn…',
    ],
    ['not to be had', { of, momentsMs }, 'The pictures could not be drawn; name a moment instead.'],
  ])('can be named while the pictures are %s', (_, coverSheet, words) => {
    const preview = stored(11);
    const card = cardOf({ files: [clip], coverSheet, preview }, { menu: 'frames' });
    expect(card.attachment).toMatchObject({ key: '11.bin' });
    expect(printed(card)).toContain(`${words}\n[Other moment…]\n[Back]`);
  });

  it('is not offered without ffmpeg, for photos, and while the video is being prepared', () => {
    expect(print({ files: [clip] })).toContain('[Cover…]');
    expect(print({ files: [clip] }, { hasFfmpeg: false })).not.toContain('Cover…');
    expect(print({ files: [photo(1)] })).not.toContain('Cover…');
    const { media: _, ...judged } = clip;
    expect(print({ files: [{ ...judged, state: 'stored' }] })).not.toContain('Cover…');
  });
});

describe('an animation', () => {
  it('is not offered as a video without ffmpeg, and can still be a picture again', () => {
    const views = [{}, { menu: 'animations' }] as const;
    for (const view of views) {
      const text = print({ files: [gif, photo(2)] }, { hasFfmpeg: false, ...view });
      expect(text).not.toMatch(/\[Animations…|: short video\]/);
    }
    expect(print({ files: [gif] }, { hasFfmpeg: false })).not.toContain('Short video');
    const asVideo = { ...gif, kind: 'video', use: { asVideo: true } } as DraftFile;
    expect(print({ files: [asVideo] }, { hasFfmpeg: false })).toContain('[First picture]');
  });

  const gif = readyWith({ ...photo(1), pictures: 24 } as DraftFile, {
    changes: [
      { type: 'converted', from: 'GIF', to: 'JPEG' },
      { type: 'first_picture', of: 24 },
    ],
  });
  const asVideo: DraftFile = { ...videoFile(3, { pictures: 24 }), use: { asVideo: true } };

  it('is its first picture, or a short video at a tap', () => {
    const text = print({ files: [gif] });
    expect(text).toContain('photo-1.png  first of 24 pictures, GIF → JPEG, 4.1 MB → 412 KB');
    expect(text).toContain('[Short video]\n');
    expect(print({ files: [asVideo] })).toContain('[First picture] [Cover…]\n');
  });

  it('is chosen from a menu where there are more files', () => {
    const files = [gif, photo(2)];
    expect(print({ files })).toContain('[Animations…]\n');
    expect(print({ files }, { menu: 'animations' })).toMatch(
      /Which animation shall be a short video\? A post is photos or one video, so it gets a draft of its own\.\n\[1: short video\]\n\[Back\]$/,
    );
  });

  it('can be a picture again where its video is in the way', () => {
    expect(print({ files: [photo(2), asVideo] })).toContain(
      '[1 photo]\n[Video clip-3.mp4]\n[First picture of clip-3.mp4]\n[Discard]',
    );
  });
});
