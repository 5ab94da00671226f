import { probeGif } from './gif.ts';
import { probeJpeg } from './jpeg.ts';
import { probeMp4 } from './mp4.ts';
import { probePng } from './png.ts';
import { probeWebm } from './webm.ts';
import { probeWebp } from './webp.ts';

export type ProbedMedia = {
  kind: 'jpeg' | 'png' | 'webp' | 'gif' | 'heic' | 'avif' | 'mp4' | 'mov' | 'webm' | 'mkv' | 'unknown';
  /** Stored pixels, before any orientation; 0 where unknown. */
  width: number;
  height: number;
  /** False when the bytes end before the format says so. */
  complete: boolean;
  /** EXIF 1 to 8. */
  orientation?: number;
  /** Colour components: 1 grey, 3 colour, 4 CMYK in a JPEG or colour with alpha elsewhere. */
  components?: number;
  progressive?: boolean;
  animated?: boolean;
  hasExif?: boolean;
  hasGps?: boolean;
  hasIcc?: boolean;
  hasXmp?: boolean;
  hasIptc?: boolean;
  hasComment?: boolean;
  /** Four characters as in MP4 (`avc1`, `hvc1`, `vp09`) whatever the container. */
  codec?: string;
  hasAudio?: boolean;
  durationSeconds?: number;
  /** Frames through time, so the mean of a variable rate. */
  frameRate?: number;
  /** Degrees of a video's display matrix. */
  rotation?: number;
  /** The index of an MP4 comes before its frames. */
  fastStart?: boolean;
};

/** Says what the bytes are by looking at them alone; damaged ones are `unknown` or incomplete, never an exception. */
export function probeMedia(bytes: Buffer): ProbedMedia {
  try {
    const probed =
      probeJpeg(bytes) ??
      probePng(bytes) ??
      probeWebp(bytes) ??
      probeGif(bytes) ??
      probeMp4(bytes) ??
      probeWebm(bytes);
    return probed ?? unknown();
  } catch (error) {
    if (error instanceof RangeError) return unknown();
    throw error;
  }
}

const unknown = (): ProbedMedia => ({ kind: 'unknown', width: 0, height: 0, complete: false });
