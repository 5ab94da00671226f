// Faithful: nothing, this is how tests name a message: by what can be read in it, or by a function.
import { textOf } from './mentions.ts';
import type { WireMessage } from './wire.ts';

export type MessageChoice = string | RegExp | ((message: WireMessage) => boolean);
export type WaitOptions = { timeoutMs?: number };

/** Strings and patterns are looked for in content and text displays. */
export function isChosen(message: WireMessage, choice: MessageChoice): boolean {
  if (typeof choice === 'function') return choice(message);
  const text = textOf(message);
  return typeof choice === 'string' ? text.includes(choice) : choice.test(text);
}
