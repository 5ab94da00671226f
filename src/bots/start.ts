import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  type Bot,
  type ChatEvent,
  ChatRefusedError,
  type Connection,
  type StartOptions,
} from './platform.ts';

/** How a chat platform stands with us, and where people find us there. */
export interface ChatState {
  readonly platform: Bot['platform'];
  readonly connection: Connection;
  /** Absent before it has answered. */
  readonly url?: string | undefined;
  /** Why it does not take our bot, with what to do about it. */
  readonly problem?: string | undefined;
}

/** Nobody waits longer for a chat to come before the rest counts as started. */
const PATIENCE_MS = 10_000;

/** Starts each chat on its own, so that none that is away or refuses us keeps another from working. */
export function createStarter({
  bots,
  onLate,
  onFatal,
  patienceMs = PATIENCE_MS,
  log,
}: {
  bots: readonly Bot[];
  /** Told of a chat that came after `start` had resolved. */
  onLate: (chat: ChatState) => void;
  /** No chat is left; nothing but a new start helps. */
  onFatal: (error: Error) => void;
  patienceMs?: number;
  log: Logger;
}) {
  const problems = new Map<Bot, string>();
  let isStarting = true;

  /**
   * Resolves once each chat has come, is away, or has refused us, and after some seconds in any case.
   *
   * @throws ChatRefusedError when all refuse us, and whatever is a bug.
   */
  async function start(
    receive: (event: ChatEvent) => Promise<void>,
    options: Omit<StartOptions, 'onAway'>,
  ): Promise<void> {
    const all = Promise.all(bots.map((bot) => startOne(bot, receive, options)));
    await Promise.race([all, delay(patienceMs, undefined, { ref: false })]);
    isStarting = false;
  }

  /** Resolves as soon as it is known how the chat stands. */
  function startOne(
    bot: Bot,
    receive: (event: ChatEvent) => Promise<void>,
    options: Omit<StartOptions, 'onAway'>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    bot.start(receive, { ...options, onAway: resolve }).then(
      () => {
        if (!isStarting && bot.connection() === 'connected') onLate(stateOf(bot));
        resolve();
      },
      (error: Error) => {
        const isLost = error instanceof ChatRefusedError && !lose(bot, error);
        if (isLost) return resolve();
        if (!isStarting) onFatal(error);
        reject(error);
      },
    );
    return promise;
  }

  /** Notes that a chat does not take our bot any more; whether it was the last. */
  function lose(bot: Bot, error: Error): boolean {
    problems.set(bot, error.message);
    if (problems.size === bots.length) return true;
    log.error({ err: error }, `${error.message} Then start Nod again; the other chat works meanwhile.`);
    return false;
  }

  /** Told of a platform that has taken our bot, and does so no more. */
  function lost(platform: Bot['platform'], error: Error): void {
    const bot = bots.find((one) => one.platform === platform);
    if (bot !== undefined && lose(bot, error)) onFatal(error);
  }

  const stateOf = (bot: Bot): ChatState => ({
    platform: bot.platform,
    connection: bot.connection(),
    url: bot.openUrl(),
    problem: problems.get(bot),
  });

  return { start, lost, states: () => bots.map(stateOf) };
}
