import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { type ChatRef, type Person, platformOf } from '../../core/people.ts';
import type { Post, PostReview } from '../../core/publish/post.ts';
import type { Bot } from '../platform.ts';
import { fetchMemberOf } from './members.ts';

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

/**
 * Whether somebody is linked as the review asks for it: with an account that is in one of its chats on the other platform.
 * Who could link just any account would still have two votes. Within one platform everybody is one person anyway.
 */
export async function isLinkedIn(
  { policy, chats }: PostReview,
  person: Person,
  {
    accounts,
    botFor,
  }: {
    /** All of the person's. */
    accounts: readonly Person[];
    botFor: (chat: ChatRef) => Pick<Bot, 'fetchMember'>;
  },
): Promise<boolean> {
  const own = platformOf(person.id);
  if (policy.linkedVoters !== true || chats.every((chat) => platformOf(chat) === own)) return true;
  for (const account of accounts.filter(({ id }) => id !== person.id))
    for (const chat of chats.filter((one) => platformOf(one) === platformOf(account.id)))
      if ((await fetchMemberOf(botFor, chat, account)).isMember !== false) return true;
  return false;
}
