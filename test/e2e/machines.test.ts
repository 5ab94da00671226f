import { describe, expect, it, vi } from 'vitest';
import { NO_MACHINES, useMachines } from '../machines/use-machines.ts';
import { buttonsOf, connectAccount, createWorld, postPublicly, textOf } from '../world.ts';
import { fixture, LINK } from './stage.ts';

const ROLES = {
  'bots-1': 'bots',
  'bots-2': 'bots',
  'web-1': 'web',
  'web-2': 'web',
  'worker-1': 'worker',
  'worker-2': 'worker',
};

describe.skipIf(NO_MACHINES !== undefined)(NO_MACHINES ?? 'a Nod of several processes', () => {
  const start = useMachines();

  it('publishes with each role in processes of its own, and goes on where any of them is killed', async () => {
    await using world = await createWorld();
    const { telegram, tiktok } = world;
    await using machines = await start({
      world,
      roles: ROLES,
    });
    await connectAccount(world);
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    await postPublicly(telegram, () => true);
    await telegram.waitForMessage(telegram.anaChat, (message) => LINK.test(textOf(message)));
    expect(tiktok.state.publishes).toMatchObject([{ mediaType: 'PHOTO', status: 'PUBLISH_COMPLETE' }]);

    const first = machines.leader();
    const killedAt = performance.now();
    await first?.process.end('SIGKILL');
    await machines.find('web-1').process.end('SIGKILL');
    await machines.find('worker-1').process.end('SIGKILL');
    const other = machines.find(first?.name === 'bots-1' ? 'bots-2' : 'bots-1');
    await other.process.logged('This process leads');
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, {
      path: fixture('phone.jpg'),
      caption: 'Once more',
    });
    await postPublicly(telegram, ({ text, caption }) => (text ?? caption ?? '').includes('Once more'));
    await vi.waitUntil(() => tiktok.state.publishes.length === 2, { timeout: 30_000 });
    await vi.waitUntil(() => tiktok.state.publishes[1]?.status === 'PUBLISH_COMPLETE', { timeout: 30_000 });
  });

  it('says nothing twice where the process that led was held up, and ends it when it goes on', async () => {
    await using world = await createWorld();
    const { telegram } = world;
    await using machines = await start({
      world,
      roles: { 'bots-1': 'bots', 'bots-2': 'bots', web: 'web' },
    });
    await connectAccount(world);
    const first = machines.leader();
    const other = machines.find(first?.name === 'bots-1' ? 'bots-2' : 'bots-1');
    if (first === undefined) throw new Error('Nobody leads.');
    // Held up in the middle of what it does about the photo.
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    process.kill(first.process.pid, 'SIGSTOP');
    await other.process.logged('This process leads');
    const isCard = (message: Parameters<typeof textOf>[0]) => textOf(message).includes('Surf');
    await telegram.waitForMessage(
      telegram.anaChat,
      (message) => isCard(message) && buttonsOf(message).includes('Everyone'),
    );
    process.kill(first.process.pid, 'SIGCONT');
    expect(await first.process.ended).toEqual({ code: 1, signal: null });
    expect(first.process.output.out).toContain('Another process has taken over');
    await telegram.waitUntilFetched();
    expect(telegram.botMessages(telegram.anaChat).filter(isCard)).toHaveLength(1);
  });
});
