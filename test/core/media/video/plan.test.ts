import { describe, expect, it } from 'vitest';
import { fittingRate, fittingSize, planVideo } from '../../../../src/core/media/video/plan.ts';
import type { VideoFacts } from '../../../../src/core/media/video.ts';

type Picture = VideoFacts['picture'];

/** What a phone films, inside all limits. */
const plain: Picture = {
  stream: 0,
  codec: 'h264',
  codedWidth: 1080,
  codedHeight: 1920,
  rotation: 0,
  pixelAspect: 1,
  pixelFormat: 'yuv420p',
  hdr: undefined,
  isInterlaced: false,
  endSeconds: 10,
  frames: 300,
  framesPerSecond: 30,
  usualFramesPerSecond: 30,
  isConstant: true,
};
const aac = { stream: 1, codec: 'aac', channels: 2, sampleRate: 48_000, isPlainAac: true };
const within: VideoFacts = {
  kind: 'video',
  container: 'MP4',
  bytes: 1000,
  width: 1080,
  height: 1920,
  durationSeconds: 10,
  picture: plain,
  sound: aac,
  otherTracks: 0,
  metadata: 'none',
  unusedBytes: 0,
  canClean: true,
};

type Change = Partial<Omit<VideoFacts, 'picture'>> & { picture?: Partial<Picture> };

function facts({ picture, ...rest }: Change): VideoFacts {
  const { width = 1080, height = 1920 } = rest;
  return { ...within, ...rest, picture: { ...plain, codedWidth: width, codedHeight: height, ...picture } };
}

const rate = (framesPerSecond: number, isConstant = true) => ({
  framesPerSecond,
  usualFramesPerSecond: framesPerSecond,
  isConstant,
});
const sound = (codec: string, sampleRate = 48_000) => ({ ...aac, codec, sampleRate, isPlainAac: false });

/** The plan in a line: what is done with the file, the picture, the sound, and why. */
function summary(change: Change, options: Parameters<typeof planVideo>[1] = {}): string {
  const plan = planVideo(facts(change), options);
  if (plan.type === 'refuse') return `refuse ${plan.problem.code}`;
  if (plan.type !== 'convert') return plan.type === 'ffmpeg_missing' ? plan.type : `${plan.type} ${plan.as}`;
  const encoded = plan.changes.find((one) => one.type === 'picture_encoded');
  const why =
    encoded?.type === 'picture_encoded' ? ` for ${encoded.why.map(({ type }) => type).join(' ')}` : '';
  const picture = plan.picture === 'copy' ? 'copied' : `encoded${why}`;
  return `${plan.as}, picture ${picture}, sound ${plan.sound}`;
}

describe('the plan for a video', () => {
  it.each<[what: string, Change, plan: string]>([
    ['nothing to do', {}, 'pass mp4'],
    ['a name in its metadata', { metadata: 'some' }, 'clean mp4'],
    ['the place where it was filmed', { metadata: 'place' }, 'clean mp4'],
    ['a little padding', { unusedBytes: 100, metadata: 'some' }, 'clean mp4'],
    ['a hidden megabyte', { unusedBytes: 1e6, metadata: 'some' }, 'mp4, picture copied, sound copy'],
    ['data of a camera beside it', { otherTracks: 1 }, 'mp4, picture copied, sound copy'],
    ['fragments', { canClean: false }, 'mp4, picture copied, sound copy'],
    ['H.265', { picture: { codec: 'hevc' } }, 'pass mp4'],
    ['VP9 in MP4', { picture: { codec: 'vp9' } }, 'pass mp4'],
    ['no sound', { sound: undefined }, 'pass mp4'],
    ['MP3', { sound: sound('mp3') }, 'pass mp4'],
    ['full-range colours', { picture: { pixelFormat: 'yuvj420p' } }, 'pass mp4'],
    ['pixels that nothing tells of', { picture: { pixelFormat: undefined } }, 'pass mp4'],
    ['23.976 of a short clip', { picture: rate(22.97) }, 'pass mp4'],
    ['60.06 of a phone', { picture: rate(60.06) }, 'pass mp4'],
    ['the smallest and the largest side', { width: 360, height: 4096 }, 'pass mp4'],
    ['ten minutes', { durationSeconds: 600 }, 'pass mp4'],
    ['4 GB', { bytes: 4 * 1024 ** 3 }, 'pass mp4'],

    ['a MOV', { container: 'MOV' }, 'mp4, picture copied, sound copy'],
    ['an M4V', { container: 'M4V' }, 'mp4, picture copied, sound copy'],
    ['an MKV', { container: 'MKV', canClean: false }, 'mp4, picture copied, sound copy'],
    ['a MOV with PCM', { container: 'MOV', sound: sound('pcm_s16le') }, 'mp4, picture copied, sound encode'],
    [
      'a sound that nobody reads',
      { container: 'MOV', sound: sound('apac') },
      'mp4, picture copied, sound none',
    ],
    ['Opus in MP4', { sound: sound('opus') }, 'mp4, picture copied, sound encode'],
    ['AAC for two-way talk', { sound: { ...aac, isPlainAac: false } }, 'mp4, picture copied, sound encode'],
    ['MP3 of a low rate', { sound: sound('mp3', 11_025) }, 'mp4, picture copied, sound encode'],

    [
      'WebM with VP9 and Opus',
      { container: 'WebM', canClean: false, picture: { codec: 'vp9' }, sound: sound('opus') },
      'webm, picture copied, sound copy',
    ],
    [
      'WebM with VP8 and no sound',
      { container: 'WebM', canClean: false, picture: { codec: 'vp8' }, sound: undefined },
      'webm, picture copied, sound none',
    ],
    [
      'MKV with VP9 and AAC',
      { container: 'MKV', canClean: false, picture: { codec: 'vp9' } },
      'mp4, picture copied, sound copy',
    ],
    [
      'MKV with VP8 and AAC',
      { container: 'MKV', canClean: false, picture: { codec: 'vp8' } },
      'mp4, picture encoded for codec, sound copy',
    ],
    [
      'WebM with VP9 at a varying rate',
      {
        container: 'WebM',
        canClean: false,
        picture: { codec: 'vp9', ...rate(28, false) },
        sound: sound('opus'),
      },
      'mp4, picture encoded for frame_rate, sound encode',
    ],

    ['AV1', { picture: { codec: 'av1' } }, 'mp4, picture encoded for codec, sound copy'],
    [
      'ProRes with PCM',
      {
        container: 'MOV',
        picture: { codec: 'prores', pixelFormat: 'yuv422p10le' },
        sound: sound('pcm_s16le'),
      },
      'mp4, picture encoded for codec, sound encode',
    ],
    [
      'ten bits',
      { picture: { pixelFormat: 'yuv420p10le' } },
      'mp4, picture encoded for pixel_format, sound copy',
    ],
    ['4:4:4', { picture: { pixelFormat: 'yuv444p' } }, 'mp4, picture encoded for pixel_format, sound copy'],
    [
      'HDR',
      { picture: { codec: 'hevc', pixelFormat: 'yuv420p10le', hdr: 'hlg' } },
      'mp4, picture encoded for hdr, sound copy',
    ],
    ['an odd side', { width: 541, height: 960 }, 'mp4, picture encoded for size, sound copy'],
    ['a small side', { width: 240, height: 240 }, 'mp4, picture encoded for size, sound copy'],
    ['a large side', { width: 5000, height: 5000 }, 'mp4, picture encoded for size, sound copy'],
    [
      'pixels that are not square',
      { width: 1024, height: 576, picture: { codedWidth: 720, codedHeight: 576, pixelAspect: 64 / 45 } },
      'mp4, picture encoded for size, sound copy',
    ],
    ['interlaced', { picture: { isInterlaced: true } }, 'mp4, picture encoded for interlaced, sound copy'],
    ['a slow rate', { picture: rate(12.5) }, 'mp4, picture encoded for frame_rate, sound copy'],
    ['22.9', { picture: rate(22.9) }, 'mp4, picture encoded for frame_rate, sound copy'],
    ['a fast rate', { picture: rate(120) }, 'mp4, picture encoded for frame_rate, sound copy'],
    ['a varying rate', { picture: rate(30, false) }, 'mp4, picture encoded for frame_rate, sound copy'],
    [
      'a trim on a key frame',
      { trim: { canCopyPicture: true, ofSound: false } },
      'mp4, picture copied, sound copy',
    ],
    [
      'a trim of both between two',
      { trim: { canCopyPicture: false, ofSound: true } },
      'mp4, picture encoded for trim, sound encode',
    ],
    [
      'all at once',
      {
        container: 'AVI',
        width: 321,
        height: 240,
        picture: { codec: 'mpeg4', ...rate(15) },
        sound: sound('ac3'),
      },
      'mp4, picture encoded for codec size frame_rate, sound encode',
    ],
    [
      'too big, but encoded anew',
      { bytes: 5e9, picture: rate(15) },
      'mp4, picture encoded for frame_rate, sound copy',
    ],

    ['too long', { durationSeconds: 600.1 }, 'refuse video_too_long'],
    ['too big', { bytes: 4 * 1024 ** 3 + 1 }, 'refuse video_too_big'],
    ['too long for its width', { width: 100, height: 2000 }, 'refuse video_dimensions'],
    ['a codec that nobody reads', { picture: { codec: 'mobiclip' } }, 'refuse video_codec_not_accepted'],
  ])('of %s', (_, change, plan) => {
    expect(summary(change)).toBe(plan);
  });

  it.each<[what: string, Change, plan: string]>([
    ['an MP4', {}, 'pass mp4'],
    ['an MP4 that tells the place', { metadata: 'place', otherTracks: 2, unusedBytes: 1e6 }, 'clean mp4'],
    ['a MOV', { container: 'MOV', metadata: 'some' }, 'clean mov'],
    ['a slow one', { picture: rate(15) }, 'ffmpeg_missing'],
    ['a trimmed one', { trim: { canCopyPicture: true, ofSound: false } }, 'ffmpeg_missing'],
    ['another sound', { sound: sound('opus') }, 'ffmpeg_missing'],
    ['one that is too long', { durationSeconds: 700 }, 'refuse video_too_long'],
  ])('of %s without ffmpeg', (_, change, plan) => {
    expect(summary(change, { hasFfmpeg: false })).toBe(plan);
  });

  it('says without ffmpeg that the video was not played', () => {
    expect(planVideo(facts({}), { hasFfmpeg: false })).toMatchObject({ changes: [{ type: 'not_played' }] });
  });

  it.each<[what: string, cut: { startSeconds: number; maxSeconds: number }, plan: string]>([
    ['the start', { startSeconds: 0, maxSeconds: 5 }, 'mp4, picture copied, sound copy'],
    ['a later part', { startSeconds: 3, maxSeconds: 5 }, 'mp4, picture encoded for cut, sound encode'],
    ['more than there is', { startSeconds: 0, maxSeconds: 60 }, 'pass mp4'],
  ])('of %s that a person has chosen', (_, cut, plan) => {
    expect(summary({}, { use: { cut } })).toBe(plan);
  });

  it('says what is left of a cut', () => {
    const cut = { startSeconds: 8, maxSeconds: 5 };
    expect(planVideo(facts({}), { use: { cut } })).toMatchObject({
      durationSeconds: 2,
      part: { startSeconds: 8, durationSeconds: 2 },
      changes: [{ type: 'picture_encoded' }, { type: 'cut', startSeconds: 8, endSeconds: 10 }],
    });
    const beyond = { startSeconds: 100, maxSeconds: 5 };
    expect(planVideo(facts({}), { use: { cut: beyond } })).toMatchObject({ part: { startSeconds: 9 } });
  });

  it('takes a part of what is too long as a whole', () => {
    const cut = { startSeconds: 0, maxSeconds: 180 };
    expect(summary({ durationSeconds: 3600 }, { use: { cut } })).toBe('mp4, picture copied, sound copy');
  });

  it('encodes what looks right and does not decode', () => {
    expect(summary({}, { repair: { picture: true } })).toBe('mp4, picture encoded for repair, sound copy');
    expect(summary({}, { repair: { sound: 'none' } })).toBe('mp4, picture copied, sound none');
    expect(planVideo(facts({}), { repair: { sound: 'none' } })).toMatchObject({
      changes: [{ type: 'sound_left_out' }],
    });
  });

  it('says all that was done, and names the size that people know', () => {
    const film = facts({
      container: 'MKV',
      width: 1024,
      height: 576,
      picture: {
        codec: 'mpeg2video',
        codedWidth: 720,
        codedHeight: 576,
        pixelAspect: 64 / 45,
        isInterlaced: true,
      },
      sound: sound('ac3'),
      metadata: 'place',
    });
    expect(planVideo(film)).toMatchObject({
      width: 1024,
      height: 576,
      changes: [
        { type: 'repackaged', from: 'MKV', to: 'MP4' },
        {
          type: 'picture_encoded',
          why: [{ type: 'codec', from: 'MPEG-2' }, { type: 'size' }, { type: 'interlaced' }],
        },
        { type: 'resized', from: [720, 576], to: [1024, 576] },
        { type: 'sound_encoded', from: 'Dolby Digital' },
        { type: 'metadata_removed', hadPlace: true, untouched: [] },
      ],
    });
  });

  it('calls nothing untouched that was encoded to be cut', () => {
    const clip = facts({ metadata: 'place', durationSeconds: 60 });
    const changes = (untouched: string[]) => ({
      changes: expect.arrayContaining([{ type: 'metadata_removed', hadPlace: true, untouched }]),
    });
    expect(planVideo(clip)).toMatchObject(changes(['picture', 'sound']));
    const cut = { startSeconds: 0, maxSeconds: 20 };
    expect(planVideo(clip, { use: { cut } })).toMatchObject(changes(['picture', 'sound']));
    const inside = { startSeconds: 10, maxSeconds: 20 };
    expect(planVideo(clip, { use: { cut: inside } })).toMatchObject(changes([]));
  });

  it('brings HDR down to 1080p as well', () => {
    const hdr = facts({ width: 2160, height: 3840, picture: { codec: 'hevc', hdr: 'pq' } });
    expect(planVideo(hdr)).toMatchObject({ width: 1080, height: 1920 });
  });
});

describe('the size of a video', () => {
  it.each([
    [1080, 1920, [1080, 1920]],
    [541, 961, [540, 960]],
    [240, 240, [360, 360]],
    [352, 640, [360, 654]],
    [320, 568, [360, 640]],
    [128, 96, [480, 360]],
    [5000, 5000, [4096, 4096]],
    [7680, 4320, [4096, 2304]],
    [100, 1000, [360, 3600]],
    [100, 1200, undefined],
    [10_000, 800, undefined],
  ])('of %i×%i', (width, height, size) => {
    expect(fittingSize(width, height)).toEqual(size);
  });
});

describe('the frame rate of a video', () => {
  it.each([
    [30, 30],
    [30_000 / 1001, 30_000 / 1001],
    [29.94, 30_000 / 1001],
    [60.06, 60],
    [60.3, 60],
    [12.5, 25],
    [15, 30],
    [10, 30],
    [20, 24],
    [12, 24],
    [1, 30],
    [120, 60],
    [119.88, 60_000 / 1001],
    [240, 60],
    [90, 45],
    [33, 33],
  ])('of a constant %d is %d', (framesPerSecond, expected) => {
    const found = fittingRate({ ...plain, ...rate(framesPerSecond) });
    expect(found).toBeCloseTo(expected, 3);
  });

  it.each([
    [8, 30],
    [24, 24],
    [24.9, 25],
    [29, 30],
    [48, 50],
    [60, 60],
    [120, 60],
  ])('of one that varies about %d is %d', (usual, expected) => {
    expect(fittingRate({ ...plain, ...rate(usual, false) })).toBe(expected);
  });

  it('of a constant one with a gap is that of its frames', () => {
    const picture = { ...plain, framesPerSecond: 23.48, usualFramesPerSecond: 24_000 / 1001 };
    expect(fittingRate(picture)).toBeCloseTo(23.976, 3);
  });
});
