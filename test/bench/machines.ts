import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { runNod } from '../e2e/process.ts';
import { startMachines } from '../machines/machines.ts';
import { NO_REDIS, startRedis } from '../redis-server.ts';
import { bucketEnvironment, makeBucket, NO_S3, startS3 } from '../s3-server.ts';
import { type SeededPlace, seed } from '../seed.ts';
import { createWorld, type World } from '../world.ts';
import { bytesOf } from './nod-process.ts';
import { makeReady, type Seated } from './people.ts';
import { type Figure, megabytes } from './report.ts';
import { makeJpeg } from './seed.ts';

const PEOPLE = 24;
/** TikTok takes six `init` a minute of one account; every fifth post is a video. */
const POSTS_EACH = 5;
const POSTS = PEOPLE * POSTS_EACH;
const PATIENCE_MS = 180_000;
/** What was begun before the taps is over when no process has used more of a core in so long. */
const QUIET_MS = 1_000;
const QUIET_CORES = 0.05;
/** Of `/proc/PID/stat`, as Linux tells programs. */
const TICKS_PER_SECOND = 100;
const WORKERS = [1, 2, 3];

/** The processes of one Nod while they are measured. */
interface Running extends AsyncDisposable {
  /** The process of each name, which begins with its role. */
  readonly pids: ReadonlyMap<string, number>;
}

/** Posts a minute, from taps at once to `init` at TikTok's: one process on a file and on Redis, then several with their roles. */
export async function benchMachines(): Promise<Figure[]> {
  const figures = await measure('one process, records in a file', {}, startOne);
  const skipped = NO_REDIS ?? NO_S3;
  if (skipped !== undefined) return [...figures, { what: 'several processes', figure: skipped, beside: '' }];
  await using stack = new AsyncDisposableStack();
  const redis = await startRedis();
  stack.defer(() => redis.stop());
  const s3 = await startS3();
  stack.defer(() => s3.stop());
  const newSettings = async () => ({
    REDIS_URL: redis.newUrl(),
    SECRET_KEY: 'a key that all of them share',
    ...bucketEnvironment(await makeBucket(s3)),
  });
  const { REDIS_URL } = await newSettings();
  figures.push(...(await measure('one process, Redis', { REDIS_URL }, startOne)));
  figures.push(...(await measure('one process, Redis and S3', await newSettings(), startOne)));
  for (const workers of WORKERS) {
    const name = `1 web, 1 bots, ${workers} worker${workers === 1 ? '' : 's'}, Redis and S3`;
    const settings = await newSettings();
    const { REDIS_URL: redisUrl, SECRET_KEY: _, ...bucket } = settings;
    const roles = Object.fromEntries([
      ['bots', 'bots'],
      ['web', 'web'],
      ...Array.from({ length: workers }, (_, index) => [`worker ${index + 1}`, 'worker']),
    ]);
    figures.push(
      ...(await measure(name, settings, async (world) => {
        const { machines, ...started } = await startMachines({ world, redisUrl, bucket, roles });
        return { ...started, pids: new Map(machines.map((one) => [one.name, one.process.pid])) };
      })),
    );
  }
  figures.push({
    what: `what ${availableParallelism()} cores show`,
    figure: 'see beside',
    beside:
      'all processes, Redis, S3, TikTok and the chats share them, so more workers add nothing once both are busy: ' +
      'the cores of each line tell what a post costs, and a core of its own for each process is what more machines would give',
  });
  return figures;
}

async function startOne({ environment }: World): Promise<Running> {
  const nod = runNod({ environment });
  await nod.logged('Nod is ready');
  return { pids: new Map([['all roles', nod.pid]]), [Symbol.asyncDispose]: nod[Symbol.asyncDispose] };
}

async function measure(
  name: string,
  environment: Readonly<Record<string, string>>,
  start: (world: World) => Promise<Running>,
): Promise<Figure[]> {
  console.error(`… ${name}`);
  // TikTok's machines decode what they have fetched; here they would take their time from Nod's.
  await using world = await createWorld({ environment, tiktok: { strict: { decodeMedia: false } } });
  world.telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const people = await seat(world);
  await using nod = await start(world);
  const cards = await Promise.all(people.map((person, index) => compose(world, person, index)));
  const { tiktok, telegram } = world;
  await whenQuiet(nod);
  const [before, own] = [cpuOf(nod), process.cpuUsage()];
  const startedAt = performance.now();
  const pressed = cards.flatMap(({ person, ready }) =>
    ready.map((card) => telegram.press(card, 'Post now', person.user, { timeoutMs: PATIENCE_MS })),
  );
  await tiktok.whenPublish(() => tiktok.state.publishes.length === POSTS);
  const ms = performance.now() - startedAt;
  const cores = (seconds: number) => (seconds / (ms / 1_000)).toFixed(2);
  const { user, system } = process.cpuUsage(own);
  const used = [...cpuOf(nod)].map(
    ([role, seconds]) => `${role} ${cores(seconds - (before.get(role) ?? 0))}`,
  );
  await Promise.all(pressed);
  const memory = [...nod.pids].map(
    ([role, pid]) =>
      `${role} ${megabytes(bytesOf(pid, 'VmRSS') ?? 0)} (${megabytes(bytesOf(pid, 'VmHWM') ?? 0)})`,
  );
  return [
    {
      what: `init a minute of ${POSTS} posts at once: ${name}`,
      figure: String(Math.round(POSTS / (ms / 60_000))),
      beside: `cores: ${used.join(', ')}; TikTok, the chats and the balancer ${cores((user + system) / 1e6)}`,
    },
    { what: `memory now (at most): ${name}`, figure: memory.join(', '), beside: '' },
  ];
}

/** People with a private chat and an account of their own, as a Nod that does not run yet has met them. */
async function seat(world: World): Promise<Seated[]> {
  const { telegram, tiktok } = world;
  const people = Array.from({ length: PEOPLE }, (_, index) => {
    const user = telegram.user({ firstName: `Person${index}` });
    const { username } = tiktok.seedCreator({ username: `person${index}`, postCap: 1_000 });
    return { user, chat: telegram.privateChat(user), username };
  });
  await seed(
    world,
    people.map(
      ({ user, chat, username }): SeededPlace => ({
        workspace: `telegram:${chat.id}`,
        chat: `telegram:${chat.id}`,
        title: user.first_name,
        isPrivate: true,
        connectedBy: { id: `telegram:${user.id}`, name: user.first_name },
        creator: username,
      }),
    ),
  );
  return people;
}

/** Somebody's files, each in a draft of its own that lacks nothing but the last tap; none has to be converted. */
async function compose(world: World, person: Seated, index: number) {
  const { telegram } = world;
  const { chat, user } = person;
  for (let count = 1; count < POSTS_EACH; count += 1)
    await telegram.sendPhoto(chat, user, { bytes: await makeJpeg(index * POSTS_EACH + count) });
  await telegram.sendVideo(chat, user, { bytes: await makeClip(index), fileName: `clip-${index}.mp4` });
  return { person, ready: await makeReady(world, person, POSTS_EACH) };
}

/** A video like no other: a box that readers skip has its number. ISO/IEC 14496-12, `free`. */
async function makeClip(number: number): Promise<Buffer> {
  const playable = await readFile(new URL('../fixtures/tiktok-h264.mp4', import.meta.url));
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4);
  box.writeUInt32BE(number, 8);
  return Buffer.concat([playable, box]);
}

/** Resolves once the processes do no more than they do at rest, three times; the programs that they run are not counted. */
async function whenQuiet(nod: Running): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let before = usedBy(nod), quiet = 0; quiet < 3; ) {
    if (performance.now() > until) throw new Error('Nod does not come to rest.');
    await delay(QUIET_MS);
    const now = usedBy(nod);
    quiet = now - before < (QUIET_CORES * nod.pids.size * QUIET_MS) / 1_000 ? quiet + 1 : 0;
    before = now;
  }
}

const usedBy = (nod: Running): number => [...cpuOf(nod).values()].reduce((sum, seconds) => sum + seconds, 0);

/** The seconds of a processor that each process has used so far. */
function cpuOf({ pids }: Running): Map<string, number> {
  return new Map([...pids].map(([role, pid]) => [role, cpuSeconds(pid)]));
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime and stime are the 14th and the 15th, and a name may have blanks. */
function cpuSeconds(pid: number): number {
  const [, behindName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = behindName.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
