import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
const run = promisify(execFile);

/** Loads a URL with wrk's one thread for some seconds; bytes a second. Any answer but 200 is an error. */
export async function load(
  url: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<number> {
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url]);
  const [, amount, unit = ''] = /^Transfer\/sec:\s+([\d.]+)([KMG]?B)$/m.exec(stdout) ?? [];
  if (amount === undefined || stdout.includes('Non-2xx') || stdout.includes('Socket errors')) {
    // The address is left out: who has it can read the media.
    throw new Error(`wrk did not get what it asked for:\n${stdout.replaceAll(url, '…')}`);
  }
  return Number(amount) * (UNITS[unit] ?? Number.NaN);
}

/** Which of the programs are not on this machine. */
export async function missingPrograms(programs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    programs.map((program) =>
      run(program, ['-v']).then(
        () => true,
        // wrk ends its version with 1.
        (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
      ),
    ),
  );
  return programs.filter((_, index) => !found[index]);
}
