import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { GoingPost } from '../../../src/core/quotas/quotas.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';
import { type CoreWorld, connectAnother, createCoreWorld, initsOf } from '../core-world.ts';
import { openMembers } from '../members.ts';
import type { Nod } from '../nod.ts';
import { EVERYONE } from '../posts.ts';

const QUEUED = { status: 'queued' } as const;
const SELF = { settings: { ...EVERYONE, privacyLevel: 'SELF_ONLY' as const } };
const NAMES = ['ben', 'cleo', 'dora', 'emil', 'fay', 'gil'];

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'several processes', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  async function openProcesses(world: CoreWorld, count: number): Promise<Nod[]> {
    const members = await openMembers(world, { url: server.newUrl(), count });
    onTestFinished(() => members[Symbol.asyncDispose]());
    return members.nods;
  }

  /** Takes all posts as far as they go, at once and in turn by each process. */
  const stepAll = (world: CoreWorld, nods: readonly Nod[], ids: readonly string[]) =>
    Promise.all(ids.map((id, index) => world.step(id, nods[index % nods.length])));

  it('let no more posts of an account go than there is room for', async () => {
    await using world = await createCoreWorld();
    const nods = await openProcesses(world, 3);
    await world.connect();
    for (let count = 0; count < 12; count += 1) {
      await world.finish((await world.submit()).id);
      world.tiktok.clock.advance(600_000);
    }
    const before = initsOf(world.tiktok);
    const ids: string[] = [];
    for (let count = 0; count < 6; count += 1) ids.push((await world.submit()).id);
    await stepAll(world, nods, ids);
    const posts = await Promise.all(ids.map((id) => world.read(id)));
    expect(posts.filter(({ status }) => status === 'processing')).toHaveLength(3);
    expect(posts.flatMap((post) => ('wait' in post && post.wait?.reason) || [])).toEqual(
      Array(3).fill('daily_post_limit'),
    );
    expect(initsOf(world.tiktok) - before).toBe(3);
  });

  it('let no more accounts post than TikTok lets an app that it has not audited', async () => {
    await using world = await createCoreWorld({ tiktok: { app: { audited: false } } });
    const nods = await openProcesses(world, 3);
    await nods[0]?.quotas.learnUnaudited();
    const ids: string[] = [];
    for (const name of NAMES) {
      const openId = await connectAnother(world, name, { private: true });
      ids.push((await world.submit(QUEUED, { ...SELF, openId })).id);
    }
    await stepAll(world, nods, ids);
    const posts = await Promise.all(ids.map((id) => world.read(id)));
    expect(posts.filter(({ status }) => status === 'processing')).toHaveLength(5);
    expect(posts.filter(({ status }) => status === 'queued')).toMatchObject([
      { attempts: 0, wait: { reason: 'app_creator_cap' } },
    ]);
    expect(initsOf(world.tiktok)).toBe(5);
  });

  it('delete what a process that was killed has left of an account that posts no more', async () => {
    await using world = await createCoreWorld();
    const [nod] = await openProcesses(world, 1);
    const going = nod?.stores.store<GoingPost>('going');
    await going?.create('a post', { openId: 'nobody', postMode: 'DIRECT_POST', at: world.now() });
    await nod?.quotas.sweep();
    expect(await going?.get('a post')).toBeDefined();
    world.tiktok.clock.advance(121_000);
    await nod?.quotas.sweep();
    expect(await going?.get('a post')).toBeUndefined();
  });
});
