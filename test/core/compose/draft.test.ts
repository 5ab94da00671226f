import { describe, expect, it } from 'vitest';
import {
  captionLimit,
  contentOf,
  type Draft,
  kindOf,
  needsPick,
  problemsOf,
  UNDECIDED,
} from '../../../src/core/compose/draft.ts';
import type { Problem } from '../../../src/core/problems.ts';
import type { PostMode } from '../../../src/core/tiktok/types.ts';
import { account, creator, draftWith, file, granted, refused, waiting } from '../drafts.ts';
import { EVERYONE, namedFile } from '../posts.ts';

const { privacyLevel: _, ...noPrivacy } = EVERYONE;
const photos = (count: number) => Array.from({ length: count }, (__, index) => file(String(index + 1)));
const busy: Problem = { code: 'tiktok_unreachable' };
const branded = { ...EVERYONE, brandedContent: true };

const PROBLEMS: [name: string, draft: Draft, direct: Problem['code'][], inbox: Problem['code'][]][] = [
  ['nothing missing', draftWith(), [], []],
  ['35 photos', draftWith({ files: photos(35) }), [], []],
  ['one photo too many', draftWith({ files: photos(36) }), ['too_many_photos'], ['too_many_photos']],
  ['no file', draftWith({ files: [] }), ['nothing_to_post'], ['nothing_to_post']],
  ['a file on its way', draftWith({ files: [file('1'), waiting] }), ['media_not_ready'], ['media_not_ready']],
  ['a refused file', draftWith({ files: [file('1'), refused] }), ['media_refused'], ['media_refused']],
  ['only a refused file', draftWith({ files: [refused] }), ['nothing_to_post'], ['nothing_to_post']],
  [
    'photo and video',
    draftWith({ files: [file('1'), file('2', 'video')] }),
    ['media_mixed'],
    ['media_mixed'],
  ],
  [
    'two videos',
    draftWith({ files: [file('1', 'video'), file('2', 'video')] }),
    ['media_mixed'],
    ['media_mixed'],
  ],
  ['a video at the limit', draftWith({ files: [file('1', 'video', { durationSeconds: 60 })] }), [], []],
  [
    'a video too long for the creator',
    draftWith({ files: [file('1', 'video', { durationSeconds: 60.1 })] }),
    ['video_too_long_for_creator'],
    ['video_too_long_for_creator'],
  ],
  ['the longest photo caption', draftWith({ caption: 'x'.repeat(4000) }), [], []],
  ['a longer one', draftWith({ caption: 'x'.repeat(4001) }), ['caption_too_long'], ['caption_too_long']],
  [
    'a video caption that is too long',
    draftWith({ caption: 'x'.repeat(2201), files: [file('1', 'video')] }),
    ['caption_too_long'],
    [],
  ],
  ['the longest title', draftWith({ title: 'x'.repeat(90) }), [], []],
  [
    'a title whose emoji count twice',
    draftWith({ title: '💥'.repeat(46) }),
    ['title_too_long'],
    ['title_too_long'],
  ],
  ['a title that a video has not', draftWith({ title: 'x'.repeat(91), files: [file('1', 'video')] }), [], []],
  [
    'emoji count twice',
    draftWith({ caption: '💥'.repeat(2001) }),
    ['caption_too_long'],
    ['caption_too_long'],
  ],
  [
    'no account chosen',
    draftWith({ account: { state: 'unchosen' } }),
    ['account_not_chosen'],
    ['account_not_chosen'],
  ],
  ['no account at all', draftWith({ account: { state: 'none' } }), ['no_account'], ['no_account']],
  [
    'no scope to publish',
    draftWith({ account: { ...granted, state: 'not_granted', scopes: ['video.upload'] } }),
    ['scope_missing'],
    [],
  ],
  [
    'no scope to upload',
    draftWith({ account: { ...account, scopes: ['video.publish'] } }),
    [],
    ['scope_missing'],
  ],
  [
    'an account that cannot post',
    draftWith({ account: { ...granted, state: 'unavailable', problem: busy } }),
    ['tiktok_unreachable'],
    ['tiktok_unreachable'],
  ],
  ['no privacy level', draftWith({ settings: noPrivacy }), ['privacy_not_chosen'], []],
  [
    'a privacy level that is not offered',
    draftWith({ settings: { ...EVERYONE, privacyLevel: 'FOLLOWER_OF_CREATOR' } }),
    ['privacy_not_offered'],
    [],
  ],
  ['an empty disclosure', draftWith({ disclosing: true }), ['disclosure_incomplete'], []],
  ['a disclosed brand', draftWith({ disclosing: true, settings: { ...EVERYONE, yourBrand: true } }), [], []],
  ['branded content in public', draftWith({ disclosing: true, settings: branded }), [], []],
  [
    'branded content in private',
    draftWith({ disclosing: true, settings: { ...branded, privacyLevel: 'SELF_ONLY' } }),
    ['branded_content_private'],
    [],
  ],
  [
    'a brand behind a switch that is off',
    draftWith({ settings: { ...branded, privacyLevel: 'SELF_ONLY' } }),
    [],
    [],
  ],
  [
    'everything at once, in the order in which a person settles it',
    draftWith({
      files: [],
      caption: 'x',
      settings: noPrivacy,
      disclosing: true,
      account: { state: 'unchosen' },
    }),
    ['nothing_to_post', 'account_not_chosen', 'privacy_not_chosen', 'disclosure_incomplete'],
    ['nothing_to_post', 'account_not_chosen'],
  ],
];

describe('what keeps a draft from being posted', () => {
  it.each(PROBLEMS)('is told: %s', (_, draft, direct, inbox) => {
    const codes = (mode: PostMode) => problemsOf(draft, mode).map(({ code }) => code);
    expect(codes('DIRECT_POST')).toEqual(direct);
    expect(codes('MEDIA_UPLOAD')).toEqual(inbox);
  });

  it('is told with the facts that a sentence needs', () => {
    const long = draftWith({
      caption: 'x'.repeat(2201),
      files: [file('1', 'video', { durationSeconds: 75 })],
    });
    expect(problemsOf(long, 'DIRECT_POST')).toEqual([
      { code: 'video_too_long_for_creator', durationSeconds: 75, maxSeconds: 60 },
      { code: 'caption_too_long', length: 2201, max: 2200, kind: 'video' },
    ]);
  });

  it.each([
    [[file('1')], 'photo', false],
    [[file('1'), file('2')], 'photo', false],
    [[file('1', 'video')], 'video', false],
    [[file('1'), file('2', 'video')], undefined, true],
    [[file('1', 'video'), file('2', 'video')], 'video', true],
    [[file('1'), waiting, refused], 'photo', false],
    [[], undefined, false],
  ] as const)(
    'knows what the draft is going to be, and whether somebody has to pick: case %#',
    (files, kind, pick) => {
      expect(kindOf(draftWith({ files }))).toBe(kind);
      expect(needsPick(draftWith({ files }))).toBe(pick);
    },
  );

  it('knows how long a caption may be', () => {
    expect([captionLimit('photo'), captionLimit('video')]).toEqual([4000, 2200]);
  });
});

describe('the content of a draft', () => {
  const all = {
    allowComment: true,
    allowDuet: true,
    allowStitch: true,
    yourBrand: true,
    brandedContent: true,
  };
  const everything = { ...EVERYONE, ...all, aiGenerated: true };
  const off = { commentDisabled: true, duetDisabled: true, stitchDisabled: true };

  it.each([
    [
      'a photo has neither duets nor stitches',
      {},
      { allowDuet: false, allowStitch: false, allowComment: true },
    ],
    ['a video has both', { files: [file('1', 'video')] }, { allowDuet: true, allowStitch: true }],
    [
      'what the creator has switched off stays off',
      { files: [file('1', 'video')], account: { ...account, creator: { ...creator, ...off } } },
      { allowComment: false, allowDuet: false, allowStitch: false },
    ],
    [
      'brands count while the disclosure is on',
      { disclosing: true },
      { yourBrand: true, brandedContent: true },
    ],
    ['brands do not count while it is off', {}, { yourBrand: false, brandedContent: false }],
    ['what AI made is told', {}, { aiGenerated: true, privacyLevel: 'PUBLIC_TO_EVERYONE' }],
  ] as const)('has the settings that hold: %s', (_, fields, settings) => {
    const draft = draftWith({ settings: everything, ...fields });
    expect(contentOf(draft, 'DIRECT_POST').settings).toMatchObject(settings);
  });

  it('decides nothing for the inbox', () => {
    const content = contentOf(draftWith({ settings: everything, disclosing: true }), 'MEDIA_UPLOAD');
    expect(content).toMatchObject({ postMode: 'MEDIA_UPLOAD', caption: 'Hello' });
    expect(content.settings).toEqual(UNDECIDED);
  });

  it('has the usable files in their order, and nothing of the chat', () => {
    const { sources, openId, kind } = contentOf(draftWith({ files: photos(3) }), 'DIRECT_POST');
    expect(sources).toEqual(['1.bin', '2.bin', '3.bin'].map((name) => ({ name, file: namedFile('a') })));
    expect({ openId, kind }).toEqual({ openId: 'open-ana', kind: 'photo' });
  });

  it('has the title, the cover and the music of photos, for the inbox without the music', () => {
    const chosen = { title: 'Light', coverFileId: '2', settings: { ...EVERYONE, autoAddMusic: true } };
    const draft = draftWith({ files: photos(3), ...chosen });
    const direct = contentOf(draft, 'DIRECT_POST');
    expect(direct).toMatchObject({ title: 'Light', coverIndex: 1, settings: { autoAddMusic: true } });
    const inbox = contentOf(draft, 'MEDIA_UPLOAD');
    expect(inbox).toMatchObject({ title: 'Light', coverIndex: 1, settings: UNDECIDED });
    expect(inbox.settings.autoAddMusic).toBeUndefined();
  });

  it('has nothing of that for a video', () => {
    const chosen = { title: 'Light', coverFileId: '1', settings: { ...EVERYONE, autoAddMusic: true } };
    const content = contentOf(draftWith({ files: [file('1', 'video')], ...chosen }), 'DIRECT_POST');
    expect([content.title, content.coverIndex, content.settings.autoAddMusic]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is not to be had from a draft without account or files', () => {
    expect(() => contentOf(draftWith({ account: { state: 'unchosen' } }), 'DIRECT_POST')).toThrow(
      'not complete',
    );
    expect(() => contentOf(draftWith({ files: [] }), 'DIRECT_POST')).toThrow('not complete');
  });
});
