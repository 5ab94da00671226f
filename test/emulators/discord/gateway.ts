// Faithful: hello, heartbeats, identify, READY and GUILD_CREATE, resume with replay, invalid session, reconnect, close
// codes, shards, 4,096 bytes per payload, 120 payloads a minute, 1,000 identifies a
// day (https://discord.com/developers/docs/events/gateway). Simplified: JSON without compression, max_concurrency is told
// but not enforced. Missing: member requests, voice, presences of others.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Emulation } from './emulation.ts';
import { guildCreate } from './guild-wire.ts';
import { INTENTS, refuseIntents } from './intents.ts';
import type { Dispatch, Session } from './sessions.ts';
import { readShard, shardOf } from './shards.ts';

const MAX_PAYLOAD_BYTES = 4096;
const MAX_PAYLOADS_PER_MINUTE = 120;
export const IDENTIFIES_PER_DAY = 1000;
const DAY_MS = 24 * 60 * 60_000;

type Connection = {
  socket: WebSocket;
  session: Session | undefined;
  /** What the session sends through while this connection carries it. */
  transmit: (dispatch: Dispatch) => void;
  receivedAt: number[];
  heartbeatTimer: NodeJS.Timeout | undefined;
};

/** Creates the gateway; connections come in through `upgrade`. */
export function createGateway(emulation: Emulation) {
  const { sessions, faults, options, watch } = emulation;
  const server = new WebSocketServer({ noServer: true });
  const connections = new Set<Connection>();

  // Two missed heartbeats and Discord takes the client for dead.
  const expectHeartbeat = (connection: Connection) => {
    clearTimeout(connection.heartbeatTimer);
    connection.heartbeatTimer = setTimeout(
      () => connection.socket.close(4009, 'Session timed out.'),
      options.heartbeatIntervalMs * 2,
    ).unref();
  };

  const accept = (socket: WebSocket, url: URL) => {
    const connection: Connection = {
      socket,
      session: undefined,
      transmit: (dispatch) => send(socket, dispatch),
      receivedAt: [],
      heartbeatTimer: undefined,
    };
    connections.add(connection);
    socket.on('error', () => socket.terminate());
    socket.on('close', (code) => {
      clearTimeout(connection.heartbeatTimer);
      connections.delete(connection);
      const { session, transmit } = connection;
      // Closing with 1000 or 1001 ends the session; anything else can be resumed, and may have been already.
      if (session?.send === transmit) sessions.detach(session, { isEnd: code === 1000 || code === 1001 });
      watch.changed();
    });
    if (url.searchParams.get('v') !== '10') return socket.close(4012, 'Invalid API version.');
    if (url.searchParams.get('encoding') !== 'json' || url.searchParams.has('compress'))
      return socket.close(4002, 'The emulator speaks JSON without compression.');
    socket.on('message', (message) => receive(emulation, connection, String(message), expectHeartbeat));
    expectHeartbeat(connection);
    send(socket, { op: 10, d: { heartbeat_interval: options.heartbeatIntervalMs } });
  };

  const each = (act: (connection: Connection) => void) => {
    for (const connection of [...connections]) act(connection);
  };

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      const url = new URL(request.url ?? '/', 'http://emulator');
      if (!url.pathname.startsWith('/gateway') || faults.isGatewayCut) socket.destroy();
      else server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, url));
    },
    /** Resolves when every open connection has received what was sent through it. */
    async flushed(): Promise<void> {
      // An event leaves one turn after it was made, and is taken up in the turn after it has come.
      await nextTurn();
      await Promise.all([...connections].map(({ socket }) => answered(socket)));
      await nextTurn();
    },
    /** Drops all connections without a word; their sessions can be resumed. */
    cut: () => each(({ socket }) => socket.terminate()),
    /** Asks all clients to reconnect and resume (op 7). */
    requestReconnect: () => each(({ socket }) => send(socket, { op: 7, d: null })),
    /** Ends the sessions under their connections (op 9). */
    invalidate({ isResumable = false } = {}) {
      each(({ socket, session }) => {
        if (session && !isResumable) session.isEnded = true;
        send(socket, { op: 9, d: isResumable });
      });
    },
    /** Closes all connections with a code of Discord's. */
    closeWith: (code: number, reason = '') => each(({ socket }) => socket.close(code, reason)),
    close() {
      each(({ socket, heartbeatTimer }) => {
        clearTimeout(heartbeatTimer);
        socket.terminate();
      });
      server.close();
    },
  };
}

export type Gateway = ReturnType<typeof createGateway>;

function receive(
  emulation: Emulation,
  connection: Connection,
  text: string,
  expectHeartbeat: (connection: Connection) => void,
) {
  const { socket, receivedAt } = connection;
  const now = Date.now();
  receivedAt.push(now);
  while ((receivedAt[0] ?? now) < now - 60_000) receivedAt.shift();
  if (receivedAt.length > MAX_PAYLOADS_PER_MINUTE) return socket.close(4008, 'Rate limited.');
  if (Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) return socket.close(4002, 'Error while decoding payload.');
  const payload = readPayload(text);
  if (!payload) return socket.close(4002, 'Error while decoding payload.');
  const { op, d } = payload;
  if (op === 1) {
    expectHeartbeat(connection);
    return send(socket, { op: 11 });
  }
  if (op === 2) return identify(emulation, connection, readObject(d));
  if (op === 6) return resume(emulation, connection, readObject(d));
  if (!connection.session) return socket.close(4003, 'Not authenticated.');
  if (op === 3 || op === 4) return;
  if (op === 8) return emulation.lint('gateway: member requests are not emulated');
  socket.close(4001, 'Unknown opcode.');
}

function identify(emulation: Emulation, connection: Connection, d: Record<string, unknown>) {
  const { state, clock, sessions, options } = emulation;
  const { socket } = connection;
  if (connection.session) return socket.close(4005, 'Already authenticated.');
  if (d.token !== emulation.token || state.isTokenRevoked)
    return socket.close(4004, 'Authentication failed.');
  state.identifies.push(clock.now());
  if (identifiesLeft(emulation) < 0) {
    // Beyond the limit Discord ends all sessions and resets the token.
    state.isTokenRevoked = true;
    sessions.endAll();
    return socket.close(4004, 'Authentication failed.');
  }
  if (typeof d.properties !== 'object' || d.properties === null)
    return socket.close(4002, 'Error while decoding payload.');
  const shard = readShard(d.shard);
  if (shard === undefined) return socket.close(4010, 'Invalid shard.');
  const refusal = refuseIntents(d.intents, options.privilegedIntents);
  if (refusal !== undefined || typeof d.intents !== 'number')
    return socket.close(refusal ?? 4013, refusal === 4014 ? 'Disallowed intent(s).' : 'Invalid intent(s).');
  const [number, count] = shard;
  const guilds = joinedGuilds(emulation).filter(({ id }) => shardOf(id, count) === number);
  if (guilds.length > options.serversPerShard) return socket.close(4011, 'Sharding required.');
  const session = sessions.start({ intents: d.intents, shard }, connection.transmit);
  connection.session = session;
  sessions.push(session, 'READY', {
    v: 10,
    user: { ...state.bot, verified: true, mfa_enabled: true, email: null },
    guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
    private_channels: [],
    session_id: session.id,
    session_type: 'normal',
    resume_gateway_url: `${emulation.gatewayUrl()}/resume`,
    shard,
    application: { id: state.applicationId, flags: 0 },
  });
  if (session.intents & INTENTS.GUILDS)
    for (const guild of guilds) sessions.push(session, 'GUILD_CREATE', guildCreate(emulation, guild));
}

function resume(emulation: Emulation, connection: Connection, d: Record<string, unknown>) {
  const { state, sessions } = emulation;
  const { socket } = connection;
  if (connection.session) return socket.close(4005, 'Already authenticated.');
  if (d.token !== emulation.token || state.isTokenRevoked)
    return socket.close(4004, 'Authentication failed.');
  const seq = Number(d.seq);
  const session = sessions.resume(String(d.session_id), seq);
  if (session === 'invalid session') return send(socket, { op: 9, d: false });
  if (session === 'invalid seq') return socket.close(4007, 'Invalid seq.');
  connection.session = session;
  state.resumes++;
  for (const missed of session.sent.filter(({ s }) => s > seq)) connection.transmit(missed);
  sessions.attach(session, connection.transmit);
  sessions.push(session, 'RESUMED', {});
}

/** The servers that the bot is in. */
export const joinedGuilds = ({ state }: Pick<Emulation, 'state'>) =>
  [...state.guilds.values()].filter(({ members }) => members.has(state.bot.id));

/** How many identifies the day still allows; below zero the limit is broken. */
export function identifiesLeft({ state, clock }: Pick<Emulation, 'state' | 'clock'>): number {
  return IDENTIFIES_PER_DAY - state.identifies.filter((at) => at > clock.now() - DAY_MS).length;
}

/** Resolves when the other side has answered a ping, or is gone; frames are read in the order in which they were sent. */
function answered(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.once('pong', () => resolve()).once('close', () => resolve());
    socket.ping();
  });
}

function send(socket: WebSocket, payload: object) {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(payload));
}

function readPayload(text: string): { op: unknown; d: unknown } | undefined {
  try {
    const payload: unknown = JSON.parse(text);
    if (typeof payload !== 'object' || payload === null || !('op' in payload)) return undefined;
    return { op: payload.op, d: 'd' in payload ? payload.d : undefined };
  } catch {
    return undefined;
  }
}

const readObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
