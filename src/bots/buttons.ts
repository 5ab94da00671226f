import { createHash } from 'node:crypto';
import type { Draft } from '../core/compose/draft.ts';
import type { Post } from '../core/publish/post.ts';

/** What a button means: on a draft, a post, a list, an account, the settings of the place, or who may use this Nod. */
export interface Press {
  readonly on: 'draft' | 'post' | 'list' | 'account' | 'settings' | 'access';
  /** Of the draft or post; for a list its name, for an account its `accountKey`, for settings which one, for access the key of a place. */
  readonly id: string;
  readonly verb: string;
  readonly argument?: string | undefined;
}

const PREFIX = { draft: 'd', post: 'p', list: 'l', account: 'a', settings: 's', access: 'o' } as const;

const PLACES = ['draft', 'post', 'list', 'account', 'settings', 'access'] as const;

/** At most 64 bytes, as Telegram allows; everything else is looked up by the id. */
export function encodePress({ on, id, verb, argument }: Press): string {
  return [PREFIX[on], id, verb, argument].filter((part) => part !== undefined).join(':');
}

/** Undefined for what no button of ours says. */
export function decodePress(data: string): Press | undefined {
  const [prefix, id, verb, argument] = data.split(':');
  const on = PLACES.find((place) => PREFIX[place] === prefix);
  if (on === undefined || !id || !verb) return undefined;
  return { on, id, verb, argument };
}

/** Stands for an account in a button, where its `open_id` may be too long. */
export function accountKey(openId: string): string {
  return createHash('sha256').update(openId).digest('base64url').slice(0, 10);
}

/** A button on a draft's card. */
export function draftButton(draft: Draft, label: string, verb: string, argument?: string) {
  return { label, press: encodePress({ on: 'draft', id: draft.id, verb, argument }) };
}

/** A button on a post's card. */
export function postButton(post: Post, label: string, verb: string, argument?: string) {
  return { label, press: encodePress({ on: 'post', id: post.id, verb, argument }) };
}

/** A button that shows a page, from 0, of what goes out. */
export function queueButton(label: string, page: number) {
  return { label, press: encodePress({ on: 'list', id: 'queue', verb: 'page', argument: String(page) }) };
}

/** Stands for a person, a role or a place in a button, whose parts are told apart by colons. */
export const settingKey = ({ id }: { readonly id: string }): string => id.replaceAll(':', '.');
