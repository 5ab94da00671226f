import {
  type Bot,
  CardRefusedError,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
} from './platform.ts';

/** A message of ours that a chat has taken, or has not. */
export interface CountedMessage {
  readonly platform: Bot['platform'];
  readonly action: 'send' | 'edit' | 'remove';
  readonly outcome: 'ok' | 'busy' | 'unreachable' | 'closed' | 'gone' | 'refused' | 'failed';
}

/** The same bot, which tells of each message that it sends, edits or deletes. */
export function countMessages(bot: Bot, told: (message: CountedMessage) => void): Bot {
  const { platform, send, edit, sendBeside, remove } = bot;

  function counted<Arguments extends unknown[], T>(
    action: CountedMessage['action'],
    call: (...given: Arguments) => Promise<T>,
  ): (...given: Arguments) => Promise<T> {
    return async (...given) => {
      try {
        const result = await call(...given);
        told({ platform, action, outcome: 'ok' });
        return result;
      } catch (error) {
        told({ platform, action, outcome: outcomeOf(error) });
        throw error;
      }
    };
  }

  return {
    ...bot,
    send: counted('send', send),
    edit: counted('edit', edit),
    remove: counted('remove', remove),
    ...(sendBeside !== undefined && { sendBeside: counted('send', sendBeside) }),
  };
}

function outcomeOf(error: unknown): CountedMessage['outcome'] {
  if (error instanceof ChatBusyError) return 'busy';
  if (error instanceof ChatUnreachableError) return 'unreachable';
  if (error instanceof ChatClosedError) return 'closed';
  if (error instanceof MessageGoneError) return 'gone';
  return error instanceof CardRefusedError ? 'refused' : 'failed';
}
