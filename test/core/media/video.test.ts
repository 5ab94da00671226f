import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectFile } from '../../../src/core/media/inspect.ts';
import { runVideoJob } from '../../../src/core/media/video/jobs.ts';
import { checkVideo, prepareVideo, type VideoFacts } from '../../../src/core/media/video.ts';
import { MediaTimeoutError } from '../../../src/core/problems.ts';
import { addBytes, addFixture, changedFixture, emptyStore, fixture, problemOf } from './files.ts';

async function prepare(store: ReturnType<typeof emptyStore>, source: Awaited<ReturnType<typeof addFixture>>) {
  const facts = await inspectFile(store.path(source));
  if (facts.kind !== 'video') throw new Error('Expected a video.');
  return prepareVideo({ store, source, facts });
}

describe('preparing a video', () => {
  it('passes an MP4 through as it is', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'demo/sunset.mp4');
    const prepared = await prepare(store, source);
    expect(prepared).toEqual({
      kind: 'video',
      file: source,
      contentType: 'video/mp4',
      width: 540,
      height: 960,
      durationSeconds: expect.closeTo(2.5, 1),
      changes: [],
    });
    expect(await store.keys()).toEqual([source.key]);
  });

  it.each([
    ['h264.mov', { codec: 'avc', audioCodecs: ['aac'], width: 360, height: 640 }],
    ['turned.mov', { codec: 'avc', audioCodecs: ['aac'], width: 640, height: 360 }],
    ['hevc.mov', { codec: 'hevc', audioCodecs: [], width: 360, height: 640 }],
    ['two-sounds.mov', { codec: 'avc', audioCodecs: ['aac'], width: 360, height: 640 }],
  ])('repackages %s as an MP4 with the same picture and sound', async (name, facts) => {
    const store = emptyStore();
    const prepared = await prepare(store, await addFixture(store, name));
    expect(prepared).toMatchObject({
      kind: 'video',
      contentType: 'video/mp4',
      width: facts.width,
      height: facts.height,
      durationSeconds: expect.closeTo(1, 1),
      changes: [{ type: 'repackaged', from: 'MOV', to: 'MP4' }],
    });
    expect(prepared.file.key).toMatch(/\.mp4$/);
    expect(await inspectFile(store.path(prepared.file))).toMatchObject({
      container: 'MP4',
      framesPerSecond: expect.closeTo(30, 1),
      ...facts,
    });
    const content = await store.read(prepared.file);
    expect(content.toString('latin1', 4, 12)).toBe('ftypisom');
    expect(content.length).toBe(prepared.file.bytes);
  });

  it('copies the encoded pictures byte for byte', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'hevc.mov');
    const prepared = await prepare(store, source);
    const pictures = mediaOf(await store.read(source));
    expect(pictures.length).toBeGreaterThan(1000);
    expect((await store.read(prepared.file)).includes(pictures)).toBe(true);
  });

  it('drops the place, the title and the time of the film', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'h264.mov');
    const prepared = await prepare(store, source);
    const content = await store.read(prepared.file);
    for (const trace of ['+52.5', 'Secret']) {
      expect((await store.read(source)).includes(trace)).toBe(true);
      expect(content.includes(trace)).toBe(false);
    }
    for (const header of ['mvhd', 'tkhd', 'mdhd']) {
      let at = content.indexOf(header);
      expect(at).toBeGreaterThan(0);
      for (; at > 0; at = content.indexOf(header, at + 1)) {
        expect(content.readBigUInt64BE(at + 8), header).toBe(0n);
      }
    }
  });

  it('repackages an M4V', async () => {
    const store = emptyStore();
    const content = await changedFixture('demo/sunset.mp4', (mp4) => void mp4.write('M4V ', 8));
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.changes).toEqual([{ type: 'repackaged', from: 'M4V', to: 'MP4' }]);
  });

  it.each([
    ['prores.mov', { code: 'video_codec_not_accepted', codec: 'ProRes' }],
    ['pcm.mov', { code: 'video_codec_not_accepted', codec: 'PCM audio' }],
    ['tiny.mp4', { code: 'video_dimensions', width: 320, height: 320, min: 360, max: 4096 }],
    ['fifteen-fps.mp4', { code: 'video_frame_rate', framesPerSecond: 15, min: 23, max: 60 }],
  ])('refuses %s', async (name, problem) => {
    const store = emptyStore();
    expect(await problemOf(prepare(store, await addFixture(store, name)))).toEqual(problem);
  });

  it('leaves no half a file when repackaging fails', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'h264.mov');
    const facts = await inspectFile(store.path(source));
    if (facts.kind !== 'video') throw new Error('Expected a video.');
    const stopping = new AbortController();
    const preparing = prepareVideo({ store, source, facts, signal: stopping.signal });
    process.once('worker', () => stopping.abort(new Error('Nod is stopping.')));
    await expect(preparing).rejects.toThrow('Nod is stopping.');
    expect(readdirSync(dirname(store.path(source)))).toEqual([source.key]);
  });
});

describe('a video job', () => {
  it('tells a full disk from a fault of the file', async () => {
    const job = { type: 'repackage', path: fixture('h264.mov'), to: '/dev/full' } as const;
    await expect(runVideoJob(job)).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('is ended when it takes too long', async () => {
    const running = runVideoJob({ type: 'probe', path: fixture('h264.mov') }, { timeoutMs: 1 });
    await expect(running).rejects.toThrow(MediaTimeoutError);
  });

  it('does not begin once the signal is given', async () => {
    const signal = AbortSignal.abort(new Error('Nod is stopping.'));
    await expect(runVideoJob({ type: 'probe', path: fixture('h264.mov') }, { signal })).rejects.toThrow(
      'Nod is stopping.',
    );
  });

  it('passes on that a disk or a path fails as the bug that it is', async () => {
    const job = { type: 'repackage', path: fixture('h264.mov'), to: '/nowhere/at/all.mp4' } as const;
    await expect(runVideoJob(job)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe("TikTok's limits on videos", () => {
  const within: VideoFacts = {
    kind: 'video',
    container: 'MP4',
    bytes: 1000,
    codec: 'avc',
    audioCodecs: ['aac'],
    width: 1080,
    height: 1920,
    framesPerSecond: 30,
    durationSeconds: 10,
  };

  it.each<Partial<VideoFacts>>([
    {},
    { framesPerSecond: 22.97 },
    { framesPerSecond: 60.004 },
    { width: 360, height: 4096 },
    { durationSeconds: 600 },
    { bytes: 4 * 1024 ** 3 },
    { codec: 'hevc' },
    { codec: 'vp8' },
    { codec: 'vp9' },
    { audioCodecs: [] },
    { container: 'MOV', audioCodecs: ['mp3'] },
    { container: 'MOV', audioCodecs: ['apac', 'aac'] },
  ])('takes %o', (facts) => {
    expect(() => checkVideo({ ...within, ...facts })).not.toThrow();
  });

  it.each<[Partial<VideoFacts>, string]>([
    [{ framesPerSecond: 22.9 }, 'video_frame_rate'],
    [{ framesPerSecond: 60.1 }, 'video_frame_rate'],
    [{ width: 359 }, 'video_dimensions'],
    [{ height: 4097 }, 'video_dimensions'],
    [{ durationSeconds: 600.1 }, 'video_too_long'],
    [{ bytes: 4 * 1024 ** 3 + 1 }, 'video_too_big'],
    [{ codec: 'av1' }, 'video_codec_not_accepted'],
    [{ codec: 'mp4v' }, 'video_codec_not_accepted'],
    [{ container: 'MOV', audioCodecs: ['alac'] }, 'video_codec_not_accepted'],
  ])('refuses %o with %s', (facts, code) => {
    expect(() => checkVideo({ ...within, ...facts })).toThrow(code);
  });
});

/** The first kilobytes of a file's media box, found by hand. */
function mediaOf(content: Buffer): Buffer {
  const at = content.indexOf('mdat');
  return content.subarray(at + 4, at - 4 + content.readUInt32BE(at - 4));
}
