export type MediaKind = 'photo' | 'video';

/** A file in the media store, named by its own content. */
export interface StoredFile {
  /** File name inside the store: the SHA-256 of the content and an extension. */
  readonly key: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What was done to a file so that TikTok takes it. */
export type MediaChange =
  | { readonly type: 'converted'; readonly from: string; readonly to: string }
  | { readonly type: 'repackaged'; readonly from: string; readonly to: string }
  | { readonly type: 'turned_upright' }
  | { readonly type: 'flattened_on_white' }
  | {
      readonly type: 'resized';
      readonly from: readonly [width: number, height: number];
      readonly to: readonly [width: number, height: number];
    };

/** A file as TikTok will pull it. */
export interface PreparedMedia {
  readonly kind: MediaKind;
  readonly file: StoredFile;
  readonly contentType: 'image/jpeg' | 'video/mp4';
  /** As shown: after rotation. */
  readonly width: number;
  readonly height: number;
  /** Videos only. */
  readonly durationSeconds?: number | undefined;
  readonly changes: readonly MediaChange[];
}

/** Why a file cannot be used. */
export type MediaProblem =
  | { code: 'format_not_accepted'; format: string }
  | { code: 'file_empty' }
  | { code: 'file_damaged' }
  | { code: 'photo_too_many_pixels'; pixels: number; maxPixels: number }
  | { code: 'photo_too_big'; bytes: number; maxBytes: number }
  /** `bytes` is absent where reading stopped at the limit. */
  | { code: 'video_too_big'; bytes?: number | undefined; maxBytes: number }
  | { code: 'video_codec_not_accepted'; codec: string }
  | { code: 'video_frame_rate'; framesPerSecond: number; min: number; max: number }
  | { code: 'video_dimensions'; width: number; height: number; min: number; max: number }
  | { code: 'video_too_long'; durationSeconds: number; maxSeconds: number }
  | { code: 'video_without_picture' };

/** Why Nod itself could not copy or prepare a file that may be fine. */
export type PreparingProblem = {
  code: 'preparing_failed';
  reason: 'disk_full' | 'too_slow' | 'unknown';
  name: string;
};

// https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide

export const PHOTO_LIMITS = {
  maxCount: 35,
  maxBytes: 20 * 1024 ** 2,
  /** TikTok writes "maximum 1080p" and takes 1080×1920 as well as 1920×1080: the shorter side counts. */
  maxShorterSide: 1080,
  /** Ours, not TikTok's: keeps an endless panorama far from JPEG's 65,535 pixels a side. */
  maxLongerSide: 8192,
  /** Ours: how many pixels a picture may unfold to in memory. */
  maxPixels: 100_000_000,
} as const;

export const VIDEO_LIMITS = {
  maxBytes: 4 * 1024 ** 3,
  /** The highest that any creator is allowed; each creator's own limit comes from creator info. */
  maxSeconds: 600,
  minFramesPerSecond: 23,
  maxFramesPerSecond: 60,
  minSide: 360,
  maxSide: 4096,
} as const;

/** In UTF-16 code units, which is what `length` counts: https://developers.tiktok.com/doc/content-posting-api-reference-photo-post */
export const TEXT_LIMITS = {
  videoCaption: 2200,
  photoTitle: 90,
  photoCaption: 4000,
} as const;
