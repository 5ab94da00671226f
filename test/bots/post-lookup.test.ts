import { expect, it } from 'vitest';
import { createPostLookup } from '../../src/bots/post-lookup.ts';
import type { Post } from '../../src/core/post.ts';
import { defaultPolicy } from '../../src/core/review.ts';
import { openStores } from '../../src/core/stores.ts';
import { createWorkspaces, type Workspace } from '../../src/core/workspaces.ts';
import { createPaperBot } from './paper-bot.ts';
import { postIn } from './view/subjects.ts';

const SERVER = { workspace: 'discord:1', chat: 'discord:10', chatTitle: 'Studio', isPrivate: false };
const GROUP = { workspace: 'telegram:-2', chat: 'telegram:-2', chatTitle: 'Editors', isPrivate: false };
const ELSEWHERE = { workspace: 'telegram:-3', chat: 'telegram:-3', chatTitle: 'Mine', isPrivate: false };

const NOBODYS = { id: 'telegram:7', name: 'Gus' };

async function startLookup() {
  const stores = openStores({ file: ':memory:' });
  const posts = stores.store<Post>('posts');
  const workspaces = createWorkspaces({ workspaces: stores.store<Workspace>('workspaces') });
  for (const place of [SERVER, GROUP, ELSEWHERE]) await workspaces.meet(place);
  const policy = defaultPolicy({ isPrivate: false });
  const post = postIn({ status: 'in_review', since: 0, expiresAt: 1 });
  const review = {
    policy,
    chats: [SERVER.chat, 'telegram:-2:7'],
    places: [SERVER.workspace, GROUP.workspace],
  };
  await posts.create('post', { ...post, workspace: SERVER.workspace, chat: SERVER.chat, review });
  const { bot } = createPaperBot({ standingOf: ({ id }) => ({ isManager: id !== NOBODYS.id, roles: [] }) });
  const { lookUp, checkMayChange } = createPostLookup({ posts, workspaces, botFor: () => bot });
  return { lookUp, checkMayChange, post, workspaces, [Symbol.asyncDispose]: () => stores.close() };
}

it('finds a post for the people of its place, and of one that is joined', async () => {
  await using started = await startLookup();
  const { lookUp, workspaces } = started;
  expect(await lookUp({ ...SERVER, chat: 'discord:11' }, 'post')).toMatchObject({ id: 'post' });
  await workspaces.join(GROUP.workspace, GROUP.chat, SERVER.workspace);
  expect(await lookUp(GROUP, 'post')).toMatchObject({ id: 'post' });
});

it('tells a place that has separated that it has no say any more', async () => {
  await using started = await startLookup();
  const asked = started.lookUp({ ...GROUP, chat: 'telegram:-2:7' }, 'post');
  await expect(asked).rejects.toMatchObject({ problem: { code: 'not_shared' } });
});

it('knows nothing of it in a chat of somebody else, whatever a button says', async () => {
  await using started = await startLookup();
  for (const place of [ELSEWHERE, GROUP])
    await expect(started.lookUp(place, 'post')).rejects.toMatchObject({ problem: { code: 'post_gone' } });
  await expect(started.lookUp(SERVER, 'other')).rejects.toMatchObject({ problem: { code: 'post_gone' } });
});

it('lets the author change what becomes of it, who manages the place, and nobody else', async () => {
  await using started = await startLookup();
  const { checkMayChange, post } = started;
  for (const person of [post.author, { id: 'discord:5', name: 'Ben' }])
    await checkMayChange({ chat: SERVER.chat, person }, post);
  await expect(checkMayChange({ chat: SERVER.chat, person: NOBODYS }, post)).rejects.toMatchObject({
    problem: { code: 'not_author_or_manager', author: 'Ana' },
  });
});
