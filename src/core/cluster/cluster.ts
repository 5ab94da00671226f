import { createLimiter } from '../fair-limiter.ts';
import { createWindowLimiter, type LimitOptions, type WindowLimiter } from '../tiktok/window-limiter.ts';

/** What a process of Nod does: serve pages and media, hold the chats, or take posts on their way. */
export const ROLES = ['web', 'bots', 'worker'] as const;
export type ProcessRole = (typeof ROLES)[number];

/** What one process tells all others. What it is about has been saved before, and is read again by whoever hears of it. */
export type News =
  /** The process that led has stopped in peace. */
  | { readonly type: 'free' }
  /** A post has changed; what nobody waits for is not `soon`. */
  | { readonly type: 'post'; readonly postId: string; readonly soon: boolean }
  /** Somebody has decided something about a post, which may end what is being done for it. */
  | { readonly type: 'decided'; readonly postId: string }
  /** A post prepares its files itself from here on. */
  | { readonly type: 'taken-over'; readonly postId: string }
  | { readonly type: 'draft'; readonly draftId: string }
  /** Accounts were connected, or are lost. */
  | { readonly type: 'accounts' }
  /** TikTok has given a publish to a post, of which it may have told before. */
  | { readonly type: 'linked'; readonly publishId: string }
  /** How much of an attempt's media has left so far. */
  | { readonly type: 'sent'; readonly attemptId: string; readonly postId: string; readonly count: SentCount };

export interface SentCount {
  /** Of each file, up to which byte. */
  readonly sentUpTo: readonly number[];
  /** From 1: the file that left last. */
  readonly fileNumber: number;
  /** When the last missing byte left (epoch milliseconds). */
  readonly completedAt?: number | undefined;
}

/** The processes that are one Nod together, as one of them sees it. */
export interface Cluster {
  /** Whether there may be others. */
  readonly isShared: boolean;
  /**
   * Whether this process leads: it alone holds the chats, looks after drafts and accounts, and deletes what nobody needs.
   * There is one at most.
   */
  isLeading(): boolean;
  /** Up to when the leading process has read all votes (epoch milliseconds); 0 where nobody leads who has. */
  votesReadUntil(): Promise<number>;
  /** Where the leading process is reached (a base URL without a slash at its end); undefined where there is none now. */
  leader(): Promise<string | undefined>;
  /** Tells all others; it must not throw and is not waited for. */
  tell(news: News): void;
  /** Has `heard` told what others tell from now on, in the order in which each has told it. */
  listen(heard: (news: News) => void): void;
  /** Runs something once everything is done that was begun under this name, here or in another process. */
  exclusively<T>(name: string, run: () => Promise<T>): Promise<T>;
  /** Counts calls for all processes together. */
  limitCalls(options: LimitOptions): WindowLimiter;
}

/** Another process leads, though this one did: nobody knows what was still under way here. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError' as const;

  constructor() {
    super('Another process has taken over, because Redis has not heard from this one for some seconds.');
  }
}

/** Runs one thing of each name after the other, within one process. */
export const createExclusive = (): Cluster['exclusively'] =>
  createLimiter({ concurrency: Number.POSITIVE_INFINITY, perOwner: 1 });

/** The one process that does everything: it needs nobody and knows all by itself. */
export function createSoleCluster(): Cluster {
  return {
    isShared: false,
    isLeading: () => true,
    votesReadUntil: async () => Number.POSITIVE_INFINITY,
    leader: async () => undefined,
    tell() {},
    listen() {},
    exclusively: createExclusive(),
    limitCalls: createWindowLimiter,
  };
}
