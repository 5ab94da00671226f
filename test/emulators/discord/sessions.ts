// Faithful: growing sequence numbers, events kept for a resume, none for intents that were not asked for
// (https://discord.com/developers/docs/events/gateway#sessions). Simplified: a lost session can be resumed for five virtual
// minutes and keeps every event.
import { randomBytes } from 'node:crypto';
import type { Watch } from '../watch.ts';
import type { VirtualClock } from './clock.ts';
import { INTENTS, intentOf } from './intents.ts';
import { guildOf, type Shard, shardOf } from './shards.ts';

export type Dispatch = { op: 0; s: number; t: string; d: unknown };
export type Session = {
  id: string;
  shard: Shard;
  intents: number;
  seq: number;
  sent: Dispatch[];
  /** The connection that carries it, if any. */
  send: ((dispatch: Dispatch) => void) | undefined;
  detachedAtMs: number | undefined;
  isEnded: boolean;
};

/** What a session may read; content needs an intent of its own. */
export type Reader = { seesContent: boolean };

const RESUMABLE_MS = 5 * 60_000;

/** Creates the book of gateway sessions. */
export function createSessions({ clock, watch }: { clock: VirtualClock; watch: Watch }) {
  const all: Session[] = [];

  const push = (session: Session, t: string, d: unknown) => {
    session.seq++;
    const dispatch: Dispatch = { op: 0, s: session.seq, t, d };
    session.sent.push(dispatch);
    // Later than the answer to the request that caused it, as with Discord.
    const { send } = session;
    if (send) setImmediate(() => session.send === send && send(dispatch));
  };

  return {
    all: all as readonly Session[],

    start(
      { intents, shard }: Pick<Session, 'intents' | 'shard'>,
      send: (dispatch: Dispatch) => void,
    ): Session {
      const id = randomBytes(16).toString('hex');
      const session: Session = {
        id,
        shard,
        intents,
        seq: 0,
        sent: [],
        send,
        detachedAtMs: undefined,
        isEnded: false,
      };
      all.push(session);
      watch.changed();
      return session;
    },

    push,

    /** Sends an event to every session whose shard hears of it and that asked for it; connections that are away get it when they resume. */
    dispatch(
      event: string,
      payload: unknown | ((reader: Reader) => unknown),
      { isDm = false, isOwn = false } = {},
    ) {
      const needed = intentOf(event, { isDm, isOwn });
      for (const session of all) {
        if (session.isEnded || (session.intents & needed) !== needed) continue;
        const seesContent = (session.intents & INTENTS.MESSAGE_CONTENT) !== 0;
        const told = typeof payload === 'function' ? payload({ seesContent }) : payload;
        const [id, count] = session.shard;
        if (shardOf(guildOf(event, told), count) === id) push(session, event, told);
      }
      watch.changed();
    },

    /** A session that can go on after its sequence number, with the reason if it cannot. */
    resume(id: string, seq: number): Session | 'invalid session' | 'invalid seq' {
      const session = all.find((candidate) => candidate.id === id && !candidate.isEnded);
      if (!session) return 'invalid session';
      if (session.detachedAtMs !== undefined && clock.now() > session.detachedAtMs + RESUMABLE_MS)
        return 'invalid session';
      return seq > session.seq ? 'invalid seq' : session;
    },

    attach(session: Session, send: (dispatch: Dispatch) => void) {
      session.send = send;
      session.detachedAtMs = undefined;
      watch.changed();
    },

    detach(session: Session, { isEnd }: { isEnd: boolean }) {
      session.send = undefined;
      session.detachedAtMs = clock.now();
      if (isEnd) session.isEnded = true;
      watch.changed();
    },

    endAll() {
      for (const session of all) session.isEnded = true;
    },

    /** Whether the bot hears of a server, or of what is in none, at once or when it resumes. */
    isListening: (guildId: string | undefined) =>
      all.some(({ isEnded, shard: [id, count] }) => !isEnded && shardOf(guildId, count) === id),
    get isConnected() {
      return all.some(({ isEnded, send }) => !isEnded && send !== undefined);
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
