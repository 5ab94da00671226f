// Faithful: addresses, envelope of refusals, 204 without a type, rate-limit headers, the token check
// (https://discord.com/developers/docs/reference). Simplified: plain HTTP; bodies are read whole.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Body, readBody } from './body.ts';
import { type FileReply, serveFile } from './cdn.ts';
import { commandRoutes } from './command-routes.ts';
import type { Emulation } from './emulation.ts';
import { ApiFailure, notFound, unauthorized } from './failure.ts';
import { createGateway } from './gateway.ts';
import { guildRoutes } from './guild-routes.ts';
import { interactionRoutes } from './interaction-routes.ts';
import { messageRoutes } from './message-routes.ts';
import { reactionRoutes } from './reaction-routes.ts';
import { createRouter, majorOf, type Route } from './routes.ts';
import type { RequestEntry } from './state.ts';
import { webhookRoutes } from './webhook-routes.ts';

type WireReply = {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  isCut?: boolean;
};
type Router = ReturnType<typeof createRouter>;
/** In place of a reply: the connection goes, closed or reset. */
type Drop = { isReset: boolean };

/** Starts the wire side on a free loopback port. */
export async function startServer(emulation: Emulation) {
  const { faults, watch } = emulation;
  const route = createRouter([
    ...guildRoutes,
    ...messageRoutes,
    ...reactionRoutes,
    ...commandRoutes,
    ...interactionRoutes,
    ...webhookRoutes,
  ]);
  const gateway = createGateway(emulation);
  const sockets = new Set<Socket>();

  const server = createServer(async (request, response) => {
    const reply = await answer(emulation, route, request).catch((error) => failureReply(error));
    if ('isReset' in reply && reply.isReset) request.socket.resetAndDestroy();
    else if ('isReset' in reply) request.socket.destroy();
    else await send(response, reply);
  });
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head));
  server.on('connection', (socket: Socket) => {
    if (faults.refuses()) {
      socket.destroy();
      watch.changed();
    }
    sockets.add(socket.unref());
    socket.once('close', () => sockets.delete(socket));
  });
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  faults.onCut('unreachable', cutAll);
  faults.onCut('gateway-cut', gateway.cut);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The emulator has no port.');
  const url = `http://127.0.0.1:${address.port}`;
  emulation.setGatewayUrl(`ws://127.0.0.1:${address.port}/gateway`);
  emulation.files.setBaseUrl(url);

  return {
    url,
    gateway,
    async close() {
      gateway.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cutAll();
      await closed;
    },
  };
}

async function answer(
  emulation: Emulation,
  route: Router,
  request: IncomingMessage,
): Promise<WireReply | Drop> {
  const url = new URL(request.url ?? '/', 'http://emulator');
  const method = request.method ?? 'GET';
  const log = startLog(emulation, method, url);
  if (!url.pathname.startsWith('/api/')) return await answerFile(emulation, request, url, log);
  const version = /^\/api\/v(\d+)\//.exec(url.pathname)?.[1];
  if (version !== '10') throw new ApiFailure(400, 50041, 'Invalid API version provided.');
  const path = url.pathname.slice('/api/v10'.length);
  const { found, isPathKnown } = route(method, path);
  log.route = found?.route.name ?? 'unknown';
  const receive = async (): Promise<Body> => {
    const body = await readBody(request);
    log.body = body.json;
    log.files = body.uploads.map(({ fileName, contentType, bytes }) => ({
      fileName,
      contentType,
      bytes: bytes.byteLength,
    }));
    return body;
  };
  const body = await receive().catch((error) =>
    error instanceof ApiFailure ? error : Promise.reject(error),
  );
  emulation.watch.changed();
  const outcome = await emulation.faults.meet(log.route, log.body);
  if (outcome?.kind === 'drop-request') return drop(emulation, log, outcome);
  const run = async (): Promise<WireReply> => {
    if (outcome?.kind === 'refuse') throw outcome.failure;
    if (body instanceof ApiFailure) throw body;
    checkClient(emulation, request, found?.route);
    if (!found) {
      emulation.lint(`unknown or not emulated route ${method} ${path}`);
      throw isPathKnown ? new ApiFailure(405, 0, '405: Method Not Allowed') : notFound();
    }
    return await call(emulation, { ...found, url, body });
  };
  const reply = await run().catch((error) => failureReply(error));
  finish(emulation, log, reply);
  return outcome?.kind === 'drop-reply' ? drop(emulation, log, outcome) : reply;
}

function startLog({ state, clock }: Emulation, method: string, url: URL): RequestEntry {
  const log: RequestEntry = {
    route: 'cdn',
    method,
    path: url.pathname,
    body: undefined,
    files: [],
    atMs: clock.now(),
  };
  state.requests.push(log);
  return log;
}

function checkClient({ token, state, lint }: Emulation, request: IncomingMessage, route: Route | undefined) {
  if (!request.headers['user-agent']?.startsWith('DiscordBot'))
    lint('the User-Agent does not begin with DiscordBot');
  if (route?.isOpen) return;
  if (state.isTokenRevoked || request.headers.authorization !== `Bot ${token}`) throw unauthorized();
}

type Found = { route: Route; groups: Record<string, string>; url: URL; body: Body };

async function call(emulation: Emulation, { route, groups, url, body }: Found): Promise<WireReply> {
  const { headers, failure } = emulation.rateLimits.pass(route.bucket, `${route.name} ${majorOf(groups)}`);
  const run = async (): Promise<WireReply> => {
    if (failure) throw failure;
    const reply = await route.run({
      emulation,
      param: (name) => decodeURIComponent(groups[name] ?? ''),
      query: url.searchParams,
      body: body.json,
      uploads: body.uploads,
      receivedAt: performance.now(),
    });
    // A 204 has neither body nor type.
    return reply.body === undefined
      ? { status: reply.status, headers }
      : jsonReply(reply.status, reply.body, headers);
  };
  return await run().catch((error) => failureReply(error, headers));
}

function finish(emulation: Emulation, log: RequestEntry, reply: WireReply) {
  log.status = reply.status;
  if ([401, 403, 429].includes(reply.status)) emulation.state.invalidRequests++;
  if (reply.status >= 400) {
    const { code, message, errors } = JSON.parse(String(reply.body));
    log.code = code;
    if (code === 50035) emulation.lint(`${log.route}: ${JSON.stringify(errors ?? message)}`);
  }
  emulation.watch.changed();
}

function drop(emulation: Emulation, log: RequestEntry, { isReset }: Drop): Drop {
  log.dropped = true;
  emulation.watch.changed();
  return { isReset };
}

async function answerFile(
  emulation: Emulation,
  request: IncomingMessage,
  url: URL,
  log: RequestEntry,
): Promise<WireReply | Drop> {
  const outcome = await emulation.faults.meet('cdn', undefined);
  if (outcome?.kind === 'refuse') throw outcome.failure;
  if (outcome && outcome.kind !== 'cut-download') return drop(emulation, log, outcome);
  const reply: FileReply = serveFile(emulation, request, url);
  log.status = reply.status;
  emulation.watch.changed();
  return { ...reply, isCut: outcome !== undefined };
}

function failureReply(error: unknown, headers: Record<string, string> = {}): WireReply {
  // A defect of the emulator answers 500 with its stack, so that the failing test shows it.
  const failure =
    error instanceof ApiFailure
      ? error
      : new ApiFailure(500, 0, `Internal Server Error: ${error instanceof Error ? error.stack : error}`);
  const { status, code, message, extra } = failure;
  return jsonReply(status, { message, code, ...extra }, { ...headers, ...failure.headers });
}

const jsonReply = (status: number, body: unknown, headers: Record<string, string>): WireReply => ({
  status,
  body: JSON.stringify(body),
  headers: { ...headers, 'content-type': 'application/json' },
});

async function send(response: ServerResponse, { status, headers, body, isCut }: WireReply) {
  if (response.destroyed || response.closed) return;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const length = bytes && !('content-length' in headers) ? { 'content-length': bytes.byteLength } : {};
  response.writeHead(status, { ...headers, ...length });
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    if (isCut && bytes) response.write(bytes.subarray(0, bytes.byteLength / 2), () => response.destroy());
    else response.end(bytes);
  });
}

export type Server = Awaited<ReturnType<typeof startServer>>;
