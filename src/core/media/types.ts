export type MediaKind = 'photo' | 'video';

/** The containers that videos come in. */
export type VideoFormat =
  | 'MP4'
  | 'MOV'
  | 'M4V'
  | '3GP'
  | 'WebM'
  | 'MKV'
  | 'AVI'
  | 'FLV'
  | 'MPEG-TS'
  | 'MPEG'
  | 'WMV';

/** A file in the media store, named by its own content. */
export interface StoredFile {
  /** File name inside the store: the SHA-256 of the content and an extension. */
  readonly key: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** How a person wants a file to be used; absent parts stand for the usual. Each use of a file gives another result. */
export interface MediaUse {
  /** An animation becomes a short video; usually its first picture is taken. */
  readonly asVideo?: true | undefined;
  /** The part of a video that is posted; usually all of it. */
  readonly cut?: MediaCut | undefined;
}

/** The part of a video that a person chose. */
export interface MediaCut {
  readonly startSeconds: number;
  readonly maxSeconds: number;
}

/** The same for every way to write down one use. */
export function useKey({ asVideo, cut }: MediaUse = {}): string {
  const parts = cut && `${cut.startSeconds} to ${cut.maxSeconds}`;
  return `${asVideo === true ? 'as video' : ''} ${parts ?? ''}`;
}

/** Why the picture of a video is encoded anew. */
export type EncodingReason =
  | { readonly type: 'codec'; readonly from: string }
  /** Not 8-bit 4:2:0, such as the ten bits or the many colours of an editor's file. */
  | { readonly type: 'pixel_format'; readonly from: string }
  /** TikTok documents no HDR, so its colours are brought to what every screen shows. */
  | { readonly type: 'hdr' }
  | { readonly type: 'size' }
  | { readonly type: 'interlaced' }
  /** In frames a second; `from` is absent where the rate varies. */
  | { readonly type: 'frame_rate'; readonly from?: number | undefined; readonly to: number }
  /** What players leave out lies between two key frames. */
  | { readonly type: 'trim' }
  | { readonly type: 'cut' }
  /** It plays, but its data is not as the format asks. */
  | { readonly type: 'repair' };

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
    }
  /** The first of so many pictures of an animation. */
  | { readonly type: 'first_picture'; readonly of: number }
  /** An animation has become a video, which shows it so many times to be as long as TikTok wants it. */
  | { readonly type: 'animation_encoded'; readonly from: string; readonly times: number }
  | { readonly type: 'picture_encoded'; readonly why: readonly EncodingReason[] }
  | { readonly type: 'sound_encoded'; readonly from: string }
  /** Nothing can be heard of it. */
  | { readonly type: 'sound_left_out' }
  /** What the file's own edit list hides from players is left out. */
  | { readonly type: 'trimmed' }
  | { readonly type: 'cut'; readonly startSeconds: number; readonly endSeconds: number }
  /** Where it was filmed was told, or only other data; `untouched` is what goes out as it came. */
  | {
      readonly type: 'metadata_removed';
      readonly hadPlace: boolean;
      readonly untouched: readonly ('picture' | 'sound')[];
    }
  /** It could not be played for a check, because ffmpeg is missing. */
  | { readonly type: 'not_played' };

/** A file as TikTok will pull it. */
export interface PreparedMedia {
  readonly kind: MediaKind;
  readonly file: StoredFile;
  readonly contentType: 'image/jpeg' | 'video/mp4' | 'video/quicktime' | 'video/webm';
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
  /** It begins well and then lacks data. */
  | { code: 'file_incomplete' }
  | { code: 'photo_too_many_pixels'; pixels: number; maxPixels: number }
  /** Nobody could see what is in it: too few pixels on its shorter side, or too long for its width. */
  | { code: 'photo_too_small'; width: number; height: number; minSide: number }
  | { code: 'photo_too_long'; width: number; height: number; maxRatio: number }
  | { code: 'photo_too_big'; bytes: number; maxBytes: number }
  /** `bytes` is absent where reading stopped at the limit. */
  | { code: 'video_too_big'; bytes?: number | undefined; maxBytes: number }
  | { code: 'video_codec_not_accepted'; codec: string }
  | { code: 'video_dimensions'; width: number; height: number; min: number; max: number }
  | { code: 'video_too_long'; durationSeconds: number; maxSeconds: number }
  | { code: 'video_without_picture' };

/** Why Nod itself could not copy or prepare a file that may be fine. */
export type PreparingProblem = {
  code: 'preparing_failed';
  /**
   * `media_limit`: all media together may take no more room. `media_away`: the bucket in which media are kept takes none.
   * `ffmpeg_missing`: the machine lacks what this file needs.
   */
  reason: 'disk_full' | 'media_limit' | 'media_away' | 'too_slow' | 'ffmpeg_missing' | 'unknown';
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
  /** Ours: how many pixels are worth the time; phones take photos of 200 million. Memory has a bound of its own. */
  maxPixels: 250_000_000,
  /**
   * Ours, as TikTok documents neither: a phone is some 1080 pixels wide, so what has fewer than 64 on its shorter side
   * is a blur there, and of what is longer than 10:1 a strip of a tenth of the screen is seen. Screenshots of whole
   * conversations and panoramas stay below.
   */
  minSide: 64,
  maxRatio: 10,
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
