import { setTimeout as pause } from 'node:timers/promises';
import type { Message } from 'grammy/types';
import sharp from 'sharp';
import { studio } from '../fixtures/scenes.ts';
import { createWorld, type World } from '../world.ts';
import { type NodProcess, startNod } from './nod-process.ts';
import { makeReady, type Seated, seatPerson } from './people.ts';
import { type Figure, median, megabytes, seconds } from './report.ts';

const STARTS = 5;
const READY_GOAL_MS = 1_500;
const REST_MS = 3_000;
const MEMORY_GOAL_BYTES = 160e6;
const CALLS_GOAL = 4;
const ALBUM_PHOTOS = 10;
const LINK_PATIENCE_MS = 60_000;
/** TikTok's pace for a short post, seconds where it often takes minutes; its decoding would cost this machine's time. */
const TIKTOK = { processingMs: 1_500, moderationMs: 3_000, strict: { decodeMedia: false } };

/** The process from its start to two published posts: time, memory and the calls that it makes to TikTok. */
export async function benchStartToLive(): Promise<Figure[]> {
  await using world = await createWorld({ tiktok: TIKTOK });
  const starts = await measureStarts(world, STARTS - 1);
  await using nod = await startNod(world);
  starts.push(nod.readyMs);

  const atRest = await memory(nod, 'memory at rest', MEMORY_GOAL_BYTES);
  const album = await publishAlbum(world);
  const afterAlbum = await memory(nod, `memory after an album of ${ALBUM_PHOTOS}`);
  const video = await publishVideo(world);
  return [
    startFigure(starts, 'start to ready'),
    ...atRest,
    ...afterAlbum,
    callsFigure('album', album),
    callsFigure('video', video),
  ];
}

/** Starting and resting with both chats, which loads the library of each. */
export async function benchBothChats(): Promise<Figure[]> {
  await using world = await createWorld({ withDiscord: true });
  const starts = await measureStarts(world, STARTS - 1);
  await using nod = await startNod(world);
  starts.push(nod.readyMs);
  return [
    startFigure(starts, 'start to ready with both chats'),
    ...(await memory(nod, 'memory at rest with both chats')),
  ];
}

async function measureStarts(world: World, count: number): Promise<number[]> {
  const starts: number[] = [];
  while (starts.length < count) {
    await using nod = await startNod(world);
    starts.push(nod.readyMs);
  }
  return starts;
}

function startFigure(starts: readonly number[], what: string): Figure {
  const ready = median(starts);
  return {
    what: `${what}, median of ${starts.length}`,
    figure: seconds(ready),
    beside: `goal < ${seconds(READY_GOAL_MS)}, first start ${seconds(starts[0] ?? 0)}`,
    isMet: ready < READY_GOAL_MS,
    why: 'most of it is imports; node --cpu-prof nod.js shows whose.',
  };
}

/** Nothing announces that a process has come to rest, so this waits a while first. */
async function memory(nod: NodProcess, what: string, goal?: number): Promise<Figure[]> {
  await pause(REST_MS);
  const bytes = nod.residentBytes();
  if (bytes === undefined) return [];
  if (goal === undefined) return [{ what, figure: megabytes(bytes), beside: '' }];
  return [
    {
      what,
      figure: megabytes(bytes),
      beside: `goal < ${megabytes(goal)}`,
      isMet: bytes < goal,
      why: 'most of it is V8 and the modules that are loaded at the start.',
    },
  ];
}

function callsFigure(kind: string, calls: readonly string[]): Figure {
  return {
    what: `calls to TikTok for one ${kind}`,
    figure: String(calls.length),
    beside: `goal ≤ ${CALLS_GOAL}: ${calls.join(', ')}`,
    isMet: calls.length <= CALLS_GOAL,
    why: 'see which of them could have waited for a webhook.',
  };
}

async function publishAlbum(world: World): Promise<string[]> {
  const person = await seatPerson(world, 'Album');
  const photos = await Promise.all(Array.from({ length: ALBUM_PHOTOS }, (_, index) => makePhoto(index)));
  return countCalls(world, person, () => world.telegram.sendAlbum(person.chat, person.user, photos));
}

async function publishVideo(world: World): Promise<string[]> {
  const person = await seatPerson(world, 'Video');
  const path = new URL('../fixtures/demo/sunset.mp4', import.meta.url).pathname;
  return countCalls(world, person, () => world.telegram.sendVideo(person.chat, person.user, { path }));
}

/** What is asked of TikTok for one post: from its first file to the link on its card. */
async function countCalls(world: World, person: Seated, offer: () => Promise<unknown>): Promise<string[]> {
  const { telegram, tiktok } = world;
  const before = tiktok.state.requests.length;
  await offer();
  const [card] = await makeReady(world, person, 1);
  if (card === undefined) throw new Error('The draft has no card.');
  await telegram.press(card, 'Post now', person.user);
  await telegram.waitForMessage(person.chat, (message) => isLive(card, message), {
    timeoutMs: LINK_PATIENCE_MS,
  });
  const calls = tiktok.state.requests.slice(before).filter((request) => request.creator === person.username);
  return calls.map((request) => request.endpoint ?? request.path);
}

function isLive(card: Message, message: Message): boolean {
  return (
    message.message_id === card.message_id && JSON.stringify(message).includes('https://www.tiktok.com/@')
  );
}

/** A photo of the size in which Telegram's apps send them; another number gives another colour. */
async function makePhoto(index: number) {
  const picture = sharp(Buffer.from(studio()))
    .resize(1920, 2560)
    .modulate({ hue: index * 36 });
  return { type: 'photo' as const, bytes: await picture.jpeg({ quality: 87 }).toBuffer() };
}
