// Faithful: addresses, envelope, HTTP status equal to error_code, 401 for a strange token and 404 for a malformed one
// (https://core.telegram.org/bots/api#making-requests). Simplified: bodies are read whole, downloads know no ranges.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Emulation } from './emulation.ts';
import { ApiFailure, notFound, unauthorized } from './failure.ts';
import { actMethods } from './methods/act.ts';
import { chatInfoMethods } from './methods/chat-info.ts';
import { editMethods } from './methods/edit.ts';
import { receiveMethods } from './methods/receive.ts';
import { lintParameters, type MethodEntry, type MethodTable } from './methods/registry.ts';
import { attachedNames, sendMethods } from './methods/send.ts';
import { readParams } from './params.ts';
import type { RequestEntry } from './state.ts';

type Reply = {
  status: number;
  body: string | Uint8Array;
  type: string;
  isCut?: boolean;
  retryAfterSeconds?: number | undefined;
};
const DROP = Symbol('drop');

/** Starts the wire side on a free loopback port. */
export async function startServer(emulation: Emulation) {
  const { token, faults, watch } = emulation;
  const methods = readTable([receiveMethods, sendMethods, editMethods, actMethods, chatInfoMethods]);
  const sockets = new Set<Socket>();

  const answer = async (request: IncomingMessage, signal: AbortSignal): Promise<Reply | typeof DROP> => {
    const url = new URL(request.url ?? '/', 'http://emulator');
    const route = url.pathname.match(/^\/(file\/)?bot([^/]+)\/(.+)$/);
    if (!route) throw notFound();
    const [, isFile, givenToken = '', rest = ''] = route;
    checkToken(decodeURIComponent(givenToken), token);
    return isFile
      ? await serveFile(emulation, decodeURIComponent(rest))
      : await callMethod(emulation, methods, rest, request, url.searchParams, signal);
  };

  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const reply = await answer(request, gone.signal).catch(failureReply);
    if (reply === DROP) request.socket.destroy();
    else await send(response, reply);
  });
  server.on('connection', (socket: Socket) => {
    if (faults.refuses()) {
      socket.destroy();
      watch.changed();
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  faults.onUnreachable(() => {
    const isMet = sockets.size > 0;
    for (const socket of sockets) socket.destroy();
    return isMet;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The emulator has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function readTable(tables: MethodTable[]): Map<string, [string, MethodEntry]> {
  const entries = tables.flatMap((table) => Object.entries(table));
  return new Map(entries.map(([name, entry]) => [name.toLowerCase(), [name, entry]]));
}

function checkToken(given: string, token: string) {
  if (given === token) return;
  throw /^\d+:[\w-]{20,}$/.test(given) ? unauthorized() : notFound();
}

async function callMethod(
  emulation: Emulation,
  methods: Map<string, [string, MethodEntry]>,
  rest: string,
  request: IncomingMessage,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Reply | typeof DROP> {
  const { state, clock, faults, watch, lint } = emulation;
  const [name, entry] = methods.get(rest.toLowerCase()) ?? [rest, undefined];
  const params = await readParams(request, query);
  const parameters = params.plain();
  const log: RequestEntry = { method: name, parameters, atMs: clock.now() };
  state.requests.push(log);
  watch.changed();
  const run = async () => {
    if (!entry) {
      lint(`unknown or not emulated method ${rest}`);
      throw notFound();
    }
    if (state.loggedOut) throw new ApiFailure(400, 'Logged out');
    lintParameters(emulation, name, entry, params.names(), attachedNames(params));
    return jsonReply(200, { ok: true, result: await entry.run(emulation, { params, signal }) });
  };
  const outcome = await faults.meet(name, parameters);
  if (outcome?.kind === 'drop-request') return drop(log);
  const reply = outcome?.kind === 'refuse' ? failureReply(outcome.failure) : await run().catch(failureReply);
  log.status = reply.status;
  if (reply.status !== 200) log.description = String(JSON.parse(reply.body).description);
  watch.changed();
  return outcome?.kind === 'drop-reply' ? drop(log) : reply;
}

function drop(log: RequestEntry): typeof DROP {
  log.dropped = true;
  return DROP;
}

async function serveFile({ files, faults }: Emulation, path: string): Promise<Reply | typeof DROP> {
  const outcome = await faults.meet('file', { path });
  if (outcome?.kind === 'refuse') throw outcome.failure;
  if (outcome && outcome.kind !== 'cut-download') return DROP;
  const file = files.byPath(path);
  if (!file) throw notFound();
  return { status: 200, body: file.bytes, type: 'application/octet-stream', isCut: outcome !== undefined };
}

function failureReply(error: unknown) {
  // A defect of the emulator answers 500 with its stack, so that the failing test shows it.
  const failure =
    error instanceof ApiFailure
      ? error
      : new ApiFailure(500, `Internal Server Error: ${error instanceof Error ? error.stack : error}`);
  const { errorCode, message, parameters } = failure;
  const reply = jsonReply(errorCode, {
    ok: false,
    error_code: errorCode,
    description: message,
    ...(parameters ? { parameters } : {}),
  });
  return { ...reply, retryAfterSeconds: parameters?.retry_after };
}

const jsonReply = (status: number, body: unknown) => ({
  status,
  body: JSON.stringify(body),
  type: 'application/json',
});

async function send(response: ServerResponse, { status, body, type, isCut, retryAfterSeconds }: Reply) {
  if (response.destroyed || response.closed) return;
  const bytes = Buffer.from(body);
  // As https://github.com/tdlib/telegram-bot-api does.
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.byteLength });
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    if (isCut) response.write(bytes.subarray(0, bytes.byteLength / 2), () => response.destroy());
    else response.end(bytes);
  });
}

export type Server = Awaited<ReturnType<typeof startServer>>;
