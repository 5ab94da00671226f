import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { startServer } from '../server.ts';
import { createMetrics, type MetricSources } from './metrics.ts';

/**
 * Counts what happens from now on and serves it once started, as `/metrics` on a port of its own: a reverse proxy that
 * forwards all of `PORT` must not make it public.
 */
export function createMetricsServer({ host, port, log }: { host: string; port: number; log: Logger }) {
  const metrics = createMetrics({ log });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/metrics', async (c) =>
    c.body(await metrics.read(), 200, { 'Content-Type': metrics.contentType }),
  );

  /** @throws StartError where the port cannot be listened to. */
  async function start(sources: MetricSources) {
    metrics.lookAt(sources);
    const settings = { host: 'METRICS_HOST', port: 'METRICS_PORT' };
    const server = await startServer({ app, host, port, settings, drainMs: DRAIN_MS });
    log.info({ url: `${server.url}/metrics` }, 'Metrics are served');
    return server;
  }

  const { observer, tiktokCalled, messageCounted } = metrics;
  return { observer, tiktokCalled, messageCounted, start };
}

/** Prometheus keeps its connection; what it asks for is answered at once. */
const DRAIN_MS = 1_000;
