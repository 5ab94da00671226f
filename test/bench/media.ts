import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MediaChange } from '../../src/core/media/types.ts';
import { X264 } from '../../src/core/media/video/perform.ts';
import { makeAvi, makeMovie, makePhotos } from './media-inputs.ts';
import { type Figure, median, megabytes, seconds } from './report.ts';
import { missingPrograms } from './wrk.ts';

const ROUNDS = 3;
const PROCESS = fileURLToPath(new URL('./media-process.ts', import.meta.url));
const DELAY_GOAL_MS = 50;
const MEMORY_GOAL_BYTES = 250e6;

/** What Nod encodes with, as people would write it. */
const PROFILE = [...X264, ...'-r 30 -c:a aac -b:a 160k -ac 2 -ar 48000 -movflags +faststart'.split(' ')];

const run = promisify(execFile);

/** What a process tells that has prepared files. */
export interface Prepared {
  /** From the first offer until all files were copied from the chat, and until all were ready. */
  readonly copiedMs: number;
  readonly readyMs: number;
  readonly peakBytes: number;
  /** The delay of the event loop, 99th percentile. */
  readonly delayMs: number;
  readonly files: readonly { name: string; bytes: number; changes: readonly MediaChange[] }[];
}

/** How fast files become what TikTok takes, each beside the plain tools over the very same file. */
export async function benchMedia(): Promise<Figure[]> {
  const missing = await missingPrograms(['ffmpeg', 'vipsthumbnail']);
  if (missing.length > 0) {
    console.log(
      `Preparing media is skipped: install ${missing.join(' and ')} (apt-get install ffmpeg libvips-tools).\n`,
    );
    return [];
  }
  const scratch = await mkdtemp(join(tmpdir(), 'media-'));
  const photos = await makePhotos(scratch, 10);
  const mp4 = await makeMovie(join(scratch, 'gigabyte.mp4'), 1e9);
  const mov = await makeMovie(join(scratch, 'half.mov'), 0.5e9);
  const avi = await makeAvi(join(scratch, 'old.avi'));
  const copy = join(scratch, 'copy');

  const thumbnails = `printf '%s\\n' ${photos.join(' ')} | xargs -P ${availableParallelism()} -I@ vipsthumbnail @ --size 1080x1440 -o @.jpg[Q=85,strip]`;
  const figures = [
    await compare({
      what: 'ten PNGs of 12 megapixels to a ready draft',
      paths: photos,
      tool: ['vipsthumbnail on all cores', thumbnails],
      goal: 1.2,
    }),
    await compare({
      what: 'an MP4 of 1 GB that needs its metadata taken out, once copied',
      paths: [mp4],
      tool: ['cp and sha256sum', `cp ${mp4} ${copy} && sha256sum ${copy}`],
      goal: 1.5,
      onceCopied: true,
    }),
    await compare({
      what: 'a MOV of 500 MB to MP4, once copied',
      paths: [mov],
      tool: ['ffmpeg -c copy', `ffmpeg -v error -nostdin -y -i ${mov} -c copy -f mp4 ${copy}`],
      goal: 3,
      onceCopied: true,
    }),
    await compare({
      what: 'an AVI of 20 s at 1080×1920 to H.264 and AAC, once copied',
      paths: [avi],
      tool: [
        'ffmpeg with the same profile',
        `ffmpeg -v error -nostdin -y -i ${avi} ${PROFILE.join(' ')} -f mp4 ${copy}`,
      ],
      goal: 1.1,
      onceCopied: true,
    }),
  ];
  await rm(scratch, { recursive: true });
  return figures.flat();
}

interface Comparison {
  readonly what: string;
  readonly paths: readonly string[];
  /** Its name, and a command for the shell. */
  readonly tool: readonly [name: string, command: string];
  /** How many times the tool's time. */
  readonly goal: number;
  /** Leaves out the copying from the chat. */
  readonly onceCopied?: boolean;
}

/** Medians of both, taken in turns after one round of warming up. */
async function compare({ what, paths, tool, goal, onceCopied = false }: Comparison): Promise<Figure[]> {
  const [name, command] = tool;
  const ours: Prepared[] = [];
  const theirs: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const prepared = await prepare(paths);
    const startedAt = performance.now();
    await run('sh', ['-c', command]);
    if (round === 0) continue;
    ours.push(prepared);
    theirs.push(performance.now() - startedAt);
  }
  const time = median(ours.map(({ readyMs, copiedMs }) => (onceCopied ? readyMs - copiedMs : readyMs)));
  const yardstick = median(theirs);
  const peak = Math.max(...ours.map(({ peakBytes }) => peakBytes));
  const delay = Math.max(...ours.map(({ delayMs }) => delayMs));
  return [
    {
      what,
      figure: seconds(time),
      beside: `${name} ${seconds(yardstick)}: ${(time / yardstick).toFixed(2)} times that, goal ≤ ${goal}`,
      isMet: time / yardstick <= goal,
      why: `medians of ${ROUNDS} runs each.`,
    },
    {
      what: '  memory of Nod’s process at its highest',
      figure: megabytes(peak),
      beside: onceCopied ? `goal < ${megabytes(MEMORY_GOAL_BYTES)}` : '',
      isMet: onceCopied ? peak < MEMORY_GOAL_BYTES : undefined,
      why: 'ffmpeg’s own processes are not counted.',
    },
    {
      what: '  delay of its event loop, p99',
      figure: `${delay.toFixed(1)} ms`,
      beside: `goal < ${DELAY_GOAL_MS} ms`,
      isMet: delay < DELAY_GOAL_MS,
    },
  ];
}

async function prepare(paths: readonly string[]): Promise<Prepared> {
  const directory = await mkdtemp(join(tmpdir(), 'nod-'));
  const { stdout } = await run(process.execPath, [PROCESS, directory, ...paths]);
  await rm(directory, { recursive: true });
  return JSON.parse(stdout);
}
