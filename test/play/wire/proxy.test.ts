import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startWire } from './proxy.ts';
import { createTimeline } from './timeline.ts';

/** A server with the wire in front of it. */
async function startPair(listener: RequestListener) {
  await using stack = new AsyncDisposableStack();
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timeline = createTimeline({ now: Date.now });
  const wire = stack.use(await startWire({ from: 'Nod', to: 'Discord', target, timeline }));
  const kept = stack.move();
  return {
    server,
    target,
    wire,
    timeline,
    /** Resolves once an entry has ended. */
    ended: () =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (timeline.all().some(({ durationMs }) => durationMs !== undefined)) resolve();
        };
        timeline.onChange(check);
        check();
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('passes a request and its answer on, and notes both', async () => {
  await using pair = await startPair((request, response) => {
    response.writeHead(201, { 'content-type': 'application/json', 'x-way': request.headers['x-way'] ?? '' });
    response.end(JSON.stringify({ url: `http://${request.headers.host}/file` }));
  });
  const answer = await fetch(`${pair.wire.url}/do?it=1`, {
    method: 'POST',
    headers: { 'x-way': 'through', 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('x-way')).toBe('through');
  expect(await answer.json()).toEqual({ url: `${pair.wire.url}/file` });
  await pair.ended();
  expect(pair.timeline.all()).toMatchObject([
    { method: 'POST', path: '/do?it=1', status: 201, request: { body: '{"a":1}' } },
  ]);
});

test('cuts where the server cuts, and says so', async () => {
  await using pair = await startPair((request) => request.socket.destroy());
  await expect(fetch(`${pair.wire.url}/cut`)).rejects.toThrow();
  await pair.ended();
  expect(pair.timeline.all()).toMatchObject([{ path: '/cut', problem: expect.stringContaining('cut') }]);
});

test('gives up what the client gives up', async () => {
  const came = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using pair = await startPair((request) => {
    request.socket.once('close', () => left.resolve());
    came.resolve();
  });
  const stop = new AbortController();
  const asking = fetch(`${pair.wire.url}/wait`, { signal: stop.signal }).catch(() => 'stopped');
  await came.promise;
  stop.abort();
  expect(await asking).toBe('stopped');
  await left.promise;
});

test('leaves out a poll that has brought nothing', async () => {
  await using pair = await startPair((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(request.url === '/bot1/getUpdates' ? '{"ok":true,"result":[]}' : '{"ok":true,"result":[1]}');
  });
  await (await fetch(`${pair.wire.url}/bot1/getUpdates`)).json();
  await (await fetch(`${pair.wire.url}/bot2/getUpdates`)).json();
  await pair.ended();
  expect(pair.timeline.all().map(({ path }) => path)).toEqual(['/bot2/getUpdates']);
});

test('notes what a gateway tells and is told, but for its heartbeats', async () => {
  await using pair = await startPair(() => {});
  const sockets = new WebSocketServer({ server: pair.server });
  const frames = [
    { op: 10, d: { heartbeat_interval: 41_250 } },
    { op: 11 },
    { op: 0, t: 'MESSAGE_CREATE', s: 1, d: { content: 'Hello' } },
  ];
  sockets.on('connection', (socket) => {
    socket.on('message', () => {
      for (const frame of frames.splice(0)) socket.send(JSON.stringify(frame));
    });
  });
  const client = new WebSocket(pair.wire.url.replace('http', 'ws'));
  await once(client, 'open');
  const told = Promise.withResolvers<void>();
  client.on('message', (message) => String(message).includes('Hello') && told.resolve());
  client.send(JSON.stringify({ op: 1, d: null }));
  client.send(JSON.stringify({ op: 2, d: { intents: 1 } }));
  await told.promise;
  const [hello, ...more] = pair.timeline.all().filter(({ from }) => from === 'Discord');
  expect(hello).toMatchObject({ to: 'Nod', method: 'GATEWAY', path: 'Hello' });
  expect(more).toMatchObject([
    { path: 'MESSAGE_CREATE', request: { body: expect.stringContaining('Hello') } },
  ]);
  expect(pair.timeline.all().filter(({ from }) => from === 'Nod')).toMatchObject([{ path: 'Identify' }]);
  sockets.close();
});

test('carries a gateway with its codes', async () => {
  await using pair = await startPair(() => {});
  const sockets = new WebSocketServer({ server: pair.server });
  sockets.on('connection', (socket) => {
    socket.send(JSON.stringify({ url: pair.target.replace('http', 'ws') }));
    socket.on('message', () => socket.close(4004, 'Authentication failed.'));
  });
  const client = new WebSocket(pair.wire.url.replace('http', 'ws'));
  const [message] = await once(client, 'message');
  expect(JSON.parse(String(message))).toEqual({ url: pair.wire.url.replace('http', 'ws') });
  const closed = once(client, 'close');
  client.send('identify');
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([4004, 'Authentication failed.']);
  sockets.close();
});
