import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { World } from '../world.ts';

const PROGRAM = fileURLToPath(new URL('../../nod.js', import.meta.url));
const STOP_MS = 20_000;

/**
 * Starts `node nod.js` as its own process over a world's settings and waits until it is ready.
 *
 * Its log goes to `logFile`, as under a supervisor, where whoever reads it would take processor time from a
 * measurement; otherwise it is read here and dropped.
 */
export async function startNod(
  { environment, telegram, publicUrl, dataDir }: World,
  { logFile }: { logFile?: string } = {},
) {
  const stdout = logFile === undefined ? 'pipe' : openSync(logFile, 'a');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM], {
    // A .env of the project must not change what is measured.
    cwd: dataDir,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', stdout, 'inherit'],
  });
  const ended = endWith(child, 'SIGKILL');
  const ready = child.stdout === null ? telegram.waitForPoll() : seeLine(child.stdout, 'Nod is ready');
  await Promise.race([ready, failAt(ended)]);
  const health = await fetch(`${publicUrl}/healthz`);
  if (health.status !== 200)
    throw new Error(`Nod says that it is ready, but /healthz answers ${health.status}.`);
  const readyMs = performance.now() - startedAt;

  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    const cut = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(cut);
  }

  return {
    readyMs,
    /** Resident memory; undefined where the system has no /proc. */
    residentBytes: () => bytesOf(child.pid ?? 0, 'VmRSS'),
    /** The most that it has had. */
    peakBytes: () => bytesOf(child.pid ?? 0, 'VmHWM'),
    [Symbol.asyncDispose]: stop,
  };
}

export type NodProcess = Awaited<ReturnType<typeof startNod>>;

/** Resolves when the child has ended, and ends it by `signal` should the bench be interrupted. */
export async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const kill = () => child.kill(signal);
  process.once('exit', kill);
  try {
    await once(child, 'exit');
  } finally {
    process.off('exit', kill);
  }
}

/** Resolves with the first line that holds `text`; what follows is read and dropped. */
export function seeLine(stream: Readable, text: string): Promise<string> {
  return new Promise((resolve) => {
    createInterface(stream).on('line', (line) => {
      if (line.includes(text)) resolve(line);
    });
  });
}

/** For a race against readiness. */
export async function failAt(ended: Promise<void>): Promise<never> {
  await ended;
  throw new Error('A process of the bench ended before it was ready. What it said stands above.');
}

/** What `/proc` says of the memory of a process; undefined where the system has none. */
export function bytesOf(pid: number, field: 'VmRSS' | 'VmHWM'): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
