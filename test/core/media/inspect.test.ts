import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { inspectFile } from '../../../src/core/media/inspect.ts';
import { configureSharp } from '../../../src/core/media/photo/convert.ts';
import { FfmpegMissingError } from '../../../src/core/problems.ts';
import { changedFixture, fixture, problemOf, temporaryDirectory } from './files.ts';
import { pngHeader } from './made-files.ts';

beforeAll(configureSharp);

const ffmpeg = findFfmpeg();

function written(content: Buffer | string, name = 'photo.jpg') {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

describe('inspecting a file', () => {
  it.each([
    [
      'phone.jpg',
      { format: 'JPEG', width: 1200, height: 1600, orientation: 6, hasAlpha: false, colourSpace: 'srgb' },
    ],
    ['cmyk.jpg', { format: 'JPEG', width: 600, height: 400, orientation: 1, colourSpace: 'cmyk' }],
    ['transparent.png', { format: 'PNG', width: 600, height: 400, hasAlpha: true, pictures: 1 }],
    ['sixteen-bit.png', { format: 'PNG', colourSpace: 'rgb16' }],
    ['photo.webp', { format: 'WebP', width: 600, height: 400, pictures: 1 }],
    ['photo.avif', { format: 'AVIF', width: 600, height: 400, pictures: 1 }],
    ['turned-alpha.avif', { format: 'AVIF', width: 400, height: 600, orientation: 1, hasAlpha: true }],
    ['photo.tiff', { format: 'TIFF', width: 600, height: 400, pictures: 1, pages: 1 }],
    ['two-pages.tiff', { format: 'TIFF', pictures: 1, pages: 2 }],
    ['still.gif', { format: 'GIF', width: 600, height: 400, pictures: 1 }],
    ['animated.gif', { format: 'GIF', width: 64, height: 64, pictures: 2 }],
    ['animated.webp', { format: 'WebP', pictures: 2 }],
    ['animated.png', { format: 'PNG', pictures: 2 }],
  ])('tells what the photo %s is', async (name, facts) => {
    expect(await inspectFile(fixture(name))).toMatchObject({ kind: 'photo', ...facts });
  });

  it('tells what a video is', async () => {
    expect(await inspectFile(fixture('demo/sunset.mp4'), { ffmpeg })).toEqual({
      kind: 'video',
      container: 'MP4',
      bytes: expect.any(Number),
      width: 540,
      height: 960,
      durationSeconds: expect.closeTo(2.5, 1),
      picture: {
        stream: 0,
        codec: 'h264',
        codedWidth: 540,
        codedHeight: 960,
        rotation: 0,
        pixelAspect: 1,
        pixelFormat: 'yuv420p',
        isInterlaced: false,
        frames: 75,
        framesPerSecond: expect.closeTo(30, 2),
        usualFramesPerSecond: expect.closeTo(30, 2),
        isConstant: true,
        endSeconds: expect.closeTo(2.5, 1),
      },
      sound: { stream: 1, codec: 'aac', channels: 1, sampleRate: 44_100, isPlainAac: true },
      otherTracks: 0,
      metadata: 'none',
      unusedBytes: 0,
      canClean: true,
    });
  });

  it.each([
    ['h264.mov', { container: 'MOV', picture: { codec: 'h264' }, sound: { codec: 'aac' }, width: 360 }],
    ['turned.mov', { container: 'MOV', width: 640, height: 360, picture: { codedWidth: 360 } }],
    ['hevc.mov', { container: 'MOV', picture: { codec: 'hevc' }, sound: undefined }],
    ['prores.mov', { container: 'MOV', picture: { codec: 'prores' } }],
    ['ntsc-film.mp4', { container: 'MP4', picture: { framesPerSecond: expect.closeTo(23.976, 2) } }],
    ['hdr.mp4', { container: 'MP4', picture: { codec: 'hevc', hdr: 'pq' } }],
    ['varying.mp4', { container: 'MP4', picture: { isConstant: false } }],
    ['phone.mp4', { container: 'MP4', metadata: 'place' }],
    ['trimmed.mov', { trim: { canCopyPicture: false, ofSound: true } }],
    ['two-sounds.mov', { otherTracks: 1 }],
  ])('tells what is inside %s, with ffmpeg and without', async (name, facts) => {
    for (const tools of [ffmpeg, undefined])
      expect(await inspectFile(fixture(name), { ffmpeg: tools })).toMatchObject({ kind: 'video', ...facts });
  });

  it.each([
    ['video.webm', { container: 'WebM', picture: { codec: 'vp9' } }],
    ['video.mkv', { container: 'MKV', picture: { codec: 'h264' }, sound: { codec: 'aac' } }],
    ['video.avi', { container: 'AVI', picture: { codec: 'mpeg4' }, sound: { codec: 'mp3' } }],
    ['tiktok-fragmented.mp4', { container: 'MP4', picture: { codec: 'h264' }, canClean: false }],
  ])('tells what is inside %s with ffmpeg alone', async (name, facts) => {
    expect(await inspectFile(fixture(name), { ffmpeg })).toMatchObject({ kind: 'video', ...facts });
    await expect(inspectFile(fixture(name))).rejects.toThrow(FfmpegMissingError);
  });

  it('refuses photoshop.jpg as Photoshop', async () => {
    expect(await problemOf(inspectFile(fixture('photoshop.jpg')))).toEqual({
      code: 'format_not_accepted',
      format: 'Photoshop',
    });
  });

  it.each([
    ['an SVG', '\ufeff<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'],
    ['a bare SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'],
    ['a web page', '\n<!DOCTYPE html><html><body>Sign in</body></html>', 'a web page'],
    ['a web page without a doctype', '<html lang="en">Not found</html>', 'a web page'],
    ['text', 'Dear diary, <svg> is a tag.', 'a text file'],
    ['text that its head cuts inside a letter', `x${'ä'.repeat(5000)}`, 'a text file'],
    ['a PDF', '%PDF-1.7\n%\u00e2\u00e3', 'PDF'],
    ['noise', Buffer.from([0, 1, 2, 254, 255, 0, 7, 7, 7]), 'an unknown format'],
  ])('refuses %s that is called photo.jpg', async (_, content, format) => {
    expect(await problemOf(inspectFile(written(content)))).toEqual({ code: 'format_not_accepted', format });
  });

  it('judges a PNG that is called .mp4 as a PNG', async () => {
    const path = written(await changedFixture('transparent.png', () => undefined), 'video.mp4');
    expect(await inspectFile(path)).toMatchObject({ kind: 'photo', format: 'PNG' });
  });

  it('judges an AVI that is called photo.jpg as a video', async () => {
    const path = written('RIFF\x10\0\0\0AVI LIST');
    expect(await problemOf(inspectFile(path, { ffmpeg }))).toEqual({ code: 'file_damaged' });
    await expect(inspectFile(path)).rejects.toThrow(FfmpegMissingError);
  });

  it('takes an MP4 whose brand is QuickTime for a MOV', async () => {
    const content = await changedFixture('demo/sunset.mp4', (mp4) => void mp4.write('qt  ', 8));
    expect(await inspectFile(written(content, 'video.mp4'))).toMatchObject({
      container: 'MOV',
      picture: { codec: 'h264' },
    });
  });

  it('refuses an empty file', async () => {
    expect(await problemOf(inspectFile(written('')))).toEqual({ code: 'file_empty' });
  });

  it('refuses a photo of more pixels than are worth the time', async () => {
    expect(await problemOf(inspectFile(fixture('bomb.png')))).toEqual({
      code: 'photo_too_many_pixels',
      pixels: 400_000_000,
      maxPixels: 250_000_000,
    });
  });

  it('refuses a photo that would need more memory than there is for all, however few bytes it has', async () => {
    const path = join(temporaryDirectory(), 'interlaced.png');
    // Interlaced, all of its 16-bit pixels have to be in memory at once.
    writeFileSync(path, pngHeader({ width: 10_000, height: 9_999, isInterlaced: true }));
    const problem = await problemOf(inspectFile(path));
    expect(problem).toMatchObject({ code: 'photo_too_many_pixels', pixels: 99_990_000 });
    writeFileSync(path, pngHeader({ width: 10_000, height: 9_999, isInterlaced: false }));
    expect(await inspectFile(path)).toMatchObject({ width: 10_000, height: 9_999 });
  });

  it.each([
    [63, 200, { code: 'photo_too_small', width: 63, height: 200, minSide: 64 }],
    [200, 63, { code: 'photo_too_small', width: 200, height: 63, minSide: 64 }],
    [641, 64, { code: 'photo_too_long', width: 641, height: 64, maxRatio: 10 }],
    [64, 700, { code: 'photo_too_long', width: 64, height: 700, maxRatio: 10 }],
  ])('refuses a photo of %i×%i, which nobody could see', async (width, height, problem) => {
    const content = await sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await problemOf(inspectFile(written(content)))).toEqual(problem);
  });

  it.each([
    [64, 64],
    [640, 64],
    [64, 640],
  ])('takes a photo of %i×%i', async (width, height) => {
    const content = await sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await inspectFile(written(content))).toMatchObject({ width, height });
  });

  it.each(['demo/sunset.mp4', 'h264.mov'])('refuses %s when its end is missing', async (name) => {
    const content = await changedFixture(name, (whole) => whole.subarray(0, Math.round(whole.length * 0.6)));
    expect(await problemOf(inspectFile(written(content)))).toEqual({ code: 'file_incomplete' });
  });

  it('refuses a video whose index is nonsense', async () => {
    const content = await changedFixture(
      'demo/sunset.mp4',
      (mp4) => void mp4.fill(0xff, mp4.indexOf('mvhd'), 2000),
    );
    expect(await problemOf(inspectFile(written(content)))).toMatchObject({
      code: expect.stringMatching(/^(file_damaged|video_without_picture)$/),
    });
  });

  it('refuses a photo whose header is cut', async () => {
    const content = await changedFixture('phone.jpg', (jpeg) => jpeg.subarray(0, 100));
    expect(await problemOf(inspectFile(written(content)))).toEqual({ code: 'file_incomplete' });
  });

  it('refuses a film without a picture', async () => {
    expect(await problemOf(inspectFile(fixture('sound-only.mp4')))).toEqual({
      code: 'video_without_picture',
    });
  });

  it('passes on that a file is missing as the bug that it is', async () => {
    await expect(inspectFile(fixture('missing.jpg'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
