import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';

/** Whether the people of a place see the reviews of a post and have a say in them: both share, and the place may use Nod. */
export async function takesPart(
  { access, workspaces }: { access: Pick<Access, 'isAllowed'>; workspaces: Pick<Workspaces, 'areTogether'> },
  post: Pick<Post, 'workspace'>,
  workspace: string,
): Promise<boolean> {
  return (await workspaces.areTogether(post.workspace, workspace)) && (await access.isAllowed(workspace));
}

/** The place in whose chat a review of the post stands; its own for every other chat. */
export function placeOf({ workspace, review }: Pick<Post, 'workspace' | 'review'>, chat: ChatRef): string {
  return review?.places[review.chats.indexOf(chat)] ?? workspace;
}
