import type { Draft } from '../../core/draft.ts';
import type { Post } from '../../core/post.ts';
import { encodePress } from '../presses.ts';

/** A button on a draft's card. */
export function draftButton(draft: Draft, label: string, verb: string, argument?: string) {
  const press = encodePress({ on: 'draft', id: draft.id, verb, ...(argument !== undefined && { argument }) });
  return { label, press };
}

/** A button on a post's card. */
export function postButton(post: Post, label: string, verb: string, argument?: string) {
  const press = encodePress({ on: 'post', id: post.id, verb, ...(argument !== undefined && { argument }) });
  return { label, press };
}
