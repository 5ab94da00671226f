import { Hono } from 'hono';
import { PICTURE_NAME, PROBE_PATH, type Probe } from '../core/doctor/probe.ts';

/** Serves the bytes by which the doctor knows that an address leads here, and a picture for TikTok to fetch. */
export function createProbeRoutes({ probe }: { probe: Probe }) {
  const routes = new Hono();
  routes.get(`${PROBE_PATH}/${PICTURE_NAME}`, async (c) => {
    const picture = await probe.readPicture();
    return c.body(new Uint8Array(picture), 200, headersOf('image/jpeg', picture));
  });
  routes.get(`${PROBE_PATH}/:nonce`, (c) => {
    const bytes = probe.bytesFor(c.req.param('nonce'));
    if (bytes === undefined) return c.text('Not found.', 404);
    return c.body(new Uint8Array(bytes), 200, headersOf('application/octet-stream', bytes));
  });
  return routes;
}

/** With the length, which an answer to HEAD would lack. No proxy is to keep it, or to pack it. */
const headersOf = (type: string, { length }: Uint8Array) => ({
  'Content-Type': type,
  'Content-Length': String(length),
  'Cache-Control': 'no-store, no-transform',
});
