import { createHash, createHmac } from 'node:crypto';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLooks } from '../../src/core/looks.ts';
import type { Post, PostState } from '../../src/core/post.ts';
import { createSecrets } from '../../src/core/secrets.ts';
import { openStores } from '../../src/core/stores.ts';
import { temporaryDirectory } from './media/files.ts';
import { baseWith, T0 } from './posts.ts';

const settledAt = T0 + 1_000;
const followed = { settledAt, publishId: 'p1', postIds: [], checks: 0, checkedAt: settledAt };
const processing = { attemptId: 'a1', publishId: 'p1', since: T0, checks: 0, checkedAt: T0, pulledBytes: 0 };

const OPEN: PostState[] = [
  { status: 'preparing' },
  { status: 'in_review', since: T0, expiresAt: T0 + 1_000 },
  {
    status: 'on_hold',
    problem: { code: 'privacy_not_chosen' },
    privacyLevelOptions: ['SELF_ONLY'],
    expiresAt: T0 + 1_000,
  },
  { status: 'queued', notBefore: T0 },
  { status: 'submitting', attemptId: 'a1', since: T0 },
  { status: 'processing', ...processing, nextCheckAt: T0 + 1_000 },
];

const SETTLED: PostState[] = [
  { status: 'published', ...followed },
  { status: 'in_inbox', ...followed },
  { status: 'rejected', settledAt },
  { status: 'expired', settledAt },
  { status: 'cancelled', settledAt },
  { status: 'failed', failure: { reason: 'spam' }, settledAt },
  { status: 'unconfirmed', publishId: 'p1', settledAt },
];

function open({ key = 'a key' } = {}) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const posts = stores.store<Post>('posts');
  const looks = createLooks({ secrets: createSecrets({ key }), posts });
  const add = (id: string, state: PostState = { status: 'preparing' }) =>
    posts.create(id, { ...baseWith({ id }), ...state });
  return { looks, add };
}

type Looks = ReturnType<typeof open>['looks'];
const tokenOf = (looks: Looks, id: string) => looks.urlPath({ id }).slice('/look/'.length);
const signatureOf = (looks: Looks, id: string) => tokenOf(looks, id).slice(id.length + 1);

it('names the post in the path and signs it with at least 128 bits', () => {
  const { looks } = open();
  expect(looks.urlPath({ id: 'post-1' })).toMatch(/^\/look\/post-1\.[\w-]{22}$/);
});

it('makes the same link for the same post, also after a restart', () => {
  expect(open().looks.urlPath({ id: 'a' })).toBe(open().looks.urlPath({ id: 'a' }));
});

it.each(OPEN)('opens while a post is $status', async (state) => {
  const { looks, add } = open();
  await add('post-1', state);
  expect(await looks.open(tokenOf(looks, 'post-1'))).toMatchObject({ id: 'post-1', status: state.status });
});

it.each(SETTLED)('leads nowhere once a post is $status', async (state) => {
  const { looks, add } = open();
  await add('post-1', state);
  expect(await looks.open(tokenOf(looks, 'post-1'))).toBeUndefined();
});

it('leads nowhere where there is no such post', async () => {
  const { looks } = open();
  expect(await looks.open(tokenOf(looks, 'post-1'))).toBeUndefined();
});

it('takes no signature of another post, and none of another installation', async () => {
  const { looks, add } = open();
  await add('post-1');
  await add('post-2');
  expect(await looks.open(`post-1.${signatureOf(looks, 'post-2')}`)).toBeUndefined();
  expect(await looks.open(tokenOf(open({ key: 'another key' }).looks, 'post-1'))).toBeUndefined();
});

it('does not sign with the key that encrypts', () => {
  const { looks } = open({ key: 'k' });
  for (const key of ['k', createHash('sha256').update('k').digest()]) {
    const signature = createHmac('sha256', key).update('post-1').digest('base64url');
    expect(signature).not.toContain(signatureOf(looks, 'post-1'));
  }
});

it.each([
  ['nothing', () => ''],
  ['only the post', () => 'post-1'],
  ['an empty signature', () => 'post-1.'],
  ['only a signature', (token: string) => token.slice('post-1'.length)],
  ['a shorter signature', (token: string) => token.slice(0, -1)],
  ['a longer signature', (token: string) => `${token}A`],
  ['padding', (token: string) => `${token}==`],
  ['a signature of other characters', (token: string) => `${token.slice(0, -1)}é`],
  ['a changed signature', (token: string) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')],
  ['a changed post', (token: string) => token.replace('post-1', 'post-2')],
  ['a line more', (token: string) => `${token}\n`],
])('takes no token with %s', async (_, change) => {
  const { looks, add } = open();
  await add('post-1');
  await add('post-2');
  expect(await looks.open(change(tokenOf(looks, 'post-1')))).toBeUndefined();
});

it('takes one text only for a signature, not every one that decodes to its bytes', async () => {
  const { looks, add } = open();
  await add('post-1');
  const token = tokenOf(looks, 'post-1');
  const bytes = Buffer.from(token.slice(-22), 'base64url');
  const twins = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .map((last) => token.slice(0, -1) + last)
    .filter((twin) => twin !== token && Buffer.from(twin.slice(-22), 'base64url').equals(bytes));
  expect(twins).toHaveLength(15);
  for (const twin of twins) expect(await looks.open(twin)).toBeUndefined();
});
