import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { createRandom } from '../fuzz/random.ts';
import { createWorld, type World } from '../world.ts';
import type { ClockMove, Holding } from './nod-process.ts';
import { seatPeople } from './people.ts';

export interface DayOptions {
  readonly hours: number;
  readonly posts: number;
  readonly seed: number;
  /** How often what Nod holds is looked at. */
  readonly looksAnHour?: number;
  readonly say?: (text: string) => void;
}

/** What Nod holds, with nothing under way. */
interface Look extends Holding {
  /** Since the start. */
  readonly hour: number;
  /** That have been made. */
  readonly posts: number;
  readonly diskBytes: number;
  readonly mediaFiles: number;
  /** By namespace. */
  readonly records: Readonly<Record<string, number>>;
}

export interface DayReport {
  readonly seconds: number;
  readonly looks: readonly Look[];
  /** Once the time is over for which posts are kept. */
  readonly afterwards: Look;
  /** What TikTok has published. */
  readonly published: number;
  readonly faults: readonly string[];
}

const HOUR_MS = 3_600_000;
/** The clock is moved so many times in an hour. */
const STEPS = 12;
/** TikTok takes 15 a day of each; some of them are at the ends of the day. */
const POSTS_AN_ACCOUNT = 12;
/** So that what is kept for a post is at its most before the second quarter of the day. */
const KEEP_DAYS = 0.2;
const PROCESS = fileURLToPath(new URL('nod-process.ts', import.meta.url));

/**
 * Lets emulated hours pass in which people post, on a Nod in a process of its own, and looks each hour at what it holds.
 *
 * Time passes on the clock of the emulators, which Nod goes by; what takes real time, such as converting, takes it.
 */
export async function runDay({
  hours,
  posts,
  seed,
  looksAnHour = 1,
  say = () => {},
}: DayOptions): Promise<DayReport> {
  const random = createRandom(seed);
  const startedAt = performance.now();
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await createWorld({
      environment: { TIKTOK_STATS: 'true', KEEP_POSTS_DAYS: String(KEEP_DAYS) },
      // Decoding by ffmpeg costs more than all of Nod.
      tiktok: { strict: { decodeMedia: false } },
    }),
  );
  const { telegram, tiktok } = world;
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  tiktok.app.audited = true;
  const people = await seatPeople(world, { count: Math.ceil(posts / POSTS_AN_ACCOUNT), random });
  const nod = stack.use(await startNod(world));
  const faults: string[] = [];
  const looks: Look[] = [];
  let made = 0;

  for (let hour = 1; hour <= hours; hour += 1) {
    for (let step = 1; step <= STEPS; step += 1) {
      await moveOn(HOUR_MS / STEPS);
      const until = Math.round((posts * ((hour - 1) * STEPS + step)) / (hours * STEPS));
      await nod.during(people.post(made, until));
      made = until;
      if ((step * looksAnHour) % STEPS === 0) looks.push(await look(hour - 1 + step / STEPS));
    }
  }
  // The last of those that were planned.
  await moveOn(2 * HOUR_MS);
  await nod.during(people.whenAllAreLive());
  // One hour after the other, as they would come.
  for (let hour = 0; hour <= KEEP_DAYS * 24 + 2; hour += 1) await moveOn(HOUR_MS);
  const afterwards = await look(hours);
  faults.push(...(await nod.stop()));
  const published = tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE').length;
  faults.push(...leftOver(afterwards), ...growths(looks));
  // As many as `nod.js` allows, each of which is one while little is in it.
  if (afterwards.arenaHeaps > 2)
    faults.push(`glibc has ${afterwards.arenaHeaps} heaps beside the first one.`);
  if (tiktok.state.publishes.length !== posts)
    faults.push(`TikTok was given ${tiktok.state.publishes.length} posts for ${posts}.`);
  faults.push(...tiktok.state.lint, ...telegram.state.lint);
  return { seconds: (performance.now() - startedAt) / 1000, looks, afterwards, published, faults };

  async function moveOn(ms: number): Promise<void> {
    world.advance(ms);
    await nod.ask({ aheadMs: tiktok.clock.now() - Date.now() });
  }

  async function look(hour: number): Promise<Look> {
    const holding = (await nod.ask('hold')) as Holding;
    const held = { hour, posts: made, ...holding, ...onDisk(world.dataDir) };
    say(lineOf(held));
    return held;
  }
}

/** As `nod.js` starts it, beside a way to talk to it. */
async function startNod({ environment }: World) {
  const child = fork(PROCESS, {
    env: { PATH: process.env.PATH, MALLOC_ARENA_MAX: '2', ...environment },
    execArgv: ['--max-semi-space-size=1', '--initial-old-space-size=64', '--expose-gc'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = once(child, 'exit');

  /** The same, unless it fails or Nod ends meanwhile: then with what Nod has said. */
  async function during<T>(work: Promise<T>): Promise<T> {
    const tooEarly = ended.then(() => Promise.reject(new Error('Nod has ended.')));
    try {
      return await Promise.race([work, tooEarly]);
    } catch (error) {
      throw new Error(`The day broke off. Nod has said:\n${said.join('')}`, { cause: error });
    }
  }

  async function answer(): Promise<unknown> {
    const [message] = await once(child, 'message');
    return message;
  }

  function ask(message: ClockMove | 'hold'): Promise<unknown> {
    const answered = during(answer());
    child.send(message);
    return answered;
  }

  /** Ends it; what it has warned of. */
  async function stop(): Promise<string[]> {
    child.kill('SIGTERM');
    await ended;
    return said.join('').split('\n').filter(Boolean);
  }

  await during(answer());
  return { ask, during, stop, [Symbol.asyncDispose]: () => kill(child, ended) };
}

async function kill(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

function onDisk(dataDir: string): Pick<Look, 'diskBytes' | 'mediaFiles' | 'records'> {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const sizes = files.map(
    ({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  const database = new Database(join(dataDir, 'nod.db'), { readonly: true });
  const rows = database
    .prepare<[], { namespace: string; count: number }>(
      'SELECT namespace, count(*) AS count FROM keyv GROUP BY namespace ORDER BY namespace',
    )
    .all();
  database.close();
  return {
    diskBytes: sizes.reduce((sum, size) => sum + size, 0),
    mediaFiles: files.filter(({ parentPath }) => parentPath.endsWith('media')).length,
    records: Object.fromEntries(rows.map(({ namespace, count }) => [namespace, count])),
  };
}

/** What should have gone with the posts. */
function leftOver({ mediaFiles, records }: Look): string[] {
  return [
    ...(mediaFiles === 0 ? [] : [`${mediaFiles} files of media are left.`]),
    ...['posts', 'drafts', 'notes', 'attempts', 'anchors', 'cards', 'sendings', 'publishes'].flatMap(
      (name) => (records[name] === undefined ? [] : [`${records[name]} records of ${name} are left.`]),
    ),
  ];
}

/** What may be more in the last quarter than in the second one: so many parts, and so much besides. */
const TOLERANCES = {
  residentBytes: { part: 0.05, plus: 8e6 },
  // A thousand posts are kept at hand, and V8 compiles more and more of what runs often.
  heapBytes: { part: 0.05, plus: 6e6 },
  externalBytes: { part: 0.05, plus: 2e6 },
  descriptors: { part: 0, plus: 2 },
  // After a burst more of them wait for a while.
  sockets: { part: 0, plus: 20 },
  arenaHeaps: { part: 0, plus: 1 },
  // Of the history, which stays, and of what is kept for a day.
  diskBytes: { part: 0.05, plus: 6e6 },
} as const;
/** Of connections that are kept open for the next request there may be more or fewer. */
const RESOURCES = { part: 0, plus: 4 };
/** Of what is kept for a day or longer. */
const GROWING = new Set(['history', 'publishes', 'random-ids', 'telegram-inbox']);
const KEPT = { part: 0.2, plus: 10 };

/** What has grown between the second and the last quarter of the looks by more than it may. */
function growths(looks: readonly Look[]): string[] {
  const quarter = Math.floor(looks.length / 4);
  if (quarter === 0) return [];
  const last = looks.at(-1);
  const kinds = Object.keys(last?.resources ?? {});
  // Before that, nothing is deleted yet.
  const isLong = (last?.hour ?? 0) >= 4 * KEEP_DAYS * 24;
  const names = Object.keys(last?.records ?? {}).filter((name) => isLong && !GROWING.has(name));
  const measures = [
    ...Object.entries(TOLERANCES).map(([name, tolerance]) => ({
      name,
      tolerance,
      of: (look: Look) => look[name as keyof typeof TOLERANCES],
    })),
    ...(isLong
      ? [{ name: 'files of media', tolerance: KEPT, of: ({ mediaFiles }: Look) => mediaFiles }]
      : []),
    ...names.map((name) => ({
      name: `records of ${name}`,
      tolerance: KEPT,
      of: ({ records }: Look) => records[name] ?? 0,
    })),
    ...kinds.map((name) => ({
      name: `resources of ${name}`,
      tolerance: RESOURCES,
      of: ({ resources }: Look) => resources[name] ?? 0,
    })),
  ];
  return measures.flatMap(({ name, tolerance: { part, plus }, of }) => {
    const mean = (from: readonly Look[]) => from.reduce((sum, look) => sum + of(look), 0) / from.length;
    const before = mean(looks.slice(quarter, 2 * quarter));
    const after = mean(looks.slice(-quarter));
    const isMore = after > before * (1 + part) + plus;
    return isMore ? [`${name}: ${after.toFixed(0)} where it was ${before.toFixed(0)}.`] : [];
  });
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1).padStart(6);

/** A look as one line. */
function lineOf({ hour, posts, ...held }: Look): string {
  const { residentBytes, heapBytes, externalBytes, diskBytes, resources, descriptors, arenaHeaps } = held;
  const sizes = [residentBytes, heapBytes, externalBytes, diskBytes].map(megabytes).join('  ');
  const kept = Object.entries(resources).map(([name, count]) => `${name} ${count}`);
  return `${hour} h  ${posts} posts  ${sizes} MB  ${descriptors} fd  ${held.sockets} sockets  ${arenaHeaps} arenas  ${held.mediaFiles} files  ${kept.join(', ')}  ${JSON.stringify(held.records)}`;
}
