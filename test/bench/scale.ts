import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { hashContent, type Post } from '../../src/core/publish/post.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { POSTS } from '../core/posts.ts';
import { type SeededPlace, seed } from '../seed.ts';
import { createWorld, discordOf, type World } from '../world.ts';
import { startNod } from './nod-process.ts';
import { type Figure, megabytes, milliseconds, percentile, seconds } from './report.ts';

const SIZES = [20, 700, 10_000] as const;
const FIRST_MINUTE_MS = 60_000;
const QUIET_MS = 3_000;
const HOUR_MS = 3_600_000;
const GROUPS = 10;
/** Of ten open posts so many wait for votes in a group, so many in a channel, and the others for their time. */
const IN_GROUPS = 5;
const IN_CHANNEL = 3;
const GOALS = {
  20: { readyMs: 2_000, bytes: 250e6 },
  700: { readyMs: 2_000, bytes: 250e6 },
  10000: { readyMs: 3_000, bytes: 300e6 },
} as const;
const HEALTH_GOAL_MS = 100;

/** What a start costs with so many open posts, whose cards are in the chats as they should be. */
export async function benchScale(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of SIZES) figures.push(...(await startOver(size)));
  return figures;
}

async function startOver(size: (typeof SIZES)[number]): Promise<Figure[]> {
  console.error(`… with ${size} open posts`);
  await using world = await createWorld({ withDiscord: true });
  world.telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  discordOf(world).setRateLimits({
    sends: false,
    edits: false,
    reactions: false,
    others: false,
    global: false,
  });
  await seedPosts(world, size);
  await firstLife(world, size);
  const before = callsOf(world);
  await using nod = await startNod(world, { logFile: join(world.dataDir, 'log') });
  const probe = startProbe(`${world.publicUrl}/healthz`);
  await delay(FIRST_MINUTE_MS - nod.readyMs);
  const answers = await probe.stop();
  const after = callsOf(world);
  const calls = after.flatMap((each, chat) => each.slice(before[chat]?.length));
  const goal = GOALS[size];
  const name = `${size} open posts`;
  const peak = nod.peakBytes();
  return [
    {
      what: `start to ready with ${name}`,
      figure: seconds(nod.readyMs),
      beside: `goal < ${seconds(goal.readyMs)}`,
      isMet: nod.readyMs < goal.readyMs,
    },
    ...(peak === undefined
      ? []
      : [
          {
            what: `most memory (VmHWM) in the first minute with ${name}`,
            figure: megabytes(peak),
            beside: `goal < ${megabytes(goal.bytes)}`,
            isMet: peak < goal.bytes,
          },
        ]),
    {
      what: `calls to the chats in the first minute with ${name}`,
      figure: String(calls.length),
      beside: tally(calls),
    },
    {
      what: `/healthz, p99 of ${answers.length} with ${name}`,
      figure: milliseconds(percentile(answers, 0.99)),
      beside: `goal < ${HEALTH_GOAL_MS} ms; at most ${milliseconds(Math.max(...answers))}`,
      isMet: percentile(answers, 0.99) < HEALTH_GOAL_MS,
    },
  ];
}

/** Posts as people have left them: reviews in ten groups and in a server, and what is approved and waits for its time. */
async function seedPosts(world: World, size: number): Promise<void> {
  const { telegram, dataDir } = world;
  const discord = discordOf(world);
  const dora = telegram.user({ firstName: 'Dora' });
  const person = { id: `telegram:${dora.id}`, name: 'Dora' };
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    telegram.group({ title: `Team ${index + 1}`, admins: [dora], botIsAdmin: true, supergroup: true }),
  );
  const places: SeededPlace[] = [
    ...groups.map(({ id, title }) => ({
      workspace: `telegram:${id}`,
      chat: `telegram:${id}`,
      title,
      connectedBy: person,
    })),
    {
      workspace: `discord:${discord.studio.id}`,
      chat: `discord:${discord.posts.id}`,
      title: 'Studio',
      connectedBy: { id: `discord:${discord.ana.id}`, name: 'Ana' },
    },
  ].map((place) => ({ ...place, isPrivate: false }));
  await seed(world, places);
  const openId = world.tiktok.openIdOf();
  const file = join(dataDir, 'nod.db');
  await (async () => {
    await using stores = openStores({ file });
    await stores.store<Post>('posts').get('none');
  })();
  const database = new Database(file);
  const insert = database.prepare('INSERT INTO "keyv" (key, value, namespace) VALUES (?, ?, ?)');
  const server = places.at(-1);
  database.transaction(() => {
    for (let index = 0; index < size; index += 1) {
      const kind = index % 10;
      const place =
        kind >= IN_GROUPS && kind < IN_GROUPS + IN_CHANNEL ? server : places[Math.floor(index / 10) % GROUPS];
      if (place !== undefined) {
        const value = postOf(index, { place, openId, isReview: kind < IN_GROUPS + IN_CHANNEL });
        insert.run(value.id, JSON.stringify({ value }), 'posts');
      }
    }
  })();
  database.close();
}

function postOf(
  index: number,
  {
    place: { workspace, chat, connectedBy },
    openId,
    isReview,
  }: { place: SeededPlace; openId: string; isReview: boolean },
): Post {
  const id = `open-${index}`;
  const now = Date.now();
  const content = {
    ...POSTS.in_review.content,
    openId,
    caption: `Take ${index} of the summer, with everybody`,
  };
  const author = connectedBy ?? POSTS.in_review.author;
  const own = {
    id,
    draftId: id,
    author,
    workspace,
    chat,
    content,
    contentHash: hashContent(content),
  };
  const base = { ...own, createdAt: now - HOUR_MS, since: now - HOUR_MS };
  if (!isReview)
    return { ...POSTS.queued, ...base, notBefore: now + 48 * HOUR_MS, publishAt: now + 48 * HOUR_MS };
  const review = { ...POSTS.in_review.review, chats: [chat], places: [workspace] };
  return { ...POSTS.in_review, ...base, review, expiresAt: now + 72 * HOUR_MS };
}

/** Has every card shown once, faster than the chats would let it, so that nothing is left to be said. */
async function firstLife(world: World, size: number): Promise<void> {
  await using _nod = await world.start();
  const count = () => callsOf(world).flat().length;
  const cards = () => world.telegram.state.messages.length + discordOf(world).state.messages.size;
  for (let seen = -1; cards() < size || seen !== count(); await delay(QUIET_MS)) seen = count();
}

/** The names of all calls so far to each chat, without those that only listen. */
const callsOf = (world: World): string[][] => [
  world.telegram.state.requests.map(({ method }) => method).filter((method) => method !== 'getUpdates'),
  discordOf(world).state.requests.map(({ route }) => route),
];

function tally(calls: readonly string[]): string {
  const counts = Map.groupBy(calls, (call) => call);
  const sorted = [...counts].sort(([, a], [, b]) => b.length - a.length);
  return sorted.map(([call, all]) => `${all.length} ${call}`).join(', ');
}

/** Asks without a pause from a thread of its own, which nothing else holds up; how long each answer took (milliseconds). */
function startProbe(url: string) {
  const worker = new Worker(new URL('./health-probe.ts', import.meta.url), { workerData: { url } });
  return {
    stop: () =>
      new Promise<number[]>((resolve, reject) => {
        worker.once('message', resolve).once('error', reject);
        worker.postMessage('stop');
      }),
  };
}
