// Faithful: growing sequence numbers, events kept for a resume, none for intents that were not asked for
// (https://discord.com/developers/docs/events/gateway#sessions). Simplified: one shard; a lost session can be resumed
// for five virtual minutes and keeps every event.
import { randomBytes } from 'node:crypto';
import type { Watch } from '../watch.ts';
import type { VirtualClock } from './clock.ts';
import { INTENTS, intentOf } from './intents.ts';

export type Dispatch = { op: 0; s: number; t: string; d: unknown };
export type Session = {
  id: string;
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

    start(intents: number, send: (dispatch: Dispatch) => void): Session {
      const id = randomBytes(16).toString('hex');
      const session: Session = {
        id,
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

    /** Sends an event to every session that asked for it; connections that are away get it when they resume. */
    dispatch(
      event: string,
      payload: unknown | ((reader: Reader) => unknown),
      { isDm = false, isOwn = false } = {},
    ) {
      const needed = intentOf(event, { isDm, isOwn });
      for (const session of all) {
        if (session.isEnded || (session.intents & needed) !== needed) continue;
        const seesContent = (session.intents & INTENTS.MESSAGE_CONTENT) !== 0;
        push(session, event, typeof payload === 'function' ? payload({ seesContent }) : payload);
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

    /** Whether the bot hears events, at once or when it resumes. */
    get isListening() {
      return all.some(({ isEnded }) => !isEnded);
    },
    get isConnected() {
      return all.some(({ isEnded, send }) => !isEnded && send !== undefined);
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
