import type { PublishRequest } from './types.ts';

interface InitCall {
  path: string;
  json: object;
}

/**
 * Makes the `init` call that fits the kind and the mode of a post.
 * Throws `TypeError` for a request that must not have come this far: no media, or no privacy level chosen.
 */
export function publishBody(request: PublishRequest): InitCall {
  const [firstUrl] = request.mediaUrls;
  if (firstUrl === undefined) throw new TypeError('A post needs at least one media URL.');
  if (request.kind === 'photo') return photoBody(request);

  const source_info = { source: 'PULL_FROM_URL', video_url: firstUrl };
  // The inbox takes no post_info: the creator sets everything in the app.
  // https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
  if (request.postMode === 'MEDIA_UPLOAD') {
    return { path: '/v2/post/publish/inbox/video/init/', json: { source_info } };
  }
  const { caption, settings } = request;
  const post_info = {
    ...(caption !== '' && { title: caption }),
    ...directPostInfo(request),
    disable_duet: !settings.allowDuet,
    disable_stitch: !settings.allowStitch,
    is_aigc: settings.aiGenerated,
  };
  return { path: '/v2/post/publish/video/init/', json: { post_info, source_info } };
}

/**
 * A photo's caption is its `description`, and `is_aigc` stands at the top, unlike a video's.
 * https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
 */
function photoBody(request: PublishRequest): InitCall {
  const { caption, mediaUrls, postMode, settings } = request;
  const direct = postMode === 'DIRECT_POST';
  return {
    path: '/v2/post/publish/content/init/',
    json: {
      media_type: 'PHOTO',
      post_mode: postMode,
      ...(direct && { is_aigc: settings.aiGenerated }),
      post_info: {
        ...(caption !== '' && { description: caption }),
        ...(direct && directPostInfo(request)),
      },
      source_info: { source: 'PULL_FROM_URL', photo_images: mediaUrls, photo_cover_index: 0 },
    },
  };
}

/** The brand toggles are always sent: TikTok's tables call them required although its examples leave them out. */
function directPostInfo({ settings }: PublishRequest) {
  if (settings.privacyLevel === undefined) {
    throw new TypeError('A direct post needs a privacy level that a person has chosen.');
  }
  return {
    privacy_level: settings.privacyLevel,
    disable_comment: !settings.allowComment,
    brand_content_toggle: settings.brandedContent,
    brand_organic_toggle: settings.yourBrand,
  };
}
