import { Hono } from 'hono';
import type { VitalSigns } from '../core/health/health-watch.ts';

type Connection = 'connecting' | 'connected' | 'away' | 'refused';

/** How the process is. Everybody may read it, so it has words and no numbers, and nothing that is secret. */
export interface Health extends Partial<VitalSigns> {
  /**
   * `degraded` while something is away, refused, nearly full or slow, and all else works; `broken` while nothing can be
   * written, which no new start mends.
   */
  readonly status: 'starting' | 'ok' | 'degraded' | 'broken';
  /** How each chat stands, by its platform. */
  readonly chats?: Readonly<Record<string, Connection>>;
}

/** `/healthz`: 503 before everything of ours runs and while nothing can be written, else 200, whatever others do. */
export function createHealthRoutes({ health }: { health: () => Health }) {
  return new Hono().get('/healthz', (c) => {
    const now = health();
    c.header('Cache-Control', 'no-store');
    return c.json(now, now.status === 'starting' || now.status === 'broken' ? 503 : 200);
  });
}

/** What is told about the process, its chats and what it stands on. */
export function healthOf(
  states: readonly { readonly platform: string; readonly connection: Connection }[],
  { isStarted, ...signs }: VitalSigns & { isStarted: boolean },
): Health {
  const chats = Object.fromEntries(states.map(({ platform, connection }) => [platform, connection]));
  return { status: statusOf({ ...signs, chats, isStarted }), chats, ...signs };
}

function statusOf({
  chats,
  database,
  disk,
  bucket = 'ok',
  eventLoop,
  tiktok,
  isStarted,
}: VitalSigns & { chats: Record<string, Connection>; isStarted: boolean }): Health['status'] {
  const connections = Object.values(chats);
  // A chat that keeps us waiting does not keep the others from working.
  if (!isStarted && !connections.includes('connected')) return 'starting';
  if (database !== 'ok' || bucket !== 'ok' || !['ok', 'low'].includes(disk)) return 'broken';
  const isSound = disk === 'ok' && eventLoop === 'ok' && tiktok !== 'away';
  return isSound && connections.every((one) => one === 'connected') ? 'ok' : 'degraded';
}
