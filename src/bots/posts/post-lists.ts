import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Draft } from '../../core/compose/draft.ts';
import { type ChatRef, isSettled, type Person, type Post } from '../../core/publish/post.ts';
import type { Store } from '../../core/storage/database.ts';
import { isAbsent } from '../access/is-absent.ts';
import type { Bot } from '../platform.ts';

const RECENT_POSTS = 10;
/** Each costs a call. */
const MAX_AUTHORS = 20;

/** Looks up what is under way, and what was, for the people of a workspace and of all that share with it. */
export function createLists({
  drafts,
  posts,
  workspaces,
  botFor,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  workspaces: Workspaces;
  botFor: (chat: ChatRef) => Bot;
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

  /** The drafts of a place whose authors can do nothing with them any more; looked up for some authors at most. */
  async function leftDrafts(workspace: string): Promise<Draft[]> {
    const absent = new Map<string, boolean>();
    const left: Draft[] = [];
    for await (const [, draft] of drafts.entries()) {
      const { author, chat, submitted } = draft;
      if (draft.workspace !== workspace || submitted !== undefined) continue;
      if (!absent.has(author.id) && absent.size < MAX_AUTHORS)
        absent.set(author.id, await isAbsent(botFor, { author, chat }));
      if (absent.get(author.id)) left.push(draft);
    }
    return left;
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

  return { openDrafts, leftDrafts, recentPosts, postsUnderWay, reviewsIn };
}

export type Lists = ReturnType<typeof createLists>;
