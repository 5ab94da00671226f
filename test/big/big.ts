import { createHash } from 'node:crypto';
import { createReadStream, watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from 'grammy/types';
import { Upload } from 'tus-js-client';
import type { Post } from '../../src/core/publish/post.ts';
import { planChunks } from '../../src/core/publish/transfer/chunks.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { makeMovie } from '../bench/media-inputs.ts';
import type { Chunk, Publish } from '../emulators/tiktok/index.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import { seed as seedAccounts } from '../seed.ts';
import { settle } from '../settle.ts';
import { buttonsOf, createWorld, textOf, type World } from '../world.ts';
import { type Lives, startLives } from './lives.ts';

export interface BigOptions {
  readonly bytes: number;
  /** On the way in, and as many on the way out. */
  readonly kills: number;
  readonly seed: number;
  readonly transfer: 'pull' | 'upload';
  /** Has room for four times the bytes. */
  readonly folder: string;
  readonly say?: (text: string) => void;
}

export interface BigReport {
  readonly bytes: number;
  readonly killsIn: number;
  readonly killsOut: number;
  readonly secondsIn: number;
  readonly secondsPreparing: number;
  readonly secondsOut: number;
  /** The most that any life of Nod had in memory: as sampled, and by the kernel's mark; 0 where there is no /proc. */
  readonly sampledBytes: number;
  readonly peakBytes: number;
  /** That mark for each life in megabytes, one after the other. */
  readonly peaks: string;
  readonly attempts: number;
  readonly faults: readonly string[];
}

const WHOLE_PATIENCE_MS = 3_600_000;
/** Bigger ones are not decoded by TikTok's emulator: it would take minutes. */
const DECODED_BYTES = 100_000_000;
/** Below ten minutes also with 4 GB. */
const BIG_MOVIE = { pieceSeconds: 5, megabits: 60 };
const SMALL_MOVIE = { pieceSeconds: 5, megabits: 24, size: '540x960', noise: 60 };
const CHUNK_BYTES = 50_000_000;
/** More than the system keeps of a connection between two programs. */
const CONNECTION_BYTES = 12_000_000;
/** So many pulls that a kill has cut have failed for TikTok; after that it begins them anew. */
const FAILING_PULLS = 2;
const LINK = /https:\/\/www\.tiktok\.com\/@studio\.ana\/video\/\d{19}/;
const SMALL = fileURLToPath(new URL('../fixtures/tiktok-h264.mp4', import.meta.url));

/**
 * Takes a video through the upload page into a draft and out to TikTok, while Nod is killed at random moments, and says
 * what has become of it.
 */
export async function runBig(options: BigOptions): Promise<BigReport> {
  const { bytes, kills, transfer, folder, say = () => {} } = options;
  const random = createRandom(options.seed);
  await using stack = new AsyncDisposableStack();
  const movie = join(folder, 'movie.mp4');
  stack.defer(() => rm(movie, { force: true }));
  say('Making the video …');
  await makeMovie(movie, bytes, bytes > DECODED_BYTES ? BIG_MOVIE : SMALL_MOVIE);
  const { size } = await stat(movie);
  const sent = await hashOf(movie);
  const temporary = join(folder, 'nod-tmp');
  await mkdir(temporary, { recursive: true });
  const world = stack.use(
    await createWorld({
      environment: { VIDEO_TRANSFER: transfer, TMPDIR: temporary },
      tiktok: {
        processingMs: 500,
        pull: { retryMs: 200 },
        strict: { decodeMedia: size <= DECODED_BYTES },
      },
    }),
  );
  const { ana, anaChat } = world.telegram;
  world.telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const place = { workspace: `telegram:${anaChat.id}`, chat: `telegram:${anaChat.id}` as const };
  const connectedBy = { id: `telegram:${ana.id}`, name: 'Ana' };
  await seedAccounts(world, [{ ...place, title: 'Ana', isPrivate: true, connectedBy }]);
  const lives = stack.use(await startLives(world));

  const page = await openPage(world);
  say(`Uploading ${size} bytes …`);
  const begun = performance.now();
  // Drawn at once: how many draws follow depends on how fast the machine is.
  const pointsIn = pointsOf(random, kills, 1.05);
  const pointsOut = pointsOnTheWayOut(random, { kills, transfer, size });
  const killedWhileUploading = await upload({ page, movie, size, points: pointsIn, lives, say });
  const uploaded = performance.now();
  let killsIn = killedWhileUploading;
  const ready = waitFor(world, isReady);
  for (; killsIn < kills; killsIn += 1) {
    await lives.running();
    await mediaChanges(world, { count: random.below(Math.max(10, size / 1e6)), orUntil: ready });
    lives.kill();
    say(`Killed ${killsIn + 1} of ${kills} after the last byte.`);
  }
  await lives.running();
  const draft = await ready;
  const prepared = performance.now();

  await world.telegram.press(draft, 'Everyone', ana);
  await world.telegram.press(draft, 'Post now', ana);
  const killsOut = await killOnTheWayOut({ world, lives, points: pointsOut, size, say });
  await waitFor(world, (message) => LINK.test(textOf(message)));
  const published = performance.now();
  await settle(world, lives);
  const seconds = (from: number, to: number) => (to - from) / 1000;
  return {
    bytes: size,
    killsIn,
    killsOut,
    secondsIn: seconds(begun, uploaded),
    secondsPreparing: seconds(uploaded, prepared),
    secondsOut: seconds(prepared, published),
    sampledBytes: lives.sampledBytes(),
    peakBytes: Math.max(0, ...lives.peaks()),
    peaks: lives
      .peaks()
      .map((bytes) => Math.round(bytes / 1e6))
      .join(' '),
    attempts: world.tiktok.state.publishes.length,
    faults: [...(await faultsOf(world, sent)), ...(await leftIn(world, temporary))],
  };
}

/** Resolves once Nod has changed files of its media so many times, or there is nothing left to be done. */
async function mediaChanges(
  { dataDir }: World,
  { count, orUntil }: { count: number; orUntil: Promise<unknown> },
): Promise<void> {
  const watcher = watch(join(dataDir, 'media'));
  try {
    const changes = Promise.withResolvers<void>();
    let seen = 0;
    watcher.on('change', () => {
      seen += 1;
      if (seen >= count) changes.resolve();
    });
    await Promise.race([changes.promise, orUntil]);
  } finally {
    watcher.close();
  }
}

/** Where on the way Nod is killed, as shares of it. */
const pointsOf = (random: Random, count: number, end: number): number[] =>
  Array.from({ length: count }, () => random.next() * end).toSorted((one, other) => one - other);

/** What the connection holds arrives after a kill as well: it must not be all that is missing before the last of them. */
function pointsOnTheWayOut(
  random: Random,
  { kills, transfer, size }: { kills: number; transfer: 'pull' | 'upload'; size: number },
): number[] {
  if (transfer === 'pull') return pointsOf(random, kills, 1 - Math.min(0.5, CONNECTION_BYTES / size));
  const { chunkSize, totalChunkCount } = planChunks(size);
  const points = pointsOf(random, kills, ((totalChunkCount - 1) * chunkSize) / size);
  // One falls into the last chunk, with which it becomes a post.
  if (kills > 0) points[kills - 1] = 1 - Math.min(0.3, 5_000_000 / size);
  return points;
}

/** The link to the upload page of a draft whose file is too big for the chat. */
async function openPage(world: World): Promise<string> {
  const { telegram } = world;
  const bytes = await readFile(SMALL);
  const tooBig = { bytes, fileName: 'movie.mp4', mimeType: 'video/mp4', declaredBytes: 31_000_000 };
  await telegram.sendDocument(telegram.anaChat, telegram.ana, tooBig);
  const refused = await waitFor(world, (message) => buttonsOf(message).includes('Add a big file'));
  await telegram.press(refused, 'Add a big file', telegram.ana);
  const given = await waitFor(world, (message) => textOf(message).includes('Upload files of up to'));
  const [link] = /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(JSON.stringify(given)) ?? [];
  if (link === undefined) throw new Error('The message has no link to the upload page.');
  return link;
}

/** Uploads as the page does; how often Nod was killed meanwhile. */
async function upload({
  page,
  movie,
  size,
  points,
  lives,
  say,
}: {
  page: string;
  movie: string;
  size: number;
  points: readonly number[];
  lives: Lives;
  say: (text: string) => void;
}): Promise<number> {
  let killed = 0;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const tus = new Upload(createReadStream(movie), {
    endpoint: `${page}/files`,
    uploadSize: size,
    chunkSize: CHUNK_BYTES,
    metadata: { filename: 'movie.mp4' },
    retryDelays: Array.from({ length: 200 }, () => 200),
    onProgress(sent) {
      const point = points[killed];
      // Before that, these may be bytes that were on their way to a dead one.
      if (!lives.isReady()) return;
      if (point === undefined || sent < point * size || !lives.kill()) return;
      killed += 1;
      say(`Killed ${killed} of ${points.length} at byte ${sent}.`);
    },
    onSuccess: () => resolve(),
    onError: reject,
  });
  tus.start();
  await done;
  return killed;
}

async function killOnTheWayOut({
  world,
  lives,
  points,
  size,
  say,
}: {
  world: World;
  lives: Lives;
  points: readonly number[];
  size: number;
  say: (text: string) => void;
}): Promise<number> {
  const { tiktok } = world;
  let killed = 0;
  /** What the last kill has cut: some of its bytes may still come. */
  let cut: Transfer | undefined;
  for (const point of points) {
    let isKilled = false;
    // Nod goes on with it before it is ready, and may be done by then.
    await tiktok.whenPublish((publish) => {
      if (publish !== tiktok.state.publishes.at(-1)) return false;
      if (hasAllBytes(publish)) return true;
      const current = transferOf(publish);
      isKilled = current !== cut && onTheWay(publish) >= point * size && lives.kill();
      if (isKilled) cut = current;
      return isKilled;
    });
    if (!isKilled) break;
    tiktok.options.pull.cutRetries = killed < FAILING_PULLS ? 0 : 1_000_000;
    killed += 1;
    say(`Killed ${killed} of ${points.length} at ${Math.round(point * 100)} % of the way out.`);
  }
  await lives.running();
  return killed;
}

type Transfer = Chunk | Publish['fetches'][number];

/** The chunk or the fetch by which bytes come. */
const transferOf = ({ upload, fetches }: Publish): Transfer | undefined =>
  upload === undefined ? fetches.at(-1) : upload.chunks.at(-1);

const hasAllBytes = ({ stage, status }: Publish): boolean =>
  stage === 'processing' || status === 'PUBLISH_COMPLETE';

/** How many bytes TikTok has of what is under way. */
function onTheWay({ stage, upload, uploadedBytes, fetches }: Publish): number {
  if (stage === 'uploading') {
    const chunk = upload?.chunks.at(-1);
    return (
      uploadedBytes +
      (chunk === undefined || chunk.isTaken || chunk.status !== undefined ? 0 : chunk.received)
    );
  }
  const fetch = fetches.at(-1);
  return stage === 'pulling' && fetch?.method === 'GET' && fetch.error === undefined ? fetch.bytes : 0;
}

/** What is not as it has to be: one post at TikTok, of the bytes that Nod has prepared from those that were uploaded. */
async function faultsOf({ tiktok, dataDir }: World, sent: string): Promise<string[]> {
  const published = tiktok.state.publishes.filter(({ status }) => status === 'PUBLISH_COMPLETE');
  const posts = await postsIn(dataDir);
  const faults: string[] = [];
  if (published.length !== 1) faults.push(`TikTok has published it ${published.length} times.`);
  if (posts.length !== 1) faults.push(`Nod has ${posts.length} posts.`);
  const [post] = posts;
  if (post?.content.sources.some(({ file }) => file.sha256 !== sent))
    faults.push('Nod has other bytes than were uploaded.');
  const prepared = post?.media?.map(({ file }) => file.sha256);
  const received = published.flatMap(({ media }) => media.map(({ sha256 }) => sha256));
  if (JSON.stringify(prepared) !== JSON.stringify(received))
    faults.push('TikTok has other bytes than Nod has prepared.');
  faults.push(...tiktok.state.lint);
  return faults;
}

/** What lies on the disk without belonging to the post. */
async function leftIn({ dataDir }: World, temporary: string): Promise<string[]> {
  const posts = await postsIn(dataDir);
  const owned = posts.flatMap(({ content, media = [], preview }) =>
    [preview, ...content.sources.map(({ file }) => file), ...media.map(({ file }) => file)].map(
      (file) => file?.key,
    ),
  );
  const inMedia = (await readdir(join(dataDir, 'media'))).filter((name) => !owned.includes(name));
  const others = (await readdir(dataDir)).filter(
    (name) => !/^(nod\.db(-\w+)?|nod\.lock(-journal|\.json)?|secret\.key|media)$/.test(name),
  );
  const left = [...inMedia, ...others, ...(await readdir(temporary))];
  return left.map((name) => `${name} is left over.`);
}

async function postsIn(dataDir: string): Promise<Post[]> {
  await using stores = openStores({ file: join(dataDir, 'nod.db') });
  const entries = await Array.fromAsync(stores.store<Post>('posts').entries());
  return entries.map(([, post]) => post);
}

const waitFor = ({ telegram }: World, fits: (message: Message) => boolean): Promise<Message> =>
  telegram.waitForMessage(telegram.anaChat, fits, { timeoutMs: WHOLE_PATIENCE_MS });

const isReady = (message: Message): boolean =>
  buttonsOf(message).includes('Everyone') && textOf(message).includes('Video for TikTok');

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest('hex');
}
