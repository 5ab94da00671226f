import { type InternalRequest, REST, RESTEvents, type ResponseLike } from 'discord.js';
import type { Logger } from 'pino';
import { TokenRefusedError, toChatError } from './errors.ts';

/** For the whole call, uploads included; the library's own 15 s is little for a picture on a slow line. */
export const TIMEOUT_MS = 60_000;
/** The first answer to an interaction has 3 s in all. */
const QUICK_TIMEOUT_MS = 2_000;
/** The library waits out shorter limits by itself. */
const MAX_WAIT_MS = 10_000;

export interface Request extends InternalRequest {
  /** The route as Discord's documentation calls it, for messages. */
  readonly name: string;
  /** The route takes the token of an interaction in place of ours. */
  readonly isOpen?: boolean;
  /** Worthless when it comes late; not repeated by the library. */
  readonly isQuick?: boolean;
}

/**
 * Calls Discord's REST API; what goes wrong is thrown as the errors of the chat contract.
 *
 * `onRefused` is called when Discord does not take our token.
 */
export function createApi({
  token,
  apiUrl,
  log,
  onRefused,
}: {
  token: string;
  apiUrl: string;
  log: Logger;
  onRefused: (error: TokenRefusedError) => void;
}) {
  const shared = {
    api: apiUrl,
    version: '10',
    makeRequest,
    rejectOnRateLimit: ({ retryAfter, timeToReset }: { retryAfter: number; timeToReset: number }) =>
      Math.max(retryAfter, timeToReset) > MAX_WAIT_MS,
  };
  const patient = new REST({ ...shared, timeout: TIMEOUT_MS }).setToken(token);
  const quick = new REST({ ...shared, timeout: QUICK_TIMEOUT_MS, retries: 0 }).setToken(token);
  for (const rest of [patient, quick]) {
    // Never the URL, nor the major parameter: both may hold the token of an interaction.
    rest.on(RESTEvents.RateLimited, ({ method, route, timeToReset, global }) => {
      log.debug({ method, route, timeToReset, global }, 'Waiting for Discord’s rate limit');
    });
  }

  /** The answer as Discord sent it; what is needed of it is for the caller to check. */
  async function request({ name, isOpen = false, isQuick = false, ...call }: Request): Promise<unknown> {
    try {
      return await (isQuick ? quick : patient).request({ ...call, auth: !isOpen });
    } catch (reason) {
      const error = toChatError(name, reason, { isOpen });
      if (error instanceof TokenRefusedError) onRefused(error);
      throw error;
    }
  }

  return { request };
}

export type Api = ReturnType<typeof createApi>;

/** What the library asks for, in whichever undici's types. */
interface Call {
  readonly method?: string | undefined;
  readonly headers?: object | undefined;
  /** JSON or a form. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | null | undefined;
}

/**
 * The library's own client sends its uploads through undici's global dispatcher, which is one of another version here
 * and takes no FormData.
 */
async function makeRequest(url: string, call: Call): Promise<ResponseLike> {
  const { method = 'GET', headers = {}, body, signal = null } = call;
  const fields = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const content = typeof body === 'string' || body instanceof FormData ? body : null;
  try {
    // What is redirected would carry our token, or a file, to a host that nobody has named.
    return await fetch(url, { method, headers: fields, body: content, signal, redirect: 'error' });
  } catch (error) {
    // The library and we look for the system's code, which fetch wraps.
    throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  }
}
