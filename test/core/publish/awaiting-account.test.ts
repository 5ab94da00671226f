import { describe, expect, it } from 'vitest';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../core-world.ts';
import { ANA, BEN, HOUR_MS, REVIEW, WORKSPACE } from '../posts.ts';

const DAY_MS = 24 * HOUR_MS;
const APPROVED = { ...REVIEW, decision: { outcome: 'approved' as const, by: [BEN], at: 1 } };

/** A planned post, due in an hour, whose account is lost in this way before. */
async function lostWorld(lose: (world: CoreWorld) => Promise<unknown>, review = false) {
  const world = await createCoreWorld();
  await world.connect();
  const publishAt = world.now() + HOUR_MS;
  const { id } = await world.submit({
    status: 'queued',
    publishAt,
    notBefore: publishAt,
    readyAt: publishAt,
    ...(review && { review: APPROVED }),
  });
  await lose(world);
  expect(await world.step(id)).toBe(publishAt);
  world.tiktok.clock.advance(HOUR_MS);
  const deadline = publishAt + DAY_MS;
  return { world, id, deadline };
}

const killTokens = async ({ tiktok }: CoreWorld) => {
  for (const token of tiktok.state.tokens) token.revoked = true;
};
const unshare = ({ nod, tiktok }: CoreWorld) => nod.workspaces.unshare(WORKSPACE, tiktok.openIdOf());
const remove = ({ nod, tiktok }: CoreWorld) => nod.accounts.remove(tiktok.openIdOf());

describe('a post whose account is not connected when its time comes', () => {
  it.each([
    ['its place has it no more', unshare, false],
    ['TikTok has ended the access', remove, false],
    ['init finds that TikTok takes no token of it', killTokens, false],
    ['the re-check finds that TikTok takes no token of it', killTokens, true],
  ])('waits for a day where %s, without a call in between', async (_name, lose, review) => {
    const { world, id, deadline } = await lostWorld(lose, review);
    await using _ = world;
    expect(await tickUntilLater(world, id)).toBe(deadline);
    expect(await world.read(id)).toMatchObject({
      status: 'queued',
      notBefore: deadline,
      wait: { reason: 'account_disconnected' },
    });
    const calls = world.tiktok.state.requests.length;
    world.tiktok.clock.advance(DAY_MS - 1);
    expect(await world.step(id)).toBe(deadline);
    expect(world.tiktok.state.requests).toHaveLength(calls);
    world.tiktok.clock.advance(1);
    expect(await world.step(id)).toBeUndefined();
    expect(await world.read(id)).toMatchObject({
      status: 'failed',
      failure: { reason: 'account_disconnected' },
    });
    expect(withBytes(world.tiktok)).toEqual([]);
  });

  it.each([
    ['gone', remove],
    ['refused', killTokens],
  ])('goes on at once, and once, when the account that was %s is connected again', async (_name, lose) => {
    const { world, id } = await lostWorld(lose);
    await using _ = world;
    await tickUntilLater(world, id);
    world.tiktok.clock.advance(DAY_MS - HOUR_MS);
    await world.connect();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('waits on where the account is connected again without the right to post', async () => {
    const { world, id, deadline } = await lostWorld(remove);
    await using _ = world;
    await tickUntilLater(world, id);
    await world.connect(world.tiktok.grant({ scopes: ['user.info.basic', 'video.upload'] }));
    expect(await world.step(id)).toBe(deadline);
    expect(await world.read(id)).toMatchObject({ wait: { reason: 'account_disconnected' } });
    expect(initsOf(world.tiktok)).toBe(0);
    await world.connect();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('goes on after two restarts', async () => {
    const { world, id } = await lostWorld(killTokens);
    await using _ = world;
    await tickUntilLater(world, id);
    const second = world.openAnother();
    await second.publisher.resume(() => {});
    await world.connect();
    const third = world.openAnother();
    const scheduled: string[] = [];
    await third.publisher.resume((postId, at) => void (at <= world.now() && scheduled.push(postId)));
    expect(scheduled).toEqual([id]);
    expect(await world.finish(id, third)).toMatchObject({ status: 'published' });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('stays where it is when another place connects the account', async () => {
    const { world, id, deadline } = await lostWorld(remove);
    await using _ = world;
    await tickUntilLater(world, id);
    await world.connect();
    await unshare(world);
    expect(await world.step(id)).toBe(deadline);
    expect(await world.read(id)).toMatchObject({
      status: 'queued',
      wait: { reason: 'account_disconnected' },
    });
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('waits for a day, too, where a limit has held the post back for a day before', async () => {
    await using world = await createCoreWorld();
    await world.connect();
    const first = world.now();
    for (let count = 0; count < 15; count += 1) {
      await world.finish((await world.submit()).id);
      world.tiktok.clock.advance(10_000);
    }
    const { id } = await world.submit();
    expect(await world.step(id)).toBe(first + DAY_MS);
    await remove(world);
    world.tiktok.clock.advance(first + DAY_MS - world.now());
    expect(await world.step(id)).toBe(first + 2 * DAY_MS);
    expect(await world.read(id)).toMatchObject({ wait: { reason: 'account_disconnected' } });
    world.tiktok.clock.advance(DAY_MS - HOUR_MS);
    await world.connect();
    expect(await world.finish(id)).toMatchObject({ status: 'published' });
  });

  it('can be cancelled, or given another time from which it waits again', async () => {
    const { world, id } = await lostWorld(remove);
    await using _ = world;
    await tickUntilLater(world, id);
    const later = world.now() + 10 * DAY_MS;
    await world.nod.signals.reschedule(id, later);
    expect(await world.step(id)).toBe(later);
    world.tiktok.clock.advance(10 * DAY_MS);
    expect(await tickUntilLater(world, id)).toBe(later + DAY_MS);
    await world.nod.signals.cancel(id, ANA);
    await world.step(id);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled' });
  });
});

/** As `step`, but lets the retries after an access token that TikTok refuses pass. */
async function tickUntilLater(world: CoreWorld, id: string): Promise<number | undefined> {
  let next = await world.step(id);
  for (let turns = 0; next !== undefined && next - world.now() < 60_000 && turns < 5; turns += 1) {
    world.tiktok.clock.advance(next - world.now());
    next = await world.step(id);
  }
  return next;
}
