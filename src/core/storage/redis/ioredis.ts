import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';

/** A connection on which nothing is answered for so long is given up for another one. */
export const STALL_MS = 3_000;
export const SLOWEST_RETRY_MS = 1_000;

/** A connection of the client that BullMQ needs, which is made again when it is lost; `failed` hears why. */
export function openConnection(
  url: string,
  failed: (error: unknown) => void,
  options: RedisOptions = {},
): Redis {
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: STALL_MS,
    disableClientInfo: true,
    retryStrategy: (times) => Math.min(50 * 2 ** times, SLOWEST_RETRY_MS),
    ...options,
  });
  client.on('error', failed);
  return client;
}

/** Gives up a connection that is there but does not answer; what waits on it is sent again on the next one. */
export async function answeredSoon<T>(
  client: Redis,
  answer: Promise<T>,
  patienceMs: number = STALL_MS,
): Promise<T> {
  const watch = setInterval(() => {
    if (client.status === 'ready' || client.status === 'connect') client.disconnect(true);
  }, patienceMs);
  // At the end nothing is answered any more.
  watch.unref();
  try {
    return await answer;
  } finally {
    clearInterval(watch);
  }
}

/** One Redis that is away is heard of in several of these words. */
const AWAY = /^(ECONN[A-Z]+|EPIPE|ETIMEDOUT|EHOSTUNREACH|LOADING|no answer)$/;

/** Tells each reason once until Redis does again what it is asked. */
export function createComplaints(log: Pick<Logger, 'warn'>, says: string) {
  const told = new Set<string>();
  return {
    tell(error: unknown): void {
      const reason = reasonOf(error);
      const kind = AWAY.test(reason) ? 'away' : reason;
      if (told.has(kind)) return;
      told.add(kind);
      log.warn({ reason }, says);
    },
    clear: (): void => told.clear(),
  };
}

/** The word for what is wrong: what the libraries say may quote a command with the password. */
function reasonOf(error: unknown): string {
  const [reason] = /^[A-Z]+\b|\bE[A-Z]{4,}\b/.exec(error instanceof Error ? error.message : '') ?? [];
  return reason ?? 'no answer';
}
