import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStores, type Versioned } from '../../src/core/storage/database.ts';
import { asked } from '../core/storage/engines.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../redis-server.ts';
import { connectAccount, createWorld, postPublicly, textOf } from '../world.ts';
import { runNod } from './process.ts';
import { fixture, LINK } from './stage.ts';

const PASSWORD = 'geheim-wie-nichts';

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'a Nod with its records in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ requirepass: PASSWORD });
  });
  afterAll(() => server?.stop());

  const newUrl = () => server.newUrl().replace('redis://', `redis://:${PASSWORD}@`);

  it('publishes, finds all again after it was killed, and tells the password to no log', async () => {
    const url = newUrl();
    await using world = await createWorld({ environment: { REDIS_URL: url } });
    const { telegram, tiktok } = world;
    await using nod = runNod({ environment: world.environment });
    await nod.logged('Nod is ready');
    await connectAccount(world);
    await nod.end('SIGKILL');
    await using again = runNod({ environment: world.environment });
    await again.logged('Nod is ready');
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    await postPublicly(telegram, () => true);
    await telegram.waitForMessage(telegram.anaChat, (message) => LINK.test(textOf(message)));
    expect(tiktok.state.publishes).toMatchObject([{ mediaType: 'PHOTO', status: 'PUBLISH_COMPLETE' }]);
    expect(existsSync(join(world.dataDir, 'nod.db'))).toBe(false);
    expect(await asked(url, ['EXISTS', '{nod}:ticks:meta'])).toBe(1);
    for (const { output } of [nod, again]) expect(`${output.out}${output.err}`).not.toContain(PASSWORD);
  });

  it('goes on with a post where it was killed, and where Redis was', async () => {
    const own = await startRedis();
    await using world = await createWorld({
      environment: { REDIS_URL: own.newUrl() },
      tiktok: { moderationMs: 2_000 },
    });
    const { telegram, tiktok } = world;
    await using nod = runNod({ environment: world.environment });
    await nod.logged('Nod is ready');
    await connectAccount(world);
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    await postPublicly(telegram, () => true);
    await vi.waitUntil(() => tiktok.state.publishes.length > 0, { timeout: 30_000, interval: 5 });
    await nod.end('SIGKILL');
    await using again = runNod({ environment: world.environment });
    await again.logged('Nod is ready');
    await own.kill();
    await again.logged('The engine cannot use Redis');
    await own.start();
    await telegram.waitForMessage(telegram.anaChat, (message) => LINK.test(textOf(message)));
    // An init of which the killed process did not learn the outcome gets no media, and so becomes no post.
    const [last, ...before] = tiktok.state.publishes.toReversed();
    expect(last).toMatchObject({ mediaType: 'PHOTO', status: 'PUBLISH_COMPLETE' });
    expect(before.filter(({ status }) => status === 'PUBLISH_COMPLETE')).toEqual([]);
    await again.end('SIGTERM');
    await own.stop();
  });

  it('does not start over the records of a file, and says how to move them; then it does', async () => {
    await using world = await createWorld({ environment: { REDIS_URL: newUrl() } });
    const file = join(world.dataDir, 'nod.db');
    const stores = openStores({ file });
    await stores.store<Versioned>('hints').create('a', {});
    await stores.close();
    const { environment } = world;
    await using refused = runNod({ environment });
    expect(await refused.ended).toEqual({ code: 1, signal: null });
    expect(refused.output.err.trim()).toBe(
      `REDIS_URL is set, but the records are in ${file}: move them with "npm run move -- redis", or take REDIS_URL away; to go on without them, move that file away.`,
    );
    await using backup = runNod({ environment, args: ['backup', 'file.tar'] });
    expect(await backup.ended).toEqual({ code: 1, signal: null });
    expect(backup.output.err).toContain('the records are in Redis');
    await using move = runNod({ environment, args: ['move', 'redis'] });
    expect(await move.ended).toEqual({ code: 0, signal: null });
    expect(move.output.err).toContain('Moved 1 records into Redis. The file is kept as ');
    await using nod = runNod({ environment: { ...environment, EXPECT_DATA: 'true' } });
    await nod.logged('Nod is ready');
    await using early = runNod({
      environment: { ...environment, DATA_DIR: `${world.dataDir}/other` },
      args: ['move', 'file'],
    });
    expect(await early.ended).toEqual({ code: 1, signal: null });
    expect(early.output.err).toContain('A Nod or another move works on the records in Redis');
    await nod.end('SIGTERM');
    await using back = runNod({ environment, args: ['move', 'file'] });
    expect(await back.ended).toEqual({ code: 0, signal: null });
    expect(existsSync(file)).toBe(true);
    for (const { output } of [refused, backup, move, nod, early, back])
      expect(`${output.out}${output.err}`).not.toContain(PASSWORD);
  });

  it('does not start where Redis is away or may forget, in one sentence', async () => {
    const forgetful = await startRedis({ appendfsync: 'everysec' });
    await using world = await createWorld({ environment: { REDIS_URL: forgetful.newUrl() } });
    await using nod = runNod({ environment: world.environment });
    expect(await nod.ended).toEqual({ code: 1, signal: null });
    expect(nod.output.err.trim()).toBe(
      `Redis at 127.0.0.1:${forgetful.port} may lose what Nod tells it: set "appendfsync always" in its redis.conf, then restart it.`,
    );
    await forgetful.stop();
    await using away = runNod({ environment: world.environment });
    expect(await away.ended).toEqual({ code: 1, signal: null });
    expect(away.output.err.trim()).toBe(
      `Nod cannot reach Redis at 127.0.0.1:${forgetful.port}: start it there, or set REDIS_URL to where it is.`,
    );
  });
});
