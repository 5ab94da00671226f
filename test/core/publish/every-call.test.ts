import { expect, it } from 'vitest';
import type { Post } from '../../../src/core/publish/post.ts';
import { type CoreWorld, type CoreWorldOptions, createCoreWorld, withBytes } from '../core-world.ts';
import type { Around } from '../mortal.ts';
import type { Nod } from '../nod.ts';

/** An upload has to be through within an hour. */
const TOKEN_LIFE_MS = 15 * 60_000;

const CALLS = new Set(['init', 'upload chunk', 'fetch status', 'query creator']);
const isCall = (name: string): boolean => CALLS.has(name);
const isWrite = (name: string): boolean => /^(create|replace|delete) /.test(name);

/** Does something before the call or write with this number, and before so many in all; counts all that there are. */
function before(number: number, { isMeant, act, times = 1 }: Meeting) {
  let count = 0;
  const around: Around = async (name, run) => {
    if (isMeant(name)) {
      count += 1;
      if (count >= number && count < number + times) act();
    }
    return run();
  };
  return { around, isReached: () => count >= number };
}

interface Meeting {
  readonly isMeant: (name: string) => boolean;
  readonly act: () => void;
  readonly times?: number;
  /** How long Nod waits for an answer. */
  readonly timeoutMs?: number;
}

const KINDS: [what: string, options: CoreWorldOptions, submit: (world: CoreWorld) => Promise<Post>][] = [
  ['a photo', {}, (world) => world.submit()],
  ['a planned photo', {}, (world) => world.submit({ status: 'queued', publishAt: world.now() - 1 })],
  ['a video that is uploaded', { videoTransfer: 'upload' }, (world) => world.submitVideo()],
  ['a draft', {}, (world) => world.submit({ status: 'queued' }, { postMode: 'MEDIA_UPLOAD' })],
];
const LIVE = { published: true, in_inbox: true };

/** Once for each call or write that there is in the life of a post. */
async function atEach(
  options: CoreWorldOptions,
  meeting: Omit<Meeting, 'act'>,
  run: (world: CoreWorld, at: { nod: Nod; arm: (act: () => void) => void }) => Promise<void>,
): Promise<number> {
  for (let number = 1; ; number += 1) {
    const accessTokenSeconds = TOKEN_LIFE_MS / 1_000;
    const tiktok = { accessTokenSeconds, ...options.tiktok };
    await using world = await createCoreWorld({ ...options, tiktok });
    await world.connect();
    let act = () => {};
    const { around, isReached } = before(number, { ...meeting, act: () => act() });
    const nod = world.openAnother({ around, timeoutMs: meeting.timeoutMs });
    await run(world, {
      nod,
      arm: (armed) => {
        act = armed;
      },
    });
    if (!isReached()) return number - 1;
  }
}

const complete = ({ tiktok }: CoreWorld) =>
  tiktok.state.publishes.filter(({ status }) => ['PUBLISH_COMPLETE', 'SEND_TO_USER_INBOX'].includes(status));

it.each(KINDS)('%s goes out once, before whichever call its token ends', async (_, options, submit) => {
  const ends = {
    'is taken back by TikTok': ({ tiktok }: CoreWorld) => {
      for (const token of tiktok.state.tokens) token.revoked ||= token.kind === 'access';
    },
    'is of age': ({ tiktok }: CoreWorld) => tiktok.clock.advance(TOKEN_LIFE_MS),
  };
  for (const end of Object.values(ends)) {
    const calls = await atEach(options, { isMeant: isCall }, async (world, { arm }) => {
      const { id } = await submit(world);
      arm(() => end(world));
      const post = await world.finish(id);
      expect(LIVE).toHaveProperty(post.status);
      expect(complete(world)).toHaveLength(1);
      expect(withBytes(world.tiktok).filter(({ status }) => status !== 'FAILED')).toHaveLength(1);
    });
    expect(calls).toBeGreaterThanOrEqual(2);
  }
});

it.each(KINDS)(
  '%s is not there, or once, before whichever call the access ends',
  async (_, options, submit) => {
    const calls = await atEach(
      { ...options, webhooks: true },
      { isMeant: isCall },
      async (world, { arm }) => {
        const { id } = await submit(world);
        arm(() => world.tiktok.removeAuthorization());
        const post = await world.finish(id);
        // What TikTok had when it stopped answering may be there, and the card says so.
        if (post.status === 'unconfirmed') return;
        const isFailed = post.status === 'failed';
        if (isFailed)
          expect(['account_disconnected', 'access_removed', 'token_invalid']).toContain(post.failure.reason);
        else expect(LIVE).toHaveProperty(post.status);
        expect(complete(world)).toHaveLength(isFailed ? 0 : 1);
      },
    );
    expect(calls).toBeGreaterThanOrEqual(2);
  },
);

it.each(KINDS)('%s goes out once, at whichever write the disk is full', async (_, options, submit) => {
  const writes = await atEach(options, { isMeant: isWrite, times: 3 }, async (world, { arm, nod }) => {
    const { id } = await submit(world);
    arm(() => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    });
    const post = await finishThroughFaults(world, id, nod);
    expect(LIVE).toHaveProperty(post.status);
    expect(complete(world)).toHaveLength(1);
    expect(withBytes(world.tiktok).filter(({ status }) => status !== 'FAILED')).toHaveLength(1);
    // What could not be deleted goes with the next start.
    const next = world.openAnother();
    await next.publisher.resume(() => {});
    expect(await Array.fromAsync(next.attempts.entries())).toEqual([]);
  });
  expect(writes).toBeGreaterThan(5);
});

it.each(KINDS)('%s goes out once, whichever call is answered too late', async (_, options, submit) => {
  // By the real clock, as the time-out goes by it.
  const running = { ...options, tiktok: { frozenClock: false, strict: { rateLimits: false } } };
  const calls = await atEach(running, { isMeant: isCall, timeoutMs: 150 }, async (world, { arm }) => {
    const { id } = await submit(world);
    arm(() => world.tiktok.fault('latency', { ms: 450 }));
    const post = await world.finish(id);
    expect(LIVE).toHaveProperty(post.status);
    expect(complete(world)).toHaveLength(1);
    expect(withBytes(world.tiktok).filter(({ status }) => status !== 'FAILED')).toHaveLength(1);
  });
  expect(calls).toBeGreaterThanOrEqual(2);
});

/** The engine comes again after a fault of ours. */
async function finishThroughFaults(world: CoreWorld, id: string, nod: Nod): Promise<Post> {
  for (let faults = 0; faults < 5; faults += 1) {
    const post = await world.finish(id, nod).catch((error: { code?: string }) => {
      expect(error.code).toBe('SQLITE_FULL');
    });
    if (post !== undefined) return post;
    world.tiktok.clock.advance(10_000);
  }
  throw new Error('The disk stays full.');
}
