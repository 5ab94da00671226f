import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from './clock.ts';
import type { Fault, Faults } from './faults.ts';
import type { EmulatorOptions } from './options.ts';
import {
  ApiRefusal,
  apiFailure,
  apiSuccess,
  gatewayPage,
  OAuthRefusal,
  oauthFailure,
  plain,
  type Reply,
} from './replies.ts';
import type { RequestRecord, State } from './state.ts';

export type Exchange = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Empty where the route reads the request itself. */
  body: Buffer;
  incoming: IncomingMessage;
  record: RequestRecord;
};

export type Route = {
  method: string;
  path: string;
  /** The short name that faults, limits and the request log use. */
  endpoint: string;
  answer: (exchange: Exchange) => Reply | Promise<Reply>;
  /** It reads the body itself, which may be bigger than memory. */
  takesStream?: boolean;
};

type Parts = {
  routes: Route[];
  faults: Faults;
  clock: Clock;
  state: State;
  options: EmulatorOptions;
  changed: () => void;
};

/** Serves the routes on a loopback port; anything that is no route is a plain 404, as on the real host. */
export async function startServer({ port, ...parts }: Parts & { port: number }) {
  const server = createServer((request, response) => {
    void converse(parts, request, response).catch(() => response.socket?.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function converse(parts: Parts, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', 'http://emulator');
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: url.pathname,
    at: parts.clock.now(),
    dropped: false,
  };
  parts.state.requests.push(record);
  const route = findRoute(parts, record.method, url.pathname);
  if (route) record.endpoint = route.endpoint;
  const body = route?.takesStream ? Buffer.alloc(0) : await readBody(request);
  const exchange = {
    method: record.method,
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    incoming: request,
    record,
  };
  const reply = route ? await answerWithFaults(parts, route, exchange) : plain(404, '404 page not found');
  // The time is that of TikTok, and no other.
  response.setHeader('date', new Date(parts.clock.now() + parts.options.dateSkewMs).toUTCString());
  await send(reply, response, record);
  reply?.after?.();
  parts.changed();
}

function findRoute({ routes, options }: Parts, method: string, path: string) {
  const same = (route: Route) =>
    route.path === path || (!options.strict.trailingSlash && route.path === `${path}/`);
  return routes.find((route) => route.method === method && same(route));
}

/** A reply, or undefined with `record.dropped` when the socket is to be destroyed. */
async function answerWithFaults(parts: Parts, route: Route, exchange: Exchange): Promise<Reply | undefined> {
  const { faults, clock, changed } = parts;
  const instead = faults.takeInstead(route.endpoint);
  const latency = faults.takeLatency(route.endpoint);
  const note = (fault: Fault) => {
    exchange.record.fault = fault.name;
    changed();
  };
  let reply: Reply | undefined;
  if (instead) {
    note(instead);
    const real = instead.options.created ? await answer(parts, route, exchange) : undefined;
    reply = spoil(instead, parts.options, exchange.record);
    if (reply && real?.after) reply.after = real.after;
  } else {
    reply = await answer(parts, route, exchange);
    const spoilt = reply.succeeded ? faults.takeReply(route.endpoint) : undefined;
    if (spoilt) {
      note(spoilt);
      const { after } = reply;
      reply = spoilt.base === 'missing-data' ? apiSuccess() : dropped(exchange.record);
      reply.after = after ?? (() => {});
    }
  }
  if (latency) {
    note(latency);
    await clock.wait(latency.options.ms ?? 100);
  }
  return reply;
}

async function answer({ options }: Parts, route: Route, exchange: Exchange): Promise<Reply> {
  try {
    return await route.answer(exchange);
  } catch (error) {
    if (error instanceof ApiRefusal) return apiFailure(error, options.strict);
    if (error instanceof OAuthRefusal) return oauthFailure(error, options.strict);
    throw error;
  }
}

function spoil(fault: Fault, { strict }: EmulatorOptions, record: RequestRecord): Reply {
  const { status, code, message } = fault.options;
  const refuse = (withStatus: number, withCode: string) =>
    apiFailure(new ApiRefusal(withStatus, withCode, message ?? 'Something is wrong'), strict);
  if (fault.base.startsWith('drop-')) return dropped(record);
  if (fault.base.endsWith('-5xx')) return gatewayPage(status ?? 502);
  if (fault.base === 'init-html-200') return gatewayPage(200);
  if (fault.base.endsWith('-429')) return refuse(429, 'rate_limit_exceeded');
  if (fault.base === 'init-403') return refuse(403, fault.argument);
  if (fault.base === 'token-error') {
    return oauthFailure(new OAuthRefusal(fault.argument, message ?? 'Something is wrong.'), strict);
  }
  if (fault.base === 'http-200-error') return refuse(200, code ?? (fault.argument || 'internal_error'));
  return refuse(status ?? 500, code ?? (fault.argument || 'internal_error'));
}

export function dropped(record: RequestRecord): Reply {
  record.dropped = true;
  return { status: 0, headers: {}, body: '', succeeded: false };
}

async function send(reply: Reply | undefined, response: ServerResponse, record: RequestRecord) {
  if (!reply || record.dropped) {
    response.socket?.destroy();
    return;
  }
  // A client that gave up waiting does not undo what the request did.
  if (response.destroyed || response.socket?.destroyed) return;
  record.status = reply.status;
  if (reply.errorCode !== undefined) record.errorCode = reply.errorCode;
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) });
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(body, () => resolve());
  });
}

async function readBody(request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
