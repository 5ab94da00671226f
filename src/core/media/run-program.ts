import { spawn } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { MediaTimeoutError } from '../problems.ts';

const MAX_STDERR_BYTES = 64 * 1024;
const MAX_STDOUT_BYTES = 1024 ** 2;
const MAX_MEMORY_BYTES = 1536 * 1024 ** 2;
const NICENESS = '10';
/** Beyond the wall clock, for a program that lost its parent and its limits. */
const CPU_MARGIN_SECONDS = 10;

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Address space, which is more than the memory in use; kept on Linux alone. */
  readonly maxMemoryBytes?: number | undefined;
  /** More output than this ends the program. */
  readonly maxStdoutBytes?: number | undefined;
  /** What the program reads as its standard input; usually nothing. */
  readonly stdin?: Readable | undefined;
  /** Takes the output as it comes; then none of it is kept. */
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
}

/** A program ended with an error. Neither the message nor `stderr` has the paths it was given. */
export class ProgramError extends Error {
  override name = 'ProgramError' as const;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;

  constructor(
    program: string,
    { exitCode, signal, stderr }: { exitCode: number | null; signal: NodeJS.Signals | null; stderr: string },
  ) {
    const ending = signal === null ? `code ${exitCode}` : signal;
    const lastLine = stderr.trim().split('\n').at(-1) ?? '';
    super(`${program} ended with ${ending}: ${lastLine.slice(0, 200) || 'no word'}`);
    this.exitCode = exitCode;
    this.signal = signal;
    this.stderr = stderr;
  }
}

/** A program wrote more than it may. */
export class ProgramOutputError extends Error {
  override name = 'ProgramOutputError' as const;
}

/**
 * Runs a program that reads the files of strangers: with low priority, without our environment, with bounds on its
 * time, memory and output, in a process group of its own that is killed at the time limit, on the signal, and with
 * this process.
 *
 * @throws ProgramError, ProgramOutputError, MediaTimeoutError, the signal's reason; an error with the code `ENOSPC`
 * or `EDQUOT` where the disk is full, and `ENOENT` where the program is not there.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ stdout: Buffer; stderr: string }> {
  const { signal, timeoutMs, maxStdoutBytes = MAX_STDOUT_BYTES, stdin, onStdout } = options;
  signal?.throwIfAborted();
  const [command = program, ...rest] = [...launcher(options), program, ...args];
  const child = spawn(command, rest, {
    detached: true,
    env: { PATH: process.env.PATH },
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  /** Why the program was killed by us. */
  let reason: { error: unknown } | undefined;
  const kill = (error: unknown) => {
    reason ??= { error };
    killGroup(child.pid);
  };
  const abort = () => kill(signal?.reason);
  const timer = setTimeout(
    () => kill(new MediaTimeoutError(`${basename(program)} took longer than ${timeoutMs} ms.`)),
    timeoutMs,
  );
  signal?.addEventListener('abort', abort);

  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (onStdout) onStdout(chunk);
    else stdout.push(chunk);
    if (stdoutBytes > maxStdoutBytes)
      kill(new ProgramOutputError(`${basename(program)} wrote more than ${maxStdoutBytes} bytes.`));
  });
  const stderr = keepEnds(MAX_STDERR_BYTES);
  child.stderr?.on('data', stderr.add);
  const feeding = stdin && child.stdin ? feed(stdin, child.stdin, kill) : undefined;

  try {
    const { exitCode, endSignal } = await ended(child);
    stdin?.destroy();
    await feeding;
    if (reason) throw reason.error;
    const words = withoutPaths(stderr.text(), args);
    if (exitCode !== 0) throw failureOf(basename(program), { exitCode, signal: endSignal, stderr: words });
    return { stdout: Buffer.concat(stdout), stderr: words };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    stdin?.destroy();
    // What it may have started ends with it.
    killGroup(child.pid);
  }
}

/** The paths of a program in the folders of a search path, where there is one. */
export function findProgram(name: string, searchPath = process.env.PATH ?? ''): string | undefined {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program is started through, where the machine has it. */
function launcher({ timeoutMs, maxMemoryBytes = MAX_MEMORY_BYTES }: RunOptions): string[] {
  const words: string[] = [];
  if (process.platform === 'linux') {
    const [setpriv, prlimit] = [findUtil('setpriv'), findUtil('prlimit')];
    if (setpriv) words.push(setpriv, '--pdeathsig', 'KILL', '--');
    const cpuSeconds = Math.ceil(timeoutMs / 1000) * 16 + CPU_MARGIN_SECONDS;
    if (prlimit) words.push(prlimit, `--as=${maxMemoryBytes}`, `--cpu=${cpuSeconds}`, '--core=0', '--');
  }
  const nice = findProgram('nice');
  if (nice) words.push(nice, '-n', NICENESS);
  return words;
}

/** BusyBox has programs of the same names that know other options. */
function findUtil(name: string): string | undefined {
  const path = findProgram(name);
  return path === undefined || basename(realpathSync(path)) === 'busybox' ? undefined : path;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function ended(child: ReturnType<typeof spawn>) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    exitCode: number | null;
    endSignal: NodeJS.Signals | null;
  }>();
  child.once('error', reject);
  child.once('close', (exitCode, endSignal) => resolve({ exitCode, endSignal }));
  return promise;
}

/** A program that has what it needs closes its input early, which is no error; a source that fails is one. */
async function feed(source: Readable, target: Writable, kill: (error: unknown) => void): Promise<void> {
  let goOn = () => {};
  target.on('error', () => target.destroy());
  target.on('drain', () => goOn());
  target.on('close', () => goOn());
  try {
    for await (const chunk of source) {
      if (target.destroyed) return;
      if (target.write(chunk) || target.destroyed) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
    target.end();
  } catch (error) {
    if (!target.destroyed) kill(error);
  }
}

/** Keeps the beginning and the end of what may be endless. */
function keepEnds(maxBytes: number) {
  let start = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  const half = maxBytes / 2;
  return {
    add(chunk: Buffer) {
      const room = half - start.length;
      if (room > 0) start = Buffer.concat([start, chunk.subarray(0, room)]);
      if (chunk.length > room) end = Buffer.concat([end, chunk.subarray(Math.max(0, room))]).subarray(-half);
    },
    text: () => Buffer.concat([start, end]).toString('utf8'),
  };
}

function withoutPaths(text: string, args: readonly string[]): string {
  const paths = args.map((arg) => arg.replace(/^file:/, '')).filter((arg) => arg.startsWith('/'));
  return paths.reduce((words, path) => words.replaceAll(path, 'the file'), text);
}

const DISK_FAULTS = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
] as const;

/** What a launcher ends with that cannot start the program: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/nice.html */
const NOT_STARTED = new Set<number | null>([126, 127]);

function failureOf(program: string, ending: ConstructorParameters<typeof ProgramError>[1]): Error {
  const error = new ProgramError(program, ending);
  if (NOT_STARTED.has(ending.exitCode)) return Object.assign(error, { code: 'ENOENT' });
  const [, code] = DISK_FAULTS.find(([words]) => ending.stderr.includes(words)) ?? [];
  return code === undefined ? error : Object.assign(error, { code });
}
