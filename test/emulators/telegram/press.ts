// Faithful: a press sends a callback query with the current message and spins until the bot answers; url buttons open
// without telling the bot; a client of one's own may send any data from any message of the bot that it sees
// (https://core.telegram.org/bots/api#callbackquery: "a bad client can send arbitrary data in this field").
// Simplified: the app waits as long as a test does, not the 15 s or so of real apps.
import { randomInt } from 'node:crypto';
import type { InlineKeyboardButton, Message, User } from 'grammy/types';
import { PATIENCE_MS } from '../watch.ts';
import type { Emulation } from './emulation.ts';
import type { MessageRef } from './messages.ts';
import { renderKeyboard } from './render.ts';
import type { CallbackAnswer, CallbackEntry, State } from './state.ts';
import type { World } from './world.ts';

/** By exact text, by a pattern for the text, or by callback_data. */
export type ButtonChoice = string | RegExp | ((callbackData: string) => boolean);
export type Press = (
  message: MessageRef & { ephemeral_message_id?: number },
  button: ButtonChoice,
  from: User,
  options?: { timeoutMs?: number },
) => Promise<CallbackAnswer>;

/** Sends data that no button of the message need have, as a client of one's own can; resolves with the bot's answer. */
export type Forge = (
  message: Parameters<Press>[0],
  data: string,
  from: User,
  options?: { timeoutMs?: number },
) => Promise<CallbackAnswer>;

/** Creates the functions that press buttons. */
export function createPress({ state, clock, messages, updates, watch }: Emulation, world: World) {
  let nextQueryId = randomInt(1e9, 2e9);

  function find(message: Parameters<Press>[0], from: User): Message {
    const { ephemeral_message_id: ephemeralId } = message;
    const current =
      ephemeralId === undefined
        ? messages.find(message.chat.id, message.message_id)?.current
        : findShown(state, message.chat.id, ephemeralId, from);
    if (!current)
      throw new Error(`There is no message ${message.message_id} in chat ${message.chat.id} to press.`);
    return current;
  }

  const press: Press = async (message, choice, from, { timeoutMs = PATIENCE_MS } = {}) => {
    const current = find(message, from);
    const button = findButton(current, choice);
    if ('url' in button) return { url: button.url };
    if ('disabled' in button) throw new Error(`The button "${button.text}" is disabled and does nothing.`);
    if (!('callback_data' in button)) return {};
    return query(current, { text: button.text, data: button.callback_data }, from, timeoutMs);
  };

  const forge: Forge = async (message, data, from, { timeoutMs = PATIENCE_MS } = {}) => {
    if (data === '' || Buffer.byteLength(data) > 64) throw new Error('Callback data has 1 to 64 bytes.');
    return query(find(message, from), { text: 'forged', data }, from, timeoutMs);
  };

  async function query(
    current: Message,
    { text, data }: { text: string; data: string },
    from: User,
    timeoutMs: number,
  ): Promise<CallbackAnswer> {
    const { chat, members } = world.entryOf(current.chat);
    if (!members.has(from.id)) throw new Error(`${from.first_name} is not in this chat.`);
    const entry: CallbackEntry = {
      askedAtMs: clock.now(),
      query: {
        id: String(nextQueryId++),
        from,
        message: current,
        chat_instance: String(chat.id * 7919),
        data,
      },
    };
    state.callbackQueries.set(entry.query.id, entry);
    if (!updates.push('callback_query', entry.query))
      throw new Error(
        'The bot left callback_query out of allowed_updates, so the button would spin in vain.',
      );
    return await watch.until(() => entry.answer, {
      timeoutMs,
      onTimeout: () =>
        new Error(`The bot did not answer the press of "${text}" (${data}) in ${timeoutMs} ms.`),
    });
  }

  return { press, forge };
}

/** What the bot shows this person alone; nobody else can press it. */
const findShown = ({ ephemeral }: State, chatId: number, id: number, { id: receiverId }: User) =>
  ephemeral.find(
    (entry) =>
      entry.chatId === chatId && entry.receiverId === receiverId && entry.message.ephemeral_message_id === id,
  )?.message;

function findButton(current: Message, choice: ButtonChoice): InlineKeyboardButton {
  const buttons = current.reply_markup?.inline_keyboard.flat() ?? [];
  const found = buttons.find((button) => matches(button, choice));
  if (found) return found;
  const wanted = typeof choice === 'function' ? 'callback_data that matches' : String(choice);
  const rows = renderKeyboard(current.reply_markup).join('\n') || '(none)';
  throw new Error(`Message ${current.message_id} has no button with ${wanted}. Its buttons:\n${rows}`);
}

function matches(button: InlineKeyboardButton, choice: ButtonChoice): boolean {
  if (typeof choice === 'string') return button.text === choice;
  if (choice instanceof RegExp) return choice.test(button.text);
  return 'callback_data' in button && choice(button.callback_data);
}
