import { setTimeout as delay } from 'node:timers/promises';
import { type SessionInfo, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { type GatewayDispatchPayload, REST } from 'discord.js';
import type { Logger } from 'pino';
import type { Store, Versioned } from '../../core/storage/database.ts';
import { toChatError } from './errors.ts';

/** The sessions that Nod had when it was stopped, one for each shard. */
export interface LastSessions extends Versioned {
  readonly sessions: readonly SessionInfo[];
  /** Epoch milliseconds. */
  readonly endedAt: number;
}

const KEY = 'last';
/** Whoever has pressed a button longer ago has been told by Discord that it failed. */
const LATEST_MS = 15_000;
const PATIENCE_MS = 5_000;

/**
 * Keeps the sessions of a Nod that is stopped for the next one, which may be another process: what happens between the two is
 * told once that resumes them (https://discord.com/developers/docs/events/gateway#resuming).
 */
export function createLastSessions({
  kept,
  token,
  apiUrl,
  now,
  log,
}: {
  kept: Store<LastSessions>;
  token: string;
  /** Without the version. */
  apiUrl: string;
  now: () => number;
  log: Logger;
}) {
  async function keep(sessions: readonly SessionInfo[]): Promise<void> {
    const last = { sessions, endedAt: now() };
    await kept.upsert(KEY, () => last);
  }

  /** Takes what was told since; resolves once sessions of our own have begun, or nothing more can come. */
  async function takeMissed(
    take: (payload: GatewayDispatchPayload) => void,
    isConnected: Promise<unknown>,
  ): Promise<void> {
    const last = await kept.get(KEY);
    if (last === undefined) return;
    await kept.delete(KEY);
    if (Math.abs(now() - last.endedAt) > LATEST_MS) return;
    const manager = resume(last.sessions);
    manager.on(WebSocketShardEvents.Dispatch, ({ data }) => take(data));
    manager.on(WebSocketShardEvents.Error, ({ error }) =>
      log.debug({ err: toChatError('the gateway', error) }, 'What Discord told meanwhile was not heard'),
    );
    const left = new Set(last.sessions.map(({ shardId }) => shardId));
    const resumed = new Promise<void>((resolve) => {
      const note = ({ shardId }: { shardId: number }) => {
        left.delete(shardId);
        if (left.size === 0) resolve();
      };
      manager.on(WebSocketShardEvents.Resumed, note);
      manager.on(WebSocketShardEvents.Closed, note);
    });
    // Where a session cannot be resumed, it neither connects nor fails.
    const failed = new Promise((_, reject) => manager.connect().catch(reject));
    const late = () => delay(PATIENCE_MS, undefined, { ref: false });
    try {
      await Promise.race([resumed, failed, late()]);
      // Until then nothing else would hear what happens.
      await isConnected;
    } finally {
      await Promise.race([manager.destroy(), late()]);
    }
  }

  function resume(last: readonly SessionInfo[]): WebSocketManager {
    const sessions = new Map<number, SessionInfo | null>(last.map((session) => [session.shardId, session]));
    return new WebSocketManager({
      token,
      intents: 0,
      shardCount: last[0]?.shardCount ?? 1,
      shardIds: [...sessions.keys()],
      rest: new REST({ api: apiUrl }).setToken(token),
      // Where it cannot be resumed, no other one is begun.
      retrieveSessionInfo: (shardId) => sessions.get(shardId) ?? new Promise(() => {}),
      updateSessionInfo: (shardId, fresh) => void sessions.set(shardId, fresh),
    });
  }

  return { keep, takeMissed };
}
