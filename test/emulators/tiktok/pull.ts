import { createHash } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import type { Clock } from './clock.ts';
import { decodeMedia } from './decode.ts';
import type { EmulatorOptions } from './options.ts';
import { type ProbedMedia, probeMedia } from './probe/index.ts';
import type { Fetch, Publish, ReceivedMedia, State } from './state.ts';

type Parts = { state: State; options: EmulatorOptions; clock: Clock; changed: () => void };
type Ask = {
  publish: Publish;
  url: string;
  method: 'HEAD' | 'GET';
  range?: string;
  signal: AbortSignal;
  sent?: () => void;
  /** The bytes count as progress of the publish. */
  counts?: boolean;
};
type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

/** The media could not be fetched; the fetch log of the publish says why. */
export class PullError extends Error {
  override name = 'PullError';
}

/** Fetches the sources of a publish as TikTok may: directly, without following redirects, with a marked user agent. */
export function createPuller({ state, options, clock, changed }: Parts) {
  const agent = new Agent();
  const tlsAgent = new TlsAgent();

  /** Fetches every source in order; `sent` is called when the first GET has left. Throws PullError. */
  async function pullAll(publish: Publish, signal: AbortSignal, sent: () => void) {
    const decodes: Promise<void>[] = [];
    for (const url of publish.sourceUrls) {
      const ask = { publish, url, method: 'GET' as const, signal };
      const answer = await pullOne({ ...ask, sent, counts: true });
      const media = describe(url, answer);
      publish.media.push(media);
      decodes.push(decode(media, answer.body));
      changed();
      if (options.pull.twice) await pullOne(ask);
    }
    await Promise.all(decodes);
  }

  /** Goes on beside the next pull; the publish waits for it before it is judged. */
  async function decode(media: ReceivedMedia, body: Buffer) {
    const type = typeOf[media.kind];
    const { checkMedia, decodeMedia: isAsked } = options.strict;
    // What TikTok refuses by its kind alone is not worth a decoder.
    if (!checkMedia || !isAsked || type === undefined) return;
    const decoded = await decodeMedia({ body, sha256: media.sha256, isPhoto: type.startsWith('image/') });
    if (!decoded) return;
    media.decoded = decoded;
    media.metadata.push(...decoded.tags);
    changed();
  }

  function describe(url: string, { body, headers }: Answer): ReceivedMedia {
    const probed = probeMedia(body);
    const contentType = headers['content-type'];
    if (options.strict.lint) state.lint.push(...lintHeaders(url, headers, probed));
    return {
      ...probed,
      url,
      contentType,
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      metadata: listMetadata(probed),
      ...(options.keepMedia && { body }),
    };
  }

  async function pullOne(ask: Ask): Promise<Answer> {
    if (options.pull.head) await fetchWithRetries({ ...ask, method: 'HEAD' });
    return options.pull.ranges ? fetchInRanges(ask) : fetchWithRetries(ask);
  }

  async function fetchInRanges(ask: Ask): Promise<Answer> {
    const parts: Buffer[] = [];
    for (let start = 0; ; ) {
      const range = `bytes=${start}-${start + options.pull.rangeBytes - 1}`;
      const answer = await fetchWithRetries({ ...ask, range });
      if (answer.status === 200) return answer;
      const [, first, last, total] =
        /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
      if (Number(first) !== start || Number(last) - start + 1 !== answer.body.length) {
        throw new PullError('The Content-Range does not fit the body.');
      }
      parts.push(answer.body);
      start += answer.body.length;
      if (start >= Number(total)) return { ...answer, body: Buffer.concat(parts) };
    }
  }

  async function fetchWithRetries(ask: Ask): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetchOnce(ask);
      if (answer.status === 200 || (ask.range !== undefined && answer.status === 206)) return answer;
      // "Any 3xx is invalid": https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
      if (answer.status < 500 || tries >= options.pull.retries) {
        throw new PullError(`The source answered ${answer.status}.`);
      }
      await clock.wait(options.pull.retryMs);
      ask.signal.throwIfAborted();
    }
  }

  async function fetchOnce(ask: Ask): Promise<Answer> {
    const requestHeaders: Record<string, string> = { 'user-agent': options.pull.userAgent, accept: '*/*' };
    if (ask.range !== undefined) requestHeaders.range = ask.range;
    const { url, method } = ask;
    const record: Fetch = { url, method, at: clock.now(), requestHeaders, bytes: 0 };
    if (ask.range !== undefined) record.range = ask.range;
    ask.publish.fetches.push(record);
    try {
      const response = await open(ask, requestHeaders);
      record.status = response.statusCode ?? 0;
      record.responseHeaders = flatten(response.headers);
      changed();
      const body = await readAll(response, record, ask);
      return { status: record.status, headers: response.headers, body };
    } catch (error) {
      record.error = error instanceof Error ? error.message : String(error);
      throw new PullError('The source could not be read.', { cause: error });
    } finally {
      changed();
    }
  }

  function open({ url, method, signal, sent }: Ask, headers: Record<string, string>) {
    const target = relocate(url);
    const { host } = new URL(url);
    const isTls = target.protocol === 'https:';
    const send = isTls ? requestHttps : requestHttp;
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(target, {
        method,
        headers: { ...headers, host },
        signal,
        agent: isTls ? tlsAgent : agent,
      });
      request.once('error', reject);
      request.once('response', resolve);
      if (method === 'GET' && sent) request.once('finish', sent);
      request.end();
    });
  }

  function relocate(url: string) {
    const target = new URL(url);
    const origin = options.pull.origins[target.origin];
    return origin === undefined ? target : new URL(`${target.pathname}${target.search}`, origin);
  }

  async function readAll(response: IncomingMessage, record: Fetch, { publish, signal, counts }: Ask) {
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      record.bytes += chunk.length;
      if (counts) publish.downloadedBytes += chunk.length;
      const rate = options.pull.slowBytesPerSecond;
      if (rate !== undefined) await clock.wait((chunk.length / rate) * 1000);
      signal.throwIfAborted();
    }
    return Buffer.concat(chunks);
  }

  return {
    pullAll,
    close() {
      agent.destroy();
      tlsAgent.destroy();
    },
  };
}

export type Puller = ReturnType<typeof createPuller>;

function flatten(headers: IncomingHttpHeaders) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

export const listMetadata = ({ hasExif, hasGps, hasXmp, hasIptc, hasComment }: ProbedMedia) => [
  ...(hasExif ? ['EXIF'] : []),
  ...(hasGps ? ['GPS'] : []),
  ...(hasXmp ? ['XMP'] : []),
  ...(hasIptc ? ['IPTC'] : []),
  ...(hasComment ? ['comment'] : []),
];

export const typeOf: Partial<Record<ProbedMedia['kind'], string>> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};

function lintHeaders(url: string, headers: IncomingHttpHeaders, { kind }: ProbedMedia) {
  const { pathname } = new URL(url);
  const remarks: string[] = [];
  const expected = typeOf[kind];
  if (expected !== undefined && headers['content-type']?.split(';')[0] !== expected) {
    remarks.push(`pull: ${pathname} is ${expected} but is served as ${headers['content-type']}.`);
  }
  if (headers['content-encoding'] !== undefined) remarks.push(`pull: ${pathname} is served compressed.`);
  if (headers['content-length'] === undefined) remarks.push(`pull: ${pathname} has no Content-Length.`);
  return remarks;
}
