import { setTimeout as delay } from 'node:timers/promises';
import { Api, GrammyError } from 'grammy';
import type { BotCommand, Update, UserFromGetMe } from 'grammy/types';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../../core/post.ts';
import type { Store } from '../../core/stores.ts';
import { type Bot, ChatBusyError, type ChatEvent, ChatUnreachableError, type MessageRef } from '../bot.ts';
import { createAlbums } from './albums.ts';
import { ask, says, TokenRefusedError, toChatError } from './errors.ts';
import { createFiles } from './files.ts';
import { createInbox, type InboxRecord } from './inbox.ts';
import { createOutgoing } from './outgoing.ts';
import { backoffMs, type Polling, startPolling } from './polling.ts';
import { isPrivateChat, parseChatRef, parsePersonId } from './refs.ts';
import { createTranslator } from './updates.ts';

export { TokenRefusedError } from './errors.ts';
export type { InboxRecord } from './inbox.ts';

/** What Telegram's cloud gives to a bot (https://core.telegram.org/bots/api#getfile). */
const MAX_FILE_BYTES = 20 * 1024 * 1024;
const CLIENT_TIMEOUT_SECONDS = 30;
const UNKNOWN_MEMBER = [
  'user not found',
  'member not found',
  'invalid user_id specified',
  'participant_id_invalid',
];

export interface TelegramBotOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly inbox: Store<InboxRecord>;
  readonly log: Logger;
  /** The menu of commands, for all chats. */
  readonly commands: readonly BotCommand[];
  readonly now?: () => number;
  /** Called once when Telegram stops taking the token; the bot is deaf from then on. */
  readonly onFatal?: (error: Error) => void;
}

/** Creates the Telegram side of the chat contract, on long polling. */
export function createTelegramBot(options: TelegramBotOptions): Bot {
  const { token, log, now = Date.now, onFatal = () => {} } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const api = new Api(token, { apiRoot: apiUrl, timeoutSeconds: CLIENT_TIMEOUT_SECONDS });
  const outgoing = createOutgoing({ api, log });
  const files = createFiles({ api, apiUrl, token });
  const inbox = createInbox({ store: options.inbox, log, now });
  const stopping = new AbortController();
  let polling: Polling | undefined;

  async function start(receive: (event: ChatEvent) => Promise<void>): Promise<void> {
    const me = await introduce();
    if (me === undefined) return;
    await registerCommands();
    const translate = createTranslator({
      me,
      albums: createAlbums({ now }),
      maxFileBytes: MAX_FILE_BYTES,
      commands: options.commands.map(({ command }) => command),
      answerPress: outgoing.answerPress,
    });
    await inbox.open((update) => deliver(translate(update), receive));
    if (stopping.signal.aborted) return;
    // An administrator bot sees all that a group talks about; only what may matter is written down.
    const accept = async (update: Update) => {
      if (touchesAlbum(update) || translate(update).length > 0) await inbox.accept(update);
    };
    polling = startPolling({ token, apiUrl, botInfo: me, log, accept, onFatal });
    log.info({ username: me.username }, 'listening to Telegram');
  }

  /** Asks Telegram who we are, for as long as it does not answer; undefined when stopped meanwhile. */
  async function introduce(): Promise<UserFromGetMe | undefined> {
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      const answer = await askWho();
      if (!(answer instanceof Error)) return answer;
      log.warn({ err: answer }, 'Telegram does not answer; trying on');
      const pauseMs = answer instanceof ChatBusyError ? answer.retryAfterMs : backoffMs(failures);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    return undefined;
  }

  async function askWho(): Promise<UserFromGetMe | ChatBusyError | ChatUnreachableError> {
    try {
      return await api.getMe();
    } catch (reason) {
      // A token that has not even the form of one gives 404.
      const isUnknown = reason instanceof GrammyError && reason.error_code === 404;
      const error = toChatError('getMe', reason);
      if (error instanceof ChatBusyError || error instanceof ChatUnreachableError) return error;
      throw isUnknown ? new TokenRefusedError() : error;
    }
  }

  /** The menu is an extra: without it everything works as well. */
  async function registerCommands(): Promise<void> {
    try {
      await ask('setMyCommands', () => api.setMyCommands(options.commands));
    } catch (error) {
      log.warn({ err: error }, 'the menu of commands was not set');
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    const handled = inbox.close();
    await polling?.stop();
    await handled;
  }

  async function mayManage(chat: ChatRef, person: Person): Promise<boolean> {
    if (isPrivateChat(chat)) return true;
    const { chatId } = parseChatRef(chat);
    const personId = parsePersonId(person);
    if (personId === undefined) return false;
    // Only an administrator can speak anonymously, as the group.
    if (personId < 0) return personId === chatId;
    try {
      const { status } = await ask('getChatMember', () => api.getChatMember(chatId, personId));
      return status === 'creator' || status === 'administrator';
    } catch (error) {
      if (UNKNOWN_MEMBER.some((text) => says(error, text))) return false;
      throw error;
    }
  }

  const { send, edit, remove } = outgoing;
  // About 20 messages and edits a minute are allowed in a group, for all cards together.
  const editPauseMs = ({ chat }: MessageRef): number => (isPrivateChat(chat) ? 3_000 : 5_000);
  const { openFile } = files;
  const calls = { start, stop, send, edit, remove, openFile, mayManage, editPauseMs };
  return { platform: 'telegram', composesInPrivate: false, ...calls };
}

/** Whether an update counts may depend on others of its album, and is decided in their order. */
const touchesAlbum = ({ message }: Update): boolean =>
  message?.media_group_id !== undefined || message?.reply_to_message?.media_group_id !== undefined;

/** Several events when an album's item made earlier ones count; a press is answered whatever happens. */
async function deliver(
  events: readonly ChatEvent[],
  receive: (event: ChatEvent) => Promise<void>,
): Promise<void> {
  for (const event of events) {
    try {
      await receive(event);
    } finally {
      if (event.type === 'press') await event.answer();
    }
  }
}
