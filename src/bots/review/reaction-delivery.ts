import type { ChatRef } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import { reviewSubject } from '../cards/subjects.ts';
import type { Bot } from '../platform.ts';

/** A review had its card in a chat whose reactions did not reach Nod. */
export interface ReactionDeliveryRecord extends Versioned {
  /** When they began to reach it; absent while they do not. */
  readonly heardSince?: number | undefined;
}

/** Whether the reactions under a review's card reach Nod. */
export interface ReactionDelivery {
  readonly receivesReactions: boolean;
  /** Since when (epoch milliseconds), where they did not from the beginning and cannot be read back. */
  readonly heardSince?: number | undefined;
}

/** Remembers under which cards reactions may stand that Nod was never told of. */
export function createReactionDelivery({
  deliveries,
  botFor,
  now,
}: {
  deliveries: Store<ReactionDeliveryRecord>;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
}) {
  /** What of the reactions reaches Nod; where the chat does not answer, all of it is taken for granted. */
  async function fetchDelivery(post: Post, chat: ChatRef): Promise<ReactionDelivery> {
    const bot = botFor(chat);
    const receivesReactions = await bot.receivesReactions(chat).catch(() => undefined);
    if (receivesReactions === undefined || bot.fetchReactions !== undefined)
      return { receivesReactions: receivesReactions ?? true };
    const subject = reviewSubject(post.id, chat);
    if (!receivesReactions) {
      await deliveries.upsert(subject, (known) => (known?.heardSince === undefined && known ? known : {}));
      return { receivesReactions };
    }
    const known = await deliveries.update(subject, ({ heardSince }) =>
      heardSince === undefined ? { heardSince: now() } : undefined,
    );
    return { receivesReactions, heardSince: known?.heardSince };
  }

  /** Deletes what is remembered about a post. */
  async function forget(post: Post): Promise<void> {
    for (const chat of post.review?.chats ?? []) await deliveries.delete(reviewSubject(post.id, chat));
  }

  return { fetchDelivery, forget };
}

export type ReactionDeliveries = ReturnType<typeof createReactionDelivery>;
