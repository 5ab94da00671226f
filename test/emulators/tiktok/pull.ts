import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from './clock.ts';
import type { EmulatorOptions } from './options.ts';
import type { ProbedMedia } from './probe/index.ts';
import { type Received, typeOf } from './received.ts';
import type { Fetch, Publish, State } from './state.ts';

type Parts = {
  state: State;
  options: EmulatorOptions;
  clock: Clock;
  storage: Received;
  changed: () => void;
};
type Ask = {
  publish: Publish;
  url: string;
  method: 'HEAD' | 'GET';
  /** Where the bytes go. */
  path: string;
  /** The first byte of the range and the last. */
  range?: { first: number; last: number };
  signal: AbortSignal;
  sent?: () => void;
  /** The bytes count as progress of the publish. */
  counts?: boolean;
};
type Answer = { status: number; headers: IncomingHttpHeaders; bytes: number };

/** The media could not be fetched; the fetch log of the publish says why. */
export class PullError extends Error {
  override name = 'PullError';
}

/** Fetches the sources of a publish as TikTok may: directly, without following redirects, with a marked user agent. */
export function createPuller({ state, options, clock, storage, changed }: Parts) {
  const agent = new Agent();
  const tlsAgent = new TlsAgent();

  /** Fetches every source in order; `sent` is called when the first GET has left. Throws PullError. */
  async function pullAll(publish: Publish, signal: AbortSignal, sent: () => void) {
    const decodes: Promise<void>[] = [];
    for (const url of publish.sourceUrls) {
      const path = await storage.newPath();
      const ask = { publish, url, method: 'GET' as const, path, signal };
      const { decoded } = await pullAndDescribe({ ...ask, sent, counts: true });
      decodes.push(decoded);
      if (options.pull.twice) await pullOne({ ...ask, path: await storage.newPath() });
    }
    await Promise.all(decodes);
  }

  /** Resolves once it is described; what it resolves with ends when it is decoded, beside the next pull. */
  async function pullAndDescribe(ask: Ask): Promise<{ decoded: Promise<void> }> {
    const { publish, url, path } = ask;
    const { headers } = await pullOne(ask).catch(async (error: unknown) => {
      await rm(path, { force: true });
      throw error;
    });
    const media = await storage.describe(path, { url, contentType: headers['content-type'] });
    if (options.strict.lint) state.lint.push(...lintHeaders(url, headers, media));
    publish.media.push(media);
    const decoded = storage.decode(media, path).finally(() => rm(path, { force: true }));
    changed();
    return { decoded };
  }

  async function pullOne(ask: Ask): Promise<Answer> {
    if (options.pull.head) await fetchWithRetries({ ...ask, method: 'HEAD' });
    return options.pull.ranges ? fetchInRanges(ask) : fetchWithRetries(ask);
  }

  async function fetchInRanges(ask: Ask): Promise<Answer> {
    for (let start = 0; ; ) {
      const range = { first: start, last: start + options.pull.rangeBytes - 1 };
      const answer = await fetchWithRetries({ ...ask, range });
      if (answer.status === 200) return answer;
      const [, first, last, total] =
        /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
      if (Number(first) !== start || Number(last) - start + 1 !== answer.bytes) {
        throw new PullError('The Content-Range does not fit the body.');
      }
      start += answer.bytes;
      if (start >= Number(total)) return { ...answer, bytes: start };
    }
  }

  async function fetchWithRetries(ask: Ask): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetchOnce(ask).catch((error: unknown) => {
        ask.signal.throwIfAborted();
        if (tries < options.pull.cutRetries) return undefined;
        throw error;
      });
      if (answer === undefined) {
        // It begins anew.
        if (ask.counts) ask.publish.downloadedBytes -= ask.publish.fetches.at(-1)?.bytes ?? 0;
        await clock.wait(options.pull.retryMs);
        ask.signal.throwIfAborted();
        continue;
      }
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
    const range = ask.range && `bytes=${ask.range.first}-${ask.range.last}`;
    if (range !== undefined) requestHeaders.range = range;
    const { url, method } = ask;
    const record: Fetch = { url, method, at: clock.now(), requestHeaders, bytes: 0 };
    if (range !== undefined) record.range = range;
    ask.publish.fetches.push(record);
    try {
      const response = await open(ask, requestHeaders);
      record.status = response.statusCode ?? 0;
      record.responseHeaders = flatten(response.headers);
      changed();
      await readAll(response, record, ask);
      return { status: record.status, headers: response.headers, bytes: record.bytes };
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

  async function readAll(response: IncomingMessage, record: Fetch, ask: Ask): Promise<void> {
    // The answer to a HEAD, and what says no, has nothing to keep.
    const isKept = ask.method === 'GET' && (record.status === 200 || record.status === 206);
    const start = record.status === 206 ? (ask.range?.first ?? 0) : 0;
    const file = isKept
      ? createWriteStream(ask.path, { flags: start === 0 ? 'w' : 'r+', start })
      : new Writable({ write: (_chunk, _encoding, done) => done() });
    await pipeline(response, (chunks) => watch(chunks, record, ask), file);
  }

  async function* watch(chunks: AsyncIterable<Buffer>, record: Fetch, { publish, signal, counts }: Ask) {
    for await (const chunk of chunks) {
      record.bytes += chunk.length;
      if (counts) publish.downloadedBytes += chunk.length;
      changed();
      const rate = options.pull.slowBytesPerSecond;
      if (rate !== undefined) await clock.wait((chunk.length / rate) * 1000);
      signal.throwIfAborted();
      yield chunk;
    }
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
