import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMp4Job } from '../../../../src/core/media/video/mp4/jobs.ts';
import { MediaTimeoutError } from '../../../../src/core/problems.ts';
import { changedFixture, fixture, problemOf, temporaryDirectory } from '../files.ts';

const read = (path: string, { hasUnits = false } = {}) => runMp4Job({ path, hasUnits });

/** A film whose index is changed at a box; `at` is where what follows the box's name begins. */
async function changed(box: string, change: (content: Buffer, at: number) => void, name = 'demo/sunset.mp4') {
  const content = await changedFixture(name, (film) => {
    const at = film.indexOf(box);
    expect(at).toBeGreaterThan(0);
    change(film, at + 4);
    return film;
  });
  const path = join(temporaryDirectory(), 'film.mp4');
  writeFileSync(path, content);
  return path;
}

function box(name: string, bytes = 0): Buffer {
  const made = Buffer.alloc(8 + bytes);
  made.writeUInt32BE(made.length);
  made.write(name, 4);
  return made;
}

/** The first box of a name in a film, with what is in it. */
function boxOf(film: Buffer, name: string): Buffer {
  const start = film.indexOf(name) - 4;
  return Buffer.from(film.subarray(start, start + film.readUInt32BE(start)));
}

/** A film with another index, in which some boxes come so many times. */
function withIndexAtEnd(film: Buffer, boxes: readonly Buffer[], times: number): Buffer {
  const moved = Buffer.from(film);
  moved.write('free', moved.indexOf('moov'));
  const content = Buffer.concat([boxOf(film, 'mvhd'), ...Array<readonly Buffer[]>(times).fill(boxes).flat()]);
  const index = box('moov', content.length);
  content.copy(index, 8);
  return Buffer.concat([moved, index]);
}

describe('the index of an MP4', () => {
  it('tells what players show', async () => {
    expect(await read(fixture('turned.mov'))).toMatchObject({
      picture: {
        stream: 0,
        rotation: expect.toSatisfy((rotation: number) => rotation % 180 === 90),
        timing: { frames: 30, framesPerSecond: expect.closeTo(30, 2), isConstant: true },
        entry: { codec: 'h264', width: 360, height: 640, pixelFormat: 'yuv420p', lengthBytes: 4 },
      },
      sound: { stream: 1, entry: { codec: 'aac', channels: 1, sampleRate: 44_100, isPlainAac: true } },
      otherTracks: 0,
    });
  });

  it('tells what an edit list hides', async () => {
    const content = await read(fixture('trimmed.mov'));
    expect(content?.picture).toMatchObject({ hiddenSeconds: expect.closeTo(0.5, 2), isCutCleanly: false });
    expect(content?.picture.endSeconds).toBeCloseTo(0.5, 2);
    expect(content?.sound?.hiddenSeconds).toBeCloseTo(0.5, 1);
  });

  it('leaves fragments to ffmpeg', async () => {
    expect(await read(fixture('tiktok-fragmented.mp4'))).toBeUndefined();
  });

  it.each<[claim: string, box: string, change: (film: Buffer, at: number) => void, code: string]>([
    [
      'more moments than samples',
      'stts',
      (film, at) => film.writeUInt32BE(0x7fffffff, at + 8),
      'file_damaged',
    ],
    ['more samples than bytes', 'stsz', (film, at) => film.writeUInt32BE(0x7fffffff, at + 8), 'file_damaged'],
    [
      'samples of one size, more than the file could have',
      'stsz',
      (film, at) => {
        film.writeUInt32BE(1, at + 4);
        film.writeUInt32BE(0xffffffff, at + 8);
      },
      'file_damaged',
    ],
    ['a sample of gigabytes', 'stsz', (film, at) => film.writeUInt32BE(0xffffffff, at + 12), 'file_damaged'],
    [
      'more offsets than its box has',
      'stco',
      (film, at) => film.writeUInt32BE(0xffffff, at + 4),
      'file_damaged',
    ],
    [
      'a first sample behind its end',
      'stco',
      (film, at) => film.writeUInt32BE(0xffffff, at + 8),
      'file_damaged',
    ],
    ['chunks of no sample', 'stsc', (film, at) => film.writeUInt32BE(0, at + 12), 'file_damaged'],
    [
      'four billion orders of showing',
      'ctts',
      (film, at) => film.writeUInt32BE(0xffffffff, at + 8),
      'file_damaged',
    ],
    ['no time at all', 'mdhd', (film, at) => film.writeUInt32BE(0, at + 12), 'file_damaged'],
  ])('is refused where it claims %s', async (_, box, change, code) => {
    const path = await changed(box, change);
    const startedAt = performance.now();
    expect(await problemOf(read(path))).toEqual({ code });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('is refused where it has more boxes than any program writes', async () => {
    const film = await changedFixture('demo/sunset.mp4', () => undefined);
    const path = join(temporaryDirectory(), 'film.mp4');
    writeFileSync(
      path,
      withIndexAtEnd(film, [boxOf(film, 'trak'), Buffer.alloc(8 * 120_000, box('free'))], 1),
    );
    expect(await problemOf(read(path))).toEqual({ code: 'file_damaged' });
  });

  it('is refused where its tracks together claim more pictures than seven hours have', async () => {
    const film = await changedFixture('demo/sunset.mp4', () => undefined);
    const track = boxOf(film, 'trak');
    const at = (name: string) => track.indexOf(name) + 4;
    const count = 300_000;
    track.writeUInt32BE(count, at('stts') + 8);
    track.writeUInt32BE(1, at('stsz') + 4);
    track.writeUInt32BE(count, at('stsz') + 8);
    track.writeUInt32BE(count, at('stsc') + 12);
    const path = join(temporaryDirectory(), 'film.mp4');
    writeFileSync(path, withIndexAtEnd(Buffer.concat([film, box('free', count)]), [track], 6));
    expect(await problemOf(read(path))).toEqual({ code: 'file_damaged' });
    writeFileSync(path, withIndexAtEnd(Buffer.concat([film, box('free', count)]), [track], 1));
    expect(await read(path)).toBeDefined();
  });

  it('is refused as incomplete where samples lie behind the end of the file', async () => {
    const content = await changedFixture('truncated.mp4', () => undefined);
    const path = join(temporaryDirectory(), 'film.mp4');
    writeFileSync(path, content);
    expect(await problemOf(read(path))).toEqual({ code: 'file_incomplete' });
  });

  it('takes a media box that names a longer end than the file has, if its samples are there', async () => {
    const path = await changed('mdat', (film, at) => {
      film.writeUInt32BE(film.readUInt32BE(at - 8) + 10_000, at - 8);
    });
    // The box comes last in this film, whose index comes first.
    expect(await read(path)).toMatchObject({ picture: { timing: { frames: 75 } } });
  });

  it('finds samples of zeros by their lengths', async () => {
    const path = await changed('mdat', (film, at) => film.fill(0, at + 20_000, at + 40_000));
    expect(await read(path)).toMatchObject({ picture: { timing: { frames: 75 } } });
    expect(await problemOf(read(path, { hasUnits: true }))).toEqual({ code: 'file_damaged' });
    expect(await read(fixture('demo/sunset.mp4'), { hasUnits: true })).toBeDefined();
    expect(await read(fixture('hevc.mov'), { hasUnits: true })).toBeDefined();
  });

  it('is read in no longer than it may take', async () => {
    const running = runMp4Job({ path: fixture('h264.mov'), hasUnits: false }, { timeoutMs: 1 });
    await expect(running).rejects.toThrow(MediaTimeoutError);
  });

  it('is not read once the signal is given', async () => {
    const signal = AbortSignal.abort(new Error('Nod is stopping.'));
    const running = runMp4Job({ path: fixture('h264.mov'), hasUnits: false }, { signal });
    await expect(running).rejects.toThrow('Nod is stopping.');
  });

  it('passes on that a disk or a path fails as the bug that it is', async () => {
    await expect(read('/nowhere/at/all.mp4')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('what an MP4 tells beside its picture and sound', () => {
  it('is nothing in what ffmpeg writes by itself', async () => {
    const content = await read(fixture('demo/sunset.mp4'));
    expect(content?.cleaning).toMatchObject({ hadMetadata: false, hadPlace: false, unusedBytes: 0 });
  });

  it.each(['h264.mov', 'phone.mp4'])('is the place in %s', async (name) => {
    expect((await read(fixture(name)))?.cleaning).toMatchObject({ hadMetadata: true, hadPlace: true });
  });

  it('is the name of a track, and the time when it was filmed', async () => {
    const named = await changed('VideoHandler', (film, at) => film.write('Anas Kamera', at - 4));
    const dated = await changed('mvhd', (film, at) => film.writeUInt32BE(3_800_000_000, at + 4));
    for (const path of [named, dated])
      expect((await read(path))?.cleaning).toMatchObject({ hadMetadata: true, hadPlace: false });
  });

  it('is what lies among the media and belongs to no track', async () => {
    expect((await read(fixture('two-sounds.mov')))?.cleaning?.unusedBytes).toBeGreaterThan(5000);
  });
});
