import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { codeOf, StartError } from '../core/start-error.ts';

/** Starts to listen; `close` lets the requests under way finish within `drainMs` and then cuts. */
export async function startServer({
  app,
  host,
  port,
  drainMs = 10_000,
  requestMs = REQUEST_MS,
  settings = SETTINGS,
}: {
  app: Pick<Hono<{ Bindings: HttpBindings }>, 'fetch'>;
  host: string;
  port: number;
  drainMs?: number;
  /** How long the body of a request may take that is no upload. */
  requestMs?: number;
  /** Which settings say where it listens. */
  settings?: typeof SETTINGS;
}) {
  const server = createServer(
    {
      headersTimeout: 15_000,
      // It would be for all requests alike; `endLate` is for those that are no uploads.
      requestTimeout: 0,
      // Longer than the minute that reverse proxies keep a connection, so that they close it and not we.
      keepAliveTimeout: 65_000,
    },
    getRequestListener(app.fetch),
  );
  // A connection on which nothing moves for this long is dead.
  server.setTimeout(10 * 60_000);
  const unused = new Set<Socket>();
  let isClosing = false;

  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request, response) => {
    unused.delete(request.socket);
    if (!isUpload(request)) endLate(request, requestMs);
    if (isClosing) response.shouldKeepAlive = false;
    response.once('close', () => {
      if (isClosing) server.closeIdleConnections();
    });
  });

  server.listen(port, host);
  await once(server, 'listening').catch((error) => {
    throw listenProblem(error, { host, port, settings }) ?? error;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The web server has no port.');

  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= drain();
    return closed;
  }

  async function drain(): Promise<void> {
    isClosing = true;
    const ended = once(server, 'close');
    server.close();
    // Node takes a connection that never asked for anything for a busy one.
    for (const socket of unused) socket.destroy();
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    await ended;
    clearTimeout(cut);
  }

  const hostname = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${hostname}:${address.port}`, port: address.port, close };
}

const SETTINGS = { host: 'HOST', port: 'PORT' };

/** How long a request may take to come, whatever its response takes. */
const REQUEST_MS = 30_000;

/** Uploads have a pace of their own. */
const isUpload = ({ url = '' }: IncomingMessage): boolean => url.startsWith('/upload/');

/** Ends the connection of a request whose body does not come to its end in time, answered or not. */
function endLate(request: IncomingMessage, requestMs: number): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length === undefined && encoding === undefined) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, requestMs).unref();
  // The timer would keep the request for so long.
  request.once('close', () => {
    if (request.complete) clearTimeout(timer);
  });
}

/** Why it cannot listen, in words for the operator. */
function listenProblem(
  error: unknown,
  { host, port, settings }: { host: string; port: number; settings: typeof SETTINGS },
): StartError | undefined {
  const says: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} is taken by another program: end that one, or set ${settings.port} to a port that is free.`,
    EACCES: `Nod may not listen on port ${port}: set ${settings.port} to one from 1024 on, and have the reverse proxy pass requests on to it.`,
    EADDRNOTAVAIL: `${settings.host}=${host} is no address of this machine: set it to one that is, or to 0.0.0.0 for all.`,
    ENOTFOUND: `${settings.host}=${host} is no address of this machine: set it to one that is, or to 0.0.0.0 for all.`,
  };
  const sentence = says[codeOf(error)];
  return sentence === undefined ? undefined : new StartError(sentence, { cause: error });
}

export type Server = Awaited<ReturnType<typeof startServer>>;
