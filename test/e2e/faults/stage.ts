import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from 'grammy/types';
import { expect } from 'vitest';
import type { App } from '../../../src/app.ts';
import type { Account } from '../../../src/core/accounts/accounts.ts';
import {
  awaitsAccount,
  dueAt,
  isSettled,
  lastTimeOf,
  type Post,
  type PostStatus,
} from '../../../src/core/publish/post.ts';
import type { Attempt } from '../../../src/core/publish/release-gate.ts';
import { openStores, type Stores, type Versioned } from '../../../src/core/storage/database.ts';
import type { InteractionHandle, WireMessage } from '../../emulators/discord/index.ts';
import type { TikTokEmulatorOptions } from '../../emulators/tiktok/index.ts';
import { PATIENCE_MS } from '../../emulators/watch.ts';
import { buttonsOf, connectAccount, textOf, type World } from '../../world.ts';
import { labelsOf, startDiscordStage, textOf as textOnDiscord } from '../discord-stage.ts';
import { type StageOptions, startStage } from '../stage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long the clock stands still for what is under way, which no clock tells. */
const BREATH_MS = 60;
/** So long what is under way gets at least, before a second or more has passed. */
const STEP_MS = 5;

/** What a card says in the end. */
const ENDS: Partial<Record<PostStatus, RegExp>> = {
  published: /^✓ (Live on TikTok|Posted)/,
  failed: /^✕ Not posted: [\s\S]*Nothing is public\./,
  expired: /^(Nobody chose|The review has expired)/,
  cancelled: /^Cancelled/,
  unconfirmed: /^\? Not confirmed/,
};
/** Of a draft, of a review, and of a post under way. */
const LIVE = /^(Post now|Discard|Approve|Reject|Cancel|Everyone)/;

const forFaults = (tiktok?: TikTokEmulatorOptions): TikTokEmulatorOptions => ({
  creator: { postCap: 1_000 },
  ...tiktok,
  strict: { rateLimits: false, ...tiktok?.strict },
});

/** Runs Nod in a world whose time passes as fast as Nod and TikTok get on, and looks at what has become of its posts. */
function createTime() {
  const running: { world: World; app: App }[] = [];
  let opened: Stores | undefined;

  async function launch(world: World): Promise<App> {
    const app = await world.start();
    running.push({ world, app });
    return app;
  }

  function current(): { world: World; app: App } {
    const last = running.at(-1);
    if (last === undefined) throw new Error('Nod does not run.');
    return last;
  }

  /** The records as they are on the disk. */
  async function all<V extends Versioned>(namespace: string): Promise<V[]> {
    opened ??= openStores({ file: join(current().world.dataDir, 'nod.db') });
    return (await Array.fromAsync(opened.store<V>(namespace).entries())).map(([, record]) => record);
  }

  const allPosts = () => all<Post>('posts');

  async function postOf(caption: string): Promise<Post> {
    const [post, ...others] = (await allPosts()).filter(({ content }) => content.caption === caption);
    if (post === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} posts.`);
    return post;
  }

  /** Lets time pass, as each of them waits by the clock as it is, until all of at least so many posts have come to an end. */
  async function finish(count: number): Promise<void> {
    // The clock may just have been set.
    await pass(0);
    for (const until = performance.now() + PATIENCE_MS; performance.now() < until; ) {
      const posts = await allPosts();
      const open = posts.filter((post) => !isSettled(post));
      if (posts.length >= count && open.length === 0) return;
      const { world } = current();
      const waits = open.map((post) => {
        // A clock that was set back shifts what it waits for, but what people were told keeps its moment.
        const isToShift = lastTimeOf(post) > world.now() && !awaitsAccount(post);
        return isToShift ? 0 : (dueAt(post) ?? world.now() + MINUTE_MS) - world.now();
      });
      await pass(posts.length < count ? 0 : Math.max(1_000, Math.min(...waits, 6 * HOUR_MS)));
    }
    throw new Error(`Posts come to no end: ${(await allPosts()).map(({ status }) => status).join(', ')}.`);
  }

  /** Lets minutes pass, whatever is under way. */
  async function passMinutes(minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 1) await pass(MINUTE_MS);
  }

  async function pass(ms: number): Promise<void> {
    const { world, app } = current();
    // A reply that TikTok holds back comes by the clock alone.
    await Promise.race([
      Promise.all([app.clockMoved(), world.tiktok.whenNothingIsPulled()]),
      delay(BREATH_MS),
    ]);
    await delay(STEP_MS);
    world.advance(ms);
  }

  /** What the post has come to is what TikTok has: the post once, or nothing that anybody could see. */
  function expectTrue(post: Post): void {
    const { caption } = post.content;
    const complete = current().world.tiktok.state.publishes.filter(
      ({ postInfo: { title, description }, status }) =>
        [title, description].includes(caption) && status === 'PUBLISH_COMPLETE',
    );
    expect(complete.map(({ publishId }) => publishId)).toEqual(
      post.status === 'published' ? [post.publishId] : [],
    );
  }

  /** No attempt is open and no file unfinished. */
  async function expectNothingOpen(): Promise<void> {
    const { dataDir } = current().world;
    expect(await all<Attempt>('attempts')).toEqual([]);
    const files = await readdir(join(dataDir, 'media')).catch(() => []);
    expect(files.filter((name) => name.startsWith('unfinished-'))).toEqual([]);
  }

  /** A new day, on which nothing of the last one counts; the account is connected again where its access was lost. */
  async function nextDay(): Promise<void> {
    const { world, app } = current();
    world.advance(25 * HOUR_MS);
    await app.clockMoved();
    const known = await all<Account>('accounts');
    if (known.length === 0 || known.some(({ expired }) => expired)) await connectAccount(world);
  }

  const end = async () => opened?.close();
  return { launch, allPosts, postOf, finish, passMinutes, expectTrue, expectNothingOpen, nextDay, end };
}

/** Ana's chat on Telegram, on which posts meet faults. */
export async function startFaultStage({ tiktok, ...options }: StageOptions = {}) {
  const time = createTime();
  const { launch, nextDay } = time;
  const stage = await startStage({ movesClock: true, launch, ...options, tiktok: forFaults(tiktok) });

  /** A draft of these files that only waits for the last tap. */
  async function compose(caption: string, files: readonly string[] = ['phone.jpg']): Promise<Message> {
    const [file = ''] = files;
    if (files.length === 1) await stage.sendFile(file, { caption });
    else await stage.sendAlbum(files, { caption });
    let draft = await stage.draft((message) => textOf(message).includes(caption));
    // What went wrong before may have taken the access.
    if (buttonsOf(draft).includes('Connect TikTok')) {
      await connectAccount(stage.world);
      draft = await stage.shows(draft, (message) => buttonsOf(message).includes('Everyone'));
    }
    return stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');
  }

  /** Does something with a draft for each of these, one after the other, each on a day of its own. */
  async function onDays<T>(
    all: readonly T[],
    act: (one: T, draft: Message) => Promise<void>,
    { nameOf, files }: { nameOf: (one: T) => string; files?: readonly string[] },
  ): Promise<void> {
    for (const one of all) {
      // Not before its day: some faults take a week, after which a draft is forgotten.
      const draft = await compose(`With ${nameOf(one)}.`, files);
      await act(one, draft).catch((cause: unknown) => {
        throw new Error(`${nameOf(one)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      });
      await nextDay();
    }
  }

  /** The post with this caption, once a card shows how it has ended: as it is at TikTok, and with nothing to press that is over. */
  async function ended(caption: string): Promise<Post> {
    const post = await time.postOf(caption);
    const card = await stage.card(
      (message) => textOf(message).includes(`“${caption}”`) && endOf(post).test(textOf(message)),
    );
    expect(buttonsOf(card).filter((label) => LIVE.test(label))).toEqual([]);
    time.expectTrue(post);
    return post;
  }

  /** Nothing is under way any more, and no card has buttons that lead nowhere. */
  async function expectNothingLeft(): Promise<void> {
    await stage.settled();
    await time.expectNothingOpen();
    const live = stage.cards().flatMap((message) => buttonsOf(message).filter((label) => LIVE.test(label)));
    expect(live).toEqual([]);
  }

  async function dispose(): Promise<void> {
    await time.end();
    await stage[Symbol.asyncDispose]();
  }
  return { ...stage, ...time, compose, onDays, ended, expectNothingLeft, [Symbol.asyncDispose]: dispose };
}

export type FaultStage = Awaited<ReturnType<typeof startFaultStage>>;

/** The channel #posts on Discord, on which posts meet faults. */
export async function startDiscordFaultStage({ tiktok }: { tiktok?: TikTokEmulatorOptions } = {}) {
  const time = createTime();
  const stage = await startDiscordStage({ movesClock: true, launch: time.launch, tiktok: forFaults(tiktok) });

  /** A composer that only waits for the last press. */
  async function compose(caption: string): Promise<InteractionHandle> {
    const handle = await stage.offer(['phone.jpg'], { options: { caption } });
    await stage.composer(handle, caption);
    await stage.see(handle, 'Everyone');
    return handle;
  }

  /** The same as on Telegram. */
  async function ended(caption: string): Promise<Post> {
    const post = await time.postOf(caption);
    const card = await stage.card(
      (message) => plainOf(message).includes(caption) && endOf(post).test(plainOf(message)),
    );
    expect(labelsOf(card).filter((label) => LIVE.test(label))).toEqual([]);
    time.expectTrue(post);
    return post;
  }

  async function expectNothingLeft(): Promise<void> {
    await stage.settled();
    await time.expectNothingOpen();
    const live = stage.cards().flatMap((message) => labelsOf(message).filter((label) => LIVE.test(label)));
    expect(live).toEqual([]);
  }

  async function dispose(): Promise<void> {
    await time.end();
    await stage[Symbol.asyncDispose]();
  }
  return { ...stage, ...time, compose, ended, expectNothingLeft, [Symbol.asyncDispose]: dispose };
}

const plainOf = (message: WireMessage): string => textOnDiscord(message).replaceAll('*', '').trim();

const endOf = ({ status }: Post): RegExp => ENDS[status] ?? /^there is no such end$/;
