import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { inspectFile } from '../../../src/core/media/inspect.ts';
import type { MediaUse, StoredFile, VideoFormat } from '../../../src/core/media/types.ts';
import { type AtTurn, inspectVideo, prepareVideo } from '../../../src/core/media/video.ts';
import { FfmpegMissingError } from '../../../src/core/problems.ts';
import {
  addBytes,
  addFixture,
  changedFixture,
  emptyStore,
  filmWithFault,
  fixture,
  make,
  problemOf,
  temporaryDirectory,
} from './files.ts';

type Store = ReturnType<typeof emptyStore>;
type Options = {
  name?: string;
  use?: MediaUse;
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
};

const ffmpeg = findFfmpeg();

/** Prepares a file whose name tells its container. */
async function prepare(
  store: Store,
  source: StoredFile,
  { name = 'video.mp4', signal, ...options }: Options = {},
) {
  const facts = await inspectVideo({ path: store.path(source), format: formatOf(name), ffmpeg });
  return prepareVideo({ source, facts, ffmpeg, ...options, atTurn: atOnce(store, signal) });
}

/** Nothing waits for its turn here. */
const atOnce =
  (store: Store, signal?: AbortSignal): AtTurn =>
  (_plan, run) =>
    run({ store, signal });

function formatOf(name: string): VideoFormat {
  const formats = {
    mp4: 'MP4',
    mov: 'MOV',
    mkv: 'MKV',
    avi: 'AVI',
    ts: 'MPEG-TS',
    webm: 'WebM',
    m4v: 'M4V',
  } as const;
  return Object.entries(formats).find(([extension]) => name.endsWith(extension))?.[1] ?? 'MP4';
}

/** Prepares without ffmpeg, which the machine may have. */
async function prepareAlone(store: Store, source: StoredFile, name = 'video.mp4') {
  const facts = await inspectVideo({ path: store.path(source), format: formatOf(name) });
  return prepareVideo({ source, facts, atTurn: atOnce(store) });
}

/** What an independent decoder says about a file; every frame and sound of it decodes where it says nothing. */
function complaint(path: string): string {
  const args = ['-v', 'error', '-nostdin', '-xerror', '-i', path, '-f', 'null', '-'];
  return spawnSync('ffmpeg', args, { encoding: 'utf8' }).stderr;
}

/** The hashes of all decoded pictures of a file. */
function frames(path: string): string[] {
  const args = ['-v', 'error', '-i', path, '-map', '0:v:0', '-f', 'framemd5', '-'];
  const { stdout } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1) ?? '');
}

/** The hashes of all encoded pictures and sounds of a file, track by track. */
function packets(path: string, track: string): string[] {
  const args = ['-v', 'error', '-i', path, '-map', track, '-c', 'copy', '-f', 'framemd5', '-'];
  const { stdout } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1) ?? '');
}

/** Whether the bytes of a part of a file's media are there and the rest is zeros. */
function zeroMedia(content: Buffer, from: number, to: number): void {
  const start = content.indexOf('mdat') + 4;
  const bytes = content.readUInt32BE(start - 8) - 8;
  content.fill(0, start + Math.round(bytes * from), start + Math.round(bytes * to));
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
    ['h264.mov', { width: 360, height: 640 }, 'h264', 'aac'],
    ['turned.mov', { width: 640, height: 360 }, 'h264', 'aac'],
    ['hevc.mov', { width: 360, height: 640 }, 'hevc', undefined],
    ['video.mkv', { width: 360, height: 640 }, 'h264', 'aac'],
    ['tiktok-fragmented.mp4', { width: 360, height: 640 }, 'h264', 'aac'],
  ])('repackages %s as an MP4 with the same picture and sound', async (name, size, codec, sound) => {
    const store = emptyStore();
    const source = await addFixture(store, name);
    const prepared = await prepare(store, source, { name });
    expect(prepared).toMatchObject({ kind: 'video', contentType: 'video/mp4', ...size });
    expect(prepared.durationSeconds).toBeCloseTo(1, 0);
    expect(prepared.file.key).toMatch(/\.mp4$/);
    const path = store.path(prepared.file);
    const facts = await inspectFile(path, { ffmpeg });
    expect(facts).toMatchObject({
      container: 'MP4',
      canClean: true,
      picture: { codec, framesPerSecond: expect.closeTo(30, 1) },
      ...size,
    });
    expect(facts.kind === 'video' && facts.sound?.codec).toBe(sound);
    const tracks = sound === undefined ? ['0:v'] : ['0:v', '0:a'];
    for (const track of tracks) expect(packets(path, track)).toEqual(packets(store.path(source), track));
    expect(complaint(path)).toBe('');
  });

  it('gives equal files for equal ones', async () => {
    const [one, other] = [emptyStore(), emptyStore()];
    const name = 'h264.mov';
    const first = await prepare(one, await addFixture(one, name), { name });
    const second = await prepare(other, await addFixture(other, name), { name });
    expect(second.file).toEqual(first.file);
  });

  it('copies the encoded pictures byte for byte', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'hevc.mov');
    const prepared = await prepare(store, source, { name: 'hevc.mov' });
    const pictures = mediaOf(await store.read(source));
    expect(pictures.length).toBeGreaterThan(1000);
    expect((await store.read(prepared.file)).includes(pictures)).toBe(true);
  });

  it.each([
    ['h264.mov', '+52.5'],
    ['phone.mp4', 'loci'],
  ])('drops the place, the title and the time of %s', async (name, place) => {
    const store = emptyStore();
    const source = await addFixture(store, name);
    const prepared = await prepare(store, source, { name });
    expect(prepared.changes).toContainEqual(
      expect.objectContaining({ type: 'metadata_removed', hadPlace: true }),
    );
    const content = await store.read(prepared.file);
    for (const trace of [place, 'Secret']) {
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
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('takes metadata out of an MP4 without touching its media', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'phone.mp4');
    const prepared = await prepare(store, source);
    const [before, after] = [await store.read(source), await store.read(prepared.file)];
    expect(after.length).toBe(before.length);
    expect(mediaOf(after)).toEqual(mediaOf(before));
    expect(prepared.changes).toEqual([
      { type: 'metadata_removed', hadPlace: true, untouched: ['picture', 'sound'] },
    ]);
  });

  it.each(['mp4', 'mov', 'ts'])(
    'takes out what a camcorder wrote between the pictures of a %s',
    async (extension) => {
      const store = emptyStore();
      const path = join(temporaryDirectory(), `film.${extension}`);
      const note = '17ee8c60-f84d-11d9-8cd6-0800200c9a66+MDPM a secret of a camera GPS';
      const args = ['-v', 'error', '-i', fixture('demo/sunset.mp4'), '-c', 'copy'];
      spawnSync('ffmpeg', [...args, '-bsf:v', `h264_metadata=sei_user_data=${note}`, path]);
      const source = await addBytes(store, await readFile(path));
      expect((await store.read(source)).includes('a secret of a camera')).toBe(true);
      const prepared = await prepare(store, source, { name: `film.${extension}` });
      expect((await store.read(prepared.file)).includes('a secret of a camera')).toBe(false);
      expect(frames(store.path(prepared.file))).toEqual(frames(path));
      if (extension === 'mp4')
        expect(prepared.changes).toMatchObject([{ type: 'metadata_removed', hadPlace: true }]);
    },
  );

  it('holds the last picture for as long as there is sound, as players do', async () => {
    const store = emptyStore();
    const path = join(temporaryDirectory(), 'film.mp4');
    const sound = ['-f', 'lavfi', '-i', 'sine=duration=20'];
    const args = ['-v', 'error', '-i', fixture('demo/sunset.mp4'), ...sound, '-map', '0:v', '-map', '1:a'];
    spawnSync('ffmpeg', [...args, '-c:v', 'copy', '-c:a', 'aac', path]);
    const prepared = await prepare(store, await addBytes(store, await readFile(path)));
    expect(prepared.durationSeconds).toBeCloseTo(20, 0);
    const shown = frames(store.path(prepared.file)).length;
    expect(shown / (prepared.durationSeconds ?? 0)).toBeGreaterThan(23);
  });

  it('takes out what lies behind the video, and between its parts', async () => {
    const store = emptyStore();
    const hidden = Buffer.from('0000001a75756964Secret of a camera', 'latin1');
    const box = Buffer.concat([Buffer.from([0, 0, 0, 40]), Buffer.from('uuid'), hidden.subarray(0, 32)]);
    const content = await changedFixture('demo/sunset.mp4', (mp4) =>
      Buffer.concat([mp4, box, Buffer.from('Secret trailer')]),
    );
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.changes).toEqual([
      { type: 'metadata_removed', hadPlace: false, untouched: ['picture', 'sound'] },
    ]);
    expect((await store.read(prepared.file)).includes('Secret')).toBe(false);
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('takes out what is no box, and a second index', async () => {
    const store = emptyStore();
    const content = await changedFixture('phone.mp4', (film) => {
      const at = film.indexOf('moov') - 4;
      const bytes = film.readUInt32BE(at);
      const index = film.subarray(at, at + bytes);
      const longer = Buffer.concat([index, Buffer.from('\0\x01\xff\xff\0\0\0\0Secret', 'latin1')]);
      longer.writeUInt32BE(longer.length, 0);
      return Buffer.concat([film.subarray(0, at), longer, index]);
    });
    const prepared = await prepare(store, await addBytes(store, content));
    expect((await store.read(prepared.file)).includes('Secret')).toBe(false);
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('repackages an M4V', async () => {
    const store = emptyStore();
    const content = await changedFixture('demo/sunset.mp4', (mp4) => void mp4.write('M4V ', 8));
    const prepared = await prepare(store, await addBytes(store, content), { name: 'video.m4v' });
    expect(prepared.changes).toEqual([{ type: 'repackaged', from: 'M4V', to: 'MP4' }]);
  });

  it.each([
    ['tiktok-vp8-live.webm', 'vp8'],
    ['video.webm', 'vp9'],
  ])('leaves the picture of %s as it is, in WebM', async (name, codec) => {
    const path = make('copy.webm', [
      '-i',
      fixture(name),
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      `libvpx${codec === 'vp9' ? '-vp9' : ''}`,
      '-metadata',
      'artist=Secret',
    ]);
    const store = emptyStore();
    const source = await addBytes(store, await readFile(path));
    const prepared = await prepare(store, source, { name: 'copy.webm' });
    expect(prepared).toMatchObject({
      contentType: 'video/webm',
      changes: [{ type: 'metadata_removed', hadPlace: false, untouched: ['picture'] }],
    });
    expect(prepared.file.key).toMatch(/\.webm$/);
    expect((await store.read(prepared.file)).includes('Secret')).toBe(false);
    expect(packets(store.path(prepared.file), '0:v')).toEqual(packets(path, '0:v'));
  });

  it.each([
    [
      'prores.mov',
      [{ type: 'picture_encoded', why: [{ type: 'codec', from: 'ProRes' }] }],
      { width: 360, height: 640 },
    ],
    ['pcm.mov', [{ type: 'sound_encoded', from: 'PCM audio' }], { width: 360, height: 640 }],
    ['two-sounds.mov', [{ type: 'sound_encoded', from: 'PCM audio' }], { width: 360, height: 640 }],
    ['tiny.mp4', [{ type: 'resized', from: [320, 320], to: [360, 360] }], { width: 360, height: 360 }],
    [
      'fifteen-fps.mp4',
      [{ type: 'picture_encoded', why: [{ type: 'frame_rate', from: 15, to: 30 }] }],
      { width: 360, height: 640 },
    ],
    [
      'varying.mp4',
      [{ type: 'picture_encoded', why: [{ type: 'frame_rate', from: undefined, to: 30 }] }],
      { width: 360, height: 640 },
    ],
    ['hdr.mp4', [{ type: 'picture_encoded', why: [{ type: 'hdr' }] }], { width: 360, height: 640 }],
    ['video.avi', [{ type: 'repackaged', from: 'AVI', to: 'MP4' }], { width: 360, height: 640 }],
  ])('encodes only what it has to of %s', async (name, changes, size) => {
    const store = emptyStore();
    const source = await addFixture(store, name);
    const before = await inspectVideo({ path: store.path(source), format: formatOf(name), ffmpeg });
    const told: number[] = [];
    const onProgress = (fraction: number) => told.push(fraction);
    const prepared = await prepare(store, source, { name, onProgress });
    for (const change of changes) expect(prepared.changes).toContainEqual(change);
    const path = store.path(prepared.file);
    const after = await inspectVideo({ path, format: 'MP4', ffmpeg });
    expect(after).toMatchObject({
      ...size,
      metadata: 'none',
      otherTracks: 0,
      picture: { codec: 'h264', pixelFormat: 'yuv420p', isConstant: true, pixelAspect: 1 },
    });
    expect(after.picture.hdr).toBeUndefined();
    expect(after.durationSeconds).toBeCloseTo(before.durationSeconds, 0);
    expect(Math.abs(after.durationSeconds - before.durationSeconds)).toBeLessThan(0.1);
    expect(complaint(path)).toBe('');
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeGreaterThan(0.4);
  });

  it('sends what players show of a trimmed video, and nothing else', async () => {
    const store = emptyStore();
    const name = 'trimmed.mov';
    const prepared = await prepare(store, await addFixture(store, name), { name });
    expect(prepared.changes).toContainEqual({ type: 'trimmed' });
    expect(prepared.durationSeconds).toBeCloseTo(0.5, 1);
    const facts = await inspectFile(store.path(prepared.file), { ffmpeg });
    expect(facts).toMatchObject({ picture: { frames: 15 }, unusedBytes: 0 });
    expect(facts).toMatchObject({ trim: undefined });
  });

  it('cuts a trim on a key frame without encoding', async () => {
    const keys = ['-c:v', 'libx264', '-g', '10', '-bf', '0', '-sc_threshold', '0', '-an'];
    const film = make('keys.mp4', ['-i', fixture('demo/sunset.mp4'), ...keys]);
    const end = make('end.mov', ['-i', film, '-c', 'copy', '-t', '1.5']);
    const store = emptyStore();
    const content = await readFile(end);
    // The list of edits begins a third of a second later, which is where the second key frame is.
    const at = content.indexOf('elst') + 12;
    content.writeUInt32BE(1000, at);
    content.writeInt32BE(content.readUInt32BE(content.indexOf('mdhd') + 16) / 3, at + 4);
    const prepared = await prepare(store, await addBytes(store, content), { name: 'end.mov' });
    expect(prepared.changes).toEqual([{ type: 'repackaged', from: 'MOV', to: 'MP4' }, { type: 'trimmed' }]);
    const sent = packets(store.path(prepared.file), '0:v');
    expect(sent).toEqual(packets(film, '0:v').slice(10, 10 + sent.length));
    expect(sent.length).toBeGreaterThanOrEqual(30);
    expect(sent.length).toBeLessThanOrEqual(31);
  });

  it('takes a moment before the beginning for the beginning, as players do', async () => {
    const store = emptyStore();
    const content = await readFile(make('sound.mp4', ['-i', fixture('demo/sunset.mp4'), '-c', 'copy']));
    const at = content.lastIndexOf('elst') + 12;
    content.writeInt32BE(-2, at + 4);
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.durationSeconds).toBeCloseTo(content.readUInt32BE(at) / 1000, 1);
  });

  it('posts the part that a person has chosen', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'demo/sunset.mp4');
    const start = await prepare(store, source, { use: { cut: { startSeconds: 0, maxSeconds: 1 } } });
    expect(start.changes).toEqual([{ type: 'cut', startSeconds: 0, endSeconds: 1 }]);
    expect(start.durationSeconds).toBeGreaterThan(0.8);
    expect(start.durationSeconds).toBeLessThanOrEqual(1);
    const later = await prepare(store, source, { use: { cut: { startSeconds: 1, maxSeconds: 1 } } });
    expect(later.durationSeconds).toBeCloseTo(1, 1);
    for (const { file } of [start, later]) expect(complaint(store.path(file))).toBe('');
  });

  it('refuses a video in which nothing plays', async () => {
    const store = emptyStore();
    const content = await changedFixture('demo/sunset.mp4', (mp4) => {
      zeroMedia(mp4, 0, 1);
      return mp4;
    });
    const source = await addBytes(store, content);
    expect(await problemOf(prepare(store, source))).toEqual({ code: 'file_damaged' });
    expect(await problemOf(prepareAlone(store, source))).toEqual({ code: 'file_damaged' });
    expect(await store.keys()).toEqual([source.key]);
  });

  it('refuses a video of which only a part plays', async () => {
    const store = emptyStore();
    const content = await changedFixture('demo/sunset.mp4', (mp4) => {
      zeroMedia(mp4, 0.4, 1);
      return mp4;
    });
    const source = await addBytes(store, content);
    expect(await problemOf(prepare(store, source))).toEqual({ code: 'file_incomplete' });
  });

  it('repairs a video that has a fault in a single picture', async () => {
    const store = emptyStore();
    const content = await filmWithFault();
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.changes).toContainEqual({ type: 'picture_encoded', why: [{ type: 'repair' }] });
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('writes a film anew whose media claims to go on past the end', async () => {
    const store = emptyStore();
    const content = await readFile(
      make('whole.mp4', ['-i', fixture('demo/sunset.mp4'), '-c', 'copy', '-movflags', '+faststart']),
    );
    const at = content.indexOf('mdat') - 4;
    content.writeUInt32BE(content.readUInt32BE(at) + 9_000, at);
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.changes).not.toContainEqual(expect.objectContaining({ type: 'picture_encoded' }));
    const made = await store.read(prepared.file);
    const media = made.indexOf('mdat') - 4;
    expect(media + made.readUInt32BE(media)).toBeLessThanOrEqual(made.length);
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('leaves out a sound of which nothing can be heard, and says so', async () => {
    const store = emptyStore();
    const film = make('sound.mp4', [
      '-i',
      fixture('demo/sunset.mp4'),
      '-c',
      'copy',
      '-map',
      '0:a',
      '-map',
      '0:v',
      '-movflags',
      '+faststart',
    ]);
    const content = await readFile(film);
    const facts = await inspectVideo({ path: film, format: 'MP4', ffmpeg });
    expect(facts.sound?.codec).toBe('aac');
    for (const [start, end] of soundChunks(content)) content.fill(0xff, start, end);
    const prepared = await prepare(store, await addBytes(store, content));
    expect(prepared.changes).toContainEqual({ type: 'sound_left_out' });
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('leaves no half a file, and no process, when it is stopped', async () => {
    const store = emptyStore();
    const source = await addFixture(store, 'fifteen-fps.mp4');
    const stopping = new AbortController();
    const stop = () => stopping.abort(new Error('Nod is stopping.'));
    const preparing = prepare(store, source, { signal: stopping.signal, onProgress: stop });
    await expect(preparing).rejects.toThrow('Nod is stopping.');
    expect(readdirSync(dirname(store.path(source)))).toEqual([source.key]);
  });
});

describe('without ffmpeg', () => {
  it('passes an MP4 on, with what it tells taken out, and says that it was not played', async () => {
    const store = emptyStore();
    const prepared = await prepareAlone(store, await addFixture(store, 'phone.mp4'));
    expect(prepared).toMatchObject({
      contentType: 'video/mp4',
      width: 360,
      height: 640,
      changes: [
        { type: 'metadata_removed', hadPlace: true, untouched: ['picture', 'sound'] },
        { type: 'not_played' },
      ],
    });
    const content = await store.read(prepared.file);
    expect(content.includes('Secret')).toBe(false);
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it('passes a MOV on as one', async () => {
    const store = emptyStore();
    const prepared = await prepareAlone(store, await addFixture(store, 'h264.mov'), 'h264.mov');
    expect(prepared).toMatchObject({ contentType: 'video/quicktime', width: 360, height: 640 });
    expect(prepared.file.key).toMatch(/\.mov$/);
    expect((await store.read(prepared.file)).includes('Secret')).toBe(false);
    expect(complaint(store.path(prepared.file))).toBe('');
  });

  it.each(['fifteen-fps.mp4', 'tiny.mp4', 'pcm.mov', 'hdr.mp4', 'trimmed.mov', 'tiktok-fragmented.mp4'])(
    'says of %s that ffmpeg is missing',
    async (name) => {
      const store = emptyStore();
      const source = await addFixture(store, name);
      await expect(prepareAlone(store, source, name)).rejects.toThrow(FfmpegMissingError);
    },
  );
});

/** The first kilobytes of a file's media box, found by hand. */
function mediaOf(content: Buffer): Buffer {
  const at = content.indexOf('mdat');
  return content.subarray(at + 4, at - 4 + content.readUInt32BE(at - 4));
}

/** Where the sound of a file lies whose first track it is: by the offsets and sizes in its own index. */
function soundChunks(content: Buffer): [start: number, end: number][] {
  const args = ['-v', 'error', '-select_streams', 'a', '-show_entries', 'packet=pos,size', '-of', 'csv=p=0'];
  const path = make('same.mp4', [
    '-i',
    fixture('demo/sunset.mp4'),
    '-c',
    'copy',
    '-map',
    '0:a',
    '-map',
    '0:v',
    '-movflags',
    '+faststart',
  ]);
  const { stdout } = spawnSync('ffprobe', [...args, path], { encoding: 'utf8' });
  expect(content.length).toBeGreaterThan(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([size = 0, at = 0]) => [at, at + size]);
}
