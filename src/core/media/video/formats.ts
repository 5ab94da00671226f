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
