import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Logger } from 'pino';
import type { Cluster } from '../core/cluster/cluster.ts';

/** What the leading process alone knows about: drafts and their files, consents, and what TikTok tells. */
export const LED_PATHS = ['/upload/*', '/compose/*', '/connect/*', '/oauth/*', '/webhooks/*'];

/** Longer than another process needs to take over. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 200;
const CONNECT_MS = 2_000;
/** Says that a request comes from another process of this Nod, and is not to be passed on once more. */
const FORWARDED = 'nod-forwarded';
/** They are about one connection: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const OF_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** Passes requests on to the process that leads, as they come, where this one does not. */
export function createForwarding({
  cluster,
  hasTakenUp,
  patienceMs = PATIENCE_MS,
  log,
}: {
  cluster: Pick<Cluster, 'isLeading' | 'leader'>;
  /** Resolves once this process, which leads, has taken up what the one before has left; false where it cannot. */
  hasTakenUp: () => Promise<boolean>;
  patienceMs?: number | undefined;
  log: Logger;
}) {
  return createMiddleware<{ Bindings: HttpBindings }>(async (c, next) => {
    const { incoming, outgoing } = c.env;
    if (cluster.isLeading()) return (await hasTakenUp()) ? next() : later(c);
    const { pathname, search } = new URL(c.req.url);
    const asked = incoming.headers[FORWARDED] === undefined && (await begin(`${pathname}${search}`, c.env));
    if (!asked) return later(c);
    try {
      const answer = await answered(asked, c.env);
      // Hono makes an answer of its own where only the head is asked for, and would send this one a second time.
      if (c.req.method === 'HEAD') return headOf(answer.resume());
      outgoing.writeHead(answer.statusCode ?? 502, withoutConnection(answer.headers));
      await pipeline(answer, outgoing);
    } catch (error) {
      log.info({ err: error, method: c.req.method }, 'A request was not passed on to its end');
      outgoing.destroy();
    }
    return RESPONSE_ALREADY_SENT;
  });

  /** A request to the process that leads, to which nothing is lost yet; undefined where none takes it in time. */
  async function begin(path: string, { incoming }: HttpBindings): Promise<ClientRequest | undefined> {
    const until = performance.now() + patienceMs;
    const headers = { ...withoutConnection(incoming.headers), [FORWARDED]: '1' };
    do {
      const address = await cluster.leader();
      const asked = address && (await connected(address, { path, method: incoming.method, headers }));
      if (asked) return asked;
      await delay(LOOK_EVERY_MS);
    } while (performance.now() < until && !incoming.destroyed);
    return undefined;
  }
}

function later(c: Context): Response {
  c.header('Retry-After', '2');
  return c.text('Nod is just being started. Try again in a moment.', 503);
}

/** The target of a request may name another host, which nobody is led to: only its path is taken over. */
async function connected(
  address: string,
  options: Pick<RequestOptions, 'path' | 'method' | 'headers'>,
): Promise<ClientRequest | undefined> {
  const { protocol, hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, '');
  const request = protocol === 'https:' ? requestHttps : requestHttp;
  const asked = request({ protocol, host, port, ...options, timeout: CONNECT_MS });
  // Whoever waits for something of it hears of its error; nobody may wait.
  asked.on('error', () => {});
  try {
    const [socket] = await once(asked, 'socket');
    if (socket.connecting) await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return asked.setTimeout(0);
  } catch {
    asked.destroy();
    return undefined;
  }
}

/** Passes a request on; resolves with the head of its answer. */
async function answered(
  asked: ClientRequest,
  { incoming, outgoing }: HttpBindings,
): Promise<IncomingMessage> {
  // Nobody waits for the answer any more.
  outgoing.once('close', () => asked.destroy());
  const sent = pipeline(incoming, asked);
  const [answer] = (await Promise.race([
    once(asked, 'response'),
    sent.then(() => once(asked, 'response')),
  ])) as [IncomingMessage];
  // An answer may come before the request has ended, which then is not read on.
  sent.catch(() => {});
  return answer;
}

function headOf({ statusCode: status = 502, headersDistinct }: IncomingMessage): Response {
  const headers = Object.entries(headersDistinct)
    .filter(([name]) => !OF_CONNECTION.includes(name))
    .flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  return new Response(null, { status, headers });
}

function withoutConnection(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.includes(name)));
}
