import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdRestored, type Restoration } from '../../../src/core/backup/hold-restored.ts';
import type { Post, PostStatus } from '../../../src/core/publish/post.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { HOUR_MS, POSTS, T0 } from '../posts.ts';

const RESTORED_AT = T0 + 24 * HOUR_MS;

/** The database of a backup with these posts. */
async function restored(kept: Readonly<Record<string, Post>>) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const posts = stores.store<Post>('posts');
  const restorations = stores.store<Restoration>('restorations');
  for (const [id, post] of Object.entries(kept)) await posts.create(id, { ...post, id });
  await restorations.create('last', { madeAt: T0, restoredAt: RESTORED_AT });
  const hold = () => holdRestored({ restorations, posts, now: () => RESTORED_AT + 5 });
  return { posts, hold };
}

it.each([
  ['preparing', 'failed'],
  ['in_review', 'failed'],
  ['on_hold', 'failed'],
  ['queued', 'failed'],
  ['submitting', 'failed'],
  // TikTok says what has become of it.
  ['processing', 'processing'],
  ['published', 'published'],
  ['rejected', 'rejected'],
  ['unconfirmed', 'unconfirmed'],
] as const)('leaves a post that was %s as one that is %s', async (before: PostStatus, after) => {
  const { posts, hold } = await restored({ a: POSTS[before] });
  expect(await hold()).toBe(after === 'failed' ? 1 : 0);
  const post = await posts.get('a');
  expect(post).toMatchObject({ status: after });
  if (after === 'failed')
    expect(post).toMatchObject({ failure: { reason: 'restored' }, settledAt: RESTORED_AT + 5 });
});

it.each([
  ['in_review', 1, 'in_review', RESTORED_AT],
  ['queued', 1, 'queued', RESTORED_AT],
  ['queued', 0, 'failed', undefined],
  ['queued', -1, 'failed', undefined],
] as const)(
  'takes one that is %s and planned for %i ms later as %s',
  async (before, ms, status, restoredAt) => {
    const { posts, hold } = await restored({ a: { ...POSTS[before], publishAt: RESTORED_AT + ms } });
    await hold();
    const post = await posts.get('a');
    expect([post?.status, post?.restoredAt]).toEqual([status, restoredAt]);
  },
);

it('holds back once, and not what has come since', async () => {
  const { posts, hold } = await restored({ a: POSTS.queued, b: POSTS.in_review });
  expect(await hold()).toBe(2);
  await posts.create('c', { ...POSTS.queued, id: 'c' });
  expect(await hold()).toBe(0);
  expect(await posts.get('c')).toMatchObject({ status: 'queued' });
});
