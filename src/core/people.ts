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

/** What a TikTok account is called. */
export interface AccountName {
  readonly nickname: string;
  /** The handle, without @; TikTok tells it with the creator info. */
  readonly username?: string | undefined;
}
