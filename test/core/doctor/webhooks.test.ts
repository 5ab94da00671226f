import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkWebhooks, createWebhookLog, type WebhookRecord } from '../../../src/core/doctor/webhooks.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import type { PostSignals } from '../../../src/core/publish/signals.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { HOUR_MS, POSTS, T0 } from '../posts.ts';

/** Nothing is posted yet, and the time is `T0`. */
function start() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const clock = { now: T0 };
  const now = () => clock.now;
  const posts = stores.store<Post>('posts');
  const signals = stores.store<PostSignals>('notes');
  const webhookLog = createWebhookLog({ webhooks: stores.store<WebhookRecord>('webhooks'), now });
  const check = () => checkWebhooks({ webhookLog, posts, signals, publicUrl: 'https://nod.example', now });
  const publish = (settledAt: number) => posts.create('1', { ...POSTS.published, id: '1', settledAt });
  return { clock, webhookLog, signals, check, publish };
}

it('cannot tell before anything was posted', async () => {
  expect(await start().check()).toMatchObject({ state: 'unknown' });
});

it('misses the webhook of a post that went out', async () => {
  const { clock, check, publish } = start();
  await publish(T0);
  expect(await check()).toMatchObject({ state: 'unknown' });
  clock.now += HOUR_MS;
  expect(await check()).toEqual({
    state: 'to_do',
    text: 'TikTok has told Nod of no post yet, though some went out: set the webhook callback URL to https://nod.example/webhooks/tiktok in TikTok’s developer portal.',
  });
});

it('misses webhooks that have ended', async () => {
  const { clock, webhookLog, check, publish } = start();
  await webhookLog.note();
  expect(await check()).toMatchObject({ state: 'ok' });
  clock.now += 2 * HOUR_MS;
  await publish(clock.now - HOUR_MS / 2);
  expect(await check()).toMatchObject({ state: 'to_do' });
  await webhookLog.note();
  expect(await check()).toMatchObject({ state: 'ok' });
});

it('takes the news that an older Nod has counted for webhooks', async () => {
  const { clock, signals, check, publish } = start();
  await publish(T0);
  await signals.create('1', { hints: 1 });
  clock.now += HOUR_MS;
  expect(await check()).toMatchObject({ state: 'ok' });
});
