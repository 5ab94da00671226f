import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const isRoot = process.getuid?.() === 0;

const UNSHARE = isRoot ? '-m' : '-rm';

/** Has another disk where the folder is, which only the process sees that runs within this command. */
export const onDisk = (folder: string, options: string): string[] => [
  'unshare',
  UNSHARE,
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} tmpfs "${folder}" && exec "$@"`,
  'sh',
];

/** Whether this machine lets tests do that. */
export const canMount = spawnSync('unshare', [UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** Fills the disk that a process has in the place of a folder, until it is disposed of. */
export function fillOwnDisk({ pid }: { pid: number }, folder: string): Disposable {
  const path = join(`/proc/${pid}/root`, folder, 'filling');
  const file = openSync(path, 'w');
  for (const bytes of [1 << 20, 4096]) {
    const block = Buffer.alloc(bytes);
    while (fits(file, block));
  }
  closeSync(file);
  return { [Symbol.dispose]: () => rmSync(path) };
}

function fits(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
