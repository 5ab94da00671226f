import { cp, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Post } from '../../src/core/publish/post.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import { settle } from '../settle.ts';
import { createWorld, discordOf, type World } from '../world.ts';
import { type Coverage, createCoverage } from './boundaries/coverage.ts';
import { pressCopies } from './copies.ts';
import { isFaultless, judge, type Verdict } from './judge.ts';
import { createLives, type Lives } from './lives.ts';
import { createPersistence } from './people/persist.ts';
import { seatEverybody } from './people/places.ts';
import { dealWork } from './people/work.ts';

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
const TRANSFERS = ['pull', 'auto', 'upload'] as const;
/** How long people wait once Nod is left alone: longer than Nod does between two tries that are not the last. */
const QUIET_MS = 300_000;
/** After so many kills in the middle of one post its next try may come later. */
const LONGEST_PAUSE_MS = 31 * 60_000;

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
        transfer: TRANSFERS[number % TRANSFERS.length] ?? 'pull',
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
  transfer: (typeof TRANSFERS)[number];
  posts: number;
  kills: number;
  folder: string;
  coverage: Coverage;
  at: string | undefined;
  say: (text: string) => void;
}): Promise<WorldReport> {
  const begun = performance.now();
  // In every other pair of worlds TikTok asks for the media before it has answered.
  const isHasty = number % 4 < 2;
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await createWorld({
      withDiscord: true,
      environment: {
        VIDEO_TRANSFER: transfer,
        TMPDIR: temporary,
        // TikTok gives up on a webhook before Nod is there again, so Nod has to ask, and asks soon.
        POLL_INTERVAL_SECONDS: '1',
        POLL_ATTEMPTS: '100000',
        // Whoever met a kill in the middle of a command gives it once more, and its draft stays.
        MAX_DRAFTS_PER_PERSON: '1000',
        MAX_DRAFTS_PER_PLACE: '1000',
      },
      tiktok: {
        processingMs: 100,
        // Every other TikTok takes a pull that is cut for one that has failed.
        pull: {
          retryMs: 100,
          retries: 1_000,
          cutRetries: number % 2 === 0 ? 0 : 1_000,
          beforeReply: isHasty,
        },
        strict: { rateLimits: false, decodeMedia: false },
      },
    }),
  );
  // What it asks for then is out before Nod can know for what, unless the gate holds; and who stops a post while its last part
  // is answered must not be told that it was stopped.
  if (isHasty)
    for (const [endpoint, ms] of ANSWERED_AFTER_MS)
      world.tiktok.fault('latency', { endpoint, ms, times: Number.POSITIVE_INFINITY });
  const places = await seatEverybody(world);
  const lives = stack.use(createLives({ world, folder, random, coverage, only: at, say }));
  const { persist, waiting } = createPersistence({ world, nextReady: lives.nextReady });
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
  say(`${lives.kills()} kills in ${seconds(begun)} s; now it is left alone.`);
  await lives.start();
  if (!(await isDoneInTime(world, done)))
    lives.faults.push(...[...waiting].map((what) => `${what} has not come.`));
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
    seconds: Number(seconds(begun)),
    lastKill: lives.lastKill(),
    errors: lives.errors,
  };
  say(`${report.posts} posts, ${report.kills} kills, ${report.seconds} s, ${report.words.length} faults.`);
  await (isFaultless(report) ? rm(folder, { recursive: true }) : keep(world, report, folder));
  return report;
}

/** Whether everything comes to its end while Nod is left alone; a pause that it takes by itself is waited for. */
async function isDoneInTime(world: World, done: Promise<boolean>): Promise<boolean> {
  for (;;) {
    if (await Promise.race([done, pause(QUIET_MS, false, { ref: false })])) return true;
    const nextTryAt = await readNextTry(world);
    const waitMs = nextTryAt - Date.now();
    if (waitMs < 0 || waitMs > LONGEST_PAUSE_MS) return false;
    await Promise.race([done, pause(waitMs, undefined, { ref: false })]);
  }
}

/** When a post is tried again next that waits because of a failure; 0 where none does. */
async function readNextTry({ dataDir }: World): Promise<number> {
  await using stores = openStores({ file: join(dataDir, 'nod.db'), isReadOnly: true });
  const posts = await Array.fromAsync(stores.store<Post>('posts').entries());
  const tries = posts.flatMap(([, post]) =>
    post.status === 'queued' && post.wait !== undefined ? [post.notBefore] : [],
  );
  return Math.max(0, ...tries);
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

async function comeToRest(world: World, lives: Lives): Promise<void> {
  try {
    await settle(world, lives);
  } catch (error) {
    lives.faults.push(String(error));
    await lives.stop();
  }
}

/** How long a hasty TikTok takes to answer when it has begun. */
const ANSWERED_AFTER_MS = [
  ['video/init', 300],
  ['content/init', 300],
  ['upload', 1_500],
] as const;
const OLD_SECONDS = 3 * 3_600;

/** Makes all files of a folder look old. */
async function age(folder: string): Promise<void> {
  const then = Date.now() / 1000 - OLD_SECONDS;
  for (const name of await readdir(folder)) await utimes(join(folder, name), then, then);
}

/** Keeps what is needed to find out what was wrong. */
async function keep(world: World, { words }: WorldReport, folder: string): Promise<void> {
  const { telegram, tiktok, dataDir } = world;
  const discord = discordOf(world);
  await cp(dataDir, join(folder, 'data'), { recursive: true });
  await writeFile(join(folder, 'words.txt'), words.join('\n'));
  const chats = [
    ...[...telegram.state.chats.keys()].map((id) => telegram.render({ id })),
    ...[...discord.state.channels.keys()].map((id) => discord.render(id)),
  ];
  await writeFile(join(folder, 'chats.txt'), chats.join('\n\n'));
  await writeFile(join(folder, 'tiktok.json'), JSON.stringify(tiktok.state.publishes, undefined, 1));
}
