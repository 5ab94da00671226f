import { expect, test } from 'vitest';
import { publishBody } from '../../../src/core/tiktok/client.ts';
import type { PostSettings, PublishRequest } from '../../../src/core/tiktok/types.ts';
import { quiet } from './publish-request.ts';

const loud: PostSettings = {
  privacyLevel: 'PUBLIC_TO_EVERYONE',
  allowComment: true,
  allowDuet: true,
  allowStitch: true,
  yourBrand: true,
  brandedContent: true,
  aiGenerated: true,
};

const VIDEO_URL = 'https://nod.example.com/m/a/1.mp4';
const PHOTO_URLS = ['https://nod.example.com/m/a/1.jpg', 'https://nod.example.com/m/a/2.jpg'];

function body(overrides: Partial<PublishRequest>) {
  const kind = overrides.kind ?? 'video';
  return publishBody({
    kind,
    postMode: 'DIRECT_POST',
    caption: 'Hello #nod',
    settings: quiet,
    mediaUrls: kind === 'video' ? [VIDEO_URL] : PHOTO_URLS,
    ...overrides,
  });
}

test('sends a quiet video with everything off', () => {
  expect(body({})).toEqual({
    path: '/v2/post/publish/video/init/',
    json: {
      post_info: {
        title: 'Hello #nod',
        privacy_level: 'SELF_ONLY',
        disable_duet: true,
        disable_stitch: true,
        disable_comment: true,
        brand_content_toggle: false,
        brand_organic_toggle: false,
        is_aigc: false,
      },
      source_info: { source: 'PULL_FROM_URL', video_url: VIDEO_URL },
    },
  });
});

test('sends a loud video with everything on', () => {
  expect(body({ settings: loud }).json).toMatchObject({
    post_info: {
      privacy_level: 'PUBLIC_TO_EVERYONE',
      disable_duet: false,
      disable_stitch: false,
      disable_comment: false,
      brand_content_toggle: true,
      brand_organic_toggle: true,
      is_aigc: true,
    },
  });
});

test('tells the two brand toggles apart', () => {
  expect(body({ settings: { ...quiet, yourBrand: true } }).json).toMatchObject({
    post_info: { brand_organic_toggle: true, brand_content_toggle: false },
  });
  expect(body({ kind: 'photo', settings: { ...quiet, brandedContent: true } }).json).toMatchObject({
    post_info: { brand_organic_toggle: false, brand_content_toggle: true },
  });
});

test('sends the moment that is the cover of a video, also at its start, and none to the inbox', () => {
  expect(body({ coverMs: 7_000 }).json).toMatchObject({ post_info: { video_cover_timestamp_ms: 7_000 } });
  expect(body({ coverMs: 0 }).json).toMatchObject({ post_info: { video_cover_timestamp_ms: 0 } });
  expect(JSON.stringify(body({}))).not.toContain('video_cover');
  expect(JSON.stringify(body({ coverMs: 7_000, postMode: 'MEDIA_UPLOAD' }))).not.toContain('video_cover');
});

test('sends a draft of a video with its source alone', () => {
  expect(body({ postMode: 'MEDIA_UPLOAD', settings: loud })).toEqual({
    path: '/v2/post/publish/inbox/video/init/',
    json: { source_info: { source: 'PULL_FROM_URL', video_url: VIDEO_URL } },
  });
});

test('sends photos with the caption as description and the AI label at the top', () => {
  expect(body({ kind: 'photo', settings: loud })).toEqual({
    path: '/v2/post/publish/content/init/',
    json: {
      media_type: 'PHOTO',
      post_mode: 'DIRECT_POST',
      is_aigc: true,
      post_info: {
        description: 'Hello #nod',
        privacy_level: 'PUBLIC_TO_EVERYONE',
        disable_comment: false,
        brand_content_toggle: true,
        brand_organic_toggle: true,
        auto_add_music: false,
      },
      source_info: { source: 'PULL_FROM_URL', photo_images: PHOTO_URLS, photo_cover_index: 0 },
    },
  });
});

test('sends a draft of photos with its text alone', () => {
  const { privacyLevel: _, ...undecided } = loud;
  expect(body({ kind: 'photo', postMode: 'MEDIA_UPLOAD', settings: undecided }).json).toEqual({
    media_type: 'PHOTO',
    post_mode: 'MEDIA_UPLOAD',
    post_info: { description: 'Hello #nod' },
    source_info: { source: 'PULL_FROM_URL', photo_images: PHOTO_URLS, photo_cover_index: 0 },
  });
});

test('sends the title, the cover and the music of photos', () => {
  const chosen = { title: 'First light', coverIndex: 1, settings: { ...quiet, autoAddMusic: true } };
  expect(body({ kind: 'photo', ...chosen }).json).toMatchObject({
    post_info: { title: 'First light', description: 'Hello #nod', auto_add_music: true },
    source_info: { photo_images: PHOTO_URLS, photo_cover_index: 1 },
  });
});

test('sends a draft of photos with its title and cover, and leaves the music to the app', () => {
  const chosen = { title: 'First light', coverIndex: 1, settings: { ...loud, autoAddMusic: true } };
  expect(body({ kind: 'photo', postMode: 'MEDIA_UPLOAD', ...chosen }).json).toEqual({
    media_type: 'PHOTO',
    post_mode: 'MEDIA_UPLOAD',
    post_info: { title: 'First light', description: 'Hello #nod' },
    source_info: { source: 'PULL_FROM_URL', photo_images: PHOTO_URLS, photo_cover_index: 1 },
  });
});

test('knows neither title nor music of a video', () => {
  const chosen = { title: 'First light', settings: { ...quiet, autoAddMusic: true } };
  expect(body(chosen)).toEqual(body({}));
});

test('leaves an empty title out', () => {
  expect(JSON.stringify(body({ kind: 'photo', title: '' }))).not.toContain('title');
});

test('leaves an empty caption out', () => {
  expect(JSON.stringify(body({ caption: '' }))).not.toContain('title');
  expect(JSON.stringify(body({ kind: 'photo', caption: '' }))).not.toContain('description');
});

test('does not choose a privacy level for anybody', () => {
  const { privacyLevel: _, ...undecided } = quiet;
  expect(() => body({ settings: undecided })).toThrow(TypeError);
  expect(() => body({ kind: 'photo', settings: undecided })).toThrow(TypeError);
});

test('does not publish nothing', () => {
  expect(() => body({ mediaUrls: [] })).toThrow(TypeError);
});
