// The Telegram Bot API on a loopback port, for tests and demos. Faithful: the wire format and the documented rules of
// the methods in methods/, long polling, privacy mode, files with expiring links, albums item by item. Simplified and
// missing: see the head of each file; above all one bot, no webhooks, no channels, no inline mode.
import type { Message, Update } from 'grammy/types';
import { PATIENCE_MS } from '../watch.ts';
import { createEmulation, type EmulatorOptions } from './emulation.ts';
import type { Fault, FaultName, FaultOptions } from './faults.ts';
import type { StoredFile } from './files.ts';
import type { FloodLimits } from './flood.ts';
import { type ChatRef, chatIdOf } from './messages.ts';
import { createPeople, type People } from './people.ts';
import { createPress, type Forge, type Press } from './press.ts';
import { renderChat } from './render.ts';
import { startServer } from './server.ts';
import type { PrivateChat, RequestEntry, State } from './state.ts';
import { createWorld, type World } from './world.ts';

export type { AlbumItem, SentFile, SentPhoto } from './app-content.ts';
export type { CallbackAnswer, CallbackEntry, RequestEntry, State, StoredMessage } from './state.ts';
export type { EmulatorOptions, Fault, FaultName, FaultOptions };

export type MessageChoice = string | RegExp | ((message: Message) => boolean);
export type WaitOptions = { timeoutMs?: number };

/** Starts a Telegram with one bot, and Ana with a private chat in it, on a free loopback port. */
export async function startTelegramEmulator(options: EmulatorOptions = {}): Promise<TelegramEmulator> {
  const emulation = createEmulation(options);
  const { state, clock, updates, messages, files, watch, faults, flood } = emulation;
  const { entryOf, ...world } = createWorld(emulation);
  const people = createPeople(emulation, { ...world, entryOf });
  const server = await startServer(emulation);
  const ana = world.user({ firstName: 'Ana', username: 'ana_test' });
  const anaChat = world.privateChat(ana);

  const botMessages = (chat: ChatRef) =>
    messages
      .inChat(entryOf(chat).chat.id)
      .filter(({ fromBot }) => fromBot)
      .map(({ current }) => current);
  const shownTo = (chat: ChatRef, user: { id: number }) =>
    state.ephemeral
      .filter(({ chatId, receiverId }) => chatId === chatIdOf(chat) && receiverId === user.id)
      .map(({ message }) => message);
  const render = (chat: ChatRef) => {
    const entry = entryOf(chat);
    return renderChat(state, entry, messages.inChat(entry.chat.id));
  };

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      people.close();
      state.lint.push(...faults.unmet());
      faults.close();
      updates.release();
      watch.close();
      await server.close();
    })();
    return closing;
  };

  return {
    apiUrl: server.url,
    token: emulation.token,
    state,
    files: files.all,
    ana,
    anaChat,
    ...world,
    ...people,
    ...createPress(emulation, { ...world, entryOf }),
    botMessages,
    shownTo,
    render,

    waitForMessage: (chat, choice, { timeoutMs = PATIENCE_MS } = {}) =>
      watch.until(() => botMessages(chat).findLast((message) => isChosen(message, choice)), {
        timeoutMs,
        onTimeout: () => new Error(`No message of the bot matched in ${timeoutMs} ms.\n${render(chat)}`),
      }),
    waitForRequest: (method, { timeoutMs = PATIENCE_MS, when = () => true } = {}) =>
      watch.until(() => state.requests.find((request) => request.method === method && when(request)), {
        timeoutMs,
        onTimeout: () => new Error(`The bot sent no such ${method} in ${timeoutMs} ms.`),
      }),
    until: (read, { timeoutMs = PATIENCE_MS, what = 'The expected state' } = {}) =>
      watch.until(read, {
        timeoutMs,
        onTimeout: () => new Error(`${what} did not come in ${timeoutMs} ms.`),
      }),

    onChange: watch.listen,
    fault: (name, faultOptions) => faults.add(name, faultOptions),
    setFlood: (limits) => flood.set(limits),
    redeliver: () => updates.redeliver(),
    pendingUpdates: () => updates.pending,
    waitForPoll: ({ timeoutMs = PATIENCE_MS } = {}) =>
      watch.until(() => (updates.isPolled ? true : undefined), {
        timeoutMs,
        onTimeout: () => new Error(`The bot did not poll for updates in ${timeoutMs} ms.`),
      }),
    waitUntilFetched: ({ timeoutMs = PATIENCE_MS } = {}) =>
      watch.until(() => (updates.isPolled && updates.pending.length === 0 ? true : undefined), {
        timeoutMs,
        onTimeout: () => new Error(`The bot did not fetch all updates in ${timeoutMs} ms.`),
      }),
    allowedUpdates: () => updates.allowed,
    now: clock.now,
    advance: clock.advance,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isChosen(message: Message, choice: MessageChoice): boolean {
  if (typeof choice === 'function') return choice(message);
  const text = message.text ?? message.caption ?? '';
  return typeof choice === 'string' ? text.includes(choice) : choice.test(text);
}

export interface TelegramEmulator extends AsyncDisposable, Omit<World, 'entryOf'>, People {
  /** For grammY's client.apiRoot; downloads live under `${apiUrl}/file/bot<token>/<file_path>`. */
  readonly apiUrl: string;
  readonly token: string;
  readonly state: State;
  /** Every file by file_id, with its bytes. */
  readonly files: ReadonlyMap<string, StoredFile>;
  readonly ana: ReturnType<World['user']>;
  readonly anaChat: PrivateChat;
  /** Presses a button of the current version of a message; resolves with the bot's answer. */
  press: Press;
  /** Sends callback data that no button need have; resolves with the bot's answer. */
  forge: Forge;
  /** The bot's current messages in a chat, oldest first. */
  botMessages(chat: ChatRef): Message[];
  /** What the bot has shown one person alone in a chat, oldest first. */
  shownTo(chat: ChatRef, user: { id: number }): Message[];
  /** The chat as readable text. */
  render(chat: ChatRef): string;
  /**
   * Resolves with the newest message of the bot that matches, now or after a send or edit; strings and patterns are
   * looked for in text and caption. Rejects with the rendered chat once its patience ends.
   */
  waitForMessage(chat: ChatRef, choice: MessageChoice, options?: WaitOptions): Promise<Message>;
  /** Resolves with the first request of a method that matches, past or to come; it may still be in progress. */
  waitForRequest(
    method: string,
    options?: WaitOptions & { when?: (request: RequestEntry) => boolean },
  ): Promise<RequestEntry>;
  /** Resolves with the first defined value that `read` gives, tried at every change of the state. */
  until<T>(read: () => T | undefined, options?: WaitOptions & { what?: string }): Promise<T>;
  /** Calls a listener at every change of the state, until the function that comes back is called. */
  onChange(listener: () => void): () => void;
  /** Puts a fault in force until it is used up or lifted. */
  fault(name: FaultName, options?: FaultOptions): Fault;
  setFlood(limits: Partial<FloodLimits>): void;
  /** Delivers the updates of the last confirmed batch once more; returns them. */
  redeliver(): readonly Update[];
  pendingUpdates(): readonly Update[];
  /** Resolves when a long poll is waiting, so all earlier updates were fetched. */
  waitForPoll(options?: WaitOptions): Promise<true>;
  /** Resolves when the bot has confirmed every update and waits for the next. */
  waitUntilFetched(options?: WaitOptions): Promise<true>;
  allowedUpdates(): readonly string[];
  /** Virtual time in milliseconds, moved forward by advance. */
  now(): number;
  advance(ms: number): void;
  close(): Promise<void>;
}
