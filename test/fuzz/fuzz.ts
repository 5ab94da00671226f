import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { findFfmpeg } from '../../src/core/media/ffmpeg.ts';
import { createMediaPreparer } from '../../src/core/media/prepare.ts';
import { createMediaStore } from '../../src/core/media/store/local.ts';
import type { MediaProblem, MediaUse, PreparedMedia } from '../../src/core/media/types.ts';
import { UserError } from '../../src/core/problems.ts';
import { complaintOf } from './independent.ts';
import { mutate } from './mutations.ts';
import { createRandom, type Random } from './random.ts';
import { makeSeeds, type Seed } from './seeds.ts';

const IN_FLIGHT = 2;
/** After these the libraries have their memory: pools, threads, code. */
const WARM_UP_SHARE = 0.3;

/** Codes that say something about the file; every other one would blame the chat or hide a fault of ours. */
const FILE_PROBLEMS: Readonly<Record<MediaProblem['code'], true>> = {
  format_not_accepted: true,
  file_empty: true,
  file_damaged: true,
  file_incomplete: true,
  photo_too_many_pixels: true,
  photo_too_small: true,
  photo_too_long: true,
  photo_too_big: true,
  video_too_big: true,
  video_codec_not_accepted: true,
  video_dimensions: true,
  video_too_long: true,
  video_without_picture: true,
};

/** A changed file and what became of it. */
export interface Outcome {
  /** Makes the same file again, with the same seed and formats; negative for a whole one. */
  readonly number: number;
  readonly format: string;
  readonly name: string;
  readonly how: string;
  readonly ms: number;
  /** `taken`, the code of a problem, or `fault`. */
  readonly result: string;
  /** Why it must not be so. */
  readonly fault?: string;
}

export interface FuzzReport {
  readonly outcomes: readonly Outcome[];
  /** Resident memory after a collection: once everything has warmed up, and at the end. */
  readonly memory: { readonly before: number; readonly after: number };
  /** Files that were begun and left. */
  readonly unfinished: readonly string[];
  /** Processes that were started and still run. */
  readonly children: readonly string[];
}

export interface FuzzOptions {
  /** How many changed files. */
  readonly count: number;
  /** Puts the whole files through it first. */
  readonly withWhole: boolean;
  readonly seed: number;
  /** Whatever takes longer hangs. Nod's programs give way to all others, so a busy machine needs more than a quiet one. */
  readonly hangMs: number;
  /** An empty folder for everything that is made on the way. */
  readonly folder: string;
  /** Only these formats. */
  readonly formats?: RegExp | undefined;
  /** Only this file of the run. */
  readonly only?: number | undefined;
  /** Where the files with a fault are kept. */
  readonly keep?: string | undefined;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Puts changed files of every format through the preparer, and judges what comes of each. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { count, withWhole, folder, formats = /./, only, keep } = options;
  const already = await childrenOfThisProcess();
  const making = join(folder, 'seeds');
  await mkdir(making);
  const all = await makeSeeds(making);
  const seeds = all.filter(({ format }) => formats.test(format));
  const media = join(folder, 'media');
  const store = createMediaStore({ directory: media });
  // Half of its places are for videos, so that none of these waits for another.
  const preparer = createMediaPreparer({ store, findFfmpeg, concurrency: 2 * IN_FLIGHT });
  const first = withWhole ? -seeds.length : 0;
  const numbers =
    only === undefined ? Array.from({ length: count - first }, (_, index) => first + index) : [only];
  const outcomes: Outcome[] = [];
  const warm = Math.floor(numbers.length * WARM_UP_SHARE);
  await inTurns(numbers.slice(0, warm));
  const before = memoryAtRest();
  await inTurns(numbers.slice(warm));
  await preparer.stop();
  const after = memoryAtRest();
  const children = (await childrenOfThisProcess()).filter((child) => !already.includes(child));
  const unfinished = (await readdir(media)).filter((name) => name.startsWith('unfinished'));
  return { outcomes, memory: { before, after }, unfinished, children };

  async function inTurns(some: readonly number[]): Promise<void> {
    const waiting = [...some];
    const take = async (): Promise<void> => {
      for (let number = waiting.shift(); number !== undefined; number = waiting.shift())
        await judge(number).then((outcome) => {
          outcomes.push(outcome);
          options.onOutcome?.(outcome);
        });
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, take));
  }

  async function judge(number: number): Promise<Outcome> {
    const { seed, bytes, how, use } = makeFile({ number, seeds, all, seed: options.seed });
    const source = await store.add(Readable.from([bytes]), {
      maxBytes: Number.MAX_SAFE_INTEGER,
      extension: 'bin',
    });
    const startedAt = performance.now();
    const verdict = await withinTime(prepare(), options.hangMs);
    const ms = Math.round(performance.now() - startedAt);
    const fault = await faultOf(verdict);
    if (fault !== undefined && keep !== undefined) {
      await mkdir(keep, { recursive: true });
      await writeFile(join(keep, `${number} ${seed.format} ${how}`.replaceAll(/[^\w.-]+/g, '-')), bytes);
    }
    const result = fault !== undefined ? 'fault' : (codeOf(verdict.error) ?? 'taken');
    const { format, name } = seed;
    return { number, format, name, how, ms, result, ...(fault !== undefined && { fault }) };

    async function prepare(): Promise<Verdict> {
      try {
        return { prepared: await preparer.prepare(source, { owner: `file ${number}`, use }) };
      } catch (error) {
        return { error };
      }
    }

    async function faultOf({ prepared, error }: Verdict): Promise<string | undefined> {
      if (prepared !== undefined) return complaintOf(store.path(prepared.file), prepared);
      const code = codeOf(error);
      if (code !== undefined) return code in FILE_PROBLEMS ? undefined : `It is told as ${code}.`;
      return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
    }
  }
}

interface Verdict {
  readonly prepared?: PreparedMedia;
  readonly error?: unknown;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof UserError ? error.problem.code : undefined;

async function withinTime(verdict: Promise<Verdict>, hangMs: number): Promise<Verdict> {
  const timer = Promise.withResolvers<Verdict>();
  const timeout = setTimeout(
    () => timer.resolve({ error: new Error(`It took more than ${hangMs} ms.`) }),
    hangMs,
  );
  try {
    return await Promise.race([verdict, timer.promise]);
  } finally {
    clearTimeout(timeout);
  }
}

interface Making {
  readonly number: number;
  readonly seeds: readonly Seed[];
  /** Splices may take the end of any of them. */
  readonly all: readonly Seed[];
  readonly seed: number;
}

/** The file of a number: changed ones of each format in turn; below zero, whole ones. */
function makeFile({ number, seeds, all, seed: start }: Making) {
  const random = createRandom(start * 1_000_003 + number);
  const whole = number < 0 ? seeds.at(number) : undefined;
  const formats = [...new Set(seeds.map(({ format }) => format))];
  const format = formats[number % formats.length];
  const seed = whole ?? random.pick(seeds.filter((one) => one.format === format));
  const use = someUse(seed, random);
  if (whole !== undefined) return { seed, bytes: whole.bytes, how: 'as it is', use };
  return { seed, use, ...mutate(seed.bytes, random.pick(all).bytes, random) };
}

/** Mostly the usual one. */
function someUse({ kind }: Seed, random: Random): MediaUse {
  if (kind === 'animation' && random.below(2) === 0) return { asVideo: true };
  if (kind === 'video' && random.below(6) === 0) return { cut: { startSeconds: 0.1, maxSeconds: 0.5 } };
  return {};
}

/** Resident bytes after everything that nobody holds has been collected. */
function memoryAtRest(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  collect();
  return process.memoryUsage.rss();
}

/** The processes that this one has started; empty where the system does not tell (macOS). */
async function childrenOfThisProcess(): Promise<string[]> {
  const tasks = await readdir('/proc/self/task').catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ')).filter((pid) => pid !== '');
}
