import { describe, expect, it } from 'vitest';
import { type CoreWorld, createCoreWorld, grantOf } from '../core-world.ts';
import { ANA, CHAT, WORKSPACE } from '../posts.ts';
import { DAY_MS, dayOf, LIVES, listenTo, passUntil, refreshesOf, type Told } from './keeping.ts';

interface Options {
  readonly renews?: boolean;
  readonly refreshTokenSeconds?: number;
}

/** Ana's account on its first day, and what its place is told from then on. */
async function keptWorld({ renews = false, ...lives }: Options = {}) {
  const world = await createCoreWorld({
    tiktok: { ...LIVES, ...lives, strict: { refreshRenewsLifetime: renews } },
  });
  const openId = await world.connect();
  const begunAt = world.now();
  const told = listenTo(world.nod, world, [], begunAt);
  const at = (day: number) => begunAt + day * DAY_MS;
  const refreshDays = () => refreshesOf(world).map((request) => dayOf(request.at - begunAt));
  return { world, openId, told, at, begunAt, refreshDays };
}

const isAlive = async ({ nod }: CoreWorld, openId: string) =>
  (await nod.accounts.get(openId))?.expired !== true;

describe('an account that nobody uses', () => {
  it('lives on where TikTok renews its refresh token, with a refresh every three months', async () => {
    const { world, openId, told, at, refreshDays } = await keptWorld({ renews: true });
    await using _ = world;
    await passUntil(world, at(720));
    expect(await isAlive(world, openId)).toBe(true);
    expect(told).toEqual([]);
    const days = refreshDays();
    expect(days.length).toBeGreaterThanOrEqual(8);
    expect(days.length).toBeLessThanOrEqual(9);
    // Not on the day itself, so that accounts of one day do not come together.
    expect(days[0]).toBeGreaterThanOrEqual(86);
    expect(days[0]).toBeLessThanOrEqual(90);
  });

  it('is told of 30 and 7 days before an end that a refresh does not move, and when it is lost', async () => {
    const { world, openId, told, at, refreshDays } = await keptWorld();
    await using _ = world;
    await passUntil(world, at(400));
    expect(await isAlive(world, openId)).toBe(false);
    expect(told).toEqual([
      { day: 150, type: 'ending' },
      { day: 173, type: 'ending' },
      { day: 180, type: 'lost' },
    ]);
    // Ever more rarely, and once to hear that it is over.
    expect(refreshDays()).toHaveLength(5);
  });

  it('is told of at parts of a short life', async () => {
    const { world, told, begunAt } = await keptWorld({ refreshTokenSeconds: 600 });
    await using _ = world;
    const minutes: number[] = [];
    world.nod.listen({
      draftChanged: () => {},
      postChanged: () => {},
      accountNews: async () => void minutes.push((world.now() - begunAt) / 60_000),
    });
    await passUntil(world, begunAt + DAY_MS);
    expect(told.map(({ type }) => type)).toEqual(['ending', 'ending', 'lost']);
    expect(minutes.map(Math.round).slice(0, 2)).toEqual([6, 9]);
    expect(minutes[2]).toBeGreaterThanOrEqual(10);
    expect(minutes[2]).toBeLessThan(11);
  });

  it('is told of once, also where Nod starts anew each day', async () => {
    const { world, at, begunAt } = await keptWorld();
    await using _ = world;
    const told: Told[] = [];
    for (let day = 1; day <= 200; day += 1) {
      const nod = world.openAnother();
      listenTo(nod, world, told, begunAt);
      await passUntil(world, at(day), nod);
      await nod.accountKeeper.idle();
    }
    expect(told.map(({ type }) => type)).toEqual(['ending', 'ending', 'lost']);
  });

  it('is told of again where a start cuts that off', async () => {
    const { world, at, begunAt } = await keptWorld();
    await using _ = world;
    const first = world.openAnother();
    let tries = 0;
    first.listen({
      draftChanged: () => {},
      postChanged: () => {},
      accountNews: () => {
        tries += 1;
        return Promise.reject(new Error('Nod stops.'));
      },
    });
    await passUntil(world, at(149), first);
    world.tiktok.clock.advance(2 * DAY_MS);
    await first.accountKeeper.round();
    await first.accountKeeper.idle();
    expect(tries).toBe(1);
    const second = world.openAnother();
    const told = listenTo(second, world, [], begunAt);
    await second.accountKeeper.round();
    await second.accountKeeper.idle();
    await second.accountKeeper.round();
    expect(told).toEqual([{ day: 151, type: 'ending' }]);
  });

  it('is told of once where a chat hears of it only after the next refresh', async () => {
    const { world, at, begunAt } = await keptWorld();
    await using _ = world;
    const nod = world.openAnother();
    const { promise: chatIsBack, resolve: comeBack } = Promise.withResolvers<void>();
    const days: number[] = [];
    nod.listen({
      draftChanged: () => {},
      postChanged: () => {},
      accountNews: () => {
        days.push(dayOf(world.now() - begunAt));
        return chatIsBack;
      },
    });
    for (let day = 1; day <= 160; day += 1) {
      await nod.accountKeeper.round();
      world.tiktok.clock.advance(DAY_MS);
    }
    comeBack();
    await nod.accountKeeper.idle();
    await passUntil(world, at(170), nod);
    expect(days).toHaveLength(1);
  });

  it('is kept, too, where it was connected before there was a plan for it', async () => {
    const { world, openId, at, refreshDays } = await keptWorld({ renews: true });
    await using _ = world;
    await world.nod.accountStore.update(openId, ({ keeping: _, tokensAt: __, lifeFrom: ___, ...old }) => old);
    await passUntil(world, at(200), world.openAnother());
    expect(await isAlive(world, openId)).toBe(true);
    expect(refreshDays()).toHaveLength(2);
  });

  it('begins a new life when a person connects it again', async () => {
    const { world, openId, told, at } = await keptWorld();
    await using _ = world;
    await passUntil(world, at(160));
    expect(told).toEqual([{ day: 150, type: 'ending' }]);
    await world.connect();
    await passUntil(world, at(300));
    expect(await isAlive(world, openId)).toBe(true);
    expect(told).toHaveLength(1);
    await passUntil(world, at(400));
    expect(told.map(({ day }) => day)).toEqual([150, 310, 333, 340]);
  });
});

describe('trouble with a refresh', () => {
  it('ends in one word to connect again where the answer with the new pair is lost', async () => {
    const { world, openId, told, at, refreshDays } = await keptWorld({ renews: true });
    await using _ = world;
    world.tiktok.fault('drop-token-reply');
    await passUntil(world, at(200));
    expect(await isAlive(world, openId)).toBe(false);
    expect(told.map(({ type }) => type)).toEqual(['lost']);
    expect(refreshDays()).toHaveLength(2);
    expect(told[0]?.day).toBe(refreshDays()[1]);
  });

  it('is got over where TikTok is away for a week', async () => {
    const { world, openId, told, at, refreshDays } = await keptWorld({ renews: true });
    await using _ = world;
    const outage = world.tiktok.fault('token-5xx', { times: 1_000 });
    await passUntil(world, at(97));
    const during = refreshDays().length;
    // At most twice a day once it lasts.
    expect(during).toBeLessThan(35);
    outage.disarm();
    await passUntil(world, at(200));
    expect(await isAlive(world, openId)).toBe(true);
    expect(told).toEqual([]);
    expect(refreshDays().length - during).toBeLessThanOrEqual(2);
  });

  it('is told of 30 and 7 days before the end where it stays', async () => {
    const { world, told, at } = await keptWorld({ renews: true });
    await using _ = world;
    world.tiktok.fault('token-5xx', { times: 10_000 });
    await passUntil(world, at(179));
    expect(told).toEqual([
      { day: 150, type: 'ending' },
      { day: 173, type: 'ending' },
    ]);
  });
});

it('refreshes many accounts one after the other, with a pause in between', async () => {
  await using world = await createCoreWorld({
    tiktok: { ...LIVES, strict: { refreshRenewsLifetime: true } },
  });
  for (let count = 0; count < 20; count += 1) {
    world.tiktok.seedCreator({ username: `creator${count}` });
    await world.connect(world.tiktok.grant({ creator: `creator${count}` }));
  }
  // Nod was off while all of them became due.
  world.tiktok.clock.advance(120 * DAY_MS);
  await passUntil(world, world.now() + 10 * 60_000);
  const times = refreshesOf(world).map(({ at }) => at);
  expect(times).toHaveLength(20);
  for (const [index, at] of times.slice(1).entries())
    expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(3_000);
});

it('goes on within seconds where the clock is set back by a day', async () => {
  const { world, at, refreshDays } = await keptWorld({ renews: true });
  await using _ = world;
  world.tiktok.seedCreator({ username: 'second' });
  const grant = grantOf(world.tiktok.grant({ creator: 'second' }));
  await world.nod.accounts.connect({ workspace: WORKSPACE, chat: CHAT, person: ANA, info: undefined, grant });
  world.tiktok.clock.advance(at(91) - world.now());
  world.setClock(DAY_MS);
  await world.nod.accountKeeper.round();
  world.setClock(0);
  await world.nod.accountKeeper.round();
  world.tiktok.clock.advance(10_000);
  await world.nod.accountKeeper.round();
  expect(refreshDays()).toHaveLength(2);
});
