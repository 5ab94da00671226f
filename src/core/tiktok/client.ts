import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TikTokRateLimitError, TikTokUnreachableError } from './errors.ts';
import { createTikTokRequest, type TikTokCall, type TikTokLog } from './http.ts';
import {
  creatorInfoReply,
  publishReply,
  statusReply,
  tokenReply,
  userInfoReply,
  videoListReply,
  videoQueryReply,
} from './replies.ts';
import type {
  Accepted,
  CreatorInfo,
  PublishRequest,
  PublishStatus,
  TokenGrant,
  UserInfo,
  Video,
  VideoPage,
} from './types.ts';
import { createChunkSender, isUploadUrl } from './upload.ts';
import {
  type CallCount,
  createWindowLimiter,
  type LimitOptions,
  type WindowLimiter,
} from './window-limiter.ts';

/** TikTok's minute, and a second for calls that reach TikTok closer together than they left. */
const WINDOW_MS = 61_000;
/** How many posts one call reads at most. */
export const MAX_VIDEOS = 20;
const VIDEO_FIELDS = [
  ...['id', 'create_time', 'share_url', 'title', 'video_description', 'duration'],
  ...['view_count', 'like_count', 'comment_count', 'share_count'],
].join(',');

/**
 * Creates the client of TikTok's Login Kit and Content Posting API. Nothing is ever repeated on its own: every call
 * ends in its reply, a `TikTokApiError` (a clear no) or a `TikTokUnreachableError` (nothing is proven). The limits
 * per token are kept here: a call beyond them fails at once with a `TikTokRateLimitError` and is not sent.
 */
export function createTikTokClient({
  apiUrl,
  clientKey,
  clientSecret,
  timeoutMs,
  limitCalls = createWindowLimiter,
  now = Date.now,
  onCall,
  log,
}: {
  apiUrl: string;
  clientKey: string;
  clientSecret: string;
  timeoutMs?: number | undefined;
  /** Where calls are counted; in this process unless said otherwise. */
  limitCalls?: ((options: LimitOptions) => WindowLimiter) | undefined;
  now?: () => number;
  /** Told of every call once it is over. */
  onCall?: ((call: TikTokCall) => void) | undefined;
  log?: TikTokLog;
}) {
  const calls = createTikTokRequest({
    apiUrl,
    timeoutMs,
    now,
    onCall,
    log,
  });
  const { request } = calls;
  const chunks = createChunkSender({ timeoutMs, now, onCall, log });
  const app = { client_key: clientKey, client_secret: clientSecret };

  const creatorInfoLimiter = limitCalls({ name: 'creator-info', limit: 20, windowMs: WINDOW_MS, now });
  // TikTok does not say whether its three init endpoints share their 6 a minute; shared is the safe reading.
  const initLimiter = limitCalls({ name: 'init', limit: 6, windowMs: WINDOW_MS, now });
  const statusLimiter = limitCalls({ name: 'status', limit: 30, windowMs: WINDOW_MS, now });
  const userInfoLimiter = limitCalls({ name: 'user-info', limit: 600, windowMs: WINDOW_MS, now });
  const videoQueryLimiter = limitCalls({ name: 'video-query', limit: 600, windowMs: WINDOW_MS, now });
  const videoListLimiter = limitCalls({ name: 'video-list', limit: 600, windowMs: WINDOW_MS, now });

  /** Throws before TikTok has to refuse. */
  async function keepLimit(limiter: WindowLimiter, accessToken: string, endpoint: string): Promise<void> {
    const retryAfterMs = await limiter.take(keyOf(accessToken));
    if (retryAfterMs === 0) return;
    onCall?.({ endpoint, outcome: 'held_back', tookMs: 0 });
    throw new TikTokRateLimitError({
      endpoint,
      httpStatus: 429,
      code: 'rate_limit_exceeded',
      tiktokMessage: '',
      retryAfterMs,
      heldBack: true,
    });
  }

  return {
    /** Exchanges the code of the OAuth callback; a used or expired code is a `TikTokAuthError`. */
    async exchangeCode(grant: {
      code: string;
      redirectUri: string;
      codeVerifier: string;
    }): Promise<TokenGrant> {
      return request({
        method: 'POST',
        path: '/v2/oauth/token/',
        body: {
          form: {
            ...app,
            grant_type: 'authorization_code',
            code: grant.code,
            redirect_uri: grant.redirectUri,
            code_verifier: grant.codeVerifier,
          },
        },
        reply: tokenReply,
      });
    },

    /** Gets a new pair of tokens; the old refresh token may be dead from then on, so store the new one first. */
    async refreshToken(refreshToken: string): Promise<TokenGrant> {
      return request({
        method: 'POST',
        path: '/v2/oauth/token/',
        body: { form: { ...app, grant_type: 'refresh_token', refresh_token: refreshToken } },
        reply: tokenReply,
      });
    },

    /** Takes our access back; posts still in processing at TikTok fail by it. */
    async revokeToken(accessToken: string): Promise<void> {
      await request({
        method: 'POST',
        path: '/v2/oauth/revoke/',
        body: { form: { ...app, token: accessToken } },
        reply: z.unknown(),
      });
    },

    /** Reads the profile as far as the scopes reach; a field beyond them would fail the whole call. */
    async fetchUserInfo(accessToken: string, scopes: readonly string[]): Promise<UserInfo> {
      const fields = ['open_id', 'display_name', 'avatar_url'];
      if (scopes.includes('user.info.profile')) fields.push('username');
      const path = '/v2/user/info/';
      await keepLimit(userInfoLimiter, accessToken, path);
      return request({
        method: 'GET',
        path,
        query: { fields: fields.join(',') },
        accessToken,
        reply: userInfoReply,
      });
    },

    /** Asks what the creator may do right now; a creator who may not post is a `TikTokApiError`. */
    async queryCreatorInfo(accessToken: string): Promise<CreatorInfo> {
      const path = '/v2/post/publish/creator_info/query/';
      await keepLimit(creatorInfoLimiter, accessToken, path);
      return request({ method: 'POST', path, accessToken, body: { json: {} }, reply: creatorInfoReply });
    },

    /** Makes TikTok pull the media, or await an upload. A `TikTokUnreachableError` leaves open whether it will. */
    async initPublish(accessToken: string, publish: PublishRequest): Promise<Accepted> {
      const { path, json } = publishBody(publish);
      await keepLimit(initLimiter, accessToken, path);
      const accepted = await request({
        method: 'POST',
        path,
        accessToken,
        body: { json },
        secrets: publish.mediaUrls,
        reply: publishReply,
      });
      if (publish.upload === undefined) return { publishId: accepted.publishId };
      if (accepted.uploadUrl === undefined || !isUploadUrl(accepted.uploadUrl, { apiUrl })) {
        const problem = 'the reply names no address of TikTok’s to upload to';
        throw new TikTokUnreachableError({ endpoint: path, problem });
      }
      return accepted;
    },

    /** Sends one chunk of an upload, once; how TikTok answered is no error. */
    uploadChunk: chunks.uploadChunk,

    async fetchStatus(accessToken: string, publishId: string): Promise<PublishStatus> {
      const path = '/v2/post/publish/status/fetch/';
      await keepLimit(statusLimiter, accessToken, path);
      const body = { json: { publish_id: publishId } };
      return request({ method: 'POST', path, accessToken, body, reply: statusReply });
    },

    /** Asks TikTok to give a pull up; whether it did is told by the status. */
    async cancelPublish(accessToken: string, publishId: string): Promise<void> {
      await request({
        method: 'POST',
        path: '/v2/post/publish/cancel/',
        accessToken,
        body: { json: { publish_id: publishId } },
        reply: z.unknown(),
      });
    },

    /** Reads public posts by their ids, 20 at most; those that nobody can see any more are left out. */
    async queryVideos(accessToken: string, ids: readonly string[]): Promise<Video[]> {
      if (ids.length > MAX_VIDEOS) throw new TypeError(`One call reads ${MAX_VIDEOS} posts at most.`);
      if (ids.length === 0) return [];
      const path = '/v2/video/query/';
      await keepLimit(videoQueryLimiter, accessToken, path);
      const told = await request({
        method: 'POST',
        path,
        query: { fields: VIDEO_FIELDS },
        accessToken,
        body: { json: { filters: { video_ids: ids } } },
        reply: videoQueryReply,
      });
      return ids.flatMap((id) => told.find((video) => video.id === id) ?? []);
    },

    /** Reads a page of the creator's public posts, newest first; whether photos are among them is not documented. */
    async listVideos(
      accessToken: string,
      { cursor }: { cursor?: number | undefined } = {},
    ): Promise<VideoPage> {
      const path = '/v2/video/list/';
      await keepLimit(videoListLimiter, accessToken, path);
      const page = await request({
        method: 'POST',
        path,
        query: { fields: VIDEO_FIELDS },
        accessToken,
        body: { json: { max_count: MAX_VIDEOS, cursor } },
        reply: videoListReply,
      });
      const { nextCursor } = page;
      // Pages lead back in time, so that whoever reads them comes to an end.
      const leadsOn = nextCursor !== undefined && (cursor === undefined || nextCursor < cursor);
      return { videos: page.videos.slice(0, MAX_VIDEOS), nextCursor: leadsOn ? nextCursor : undefined };
    },

    /** How many of the calls that TikTok allows in a minute were made with a token; none without one. */
    async callsOf(accessToken: string | undefined): Promise<Calls> {
      const key = accessToken === undefined ? '' : keyOf(accessToken);
      return { init: await initLimiter.read(key), status: await statusLimiter.read(key) };
    },

    async close() {
      chunks.close();
      await calls.close();
    },
  };
}

/** Calls of the last minute, and how many are allowed in one. */
export interface Calls {
  readonly init: CallCount;
  readonly status: CallCount;
}

export type TikTokClient = ReturnType<typeof createTikTokClient>;

/** The limiter sees a hash, so that no token lies about in its memory. */
const keyOf = (accessToken: string): string => createHash('sha256').update(accessToken).digest('base64');

interface InitCall {
  path: string;
  json: object;
}

/**
 * Makes the `init` call that fits the kind and the mode of a post.
 * Throws `TypeError` for a request that must not have come this far: no media, or no privacy level chosen.
 */
export function publishBody(request: PublishRequest): InitCall {
  const { upload } = request;
  if (upload !== undefined && request.kind === 'photo') throw new TypeError('Photos can only be pulled.');
  const [firstUrl] = request.mediaUrls;
  if (firstUrl === undefined && upload === undefined)
    throw new TypeError('A post needs at least one media URL.');
  if (request.kind === 'photo') return photoBody(request);

  const source_info =
    upload === undefined
      ? { source: 'PULL_FROM_URL', video_url: firstUrl }
      : {
          source: 'FILE_UPLOAD',
          video_size: upload.videoSize,
          chunk_size: upload.chunkSize,
          total_chunk_count: upload.totalChunkCount,
        };
  // The inbox takes no post_info: the creator sets everything in the app.
  // https://developers.tiktok.com/doc/content-posting-api-reference-upload-video
  if (request.postMode === 'MEDIA_UPLOAD') {
    return { path: '/v2/post/publish/inbox/video/init/', json: { source_info } };
  }
  const { caption, settings, coverMs } = request;
  const post_info = {
    title: caption || undefined,
    ...directPostInfo(request),
    disable_duet: !settings.allowDuet,
    disable_stitch: !settings.allowStitch,
    video_cover_timestamp_ms: coverMs,
    is_aigc: settings.aiGenerated,
  };
  return { path: '/v2/post/publish/video/init/', json: { post_info, source_info } };
}

/**
 * A photo's caption is its `description`, and `is_aigc` stands at the top, unlike a video's.
 * https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
 */
function photoBody(request: PublishRequest): InitCall {
  const { title, caption, mediaUrls, coverIndex = 0, postMode, settings } = request;
  const direct = postMode === 'DIRECT_POST';
  return {
    path: '/v2/post/publish/content/init/',
    json: {
      media_type: 'PHOTO',
      post_mode: postMode,
      // Sources disagree whether photos have it, so it is sent only where it says something.
      is_aigc: direct && settings.aiGenerated ? true : undefined,
      post_info: {
        title: title || undefined,
        description: caption || undefined,
        ...(direct && directPostInfo(request)),
        auto_add_music: direct ? settings.autoAddMusic === true : undefined,
      },
      source_info: { source: 'PULL_FROM_URL', photo_images: mediaUrls, photo_cover_index: coverIndex },
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
