import { cp, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Post } from '../../src/core/publish/post.ts';
import type { NodProcess } from '../e2e/process.ts';
import { settle } from '../settle.ts';
import { createWorld, discordOf, type World } from '../world.ts';
import { openWorldRecords } from '../world-records.ts';

const TRANSFERS = ['pull', 'auto', 'upload'] as const;
export type Transfer = (typeof TRANSFERS)[number];

/** By which way the videos of a world go. */
export const transferOf = (number: number): Transfer => TRANSFERS[number % TRANSFERS.length] ?? 'pull';

/** How long people wait once Nod is left alone: longer than Nod does between two tries that are not the last. */
const QUIET_MS = 300_000;
/** After so many kills in the middle of one post its next try may come later. */
const LONGEST_PAUSE_MS = 31 * 60_000;
/** How long a hasty TikTok takes to answer when it has begun. */
const ANSWERED_AFTER_MS = [
  ['video/init', 300],
  ['content/init', 300],
  ['upload', 1_500],
] as const;

/** A world whose TikTok and whose people differ by its number. */
export async function createTortureWorld({
  number,
  transfer,
  folder,
  environment = {},
}: {
  number: number;
  transfer: Transfer;
  folder: string;
  environment?: Readonly<Record<string, string>>;
}): Promise<World> {
  // In every other pair of worlds TikTok asks for the media before it has answered.
  const isHasty = number % 4 < 2;
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  const world = await createWorld({
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
      ...environment,
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
  });
  // What it asks for then is out before Nod can know for what, unless the gate holds; and who stops a post while its last part
  // is answered must not be told that it was stopped.
  if (isHasty)
    for (const [endpoint, ms] of ANSWERED_AFTER_MS)
      world.tiktok.fault('latency', { endpoint, ms, times: Number.POSITIVE_INFINITY });
  return world;
}

/** Whether everything comes to its end while Nod is left alone; a pause that it takes by itself is waited for. */
export async function isDoneInTime(world: World, done: Promise<boolean>): Promise<boolean> {
  for (;;) {
    if (await Promise.race([done, pause(QUIET_MS, false, { ref: false })])) return true;
    const nextTryAt = await readNextTry(world);
    const waitMs = nextTryAt - Date.now();
    if (waitMs < 0 || waitMs > LONGEST_PAUSE_MS) return false;
    await Promise.race([done, pause(waitMs, undefined, { ref: false })]);
  }
}

/** When a post is tried again next that waits because of a failure; 0 where none does. */
async function readNextTry(world: World): Promise<number> {
  await using stores = await openWorldRecords(world, { isReadOnly: true });
  const posts = await Array.fromAsync(stores.store<Post>('posts').entries());
  const tries = posts.flatMap(([, post]) =>
    post.status === 'queued' && post.wait !== undefined ? [post.notBefore] : [],
  );
  return Math.max(0, ...tries);
}

/** Counts what a process has logged as errors. */
export function noteErrors({ output }: Pick<NodProcess, 'output'>, errors: Map<string, number>): void {
  // The last line may be cut.
  for (const line of output.out.split('\n').slice(0, -1)) {
    if (!/^\{"level":[56]0/.test(line)) continue;
    const { msg, err } = JSON.parse(line);
    const text = [msg, err?.message].filter(Boolean).join(': ');
    errors.set(text, (errors.get(text) ?? 0) + 1);
  }
}

/** With one decimal. */
export const secondsSince = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

/** Stops Nod once nothing is under way; notes it as a fault where that does not come. */
export async function comeToRest(
  world: World,
  lives: { start: () => Promise<void>; stop: () => Promise<void>; readonly faults: string[] },
): Promise<void> {
  try {
    await settle(world, lives);
  } catch (error) {
    lives.faults.push(String(error));
    await lives.stop();
  }
}

const OLD_SECONDS = 3 * 3_600;

/** Makes all files of a folder look old. */
export async function age(folder: string): Promise<void> {
  const then = Date.now() / 1000 - OLD_SECONDS;
  for (const name of await readdir(folder)) await utimes(join(folder, name), then, then);
}

/** Keeps what is needed to find out what was wrong. */
export async function keep(
  world: World,
  { words }: { words: readonly string[] },
  folder: string,
): Promise<void> {
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
