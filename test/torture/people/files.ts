import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { Random } from '../../fuzz/random.ts';

/** A file as a person has it, unlike any other of its run. */
export interface Made {
  readonly kind: 'photo' | 'video';
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

const [WIDTH, HEIGHT] = [36, 64];
const SCALE = 10;

/** A photo of coarse noise. */
export async function makePhoto(random: Random, name: string): Promise<Made> {
  const noise = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, () => random.below(256)));
  const bytes = await sharp(noise, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .resize(WIDTH * SCALE, HEIGHT * SCALE, { kernel: 'nearest' })
    .jpeg({ quality: 70 })
    .toBuffer();
  return made('photo', `${name}.jpg`, bytes);
}

/** A short video; one in a few has a frame rate that TikTok does not take, and has to be converted. */
export async function makeVideo(random: Random, name: string): Promise<Made> {
  const rate = random.below(4) === 0 ? 12 : 24;
  const [color, level] = [
    random
      .below(2 ** 24)
      .toString(16)
      .padStart(6, '0'),
    random.below(2 ** 24),
  ];
  const picture = `color=c=0x${color}:size=360x640:rate=${rate}:duration=1`;
  const box = `drawbox=x=${level % 300}:y=${(level >> 9) % 600}:w=20:h=20:color=white:t=fill`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-threads', '1'];
  const output = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1'];
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    ['-v', 'error', '-f', 'lavfi', '-i', `${picture},${box}`, ...codec, ...output],
    { encoding: 'buffer', maxBuffer: 10_000_000 },
  );
  return made('video', `${name}.mp4`, stdout);
}

const made = (kind: Made['kind'], name: string, bytes: Buffer): Made => ({
  kind,
  name,
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});
