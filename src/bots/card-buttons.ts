import type { Draft } from '../core/compose/draft.ts';
import type { Post } from '../core/publish/post.ts';
import { encodePress } from './buttons.ts';

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
