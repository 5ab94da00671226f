import { readFields } from './fields.ts';
import type { EmulatorOptions } from './options.ts';
import { ApiRefusal, postInfoRefusal, sourceInfoRefusal } from './replies.ts';
import type { Publish, Upload } from './state.ts';
import { isSourceUrl } from './url-rules.ts';

/** What an init call asks for, checked for shape but not against the creator. */
export type InitRequest = Pick<Publish, 'mode' | 'mediaType' | 'postInfo' | 'isAigc' | 'sourceUrls'> & {
  privacyLevel?: string;
  photoCoverIndex?: number;
  upload?: Pick<Upload, 'size' | 'chunkSize' | 'count'>;
};

type Reading = { body: unknown; options: EmulatorOptions; lint: (remark: string) => void };

const privacyLevels = [
  'PUBLIC_TO_EVERYONE',
  'MUTUAL_FOLLOW_FRIENDS',
  'FOLLOWER_OF_CREATOR',
  'SELF_ONLY',
] as const;

const badMode = () => new ApiRefusal(400, 'invalid_params', 'Invalid media_type or post_mode');

/** https://developers.tiktok.com/doc/content-posting-api-reference-direct-post */
export function readDirectVideo(reading: Reading): InitRequest {
  const { body, lint } = reading;
  const top = readFields({ value: body, where: '', refuse: postInfoRefusal, lint });
  const postInfo = top.raw('post_info');
  const info = readFields({ value: postInfo, where: 'post_info.', refuse: postInfoRefusal, lint });
  const privacyLevel = needPrivacy(info.oneOf('privacy_level', privacyLevels));
  info.text('title', 2200);
  for (const name of ['disable_duet', 'disable_stitch', 'disable_comment']) info.flag(name);
  info.int32('video_cover_timestamp_ms');
  readBrand(info, privacyLevel, lint);
  const isAigc = info.flag('is_aigc') ?? false;
  info.finish();
  const source = readVideoSource(top.raw('source_info'), reading);
  top.finish();
  return {
    mode: 'DIRECT_POST',
    mediaType: 'VIDEO',
    postInfo: { ...Object(postInfo) },
    isAigc,
    ...source,
    privacyLevel,
  };
}

/** https://developers.tiktok.com/doc/content-posting-api-reference-upload-video; drops whatever is not the source. */
export function readDraftVideo(reading: Reading): InitRequest {
  const top = readFields({ value: reading.body, where: '', refuse: sourceInfoRefusal, lint: reading.lint });
  const source = readVideoSource(top.raw('source_info'), reading);
  top.finish();
  return { mode: 'MEDIA_UPLOAD', mediaType: 'VIDEO', postInfo: {}, isAigc: false, ...source };
}

/** https://developers.tiktok.com/doc/content-posting-api-reference-photo-post */
export function readPhotos(reading: Reading): InitRequest {
  const { body, options, lint } = reading;
  const top = readFields({ value: body, where: '', refuse: badMode, lint });
  const mode = readPhotoMode(body);
  top.raw('media_type');
  top.raw('post_mode');
  const postInfo = top.raw('post_info') ?? {};
  const info = readFields({ value: postInfo, where: 'post_info.', refuse: postInfoRefusal, lint });
  info.text('title', 90);
  info.text('description', 4000);
  if (!options.strict.photosTakeAigc && top.raw('is_aigc') !== undefined) {
    throw new ApiRefusal(400, 'invalid_params', 'The field is_aigc is not supported for photos');
  }
  const isAigc = top.flag('is_aigc') ?? false;
  const privacyLevel = mode === 'DIRECT_POST' ? readDirectPhotoInfo(info, lint) : undefined;
  info.finish();
  const source = readPhotoSource(top.raw('source_info'), reading);
  top.finish();
  return {
    mode,
    mediaType: 'PHOTO',
    postInfo: { ...Object(postInfo) },
    isAigc,
    ...source,
    ...(privacyLevel && { privacyLevel }),
  };
}

/** The mode decides which scope is needed, so it is read before anything else. */
export function readPhotoMode(body: unknown) {
  const top = readFields({ value: body, where: '', refuse: badMode, lint: () => {} });
  const mode = top.oneOf('post_mode', ['DIRECT_POST', 'MEDIA_UPLOAD']);
  if (!top.oneOf('media_type', ['PHOTO']) || !mode) throw badMode();
  return mode;
}

function readDirectPhotoInfo(info: ReturnType<typeof readFields>, lint: Reading['lint']) {
  const privacyLevel = needPrivacy(info.oneOf('privacy_level', privacyLevels));
  info.flag('disable_comment');
  info.flag('auto_add_music');
  readBrand(info, privacyLevel, lint);
  return privacyLevel;
}

function needPrivacy<T>(level: T | undefined): T {
  if (level === undefined) throw postInfoRefusal();
  return level;
}

/** The sharing guidelines forbid private branded content; whether the API refuses it is not documented. */
function readBrand(info: ReturnType<typeof readFields>, level: string, lint: Reading['lint']) {
  info.flag('brand_organic_toggle');
  if (info.flag('brand_content_toggle') && level === 'SELF_ONLY') {
    lint('post_info: branded content cannot be private.');
  }
}

function readVideoSource(value: unknown, { options, lint }: Reading) {
  const source = readFields({ value, where: 'source_info.', refuse: sourceInfoRefusal, lint });
  const kind = source.oneOf('source', ['PULL_FROM_URL', 'FILE_UPLOAD']);
  if (kind === 'FILE_UPLOAD') {
    const size = source.int64('video_size');
    const chunkSize = source.int64('chunk_size');
    const count = source.int64('total_chunk_count');
    source.finish();
    if (size === undefined || chunkSize === undefined || count === undefined) throw sourceInfoRefusal();
    if (!areChunksFine({ size, chunkSize, count })) {
      throw new ApiRefusal(400, 'invalid_params', 'The total chunk count is invalid');
    }
    return { sourceUrls: [], upload: { size, chunkSize, count } };
  }
  const url = source.text('video_url', Number.POSITIVE_INFINITY);
  source.finish();
  if (!kind || url === undefined || !isSourceUrl(url, options.allowLoopbackHttp)) throw sourceInfoRefusal();
  return { sourceUrls: [url] };
}

/**
 * Whether "MB" is decimal or binary is not said: the stricter reading of each bound holds. The last chunk is then below 128 MB.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
function areChunksFine({ size, chunkSize, count }: NonNullable<InitRequest['upload']>) {
  if (size < 1 || chunkSize < 1 || count < 1 || count > 1000) return false;
  if (count !== Math.floor(size / chunkSize)) return false;
  if (size > 64_000_000 && count < 2) return false;
  const isWhole = chunkSize === size;
  if (size < 5_000_000 && !isWhole) return false;
  if (!isWhole && chunkSize < 5 * 2 ** 20) return false;
  return chunkSize <= 64_000_000;
}

function readPhotoSource(value: unknown, { options, lint }: Reading) {
  const source = readFields({ value, where: 'source_info.', refuse: sourceInfoRefusal, lint });
  const kind = source.oneOf('source', ['PULL_FROM_URL']);
  const sourceUrls = source.texts('photo_images') ?? [];
  const photoCoverIndex = source.int32('photo_cover_index');
  source.finish();
  const countIsFine = sourceUrls.length >= 1 && sourceUrls.length <= 35;
  const coverIsFine =
    photoCoverIndex !== undefined && photoCoverIndex >= 0 && photoCoverIndex < sourceUrls.length;
  const urlsAreFine = sourceUrls.every((url) => isSourceUrl(url, options.allowLoopbackHttp));
  if (!kind || !countIsFine || !coverIsFine || !urlsAreFine) throw sourceInfoRefusal();
  return { sourceUrls, photoCoverIndex };
}
