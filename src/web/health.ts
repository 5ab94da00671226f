import { Hono } from 'hono';

/** How the process is; nothing in it is secret. */
export interface Health {
  readonly status: 'ok' | 'starting';
}

/** `/healthz`: 200 once everything runs, 503 before. */
export function createHealthRoutes({ health }: { health: () => Health }) {
  return new Hono().get('/healthz', (c) => {
    const { status } = health();
    c.header('Cache-Control', 'no-store');
    return c.json({ status }, status === 'ok' ? 200 : 503);
  });
}
