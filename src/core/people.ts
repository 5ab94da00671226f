/** Where a conversation is: `telegram:<chat>:<thread>` or `discord:<channel>`; all else is for the adapter to know. */
export type ChatRef = string;

/** Somebody in a chat; `id` is `telegram:<user>` or `discord:<user>`. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** What a TikTok account is called. */
export interface AccountName {
  readonly nickname: string;
  /** The handle, without @; TikTok tells it with the creator info. */
  readonly username?: string;
}
