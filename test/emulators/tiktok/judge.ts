import type { EmulatorOptions } from './options.ts';
import type { Creator, Publish, ReceivedMedia } from './state.ts';

const maxImageBytes = 20_000_000;
const maxVideoBytes = 4_000_000_000;
const videoCodecs = ['avc1', 'avc3', 'hvc1', 'hev1', 'vp08', 'vp09'];

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
  const { kind, codec, width, height, durationSeconds = 0, frameRate = 0 } = media;
  const isContainer = kind === 'mp4' || kind === 'mov' || kind === 'webm';
  if (!isContainer || !media.complete || !videoCodecs.includes(codec ?? ''))
    return 'file_format_check_failed';
  if (Math.min(width, height) < 360 || Math.max(width, height) > 4096) return 'picture_size_check_failed';
  if (media.bytes > maxVideoBytes) return 'picture_size_check_failed';
  const maxSeconds = publish.mode === 'DIRECT_POST' ? creator.maxVideoPostDurationSec : 600;
  if (durationSeconds <= 0 || durationSeconds > maxSeconds) return 'duration_check_failed';
  // The tolerance covers rounded time stamps of 60 fps files.
  if (frameRate < 22.99 || frameRate > 60.05) return 'frame_rate_check_failed';
  return undefined;
}
