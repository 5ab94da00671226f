import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { makeJpeg, readFixture } from '../scene.ts';
import { probeMedia } from './index.ts';

const picture = (channels: 3 | 4 = 3) =>
  sharp({ create: { width: 30, height: 20, channels, background: { r: 200, g: 10, b: 10, alpha: 0.5 } } });

describe('images', () => {
  test('reads a JPEG with its orientation, place and colour profile', async () => {
    const plain = probeMedia((await makeJpeg(30, 20)).body);
    expect(plain).toMatchObject({ kind: 'jpeg', width: 30, height: 20, components: 3, complete: true });
    expect(plain).toMatchObject({ hasExif: false, hasGps: false, hasIcc: false, progressive: false });

    const tagged = await picture()
      .withMetadata({ orientation: 6 })
      .withExifMerge({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1' } })
      .withIccProfile('p3')
      .jpeg({ progressive: true })
      .toBuffer();
    expect(probeMedia(tagged)).toMatchObject({
      orientation: 6,
      hasExif: true,
      hasGps: true,
      hasIcc: true,
      progressive: true,
    });
  });

  test('counts the components of grey and CMYK JPEGs', async () => {
    const grey = await picture().toColourspace('b-w').jpeg().toBuffer();
    const cmyk = await picture().toColourspace('cmyk').jpeg().toBuffer();
    expect(probeMedia(grey).components).toBe(1);
    expect(probeMedia(cmyk).components).toBe(4);
  });

  test('reads lossy, lossless and extended WebP', async () => {
    const lossy = await picture().webp().toBuffer();
    const lossless = await picture(4).webp({ lossless: true }).toBuffer();
    const extended = await picture().withMetadata({ orientation: 8 }).webp().toBuffer();
    const size = { kind: 'webp', width: 30, height: 20, complete: true };
    expect(probeMedia(lossy)).toMatchObject({ ...size, components: 3 });
    expect(probeMedia(lossless)).toMatchObject({ ...size, components: 4 });
    expect(probeMedia(extended)).toMatchObject({ ...size, orientation: 8, animated: false });
  });

  test('tells an animated WebP and GIF', async () => {
    const frames = await sharp({
      create: { width: 8, height: 16, channels: 3, background: 'red', pageHeight: 8 },
    })
      .composite([
        { input: { create: { width: 8, height: 8, channels: 3, background: 'blue' } }, top: 0, left: 0 },
      ])
      .raw()
      .toBuffer();
    const raw = { raw: { width: 8, height: 16, channels: 3 as const, pageHeight: 8 } };
    const webp = await sharp(frames, raw).webp({ loop: 0 }).toBuffer();
    const gif = await sharp(frames, raw).gif({ loop: 0 }).toBuffer();
    expect(probeMedia(webp)).toMatchObject({ kind: 'webp', width: 8, height: 8, animated: true });
    expect(probeMedia(gif)).toMatchObject({ kind: 'gif', width: 8, height: 8, animated: true });
  });

  test('tells PNG and AVIF by content', async () => {
    expect(probeMedia(await picture(4).png().toBuffer())).toMatchObject({
      kind: 'png',
      width: 30,
      height: 20,
      components: 4,
      complete: true,
    });
    expect(probeMedia(await picture().avif().toBuffer())).toMatchObject({
      kind: 'avif',
      width: 30,
      height: 20,
    });
  });

  test('says that a cut file is incomplete', async () => {
    for (const bytes of [
      (await makeJpeg()).body,
      await picture().webp().toBuffer(),
      await picture().png().toBuffer(),
    ]) {
      expect(probeMedia(bytes).complete).toBe(true);
      expect(probeMedia(bytes.subarray(0, bytes.length - 20)).complete).toBe(false);
    }
  });

  test('takes damaged bytes for unknown', () => {
    for (const bytes of [
      '',
      'ff',
      'ffd8ffe1',
      'ffd8ffe1ffff',
      '52494646ffffffff57454250',
      '1a45dfa3',
      '00000000',
    ]) {
      expect(probeMedia(Buffer.from(bytes, 'hex')).complete, bytes).toBe(false);
    }
  });
});

describe('videos', () => {
  const portrait = { width: 360, height: 640, complete: true };
  test.each([
    [
      'tiktok-h264.mp4',
      { ...portrait, kind: 'mp4', codec: 'avc1', frameRate: 30, fastStart: true, hasAudio: false },
    ],
    ['tiktok-fragmented.mp4', { ...portrait, kind: 'mp4', codec: 'avc1', frameRate: 30, hasAudio: true }],
    ['tiktok-hevc.mov', { ...portrait, kind: 'mov', codec: 'hvc1', frameRate: 24 }],
    ['tiktok-10fps.mp4', { ...portrait, kind: 'mp4', codec: 'avc1', frameRate: 10 }],
    [
      'tiktok-vp9.webm',
      { width: 640, height: 360, complete: true, kind: 'webm', codec: 'vp09', frameRate: 25 },
    ],
    ['tiktok-vp8-live.webm', { ...portrait, kind: 'webm', codec: 'vp08' }],
  ])('reads %s', (name, expected) => {
    const probed = probeMedia(readFixture(name).body);
    expect(probed).toMatchObject(expected);
    expect(probed.durationSeconds).toBeCloseTo(1, 2);
  });

  test('says that a cut file is incomplete', () => {
    for (const name of ['tiktok-h264.mp4', 'tiktok-vp9.webm']) {
      const { body } = readFixture(name);
      expect(probeMedia(body.subarray(0, body.length - 100)).complete, name).toBe(false);
    }
  });
});
