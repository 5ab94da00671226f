// Websites of strangers, honest and hostile, and the names that lead to them. Faithful: TLS with SNI, addresses by name,
// answers as they are on the wire. Simplified: all sites are one server on loopback, which the addresses 93.184.216.0/24
// stand for; no other address can be reached, and whoever tries is written down. Missing: HTTP/2, IPv6 as a way.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { LinkNetwork } from '../../../src/core/links/connect.ts';
import { createWatch, PATIENCE_MS } from '../watch.ts';
import { certificate, key } from './certificate.ts';

/** Answers whoever asks for something of a site. */
export type Site = (request: IncomingMessage, response: ServerResponse) => void;

const PUBLIC = '93.184.216.34';
const IS_OURS = /^93\.184\.216\.\d{1,3}$/;

/** Starts a server for all sites, without any. */
export async function startWebsites() {
  const sites = new Map<string, Site>();
  const names = new Map<string, (readonly string[])[]>();
  const sockets = new Set<Socket>();
  const watch = createWatch();
  const state = {
    /** Each name that was looked up. */
    lookups: [] as string[],
    /** Each address that somebody wanted to connect to. */
    dials: [] as string[],
    requests: [] as { host: string; path: string; headers: IncomingMessage['headers'] }[],
    /** Answers whose reader has gone before their end. */
    abandoned: 0,
  };

  const server = createServer({ cert: certificate, key }, (request, response) => {
    const host = request.headers.host ?? '';
    state.requests.push({ host, path: request.url ?? '', headers: request.headers });
    response.once('close', () => {
      if (!response.writableFinished) state.abandoned += 1;
      watch.changed();
    });
    response.on('error', () => {});
    watch.changed();
    const site = sites.get(host);
    if (site === undefined) response.writeHead(404).end();
    else site(request, response);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The emulator has no port.');
  const { port } = address;

  const network: LinkNetwork = {
    ca: certificate,
    async resolve(host) {
      state.lookups.push(host);
      const answers = names.get(host);
      const answer = answers !== undefined && answers.length > 1 ? answers.shift() : answers?.[0];
      if (answer === undefined) throw new Error('ENOTFOUND');
      return answer;
    },
    dial(ip) {
      state.dials.push(ip);
      return connect({ host: '127.0.0.1', port: IS_OURS.test(ip) ? port : 1 });
    },
  };

  /** Puts a site on the internet; each lookup of its name gives the next of the answers, and the last one for ever. */
  function host(name: string, site: Site, answers: readonly (readonly string[])[] = [[PUBLIC]]): void {
    sites.set(name, site);
    names.set(name, [...answers]);
  }

  /** Puts a site where it hands out one file. */
  function hostFile(name: string, bytes: Uint8Array, headers: Record<string, string> = {}): void {
    host(name, (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.byteLength, ...headers }).end(bytes);
    });
  }

  async function close(): Promise<void> {
    watch.close();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    network,
    state,
    host,
    hostFile,
    /** Resolves with the first defined value that `read` gives, tried at every change of the state. */
    until: <T>(read: () => T | undefined): Promise<T> =>
      watch.until(read, {
        timeoutMs: PATIENCE_MS,
        onTimeout: () => new Error('The expected request did not come.'),
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

export type Websites = Awaited<ReturnType<typeof startWebsites>>;
