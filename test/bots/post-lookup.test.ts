import { expect, it } from 'vitest';
import { createPostLookup } from '../../src/bots/post-lookup.ts';
import type { Post } from '../../src/core/post.ts';
import { defaultPolicy } from '../../src/core/review.ts';
import { openStores } from '../../src/core/stores.ts';
import { createWorkspaces, type Workspace } from '../../src/core/workspaces.ts';
import { postIn } from './view/subjects.ts';

const SERVER = { workspace: 'discord:1', chat: 'discord:10', chatTitle: 'Studio', isPrivate: false };
const GROUP = { workspace: 'telegram:-2', chat: 'telegram:-2', chatTitle: 'Editors', isPrivate: false };
const ELSEWHERE = { workspace: 'telegram:-3', chat: 'telegram:-3', chatTitle: 'Mine', isPrivate: false };

async function startLookup() {
  const stores = openStores({ file: ':memory:' });
  const posts = stores.store<Post>('posts');
  const workspaces = createWorkspaces({ workspaces: stores.store<Workspace>('workspaces') });
  for (const place of [SERVER, GROUP, ELSEWHERE]) await workspaces.meet(place);
  const policy = defaultPolicy({ isPrivate: false });
  const post = postIn({ status: 'in_review', since: 0, expiresAt: 1 });
  const review = { policy, chats: [SERVER.chat, 'telegram:-2:7'] };
  await posts.create('post', { ...post, workspace: SERVER.workspace, chat: SERVER.chat, review });
  const lookUp = createPostLookup({ posts, workspaces });
  return { lookUp, workspaces, [Symbol.asyncDispose]: () => stores.close() };
}

it('finds a post for the people of its place, and of one that is joined', async () => {
  await using started = await startLookup();
  const { lookUp, workspaces } = started;
  expect(await lookUp({ ...SERVER, chat: 'discord:11' }, 'post')).toMatchObject({ id: 'post' });
  await workspaces.join(GROUP.workspace, GROUP.chat, SERVER.workspace);
  expect(await lookUp(GROUP, 'post')).toMatchObject({ id: 'post' });
});

it('goes on finding it where its review stands after two places have separated', async () => {
  await using started = await startLookup();
  expect(await started.lookUp({ ...GROUP, chat: 'telegram:-2:7' }, 'post')).toMatchObject({ id: 'post' });
});

it('knows nothing of it in a chat of somebody else, whatever a button says', async () => {
  await using started = await startLookup();
  for (const place of [ELSEWHERE, GROUP])
    await expect(started.lookUp(place, 'post')).rejects.toMatchObject({ problem: { code: 'post_gone' } });
  await expect(started.lookUp(SERVER, 'other')).rejects.toMatchObject({ problem: { code: 'post_gone' } });
});
