import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { temporaryDirectory } from './core/media/files.ts';
import { findFreePort } from './free-port.ts';
import { createWorld } from './web/world.ts';

const CONFIGURATION = fileURLToPath(new URL('../deploy/media-cache.conf', import.meta.url));
const hasNginx = spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error === undefined;

/** nginx with the file that is deployed, on loopback and without its certificate. */
async function startNginx(nod: string) {
  const folder = temporaryDirectory();
  const port = await findFreePort();
  const deployed = readFileSync(CONFIGURATION, 'utf8')
    .replace('/var/cache/nginx/nod', join(folder, 'cache'))
    .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
    .replaceAll(/^ *ssl_certificate.*$/gm, '')
    .replace('http://127.0.0.1:8080', nod);
  const file = join(folder, 'nginx.conf');
  mkdirSync(join(folder, 'temp'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = temporary.map((name) => `${name}_temp_path ${folder}/temp/${name};`).join(' ');
  const process = 'daemon off; master_process off; error_log stderr;';
  writeFileSync(
    file,
    `${process} pid ${folder}/pid; events {} http { ${paths} access_log off; ${deployed} }`,
  );
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await vi.waitUntil(() => fetch(url).catch(() => undefined), { timeout: 10_000 });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

it.skipIf(!hasNginx)(
  'keeps in the cache of nginx what the gate has released, and nothing before',
  async () => {
    await using world = await createWorld({ web: { isMediaCached: true, gateWaitMs: 20 } });
    const server = await world.start();
    await using nginx = await startNginx(server.url);
    const { media, content } = await world.prepare(3_000_000);
    const attempt = await world.gate.open({ postId: 'post-1', media: [media] });
    const ask = async (init: RequestInit = {}, path = `${attempt.id}/1.mp4`) => {
      const response = await fetch(`${nginx.url}/media/${path}`, init);
      return { response, body: Buffer.from(await response.arrayBuffer()) };
    };
    const asked = () => world.lines.filter((line) => line.includes('Media was asked for')).length;

    for (const _ of [1, 2]) {
      const head = await ask({ method: 'HEAD' });
      expect(head.response.status).toBe(200);
      expect(head.response.headers.get('cache-control')).toBe('private, no-store, no-transform');
      const sealed = await ask();
      expect(sealed.response.status).toBe(503);
      expect(String(sealed.body)).toBe('Not yet.');
    }
    await world.gate.release(attempt.id, 'v_pub_url~1');
    const released = await ask();
    expect(released.response.headers.get('cache-control')).toBe(
      'public, max-age=300, immutable, no-transform',
    );
    expect(released.body.equals(content)).toBe(true);
    await vi.waitUntil(() => asked() === 5, { timeout: 30_000 });
    const part = await ask({ headers: { range: 'bytes=5-9' } });
    expect(part.response.status).toBe(206);
    expect(part.body.equals(content.subarray(5, 10))).toBe(true);
    expect((await ask()).body.equals(content)).toBe(true);
    expect(asked()).toBe(5);

    const other = await world.gate.open({ postId: 'post-2', media: [media] });
    await world.gate.revoke(other.id);
    for (const path of [`${other.id}/1.mp4`, 'nothing/1.mp4', 'nothing']) {
      const { response } = await ask({}, path);
      expect(response.status).toBe(404);
      expect(response.headers.get('cache-control')).toBe('private, no-store');
    }
    await server.close();
  },
);
