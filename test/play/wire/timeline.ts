import { EventEmitter } from 'node:events';

/** One exchange on the wire: who asked whom, and what for. */
export interface WireEntry {
  readonly id: number;
  readonly at: number;
  readonly from: Party;
  readonly to: Party;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly request: WirePart;
  response?: WirePart;
  /** Missing while it runs and where the connection was cut. */
  status?: number;
  durationMs?: number;
  /** Why there is no answer. */
  problem?: string;
}

export type Party = 'Nod' | 'Telegram' | 'Discord' | 'TikTok';

/** Headers and a body as text. */
export interface WirePart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Enough for an evening; what is older goes. */
const MAX_ENTRIES = 2_000;

/** Keeps what went over the wire, newest last, and tells of each change. */
export function createTimeline({ now }: { now: () => number }) {
  const entries = new Map<number, WireEntry>();
  const events = new EventEmitter<{ changed: [WireEntry] }>();
  let lastId = 0;

  function begin(entry: Omit<WireEntry, 'id' | 'at'>): WireEntry {
    lastId += 1;
    const begun: WireEntry = { ...entry, id: lastId, at: now() };
    entries.set(begun.id, begun);
    const [oldest] = entries.keys();
    if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
    events.emit('changed', begun);
    return begun;
  }

  function end(entry: WireEntry, outcome: Partial<Pick<WireEntry, 'response' | 'status' | 'problem'>>): void {
    Object.assign(entry, outcome, { durationMs: Math.max(0, now() - entry.at) });
    events.emit('changed', entry);
  }

  return {
    begin,
    end,
    get: (id: number): WireEntry | undefined => entries.get(id),
    all: (): WireEntry[] => [...entries.values()],
    /** Calls a listener with each entry that is new or has changed, until the function that comes back is called. */
    onChange(listener: (entry: WireEntry) => void): () => void {
      events.on('changed', listener);
      return () => void events.off('changed', listener);
    },
  };
}

export type Timeline = ReturnType<typeof createTimeline>;
