import { UserError } from '../core/errors.ts';
import type { Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Workspaces } from '../core/workspaces.ts';
import type { ChatEvent } from './bot.ts';

/**
 * Looks up the post that a button or an answer names, for the people of its place only.
 *
 * What a button brings back can be forged: somebody might press it in a chat of their own, where they manage everything.
 *
 * @throws UserError `post_gone`
 */
export function createPostLookup({ posts, workspaces }: { posts: Store<Post>; workspaces: Workspaces }) {
  return async function lookUp(
    { chat, workspace }: Pick<ChatEvent, 'chat' | 'workspace'>,
    postId: string,
  ): Promise<Post> {
    const post = await posts.get(postId);
    if (post?.review?.chats.includes(chat)) return post;
    if (post !== undefined && (await workspaces.areTogether(post.workspace, workspace))) return post;
    throw new UserError({ code: 'post_gone' });
  };
}

export type PostLookup = ReturnType<typeof createPostLookup>;
