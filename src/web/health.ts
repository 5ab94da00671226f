import { Hono } from 'hono';

type Connection = 'connecting' | 'connected' | 'away' | 'refused';

/** How the process is; nothing in it is secret. */
export interface Health {
  /** `degraded` while a chat is away, or does not take our bot; all else works. */
  readonly status: 'ok' | 'degraded' | 'starting';
  /** How each chat stands, by its platform. */
  readonly chats?: Readonly<Record<string, Connection>>;
}

/** `/healthz`: 503 before everything of ours runs, then 200, whatever the chats do. */
export function createHealthRoutes({ health }: { health: () => Health }) {
  return new Hono().get('/healthz', (c) => {
    const { status, chats } = health();
    c.header('Cache-Control', 'no-store');
    return c.json({ status, chats }, status === 'starting' ? 503 : 200);
  });
}

/** What is told about the process and its chats. */
export function healthOf(
  states: readonly { readonly platform: string; readonly connection: Connection }[],
  { isRunning }: { isRunning: boolean },
): Health {
  const chats = Object.fromEntries(states.map(({ platform, connection }) => [platform, connection]));
  if (!isRunning) return { status: 'starting', chats };
  return { status: states.every(({ connection }) => connection === 'connected') ? 'ok' : 'degraded', chats };
}
