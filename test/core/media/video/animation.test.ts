import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../../src/core/media/ffmpeg.ts';
import { inspectFile } from '../../../../src/core/media/inspect.ts';
import { createMemoryBudget } from '../../../../src/core/media/memory.ts';
import { prepareAnimation, readFrames } from '../../../../src/core/media/video.ts';
import { FfmpegMissingError } from '../../../../src/core/problems.ts';
import { addBytes, addFixture, emptyStore, fixture, temporaryDirectory } from '../files.ts';

const ffmpeg = findFfmpeg();
const memory = createMemoryBudget();
if (!ffmpeg) throw new Error('These tests need ffmpeg.');

type Store = ReturnType<typeof emptyStore>;

/** Pictures of one colour each; the last is half transparent. */
async function pictures(width: number, height: number): Promise<Buffer[]> {
  const colours = [
    { r: 208, g: 32, b: 32, alpha: 1 },
    { r: 32, g: 64, b: 208, alpha: 1 },
    { r: 0, g: 0, b: 0, alpha: 0 },
  ];
  return Promise.all(
    colours.map((background) =>
      sharp({ create: { width, height, channels: 4, background } })
        .png()
        .toBuffer(),
    ),
  );
}

async function animation(
  format: 'gif' | 'webp' | 'png',
  { delay = [500, 1000, 500], width = 400, height = 360 } = {},
): Promise<Buffer> {
  const all = await pictures(width, height);
  if (format !== 'png')
    return sharp(all, { join: { animated: true } })
      .toFormat(format, { delay, loop: 0, ...(format === 'webp' && { lossless: true }) })
      .toBuffer();
  const folder = temporaryDirectory();
  const path = join(folder, 'animated.apng');
  const gif = join(folder, 'animated.gif');
  await sharp(await animation('gif', { delay, width, height }), { animated: true }).toFile(gif);
  spawnSync('ffmpeg', ['-v', 'error', '-i', gif, '-plays', '0', '-f', 'apng', path]);
  return readFileSync(path);
}

async function prepare(store: Store, content: Buffer) {
  const source = await addBytes(store, content);
  const facts = await inspectFile(store.path(source), { ffmpeg });
  if (facts.kind !== 'photo') throw new Error('Expected an animation.');
  return prepareAnimation({ store, source, facts, memory, ffmpeg });
}

/** The colour in the middle of a video at a moment. */
async function colourAt(path: string, moment: number) {
  const [frame] = await readFrames({
    path,
    moments: [moment],
    height: 90,
    ffmpeg: ffmpeg ?? never(),
    signal: undefined,
  });
  const { data, info } = await sharp(frame).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
  if (red > 200 && green > 200 && blue > 200) return 'white';
  return red > blue ? 'red' : 'blue';
}

const never = (): never => {
  throw new Error('There is ffmpeg.');
};

describe('an animation as a video', () => {
  it('ends after a minute, and its report says so', async () => {
    const long = await animation('gif', { delay: [30_000, 40_000, 500], width: 360, height: 360 });
    const prepared = await prepare(emptyStore(), long);
    expect(prepared.durationSeconds).toBeCloseTo(60, 1);
    expect(prepared.changes).toEqual([
      { type: 'animation_encoded', from: 'GIF', times: 1 },
      { type: 'cut', startSeconds: 0, endSeconds: 60 },
    ]);
  });

  it.each(['gif', 'webp', 'png'] as const)(
    'shows the pictures of a %s as long as it does, on white',
    async (format) => {
      const store = emptyStore();
      const prepared = await prepare(store, await animation(format));
      const name = { gif: 'GIF', webp: 'WebP', png: 'PNG' }[format];
      expect(prepared).toMatchObject({
        kind: 'video',
        contentType: 'video/mp4',
        width: 400,
        height: 360,
        changes: [{ type: 'animation_encoded', from: name, times: 2 }],
      });
      // Twice; what made the APNG shows its last picture as long as the one before.
      const seconds = format === 'png' ? 2.5 : 2;
      expect(prepared.durationSeconds).toBeCloseTo(2 * seconds, 1);
      const path = store.path(prepared.file);
      for (const round of [0, seconds]) {
        expect(await colourAt(path, round + 0.25)).toBe('red');
        expect(await colourAt(path, round + 1)).toBe('blue');
        expect(await colourAt(path, round + 1.75)).toBe('white');
      }
      const { stderr } = spawnSync('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-'], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      const video = await inspectFile(path, { ffmpeg });
      expect(video).toMatchObject({
        metadata: 'none',
        picture: { framesPerSecond: expect.closeTo(30, 2), isConstant: true, pixelFormat: 'yuv420p' },
      });
      expect(await store.keys()).toHaveLength(2);
    },
  );

  it.each(['gif', 'webp'] as const)(
    'shows a picture of a %s that names no time for a tenth of a second',
    async (format) => {
      const store = emptyStore();
      const prepared = await prepare(store, await animation(format, { delay: [0, 0, 0] }));
      // Three tenths of a second, ten times.
      expect(prepared.durationSeconds).toBeCloseTo(3, 1);
    },
  );

  it('is scaled up to what TikTok takes, with even sides', async () => {
    const store = emptyStore();
    const prepared = await prepare(store, await animation('gif', { width: 201, height: 101 }));
    expect(prepared).toMatchObject({ width: 716, height: 360 });
    expect(prepared.changes).toContainEqual({ type: 'resized', from: [201, 101], to: [716, 360] });
  });

  it('ends after a minute', async () => {
    const store = emptyStore();
    const prepared = await prepare(store, await animation('webp', { delay: [30_000, 40_000, 1000] }));
    expect(prepared.durationSeconds).toBeCloseTo(60, 1);
  });

  it('needs ffmpeg', async () => {
    const store = emptyStore();
    const source = await addBytes(store, await animation('gif'));
    const facts = await inspectFile(store.path(source));
    if (facts.kind !== 'photo') throw new Error('Expected an animation.');
    await expect(prepareAnimation({ store, source, facts, memory })).rejects.toThrow(FfmpegMissingError);
  });

  it('waits for memory as photos do where it is a WebP, and gives it back', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'animated.webp');
    const facts = await inspectFile(store.path(source));
    if (facts.kind !== 'photo') throw new Error('Expected a photo.');
    const small = createMemoryBudget({ bytes: 1000 });
    const held = Promise.withResolvers<void>();
    const order: string[] = [];
    const photo = small.reserve(1, () => held.promise).then(() => order.push('photo'));
    const animation = prepareAnimation({ store, source, facts, memory: small, ffmpeg }).then(() =>
      order.push('animation'),
    );
    held.resolve();
    await Promise.all([photo, animation]);
    expect(order).toEqual(['photo', 'animation']);
    await small.reserve(1000, async () => undefined);
  });
});

describe('frames of a video', () => {
  it('are pictures of one height, up to the very end', async () => {
    const path = fixture('demo/sunset.mp4');
    const frames = await readFrames({ path, moments: [0, 1.2, 2.5, 60], height: 120, ffmpeg });
    expect(frames).toHaveLength(4);
    for (const frame of frames.slice(0, 3))
      expect(await sharp(frame).metadata()).toMatchObject({ format: 'jpeg', width: 68, height: 120 });
  });

  it('are upright', async () => {
    const [frame] = await readFrames({ path: fixture('turned.mov'), moments: [0.5], height: 90, ffmpeg });
    expect(await sharp(frame).metadata()).toMatchObject({ width: 160, height: 90 });
  });

  it('are none of a file that does not play', async () => {
    expect(await readFrames({ path: fixture('sound-only.mp4'), moments: [0], height: 90, ffmpeg })).toEqual([
      undefined,
    ]);
  });

  it('are not read any more once the signal is given', async () => {
    const signal = AbortSignal.abort(new Error('Nod is stopping.'));
    const reading = readFrames({
      path: fixture('demo/sunset.mp4'),
      moments: [0],
      height: 90,
      ffmpeg,
      signal,
    });
    await expect(reading).rejects.toThrow('Nod is stopping.');
  });
});
