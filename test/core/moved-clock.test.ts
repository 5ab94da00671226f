import { expect, it } from 'vitest';
import { createCoreWorld, initsOf } from './core-world.ts';

const DAY_MS = 24 * 3_600_000;

it('does what has come due once somebody has moved the clock', async () => {
  await using world = await createCoreWorld({ tiktok: { moderationMs: 60_000 } });
  const { nod, tiktok } = world;
  await world.connect();
  const planned = await world.submit({ status: 'queued', notBefore: world.now() + DAY_MS });
  await nod.start();
  await nod.engine.wake(planned.id);
  tiktok.clock.advance(DAY_MS - 1);
  await nod.clockMoved();
  expect(await world.read(planned.id)).toMatchObject({ status: 'queued' });

  tiktok.clock.advance(1);
  await nod.clockMoved();
  const processing = await world.read(planned.id);
  if (processing.status !== 'processing') throw new Error(`The post is ${processing.status}.`);
  expect(initsOf(tiktok)).toBe(1);
  await world.pulled(processing.publishId);
  tiktok.clock.advance(DAY_MS);
  await nod.clockMoved();
  expect(await world.read(planned.id)).toMatchObject({
    status: 'published',
    postIds: [expect.stringMatching(/^\d{19}$/)],
  });
  await nod.clockMoved();
  expect(initsOf(tiktok)).toBe(1);
});
