import { GrammyError, HttpError } from 'grammy';
import type { Obstacle } from '../../core/people.ts';
import { connectionFailure } from '../adapter-kit/network.ts';
import {
  CardRefusedError,
  ChatBusyError,
  ChatClosedError,
  ChatRefusedError,
  ChatUnreachableError,
  MessageGoneError,
} from '../platform.ts';

/** Telegram does not know our token: only whoever runs the program can put that right. */
export class TokenRefusedError extends ChatRefusedError {
  override name = 'TokenRefusedError' as const;

  constructor() {
    super('Telegram refuses TELEGRAM_TOKEN. Put in the token that @BotFather shows for the bot.');
  }
}

/** The group has become a supergroup, which has another id. */
export class ChatMovedError extends ChatClosedError {
  readonly movedTo: number;

  constructor(message: string, movedTo: number) {
    super(message);
    this.movedTo = movedTo;
  }
}

const DEFAULT_RETRY_AFTER_SECONDS = 5;

const GONE = ['message to edit not found', "message can't be edited", 'message_id_invalid'];
/** What keeps us out of a chat, by what the description says; the first that fits counts. */
const CLOSED: readonly (readonly [RegExp, Obstacle])[] = [
  [/message thread not found|topic_deleted/, { type: 'topic_gone' }],
  [/topic_closed/, { type: 'thread_closed' }],
  [/rights to send photos|chat_send_(photos|media)_forbidden/, { type: 'rights', missing: ['pictures'] }],
  [
    /not enough rights|have no rights to send|need administrator rights|chat_restricted/,
    { type: 'rights', missing: ['send'] },
  ],
  [
    /chat_write_forbidden|chat_send_plain_forbidden|user_banned_in_channel/,
    { type: 'rights', missing: ['send'] },
  ],
  [/blocked by the user|can't initiate conversation|user is deactivated/, { type: 'blocked' }],
  [/was kicked|is not a member/, { type: 'removed' }],
  [/chat not found|peer_id_invalid|chat was deleted|chat was deactivated/, { type: 'gone' }],
];

/**
 * Makes one call and turns what grammY throws into the errors of the chat contract.
 *
 * No cause is passed on: grammY's HttpError holds the request's URL and with it the token, and its GrammyError the
 * texts of the message.
 */
export async function ask<T>(method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toChatError(method, error);
  }
}

/** Whether an error of `ask` carries this description of Telegram's. */
export const says = (error: unknown, description: string): boolean =>
  error instanceof TelegramError && error.description.toLowerCase().includes(description);

/** Whether Telegram has said no, and would again. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof TelegramError || error instanceof ChatClosedError || error instanceof MessageGoneError;

/** What went wrong, by whoever can do something about it, in words without secrets. */
export function toChatError(method: string, error: unknown): Error {
  if (error instanceof GrammyError) return fromRefusal(method, error);
  if (error instanceof HttpError) {
    const { code, maybeDone } = connectionFailure(error.error);
    return new ChatUnreachableError(`Telegram did not answer ${method}${code}.`, { maybeDone });
  }
  return error instanceof Error ? error : new Error(`${method} failed.`);
}

/** A refusal that nobody but us can put right. */
class TelegramError extends CardRefusedError {
  override name = 'TelegramError' as const;
  readonly description: string;

  constructor(method: string, { error_code, description }: GrammyError) {
    super(`Telegram refused ${method} with ${error_code}: ${description}.`);
    this.description = description;
  }
}

function fromRefusal(method: string, error: GrammyError): Error {
  const { error_code: code, description, parameters } = error;
  const refusal = `Telegram refused ${method} with ${code}: ${description}.`;
  const has = (texts: readonly string[]) => texts.some((text) => description.toLowerCase().includes(text));
  if (code === 429) {
    const retryAfterMs = (parameters.retry_after ?? DEFAULT_RETRY_AFTER_SECONDS) * 1000;
    return new ChatBusyError(refusal, { retryAfterMs });
  }
  if (code >= 500) return new ChatUnreachableError(refusal);
  if (code === 401) return new TokenRefusedError();
  if (parameters.migrate_to_chat_id !== undefined) {
    return new ChatMovedError(refusal, parameters.migrate_to_chat_id);
  }
  const obstacle = CLOSED.find(([pattern]) => pattern.test(description.toLowerCase()))?.[1];
  if (code === 403 || obstacle !== undefined) return new ChatClosedError(refusal, obstacle);
  if (has(GONE)) return new MessageGoneError(refusal);
  // One sentence for two cases; the caller may try again, as with an outage.
  if (has(['temporarily unavailable'])) return new ChatUnreachableError(refusal);
  return new TelegramError(method, error);
}
