import { plainName } from '../../plain-text.ts';

/** The video codecs that TikTok documents, by mediabunny's name. */
const ACCEPTED_VIDEO = new Set(['avc', 'hevc', 'vp8', 'vp9']);

/** The audio codecs that we carry from a MOV into an MP4; every player of MP4 knows these. */
const REPACKAGED_AUDIO = new Set(['aac', 'mp3']);

const NAMES = new Map([
  ['avc', 'H.264'],
  ['hevc', 'H.265'],
  ['vp8', 'VP8'],
  ['vp9', 'VP9'],
  ['av1', 'AV1'],
  ['prores', 'ProRes'],
  ['mp4v', 'MPEG-4 Visual'],
  ['jpeg', 'Motion JPEG'],
  ['mjpa', 'Motion JPEG'],
  ['AVdn', 'DNxHD'],
  ['AVdh', 'DNxHR'],
  ['aac', 'AAC'],
  ['mp3', 'MP3'],
  ['opus', 'Opus'],
  ['vorbis', 'Vorbis'],
  ['flac', 'FLAC'],
  ['ac3', 'Dolby Digital'],
  ['eac3', 'Dolby Digital Plus'],
  ['alac', 'Apple Lossless'],
  ['apac', 'Apple Positional Audio'],
  ['ulaw', 'µ-law audio'],
  ['alaw', 'A-law audio'],
]);

/** Whether TikTok takes a video of this codec. */
export function isVideoCodecAccepted(codec: string): boolean {
  return ACCEPTED_VIDEO.has(codec);
}

/** Whether an audio track of this codec may be copied into an MP4. */
export function isAudioCodecCarried(codec: string): boolean {
  return REPACKAGED_AUDIO.has(codec);
}

/** What people call a codec; what the file calls it, where there is no name. */
export function codecName(codec: string): string {
  if (/^pcm-|^(sowt|twos|lpcm|in24|in32|fl32)$/.test(codec)) return 'PCM audio';
  return NAMES.get(codec) ?? (plainName(codec) || 'something unknown');
}
