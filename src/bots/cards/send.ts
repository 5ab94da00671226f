import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../../core/people.ts';
import { backoffMs, retry } from '../../core/retry.ts';
import {
  type Bot,
  type Card,
  ChatBusyError,
  ChatClosedError,
  type ChatEvent,
  ChatRefusedError,
  ChatUnreachableError,
  MessageGoneError,
  type MessageRef,
  type SendOptions,
} from '../platform.ts';
import { obstacleText } from '../text/obstacles.ts';

const RETRY_DELAYS_MS = [1_000, 3_000, 10_000];
/** From then on the platform is asked whether it answers before anything is sent that may have arrived already. */
const DOUBTS_TO_ASK = 2;
/** What has got no answer so often, from a platform that answers, is not said once more. */
const MAX_DOUBTS = 4;

/** Says things in chats that are no cards: answers to commands, questions, news. */
export function createSender({
  botFor,
  retryDelaysMs = RETRY_DELAYS_MS,
  log,
}: {
  botFor: (chat: ChatRef) => Bot;
  retryDelaysMs?: readonly number[];
  log: Logger;
}) {
  const stopping = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason), { once: true });
  });
  // It ends waits; where nobody waits, it ends nothing.
  stopped.catch(() => {});
  const telling = new Set<Promise<void>>();

  /**
   * Says it, waiting for as long as the chat asks for, or does not answer. What may have arrived is said again rather than
   * not at all, once the platform answers.
   *
   * Undefined when it could not be said. Throws when Nod stops before.
   */
  async function say(chat: ChatRef, card: Card, options?: SendOptions): Promise<MessageRef | undefined> {
    const onceKey = randomBytes(12).toString('base64url');
    return persist(chat, (bot) => bot.send(chat, card, { onceKey, ...options }));
  }

  /**
   * Says it in another chat than the one in which something happened: that may be away, and nobody waits for it. Whom it is
   * about is told alone where the chat does not take it.
   */
  function tell(chat: ChatRef, card: Card, person?: Person, options?: SendOptions): void {
    const told = inform(chat, card, person, options).catch((error) =>
      log[stopping.signal.aborted ? 'warn' : 'error']({ err: error }, 'A chat was not told'),
    );
    void told.finally(() => telling.delete(told));
    telling.add(told);
  }

  /**
   * The same, for who has to know that it was said, or cannot be.
   *
   * Throws when Nod stops before.
   */
  const inform = (chat: ChatRef, card: Card, person?: Person, options?: SendOptions): Promise<void> =>
    sayOrTellAlone(chat, card, person, 'where it belongs', options);

  /** Answers where the person asked: in a message that waits for it, else in the chat, else in their private chat. */
  async function answer(
    { chat, reply, person }: Pick<ChatEvent, 'chat' | 'reply' | 'person'>,
    card: Card,
  ): Promise<void> {
    if (reply !== undefined) await sayInstead(reply, card);
    else await sayOrTellAlone(chat, card, person, 'where you have just written');
  }

  /** In a private chat buttons stay away: they would be about that chat. */
  async function sayOrTellAlone(
    chat: ChatRef,
    card: Card,
    person: Person | undefined,
    there: string,
    options?: SendOptions,
  ): Promise<void> {
    if ((await say(chat, card, options)) !== undefined || person === undefined) return;
    const bot = botFor(chat);
    const [obstacle, own] = await Promise.all([
      bot.fetchObstacle(chat).catch(() => undefined),
      bot.privateChat(person),
    ]);
    if (obstacle === undefined || own === undefined || own === chat) return;
    await say(own, { lines: [[obstacleText(obstacle, chat, there)], [], ...card.lines], rows: [] });
  }

  /** Says it in place of what a message shows, or below where that is gone. */
  async function sayInstead(message: MessageRef, card: Card): Promise<MessageRef | undefined> {
    try {
      return await replace(message, card);
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      return say(message.chat, card);
    }
  }

  /** Says it in place of what a message shows, and nowhere else; false when that could not be done. */
  async function sayOnlyIn(message: MessageRef, card: Card): Promise<boolean> {
    try {
      return (await replace(message, card)) !== undefined;
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      return false;
    }
  }

  const replace = (message: MessageRef, card: Card): Promise<MessageRef | undefined> =>
    persist(message.chat, (bot) => bot.edit(message, card));

  async function persist(
    chat: ChatRef,
    attempt: (bot: Bot) => Promise<MessageRef>,
  ): Promise<MessageRef | undefined> {
    let doubts = 0;
    try {
      return await retry(
        async () => {
          const bot = botFor(chat);
          if (doubts >= DOUBTS_TO_ASK) await answerOf(bot);
          return attempt(bot);
        },
        {
          signal: stopping.signal,
          pauseAfter(error, failures) {
            if (error instanceof ChatBusyError) return error.retryAfterMs;
            if (!(error instanceof ChatUnreachableError)) return undefined;
            if (error.maybeDone) doubts += 1;
            return doubts < MAX_DOUBTS ? (retryDelaysMs[failures] ?? backoffMs(failures)) : undefined;
          },
        },
      );
    } catch (error) {
      if (!isUnsaid(error)) throw error;
      log.warn({ err: error }, 'Something could not be said in a chat');
      return undefined;
    }
  }

  /** Resolves once the platform answers. */
  async function answerOf(bot: Bot): Promise<void> {
    const { signal } = stopping;
    for (let failures = 0; !(await Promise.race([bot.isReachable(), stopped])); failures += 1)
      await delay(backoffMs(failures), undefined, { signal });
  }

  /** Ends all waits; resolves when nothing is being told any more. */
  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all(telling);
  }

  return { say, tell, inform, sayInstead, sayOnlyIn, answer, stop };
}

export type Sender = ReturnType<typeof createSender>;

/** Whether the chat is the reason; everything else is for who wants to say it. */
const isUnsaid = (error: unknown): boolean =>
  error instanceof ChatClosedError ||
  error instanceof ChatRefusedError ||
  error instanceof ChatUnreachableError ||
  error instanceof ChatBusyError;
