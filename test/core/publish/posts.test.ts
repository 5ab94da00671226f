import { describe, expect, it } from 'vitest';
import { createCoreWorld } from '../core-world.ts';
import { ANA, BEN, WORKSPACE } from '../posts.ts';

describe('posts that were taken back before they had a status of their own', () => {
  it('get it at the start, once, and are told as they were', async () => {
    await using world = await createCoreWorld();
    const settledAt = world.now();
    const old = { status: 'cancelled', by: ANA, isWithdrawn: true, isShutOut: true, settledAt } as const;
    const { id } = await world.submit(old);
    const stopped = await world.submit({ status: 'cancelled', by: BEN, settledAt });
    const entry = { place: WORKSPACE, at: settledAt, person: ANA, what: 'edited', postId: id } as const;
    await world.nod.history.append(`${id} cancelled`, entry);

    const nod = world.openAnother();
    await nod.start();
    await nod.clockMoved();
    await nod.recorder.idle();
    const post = await world.read(id);
    expect(post).toMatchObject({ status: 'withdrawn', by: ANA, settledAt });
    expect(post).not.toHaveProperty('isWithdrawn');
    expect(post).not.toHaveProperty('isShutOut');
    expect(await world.read(stopped.id)).toEqual(stopped);
    const ends = (await nod.history.recent([WORKSPACE], 10)).filter(({ what }) => what !== 'submitted');
    expect(ends.map(({ postId, what, person }) => [postId, what, person])).toEqual(
      expect.arrayContaining([
        [id, 'edited', ANA],
        [stopped.id, 'cancelled', BEN],
      ]),
    );
    expect(ends).toHaveLength(2);

    await world.openAnother().start();
    expect(await world.read(id)).toEqual(post);
  });
});
