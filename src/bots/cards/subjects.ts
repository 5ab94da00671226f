import type { ChatRef } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';

/**
 * What a card is about: a draft with the post that it becomes, by the draft's id; or a post under review, in one of the
 * chats in which its review stands. Each of these has a message of its own, so that reactions under it are about one
 * content only.
 */
export type Subject = { readonly draftId: string } | { readonly postId: string; readonly chat: ChatRef };

/** The card of a post under review in one chat. */
export const reviewSubject = (postId: string, chat: ChatRef): string => `${postId} ${chat}`;

/** What a card is about, by its subject. */
export function parseSubject(subject: string): Subject {
  const [id = '', chat] = subject.split(' ');
  return chat === undefined ? { draftId: id } : { postId: id, chat };
}

/**
 * All cards that show a post; a reviewed one has one in each chat of its review, and may have one where it was composed.
 */
export function subjectsOf({
  id,
  draftId,
  chat,
  review,
}: Pick<Post, 'id' | 'draftId' | 'chat' | 'review'>): string[] {
  if (review === undefined) return [draftId];
  const chats = new Set([...review.chats, chat]);
  return [draftId, ...[...chats].map((one) => reviewSubject(id, one))];
}
