import { FfmpegMissingError } from '../problems.ts';
import { findProgram, ProgramError, type RunOptions, runProgram } from './run-program.ts';

/** The paths of ffmpeg's two programs. */
export interface Ffmpeg {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

/** Looks for ffmpeg in the folders of a search path; undefined where this machine has none. */
export function findFfmpeg(searchPath = process.env.PATH ?? ''): Ffmpeg | undefined {
  const ffmpeg = findProgram('ffmpeg', searchPath);
  const ffprobe = findProgram('ffprobe', searchPath);
  return ffmpeg === undefined || ffprobe === undefined ? undefined : { ffmpeg, ffprobe };
}

/** What ffmpeg reads: a file of a known format, or the raw bytes of its standard input. */
export interface FfmpegInput {
  /** Absolute; absent for the standard input. */
  readonly path?: string | undefined;
  /** The one demuxer that may open it. */
  readonly demuxer: string;
  /** Options of this input, before it. */
  readonly options?: readonly string[] | undefined;
}

export interface FfmpegOptions extends RunOptions {
  /** Told how much of the result is written; takes the standard output for itself. */
  readonly onProgress?: ((progress: FfmpegProgress) => void) | undefined;
}

export interface FfmpegProgress {
  readonly seconds: number;
  readonly frames: number;
}

/** The protocols that ffmpeg may use: none that reaches a network. */
const PROTOCOLS = 'file,pipe';

/** Runs ffmpeg on one input; `output` has the options of the result and its name, such as `pipe:1`. */
export async function runFfmpeg(
  { ffmpeg }: Ffmpeg,
  { input, output, isStrict = false }: { input: FfmpegInput; output: readonly string[]; isStrict?: boolean },
  { onProgress, ...options }: FfmpegOptions,
): Promise<{ stdout: Buffer; stderr: string }> {
  const args = ['-hide_banner', '-nostdin', '-y', '-v', 'error'];
  // Otherwise it counts what does not decode, and gives up at two thirds.
  args.push(...(isStrict ? ['-xerror'] : ['-max_error_rate', '1']));
  if (onProgress) args.push('-nostats', '-progress', 'pipe:1', '-stats_period', '0.5');
  args.push(...inputArgs(input), ...output);
  const onStdout = onProgress ? readProgress(onProgress) : options.onStdout;
  return run(ffmpeg, args, { ...options, onStdout });
}

/** Runs ffprobe on a file; `show` has what it tells, and how. */
export async function runFfprobe(
  { ffprobe }: Ffmpeg,
  { input, show }: { input: FfmpegInput; show: readonly string[] },
  options: RunOptions,
): Promise<{ stdout: Buffer; stderr: string }> {
  return run(ffprobe, ['-hide_banner', '-v', 'error', ...show, ...inputArgs(input)], options);
}

async function run(program: string, args: readonly string[], options: RunOptions) {
  try {
    return await runProgram(program, args, options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new FfmpegMissingError('ffmpeg is no longer where it was found. Install it again.', {
      cause: error,
    });
  }
}

/** Whether a failed program stumbled over its input, and not over a limit or a fault of ours. */
export function isFaultOfInput(error: unknown): error is ProgramError {
  if (!(error instanceof ProgramError) || 'code' in error) return false;
  // Opening a file takes little memory, unless it claims what it does not have.
  if (/^(file:)?the file: Cannot allocate memory/m.test(error.stderr)) return true;
  if (/Cannot allocate memory|malloc of size|Resource temporarily unavailable/.test(error.stderr))
    return false;
  // A crash in a decoder comes from what it read; a kill comes from outside or from a limit.
  return error.signal === null || CRASHES.has(error.signal);
}

/** Complaints about pictures that are whole. */
const HARMLESS = /mmco: unref|co located POCs|Last message repeated/;

/** What ffmpeg says about faults: several threads decode, and not every fault that one of them tells ends it. */
export const faultsIn = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !HARMLESS.test(line));

const CRASHES = new Set<NodeJS.Signals>(['SIGSEGV', 'SIGABRT', 'SIGFPE', 'SIGBUS', 'SIGILL']);

function inputArgs({ path, demuxer, options = [] }: FfmpegInput): string[] {
  const name = path === undefined ? 'pipe:0' : `file:${path}`;
  const limits = ['-protocol_whitelist', PROTOCOLS, '-format_whitelist', demuxer];
  return [...options, ...limits, '-f', demuxer, '-i', name];
}

/** Each report ends with a line that says whether it is the last. */
function readProgress(onProgress: (progress: FfmpegProgress) => void) {
  let rest = '';
  let [seconds, frames] = [0, 0];
  return (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop()?.slice(-200) ?? '';
    for (const line of lines) {
      const [name, value] = line.trim().split('=');
      if (name === 'frame') frames = Number(value);
      else if (name === 'out_time_us' && Number(value) > 0) seconds = Number(value) / 1_000_000;
      else if (name === 'progress') onProgress({ seconds, frames });
    }
  };
}
