import { UserError } from '../core/errors.ts';
import type { ChatRef, Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Workspaces } from '../core/workspaces.ts';
import type { Bot, ChatEvent } from './bot.ts';

/**
 * Looks up the post that a button or an answer names, for the people of its place only.
 *
 * What a button brings back can be forged: somebody might press it in a chat of their own, where they manage everything.
 */
export function createPostLookup({
  posts,
  workspaces,
  botFor,
}: {
  posts: Store<Post>;
  workspaces: Workspaces;
  botFor: (chat: ChatRef) => Bot;
}) {
  /** @throws UserError `post_gone` `not_shared` */
  async function lookUp(
    { chat, workspace }: Pick<ChatEvent, 'chat' | 'workspace'>,
    postId: string,
  ): Promise<Post> {
    const post = await posts.get(postId);
    if (post === undefined) throw new UserError({ code: 'post_gone' });
    if (await workspaces.areTogether(post.workspace, workspace)) return post;
    throw new UserError({ code: post.review?.chats.includes(chat) ? 'not_shared' : 'post_gone' });
  }

  /** The author may change what becomes of a post, and whoever manages the place. */
  async function checkMayChange(
    { chat, person }: Pick<ChatEvent, 'chat' | 'person'>,
    { author }: Post,
  ): Promise<void> {
    if (author.id === person.id || (await botFor(chat).readStanding(chat, person)).isManager) return;
    throw new UserError({ code: 'not_author_or_manager', author: author.name });
  }

  return { lookUp, checkMayChange };
}

export type PostLookup = ReturnType<typeof createPostLookup>;
