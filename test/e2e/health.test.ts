import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { Health } from '../../src/web/index.ts';
import { createWorld, discordOf, type World } from '../world.ts';
import { canMount, fillOwnDisk, onDisk } from './own-disk.ts';
import { runNod } from './process.ts';
import { startStage } from './stage.ts';

/** On a busy machine the event loop may be held up at any time. */
const SOUND = { database: 'ok', disk: 'ok', eventLoop: expect.any(String), tiktok: 'unknown' };

async function healthOf({ publicUrl }: World): Promise<Partial<Health> & { code: number }> {
  const response = await fetch(`${publicUrl}/healthz`);
  return { code: response.status, ...((await response.json()) as Health) };
}

/** Resolves once its health is so. */
const shows = (world: World, health: Partial<Health>): Promise<void> =>
  vi.waitFor(async () => expect(await healthOf(world)).toMatchObject(health), { timeout: 30_000 });

it.skipIf(!canMount)(
  'is broken while the disk is full, says so, and works again once it has room',
  async () => {
    await using world = await createWorld();
    const { telegram } = world;
    const within = onDisk(world.dataDir, 'size=16m');
    await using nod = runNod({ environment: world.environment, within });
    await nod.logged('Nod is ready');
    expect(await healthOf(world)).toMatchObject({ code: 200, chats: { telegram: 'connected' }, ...SOUND });
    {
      using _full = fillOwnDisk(nod, world.dataDir);
      await nod.logged('The disk of DATA_DIR is full');
      expect(await healthOf(world)).toMatchObject({ code: 503, status: 'broken', disk: 'full' });
    }
    await nod.logged('The disk of DATA_DIR can be written to again');
    await telegram.sendText(telegram.anaChat, telegram.ana, '/accounts');
    await telegram.waitForMessage(telegram.anaChat, 'No TikTok account is connected');
    expect(await healthOf(world)).toMatchObject({ code: 200, ...SOUND });
  },
);

it('is degraded and goes on while a chat is away', async () => {
  await using stage = await startStage({ withDiscord: true });
  const { world, telegram } = stage;
  const outage = telegram.fault('unreachable');
  await shows(world, { chats: { telegram: 'away', discord: 'connected' } });
  expect(await healthOf(world)).toMatchObject({ code: 200, status: 'degraded', ...SOUND });
  outage.lift();
  // A poll that nothing comes by is answered after half a minute.
  await stage.say('/accounts');
  await shows(world, { chats: { telegram: 'connected', discord: 'connected' } });
  expect(discordOf(world).state.lint).toEqual([]);
});

it('is degraded while TikTok does not answer, and knows by its next answer that it is back', async () => {
  await using stage = await startStage();
  const { world, tiktok } = stage;
  const outage = tiktok.fault('drop-request', { times: 100 });
  await stage.sendFile('photo.webp');
  await shows(world, { tiktok: 'away' });
  expect(await healthOf(world)).toMatchObject({ code: 200, status: 'degraded', disk: 'ok' });
  outage.disarm();
  await stage.sendFile('photo.webp');
  await shows(world, { tiktok: 'ok' });
});

it('answers a probe that came while it was held up, and says that it was busy', async () => {
  await using world = await createWorld();
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  await healthOf(world);
  process.kill(nod.pid, 'SIGSTOP');
  const probe = healthOf(world);
  // So long it is held up.
  await delay(1_200);
  process.kill(nod.pid, 'SIGCONT');
  expect(await probe).toMatchObject({ code: 200 });
  expect(await healthOf(world)).toMatchObject({ code: 200, status: 'degraded', eventLoop: 'busy' });
});
