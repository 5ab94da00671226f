import type { Draft } from '../core/draft.ts';
import { type ChatRef, isSettled, type Person, type Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Workspaces } from '../core/workspaces.ts';

const RECENT_POSTS = 10;

/** Looks up what is under way, and what was, for the people of a workspace and of all that share with it. */
export function createLists({
  drafts,
  posts,
  workspaces,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  workspaces: Workspaces;
}) {
  /** The drafts that the person composes in this one place. */
  async function openDrafts(workspace: string, person: Person): Promise<Draft[]> {
    const open: Draft[] = [];
    for await (const [, draft] of drafts.entries()) {
      if (draft.workspace === workspace && draft.author.id === person.id && draft.submitted === undefined)
        open.push(draft);
    }
    return open;
  }

  /** Newest first. */
  async function recentPosts(workspace: string): Promise<Post[]> {
    const sharing = await workspaces.idsOf(workspace);
    const found = await postsOf((post) => sharing.includes(post.workspace));
    return found.sort((a, b) => b.createdAt - a.createdAt).slice(0, RECENT_POSTS);
  }

  function postsUnderWay(workspace: string, person: Person): Promise<Post[]> {
    return postsOf(
      (post) => post.workspace === workspace && post.author.id === person.id && !isSettled(post),
    );
  }

  /** The posts under way whose reviews stand in a chat, in whichever of its topics. */
  function reviewsIn(chat: ChatRef): Promise<Post[]> {
    const isThere = (one: ChatRef) => one === chat || one.startsWith(`${chat}:`);
    return postsOf((post) => !isSettled(post) && (post.review?.chats.some(isThere) ?? false));
  }

  async function postsOf(wanted: (post: Post) => boolean): Promise<Post[]> {
    const found: Post[] = [];
    for await (const [, post] of posts.entries()) if (wanted(post)) found.push(post);
    return found;
  }

  return { openDrafts, recentPosts, postsUnderWay, reviewsIn };
}

export type Lists = ReturnType<typeof createLists>;
