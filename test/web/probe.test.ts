import { Hono } from 'hono';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { createProbe } from '../../src/core/doctor/probe.ts';
import { createProbeRoutes } from '../../src/web/probe.ts';

const NONCE = 'abcdefghijklmnopqrst-_';

function serve(key: string) {
  const probe = createProbe({ key: Buffer.from(key) });
  const app = new Hono().route('/', createProbeRoutes({ probe }));
  const ask = (name: string) => app.request(`/media/probe/${name}`);
  return { probe, ask };
}

it('sends bytes that only a Nod with the same key can know', async () => {
  const { ask, probe } = serve('one');
  const answer = await ask(NONCE);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes).toHaveLength(64 * 1024);
  expect(bytes.equals(probe.bytesFor(NONCE) ?? Buffer.alloc(0))).toBe(true);
  expect(bytes.equals(serve('other').probe.bytesFor(NONCE) ?? bytes)).toBe(false);
  expect(answer.headers.get('cache-control')).toBe('no-store, no-transform');
});

it.each(['', 'short', `${NONCE}x`, '..%2F..%2Fsecret.key000'])('sends nothing for “%s”', async (name) => {
  expect((await serve('one').ask(name)).status).toBe(404);
});

it('has a picture that TikTok would take', async () => {
  const answer = await serve('one').ask('picture.jpg');
  const length = Number(answer.headers.get('content-length'));
  const bytes = await answer.arrayBuffer();
  expect(bytes.byteLength).toBe(length);
  const { format, width, height } = await sharp(bytes).metadata();
  expect({ format, width, height }).toEqual({ format: 'jpeg', width: 720, height: 1280 });
});
