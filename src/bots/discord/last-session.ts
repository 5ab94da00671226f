import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type SessionInfo, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { type GatewayDispatchPayload, REST } from 'discord.js';
import type { Logger } from 'pino';
import type { Store, Versioned } from '../../core/storage/database.ts';
import { toChatError } from './errors.ts';

/** The session that Nod had when it was stopped. */
export interface LastSession extends Versioned {
  readonly session: SessionInfo;
  /** Epoch milliseconds. */
  readonly endedAt: number;
}

const KEY = 'last';
/** Whoever has pressed a button longer ago has been told by Discord that it failed. */
const LATEST_MS = 15_000;
const PATIENCE_MS = 5_000;

/**
 * Keeps the session of a Nod that is stopped for the next one, which may be another process: what happens between the two is
 * told once that resumes it (https://discord.com/developers/docs/events/gateway#resuming).
 */
export function createLastSession({
  sessions,
  token,
  apiUrl,
  now,
  log,
}: {
  sessions: Store<LastSession>;
  token: string;
  /** Without the version. */
  apiUrl: string;
  now: () => number;
  log: Logger;
}) {
  async function keep(session: SessionInfo): Promise<void> {
    const kept = { session, endedAt: now() };
    await sessions.upsert(KEY, () => kept);
  }

  /** Takes what was told since; resolves once a session of our own has begun, or nothing more can come. */
  async function takeMissed(
    take: (payload: GatewayDispatchPayload) => void,
    isConnected: Promise<unknown>,
  ): Promise<void> {
    const last = await sessions.get(KEY);
    if (last === undefined) return;
    await sessions.delete(KEY);
    if (Math.abs(now() - last.endedAt) > LATEST_MS) return;
    const manager = resume(last.session);
    manager.on(WebSocketShardEvents.Dispatch, ({ data }) => take(data));
    manager.on(WebSocketShardEvents.Error, ({ error }) =>
      log.debug({ err: toChatError('the gateway', error) }, 'What Discord told meanwhile was not heard'),
    );
    const { Resumed, Closed } = WebSocketShardEvents;
    const [resumed, closed] = [once(manager, Resumed), once(manager, Closed)];
    // Where the session cannot be resumed, it neither connects nor fails.
    const failed = new Promise((_, reject) => manager.connect().catch(reject));
    const late = () => delay(PATIENCE_MS, undefined, { ref: false });
    try {
      await Promise.race([resumed, closed, failed, late()]);
      // Until then nothing else would hear what happens.
      await isConnected;
    } finally {
      await Promise.race([manager.destroy(), late()]);
    }
  }

  function resume(last: SessionInfo): WebSocketManager {
    let session: SessionInfo | null = last;
    return new WebSocketManager({
      token,
      intents: 0,
      shardCount: last.shardCount,
      shardIds: [last.shardId],
      rest: new REST({ api: apiUrl }).setToken(token),
      // Where it cannot be resumed, no other one is begun.
      retrieveSessionInfo: () => session ?? new Promise(() => {}),
      updateSessionInfo: (_, fresh) => {
        session = fresh;
      },
    });
  }

  return { keep, takeMissed };
}
