import { describe, expect, it } from 'vitest';
import { fileLines, reportText } from '../../../src/bots/compose/file-report.ts';
import { lineText } from '../../../src/bots/text/format.ts';
import type { DraftFile } from '../../../src/core/compose/draft.ts';
import type { EncodingReason, MediaChange } from '../../../src/core/media/types.ts';
import { clockOf } from '../../../src/core/plain-text.ts';
import { namedFile } from '../../core/posts.ts';
import { draftWith } from '../cards/subjects.ts';

const picture = (...why: EncodingReason[]): MediaChange => ({ type: 'picture_encoded', why });
const codec = { type: 'codec', from: 'VP9' } as const;

/** Each change that there is, and what is said of it. */
const CHANGES: [readonly MediaChange[], string][] = [
  [[{ type: 'converted', from: 'HEIC', to: 'JPEG' }], 'HEIC → JPEG'],
  [[{ type: 'repackaged', from: 'MOV', to: 'MP4' }], 'MOV → MP4'],
  [[{ type: 'turned_upright' }], 'turned upright'],
  [[{ type: 'flattened_on_white' }], 'on white'],
  [[{ type: 'resized', from: [4000, 3000], to: [1440, 1080] }], '4000×3000 → 1440×1080'],
  [
    [picture({ type: 'size' }), { type: 'resized', from: [240, 240], to: [360, 360] }],
    'picture encoded anew, 240×240 → 360×360, the smallest that TikTok takes',
  ],
  [[{ type: 'first_picture', of: 24 }], 'first of 24 pictures'],
  [[{ type: 'animation_encoded', from: 'GIF', times: 1 }], 'animated GIF → MP4'],
  [
    [{ type: 'animation_encoded', from: 'GIF', times: 2 }],
    'animated GIF → MP4, shown 2 times to be long enough for TikTok',
  ],
  [[picture(codec)], 'picture VP9 → H.264'],
  [[picture({ type: 'pixel_format', from: 'yuv422p10le' })], 'picture encoded anew (10 bit → 8 bit)'],
  [[picture({ type: 'pixel_format', from: 'yuv444p' })], 'picture encoded anew (4:4:4 → 4:2:0)'],
  [[picture({ type: 'pixel_format', from: 'gbrp' })], 'picture encoded anew (gbrp → 4:2:0)'],
  [[picture({ type: 'hdr' })], 'picture encoded anew (HDR → usual colours)'],
  [[picture({ type: 'size' })], 'picture encoded anew (for its size)'],
  [[picture({ type: 'frame_rate', to: 30 })], 'picture encoded anew (varying → 30 frames a second)'],
  [
    [picture(codec, { type: 'frame_rate', from: 12.499, to: 25 })],
    'picture VP9 → H.264 (12.5 → 25 frames a second)',
  ],
  [[picture({ type: 'trim' }), { type: 'trimmed' }], 'without what was trimmed away, picture encoded anew'],
  [[picture({ type: 'trim' })], 'picture encoded anew (where it was trimmed)'],
  [
    [picture({ type: 'cut' }), { type: 'cut', startSeconds: 65, endSeconds: 245.02 }],
    'from 1:05 to 4:05, picture encoded anew',
  ],
  [[{ type: 'cut', startSeconds: 65.5, endSeconds: 245.3 }], 'from 1:05.5 to 4:05'],
  [[{ type: 'cut', startSeconds: 0.5, endSeconds: 1.3 }], 'from 0:00.5 to 0:01.3'],
  [[picture({ type: 'cut' })], 'picture encoded anew (where it was cut)'],
  [[picture({ type: 'repair' })], 'picture encoded anew (repaired)'],
  [[{ type: 'sound_encoded', from: 'Opus' }], 'sound Opus → AAC'],
  [[{ type: 'trimmed' }], 'without what was trimmed away'],
  [
    [{ type: 'metadata_removed', hadPlace: true, untouched: ['picture', 'sound'] }],
    'untouched picture and sound, data about the place removed',
  ],
  [
    [{ type: 'metadata_removed', hadPlace: false, untouched: ['picture'] }],
    'untouched picture, other data removed',
  ],
  [
    [
      { type: 'metadata_removed', hadPlace: true, untouched: ['picture'] },
      { type: 'sound_encoded', from: 'PCM' },
    ],
    'sound PCM → AAC, untouched picture, data about the place removed',
  ],
  [
    [
      { type: 'metadata_removed', hadPlace: false, untouched: [] },
      { type: 'sound_encoded', from: 'PCM' },
      picture(codec),
    ],
    'picture VP9 → H.264, sound PCM → AAC, other data removed',
  ],
  [[{ type: 'not_played' }], 'not played for a check, because ffmpeg is missing'],
];

describe('the report of a file', () => {
  it.each(CHANGES)('says of %j: %s', (changes, words) => {
    expect(report({ changes })).toBe(`${words}, 100 B`);
  });

  it('begins with what it is, and ends with its sizes', () => {
    const changes: MediaChange[] = [
      { type: 'sound_encoded', from: 'Opus' },
      picture(codec),
      { type: 'repackaged', from: 'WebM', to: 'MP4' },
    ];
    expect(report({ changes, durationSeconds: 9.04, bytes: 4_100_000 })).toBe(
      '9 s, WebM → MP4, picture VP9 → H.264, sound Opus → AAC, 4.1 MB → 100 B',
    );
  });
});

it('says how far the work on a file is', () => {
  const offered = { id: '1', order: 1, name: 'clip.mkv', ref: 'ref' };
  const stored: DraftFile = { ...offered, state: 'stored', kind: 'video', source: namedFile('a') };
  const say = (progress?: number) => fileLines(draftWith({ files: [stored] }), () => progress).map(lineText);
  expect(say()).toEqual(['clip.mkv  being prepared']);
  expect(say(0.429)).toEqual(['clip.mkv  being converted, 42 %']);
});

it.each([
  [0, '0:00'],
  [7, '0:07'],
  [65.5, '1:05.5'],
  [245.02, '4:05'],
  [59.97, '1:00'],
  [3605, '1:00:05'],
])('writes a moment as players do: %d as %s', (seconds, words) => {
  expect(clockOf(seconds)).toBe(words);
});

function report({
  changes,
  durationSeconds,
  bytes = 100,
}: {
  changes: readonly MediaChange[];
  durationSeconds?: number;
  bytes?: number;
}): string {
  const media = {
    kind: 'video',
    file: namedFile('b', 'mp4'),
    contentType: 'video/mp4',
    width: 360,
    height: 640,
    changes,
    durationSeconds,
  } as const;
  return reportText({ ...namedFile('a'), bytes }, media);
}
