import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Post, PostState } from '../../../src/core/publish/post.ts';
import { createPreviewLinks } from '../../../src/core/publish/preview-links.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createSecrets } from '../../../src/core/storage/secrets.ts';
import { temporaryDirectory } from '../media/files.ts';
import { ANA, baseWith, REVIEW, T0 } from '../posts.ts';

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
  { status: 'withdrawn', by: ANA, settledAt },
  { status: 'failed', failure: { reason: 'spam' }, settledAt },
  { status: 'unconfirmed', publishId: 'p1', settledAt },
];

const WINDOW_MS = 7 * 24 * 3_600_000;
/** A window of seven days begins here. */
const WINDOW = Math.ceil(T0 / WINDOW_MS);
const BEGIN = WINDOW * WINDOW_MS;

function open({ key = 'a key' } = {}) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const posts = stores.store<Post>('posts');
  const clock = { now: BEGIN };
  const previewLinks = createPreviewLinks({ secrets: createSecrets({ key }), posts, now: () => clock.now });
  const add = (id: string, state: PostState = { status: 'preparing' }) =>
    posts.create(id, { ...baseWith({ id }), review: REVIEW, ...state });
  return { previewLinks, add, clock };
}

type PreviewLinks = ReturnType<typeof open>['previewLinks'];
const tokenOf = (previewLinks: PreviewLinks, id: string) =>
  previewLinks.urlPath({ id }).slice('/look/'.length);
const signatureOf = (previewLinks: PreviewLinks, id: string) => tokenOf(previewLinks, id).slice(-22);

it('names the post and the week in the path and signs both with at least 128 bits', () => {
  const { previewLinks } = open();
  expect(previewLinks.urlPath({ id: 'post-1' })).toMatch(
    new RegExp(`^/look/post-1\\.${WINDOW}\\.[\\w-]{22}$`),
  );
});

it('makes another link each week', () => {
  const { previewLinks, clock } = open();
  const first = previewLinks.urlPath({ id: 'a' });
  clock.now = BEGIN + WINDOW_MS - 1;
  expect(previewLinks.urlPath({ id: 'a' })).toBe(first);
  clock.now += 1;
  expect(previewLinks.urlPath({ id: 'a' })).not.toBe(first);
});

it.each([
  ['at once', 0, true],
  ['at the end of its week', WINDOW_MS - 1, true],
  ['at the end of the next week', 2 * WINDOW_MS - 1, true],
  ['no more two weeks later', 2 * WINDOW_MS, false],
  ['no more a year later', 365 * 24 * 3_600_000, false],
  ['not before its time', -1, false],
])('opens %s', async (_, laterMs, isGood) => {
  const { previewLinks, add, clock } = open();
  await add('post-1');
  const token = tokenOf(previewLinks, 'post-1');
  clock.now = BEGIN + laterMs;
  expect((await previewLinks.open(token))?.id).toBe(isGood ? 'post-1' : undefined);
});

it('takes no signature of another week, and none that names no week', async () => {
  const { previewLinks, add, clock } = open();
  await add('post-1');
  const signature = signatureOf(previewLinks, 'post-1');
  clock.now += WINDOW_MS;
  expect(await previewLinks.open(`post-1.${WINDOW}.${signature}`)).toBeDefined();
  for (const other of [`.${WINDOW + 1}`, `.0${WINDOW}`, `.${WINDOW}.0`, ''])
    expect(await previewLinks.open(`post-1${other}.${signature}`)).toBeUndefined();
});

it('makes the same link for the same post, also after a restart', () => {
  expect(open().previewLinks.urlPath({ id: 'a' })).toBe(open().previewLinks.urlPath({ id: 'a' }));
});

it.each(OPEN)('opens while a post is $status', async (state) => {
  const { previewLinks, add } = open();
  await add('post-1', state);
  expect(await previewLinks.open(tokenOf(previewLinks, 'post-1'))).toMatchObject({
    id: 'post-1',
    status: state.status,
  });
});

it.each(SETTLED)('tells for a week how a post ended that is $status', async (state) => {
  const { previewLinks, add, clock } = open();
  await add('post-1', { ...state, settledAt: clock.now } as PostState);
  const token = tokenOf(previewLinks, 'post-1');
  clock.now += WINDOW_MS - 1;
  expect(await previewLinks.open(token)).toMatchObject({ status: state.status });
  clock.now += 1;
  expect(await previewLinks.open(token)).toBeUndefined();
  expect(await previewLinks.open(tokenOf(previewLinks, 'post-1'))).toBeUndefined();
});

it('leads nowhere at once where the place of a post may not use Nod any more', async () => {
  const { previewLinks, add, clock } = open();
  await add('post-1', { status: 'cancelled', settledAt: clock.now, isShutOut: true });
  expect(await previewLinks.open(tokenOf(previewLinks, 'post-1'))).toBeUndefined();
});

it('leads nowhere where there is no such post', async () => {
  const { previewLinks } = open();
  expect(await previewLinks.open(tokenOf(previewLinks, 'post-1'))).toBeUndefined();
});

it('takes no signature of another post, and none of another installation', async () => {
  const { previewLinks, add } = open();
  await add('post-1');
  await add('post-2');
  expect(await previewLinks.open(`post-1.${WINDOW}.${signatureOf(previewLinks, 'post-2')}`)).toBeUndefined();
  expect(
    await previewLinks.open(tokenOf(open({ key: 'another key' }).previewLinks, 'post-1')),
  ).toBeUndefined();
});

it('takes no token of which one character is changed, wherever it is', async () => {
  const { previewLinks, add } = open();
  await add('post-1');
  const token = tokenOf(previewLinks, 'post-1');
  const changed = [...token].map(
    (character, at) => token.slice(0, at) + (character === 'x' ? 'y' : 'x') + token.slice(at + 1),
  );
  expect(changed).toHaveLength(token.length);
  for (const other of changed) expect([other, await previewLinks.open(other)]).toEqual([other, undefined]);
  expect((await previewLinks.open(token))?.id).toBe('post-1');
});

it.each([
  ['nothing', () => ''],
  ['only the post', () => 'post-1'],
  ['only the post and the week', () => `post-1.${WINDOW}`],
  ['an empty signature', () => `post-1.${WINDOW}.`],
  ['only a signature', (token: string) => token.slice('post-1'.length)],
  ['no week', (token: string) => token.replace(`.${WINDOW}`, '')],
  ['a changed week', (token: string) => token.replace(`.${WINDOW}`, `.${WINDOW - 1}`)],
  ['a shorter signature', (token: string) => token.slice(0, -1)],
  ['a longer signature', (token: string) => `${token}A`],
  ['padding', (token: string) => `${token}==`],
  ['a signature of other characters', (token: string) => `${token.slice(0, -1)}é`],
  ['a changed signature', (token: string) => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')],
  ['a changed post', (token: string) => token.replace('post-1', 'post-2')],
  ['a line more', (token: string) => `${token}\n`],
])('takes no token with %s', async (_, change) => {
  const { previewLinks, add } = open();
  await add('post-1');
  await add('post-2');
  expect(await previewLinks.open(change(tokenOf(previewLinks, 'post-1')))).toBeUndefined();
});

it('takes one text only for a signature, not every one that decodes to its bytes', async () => {
  const { previewLinks, add } = open();
  await add('post-1');
  const token = tokenOf(previewLinks, 'post-1');
  const bytes = Buffer.from(token.slice(-22), 'base64url');
  const twins = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .map((last) => token.slice(0, -1) + last)
    .filter((twin) => twin !== token && Buffer.from(twin.slice(-22), 'base64url').equals(bytes));
  expect(twins).toHaveLength(15);
  for (const twin of twins) expect(await previewLinks.open(twin)).toBeUndefined();
});
