import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { TikTokCall, TikTokLog } from './http.ts';
import type { ChunkOutcome, ChunkRequest } from './types.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const MAX_URL_LENGTH = 2_048;
const MAX_REPLY_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 8;

/**
 * Whether an address may be uploaded to: TikTok's own over https, or that of an API on this machine.
 *
 * Bytes and the address's own token go there, so nothing else that a reply names is believed.
 */
export function isUploadUrl(address: string, { apiUrl }: { apiUrl: string }): boolean {
  const url = address.length > MAX_URL_LENGTH ? null : URL.parse(address);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const api = URL.parse(apiUrl)?.hostname;
  const { hostname, protocol } = url;
  if (protocol === 'http:') return LOOPBACK.has(hostname) && hostname === api;
  const isTikToks = /^(?:[a-z0-9-]+\.)*(?:tiktokapis|tiktok)\.com$/.test(hostname);
  return protocol === 'https:' && (isTikToks || hostname === api);
}

/** Creates what sends chunks of videos to an `upload_url`, each once, and never puts that address into a log or an error. */
export function createChunkSender({
  timeoutMs = 60_000,
  log,
  onCall,
  now = Date.now,
}: {
  /** For the connection, for each stretch in which no byte leaves, and for the reply. */
  timeoutMs?: number | undefined;
  log?: TikTokLog | undefined;
  onCall?: ((call: TikTokCall) => void) | undefined;
  now?: () => number;
}) {
  const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };

  /** Sends one chunk; it is never sent again here. */
  async function uploadChunk(uploadUrl: string, chunk: ChunkRequest): Promise<ChunkOutcome> {
    const startedAt = now();
    const begun = performance.now();
    const { first, last, total } = chunk;
    const outcome = await put(new URL(uploadUrl), chunk);
    onCall?.({ endpoint: 'upload', outcome: outcome.type, tookMs: performance.now() - begun });
    const fields = { endpoint: 'upload', first, last, total, outcome: outcome.type };
    log?.debug({ ...fields, httpStatus: outcome.httpStatus, tookMs: now() - startedAt }, 'A chunk was sent.');
    return outcome;
  }

  async function put(target: URL, chunk: ChunkRequest): Promise<ChunkOutcome> {
    const { first, last, total, contentType, body, signal } = chunk;
    const isTls = target.protocol === 'https:';
    const request = (isTls ? requestHttps : requestHttp)(target, {
      method: 'PUT',
      headers: {
        'content-type': contentType,
        'content-length': last - first + 1,
        'content-range': `bytes ${first}-${last}/${total}`,
      },
      agent: agents[isTls ? 'https:' : 'http:'],
      timeout: timeoutMs,
      signal,
    });
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const { promise: answered, resolve: answer } = Promise.withResolvers<ChunkOutcome>();
    request.on('timeout', () => request.destroy());
    request.on('close', close);
    // The error is not kept: it may name the address.
    request.on('error', () => answer({ type: 'unproven' }));
    request.on('close', () => answer({ type: 'unproven' }));
    request.on('response', (response) => {
      answer(outcomeOf(response.statusCode ?? 0, response.headers['content-range']));
      response.on('error', () => {});
      // The status says it all; only a short reply to all of the chunk leaves the connection to the next one.
      const isShort = Number(response.headers['content-length'] ?? Number.NaN) <= MAX_REPLY_BYTES;
      if (request.writableEnded && isShort) response.resume();
      else request.destroy();
    });
    await writeAll(request, body, closed);
    return answered;
  }

  function close(): void {
    for (const agent of Object.values(agents)) agent.destroy();
  }

  return { uploadChunk, close };
}

/** Asks for the next part only when the connection has taken the last one. */
async function writeAll(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  closed: Promise<void>,
): Promise<void> {
  const gone = closed.then(() => false);
  try {
    for await (const part of body) {
      const written = new Promise<boolean>((resolve) => {
        request.write(part, (error) => resolve(!error));
      });
      if (!(await Promise.race([written, gone]))) return;
    }
    request.end();
  } catch {
    // Whoever has the body knows what is wrong with it; TikTok does not get the rest.
    request.destroy();
  }
}

/** https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide */
function outcomeOf(httpStatus: number, range: string | string[] | undefined): ChunkOutcome {
  switch (httpStatus) {
    case 201:
    case 206: {
      const last = /^bytes 0-(\d{1,15})\/\d+$/.exec(String(range))?.[1];
      const uploadedBytes = last === undefined ? undefined : Number(last) + 1;
      return { type: 'taken', httpStatus, isComplete: httpStatus === 201, uploadedBytes };
    }
    case 403:
      return { type: 'expired', httpStatus };
    case 404:
      return { type: 'unknown', httpStatus };
    case 416:
      return { type: 'out_of_step', httpStatus };
    case 429:
      return { type: 'try_again', httpStatus };
    default:
      if (httpStatus >= 500) return { type: 'try_again', httpStatus };
      return { type: httpStatus >= 400 ? 'refused' : 'unproven', httpStatus };
  }
}
