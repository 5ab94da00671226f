import { setTimeout as delay } from 'node:timers/promises';
import { Bot, BotError, GrammyError } from 'grammy';
import type { Update, UserFromGetMe } from 'grammy/types';
import type { Logger } from 'pino';
import { backoffMs } from '../../core/retry.ts';
import { TokenRefusedError, toChatError } from './errors.ts';
import { ALLOWED_UPDATES } from './updates.ts';

/** More than the 30 seconds that a poll waits at Telegram. */
const CLIENT_TIMEOUT_SECONDS = 60;
const CONFLICT_PAUSE_MS = 5_000;
const MAX_STOP_MS = 3_000;

interface PollingOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly botInfo: UserFromGetMe;
  readonly log: Logger;
  /** Writes the update down; only when this has resolved is the update confirmed to Telegram. */
  readonly accept: (update: Update) => Promise<void>;
  /** Told when Telegram stops answering, and when it answers again. */
  readonly onOutage: (isDown: boolean) => void;
  readonly onFatal: (error: Error) => void;
}

/**
 * Keeps grammY's poller running, which gives up on a second poller (409), on a refused token (401) and on an update
 * that could not be written down.
 */
export function startPolling(options: PollingOptions) {
  const { log } = options;
  const stopping = new AbortController();
  let failures = 0;
  let writing: Promise<void> = Promise.resolve();
  /** The last update that was written down. */
  let lastWritten: number | undefined;
  let poller: Bot | undefined;
  void supervise();

  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A new poller begins without an offset, so that an update that was not written down comes again.
      poller = createPoller({ ...options, accept });
      confirmAtMost(poller, () => (stopping.signal.aborted ? (lastWritten ?? 0) : undefined));
      const error = await endOf(poller);
      if (stopping.signal.aborted || !mayGoOn(error)) return;
      const pauseMs = isConflict(error) ? CONFLICT_PAUSE_MS : backoffMs(failures);
      failures += 1;
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  function accept(update: Update): Promise<void> {
    if (stopping.signal.aborted) return Promise.reject(new Error('Polling is being stopped.'));
    writing = options.accept(update).then(() => {
      failures = 0;
      lastWritten = update.update_id;
    });
    return writing;
  }

  function mayGoOn(error: unknown): boolean {
    if (isConflict(error)) {
      log.error({}, 'Another program polls Telegram with the same token; stop it, only one can run');
      return true;
    }
    const known = toChatError('getUpdates', withoutContext(error));
    if (known instanceof TokenRefusedError) {
      log.fatal({ err: known }, 'Telegram no longer takes the token; nothing is received any more');
      options.onFatal(known);
      return false;
    }
    log.error({ err: known }, 'Receiving from Telegram was interrupted; going on');
    return true;
  }

  /** Resolves when nothing more will be accepted. */
  async function stop(): Promise<void> {
    stopping.abort();
    await writing.catch(() => {});
    if (poller?.isRunning() === true) {
      // Stopping confirms the last update with one more call; without it the update comes again and is known.
      await Promise.race([poller.stop().catch(() => {}), delay(MAX_STOP_MS, undefined, { ref: false })]);
    }
  }

  return { stop };
}

export type Polling = ReturnType<typeof startPolling>;

/** What is redirected would carry our token, which is part of the path, to a host that nobody has named. */
export const clientOptions = (apiUrl: string) => ({
  apiRoot: apiUrl,
  baseFetchConfig: { redirect: 'error' as const },
});

const endOf = (poller: Bot): Promise<unknown> =>
  poller.start({ allowed_updates: ALLOWED_UPDATES }).then(
    () => undefined,
    (error: unknown) => error,
  );

function createPoller({ token, apiUrl, botInfo, log, accept, onOutage }: PollingOptions): Bot {
  const client = { ...clientOptions(apiUrl), timeoutSeconds: CLIENT_TIMEOUT_SECONDS };
  const poller = new Bot(token, { botInfo, client });
  watchOutages(poller, { log, onOutage });
  poller.use((context) => accept(context.update));
  poller.catch((error) => {
    throw error;
  });
  return poller;
}

/** At its end grammY confirms what it has begun to hand out, whether or not that was written down. */
function confirmAtMost(poller: Bot, lastOf: () => number | undefined): void {
  poller.api.config.use(async (previous, method, payload, signal) => {
    const last = method === 'getUpdates' ? lastOf() : undefined;
    if (last === undefined || !('offset' in payload)) return previous(method, payload, signal);
    const offset = Math.min(Number(payload.offset), last + 1);
    return previous(method, { ...payload, offset }, signal);
  });
}

/** grammY repeats an unanswered poll without a word; people want to know why the bot is silent. */
function watchOutages(poller: Bot, { log, onOutage }: Pick<PollingOptions, 'log' | 'onOutage'>): void {
  let isDown = false;

  function note(problem: Error | undefined): void {
    if (problem !== undefined && !isDown) log.warn({ err: problem }, 'Telegram does not answer; trying on');
    if (problem === undefined && isDown) log.info({}, 'Telegram answers again');
    if (isDown !== (problem !== undefined)) onOutage(!isDown);
    isDown = problem !== undefined;
  }

  poller.api.config.use(async (previous, method, payload, signal) => {
    try {
      const response = await previous(method, payload, signal);
      const isFailing = !response.ok && response.error_code >= 500;
      note(isFailing ? new Error(`Telegram answered ${method} with ${response.error_code}.`) : undefined);
      return response;
    } catch (error) {
      if (poller.isRunning()) note(toChatError(method, error));
      throw error;
    }
  });
}

const isConflict = (error: unknown): boolean => error instanceof GrammyError && error.error_code === 409;

/** grammY wraps what our own code threw together with its context, which holds the token. */
const withoutContext = (error: unknown): unknown => (error instanceof BotError ? error.error : error);
