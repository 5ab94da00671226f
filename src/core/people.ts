/** Where a conversation is: `telegram:<chat>:<thread>` or `discord:<channel>`; all else is for the adapter to know. */
export type ChatRef = string;

/** The platform that a conversation, a place, a person or a role belongs to. */
export const platformOf = (id: string): string => id.split(':')[0] ?? '';

/** Whether a conversation is `whole`, or a topic of it. */
export const isWithin = (chat: ChatRef, whole: ChatRef): boolean =>
  chat === whole || chat.startsWith(`${whole}:`);

/** A conversation without its topic. */
export const wholeOf = (chat: ChatRef): ChatRef => chat.split(':').slice(0, 2).join(':');

/** Somebody in a chat; `id` is `telegram:<user>` or `discord:<user>`. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Whether it is one person; a group or a channel that speaks as itself has an id of another form. */
export const isSomebody = ({ id }: Pick<Person, 'id'>): boolean => /^[a-z]+:\d+$/.test(id);

/** What a TikTok account is called. */
export interface AccountName {
  readonly nickname: string;
  /** The handle, without @; TikTok tells it with the creator info. */
  readonly username?: string | undefined;
}

/** What a bot may be allowed in a chat, by what it is for. */
export type BotRight = 'view' | 'send' | 'send_in_threads' | 'pictures' | 'read_history' | 'react';

/** What keeps a card from a chat, as far as the platform tells. */
export type Obstacle =
  /** None is named where the platform does not say which. */
  | { readonly type: 'rights'; readonly missing: readonly BotRight[] }
  /** A person takes no messages of ours. */
  | { readonly type: 'blocked' }
  /** We are not in the place any more. */
  | { readonly type: 'removed' }
  /** The chat, or the topic in it, is deleted. */
  | { readonly type: 'gone' | 'topic_gone' }
  /** A topic or a thread in which nobody may write. */
  | { readonly type: 'thread_closed' }
  /** Its words or its picture are not let through. */
  | { readonly type: 'filtered' }
  /** Nod made something that the platform does not take. */
  | { readonly type: 'fault' }
  | { readonly type: 'unknown' };

const EXTRAS: readonly BotRight[] = ['pictures', 'read_history', 'react'];

/** Whether a card can stand all the same, without its picture or without reactions. */
export const canStand = (obstacle: Obstacle): boolean =>
  obstacle.type === 'rights' &&
  obstacle.missing.length > 0 &&
  obstacle.missing.every((right) => EXTRAS.includes(right));
