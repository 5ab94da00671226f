import { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { TikTokLog } from './http.ts';
import type { ChunkOutcome, ChunkRequest } from './types.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const MAX_URL_LENGTH = 2_048;
const MAX_REPLY_BYTES = 64 * 1024;

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
  now = Date.now,
}: {
  /** For the connection, for each stretch in which no byte leaves, and for the reply. */
  timeoutMs?: number | undefined;
  log?: TikTokLog | undefined;
  now?: () => number;
}) {
  const agent = new Agent({
    connections: 8,
    keepAliveTimeout: 30_000,
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_REPLY_BYTES,
    allowH2: false,
  });

  /** Sends one chunk; it is never sent again here. */
  async function uploadChunk(uploadUrl: string, chunk: ChunkRequest): Promise<ChunkOutcome> {
    const { first, last, total, contentType, body, signal } = chunk;
    const { origin, pathname, search } = new URL(uploadUrl);
    const startedAt = now();
    const outcome = await agent
      .request({
        origin,
        path: `${pathname}${search}`,
        method: 'PUT',
        headers: {
          'content-type': contentType,
          'content-length': String(last - first + 1),
          'content-range': `bytes ${first}-${last}/${total}`,
        },
        body: Readable.from(body, { objectMode: false, highWaterMark: 1 }),
        signal,
      })
      .then(async (response): Promise<ChunkOutcome> => {
        // The status says it all, and whatever is wrong with the body does not change that.
        await response.body.dump().catch(() => {});
        return outcomeOf(response.statusCode, response.headers['content-range']);
      })
      // Neither the error nor its cause is kept: they may name the address.
      .catch((): ChunkOutcome => ({ type: 'unproven' }));
    const fields = { endpoint: 'upload', first, last, total, outcome: outcome.type };
    log?.debug({ ...fields, httpStatus: outcome.httpStatus, tookMs: now() - startedAt }, 'A chunk was sent.');
    return outcome;
  }

  return { uploadChunk, close: () => agent.close() };
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
