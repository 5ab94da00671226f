import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Ffmpeg, findFfmpeg } from '../../../../src/core/media/ffmpeg.ts';
import { PreparingStoppedError } from '../../../../src/core/media/prepare.ts';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { FfmpegMissingError } from '../../../../src/core/problems.ts';
import { ROOT } from '../../../../src/core/storage/redis/scripts.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../../redis-server.ts';
import { asked } from '../../storage/engines.ts';
import { endlessFfmpeg, fakeFfmpeg, heldFfmpeg, isRunning, whenGone } from '../fake-ffmpeg.ts';
import { addBytes, addFixture, problemOf, temporaryDirectory } from '../files.ts';
import { openPreparer } from '../preparers.ts';
import type { Part } from './preparing-process.ts';

const PROGRAM = fileURLToPath(new URL('preparing-process.ts', import.meta.url));
const WAIT = { timeout: 60_000, interval: 10 };
const ANA = { owner: 'ana' };
const BEN = { owner: 'ben' };
/** Their pictures have to be encoded. */
const FILM = 'video.avi';
const OTHER_FILM = 'prores.mov';

const machineFfmpeg = (): Ffmpeg => {
  const found = findFfmpeg();
  if (found === undefined) throw new Error('The tests need ffmpeg.');
  return found;
};

/** The process that has started another one. */
const parentOf = (pid: number | undefined): number =>
  Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'preparing media in several processes', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  /** A folder of media that all share, and preparers that are joined by one Redis. */
  function stage(url = server.newUrl()) {
    const directory = temporaryDirectory();
    const store = createMediaStore({ directory });
    const asker = (log = pino({ level: 'silent' })) =>
      openPreparer({ url, store, isWorker: false, log, findFfmpeg: () => undefined });

    /** A worker, and the sources that it has prepared or failed to. */
    function worker(findFfmpeg: () => Ffmpeg | undefined = machineFfmpeg) {
      const over: string[] = [];
      const onPrepared = ({ outcome }: { outcome: string }) => void over.push(outcome);
      return Object.assign(openPreparer({ url, store, findFfmpeg, onPrepared, concurrency: 4 }), { over });
    }

    /** The same in a process of its own. */
    function launch(part: Pick<Part, 'isWorker' | 'ffmpeg'>): ChildProcess {
      const child = fork(PROGRAM, [JSON.stringify({ url, directory, ...part } satisfies Part)], {
        stdio: 'inherit',
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return child;
    }

    const film = () => addFixture(store, FILM);
    const otherFilm = () => addFixture(store, OTHER_FILM);
    return { url, store, asker, worker, launch, film, otherFilm };
  }

  it('has a worker do once what several ask for, and leaves nothing in Redis', async () => {
    const { url, store, asker, worker, film } = stage();
    const [one, two] = [asker(), asker()];
    const source = await film();
    const asking = [one.prepare(source, ANA), two.prepare(source, BEN)];
    await vi.waitUntil(() => one.depth() === 1 && two.depth() === 1, WAIT);
    const { over } = worker();
    const [first, second] = await Promise.all(asking);
    expect(first).toEqual(second);
    expect(first?.changes).toContainEqual(expect.objectContaining({ type: 'picture_encoded' }));
    expect(first && (await store.has(first.file))).toBe(true);
    expect(over).toEqual(['ok']);
    expect([one.depth(), two.depth()]).toEqual([0, 0]);
    const left = async () => (await asked(url, ['KEYS', `${ROOT}*`])) as string[];
    await vi.waitUntil(async () => (await left()).every((key) => !/prepare-|conversion-/.test(key)), WAIT);
  });

  it('does it anew for whoever asks when it is done', async () => {
    const { store, asker, worker } = stage();
    const { over } = worker();
    const one = asker();
    const words = await addBytes(store, 'just words');
    for (const time of [1, 2]) {
      expect(await problemOf(one.prepare(words, ANA))).toMatchObject({ code: 'format_not_accepted' });
      expect(over).toHaveLength(time);
    }
  });

  it('tells what the worker lacks', async () => {
    const { asker, worker, film } = stage();
    worker(() => undefined);
    await expect(asker().prepare(await film(), ANA)).rejects.toBeInstanceOf(FfmpegMissingError);
  });

  it('tells whoever waits how far the worker is', async () => {
    const { asker, worker, film } = stage();
    const { ffmpeg } = endlessFfmpeg('echo out_time_us=500000; echo progress=continue;');
    worker(() => ffmpeg);
    const one = asker();
    const source = await film();
    const progressed = Promise.withResolvers<void>();
    one.prepare(source, { ...ANA, onProgress: progressed.resolve }).catch(() => {});
    await progressed.promise;
    expect(one.progressOf(source)).toBeGreaterThan(0);
    expect(one.progressOf(source)).toBeLessThan(1);
  });

  it('ends an encode once nobody wants it any more', async () => {
    const { asker, worker, film, otherFilm } = stage();
    const { ffmpeg, begun, begunAfter } = endlessFfmpeg();
    const { over } = worker(() => ffmpeg);
    const [one, two] = [asker(), asker()];
    const source = await film();
    const [ana, ben] = [new AbortController(), new AbortController()];
    const first = one.prepare(source, { ...ANA, signal: ana.signal });
    const second = two.prepare(source, { ...BEN, signal: ben.signal });
    const pids = await begun();
    const other = one.prepare(await otherFilm(), { ...ANA, signal: ana.signal });
    const otherPids = await begunAfter(pids);
    ana.abort(new Error('Ana left'));
    await expect(first).rejects.toThrow('Ana left');
    await expect(other).rejects.toThrow('Ana left');
    await whenGone(otherPids);
    expect(pids.every(isRunning)).toBe(true);
    ben.abort(new Error('Ben left'));
    await expect(second).rejects.toThrow('Ben left');
    await whenGone(pids);
    expect(over).toEqual([]);
  });

  it('goes on for whoever asks in the place of a process that was stopped', async () => {
    const { asker, worker, film, otherFilm } = stage();
    const { ffmpeg, begun, begunAfter } = endlessFfmpeg();
    worker(() => ffmpeg);
    const one = asker();
    const source = await film();
    const waiting = [one.prepare(source, ANA)];
    const pids = await begun();
    waiting.push(one.prepare(await otherFilm(), ANA));
    const otherPids = await begunAfter(pids);
    const stopped = Promise.allSettled(waiting);
    await one.stop();
    for (const { status } of await stopped) expect(status).toBe('rejected');
    await expect(one.prepare(source, ANA)).rejects.toBeInstanceOf(PreparingStoppedError);
    const ending = new AbortController();
    const taken = asker().prepare(source, { ...ANA, signal: ending.signal });
    await whenGone(otherPids);
    expect(pids.every(isRunning)).toBe(true);
    ending.abort();
    await expect(taken).rejects.toThrow();
    await whenGone(pids);
  }, 60_000);

  it('goes on at another worker where one is stopped, and whoever waits hears nothing of it', async () => {
    const { asker, worker, film } = stage();
    const { ffmpeg, begun } = endlessFfmpeg();
    const first = worker(() => ffmpeg);
    const waiting = asker().prepare(await film(), ANA);
    const pids = await begun();
    const { over } = worker();
    await first.stop();
    await whenGone(pids);
    expect((await waiting).kind).toBe('video');
    expect(over).toEqual(['ok']);
  });

  it('is taken over within ten seconds where a worker is killed', async () => {
    const { asker, worker, launch, film } = stage();
    const { ffmpeg, begun } = endlessFfmpeg();
    const child = launch({ isWorker: true, ffmpeg });
    const waiting = asker().prepare(await film(), ANA);
    const pids = await begun();
    expect(parentOf(pids[0])).toBe(child.pid);
    const { over } = worker();
    const killedAt = performance.now();
    child.kill('SIGKILL');
    expect((await waiting).kind).toBe('video');
    const tookMs = performance.now() - killedAt;
    process.stdout.write(`Taken over and done ${Math.round(tookMs)} ms after the kill.\n`);
    expect(tookMs).toBeLessThan(10_000);
    expect(over).toEqual(['ok']);
    for (const pid of pids) if (isRunning(pid)) process.kill(pid);
  });

  it('gives a file up that has ended three workers', async () => {
    const { asker, worker, launch, film } = stage();
    const ffmpeg = fakeFfmpeg('kill -9 $PPID');
    const waiting = asker().prepare(await film(), ANA);
    const gaveUp = expect(waiting).rejects.toThrow('A worker could not prepare a file');
    for (let time = 0; time < 3; time += 1) await once(launch({ isWorker: true, ffmpeg }), 'exit');
    const { over } = worker();
    await gaveUp;
    expect(over).toEqual([]);
  }, 60_000);

  it('keeps no encode for a process that was killed, and ends none that others wait for', async () => {
    const { asker, worker, launch, film, otherFilm } = stage();
    const { ffmpeg, begun, begunAfter } = endlessFfmpeg();
    worker(() => ffmpeg);
    const child = launch({ isWorker: false, ffmpeg });
    const source = await film();
    child.send(source);
    const pids = await begun();
    child.send(await otherFilm());
    const otherPids = await begunAfter(pids);
    const ending = new AbortController();
    const waiting = asker().prepare(source, { ...ANA, signal: ending.signal });
    const killedAt = performance.now();
    child.kill('SIGKILL');
    await whenGone(otherPids);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(pids.every(isRunning)).toBe(true);
    ending.abort();
    await expect(waiting).rejects.toThrow();
    await whenGone(pids);
  }, 60_000);

  it('goes on when Redis was restarted in the middle, and says once that it was away', async () => {
    const redis = await startRedis({ requirepass: 'geheim' });
    onTestFinished(redis.stop);
    const { asker, worker, film } = stage(redis.newUrl().replace('redis://', 'redis://:geheim@'));
    const lines: string[] = [];
    const one = asker(pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }));
    const { ffmpeg, begun, letGo } = heldFfmpeg();
    const { over } = worker(() => ffmpeg);
    const waiting = one.prepare(await film(), ANA);
    await begun();
    await redis.kill();
    await vi.waitUntil(() => lines.length > 0, WAIT);
    await redis.start();
    letGo();
    expect((await waiting).kind).toBe('video');
    expect(over).toEqual(['ok']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Conversions cannot use Redis');
    expect(lines.join()).not.toContain('geheim');
  }, 60_000);

  it('ends while Redis is away', async () => {
    const redis = await startRedis();
    onTestFinished(redis.stop);
    const { asker, worker, film } = stage(redis.newUrl());
    const { ffmpeg, begun } = endlessFfmpeg();
    const [one, two] = [asker(), worker(() => ffmpeg)];
    const waiting = one.prepare(await film(), ANA);
    waiting.catch(() => {});
    const pids = await begun();
    await redis.kill();
    await Promise.all([one.stop(), two.stop()]);
    await expect(waiting).rejects.toBeInstanceOf(PreparingStoppedError);
    await whenGone(pids);
  }, 60_000);
});
