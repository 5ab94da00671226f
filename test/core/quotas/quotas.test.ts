import { describe, expect, it } from 'vitest';
import type { PostContent } from '../../../src/core/publish/post.ts';
import { type CoreWorld, connectAnother, createCoreWorld, initsOf } from '../core-world.ts';
import { ANA, EVERYONE, HOUR_MS } from '../posts.ts';

const DAY_MS = 24 * HOUR_MS;
const INBOX = { postMode: 'MEDIA_UPLOAD' as const };
const QUEUED = { status: 'queued' } as const;

async function connectedWorld(options: Parameters<typeof createCoreWorld>[0] = {}): Promise<CoreWorld> {
  const world = await createCoreWorld(options);
  await world.connect();
  return world;
}

/** Submits posts and takes each as far as it goes, `apart` from each other. */
async function post(world: CoreWorld, count: number, content: Partial<PostContent> = {}, apart = 600_000) {
  const done = [];
  for (let index = 0; index < count; index += 1) {
    const { id } = await world.submit(QUEUED, content);
    done.push(await world.finish(id));
    world.tiktok.clock.advance(apart);
  }
  return done;
}

/** Everything that TikTok was asked. */
const callsOf = ({ tiktok }: CoreWorld) => tiktok.state.requests.length;

describe('the posts of a day', () => {
  it('hold the sixteenth back without a call, until the first is a day old', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    const posts = await post(world, 15);
    expect(posts.map(({ status }) => status)).toEqual(Array(15).fill('published'));
    const asked = callsOf(world);
    const { id } = await world.submit();
    const at = await world.step(id);
    expect(at).toBe(first + DAY_MS);
    expect(await world.read(id)).toMatchObject({
      status: 'queued',
      attempts: 0,
      retries: 0,
      wait: { reason: 'daily_post_limit', limit: { used: 15, cap: 15, opensAt: first + DAY_MS } },
    });
    expect(callsOf(world)).toBe(asked);
    world.tiktok.clock.advance(first + DAY_MS - world.now() - 1);
    await world.step(id);
    expect(callsOf(world)).toBe(asked);
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(initsOf(world.tiktok)).toBe(16);
  });

  it('count for a day also where the clock was ahead when they were posted', async () => {
    await using world = await connectedWorld();
    world.setClock(DAY_MS);
    await post(world, 15, {}, 0);
    world.setClock(0);
    const { id } = await world.submit();
    expect(await world.step(id)).toBeLessThanOrEqual(world.now() + DAY_MS);
    const begun = world.now();
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
    expect(world.now() - begun).toBeLessThanOrEqual(DAY_MS + HOUR_MS);
  });

  it('let those that wait go on in the order in which they came, also across a restart', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    await post(world, 15);
    const waiting = [];
    for (let index = 0; index < 3; index += 1) {
      waiting.push((await world.submit()).id);
      world.tiktok.clock.advance(1_000);
    }
    const next = world.openAnother();
    const times = [];
    for (const id of waiting.toReversed()) times.push(await world.step(id, next));
    for (const id of waiting) await world.step(id, next);
    const held = await Promise.all(waiting.map((id) => world.read(id)));
    const apart = held.map((one) => (one.status === 'queued' ? one.notBefore - first - DAY_MS : NaN));
    expect(apart[0]).toBe(0);
    expect(apart).toEqual(apart.toSorted((a, b) => a - b));
    expect(new Set(apart).size).toBe(3);
    expect(held.at(-1)).toMatchObject({ wait: { limit: { ahead: 2 } } });
  });

  it('do not count what came to nothing', async () => {
    await using world = await connectedWorld();
    await post(world, 14);
    world.tiktok.fault('fail:spam_risk');
    const [failed] = await post(world, 1);
    expect(failed).toMatchObject({ status: 'failed' });
    expect((await world.nod.quotas.read(world.tiktok.openIdOf())).posts).toMatchObject({ used: 14 });
    expect(await post(world, 1)).toMatchObject([{ status: 'published' }]);
  });

  it('are learned from a refusal, and the next ones wait without a call', async () => {
    await using world = await connectedWorld();
    world.tiktok.creator.postCap = 3;
    const first = world.now();
    await post(world, 3);
    const refused = (await world.submit()).id;
    expect(await world.step(refused)).toBe(first + DAY_MS);
    expect(await world.read(refused)).toMatchObject({
      wait: {
        reason: 'daily_post_limit',
        reasonRaw: 'spam_risk_too_many_posts',
        limit: { used: 3, cap: 3, isLearned: true, opensAt: first + DAY_MS },
      },
    });
    const asked = callsOf(world);
    world.tiktok.clock.advance(1_000);
    const next = (await world.submit()).id;
    expect(await world.step(next)).toBeGreaterThan(first + DAY_MS);
    expect(callsOf(world)).toBe(asked);
    expect(await world.finish(refused)).toMatchObject({ status: 'published' });
    // What was learned ends with the day, and TikTok takes more again.
    world.tiktok.creator.postCap = 15;
    expect(await world.finish(next)).toMatchObject({ status: 'published' });
    expect(initsOf(world.tiktok)).toBe(3 + 1 + 2);
  });

  it('of other apps make one post ask once an hour, and the others wait behind it', async () => {
    await using world = await connectedWorld();
    const { creator } = world.tiktok;
    const start = world.now();
    creator.postsElsewhere.push(...Array(15).fill(start - DAY_MS + 150 * 60_000));
    const ids = [];
    for (let index = 0; index < 3; index += 1) {
      ids.push((await world.submit()).id);
      world.tiktok.clock.advance(1_000);
    }
    for (const id of ids) await world.step(id);
    const asked = () =>
      world.tiktok.state.requests.filter(({ errorCode }) => errorCode === 'spam_risk_too_many_posts').length;
    expect(asked()).toBe(1);
    for (let minute = 0; minute < 140; minute += 1) {
      world.tiktok.clock.advance(60_000);
      for (const id of ids) await world.step(id);
    }
    expect(asked()).toBe(3);
    for (const id of ids) expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(asked()).toBe(3);
  });

  it('are those that TikTok accepted, also where a crash came right after', async () => {
    await using world = await connectedWorld();
    await post(world, 14);
    let isDead = false;
    const dying = world.openAnother({
      keepWeb: true,
      around: async (name, run) => {
        if (isDead) return new Promise(() => {});
        const result = await run();
        if (name === 'create publishes') isDead = true;
        return isDead ? new Promise(() => {}) : result;
      },
    });
    const { id } = await world.submit();
    void dying.publisher.tick(id).then(() => dying.publisher.tick(id));
    await world.tiktok.whenPublish(() => world.tiktok.state.publishes.length === 15);
    await expect.poll(() => isDead).toBe(true);
    // The process that goes on revokes that attempt and makes another; the day has room for exactly that.
    const openId = world.tiktok.openIdOf();
    expect((await world.nod.quotas.read(openId)).posts).toMatchObject({ used: 15, cap: 15 });
    await world.step(id);
    // It counts at TikTok until nothing could be pulled.
    await world.tiktok.whenPublish(({ status }) => status === 'FAILED');
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect((await world.nod.quotas.read(openId)).posts).toMatchObject({ used: 15, cap: 15 });
  });

  it('are looked at by each of many that wait, and the line is read once', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    await post(world, 15, {}, 1_000);
    const ids: string[] = [];
    while (ids.length < 40) ids.push((await world.submit()).id);
    for (const id of ids) await world.step(id);
    let reads = 0;
    const next = world.openAnother({
      onStatement: ({ sql }) => {
        if (sql.startsWith('SELECT') && sql.includes('wait.limit')) reads += 1;
      },
    });
    await Promise.all(ids.map((id) => world.step(id, next)));
    expect(reads).toBe(1);
    const quota = await next.quotas.read(world.tiktok.openIdOf());
    expect(quota).toMatchObject({ posts: { used: 15 }, waiting: { count: 40, nextAt: first + DAY_MS } });
    expect(reads).toBe(1);
  });

  it('end a wait by a cancel, and whoever is behind moves up', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    await post(world, 15);
    const ids = [(await world.submit()).id];
    world.tiktok.clock.advance(1_000);
    ids.push((await world.submit()).id);
    const [one = '', two = ''] = ids;
    for (const id of ids) await world.step(id);
    const asked = callsOf(world);
    await world.nod.signals.cancel(one, ANA);
    await world.step(one);
    expect(await world.read(one)).toMatchObject({ status: 'cancelled', by: ANA });
    await world.step(two);
    expect(await world.read(two)).toMatchObject({ status: 'queued', notBefore: first + DAY_MS });
    expect(callsOf(world)).toBe(asked);
  });

  it('let whoever is behind move up when a post is planned for later', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    await post(world, 15);
    const woken: string[] = [];
    const nod = world.openAnother({ wake: (id) => void woken.push(id) });
    const [one, two] = [(await world.submit()).id, (await world.submit()).id];
    for (const id of [one, two]) await world.step(id);
    woken.length = 0;
    await nod.signals.reschedule(one, world.now() + 10 * DAY_MS);
    await world.step(one);
    await expect.poll(() => woken).toEqual([one, two]);
    await world.step(two);
    expect(await world.read(two)).toMatchObject({ notBefore: first + DAY_MS });
  });

  it('end a wait of a week with the words of the limit', async () => {
    await using world = await connectedWorld();
    world.tiktok.creator.postCap = 0;
    const { id } = await world.submit();
    const since = world.now();
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'daily_post_limit', limit: { used: 0, isLearned: true } },
    });
    expect(world.now() - since).toBe(7 * DAY_MS);
  });

  it.each([
    ['posts of a day', {}, 14, 4],
    ['drafts', INBOX, 4, 3],
  ])('go no further than the limit where many %s are due at once', async (_name, content, before, count) => {
    await using world = await connectedWorld();
    await post(world, before, content, 20_000);
    const publishAt = world.now() + HOUR_MS;
    const planned = { ...QUEUED, publishAt, notBefore: publishAt, readyAt: publishAt };
    const ids: string[] = [];
    while (ids.length < count) ids.push((await world.submit(planned, content)).id);
    world.tiktok.clock.advance(HOUR_MS);
    await Promise.all(ids.map((id) => world.step(id)));
    const held = await Promise.all(ids.map((id) => world.read(id)));
    expect(held.map(({ status }) => status).toSorted()).toEqual([
      'processing',
      ...Array(count - 1).fill('queued'),
    ]);
    expect(initsOf(world.tiktok)).toBe(before + 1);
    // One after the other, each with a turn of its own.
    const turns = held.flatMap((one) => (one.status === 'queued' ? [one.wait?.limit?.ahead ?? 0] : []));
    expect(turns.toSorted()).toEqual(Array.from({ length: count - 1 }, (_, turn) => turn));
    for (const id of ids) await world.finish(id);
    expect(world.tiktok.state.publishes).toHaveLength(before + count);
    expect(initsOf(world.tiktok)).toBe(before + count);
  });
});

describe('the drafts in the inbox', () => {
  it('hold the sixth back without a call, until one is finished', async () => {
    await using world = await connectedWorld();
    const first = world.now();
    const sent = await post(world, 5, INBOX, 20_000);
    expect(sent.map(({ status }) => status)).toEqual(Array(5).fill('in_inbox'));
    const asked = callsOf(world);
    const { id } = await world.submit(QUEUED, INBOX);
    expect(await world.step(id)).toBe(first + DAY_MS);
    expect(await world.read(id)).toMatchObject({
      attempts: 0,
      wait: { reason: 'pending_inbox_limit', limit: { used: 5, cap: 5 } },
    });
    expect(callsOf(world)).toBe(asked);
    const [finished] = sent;
    if (finished?.status !== 'in_inbox') throw new Error('It is in the inbox.');
    world.tiktok.completeDraft(finished.publishId);
    await world.nod.signals.hint(finished.publishId);
    await world.step(finished.id);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'processing' });
    expect(world.now() - first).toBeLessThan(DAY_MS);
  });

  it('are counted apart from the posts of a day', async () => {
    await using world = await connectedWorld();
    await post(world, 5, INBOX, 20_000);
    expect(await post(world, 1)).toMatchObject([{ status: 'published' }]);
    expect(await world.nod.quotas.read(world.tiktok.openIdOf())).toMatchObject({
      posts: { used: 1, cap: 15 },
      inbox: { used: 5, cap: 5, opensAt: expect.any(Number) },
    });
  });
});

describe('the accounts of an app that is not audited', () => {
  const SELF = { settings: { ...EVERYONE, privacyLevel: 'SELF_ONLY' as const } };

  async function unauditedWorld() {
    const world = await connectedWorld({ tiktok: { app: { audited: false }, creator: { private: true } } });
    const others: string[] = [];
    for (const name of ['ben', 'cleo', 'dora', 'emil', 'fay'])
      others.push(await connectAnother(world, name, { private: true }));
    return { world, others };
  }

  it('are not counted before TikTok has said so', async () => {
    await using world = await connectedWorld();
    await post(world, 1);
    expect(await world.nod.quotas.readCreators()).toBeUndefined();
  });

  it('hold the sixth back without a call, and not one that has posted', async () => {
    const { world, others } = await unauditedWorld();
    await using _ = world;
    const first = world.now();
    const [refused] = await post(world, 1);
    expect(refused).toMatchObject({ status: 'failed', failure: { reason: 'unaudited_app' } });
    expect(await world.nod.quotas.readCreators()).toMatchObject({ isUnaudited: true, used: 0, cap: 5 });
    await post(world, 1, SELF);
    for (const openId of others.slice(0, 4)) await post(world, 1, { ...SELF, openId });
    expect(await world.nod.quotas.readCreators()).toMatchObject({ used: 5, cap: 5 });
    const asked = callsOf(world);
    const { id } = await world.submit(QUEUED, { ...SELF, openId: others[4] ?? '' });
    expect(await world.step(id)).toBeGreaterThan(first + DAY_MS);
    expect(await world.read(id)).toMatchObject({
      wait: { reason: 'app_creator_cap', limit: { used: 5, cap: 5 } },
    });
    expect(callsOf(world)).toBe(asked);
    expect(await post(world, 1, SELF)).toMatchObject([{ status: 'published' }]);
    expect(await world.finish(id)).toMatchObject({ status: 'published', attempts: 1 });
  });

  it('are no more than five also where all six post at once', async () => {
    const { world, others } = await unauditedWorld();
    await using _ = world;
    await post(world, 1);
    const ids = [];
    for (const openId of [world.tiktok.openIdOf(), ...others])
      ids.push((await world.submit(QUEUED, { ...SELF, openId })).id);
    await Promise.all(ids.map((id) => world.step(id)));
    const at = await Promise.all(ids.map((id) => world.read(id)));
    expect(at.filter(({ status }) => status === 'processing')).toHaveLength(5);
    expect(at.filter(({ status }) => status === 'queued')).toMatchObject([
      { attempts: 0, wait: { reason: 'app_creator_cap' } },
    ]);
  });

  it('are learned from the refusal of one, across a restart', async () => {
    const { world, others } = await unauditedWorld();
    await using _ = world;
    await post(world, 1, SELF);
    for (const openId of others.slice(0, 4)) await post(world, 1, { ...SELF, openId });
    const late = (await world.submit(QUEUED, { ...SELF, openId: others[4] ?? '' })).id;
    await world.step(late);
    expect(await world.read(late)).toMatchObject({ wait: { reasonRaw: 'reached_active_user_cap' } });
    const next = world.openAnother();
    expect(await next.quotas.readCreators()).toMatchObject({ isUnaudited: true, used: 5, cap: 5 });
    expect(await world.finish(late)).toMatchObject({ status: 'published' });
  });

  it('are forgotten once a public post goes through', async () => {
    const { world } = await unauditedWorld();
    await using _ = world;
    await post(world, 1);
    expect(await world.nod.quotas.readCreators()).toMatchObject({ isUnaudited: true });
    world.tiktok.app.audited = true;
    world.tiktok.creator.private = false;
    world.tiktok.clock.advance(1_000);
    expect(await post(world, 1)).toMatchObject([{ status: 'published' }]);
    await expect.poll(() => world.nod.quotas.readCreators()).toBeUndefined();
  });
});

describe('the calls of a minute', () => {
  it('are read from the windows of the client, without a call', async () => {
    await using world = await connectedWorld();
    const { id } = await world.submit();
    await world.step(id);
    const asked = callsOf(world);
    const read = () => world.nod.quotas.read(world.tiktok.openIdOf());
    expect((await read()).calls).toEqual({ init: { used: 1, limit: 6 }, status: { used: 0, limit: 30 } });
    world.tiktok.clock.advance(61_000);
    expect((await read()).calls).toMatchObject({ init: { used: 0 } });
    world.tiktok.clock.advance(40 * DAY_MS);
    expect((await read()).calls).toMatchObject({ init: { used: 0 } });
    expect(callsOf(world)).toBe(asked);
  });
});

it('forgets what counts no more', async () => {
  await using world = await connectedWorld();
  world.tiktok.creator.postCap = 0;
  const { id } = await world.submit();
  await world.step(id);
  const read = async () => (await world.nod.quotas.read(world.tiktok.openIdOf())).posts;
  expect(await read()).toMatchObject({ used: 0, cap: 0, learnedAt: world.now() });
  await world.nod.quotas.sweep();
  expect(await read()).toMatchObject({ cap: 0 });
  world.tiktok.clock.advance(HOUR_MS);
  await world.nod.quotas.sweep();
  expect(await Array.fromAsync(world.nod.stores.store('quotas').entries())).toEqual([]);
  expect(await read()).toEqual({ used: 0, cap: 15 });
});

it('looks at an account while another one is being looked at', async () => {
  await using world = await createCoreWorld();
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let isHeld = false;
  const nod = world.openAnother({
    async around(name, run) {
      if (name === 'get quotas' && !isHeld) {
        isHeld = true;
        reached.resolve();
        await held.promise;
      }
      return run();
    },
  });
  const first = await world.submit(QUEUED, { openId: await connectAnother(world, 'ben') });
  const second = await world.submit(QUEUED, { openId: await connectAnother(world, 'cleo') });
  const waiting = world.step(first.id, nod);
  await reached.promise;
  await world.step(second.id, nod);
  expect((await world.read(second.id)).status).toBe('processing');
  expect((await world.read(first.id)).status).toBe('queued');
  held.resolve();
  await waiting;
  expect((await world.read(first.id)).status).toBe('processing');
});
