import { join } from 'node:path';
import pino from 'pino';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type Avatar, createAvatars } from '../../../src/core/accounts/avatars.ts';
import { openLink } from '../../../src/core/links/open-link.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createSecrets } from '../../../src/core/storage/secrets.ts';
import { startWebsites } from '../../emulators/websites/index.ts';
import { temporaryDirectory } from '../media/files.ts';

const HOST = 'files.example.com';
const URL_OF_IT = `https://${HOST}/ana.jpeg?x-signature=secret`;
const DAY_MS = 24 * 3_600_000;
const noise = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
      background: 'red',
    },
  });

async function start() {
  await using stack = new AsyncDisposableStack();
  const web = stack.use(await startWebsites());
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  stack.defer(() => stores.close());
  const clock = { now: 1_800_000_000_000 };
  const connected = new Set(['o1']);
  const avatars = createAvatars({
    avatars: stores.store<Avatar>('avatars'),
    secrets: createSecrets({ key: 'a key' }),
    openLink: (link, how) => openLink(link, { ...how, network: web.network }),
    isConnected: async (openId) => connected.has(openId),
    now: () => clock.now,
    log: pino({ level: 'silent' }),
  });
  stack.defer(() => avatars.stop());
  const picture = await noise(300, 200).jpeg().toBuffer();
  web.hostFile(HOST, picture);
  const kept = stack.move();
  /** Offers it and waits for what comes of it. */
  async function offered(openId = 'o1') {
    avatars.offer(openId, URL_OF_IT);
    return avatars.urlPath(openId, { waitMs: 60_000 });
  }
  async function read(path = ''): Promise<Buffer | undefined> {
    const [, , key = '', name = ''] = path.split('/');
    return avatars.read(key, name.replace('.webp', ''));
  }
  return { web, clock, connected, avatars, offered, read, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('keeps a small square WebP of a picture, behind an address that tells nothing of the account', async () => {
  await using stage = await start();
  const path = await stage.offered();
  expect(path).toMatch(/^\/avatars\/[\w-]{32}\/[\w-]{12}\.webp$/);
  const small = await stage.read(path);
  expect(small?.length).toBeLessThanOrEqual(8_192);
  expect(await sharp(small).metadata()).toMatchObject({ format: 'webp', width: 96, height: 96 });
  expect(await stage.read(path?.replace(/.{12}\.webp/, 'AAAAAAAAAAAA.webp'))).toBeUndefined();
});

test('asks once a day at most, and keeps what it has where it cannot be fetched', async () => {
  await using stage = await start();
  const { web, clock } = stage;
  const path = await stage.offered();
  await stage.offered();
  expect(web.state.requests).toHaveLength(1);
  clock.now += DAY_MS;
  web.host(HOST, (_request, response) => response.writeHead(403).end());
  expect(await stage.offered()).toBe(path);
  expect(web.state.requests).toHaveLength(2);
  await stage.offered();
  expect(web.state.requests).toHaveLength(2);
  clock.now += DAY_MS;
  web.hostFile(HOST, await noise(64, 64).png().toBuffer());
  const other = await stage.offered();
  expect(other?.split('/')[2]).toBe(path?.split('/')[2]);
  expect(other).not.toBe(path);
});

describe('keeps nothing and fails nothing', () => {
  test.each<[string, (stage: Awaited<ReturnType<typeof start>>) => unknown]>([
    ['where it is no picture', ({ web }) => web.hostFile(HOST, Buffer.from('no picture'))],
    ['where it is too big', ({ web }) => web.hostFile(HOST, Buffer.alloc(2_000_001, 1))],
    ['where it leads to a private address', ({ web }) => web.host(HOST, () => {}, [['127.0.0.1']])],
    ['where it leads nowhere', ({ web }) => web.host(HOST, () => {}, [[]])],
    ['of an account that is gone meanwhile', ({ connected }) => connected.clear()],
  ])('%s', async (_, prepare) => {
    await using stage = await start();
    await prepare(stage);
    expect(await stage.offered()).toBeUndefined();
  });

  test('where TikTok names no address', async () => {
    await using stage = await start();
    stage.avatars.offer('o1', undefined);
    expect(await stage.avatars.urlPath('o1')).toBeUndefined();
  });
});

test('is deleted with its account, also while it is being fetched', async () => {
  await using stage = await start();
  const path = await stage.offered();
  await stage.avatars.forget('o1');
  expect(await stage.read(path)).toBeUndefined();
  stage.web.host(HOST, () => {});
  stage.avatars.offer('o1', URL_OF_IT);
  await stage.avatars.forget('o1');
  expect(await stage.avatars.urlPath('o1')).toBeUndefined();
});
