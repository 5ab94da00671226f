import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@keyv/redis';
import { StartError } from '../../start-error.ts';
import { FencedError, type RunStatement } from '../store.ts';
import type { Script } from './scripts.ts';

/** How long a call waits for a Redis that does not answer, before it fails. */
const PATIENCE_MS = 10_000;
/** A connection on which nothing is answered for so long is given up for another one. */
const STALL_MS = 3_000;
const SILENCE_MS = 15_000;
const RETRY_MS = 50;
const SLOWEST_RETRY_MS = 1_000;

/** What Redis says while it starts, is taken over by another one, or is held up: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const PASSING = /^(LOADING|BUSY|MASTERDOWN|READONLY|TRYAGAIN|CLUSTERDOWN) /;
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (Client sent AUTH|AUTH|invalid DB|DB index)) ?/;

/** The database could not do what it was told; `code` begins with `REDIS_`. */
export class RedisFailedError extends Error {
  override name = 'RedisFailedError' as const;
  readonly code: 'REDIS_AWAY' | 'REDIS_FULL' | 'REDIS_FAILING';

  constructor(message: string, options: { code: RedisFailedError['code']; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/** What Redis answers, texts apart from numbers. */
export type Reply = string | number | null | readonly Reply[];

/**
 * A connection that is made again when it is lost. A call waits for that for some seconds and is then sent once more; its
 * second form tells that the first one may have been done.
 */
export async function connectRedis({
  url,
  patienceMs = PATIENCE_MS,
  onStatement,
  onFailure,
}: {
  url: string;
  patienceMs?: number | undefined;
  onStatement?: ((statement: RunStatement) => void) | undefined;
  onFailure: (error: unknown) => void;
}) {
  const { host } = new URL(url);
  const client = createClient({
    url,
    disableOfflineQueue: true,
    // The library would tell the server about itself, which some hosts refuse.
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: STALL_MS,
      // Only what hangs before it is ready is silent for so long, as a process that is open says so more often.
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries, cause) =>
        isRefusal(cause) && !hasOpened ? cause : Math.min(RETRY_MS * 2 ** retries, SLOWEST_RETRY_MS),
    },
  });
  let hasOpened = false;
  let isClosed = false;
  let lastReply = 0;
  let lastError: unknown;
  // Calls tell it; without a listener it would end the process.
  client.on('error', (error) => {
    lastError = error;
  });
  await open();
  hasOpened = true;

  async function open(): Promise<void> {
    const patience = new AbortController();
    const late = delay(patienceMs, 'late' as const, { signal: patience.signal }).catch(() => {});
    const connecting = client.connect();
    try {
      if ((await Promise.race([connecting, late])) !== 'late') return;
      throw lastError;
    } catch (error) {
      connecting.catch(() => {});
      if (client.isOpen) client.destroy();
      throw isRefusal(error) ? refused(host, error) : away(host, error);
    } finally {
      patience.abort();
    }
  }

  /** Sends a command on the connection that there is. */
  async function send(parts: (string | Buffer)[]): Promise<Reply> {
    const sentAt = performance.now();
    const watch = setInterval(() => {
      const silentMs = performance.now() - Math.max(sentAt, lastReply);
      if (silentMs > STALL_MS && client.isReady) void reconnect();
    }, STALL_MS / 2);
    try {
      const reply = await client.sendCommand<Reply>(parts);
      lastReply = performance.now();
      return reply;
    } catch (error) {
      if (isReply(error)) lastReply = performance.now();
      throw error;
    } finally {
      clearInterval(watch);
    }
  }

  /** Gives up a connection that is there but does not answer: all that waits on it fails, and is tried again. */
  async function reconnect(): Promise<void> {
    client.destroy();
    await client.connect().catch(() => {});
  }

  async function sendScript(
    script: Script,
    key: string,
    values: readonly (string | Buffer)[],
  ): Promise<Reply> {
    try {
      return await send(['EVALSHA', script.sha, '1', key, ...values]);
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return send(['EVAL', script.source, '1', key, ...values]);
    }
  }

  /** Tries it until it is answered or the patience is over. */
  async function patiently(attempt: (isAgain: boolean) => Promise<Reply>): Promise<Reply> {
    const until = performance.now() + patienceMs;
    for (let isAgain = false; ; isAgain = true) {
      if (isClosed) throw new Error('The database connection is not open');
      try {
        return await attempt(isAgain);
      } catch (error) {
        if (!isPassing(error) || performance.now() > until || isClosed) {
          if (isClosed) throw new Error('The database connection is not open', { cause: error });
          const failure = failureOf(error);
          onFailure(failure);
          throw failure;
        }
      }
      await delay(RETRY_MS);
    }
  }

  /** Runs a script on a record or, by the beginning of their keys, on those of a namespace. */
  async function run(
    script: Script,
    key: string,
    valuesOf: readonly (string | Buffer)[] | ((isAgain: boolean) => readonly (string | Buffer)[]),
  ): Promise<Reply> {
    const reply = await patiently((isAgain) =>
      sendScript(script, key, typeof valuesOf === 'function' ? valuesOf(isAgain) : valuesOf),
    );
    tell(script.name, script.isWrite, reply);
    return reply;
  }

  /** Sends a command that may be sent twice. */
  async function command(...parts: string[]): Promise<Reply> {
    const reply = await patiently(() => send(parts));
    tell(parts[0] ?? '', false, reply);
    return reply;
  }

  function tell(sql: string, isWrite: boolean, reply: Reply): void {
    if (onStatement === undefined) return;
    const pairs = Array.isArray(reply) ? reply.length / 2 : Number(reply !== null && reply !== 'no');
    onStatement({ sql, isWrite, rows: pairs });
  }

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    if (client.isOpen) client.destroy();
  }

  return { host, client, run, command, close };
}

export type RedisConnection = Awaited<ReturnType<typeof connectRedis>>;

/** Whether the server has said it, and not the library: its errors begin with a word in capitals. */
const isReply = (error: unknown): error is Error =>
  error instanceof Error && /^[A-Z]{2,} /.test(error.message);

const isRefusal = (error: unknown): boolean => error instanceof Error && REFUSED.test(error.message);

function isPassing(error: unknown): boolean {
  return isReply(error) ? PASSING.test(error.message) : true;
}

/** What the server says may quote what it was told, which may be a secret; only of a script it tells no more than a line. */
function failureOf(error: unknown): RedisFailedError | FencedError {
  if (!isReply(error))
    return new RedisFailedError('Redis does not answer', { code: 'REDIS_AWAY', cause: error });
  const [word = ''] = error.message.split(' ');
  if (PASSING.test(error.message))
    return new RedisFailedError(`Redis does not work yet (${word})`, { code: 'REDIS_AWAY' });
  if (word === 'NODFENCED') return new FencedError();
  if (word === 'OOM') return new RedisFailedError('Redis has no memory left', { code: 'REDIS_FULL' });
  const line = /user_script:\d+: [^"'<]*/.exec(error.message)?.[0] ?? word;
  return new RedisFailedError(`Redis refuses a call (${line})`, { code: 'REDIS_FAILING' });
}

/** The sentence for a call that failed at the start, such as while a big Redis still reads its data. */
export function startProblem(error: unknown, host: string): unknown {
  if (!(error instanceof RedisFailedError)) return error;
  return new StartError(
    `Redis at ${host} cannot be used yet: ${error.message}. Look into its log, then start Nod again.`,
    {
      cause: error,
    },
  );
}

const refused = (host: string, cause: unknown): StartError =>
  new StartError(
    `Redis at ${host} refuses Nod: set REDIS_URL to redis://USER:PASSWORD@HOST:PORT/NUMBER with what is right there.`,
    { cause },
  );

const away = (host: string, cause: unknown): StartError =>
  new StartError(`Nod cannot reach Redis at ${host}: start it there, or set REDIS_URL to where it is.`, {
    cause,
  });
