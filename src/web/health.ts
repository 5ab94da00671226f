import { Hono } from 'hono';

/** How the process is; nothing in it is secret. */
export interface Health {
  readonly status: 'ok' | 'starting';
  readonly version?: string;
}

/** `/healthz`: 200 once everything runs, 503 before. */
export function createHealthRoutes({ health }: { health: () => Health }) {
  return new Hono().get('/healthz', (c) => {
    const { status, version } = health();
    c.header('Cache-Control', 'no-store');
    return c.json({ status, ...(version !== undefined && { version }) }, status === 'ok' ? 200 : 503);
  });
}
