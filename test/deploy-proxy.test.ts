import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from './core/media/files.ts';
import { bytesOf, LINK, startStage } from './e2e/stage.ts';
import { findFreePort } from './free-port.ts';
import { uploadWith } from './web/uploads/upload-stage.ts';

const CADDYFILE = fileURLToPath(new URL('../deploy/Caddyfile', import.meta.url));
const hasCaddy = spawnSync('caddy', ['version'], { stdio: 'ignore' }).error === undefined;
/** More than a part of the upload page. */
const PADDING_BYTES = 60_000_000;

/** Caddy with the file that is deployed, on loopback, with certificates of its own that this process trusts. */
async function startCaddy({ publicUrl, nod }: { publicUrl: string; nod: string }) {
  const folder = temporaryDirectory();
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_DATA_HOME: folder,
    PUBLIC_URL: publicUrl,
    NOD: nod,
  };
  const adapted = spawnSync('caddy', ['adapt', '--config', CADDYFILE], { env, encoding: 'utf8' });
  const config = JSON.parse(adapted.stdout);
  const { http } = config.apps;
  http.http_port = await findFreePort();
  for (const server of Object.values<{ listen: string[] }>(http.servers))
    server.listen = server.listen.map((port) => `127.0.0.1${port}`);
  config.apps.pki = { certificate_authorities: { local: { install_trust: false } } };
  const child = spawn('caddy', ['run', '--config', '-'], { env, stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(JSON.stringify(config));
  const lines: string[] = [];
  const { promise: isServing, resolve, reject } = Promise.withResolvers<void>();
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    if (line.includes('serving initial configuration')) resolve();
  });
  const ended = once(child, 'exit');
  void ended.then(() => reject(new Error(`Caddy has ended.\n${lines.join('\n')}`)));
  await isServing;
  const trusted = getCACertificates();
  const own = readFileSync(join(folder, 'caddy/pki/authorities/local/root.crt'), 'utf8');
  setDefaultCACertificates([...trusted, own]);
  return {
    lines,
    async [Symbol.asyncDispose]() {
      setDefaultCACertificates(trusted);
      child.kill();
      await ended;
    },
  };
}

/** An MP4 with so much behind its end that it is no video's. */
async function paddedVideo(): Promise<Buffer> {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(PADDING_BYTES);
  header.write('free', 4);
  return Buffer.concat([await bytesOf('tiktok-h264.mp4'), header, Buffer.alloc(PADDING_BYTES - 8)]);
}

it.skipIf(!hasCaddy)('lets uploads in and media out through Caddy as they are', async () => {
  await using stack = new AsyncDisposableStack();
  const publicUrl = `https://localhost:${await findFreePort()}`;
  let meanwhile: Promise<Response> | undefined;
  let caddy: Awaited<ReturnType<typeof startCaddy>> | undefined;
  const stage = stack.use(
    await startStage({
      environment: { PUBLIC_URL: publicUrl },
      async launch(world) {
        if (caddy !== undefined) {
          meanwhile = fetch(`${publicUrl}/privacy`, { headers: { 'accept-encoding': 'gzip' } });
        } else {
          caddy = stack.use(await startCaddy({ publicUrl, nod: `127.0.0.1:${world.environment.PORT}` }));
          const { app } = world.tiktok;
          app.redirectUris.push(`${publicUrl}/oauth/callback`);
          app.urlProperties.push({ type: 'prefix', value: `${publicUrl}/media/` });
          app.webhookUrl = `${publicUrl}/webhooks/tiktok`;
        }
        return world.start();
      },
    }),
  );
  const { tiktok } = stage;
  await stage.sendFile('tiktok-h264.mp4', { declaredBytes: 31_000_000 });
  await stage.tap(await stage.draft('31.0 MB'), 'Add a big file');
  const given = await stage.card('Upload files of up to 4 GB');
  const [page = ''] = /https:[^"\s]+\/upload\/[\w-]{32}/.exec(JSON.stringify(given)) ?? [];
  expect(page.startsWith(publicUrl)).toBe(true);
  const { upload, done } = uploadWith(await paddedVideo(), { endpoint: `${page}/files`, name: 'a.mp4' });
  upload.start();
  await done;
  const draft = await stage.draft('Video for TikTok');
  await stage.post(draft);
  await stage.shows(draft, LINK);
  const [publish] = tiktok.state.publishes;
  expect(publish?.fetches.map(({ method, status }) => [method, status])).toEqual([
    ['HEAD', 200],
    ['GET', 200],
  ]);
  expect(publish?.fetches.every(({ url }) => url.startsWith(`${publicUrl}/media/`))).toBe(true);
  expect((await fetch(`${publicUrl}/metrics`)).status).toBe(404);

  // Who comes while Nod starts again waits for it.
  await stage.restart();
  const answer = await meanwhile;
  expect([answer?.status, answer?.headers.get('content-encoding')]).toEqual([200, null]);

  // What opens something stays out of the log also where something is wrong.
  await stage.settled();
  expect((await fetch(`${publicUrl}/upload/not-for-the-log`)).status).toBe(502);
  const log = caddy?.lines.join('\n');
  expect(log).toContain('connection refused');
  expect(log).not.toContain('not-for-the-log');
});
