import { execFile } from 'node:child_process';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';

const run = promisify(execFile);

export interface MovieOptions {
  readonly pieceSeconds?: number;
  /** A second. TikTok takes ten minutes at most. */
  readonly megabits?: number;
  readonly size?: string;
  /** The more of it, the less an encoder can save. */
  readonly noise?: number;
}

/** Photos of 12 megapixels with grain, no two of them alike, as PNGs of about 20 MB. */
export async function makePhotos(folder: string, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, index) => join(folder, `photo-${index + 1}.png`));
  for (const path of paths) {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const grain = await sharp({
      create: { width: 1500, height: 2000, channels: 3, background: '#000', noise },
    })
      .png()
      .toBuffer();
    await sharp(grain).resize(3000, 4000).png({ compressionLevel: 6 }).toFile(path);
  }
  return paths;
}

/**
 * A video of about `bytes` bytes that TikTok takes as it is, with a place in its metadata: one piece again and again. The
 * end of the name says the container.
 */
export async function makeMovie(
  path: string,
  bytes: number,
  { pieceSeconds = 10, megabits = 40, size = '1080x1920', noise = 20 }: MovieOptions = {},
): Promise<string> {
  const piece = `${path}.piece.mp4`;
  const picture = `testsrc2=size=${size}:rate=30:duration=${pieceSeconds},noise=alls=${noise}:allf=t`;
  await ffmpeg(
    ...['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=duration=${pieceSeconds}`],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-b:v',
      `${megabits}M`,
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      piece,
    ],
  );
  const loops = Math.round(bytes / (await stat(piece)).size) - 1;
  const place = ['-metadata', 'location=+48.8577+002.295/'];
  await ffmpeg('-stream_loop', String(loops), '-i', piece, '-c', 'copy', ...place, path);
  await rm(piece);
  return path;
}

/** 20 s of MPEG-4 Visual and PCM in an AVI, of which TikTok takes nothing. */
export async function makeAvi(path: string): Promise<string> {
  const picture = 'testsrc2=size=1080x1920:rate=30:duration=20,noise=alls=10:allf=t';
  await ffmpeg(
    ...['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=duration=20'],
    ...['-c:v', 'mpeg4', '-q:v', '4', '-c:a', 'pcm_s16le', path],
  );
  return path;
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
}
