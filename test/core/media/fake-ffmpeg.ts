import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as others } from 'node:timers/promises';
import { type Ffmpeg, findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import { temporaryDirectory } from './files.ts';

const PIDS = 'pids';

/** The machine's ffprobe beside an ffmpeg that only runs this script in a shell. */
export function fakeFfmpeg(script: string): Ffmpeg {
  const real = findFfmpeg();
  if (real === undefined) throw new Error('The tests need ffmpeg.');
  const ffmpeg = join(temporaryDirectory(), 'ffmpeg');
  writeFileSync(ffmpeg, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  return { ...real, ffmpeg };
}

/** An ffmpeg that never ends by itself, with a child of its own, and its processes once it runs; `first` is what it does before. */
export function endlessFfmpeg(first = '') {
  const folder = temporaryDirectory();
  const file = join(folder, PIDS);
  const ffmpeg = fakeFfmpeg(`${first} sleep 600 & echo "$$ $!" > ${file}.new; mv ${file}.new ${file}; wait`);

  /** Resolves with its processes when it has begun. */
  const begun = () => pidsIn(folder);
  /** The same when it has begun once more. */
  const begunAfter = (pids: readonly number[]) => pidsIn(folder, pids);
  return { ffmpeg, begun, begunAfter };
}

/** An ffmpeg that waits until it is let go, and then does its work. */
export function heldFfmpeg() {
  const folder = temporaryDirectory();
  const [file, go] = [join(folder, PIDS), join(folder, 'go')];
  const wait = `until [ -e ${go} ]; do sleep 0.05; done`;
  const ffmpeg = fakeFfmpeg(`echo $$ > ${file}.new; mv ${file}.new ${file}; ${wait}; exec ffmpeg "$@"`);
  return { ffmpeg, begun: () => pidsIn(folder), letGo: () => writeFileSync(go, '') };
}

/** The processes that a file in the folder names, once it is there and names others than these. */
async function pidsIn(folder: string, before: readonly number[] = []): Promise<number[]> {
  const file = join(folder, PIDS);
  const { promise, resolve } = Promise.withResolvers<number[]>();
  function look(): void {
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').map(Number) : before;
    if (pids.join() !== before.join()) resolve([...pids]);
  }
  const watcher = watch(folder, look);
  look();
  try {
    return await promise;
  } finally {
    watcher.close();
  }
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
