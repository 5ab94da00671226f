import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createBucket } from '../../src/core/media/store/bucket.ts';
import { runDoctor } from '../../src/doctor.ts';
import { useS3 } from '../core/media/store/stores.ts';
import { bucketEnvironment, NO_S3 } from '../s3-server.ts';
import { connectAccount, createWorld, postPublicly, textOf } from '../world.ts';
import { runNod } from './process.ts';
import { fixture, LINK, startStage } from './stage.ts';

const DAY_MS = 24 * 3_600_000;

// One after the other, as S3 is held up for all.
const options = { skip: NO_S3 !== undefined, concurrent: false };
describe(NO_S3 ?? 'a Nod with its media in S3', options, () => {
  const s3 = useS3();

  /** A bucket of its own, as the settings name it. */
  async function newBucket() {
    const settings = await s3.newBucket();
    const bucket = createBucket(settings);
    onTestFinished(() => bucket.close());
    const environment = bucketEnvironment(settings);
    async function keys() {
      const found: string[] = [];
      for await (const { key } of bucket.list('')) found.push(key);
      return found;
    }
    return { environment, keys, secret: settings.credentials.secretAccessKey };
  }

  it('publishes photos and a video, and leaves nothing there that nobody needs', async () => {
    const { environment, keys } = await newBucket();
    let app: App | undefined;
    await using stage = await startStage({
      environment,
      movesClock: true,
      async launch(world) {
        app = await world.start();
        return app;
      },
    });
    await stage.sendAlbum(['phone.jpg', 'demo/beach.png']);
    const album = await stage.draft();
    expect((await keys()).filter((key) => key.startsWith('media/'))).not.toHaveLength(0);
    await stage.post(album);
    await stage.shows(album, LINK);
    await stage.sendFile('demo/sunset.mp4');
    const video = await stage.draft((message) => message.message_id !== album.message_id);
    await stage.post(video);
    await stage.shows(video, LINK);
    expect(stage.tiktok.state.publishes.map(({ mediaType, status }) => `${mediaType} ${status}`)).toEqual([
      'PHOTO PUBLISH_COMPLETE',
      'VIDEO PUBLISH_COMPLETE',
    ]);
    stage.world.advance(8 * DAY_MS);
    await app?.clockMoved();
    expect(await keys()).toEqual(['in-use']);
    const media = join(stage.world.dataDir, 'media');
    expect(readdirSync(media)).toEqual(['in-bucket']);
  });

  it('goes on with a post after its disk was lost, and tells the key to no log', async () => {
    const { environment, secret } = await newBucket();
    await using world = await createWorld({ environment });
    const { telegram, tiktok } = world;
    await using nod = runNod({ environment: world.environment });
    await nod.logged('Nod is ready');
    await connectAccount(world);
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    await telegram.waitForMessage(telegram.anaChat, (message) => textOf(message).includes('Who can see it'));
    await nod.end('SIGKILL');
    rmSync(join(world.dataDir, 'media'), { recursive: true });
    await using again = runNod({ environment: world.environment });
    await again.logged('Nod is ready');
    await postPublicly(telegram, () => true);
    await telegram.waitForMessage(telegram.anaChat, (message) => LINK.test(textOf(message)));
    expect(tiktok.state.publishes).toMatchObject([{ mediaType: 'PHOTO', status: 'PUBLISH_COMPLETE' }]);

    const health = async () => Object(await (await fetch(`${world.publicUrl}/healthz`)).json());
    expect(await health()).toMatchObject({ status: 'ok', bucket: 'ok' });
    s3.running().pause();
    await again.logged('The bucket does not answer');
    expect(await health()).toMatchObject({ status: 'broken', bucket: 'away' });
    s3.running().resume();
    await again.logged('The bucket can be written to again');
    await vi.waitUntil(async () => (await health()).status === 'ok', { timeout: 10_000 });
    await again.end('SIGTERM');
    for (const { output } of [nod, again]) expect(`${output.out}${output.err}`).not.toContain(secret);
  });

  it('is looked at by the doctor, who leaves nothing there', async () => {
    const { environment, keys } = await newBucket();
    await using world = await createWorld({ environment });
    const findings = async (more: Record<string, string> = {}, patienceMs?: number) => {
      const results = await runDoctor({ config: readConfig({ ...world.environment, ...more }), patienceMs });
      return results.filter(({ check }) => check === 'bucket');
    };
    const name = environment.S3_BUCKET;
    const text = `${name} keeps media, and is closed to the public`;
    expect(await findings()).toEqual([{ check: 'bucket', state: 'ok', text }]);
    expect(await findings({ S3_ENDPOINT: 'http://127.0.0.1:9' })).toMatchObject([
      { state: 'to_do', text: expect.stringContaining('Nod cannot reach S3 at 127.0.0.1:9 (ECONNREFUSED)') },
    ]);
    expect(await keys()).toEqual([]);
    s3.running().pause();
    const late = await findings({}, 1_000).finally(s3.running().resume);
    expect(late).toMatchObject([
      { state: 'to_do', text: expect.stringContaining(`No answer in time from the bucket ${name}`) },
    ]);
  });

  it('does not start beside media in a folder, and says how to move them; then it does, and back', async () => {
    const { environment: inBucket, keys } = await newBucket();
    await using world = await createWorld();
    const { telegram } = world;
    const { environment } = world;
    const directory = join(world.dataDir, 'media');
    await using before = runNod({ environment });
    await before.logged('Nod is ready');
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { path: fixture('phone.jpg'), caption: 'Surf' });
    await vi.waitUntil(
      () => existsSync(directory) && readdirSync(directory).some((name) => /^\w{64}\./.test(name)),
      {
        timeout: 20_000,
      },
    );
    const there = { ...environment, ...inBucket };
    await using early = runNod({ environment: there, args: ['move', 's3'] });
    expect(await early.ended).toEqual({ code: 1, signal: null });
    expect(early.output.err).toContain('Another Nod works on');
    await before.end('SIGTERM');
    await using refused = runNod({ environment: there });
    expect(await refused.ended).toEqual({ code: 1, signal: null });
    expect(refused.output.err.trim()).toBe(
      `S3_BUCKET is set, but the media are in ${directory}: move them with "npm run move -- s3", or take S3_BUCKET away.`,
    );
    await using backup = runNod({ environment: there, args: ['backup', 'file.tar'] });
    expect(await backup.ended).toEqual({ code: 1, signal: null });
    await using move = runNod({ environment: there, args: ['move', 's3'] });
    expect(await move.ended).toEqual({ code: 0, signal: null });
    expect(move.output.err).toMatch(/^\d+ files of media are in the bucket now/);
    expect(await keys()).toContain('in-use');
    await using nod = runNod({ environment: there });
    await nod.logged('Nod is ready');
    await nod.end('SIGTERM');
    await using without = runNod({ environment });
    expect(await without.ended).toEqual({ code: 1, signal: null });
    expect(without.output.err).toContain('The media of this Nod are in a bucket: set S3_BUCKET to it');
    await using back = runNod({ environment: there, args: ['move', 'folder'] });
    expect(await back.ended).toEqual({ code: 0, signal: null });
    await using after = runNod({ environment });
    await after.logged('Nod is ready');
    await after.end('SIGTERM');
  });
});
