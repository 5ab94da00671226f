import { z } from 'zod';
import { plainName } from '../plain-text.ts';
import {
  type Accepted,
  type CreatorInfo,
  PRIVACY_LEVELS,
  type PublishStatus,
  type TikTokStatus,
  type Video,
  type VideoCounts,
  type VideoPage,
} from './types.ts';

/** TikTok leaves empty fields out, or sends them empty; both mean that there is nothing to say. */
const optionalText = z.string().min(1).optional().catch(undefined);
const optionalName = z.string().transform(plainName).pipe(z.string().min(1)).optional().catch(undefined);
const optionalFlag = z.boolean().optional().catch(undefined);
const optionalCount = z.number().int().nonnegative().optional().catch(undefined);
/** The last second of which JavaScript knows the date. */
const optionalSeconds = z.number().int().nonnegative().max(8_640_000_000_000).optional().catch(undefined);
const MAX_LINK_LENGTH = 300;
/** A longer life of a token is none that TikTok grants, and its end may be no date. */
const MAX_LIFE_SECONDS = 10 * 365 * 86_400;
const lifetime = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().positive())
  .transform((seconds) => Math.min(seconds, MAX_LIFE_SECONDS));

/** https://developers.tiktok.com/doc/oauth-user-access-token-management */
export const tokenReply = z
  .object({
    access_token: z.string().min(1),
    expires_in: lifetime,
    open_id: z.string().min(1),
    refresh_token: z.string().min(1),
    refresh_expires_in: lifetime,
    scope: z.string(),
  })
  .transform((reply) => ({
    openId: reply.open_id,
    scopes: splitScopes(reply.scope),
    accessToken: reply.access_token,
    expiresInSeconds: reply.expires_in,
    refreshToken: reply.refresh_token,
    refreshExpiresInSeconds: reply.refresh_expires_in,
  }));

/** https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info */
export const userInfoReply = z
  .object({
    user: z.object({
      open_id: z.string().min(1),
      display_name: optionalName,
      username: optionalName,
      avatar_url: optionalText,
    }),
  })
  .transform(({ user }) => ({
    openId: user.open_id,
    displayName: user.display_name,
    username: user.username,
    avatarUrl: user.avatar_url,
  }));

/**
 * Every field is optional, as sandboxes have been seen to leave most of them out.
 * https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
 */
export const creatorInfoReply = z
  .object({
    creator_username: optionalName,
    creator_nickname: optionalName,
    creator_avatar_url: optionalText,
    privacy_level_options: z.array(z.unknown()).optional().catch(undefined),
    comment_disabled: optionalFlag,
    duet_disabled: optionalFlag,
    stitch_disabled: optionalFlag,
    max_video_post_duration_sec: optionalCount,
  })
  .transform(
    (reply): CreatorInfo => ({
      ...(reply.creator_username !== undefined && { username: reply.creator_username }),
      ...(reply.creator_nickname !== undefined && { nickname: reply.creator_nickname }),
      avatarUrl: reply.creator_avatar_url,
      privacyLevelOptions: (reply.privacy_level_options ?? []).flatMap(
        (option) => PRIVACY_LEVELS.find((level) => level === option) ?? [],
      ),
      commentDisabled: reply.comment_disabled ?? false,
      duetDisabled: reply.duet_disabled ?? false,
      stitchDisabled: reply.stitch_disabled ?? false,
      maxVideoDurationSeconds: reply.max_video_post_duration_sec,
    }),
  );

/** Only a link to TikTok is shown to people, without what a URL cannot hold, and what tells that an app asked for it. */
const tiktokLink = z
  .string()
  .transform((link) => URL.parse(link))
  .pipe(z.custom<URL>((url) => url instanceof URL && isTikToks(url)))
  .transform(({ origin, pathname }) => origin + pathname)
  .pipe(z.string().max(MAX_LINK_LENGTH))
  .optional()
  .catch(undefined);

function isTikToks({ protocol, hostname, username, password }: URL): boolean {
  return protocol === 'https:' && /(^|\.)tiktok\.com$/.test(hostname) && username === '' && password === '';
}

/** TikTok's domain also has links that lead elsewhere. */
const namesPost = (link: string | undefined, id: string): boolean =>
  link !== undefined && new URL(link).pathname.split('/').includes(id);

/** https://developers.tiktok.com/doc/tiktok-api-v2-video-object */
const video = z
  .object({
    id: z.unknown(),
    create_time: optionalSeconds,
    share_url: tiktokLink,
    title: optionalText,
    video_description: optionalText,
    duration: optionalCount,
    view_count: optionalCount,
    like_count: optionalCount,
    comment_count: optionalCount,
    share_count: optionalCount,
  })
  .transform((reply): Video | undefined => {
    const [id] = readPostIds(reply.id);
    if (id === undefined) return undefined;
    return {
      id,
      createdAt: reply.create_time === undefined ? undefined : reply.create_time * 1000,
      shareUrl: namesPost(reply.share_url, id) ? reply.share_url : undefined,
      title: reply.title,
      description: reply.video_description,
      durationSeconds: reply.duration,
      counts: readCounts(reply),
    };
  });

const videos = z.array(video.catch(undefined)).transform((all) => all.filter((one) => one !== undefined));

/** https://developers.tiktok.com/doc/tiktok-api-v2-video-query */
export const videoQueryReply = z.object({ videos }).transform((reply) => reply.videos);

/** https://developers.tiktok.com/doc/tiktok-api-v2-video-list */
export const videoListReply = z
  .object({ videos, cursor: optionalCount, has_more: optionalFlag })
  .transform((reply): VideoPage => {
    const hasMore = reply.has_more === true && reply.videos.length > 0;
    return { videos: reply.videos, nextCursor: hasMore ? reply.cursor : undefined };
  });

export const publishReply = z
  .object({ publish_id: z.string().min(1), upload_url: optionalText })
  .transform((reply): Accepted => ({ publishId: reply.publish_id, uploadUrl: reply.upload_url }));

/** https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status */
export const statusReply = z
  .object({
    status: z.string().min(1),
    fail_reason: optionalText,
    /** Spelled so; a list, though a single id has been seen. */
    publicaly_available_post_id: z.unknown().optional(),
    downloaded_bytes: optionalCount,
    uploaded_bytes: optionalCount,
  })
  .transform(
    (reply): PublishStatus => ({
      status: knownStatus(reply.status),
      statusRaw: reply.status,
      failReason: reply.fail_reason,
      postIds: readPostIds(reply.publicaly_available_post_id),
      downloadedBytes: reply.downloaded_bytes,
      uploadedBytes: reply.uploaded_bytes,
    }),
  );

const STATUSES: readonly TikTokStatus[] = [
  'PROCESSING_DOWNLOAD',
  'PROCESSING_UPLOAD',
  'SEND_TO_USER_INBOX',
  'PUBLISH_COMPLETE',
  'FAILED',
];

/** Splits TikTok's comma list of scopes. */
export function splitScopes(list: string): string[] {
  return list
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '');
}

/** Reads post ids that are 64-bit numbers or their digits, one or many; anything else is no id. */
export function readPostIds(raw: unknown): string[] {
  const list: unknown[] = Array.isArray(raw) ? raw : [raw];
  return list
    .filter((id) => typeof id === 'string' || typeof id === 'number')
    .map(String)
    .filter((id) => /^[1-9]\d{0,19}$/.test(id));
}

interface RawCounts {
  readonly view_count?: number | undefined;
  readonly like_count?: number | undefined;
  readonly comment_count?: number | undefined;
  readonly share_count?: number | undefined;
}

function readCounts(raw: RawCounts): VideoCounts | undefined {
  const { view_count: views, like_count: likes, comment_count: comments, share_count: shares } = raw;
  if (views === undefined || likes === undefined || comments === undefined || shares === undefined)
    return undefined;
  return { views, likes, comments, shares };
}

function knownStatus(raw: string): TikTokStatus {
  return STATUSES.find((status) => status === raw) ?? 'UNKNOWN';
}
