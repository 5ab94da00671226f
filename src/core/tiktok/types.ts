export const PRIVACY_LEVELS = [
  'PUBLIC_TO_EVERYONE',
  'MUTUAL_FOLLOW_FRIENDS',
  'FOLLOWER_OF_CREATOR',
  'SELF_ONLY',
] as const;

export type PrivacyLevel = (typeof PRIVACY_LEVELS)[number];

/** Whether TikTok knows this privacy level. */
export function isPrivacyLevel(value: string): value is PrivacyLevel {
  return PRIVACY_LEVELS.some((level) => level === value);
}

/** `DIRECT_POST` goes to the profile; `MEDIA_UPLOAD` goes to the creator's TikTok inbox to be finished there. */
export type PostMode = 'DIRECT_POST' | 'MEDIA_UPLOAD';

/** What the creator may do now: https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info */
export interface CreatorInfo {
  readonly username?: string;
  readonly nickname?: string;
  readonly avatarUrl?: string | undefined;
  /** Empty when TikTok did not say: then nothing can be posted directly. */
  readonly privacyLevelOptions: readonly PrivacyLevel[];
  readonly commentDisabled: boolean;
  readonly duetDisabled: boolean;
  readonly stitchDisabled: boolean;
  readonly maxVideoDurationSeconds?: number | undefined;
}

export interface TokenGrant {
  readonly openId: string;
  readonly scopes: readonly string[];
  readonly accessToken: string;
  /** Seconds from the reply. */
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
  readonly refreshExpiresInSeconds: number;
}

/** How a public post has done so far. */
export interface VideoCounts {
  readonly views: number;
  readonly likes: number;
  readonly comments: number;
  readonly shares: number;
}

/** A public post of a creator: https://developers.tiktok.com/doc/tiktok-api-v2-video-object */
export interface Video {
  readonly id: string;
  /** Milliseconds since 1970, of a whole second. */
  readonly createdAt?: number | undefined;
  /** On tiktok.com. */
  readonly shareUrl?: string | undefined;
  /** TikTok cuts it at 150 characters, as it does the description. */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly durationSeconds?: number | undefined;
  /** Absent where TikTok does not tell all of them. */
  readonly counts?: VideoCounts | undefined;
}

/** A page of a creator's public posts, newest first. */
export interface VideoPage {
  readonly videos: readonly Video[];
  /** Where the next page begins; absent after the last one. */
  readonly nextCursor?: number | undefined;
}

export interface UserInfo {
  readonly openId: string;
  readonly displayName?: string | undefined;
  readonly username?: string | undefined;
  readonly avatarUrl?: string | undefined;
}

/** What a person has decided about a post; what is off here is sent to TikTok as disabled. */
export interface PostSettings {
  readonly privacyLevel?: PrivacyLevel;
  readonly allowComment: boolean;
  /** Videos only. */
  readonly allowDuet: boolean;
  /** Videos only. */
  readonly allowStitch: boolean;
  /** Promotes the creator's own business. */
  readonly yourBrand: boolean;
  /** A paid partnership with a third party. */
  readonly brandedContent: boolean;
  readonly aiGenerated: boolean;
  /** Photos only; absent for off, as in records from before there was the choice. */
  readonly autoAddMusic?: boolean | undefined;
}

/** How a video is cut for an upload; its last chunk takes what is left over. */
export interface ChunkPlan {
  readonly videoSize: number;
  readonly chunkSize: number;
  readonly totalChunkCount: number;
}

/** What TikTok took on. */
export interface Accepted {
  readonly publishId: string;
  /** Where the chunks of an upload go. A secret: whoever knows it can upload. */
  readonly uploadUrl?: string | undefined;
}

/** One chunk of an upload; `last` is its last byte. */
export interface ChunkRequest {
  readonly first: number;
  readonly last: number;
  readonly total: number;
  readonly contentType: string;
  /** A part is only used until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/** What became of a chunk, as TikTok answered. */
export type ChunkOutcome =
  | {
      readonly type: 'taken';
      readonly httpStatus: number;
      /** TikTok says that it has all of the video. */
      readonly isComplete: boolean;
      /** As TikTok counts them; absent where it does not say. */
      readonly uploadedBytes?: number | undefined;
    }
  /** TikTok is at another byte. */
  | { readonly type: 'out_of_step'; readonly httpStatus: number }
  /** The address has had its hour. */
  | { readonly type: 'expired'; readonly httpStatus: number }
  | { readonly type: 'unknown'; readonly httpStatus: number }
  | { readonly type: 'refused'; readonly httpStatus: number }
  | { readonly type: 'try_again'; readonly httpStatus: number }
  /** No answer, or none that says anything: TikTok may have taken it. */
  | { readonly type: 'unproven'; readonly httpStatus?: number | undefined };

/** One `init` call: what is to be published and the URLs that TikTok shall pull. */
export interface PublishRequest {
  readonly kind: 'photo' | 'video';
  readonly postMode: PostMode;
  /** Photos only. */
  readonly title?: string | undefined;
  readonly caption: string;
  readonly settings: PostSettings;
  /** The moment of a video that is its cover. */
  readonly coverMs?: number | undefined;
  /** One URL for a video, 1 to 35 for photos, in order; none for an upload. */
  readonly mediaUrls: readonly string[];
  /** The video is uploaded in these chunks; absent where TikTok pulls. */
  readonly upload?: ChunkPlan | undefined;
  /** Which of several photos is the cover, from 0; absent for the first. */
  readonly coverIndex?: number | undefined;
}

export type TikTokStatus =
  | 'PROCESSING_DOWNLOAD'
  | 'PROCESSING_UPLOAD'
  | 'SEND_TO_USER_INBOX'
  | 'PUBLISH_COMPLETE'
  | 'FAILED'
  /** A status that the documentation does not name: still on its way, as far as we know. */
  | 'UNKNOWN';

export interface PublishStatus {
  readonly status: TikTokStatus;
  /** The status as TikTok spelled it. */
  readonly statusRaw: string;
  readonly failReason?: string | undefined;
  /** Public post ids; 64-bit integers, hence strings. Empty until TikTok has moderated the post. */
  readonly postIds: readonly string[];
  readonly downloadedBytes?: number | undefined;
  readonly uploadedBytes?: number | undefined;
}
