import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as others } from 'node:timers/promises';
import { type Ffmpeg, findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { temporaryDirectory } from './files.ts';

/** The machine's ffprobe beside an ffmpeg that only runs this script in a shell. */
export function fakeFfmpeg(script: string): Ffmpeg {
  const real = findFfmpeg();
  if (real === undefined) throw new Error('The tests need ffmpeg.');
  const ffmpeg = join(temporaryDirectory(), 'ffmpeg');
  writeFileSync(ffmpeg, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  return { ...real, ffmpeg };
}

/** An ffmpeg that never ends by itself, with a child of its own, and its processes once it runs. */
export function endlessFfmpeg() {
  const folder = temporaryDirectory();
  const file = join(folder, 'pids');
  const ffmpeg = fakeFfmpeg(`sleep 600 & echo "$$ $!" > ${file}.new; mv ${file}.new ${file}; wait`);

  /** Resolves with its processes when it has begun. */
  async function begun(): Promise<number[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = watch(folder, () => {
      if (existsSync(file)) resolve();
    });
    if (existsSync(file)) resolve();
    await promise;
    watcher.close();
    return readFileSync(file, 'utf8').trim().split(' ').map(Number);
  }

  return { ffmpeg, begun };
}

/** Resolves when none of the processes is there any more. */
export async function whenGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await others();
}

/** One that has ended and was not asked for yet counts as gone. */
export function isRunning(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.charAt(0);
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
