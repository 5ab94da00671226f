import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import pino from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Cluster } from '../../src/core/cluster/cluster.ts';
import { createForwarding } from '../../src/web/index.ts';
import { createWorld } from './world.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What stands for the process that leads. */
async function startLeader(answer: Answer) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, port, url: `http://127.0.0.1:${port}` };
}

/** A web process that does not lead. */
const startFollower = (leader: () => string | undefined, patienceMs?: number) =>
  startWith({ isLeading: () => false, leader: async () => leader() }, { patienceMs });

async function startWith(
  cluster: Pick<Cluster, 'isLeading' | 'leader'>,
  options: { patienceMs?: number | undefined; hasTakenUp?: () => Promise<boolean> },
) {
  const log = pino({ level: 'silent' });
  const forwarding = createForwarding({ cluster, hasTakenUp: async () => true, log, ...options });
  const world = await createWorld({ web: { forwarding } });
  const server = await world.start();
  onTestFinished(async () => {
    await server.close();
    await world.dispose();
  });
  return server;
}

describe('a process that does not lead', () => {
  it('passes on method, path, headers and body, and the answer as it comes', async () => {
    const leader = await startLeader(async (asked, response) => {
      response.writeHead(207, { 'x-told': asked.headers['x-asked'] ?? '', 'set-cookie': ['a=1', 'b=2'] });
      response.end(`${asked.method} ${asked.url} ${await text(asked)}`);
    });
    const { url } = await startFollower(() => leader.url);
    const answer = await fetch(`${url}/webhooks/tiktok?a=%2F`, {
      method: 'POST',
      body: 'what happened',
      headers: { 'x-asked': 'yes' },
    });
    expect(await answer.text()).toBe('POST /webhooks/tiktok?a=%2F what happened');
    expect([answer.status, answer.headers.get('x-told')]).toEqual([207, 'yes']);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('streams a body of many megabytes', async () => {
    const body = randomBytes(40e6);
    const leader = await startLeader(async (asked, response) => {
      const hash = createHash('sha256');
      for await (const part of asked) hash.update(part);
      response.end(hash.digest('hex'));
    });
    const { url } = await startFollower(() => leader.url);
    const answer = await fetch(`${url}/upload/abc/files/1`, { method: 'PATCH', body });
    expect(await answer.text()).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('leads nobody to another host that the target of a request names', async () => {
    const leader = await startLeader((asked, response) => response.end(`leader ${asked.url}`));
    const elsewhere = await startLeader((_, response) => response.end('elsewhere'));
    const { port } = await startFollower(() => leader.url);
    for (const target of [`${elsewhere.url}/upload/x`, `//127.0.0.1:${elsewhere.port}/upload/x`]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(`GET ${target} HTTP/1.1\r\nHost: nod.example.com\r\nConnection: close\r\n\r\n`);
      await text(socket);
    }
    expect(elsewhere.seen).toEqual([]);
    expect(leader.seen.map(({ url }) => url)).toEqual(['/upload/x']);
  });

  it('waits for one that takes over, with the body whole', async () => {
    const leader = await startLeader(async (asked, response) => response.end(await text(asked)));
    // The lease of a process that was killed names it for some seconds more.
    const told = ['http://127.0.0.1:9', undefined, leader.url];
    const { url } = await startFollower(() => (told.length > 1 ? told.shift() : told[0]));
    const answer = await fetch(`${url}/compose/abc`, { method: 'POST', body: 'caption=Surf' });
    expect(await answer.text()).toBe('caption=Surf');
  });

  it('says when to try again where none takes over, and passes nothing on that was passed on before', async () => {
    const leader = await startLeader((_, response) => response.end());
    const alone = await startFollower(() => undefined, 300);
    const late = await fetch(`${alone.url}/oauth/callback?code=1`);
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '2']);
    const { url } = await startFollower(() => leader.url);
    const again = await fetch(`${url}/upload/abc`, { headers: { 'nod-forwarded': '1' } });
    expect([again.status, leader.seen.length]).toEqual([503, 0]);
  });

  it('answers once where only the head of an answer is asked for', async () => {
    const leader = await startLeader((_, response) => {
      response.writeHead(200, { 'upload-offset': '7', 'set-cookie': ['a=1', 'b=2'] });
      response.end();
    });
    const { url } = await startFollower(() => leader.url);
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => told.mockRestore());
    const answer = await fetch(`${url}/upload/abc/files/1`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('upload-offset')]).toEqual([200, '7']);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    // What is answered a second time is told after the answer has left.
    expect((await fetch(`${url}/upload/abc/files/1`, { method: 'HEAD' })).status).toBe(200);
    expect(told.mock.calls).toEqual([]);
  });

  it('ends what the leader works on once nobody waits for it, and breaks off where the leader does', async () => {
    const gone = Promise.withResolvers<void>();
    const leader = await startLeader((asked, response) => {
      response.write('begun');
      if (asked.url === '/compose/waits/version') response.once('close', gone.resolve);
      else response.destroy();
    });
    const { port } = await startFollower(() => leader.url);
    const asked = request({ port, host: '127.0.0.1', path: '/compose/waits/version' }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.on('error', () => {}).destroy();
    await gone.promise;
    const cut = await fetch(`http://127.0.0.1:${port}/compose/cut`)
      .then((one) => one.text())
      .catch(() => 'cut');
    expect(cut).toBe('cut');
  });
});

describe('a process that has just begun to lead', () => {
  it('answers once it has taken up what the one before has left, and says when to try again where it cannot', async () => {
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const asked = Promise.withResolvers<void>();
    const leading = { isLeading: () => true, leader: async () => undefined };
    const hasTakenUp = () => {
      asked.resolve();
      return promise.finally(() => order.push('taken up'));
    };
    const { url } = await startWith(leading, { hasTakenUp });
    const answer = fetch(`${url}/upload/abc`).finally(() => order.push('answered'));
    await asked.promise;
    resolve(true);
    expect((await answer).status).toBe(404);
    expect(order).toEqual(['taken up', 'answered']);
    const failed = await startWith(leading, { hasTakenUp: async () => false });
    expect((await fetch(`${failed.url}/upload/abc`)).status).toBe(503);
  });
});
