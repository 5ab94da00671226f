import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type NodProcess, runNod } from '../e2e/process.ts';
import type { Random } from '../fuzz/random.ts';
import type { World } from '../world.ts';
import type { Coverage } from './boundaries/coverage.ts';
import { PLAN, type Plan, readTold } from './boundaries/plan.ts';
import { noteErrors } from './stage.ts';

const PRELOAD = fileURLToPath(new URL('./boundaries/preload.ts', import.meta.url));
/** A life that has nothing to do does not reach its end by itself. */
const LONGEST_LIFE_MS = 4_000;
const SAID_EVERY = 20;
const LATEST_MOMENT_MS = 3_000;
/** On a machine that is busy with other things. */
const START_PATIENCE_MS = 60_000;
/** So many boundaries are passed at most before one is looked for at which no life has ended. */
const SKIPPED = 60;
/** So many boundaries after it is ready a life ends at the latest. */
const SPREAD = 400;

/** One Nod after the other over the same data, each of which ends as in a power cut. */
export function createLives({
  world,
  folder,
  random,
  coverage,
  only,
  say,
}: {
  world: World;
  folder: string;
  random: Random;
  coverage: Coverage;
  /** Lives end at boundaries of these kinds alone, by a pattern. */
  only?: string | undefined;
  say: (text: string) => void;
}) {
  const { environment, dataDir } = world;
  const { TIKTOK_API_URL = '', TELEGRAM_API_URL = '', DISCORD_API_URL = '' } = environment;
  const platforms = { TikTok: TIKTOK_API_URL, Telegram: TELEGRAM_API_URL, Discord: DISCORD_API_URL };
  const [planFile, log] = [join(folder, 'plan.json'), join(folder, 'boundaries.log')];
  /** What is wrong with the lives themselves. */
  const faults: string[] = [];
  const errors = new Map<string, number>();
  let nod: NodProcess | undefined;
  let count = 0;
  let kills = 0;
  let lastKill = 'nowhere';
  let ready = Promise.withResolvers<void>();
  /** How many boundaries a start has, as the last one has shown. */
  let startLength = 1;

  async function launch(plan: Pick<Plan, 'at' | 'hunt'>): Promise<NodProcess> {
    await writeFile(log, '');
    await writeFile(planFile, JSON.stringify({ log, dataDir, platforms, ...plan } satisfies Plan));
    count += 1;
    const started = runNod({
      environment: { ...environment, [PLAN]: planFile },
      nodeArgs: ['--import', PRELOAD],
    });
    nod = started;
    started.logged('Nod is ready').then(
      () => {
        startLength = readTold(readFileSync(log, 'utf8')).kinds.length;
        ready.resolve();
        ready = Promise.withResolvers();
      },
      () => {},
    );
    return started;
  }

  /** Whatever else a life ends by is a fault. */
  async function end(life: NodProcess, how: string): Promise<void> {
    const { code, signal } = await life.ended;
    const told = readTold(readFileSync(log, 'utf8'));
    coverage.add(told);
    noteErrors(life, errors);
    const { end: own } = told;
    const where = own === undefined ? how : `${own.side} ${own.kind} (boundary ${own.number})`;
    if (signal !== 'SIGKILL')
      faults.push(`Life ${count} ended by itself, with code ${code}: ${life.output.err.slice(-2_000)}`);
    kills += 1;
    lastKill = `life ${count}, ${where}`;
    if (kills % SAID_EVERY === 0) say(`${kills} kills, the last one ${where}.`);
  }

  /** Where a life ends: at a boundary at which none has, at any boundary, or, where it says nothing, at any moment. */
  function choosePlan(): Pick<Plan, 'at' | 'hunt'> {
    // One in eight does not come far.
    const [first, count] = random.below(8) === 0 ? [1, startLength] : [startLength, SPREAD];
    const number = first + random.below(count);
    // Now the least visited of the chosen kinds, now any of them.
    if (only !== undefined)
      return { hunt: { from: 1, known: random.below(2) === 0 ? coverage.visited(1) : [], only } };
    const at = { number, side: random.below(2) === 0 ? 'before' : 'after' } as const;
    const lot = random.below(10);
    // Beyond what the last such life has ended at, more often than not.
    if (lot < 5) return { at, hunt: { from: first + random.below(SKIPPED), known: coverage.visited(1) } };
    return lot < 8 ? { at } : {};
  }

  async function live(): Promise<void> {
    const plan = choosePlan();
    const isAtMoment = plan.at === undefined && plan.hunt === undefined;
    const ms = random.below(LATEST_MOMENT_MS);
    const life = await launch(plan);
    const wait = (ms: number) => pause(ms, undefined, { ref: false });
    const isReady = life.logged('Nod is ready');
    const longest = isReady.then(() => wait(isAtMoment ? ms : LONGEST_LIFE_MS));
    // A life that ends before it is ready is no fault.
    longest.catch(() => {});
    void Promise.race([life.ended, longest, wait(START_PATIENCE_MS)])
      .catch(() => {})
      .finally(() => life.end('SIGKILL'));
    await end(life, isAtMoment ? `${ms} ms after its start` : 'with nothing to do');
  }

  /** A life that lasts. */
  async function start(): Promise<void> {
    await (await launch({})).logged('Nod is ready');
  }

  async function stop(): Promise<void> {
    const life = nod;
    if (life === undefined) return;
    const { code } = await life.end('SIGTERM');
    coverage.add(readTold(readFileSync(log, 'utf8')));
    noteErrors(life, errors);
    if (code !== 0) faults.push(`Life ${count} ended with code ${code}: ${life.output.err.slice(-2_000)}`);
  }

  return {
    live,
    start,
    stop,
    /** Resolves when the next Nod is ready. */
    nextReady: (): Promise<void> => ready.promise,
    faults,
    errors,
    kills: () => kills,
    lastKill: () => lastKill,
    [Symbol.asyncDispose]: async () => void (await nod?.end('SIGKILL')),
  };
}
