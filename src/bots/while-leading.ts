import { setTimeout as delay } from 'node:timers/promises';
import { type Bot, ChatUnreachableError } from './platform.ts';

/** Longer than Redis is usually away; what cannot be said by then is tried again as after an outage of the chat. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** The same bot, which says nothing while another process may hold the chats. */
export function whileLeading(bot: Bot, { mayAct }: { mayAct: () => boolean }): Bot {
  const { send, edit, sendBeside, remove, addReactions, tellPrivately } = bot;

  const guarded =
    <Arguments extends unknown[], T>(call: (...given: Arguments) => Promise<T>) =>
    async (...given: Arguments): Promise<T> => {
      await untilLeading(mayAct);
      return call(...given);
    };

  return {
    ...bot,
    send: guarded(send),
    edit: guarded(edit),
    remove: guarded(remove),
    addReactions: guarded(addReactions),
    tellPrivately: guarded(tellPrivately),
    ...(sendBeside !== undefined && { sendBeside: guarded(sendBeside) }),
  };
}

/** @throws ChatUnreachableError where Redis does not say for some seconds that this process leads. */
export async function untilLeading(
  mayAct: () => boolean,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<void> {
  const until = performance.now() + patienceMs;
  while (!mayAct()) {
    if (performance.now() > until)
      throw new ChatUnreachableError('Another process of this Nod may hold the chats by now.', {
        maybeDone: false,
      });
    await delay(LOOK_EVERY_MS);
  }
}
