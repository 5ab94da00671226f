import { once } from 'node:events';
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { clip, flatHeaders, isJson, readableBody } from './bodies.ts';
import { gatewayEvent } from './gateway-event.ts';
import type { Party, Timeline, WireEntry } from './timeline.ts';

/** A body of JSON is read whole; of anything else no more than this is kept. */
const MAX_KEPT_BYTES = 1_000_000;

export interface WireOptions {
  readonly from: Party;
  readonly to: Party;
  /** Where the other side really is. */
  readonly target: string;
  readonly timeline: Timeline;
}

type Outcome = Parameters<Timeline['end']>[1];

/** What Telegram answers to a long poll that has brought nothing. */
const NOTHING_NEW = '{"ok":true,"result":[]}';

/**
 * Stands on the wire in front of a server, passes everything on as it is, and notes it.
 *
 * What names the server's own address in JSON names this one then, so that files and the gateway come through here as well.
 */
export async function startWire({ from, to, target, timeline }: WireOptions) {
  const upstream = new URL(target);
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => void pass(request, response));
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => bridge(client, request.url ?? '/'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  let isPollCut = false;
  const renamed = (text: string): string => text.replaceAll(upstream.host, host);

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const ask = requestHttp(new URL(url, upstream), {
      method,
      headers: { ...headers, host: upstream.host },
      agent: false,
    });
    const asked = keep(request);
    const note = createNote(async () => ({
      from,
      to,
      method,
      path: url,
      request: {
        headers: flatHeaders(headers),
        body: await readableBody(Buffer.concat(asked.chunks), headers['content-type']),
      },
    }));
    // A poll that brings nothing is not worth a line, so it is noted once it has brought something.
    const isPoll = /\/getUpdates\b/i.test(url);
    if (!isPoll) request.once('end', () => void note.begin());
    // Whoever gives up waiting gives it up behind this, too.
    response.once('close', () => response.writableFinished || ask.destroy());
    request.once('error', () => ask.destroy());
    ask.on('error', () => {});
    request.pipe(ask);
    try {
      const [answer] = (await once(ask, 'response')) as [IncomingMessage];
      const outcome = await passBack(answer, response);
      if (isPoll) isPollCut = false;
      if (!isPoll || outcome.response.body !== NOTHING_NEW) await note.end(outcome);
    } catch (error) {
      request.socket.destroy();
      // A client that is away polls again and again: its first attempt tells it.
      if (isPoll && isPollCut) return;
      isPollCut ||= isPoll;
      await note.end({ problem: `The connection was cut (${codeOf(error)}).` });
    }
  }

  function createNote(read: () => Promise<Omit<WireEntry, 'id' | 'at'>>) {
    let entry: Promise<WireEntry> | undefined;
    function begin(): Promise<WireEntry> {
      entry ??= read().then(timeline.begin);
      return entry;
    }
    return { begin, end: async (outcome: Outcome) => timeline.end(await begin(), outcome) };
  }

  async function passBack(answer: IncomingMessage, response: ServerResponse) {
    const told = keep(answer);
    const { statusCode: status = 502, headers } = answer;
    const contentType = headers['content-type'];
    if (isJson(contentType)) {
      await once(answer, 'end');
      const text = renamed(Buffer.concat(told.chunks).toString('utf8'));
      const { 'content-length': _, 'transfer-encoding': __, ...others } = headers;
      response.writeHead(status, { ...others, 'content-length': Buffer.byteLength(text) });
      response.end(text);
    } else {
      response.writeHead(status, headers);
      answer.pipe(response);
      await once(answer, 'end');
    }
    const body = told.isWhole
      ? await readableBody(Buffer.concat(told.chunks), contentType)
      : '(more than is kept)';
    return { status, response: { headers: flatHeaders(headers), body } };
  }

  function bridge(client: WebSocket, path: string): void {
    const server = new WebSocket(new URL(path, target.replace(/^http/, 'ws')));
    const waiting: string[] = [];
    client.on('message', (message) => {
      noteFrame({ from, to }, String(message));
      if (server.readyState === WebSocket.OPEN) server.send(String(message));
      else waiting.push(String(message));
    });
    server.on('open', () => {
      for (const message of waiting.splice(0)) server.send(message);
    });
    server.on('message', (message) => {
      const text = renamed(String(message));
      noteFrame({ from: to, to: from }, text);
      client.send(text);
    });
    client.on('close', (code, reason) => close(server, code, reason));
    server.on('close', (code, reason) => close(client, code, reason));
    client.on('error', () => server.terminate());
    server.on('error', () => client.terminate());
  }

  /** Nothing answers a frame, so it is over at once. */
  function noteFrame(way: Pick<WireEntry, 'from' | 'to'>, text: string): void {
    const path = gatewayEvent(text);
    if (path === undefined) return;
    const request = { headers: {}, body: clip(text) };
    timeline.end(timeline.begin({ ...way, method: 'GATEWAY', path, request }), {});
  }

  return {
    url: `http://${host}`,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Notes the bytes of a stream while they pass. */
function keep(stream: IncomingMessage) {
  const kept = { chunks: [] as Buffer[], isWhole: true };
  let length = 0;
  const isAll = isJson(stream.headers['content-type']);
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (isAll || length <= MAX_KEPT_BYTES || stream.headers['content-type']?.startsWith('multipart/'))
      kept.chunks.push(chunk);
    else kept.isWhole = false;
  });
  return kept;
}

/** 1005 and 1006 say that no code came, and are not sent. */
function close(socket: WebSocket, code: number, reason: Buffer): void {
  if (code === 1005) socket.close();
  else if (code === 1006) socket.terminate();
  else socket.close(code, reason);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
