import type { EmulatorOptions } from './options.ts';
import type { Creator, Publish, ReceivedMedia } from './state.ts';

const maxImageBytes = 20_000_000;
const maxVideoBytes = 4_000_000_000;
const videoCodecs = ['avc1', 'avc3', 'hvc1', 'hev1', 'vp08', 'vp09'];
const decodedCodecs = ['h264', 'hevc', 'vp8', 'vp9'];

/**
 * The fail_reason that the received media earns, or undefined when it may be posted.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
export function judgeMedia(publish: Publish, creator: Creator, options: EmulatorOptions): string | undefined {
  if (!options.strict.checkMedia) return undefined;
  for (const media of publish.media) {
    const reason =
      publish.mediaType === 'PHOTO' ? judgeImage(media, options) : judgeVideo(media, publish, creator);
    if (reason) return reason;
  }
  return undefined;
}

function judgeImage(media: ReceivedMedia, { strict }: EmulatorOptions) {
  if ((media.kind !== 'jpeg' && media.kind !== 'webp') || !media.complete) return 'file_format_check_failed';
  // ffmpeg 5 and 6 cannot read animations of WebP, which are judged above and below.
  if (media.decoded?.problem !== undefined && !media.animated) return 'file_format_check_failed';
  if (strict.refuseAnimatedWebp && media.animated) return 'file_format_check_failed';
  if (strict.refuseCmykJpeg && media.kind === 'jpeg' && media.components === 4) {
    return 'file_format_check_failed';
  }
  // "Maximum 1080p" is the shorter side in practice: 941x1672 passes, 1086x1448 does not.
  const shorter = Math.min(media.width, media.height);
  if (shorter < 1 || shorter > 1080 || media.bytes > maxImageBytes) return 'picture_size_check_failed';
  return undefined;
}

function judgeVideo(media: ReceivedMedia, publish: Publish, creator: Creator) {
  const { kind, codec, decoded } = media;
  const isContainer = kind === 'mp4' || kind === 'mov' || kind === 'webm';
  if (!isContainer || !media.complete || !videoCodecs.includes(codec ?? ''))
    return 'file_format_check_failed';
  if (decoded && (decoded.problem !== undefined || !decodedCodecs.includes(decoded.codec)))
    return 'file_format_check_failed';
  // What the index claims and what comes out of the decoder both have to fit.
  for (const { width, height } of decoded ? [media, decoded] : [media])
    if (Math.min(width, height) < 360 || Math.max(width, height) > 4096) return 'picture_size_check_failed';
  if (media.bytes > maxVideoBytes) return 'picture_size_check_failed';
  const maxSeconds = publish.mode === 'DIRECT_POST' ? creator.maxVideoPostDurationSec : 600;
  const durationSeconds = secondsOf(media);
  if (durationSeconds <= 0 || durationSeconds > maxSeconds) return 'duration_check_failed';
  return isRateFine(media) ? undefined : 'frame_rate_check_failed';
}

/** The longer of what the index says and what plays. */
function secondsOf({ durationSeconds = 0, decoded }: ReceivedMedia) {
  return Math.max(durationSeconds, decoded?.durationSeconds ?? 0);
}

/** The tolerance is for the clocks of phones; a varying rate has been refused, as ElPatoClip reports on GitHub. */
function isRateFine({ frameRate = 0, decoded }: ReceivedMedia) {
  const rate = decoded?.frameRate || frameRate;
  return rate >= 22.97 && rate <= 60.5 && (decoded?.isSteady ?? true);
}

/** The moment of a video's cover; TikTok takes the first frame where it is told none or a wrong one. */
export function readVideoCover({ mediaType, postInfo, media }: Publish): number | undefined {
  if (mediaType !== 'VIDEO') return undefined;
  const asked = postInfo.video_cover_timestamp_ms;
  const [video] = media;
  const isInside = typeof asked === 'number' && asked >= 0 && video && asked < secondsOf(video) * 1000;
  return isInside ? asked : 0;
}
