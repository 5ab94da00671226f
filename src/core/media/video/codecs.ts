import { plainName } from '../../plain-text.ts';
import type { VideoFormat } from '../types.ts';

const DEMUXERS: Readonly<Record<VideoFormat, string>> = {
  MP4: 'mov',
  MOV: 'mov',
  M4V: 'mov',
  '3GP': 'mov',
  WebM: 'matroska',
  MKV: 'matroska',
  AVI: 'avi',
  FLV: 'flv',
  'MPEG-TS': 'mpegts',
  MPEG: 'mpeg',
  WMV: 'asf',
};

/** The name of the one demuxer of ffmpeg that reads a container. */
export function demuxerOf(format: VideoFormat): string {
  return DEMUXERS[format];
}

/** Whether a container is of MP4's family, whose index we read ourselves. */
export function isMp4Family(format: VideoFormat): boolean {
  return demuxerOf(format) === 'mov';
}

/** The video codecs that TikTok documents, by ffmpeg's name as all codecs here. */
const ACCEPTED_PICTURES = new Set(['h264', 'hevc', 'vp8', 'vp9']);

/** Whether TikTok takes a picture of this codec. */
export function isPictureAccepted(codec: string): boolean {
  return ACCEPTED_PICTURES.has(codec);
}

const PICTURES =
  'av1 cfhd cinepak dnxhd ffv1 flv1 h261 h263 h263p h264 hevc huffyuv mjpeg mpeg1video mpeg2video mpeg4 ' +
  'msmpeg4v1 msmpeg4v2 msmpeg4v3 msvideo1 png prores qtrle rawvideo rpza svq1 svq3 theora utvideo vc1 vp6 vp6a ' +
  'vp6f vp8 vp9 wmv1 wmv2 wmv3';
const SOUNDS =
  'aac aac_latm ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_swf alac amr_nb amr_wb dts eac3 flac mp1 mp2 mp3 ' +
  'nellymoser opus qdm2 speex truehd vorbis wmapro wmav1 wmav2';

const READ_PICTURES = new Set(PICTURES.split(' '));
const READ_SOUNDS = new Set(SOUNDS.split(' '));

/** Whether we let ffmpeg decode a picture of this codec: those that cameras and editors write, and no others. */
export function isPictureRead(codec: string): boolean {
  return READ_PICTURES.has(codec);
}

/** Whether we let ffmpeg decode a sound of this codec. */
export function isSoundRead(codec: string): boolean {
  return READ_SOUNDS.has(codec) || codec.startsWith('pcm');
}

const NAMES = new Map([
  ['h264', 'H.264'],
  ['hevc', 'H.265'],
  ['vp8', 'VP8'],
  ['vp9', 'VP9'],
  ['av1', 'AV1'],
  ['prores', 'ProRes'],
  ['mpeg4', 'MPEG-4 Visual'],
  ['mpeg1video', 'MPEG-1'],
  ['mpeg2video', 'MPEG-2'],
  ['h263', 'H.263'],
  ['flv1', 'Flash video'],
  ['mjpeg', 'Motion JPEG'],
  ['dnxhd', 'DNxHD'],
  ['theora', 'Theora'],
  ['vc1', 'VC-1'],
  ['aac', 'AAC'],
  ['mp3', 'MP3'],
  ['opus', 'Opus'],
  ['vorbis', 'Vorbis'],
  ['flac', 'FLAC'],
  ['ac3', 'Dolby Digital'],
  ['eac3', 'Dolby Digital Plus'],
  ['alac', 'Apple Lossless'],
  ['apac', 'Apple Positional Audio'],
  ['amr_nb', 'AMR'],
  ['amr_wb', 'AMR'],
  ['pcm_mulaw', 'µ-law audio'],
  ['pcm_alaw', 'A-law audio'],
]);

/** What people call a codec; what the file calls it, where there is no name. */
export function codecName(codec: string): string {
  const name = NAMES.get(codec);
  if (name !== undefined) return name;
  if (codec.startsWith('pcm')) return 'PCM audio';
  if (/^(msmpeg4|wm[va])/.test(codec)) return 'Windows Media';
  return plainName(codec) || 'something unknown';
}
