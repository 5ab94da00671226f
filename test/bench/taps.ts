import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import type { Message } from 'grammy/types';
import { createWorld, type World } from '../world.ts';
import { timeWrites } from './disk.ts';
import { startNod } from './nod-process.ts';
import { makeReady, type Seated, seatPerson } from './people.ts';
import { type Figure, milliseconds, percentile } from './report.ts';
import { makeJpeg } from './seed.ts';

const POSTS = 200;
const WARM_UP = 10;
/** TikTok takes six `init` a minute of one account, so nobody posts more than this. */
const POSTS_EACH = 5;
const INIT_PATH = '/v2/post/publish/content/init/';
const GOAL_P50_MS = 30;
const GOAL_P99_MS = 100;

/** From the tap on *Post now* to the `init` request at TikTok's, one post after another. */
export async function benchTaps(): Promise<Figure[]> {
  await using world = await createWorld();
  await using _nod = await startNod(world);
  const people: Seated[] = [];
  for (let count = 0; count < (POSTS + WARM_UP) / POSTS_EACH; count += 1) {
    people.push(await seatPerson(world, `Person${count}`));
  }
  const drafts = await Promise.all(people.map((person, index) => compose(world, person, index)));

  const times: number[] = [];
  for (const { person, card } of drafts.flat()) times.push(await tap(world, person, card));
  // Afterwards: a write in between would wait for the disk in the next tap's place.
  const writes = await timeWrites(world.dataDir, POSTS);
  return figuresOf(times.slice(WARM_UP), writes);
}

/** On the way lie durable writes one after another, so a single one on the same disk stands beside it. */
function figuresOf(times: readonly number[], writes: readonly number[]): Figure[] {
  const figure = (what: string, p: number, goalMs: number): Figure => {
    const ms = percentile(times, p);
    const write = `a durable write of 4 KB here takes ${milliseconds(percentile(writes, p))}`;
    return {
      what,
      figure: milliseconds(ms),
      beside: `goal < ${goalMs} ms; ${write}`,
      isMet: ms < goalMs,
      why: `${write}, at the worst ${milliseconds(Math.max(...writes))}; a tap waits for several of them.`,
    };
  };
  return [
    figure(`tap on “Post now” to init on the wire, p50 of ${times.length}`, 0.5, GOAL_P50_MS),
    figure('the same, p99', 0.99, GOAL_P99_MS),
  ];
}

/** Somebody's photos, each in a draft of its own that lacks nothing but the last tap. */
async function compose(world: World, person: Seated, index: number) {
  const { chat, user } = person;
  for (let count = 0; count < POSTS_EACH; count += 1) {
    await world.telegram.sendPhoto(chat, user, { bytes: await makeJpeg(index * POSTS_EACH + count) });
  }
  const cards = await makeReady(world, person, POSTS_EACH);
  return cards.map((card) => ({ person, card }));
}

/** Milliseconds from the tap to the request; resolves once TikTok has published the post. */
async function tap({ telegram, tiktok }: World, { user }: Seated, card: Message): Promise<number> {
  // With a poll waiting, the press is handed over in the moment in which it is made.
  await telegram.waitForPoll();
  const before = tiktok.state.publishes.length;
  const arrival = nextInit();
  const tappedAt = performance.now();
  const { text } = await telegram.press(card, 'Post now', user);
  if (text !== undefined) throw new Error(`Nod answers the tap with: ${text}`);
  const arrivedAt = await arrival;
  await tiktok.whenPublish((one) => one.postIds.length > 0 && tiktok.state.publishes.indexOf(one) >= before);
  return arrivedAt - tappedAt;
}

/** When the next `init` request arrives; the emulator's own record is of whole milliseconds. */
function nextInit(): Promise<number> {
  return new Promise((resolve) => {
    const channel = 'http.server.request.start';
    subscribe(channel, look);

    function look(message: unknown): void {
      const arrivedAt = performance.now();
      if (!isInit(message)) return;
      unsubscribe(channel, look);
      resolve(arrivedAt);
    }
  });
}

/** https://nodejs.org/api/diagnostics_channel.html#event-httpserverrequeststart */
function isInit(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('request' in message)) return false;
  const { request } = message;
  return request instanceof IncomingMessage && request.url === INIT_PATH;
}
