import { Readable } from 'node:stream';
import { Client, type Dispatcher } from 'undici';
import { FileNotReceivedError } from '../media/store/store.ts';
import { type LinkReason, UserError } from '../problems.ts';
import { createConnector, INTERNET, type LinkNetwork } from './connect.ts';
import { nameOfReply } from './file-name.ts';
import { checkedUrl, plainLink } from './plain-link.ts';

/** A file of somebody's server, on its way. */
export interface LinkedFile {
  readonly stream: Readable;
  /** As the server or the path has it. */
  readonly name?: string | undefined;
  /** As the server declares it. */
  readonly bytes?: number | undefined;
}

/** How long a server may take. */
export interface LinkPatience {
  /** For a name, and for a connection. */
  readonly connectMs: number;
  /** Without any byte. */
  readonly silenceMs: number;
  /** For the whole file. */
  readonly totalMs: number;
  /** So many bytes have to come in each so many milliseconds. */
  readonly pace: { readonly bytes: number; readonly everyMs: number };
}

const PATIENCE: LinkPatience = {
  connectMs: 10_000,
  silenceMs: 30_000,
  totalMs: 60 * 60_000,
  pace: { bytes: 1_000_000, everyMs: 30_000 },
};

export interface LinkOptions {
  readonly network?: LinkNetwork | undefined;
  readonly patience?: LinkPatience | undefined;
}

const MAX_REDIRECTS = 5;
const MAX_HEADER_BYTES = 16 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Pages begin with a tag, whatever they are said to be. */
const PAGE = /^\s*<(!doctype|html|head|body|meta|script|title|!--)/i;
const HEAD_BYTES = 512;

/** No cookies, nothing of ours, and nothing packed that could unfold into more. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Nod' };

/**
 * Opens the file behind a link on the public internet, over https alone and through five redirects at most, each of which
 * is checked like the link itself.
 *
 * A link lets everybody in who knows it, so errors carry neither it nor a cause.
 *
 * @throws UserError where another try would not help by itself, `FileNotReceivedError` where it may; the stream does so, too.
 */
export async function openLink(
  link: string,
  {
    maxBytes,
    signal,
    network = INTERNET,
    patience = PATIENCE,
  }: LinkOptions & { maxBytes: number; signal: AbortSignal },
): Promise<LinkedFile> {
  const { url: first, service } = plainLink(link);
  const endsAt = performance.now() + patience.totalMs;
  let url = first;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const reply = await ask(url, { network, patience, signal });
    try {
      const next = redirectOf(reply.response, url);
      if (next === undefined) return await fileOf(reply, { url, service, maxBytes, patience, endsAt });
      url = next;
    } catch (error) {
      reply.close();
      throw error;
    }
    reply.close();
  }
  throw refused('redirects');
}

interface Reply {
  readonly response: Dispatcher.ResponseData;
  readonly close: () => void;
}

/** Asks a server over a connection of its own, which ends with the answer. */
async function ask(
  url: URL,
  { network, patience, signal }: { network: LinkNetwork; patience: LinkPatience; signal: AbortSignal },
): Promise<Reply> {
  const client = new Client(url.origin, {
    connect: createConnector(network, { timeoutMs: patience.connectMs }),
    pipelining: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: patience.silenceMs,
    bodyTimeout: patience.silenceMs,
  });
  const close = () => void client.destroy().catch(() => {});
  // However slowly the head of an answer comes, and however many hints come before it.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience.connectMs + patience.silenceMs);
  try {
    const path = url.pathname + url.search;
    const signals = AbortSignal.any([signal, late.signal]);
    const response = await client.request({ method: 'GET', path, headers: HEADERS, signal: signals });
    // Closing an answer is an error to it, which must not end the process.
    response.body.on('error', () => {});
    return { response, close };
  } catch (error) {
    close();
    signal.throwIfAborted();
    throw notReceived(error);
  } finally {
    clearTimeout(timer);
  }
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData, from: URL): URL | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(statusCode) || typeof location !== 'string') return undefined;
  return checkedUrl(location, from);
}

async function fileOf(
  { response, close }: Reply,
  {
    url,
    service,
    maxBytes,
    patience,
    endsAt,
  }: { url: URL; service: string | undefined; maxBytes: number; patience: LinkPatience; endsAt: number },
): Promise<LinkedFile> {
  const { statusCode, headers, body } = response;
  const reason = reasonOf(statusCode);
  if (reason !== undefined) throw refused(reason, service);
  if (statusCode !== 200) throw new FileNotReceivedError(`The server of a link answered with ${statusCode}.`);
  const encoding = String(headers['content-encoding'] ?? 'identity').trim();
  if (!/^(identity)?$/i.test(encoding)) throw refused('encoded');
  const bytes = lengthOf(headers['content-length']);
  if (bytes !== undefined && bytes > maxBytes) throw new UserError({ code: 'link_too_big', bytes, maxBytes });
  const parts = readWhole(body, patience, endsAt);
  const head: Uint8Array[] = [];
  for (let length = 0; length < HEAD_BYTES; ) {
    const { done, value } = await parts.next();
    if (done) break;
    head.push(value);
    length += value.byteLength;
  }
  const beginning = Buffer.concat(head).subarray(0, HEAD_BYTES).toString('latin1');
  if (PAGE.test(beginning.replace(/^\u00EF\u00BB\u00BF/, ''))) throw refused('page', service);
  const stream = readableOf(joined(head, parts), close);
  const name = nameOfReply(disposition(headers['content-disposition']), url);
  return { stream, name, bytes };
}

/** The body as it comes; ends it where it comes too slowly. */
async function* readWhole(
  body: Readable,
  { pace }: LinkPatience,
  endsAt: number,
): AsyncGenerator<Uint8Array, void> {
  let since = performance.now();
  let bytes = 0;
  try {
    // Silence is an error of the body's: something comes, or this ends.
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      const at = performance.now();
      bytes += chunk.byteLength;
      if (at - since >= pace.everyMs) {
        if (bytes < pace.bytes) throw refused('too_slow');
        since = at;
        bytes = 0;
      }
      if (at > endsAt) throw refused('too_slow');
      yield chunk;
    }
  } catch (error) {
    throw notReceived(error);
  }
}

/** A stream that ends its source at once when it is destroyed, also while it waits for more. */
function readableOf(source: AsyncGenerator<Uint8Array, void>, close: () => void): Readable {
  return new Readable({
    read() {
      source.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      close();
      done(error);
    },
  });
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  yield* head;
  yield* rest;
}

/** What a status means that would be the same a moment later. */
function reasonOf(statusCode: number): LinkReason | undefined {
  if (statusCode === 401 || statusCode === 403) return 'not_shared';
  if (statusCode === 429 || statusCode === 408) return undefined;
  return statusCode >= 400 && statusCode < 500 ? 'not_found' : undefined;
}

const lengthOf = (header: string | string[] | undefined): number | undefined =>
  typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;

const disposition = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? Buffer.from(header, 'latin1').toString('utf8') : undefined;

const refused = (reason: LinkReason, service?: string): UserError =>
  new UserError({ code: 'link_refused', reason, service });

/** Without the cause: it may name the host, and what the server has said. */
const notReceived = (error: unknown): Error =>
  error instanceof UserError
    ? error
    : new FileNotReceivedError('The server of a link did not hand a file over.');
