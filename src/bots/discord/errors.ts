import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
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

/** Discord does not know our token: only whoever runs the program can put that right. */
export class TokenRefusedError extends ChatRefusedError {
  override name = 'TokenRefusedError' as const;

  constructor() {
    super('Discord refuses DISCORD_TOKEN. Put in the token from the Bot page of the Developer Portal.');
  }
}

/** A refusal that nobody but us can put right. */
class DiscordError extends CardRefusedError {
  override name = 'DiscordError' as const;
  /** As in https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

export const UNKNOWN_MEMBER = 10_007;
export const UNKNOWN_USER = 10_013;
export const UNKNOWN_EMOJI = 10_014;
export const TOO_MANY_REACTIONS = 30_010;
export const ALREADY_ACKNOWLEDGED = 40_060;
export const REACTION_BLOCKED = 90_001;
export const NO_READ_HISTORY = 160_002;

/** Unknown message, webhook or interaction; the token of an interaction is over. */
const GONE = new Set([10_008, 10_015, 10_062, 50_027]);
/** What keeps us out of a channel. Discord does not say which permission is missing. */
const CLOSED = new Map<number, Obstacle>([
  // Unknown channel; unknown guild.
  [10_003, { type: 'gone' }],
  [10_004, { type: 'removed' }],
  // No channel for words.
  [50_008, { type: 'unknown' }],
  [50_024, { type: 'unknown' }],
  // Explicit content; AutoMod; harmful links.
  [20_009, { type: 'filtered' }],
  [200_000, { type: 'filtered' }],
  [200_001, { type: 'filtered' }],
  [240_000, { type: 'filtered' }],
  // Missing access; missing permissions.
  [50_001, { type: 'rights', missing: ['view'] }],
  [50_013, { type: 'rights', missing: [] }],
  // Whoever takes no direct messages of ours, or has no server in common with us.
  [50_007, { type: 'blocked' }],
  [50_278, { type: 'blocked' }],
  // Archived; locked.
  [50_083, { type: 'thread_closed' }],
  [160_005, { type: 'thread_closed' }],
]);

const MAX_REASON_LENGTH = 300;

/**
 * What went wrong, by whoever can do something about it, in words without secrets.
 *
 * No cause is passed on: discord.js' errors hold the request's URL, and with it the token of an interaction.
 */
export function toChatError(action: string, error: unknown, { isOpen = false } = {}): Error {
  if (error instanceof DiscordAPIError) return fromRefusal(action, error, isOpen);
  if (error instanceof RateLimitError) {
    const retryAfterMs = Math.max(error.retryAfter, error.timeToReset);
    return new ChatBusyError(`Discord asks to wait with ${action}.`, { retryAfterMs });
  }
  if (error instanceof HTTPError)
    return new ChatUnreachableError(`Discord answered ${action} with ${error.status}.`);
  if (isTokenWiped(error)) return new TokenRefusedError();
  const { code, maybeDone } = connectionFailure(error);
  return new ChatUnreachableError(`Discord did not answer ${action}${code}.`, { maybeDone });
}

/** Whether Discord refused with this code. */
export const isRefusal = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof DiscordError && codes.includes(error.code);

function fromRefusal(action: string, error: DiscordAPIError, isOpen: boolean): Error {
  const code = Number(error.code);
  if (error.status === 401 && !isOpen) return new TokenRefusedError();
  const reason = error.message.slice(0, MAX_REASON_LENGTH);
  const refusal = `Discord refused ${action} with ${error.status} (${error.code}): ${reason}`;
  if (GONE.has(code)) return new MessageGoneError(refusal);
  const obstacle = CLOSED.get(code);
  if (obstacle !== undefined) return new ChatClosedError(refusal, obstacle);
  return new DiscordError(refusal, code);
}

/** discord.js forgets a token that was refused once, and says so from then on. */
const isTokenWiped = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Expected token to be set');
