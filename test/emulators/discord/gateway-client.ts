// Part of the emulator's own tests: a gateway connection without any library, and what it received.
import { WebSocket } from 'ws';
import type { DiscordEmulator } from './index.ts';
import { INTENTS } from './intents.ts';

/** The fields that tests look into by name; absent where the event has none. */
export type EventBody = {
  [field: string]: unknown;
  id: string;
  token: string;
  session_id: string;
  resume_gateway_url: string;
  member: { permissions: string };
};
export type Payload = { op: number; s?: number; t?: string; d: EventBody };

const PROPERTIES = { os: 'linux', browser: 'test', device: 'test' };
export const ALL_INTENTS =
  INTENTS.GUILDS |
  INTENTS.GUILD_MESSAGES |
  INTENTS.GUILD_MESSAGE_REACTIONS |
  INTENTS.DIRECT_MESSAGES |
  INTENTS.DIRECT_MESSAGE_REACTIONS;

/** Opens a connection and leaves the talking to the test. */
export async function open(discord: DiscordEmulator, query = '?v=10&encoding=json') {
  const url = discord.apiUrl.replace(/^http/, 'ws').replace(/\/api$/, '/gateway/');
  const socket = new WebSocket(`${url}${query}`);
  const received: Payload[] = [];
  const waits = new Set<() => void>();
  let closeCode: number | undefined;
  const wake = () => {
    for (const wait of [...waits]) wait();
  };
  socket.on('message', (text) => {
    received.push(JSON.parse(String(text)));
    wake();
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) =>
    socket.on('close', (code) => {
      closeCode = code;
      resolve(code);
      wake();
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });

  /** Takes the next payload that matches out of what came. */
  const take = (isMeant: (payload: Payload) => boolean) =>
    new Promise<Payload>((resolve, reject) => {
      const check = () => {
        const index = received.findIndex(isMeant);
        if (index < 0 && closeCode === undefined) return;
        waits.delete(check);
        const [payload] = index < 0 ? [] : received.splice(index, 1);
        if (payload) resolve(payload);
        else reject(new Error(`The gateway closed the connection with ${closeCode}.`));
      };
      waits.add(check);
      check();
    });

  return {
    socket,
    closed,
    received,
    send: (op: number, d: unknown) => socket.send(JSON.stringify({ op, d })),
    take,
    next: async (event: string): Promise<EventBody> => (await take(({ t }) => t === event)).d,
  };
}

export const identity = (token: string, intents = ALL_INTENTS) => ({
  token,
  intents,
  properties: PROPERTIES,
});

/** Opens a connection and identifies; resolves after READY and the guild. */
export async function connect(discord: DiscordEmulator, intents = ALL_INTENTS) {
  const connection = await open(discord);
  connection.send(2, identity(discord.token, intents));
  const ready = await connection.next('READY');
  if (intents & INTENTS.GUILDS) await connection.next('GUILD_CREATE');
  return { ...connection, ready, session: ready.session_id };
}
