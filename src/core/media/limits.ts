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
