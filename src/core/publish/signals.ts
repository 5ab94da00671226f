import { LRUCache } from 'lru-cache';
import type { Person } from '../people.ts';
import type { VoterRules } from '../review/review.ts';
import type { Store, Versioned } from '../storage/database.ts';

const MAX_LINKED = 1_000;

/** What others leave for a post's next tick. Only that tick writes the post. */
export interface PostSignals extends Versioned {
  /** Somebody wants the post stopped, or taken back to change it. */
  readonly cancelled?: { readonly by: Person; readonly isWithdrawn?: true };
  /** Somebody wants the post at another time; null for as soon as possible. */
  readonly publishAt?: number | null;
  /** Others shall have a say in the review. */
  readonly voters?: VoterRules;
  /** TikTok announced news at this time. */
  readonly hintedAt?: number;
}

/** Notes on posts, and the way back from TikTok's `publish_id` to our post. */
export function createSignals({
  signals,
  publishes,
  wake,
  now,
}: {
  signals: Store<PostSignals>;
  publishes: Store<Publish>;
  wake: (postId: string) => void;
  now: () => number;
}) {
  /** The post of each publish that was linked last; TikTok tells of it within a moment, and that never changes. */
  const linked = new LRUCache<string, string>({ max: MAX_LINKED });

  const read = (postId: string): Promise<PostSignals | undefined> => signals.get(postId);

  /** Asks for a post to be stopped; what that achieves is told by the post. */
  async function cancel(postId: string, by: Person): Promise<void> {
    await write(postId, { cancelled: { by } });
  }

  /** Asks for a post to be taken back, because it goes on as something else. */
  async function withdraw(postId: string, by: Person): Promise<void> {
    await write(postId, { cancelled: { by, isWithdrawn: true } });
  }

  /** Asks for another time (milliseconds since the epoch), or for none. */
  async function reschedule(postId: string, publishAt: number | undefined): Promise<void> {
    await write(postId, { publishAt: publishAt ?? null });
  }

  /** Asks for others to have a say in the review of a post. */
  async function changeVoters(postId: string, voters: VoterRules): Promise<void> {
    await write(postId, { voters });
  }

  /** Notes that TikTok has news about a publish of ours; false when it is none of ours. */
  async function hint(publishId: string): Promise<boolean> {
    const postId = linked.get(publishId) ?? (await publishes.get(publishId))?.postId;
    if (postId === undefined) return false;
    await write(postId, { hintedAt: now() });
    return true;
  }

  async function link(publishId: string, postId: string): Promise<void> {
    const created = await publishes.create(publishId, { postId });
    if (created !== undefined) linked.set(publishId, postId);
  }

  async function write(postId: string, note: Omit<PostSignals, 'version'>): Promise<void> {
    await signals.upsert(postId, (current) => ({ ...current, ...note }));
    wake(postId);
  }

  /** Deletes everything that was left for a post, and the ways back to it. */
  async function forget(postId: string): Promise<void> {
    await signals.delete(postId);
    for (const [publishId] of await publishes.find({ where: { postId } })) {
      linked.delete(publishId);
      await publishes.delete(publishId);
    }
  }

  return { read, cancel, withdraw, reschedule, changeVoters, hint, link, forget };
}

export type Signals = ReturnType<typeof createSignals>;

/** Which post a `publish_id` belongs to. */
export interface Publish extends Versioned {
  readonly postId: string;
}
