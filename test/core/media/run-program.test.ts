import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isFaultOfInput } from '../../../src/core/media/ffmpeg.ts';
import { ProgramError, ProgramOutputError, runProgram } from '../../../src/core/media/run-program.ts';
import { MediaTimeoutError } from '../../../src/core/problems.ts';
import { temporaryDirectory } from './files.ts';

const LONG_MS = 60_000;

/** Runs a script in the shell. */
const sh = (script: string, options: Partial<Parameters<typeof runProgram>[2]> = {}, args: string[] = []) =>
  runProgram('/bin/sh', ['-c', script, 'sh', ...args], { timeoutMs: LONG_MS, ...options });

/** Whether a process is there and has not ended; where nobody asks for its end, it stays in the list. */
const isAlive = (pid: number): boolean => {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
};

describe('a program that reads what strangers send', () => {
  it('gives back what it writes', async () => {
    expect(await sh('echo out; echo err >&2')).toEqual({ stdout: Buffer.from('out\n'), stderr: 'err\n' });
  });

  it('is told apart from one that is not there', async () => {
    await expect(runProgram('/nowhere/ffmpeg', [], { timeoutMs: LONG_MS })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('finds none of our environment', async () => {
    const { stdout } = await sh('env');
    const names = stdout
      .toString()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.filter((name) => name && !['PATH', 'PWD', '_', 'SHLVL', 'OLDPWD'].includes(name))).toEqual(
      [],
    );
  });

  it('runs after everything else', async () => {
    expect((await sh('nice')).stdout.toString()).toBe('10\n');
  });

  it('reads what it is fed, and may stop reading', async () => {
    const { stdout } = await sh('cat', { stdin: Readable.from([Buffer.from('fed')]) });
    expect(stdout.toString()).toBe('fed');
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536);
      })(),
    );
    expect((await sh('head -c 3 | wc -c', { stdin: endless })).stdout.toString().trim()).toBe('3');
  });

  it('is killed when what feeds it fails', async () => {
    async function* broken() {
      yield Buffer.from('some');
      throw new Error('The picture is torn.');
    }
    await expect(sh('cat; read never', { stdin: Readable.from(broken()) })).rejects.toThrow(
      'The picture is torn.',
    );
  });

  it.each([
    [
      'at the signal',
      (stop: AbortController) => stop.abort(new Error('Nod is stopping.')),
      'Nod is stopping.',
    ],
    ['when it writes too much', undefined, 'wrote more than 100 bytes'],
  ])('is killed %s, with all that it has begun', async (_, act, message) => {
    const stop = new AbortController();
    let pids: number[] = [];
    const running = sh(`sleep 1000 & echo $$ $!; ${act ? 'wait' : 'while :; do echo more; done'}`, {
      signal: stop.signal,
      maxStdoutBytes: 100,
      onStdout: (chunk) => {
        if (pids.length > 0) return;
        pids = chunk.toString().split('\n')[0]?.split(' ').map(Number) ?? [];
        act?.(stop);
      },
    });
    await expect(running).rejects.toThrow(message);
    expect(pids).toHaveLength(2);
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });

  it('ends at its time limit, which is no fault of the file', async () => {
    await expect(sh('sleep 1000', { timeoutMs: 1 })).rejects.toThrow(MediaTimeoutError);
  });

  it('does not begin once the signal is given', async () => {
    const mark = join(temporaryDirectory(), 'mark');
    const signal = AbortSignal.abort(new Error('Nod is stopping.'));
    await expect(sh(`touch ${mark}`, { signal })).rejects.toThrow('Nod is stopping.');
    expect(existsSync(mark)).toBe(false);
  });

  it('tells a full disk from every other failure', async () => {
    await expect(sh('cat /dev/zero > /dev/full')).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(sh('exit 3')).rejects.toMatchObject({ exitCode: 3, signal: null });
    await expect(sh('exit 3')).rejects.not.toHaveProperty('code');
    await expect(sh('kill -SEGV $$')).rejects.toMatchObject({ signal: 'SIGSEGV' });
  });

  it('never says in which path a file is', async () => {
    const failure = await sh('echo "$1: broken" >&2; exit 1', {}, ['/secret/store/abc']).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ProgramError);
    expect(`${failure}${failure instanceof ProgramError && failure.stderr}`).not.toContain('secret');
    expect(`${failure}`).toContain('the file: broken');
  });

  it('keeps a bounded part of endless complaints', async () => {
    const { stderr } = await sh('seq 1 100000 >&2');
    expect(stderr.length).toBeLessThanOrEqual(65_536);
    expect(stderr).toMatch(/^1\n2\n/);
    expect(stderr).toMatch(/\n100000\n$/);
  });

  it('passes on that a program is missing as the bug that it is', async () => {
    await expect(runProgram('/nowhere/ffmpeg', [], { timeoutMs: LONG_MS })).rejects.toThrow();
  });

  it('says so when its output is too long', async () => {
    await expect(sh('seq 1 1000', { maxStdoutBytes: 10 })).rejects.toThrow(ProgramOutputError);
  });
});

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('has a bounded memory and no core dump', async () => {
    const { stdout } = await sh('ulimit -v; ulimit -c', { maxMemoryBytes: 512 * 1024 ** 2 });
    expect(stdout.toString()).toBe('524288\n0\n');
  });

  it('ends with a Nod that is killed', async () => {
    const module = new URL('../../../src/core/media/run-program.ts', import.meta.url).href;
    const script = `import(${JSON.stringify(module)}).then(({ runProgram }) =>
      runProgram('/bin/sh', ['-c', 'echo $$; exec sleep 1000'], {
        timeoutMs: 60000,
        onStdout: (chunk) => { process.stdout.write(chunk, () => process.kill(process.pid, 'SIGKILL')); },
      }))`;
    const { stdout, signal } = await runProgram(
      '/bin/sh',
      ['-c', '"$1" -e "$2"; echo end', 'sh', process.execPath, script],
      {
        timeoutMs: LONG_MS,
        maxMemoryBytes: 64 * 1024 ** 3,
      },
    ).then(({ stdout }) => ({ stdout: stdout.toString(), signal: null }));
    expect(signal).toBeNull();
    const [pid = '0', end] = stdout.split('\n');
    expect(Number(pid)).toBeGreaterThan(0);
    expect(end).toBe('end');
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
  });
});

describe('a program that lacks memory', () => {
  const fails = (stderr: string) =>
    isFaultOfInput(new ProgramError('ffmpeg', { exitCode: 1, signal: null, stderr }));

  it('has met a file that claims it, where it could not even open that', () => {
    expect(fails('[mov] a lie\nfile:the file: Cannot allocate memory\n')).toBe(true);
  });

  it('is no fault of the file in the middle of the work', () => {
    expect(fails('Error while decoding stream #0:0: Cannot allocate memory\n')).toBe(false);
  });
});
