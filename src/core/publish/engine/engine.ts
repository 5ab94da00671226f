/** Takes a post one step; the time of the next call (epoch milliseconds), or undefined when there is none. */
export type Tick = (postId: string) => Promise<number | undefined>;

/** Who calls the publisher, and when. Never two runs of one post at once. */
export interface Engine {
  /** Without a tick, others make the runs that are asked for here. */
  start(tick?: Tick): void;
  /** Calls for the post at a time, in place of what was planned for it. */
  schedule(postId: string, at: number): void;
  /**
   * Calls for the post now; while it runs, once more afterwards. Resolves when a run that began after it has ended; where
   * others make the runs, after some seconds in any case.
   */
  wake(postId: string): Promise<void>;
  /** How many posts wait for a run that is due, and how many runs there are. */
  depth(): { readonly due: number; readonly running: number };
  /** After somebody moved the clock: resolves when a run of all that is due by now, or may wait too long, has ended. */
  clockMoved(): Promise<void>;
  /** Starts nothing new and waits for what runs. */
  stop(): Promise<void>;
}

/** When a tick that threw is tried again. */
export const AFTER_BUG_MS = 10_000;
