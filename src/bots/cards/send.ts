import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/people.ts';
import { retry } from '../../core/retry.ts';
import {
  type Bot,
  type Card,
  ChatBusyError,
  ChatClosedError,
  type ChatEvent,
  ChatUnreachableError,
  MessageGoneError,
  type MessageRef,
  type SendOptions,
} from '../platform.ts';

const RETRY_DELAYS_MS = [1_000, 3_000, 10_000] as const;
/** A wait that is longer makes the answer worthless. */
const MAX_WAIT_MS = 60_000;

/** Says things in chats that are no cards: answers to commands, questions, news. */
export function createSender({ botFor, log }: { botFor: (chat: ChatRef) => Bot; log: Logger }) {
  const stopping = new AbortController();

  /**
   * Says it, waiting where the chat asks for it. What may have arrived is said once more at most.
   *
   * Undefined when it could not be said. Throws when Nod stops before.
   */
  async function say(chat: ChatRef, card: Card, options?: SendOptions): Promise<MessageRef | undefined> {
    const onceKey = randomBytes(12).toString('base64url');
    return persist(
      (failures, doubts) => (doubts > 1 ? undefined : RETRY_DELAYS_MS[failures]),
      () => botFor(chat).send(chat, card, { onceKey, ...options }),
    );
  }

  /** Answers where the person asked: in a message that waits for it, else in the chat. */
  async function answer({ chat, reply }: Pick<ChatEvent, 'chat' | 'reply'>, card: Card): Promise<void> {
    await (reply === undefined ? say(chat, card) : sayInstead(reply, card));
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

  function replace(message: MessageRef, card: Card): Promise<MessageRef | undefined> {
    return persist(
      (failures) => RETRY_DELAYS_MS[failures],
      () => botFor(message.chat).edit(message, card),
    );
  }

  async function persist(
    delayAfter: (failures: number, doubts: number) => number | undefined,
    attempt: () => Promise<MessageRef>,
  ): Promise<MessageRef | undefined> {
    let doubts = 0;
    try {
      return await retry(attempt, {
        signal: stopping.signal,
        pauseAfter(error, failures) {
          if (error instanceof ChatUnreachableError && error.maybeDone) doubts += 1;
          return waitFor(error, delayAfter(failures, doubts));
        },
      });
    } catch (error) {
      if (!isUnsaid(error)) throw error;
      log.warn({ err: error }, 'Something could not be said in a chat');
      return undefined;
    }
  }

  /** Ends all waits. */
  function stop(): void {
    stopping.abort();
  }

  return { say, sayInstead, sayOnlyIn, answer, stop };
}

export type Sender = ReturnType<typeof createSender>;

/** Whether the chat is the reason; everything else is for who wants to say it. */
const isUnsaid = (error: unknown): boolean =>
  error instanceof ChatClosedError || error instanceof ChatUnreachableError || error instanceof ChatBusyError;

/** Undefined where waiting does not help, or takes too long. */
function waitFor(error: unknown, delayMs: number | undefined): number | undefined {
  if (error instanceof ChatUnreachableError) return delayMs;
  if (!(error instanceof ChatBusyError)) return undefined;
  return delayMs === undefined || error.retryAfterMs > MAX_WAIT_MS ? undefined : error.retryAfterMs;
}
