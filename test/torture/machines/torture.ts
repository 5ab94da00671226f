import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CardRecord } from '../../../src/bots/cards/card-index.ts';
import { createBucket } from '../../../src/core/media/store/bucket.ts';
import { mediaIn } from '../../../src/core/media/store/s3.ts';
import { createRandom, type Random } from '../../fuzz/random.ts';
import { startBalancer } from '../../machines/balancer.ts';
import { createNetwork, type Place } from '../../machines/network.ts';
import { startRedis } from '../../redis-server.ts';
import { bucketEnvironment, makeBucket, type S3Server, startS3 } from '../../s3-server.ts';
import type { World } from '../../world.ts';
import { openWorldRecords } from '../../world-records.ts';
import { pressCopies } from '../copies.ts';
import { isFaultless, judge, type Verdict } from '../judge.ts';
import { createPersistence } from '../people/persist.ts';
import { seatEverybody } from '../people/places.ts';
import { dealWork } from '../people/work.ts';
import { comeToRest, createTortureWorld, isDoneInTime, keep, secondsSince, transferOf } from '../stage.ts';
import { createChaos, type Deed } from './chaos.ts';
import { createFleet } from './fleet.ts';
import { createRuns, type TakeOver } from './take-overs.ts';

/** What has become of one world of several machines. */
export interface FleetReport extends Verdict {
  readonly number: number;
  readonly transfer: string;
  readonly posts: number;
  /** All that was done to its processes. */
  readonly kills: number;
  readonly deeds: ReadonlyMap<Deed, number>;
  readonly seconds: number;
  readonly copies: number;
  readonly lastKill: string;
  readonly errors: ReadonlyMap<string, number>;
  /** How often a process has ended because another one had taken over. */
  readonly takenOver: number;
  readonly takeOvers: readonly TakeOver[];
}

const POSTS_PER_WORLD = 48;
/** As long as Redis and another process are there. */
const LONGEST_TAKE_OVER_MS = 10_000;
const SAID_EVERY = 20;
const LOOK_EVERY_MS = 500;
const SHOWN_AGAIN_MS = 5_000;
/** So many of each, at most. */
const [WEBS, BOTS] = [2, 2];

/**
 * Kills and cuts off processes of one Nod on several machines again and again while people post in both chats, in one world
 * after the other, and says what is wrong then.
 */
export async function tortureMachines({
  seed,
  kills,
  posts,
  machines,
  areCutOff = false,
  folder,
  only,
  signal,
  say = () => {},
}: {
  seed: number;
  /** At least so many of each; a world that is begun is finished. */
  kills: number;
  posts: number;
  machines: number;
  /** Each machine has a network of its own, from which it is cut off; else its processes are held up instead. */
  areCutOff?: boolean;
  /** Has room for the data of each world; what is left there is of worlds in which something was wrong. */
  folder: string;
  /** Does this world of the run alone. */
  only?: number | undefined;
  /** Begins no further world. */
  signal?: AbortSignal;
  say?: (text: string) => void;
}): Promise<FleetReport[]> {
  const worlds: FleetReport[] = [];
  const perWorld = Math.min(POSTS_PER_WORLD, posts);
  const plan = { posts: perWorld, kills: Math.ceil((kills * perWorld) / posts), machines, areCutOff };
  await using stack = new AsyncDisposableStack();
  const s3 = await startS3();
  stack.defer(() => s3.stop());
  const sum = (of: 'kills' | 'posts') => worlds.reduce((all, one) => all + one[of], 0);
  for (let number = only ?? 1; sum('kills') < kills || sum('posts') < posts; number += 1) {
    if (signal?.aborted) break;
    const report = await tortureFleet({
      ...plan,
      s3,
      number,
      random: createRandom(seed * 1_000 + number),
      folder: join(folder, `world-${number}`),
      say: (text) => say(`World ${number}: ${text}`),
    });
    worlds.push(report);
    if (only !== undefined) break;
  }
  return worlds;
}

async function tortureFleet({
  s3,
  number,
  random,
  posts,
  kills,
  machines,
  areCutOff,
  folder,
  say,
}: {
  s3: S3Server;
  number: number;
  random: Random;
  posts: number;
  kills: number;
  machines: number;
  areCutOff: boolean;
  folder: string;
  say: (text: string) => void;
}): Promise<FleetReport> {
  const begun = performance.now();
  const transfer = transferOf(number);
  await using stack = new AsyncDisposableStack();
  const network = areCutOff ? stack.use(createNetwork(machines)) : undefined;
  const places: readonly Place[] =
    network?.places ?? Array.from({ length: machines }, () => ({ address: '127.0.0.1', within: [] }));
  const bucket = await makeBucket(s3);
  const redis = await startRedis({ 'protected-mode': 'no' });
  stack.defer(() => redis.stop());
  const redisUrl = redis.newUrl();
  const world = stack.use(
    await createTortureWorld({
      number,
      transfer,
      folder,
      environment: {
        REDIS_URL: redisUrl,
        SECRET_KEY: 'a key that all of them share',
        ...bucketEnvironment(bucket),
      },
    }),
  );
  const seats = await seatEverybody(world);
  const fleet = stack.use(await createFleet({ world, folder, places, roles: rolesOn(machines) }));
  stack.use(
    await startBalancer({
      port: Number(world.environment.PORT),
      targets: () =>
        fleet.members
          .filter(({ role }) => role === 'web')
          .map(({ machine, port }) => ({ host: places[machine]?.address ?? '', port })),
    }),
  );
  const runs = stack.use(createRuns(redisUrl));
  const { persist, missing } = createPersistence({ world, nextReady: fleet.nextReady });
  const { stories, begin } = await dealWork({ world, number, places: seats, random, posts, persist });
  await fleet.start();
  const chaos = createChaos({ fleet, network, redis, runs, machines, random });
  let isOver = false;
  const done = begin().then((faults) => {
    isOver = true;
    fleet.faults.push(...faults);
    return true;
  });
  for (let said = 0; chaos.total() < kills && !isOver; ) {
    await chaos.strike();
    if (chaos.total() < said + SAID_EVERY) continue;
    said = chaos.total();
    say(`${said} kills, the last one ${chaos.last()}.`);
  }
  await chaos.whenMended();
  say(`${chaos.total()} kills in ${secondsSince(begun)} s; now it is left alone.`);
  if (!(await isDoneInTime(world, done))) fleet.faults.push(...missing());
  await whenSure(world);
  await comeToRest(world, fleet);
  await fleet.start();
  const copies = await pressCopies(world);
  await comeToRest(world, fleet);
  const stored = new Set<string>();
  const opened = createBucket(bucket);
  for await (const { key } of mediaIn(opened)) stored.add(key);
  opened.close();
  const folders = fleet.members.map(({ dataDir }) => dataDir);
  const verdict = await judge(world, stories, { folders, stored });
  const takeOvers = [...fleet.leads.takeOvers(), ...runs.takeOvers()];
  const late = fleet.leads
    .takeOvers()
    .filter(({ isPlain, ms }) => isPlain && ms > LONGEST_TAKE_OVER_MS)
    .map(({ how, ms }) => `Nobody led for ${ms} ms: ${how}.`);
  const own = [...fleet.faults, ...late];
  const report: FleetReport = {
    ...verdict,
    copies,
    stuck: verdict.stuck + own.length,
    words: [...own, ...verdict.words],
    number,
    transfer,
    posts: stories.length,
    kills: chaos.total(),
    deeds: chaos.counts(),
    seconds: Number(secondsSince(begun)),
    lastKill: chaos.last(),
    errors: fleet.errors,
    takenOver: fleet.ends.takenOver,
    takeOvers,
  };
  say(`${report.posts} posts, ${report.kills} kills, ${report.seconds} s, ${report.words.length} faults.`);
  await (isFaultless(report) ? rm(folder, { recursive: true }) : keep(world, report, folder));
  return report;
}

/** Resolves once no edit may come late that another one has overtaken, of a machine that was cut off. */
async function whenSure(world: World): Promise<void> {
  await using stores = await openWorldRecords(world, { isReadOnly: true });
  const cards = stores.store<CardRecord>('cards');
  // What is gone is not shown once more.
  const isUnsure = ([, { unsureUntil = 0 }]: [string, CardRecord]) =>
    unsureUntil > Date.now() - SHOWN_AGAIN_MS;
  while ((await Array.fromAsync(cards.entries())).some(isUnsure)) await pause(LOOK_EVERY_MS);
}

/** A worker on each machine; two of them have pages and hold the chats as well. */
function rolesOn(machines: number) {
  return Array.from({ length: machines }, (_, machine) => [
    { name: `worker-${machine + 1}`, role: 'worker', machine },
    ...(machine < WEBS ? [{ name: `web-${machine + 1}`, role: 'web', machine }] : []),
    // On other machines than the pages, where there are enough.
    ...(machine >= machines - BOTS ? [{ name: `bots-${machine + 1}`, role: 'bots', machine }] : []),
  ]).flat();
}
