import { Pool } from 'undici';
import { z } from 'zod';
import { isKnownCode, refusalOf } from './codes.ts';
import { TikTokApiError, TikTokAuthError, TikTokRateLimitError, TikTokUnreachableError } from './errors.ts';

const MAX_REPLY_BYTES = 1024 * 1024;
const DEFAULT_RETRY_AFTER_MS = 60_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** What the TikTok client writes about its calls; a pino logger fits. */
export interface TikTokLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A call to TikTok that is over; nothing in it names an account or a post. */
export interface TikTokCall {
  /** The path of the call, or `upload` for a chunk. */
  readonly endpoint: string;
  /** `ok`, TikTok's code where we know it, or what came of it in a word of ours. */
  readonly outcome: string;
  /** TikTok has said something that makes sense; absent where the call is no proof of that. */
  readonly isAnswered?: boolean | undefined;
  readonly tookMs: number;
}

interface Call<Reply> {
  method: 'GET' | 'POST';
  /** With the trailing slash that TikTok insists on. */
  path: string;
  query?: Record<string, string>;
  accessToken?: string;
  /** A form makes it an OAuth call, which has its own shape of reply. */
  body?: { json: object } | { form: Record<string, string> };
  /** Further texts of the call that must not surface in an error, such as media URLs. */
  secrets?: readonly string[];
  reply: z.ZodType<Reply>;
}

interface Answer {
  httpStatus: number;
  body: string;
  logId: string | undefined;
  retryAfter: string | undefined;
}

/** Form fields that no error may repeat. */
const SECRET_FIELDS = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'token'];

/**
 * Creates the one place that speaks HTTP with TikTok. A call is sent at most once, never repeated, and ends in the
 * decoded reply, a `TikTokApiError` (a clear no) or a `TikTokUnreachableError` (nothing is proven).
 */
export function createTikTokRequest({
  apiUrl,
  timeoutMs = 20_000,
  now = Date.now,
  onCall,
  log,
}: {
  apiUrl: string;
  onCall?: ((call: TikTokCall) => void) | undefined;
  /** For the connection, for the head of the reply, and between two pieces of its body. */
  timeoutMs?: number | undefined;
  now?: () => number;
  log?: TikTokLog | undefined;
}) {
  const base = new URL(apiUrl);
  const basePath = base.pathname.replace(/\/+$/, '');
  const pool = new Pool(base.origin, {
    connections: 16,
    keepAliveTimeout: 30_000,
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_REPLY_BYTES,
    // On HTTP/2 a stream that the server turned away may be sent again; an `init` must not be.
    allowH2: false,
  });

  async function send<Reply>(call: Call<Reply>): Promise<Answer> {
    const form = call.body !== undefined && 'form' in call.body;
    const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query)}`;
    const response = await pool.request({
      method: call.method,
      path: `${basePath}${call.path}${query}`,
      headers: {
        accept: 'application/json',
        ...(call.accessToken !== undefined && { authorization: `Bearer ${call.accessToken}` }),
        ...(call.body !== undefined && {
          'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json; charset=UTF-8',
        }),
      },
      body: call.body === undefined ? null : encode(call.body),
      // Bounds a reply that trickles: each piece in time, the whole never done.
      signal: AbortSignal.timeout(3 * timeoutMs),
    });
    return {
      httpStatus: response.statusCode,
      body: await response.body.text(),
      logId: single(response.headers['x-tt-logid']),
      retryAfter: single(response.headers['retry-after']),
    };
  }

  async function request<Reply>(call: Call<Reply>): Promise<Reply> {
    const startedAt = performance.now();
    const told = (outcome: string, isAnswered: boolean) =>
      onCall?.({ endpoint: call.path, outcome, isAnswered, tookMs: performance.now() - startedAt });
    try {
      const reply = await requestOnce(call);
      told('ok', true);
      return reply;
    } catch (error) {
      told(outcomeOf(error), error instanceof TikTokApiError);
      throw error;
    }
  }

  async function requestOnce<Reply>(call: Call<Reply>): Promise<Reply> {
    const endpoint = call.path;
    const startedAt = now();
    const answer = await send(call).catch((cause: unknown) => {
      throw new TikTokUnreachableError(
        { endpoint, problem: 'the connection failed or timed out' },
        { cause },
      );
    });
    const { httpStatus, body } = answer;
    const shape = call.body !== undefined && 'form' in call.body ? 'oauth' : 'api';
    const envelope = readEnvelope({ body, httpStatus, shape });
    const logId = clean(('logId' in envelope ? envelope.logId : undefined) ?? answer.logId, call);
    const code = envelope.outcome === 'refused' ? clean(envelope.code, call) : envelope.outcome;
    log?.debug({ endpoint, httpStatus, code, logId, tookMs: now() - startedAt }, 'TikTok answered.');
    const problem = { endpoint, httpStatus, logId };

    if (envelope.outcome === 'refused') {
      const error = refused({ call, answer, envelope, logId, now });
      const unheardOf = error instanceof TikTokApiError && refusalOf(error.code).reason === 'unknown';
      if (unheardOf)
        log?.warn({ endpoint, httpStatus, code, logId }, 'TikTok answered with an unknown code.');
      throw error;
    }
    if (envelope.outcome === 'unreadable') {
      if (httpStatus === 429) throw tooManyCalls({ ...problem, code: 'rate_limit_exceeded', answer, now });
      throw new TikTokUnreachableError({ ...problem, problem: envelope.problem });
    }
    const reply = call.reply.safeParse(envelope.payload);
    if (reply.success) return reply.data;
    const missing = reply.error.issues.map(({ path }) => path.join('.') || 'the content').join(', ');
    throw new TikTokUnreachableError({ ...problem, problem: `the reply lacks or misspells ${missing}` });
  }

  return {
    request,

    /** Waits for the calls under way, then closes the connections. */
    async close() {
      await pool.close();
    },
  };
}

/** One of few words: codes that we do not know are all alike. */
function outcomeOf(error: unknown): string {
  if (error instanceof TikTokApiError) return isKnownCode(error.code) ? error.code : 'unknown_code';
  return error instanceof TikTokUnreachableError && error.httpStatus !== undefined ? 'unusable' : 'no_answer';
}

function refused<Reply>({
  call,
  answer,
  envelope,
  logId,
  now,
}: {
  call: Call<Reply>;
  answer: Answer;
  envelope: Extract<Envelope, { outcome: 'refused' }>;
  logId: string | undefined;
  now: () => number;
}) {
  const { httpStatus } = answer;
  const fields = {
    endpoint: call.path,
    httpStatus,
    code: clean(envelope.code, call),
    logId,
    tiktokMessage: clean(envelope.message, call),
  };
  const { reason } = refusalOf(envelope.code);
  // A failure inside TikTok does not say whether the call was taken.
  if (httpStatus >= 500 || reason === 'tiktok_internal') {
    return new TikTokUnreachableError({ ...fields, problem: `it failed inside with ${fields.code}` });
  }
  if (reason === 'rate_limited' || (httpStatus === 429 && reason === 'unknown')) {
    return tooManyCalls({ ...fields, answer, now });
  }
  return reason === 'token_invalid' ? new TikTokAuthError(fields) : new TikTokApiError(fields);
}

function tooManyCalls(fields: {
  endpoint: string;
  httpStatus: number;
  code: string;
  logId: string | undefined;
  tiktokMessage?: string;
  answer: Answer;
  now: () => number;
}) {
  const { endpoint, httpStatus, code, logId, tiktokMessage = '', answer, now } = fields;
  const retryAfterMs = readRetryAfterMs(answer.retryAfter, now());
  return new TikTokRateLimitError({
    endpoint,
    httpStatus,
    code,
    logId,
    tiktokMessage,
    retryAfterMs,
    heldBack: false,
  });
}

/** TikTok documents no `Retry-After`; something in front of it may send one, in seconds or as a date. */
function readRetryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return DEFAULT_RETRY_AFTER_MS;
  const delayMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(delayMs)
    ? DEFAULT_RETRY_AFTER_MS
    : Math.min(Math.max(delayMs, 1000), MAX_RETRY_AFTER_MS);
}

function encode(body: { json: object } | { form: Record<string, string> }): string {
  return 'form' in body ? new URLSearchParams(body.form).toString() : JSON.stringify(body.json);
}

/** Takes everything secret that the call itself carries out of a text that came back. */
function clean<Text extends string | undefined, Reply>(text: Text, call: Call<Reply>): Text | string {
  if (text === undefined) return text;
  const form = call.body !== undefined && 'form' in call.body ? call.body.form : {};
  const secrets = SECRET_FIELDS.map((field) => form[field]).concat(call.accessToken, ...(call.secrets ?? []));
  return redact(
    text,
    secrets.filter((secret) => secret !== undefined),
  );
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

export type Envelope =
  /** `payload` is the `data` of an API reply, or the whole of an OAuth reply; undefined when TikTok sent none. */
  | { outcome: 'ok'; payload: unknown }
  | { outcome: 'refused'; code: string; message: string; logId?: string | undefined }
  /** `problem` names no content: the body of a token reply may hold tokens. */
  | { outcome: 'unreadable'; problem: string; logId?: string | undefined };

const text = z.string().optional().catch(undefined);

const apiError = z.object({ code: z.string().min(1), message: text, log_id: text });

const anyReply = z.looseObject({ error: z.union([z.string(), apiError]).optional() });

/**
 * Decodes a reply: `error` as an object is the API's shape, as a string it is OAuth's.
 * An API reply without `error` is unreadable; an OAuth reply without it is a success, and may be empty.
 * https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
 * https://developers.tiktok.com/doc/oauth-error-handling
 */
function readEnvelope({
  body,
  httpStatus,
  shape,
}: {
  body: string;
  httpStatus: number;
  shape: 'api' | 'oauth';
}): Envelope {
  const good = httpStatus >= 200 && httpStatus < 300;
  if (body === '' && good && shape === 'oauth') return { outcome: 'ok', payload: undefined };

  const reply = anyReply.safeParse(tryParse(body));
  if (!reply.success) return { outcome: 'unreadable', problem: 'the body is not an answer of its API' };

  const { error } = reply.data;
  if (typeof error === 'string' && error !== '') {
    const { error_description: description, log_id: logId } = reply.data;
    return {
      outcome: 'refused',
      code: error,
      message: typeof description === 'string' ? description : '',
      logId: typeof logId === 'string' ? logId : undefined,
    };
  }
  if (typeof error === 'object') {
    const { code, message = '', log_id: logId } = error;
    if (code !== 'ok') return { outcome: 'refused', code, message, logId };
    if (good) return { outcome: 'ok', payload: reply.data.data };
    return { outcome: 'unreadable', problem: 'it says ok with an HTTP status that is not', logId };
  }
  if (good && shape === 'oauth') return { outcome: 'ok', payload: reply.data };
  return { outcome: 'unreadable', problem: 'the body has no error object' };
}

/** The message of a `SyntaxError` quotes the body, which may hold tokens; so it goes no further. */
function tryParse(body: string): unknown {
  try {
    return parseJsonLosslessly(body);
  } catch {
    return undefined;
  }
}

/** Parses JSON without rounding: an integer beyond 2^53 becomes a string of its digits. Throws `SyntaxError`. */
export function parseJsonLosslessly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? source : value;
  });
}

/** Tokens as TikTok prefixes them, wherever they turn up in its texts. */
const TOKEN = /\b(?:act|rft|clt)\.[^\s"'<>,;&]+/g;

const MAX_LENGTH = 500;

/** Makes a text of TikTok's fit for errors and logs: bounded, and without tokens or any of the secrets. */
function redact(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret !== '') safe = safe.replaceAll(secret, '[hidden]');
  }
  return safe.replace(TOKEN, '[hidden]').slice(0, MAX_LENGTH);
}
