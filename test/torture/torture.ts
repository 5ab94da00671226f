import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, type Random } from '../fuzz/random.ts';
import { type Coverage, createCoverage } from './boundaries/coverage.ts';
import { pressCopies } from './copies.ts';
import { isFaultless, judge, type Verdict } from './judge.ts';
import { createLives } from './lives.ts';
import { createPersistence } from './people/persist.ts';
import { seatEverybody } from './people/places.ts';
import { dealWork } from './people/work.ts';
import {
  age,
  comeToRest,
  createTortureWorld,
  isDoneInTime,
  keep,
  secondsSince,
  type Transfer,
  transferOf,
} from './stage.ts';

export interface TortureOptions {
  readonly seed: number;
  /** At least so many of each; a world that is begun is finished. */
  readonly kills: number;
  readonly posts: number;
  /** Has room for the data of each world; what is left there is of worlds in which something was wrong. */
  readonly folder: string;
  /** How many worlds go on at once. */
  readonly atOnce?: number;
  /** Does this world of the run alone. */
  readonly only?: number | undefined;
  /** Lives end at boundaries of these kinds alone, by a pattern. */
  readonly at?: string | undefined;
  /** Begins no further world. */
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
}

/** What has become of one world. */
export interface WorldReport extends Verdict {
  readonly number: number;
  readonly transfer: string;
  readonly posts: number;
  readonly kills: number;
  readonly seconds: number;
  /** How many cards were in a chat twice before somebody pressed a button of the older one. */
  readonly copies: number;
  /** Where its last life has ended that was killed. */
  readonly lastKill: string;
  /** What Nod has logged as errors, and how often. */
  readonly errors: ReadonlyMap<string, number>;
}

const POSTS_PER_WORLD = 48;

/**
 * Kills Nod again and again while people post in both chats, in one world after the other, and says what is wrong then.
 *
 * The same seed makes the same people, files and plans of where lives end; which boundary comes when is up to the machine.
 */
export async function torture({
  seed,
  kills,
  posts,
  folder,
  atOnce = 1,
  only,
  at,
  signal,
  say = () => {},
}: TortureOptions): Promise<{ worlds: WorldReport[]; coverage: Coverage }> {
  const coverage = createCoverage();
  const worlds: WorldReport[] = [];
  const perWorld = Math.min(POSTS_PER_WORLD, posts);
  const plan = { posts: perWorld, kills: Math.ceil((kills * perWorld) / posts) };
  let under = 0;
  let next = only ?? 1;
  /** Whether it takes another world, even if those under way become what they are meant to be. */
  function isMissing(): boolean {
    const sum = (of: 'kills' | 'posts') => worlds.reduce((all, one) => all + one[of], under * plan[of]);
    return sum('kills') < kills || sum('posts') < posts;
  }

  async function work(): Promise<void> {
    while (isMissing() && !signal?.aborted) {
      const number = next;
      next += 1;
      under += 1;
      const report = await tortureWorld({
        ...plan,
        number,
        random: createRandom(seed * 1_000 + number),
        transfer: transferOf(number),
        folder: join(folder, `world-${number}`),
        coverage,
        at,
        say: (text) => say(`World ${number}: ${text}`),
      });
      under -= 1;
      worlds.push(report);
      if (only !== undefined) return;
    }
  }

  await Promise.all(Array.from({ length: only === undefined ? atOnce : 1 }, work));
  return { worlds: worlds.toSorted((one, other) => one.number - other.number), coverage };
}

async function tortureWorld({
  number,
  random,
  transfer,
  posts,
  kills,
  folder,
  coverage,
  at,
  say,
}: {
  number: number;
  random: Random;
  transfer: Transfer;
  posts: number;
  kills: number;
  folder: string;
  coverage: Coverage;
  at: string | undefined;
  say: (text: string) => void;
}): Promise<WorldReport> {
  const begun = performance.now();
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await createTortureWorld({ number, transfer, folder }));
  const places = await seatEverybody(world);
  const lives = stack.use(createLives({ world, folder, random, coverage, only: at, say }));
  const { persist, missing } = createPersistence({ world, nextReady: lives.nextReady });
  const { stories, begin } = await dealWork({ world, number, places, random, posts, persist });
  // The first life shows what there is, and leaves the compiled modules for all others.
  await lives.start();
  let isOver = false;
  const done = begin().then((faults) => {
    isOver = true;
    lives.faults.push(...faults);
    return true;
  });
  await lives.stop();
  while (lives.kills() < kills && !isOver) await lives.live();
  say(`${lives.kills()} kills in ${secondsSince(begun)} s; now it is left alone.`);
  await lives.start();
  if (!(await isDoneInTime(world, done))) lives.faults.push(...missing());
  await comeToRest(world, lives);
  // What nothing names is deleted by the sweep of a start once it is old.
  await age(join(world.dataDir, 'media'));
  await lives.start();
  const copies = await pressCopies(world);
  await comeToRest(world, lives);
  const verdict = await judge(world, stories);
  const report: WorldReport = {
    ...verdict,
    copies,
    stuck: verdict.stuck + lives.faults.length,
    words: [...lives.faults, ...verdict.words],
    number,
    transfer,
    posts: stories.length,
    kills: lives.kills(),
    seconds: Number(secondsSince(begun)),
    lastKill: lives.lastKill(),
    errors: lives.errors,
  };
  say(`${report.posts} posts, ${report.kills} kills, ${report.seconds} s, ${report.words.length} faults.`);
  await (isFaultless(report) ? rm(folder, { recursive: true }) : keep(world, report, folder));
  return report;
}
