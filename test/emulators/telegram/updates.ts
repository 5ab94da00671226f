// Faithful: update ids, confirmation by offset, negative offsets, limit, long poll up to 50 s, allowed_updates with
// its default and persistence, filtering at creation, 24 h retention (callback queries 150 s), 409 to the older of
// two polls (https://core.telegram.org/bots/api#getting-updates). Simplified: a poll whose client went away is
// forgotten at once. Missing: delivery to webhooks.
import type { Update } from 'grammy/types';
import type { Watch } from '../watch.ts';
import type { VirtualClock } from './clock.ts';
import { ApiFailure } from './failure.ts';

export type UpdateKind = Exclude<keyof Update, 'update_id'>;
type Queued = { update: Update; kind: UpdateKind; createdAtMs: number };
type Poll = { offset: number; limit: number; settle: (outcome: Update[] | Error) => void };

const RETENTION_MS = 24 * 60 * 60 * 1000;
const CALLBACK_RETENTION_MS = 150 * 1000;
const OFF_BY_DEFAULT = new Set<string>(['chat_member', 'message_reaction', 'message_reaction_count']);
const MAX_POLL_SECONDS = 50;

/** Creates the bot's queue of updates. */
export function createUpdates({
  clock,
  watch,
  firstId,
}: {
  clock: VirtualClock;
  watch: Watch;
  firstId: number;
}) {
  let nextId = firstId;
  let queue: Queued[] = [];
  let confirmed: Update[] = [];
  let again: Update[] = [];
  let allowed: string[] = [];
  let waiting: Poll | undefined;

  const isAllowed = (kind: string) =>
    allowed.length === 0 ? !OFF_BY_DEFAULT.has(kind) : allowed.includes(kind);

  const expire = () => {
    queue = queue.filter(({ kind, createdAtMs }) => {
      const keepMs = kind === 'callback_query' ? CALLBACK_RETENTION_MS : RETENTION_MS;
      return clock.now() - createdAtMs < keepMs;
    });
  };

  const confirmBelow = (offset: number) => {
    const done = queue.filter(({ update }) => update.update_id < offset);
    if (done.length === 0) return;
    confirmed = done.map(({ update }) => update);
    queue = queue.filter(({ update }) => update.update_id >= offset);
  };

  const take = ({ offset, limit }: Pick<Poll, 'offset' | 'limit'>): Update[] => {
    expire();
    if (offset < 0) confirmBelow(queue.at(offset)?.update.update_id ?? queue[0]?.update.update_id ?? 0);
    if (offset > 0) confirmBelow(offset);
    const repeated = again;
    again = [];
    return [...repeated, ...queue.map(({ update }) => update)].slice(0, limit);
  };

  const flush = () => {
    if (!waiting) return;
    const updates = take({ ...waiting, offset: Math.max(waiting.offset, 0) });
    if (updates.length > 0) waiting.settle(updates);
  };

  return {
    /** Queues an update unless allowed_updates leaves its kind out; tells whether it was queued. */
    push<K extends UpdateKind>(kind: K, payload: NonNullable<Update[K]>): boolean {
      if (!isAllowed(kind)) return false;
      const update: Update = { update_id: nextId++, [kind]: payload };
      queue.push({ update, kind, createdAtMs: clock.now() });
      // Updates made in the same turn travel in one batch.
      queueMicrotask(flush);
      return true;
    },

    /** Serves one getUpdates; `signal` ends it when the client goes away. */
    async poll(options: {
      offset: number;
      limit: number;
      timeoutSeconds: number;
      allowedUpdates?: string[];
      signal: AbortSignal;
    }): Promise<Update[]> {
      waiting?.settle(
        new ApiFailure(
          409,
          'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
        ),
      );
      if (options.allowedUpdates) allowed = options.allowedUpdates;
      const ready = take(options);
      const timeoutSeconds = Math.min(options.timeoutSeconds, MAX_POLL_SECONDS);
      if (ready.length > 0 || timeoutSeconds <= 0) return ready;
      return await new Promise((resolve, reject) => {
        const settle = (outcome: Update[] | Error) => {
          clearTimeout(timer);
          options.signal.removeEventListener('abort', leave);
          if (waiting === poll) waiting = undefined;
          outcome instanceof Error ? reject(outcome) : resolve(outcome);
        };
        const leave = () => settle([]);
        const poll: Poll = { offset: options.offset, limit: options.limit, settle };
        const timer = setTimeout(() => settle([]), timeoutSeconds * 1000);
        timer.unref();
        waiting = poll;
        watch.changed();
        options.signal.addEventListener('abort', leave);
        if (options.signal.aborted) leave();
      });
    },

    /** Delivers the updates of the last confirmed batch once more, with their old ids. */
    redeliver(): Update[] {
      again.push(...confirmed);
      queueMicrotask(flush);
      return confirmed;
    },

    /** Ends a waiting poll with nothing, so that the client asks again. */
    release: () => waiting?.settle([]),

    setAllowed(kinds: string[]) {
      allowed = kinds;
    },
    dropPending() {
      queue = [];
    },
    get allowed(): readonly string[] {
      return allowed;
    },
    get pending(): readonly Update[] {
      expire();
      return queue.map(({ update }) => update);
    },
    get isPolled(): boolean {
      return waiting !== undefined;
    },
  };
}

export type Updates = ReturnType<typeof createUpdates>;
