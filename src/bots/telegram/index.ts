import { Api, GrammyError } from 'grammy';
import type { BotCommand, Update, UserFromGetMe } from 'grammy/types';
import type { Logger } from 'pino';
import type { ChatRef, Person } from '../../core/people.ts';
import { backoffMs, retry } from '../../core/retry.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import type { Store } from '../../core/storage/database.ts';
import {
  type Bot,
  type CallRank,
  ChatBusyError,
  type ChatEvent,
  ChatUnreachableError,
  type Connection,
  type Examination,
  type MessageRef,
  type StartOptions,
} from '../platform.ts';
import { isMeantForUs } from './addressing.ts';
import { createAlbums } from './albums.ts';
import { createPrivateNotices } from './direct-messages.ts';
import { ask, TokenRefusedError, toChatError } from './errors.ts';
import { createFiles } from './files.ts';
import { chatRef, isPrivateChat, nameChat, parseChatRef, parsePersonId } from './ids.ts';
import { chatIdOf, createInbox, type InboxRecord } from './inbox.ts';
import { createMembers } from './members.ts';
import { createPace } from './pace.ts';
import { clientOptions, type Polling, startPolling } from './polling.ts';
import { createOutgoing, fingerprintOf, groupUrl, messageUrl } from './send.ts';
import { createSupergroups, type MoveRecord } from './supergroups.ts';
import { createTranslator } from './updates.ts';

export { TokenRefusedError } from './errors.ts';
export type { InboxRecord } from './inbox.ts';
export type { MoveRecord } from './supergroups.ts';

/** What Telegram's cloud gives to a bot (https://core.telegram.org/bots/api#getfile). */
const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** What most people may send; a server with `--local` gives it whole (https://core.telegram.org/bots/api#using-a-local-bot-api-server). */
const MAX_LOCAL_FILE_BYTES = 2_000 * 1024 * 1024;
const FAILED = 'Something went wrong. Nod tries again; look at the card in a moment.';
const CLIENT_TIMEOUT_SECONDS = 30;

/** https://core.telegram.org/bots/api#botcommandscope */
type MenuScope = 'all_private_chats' | 'all_group_chats' | 'all_chat_administrators';

export interface TelegramBotOptions {
  readonly token: string;
  readonly apiUrl: string;
  /** Where we see the files of a Bot API server of one's own that runs with `--local`. */
  readonly filesDir?: string | undefined;
  /** How big a file may be that such a server gives us. */
  readonly uploadLimitBytes?: number | undefined;
  readonly inbox: Store<InboxRecord>;
  readonly supergroups: Store<MoveRecord>;
  readonly log: Logger;
  /** The menu of commands in private chats. */
  readonly commands: readonly BotCommand[];
  /** The menus in groups; without them, groups have none. */
  readonly groupCommands?: {
    readonly members: readonly BotCommand[];
    readonly managers: readonly BotCommand[];
  };
  readonly now?: () => number;
  /** False has nothing wait for Telegram's limits. */
  readonly isPaced?: boolean | undefined;
  /** Called once when Telegram stops taking the token; the bot is deaf from then on. */
  readonly onFatal?: (error: Error) => void;
}

/** Creates the Telegram side of the chat contract, on long polling. */
export function createTelegramBot(options: TelegramBotOptions): Bot {
  const { token, log, now = Date.now, onFatal = () => {} } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const api = new Api(token, { ...clientOptions(apiUrl), timeoutSeconds: CLIENT_TIMEOUT_SECONDS });
  const supergroups = createSupergroups({ store: options.supergroups, log });
  const pace = options.isPaced === false ? undefined : createPace();
  const outgoing = createOutgoing({ api, pace, supergroups, log });
  const files = createFiles({ api, apiUrl, token, directory: options.filesDir, now });
  const { firstIdOf } = supergroups;
  const inbox = createInbox({
    store: options.inbox,
    log,
    now,
    firstIdOf,
    tellGivenUp,
  });
  let me: UserFromGetMe | undefined;
  const fetchOwnId = async () => (me ?? (await ask('getMe', () => api.getMe()))).id;
  const members = createMembers({ api, supergroups, fetchOwnId });
  const tellPrivately = createPrivateNotices({
    api,
    supergroups,
    log,
    administers: members.receivesReactions,
  });
  const stopping = new AbortController();
  let polling: Polling | undefined;
  let connection: Connection = 'connecting';

  /** There is no gap to tell of: Telegram keeps updates for a day, and older reactions cannot be read back. */
  async function start(
    receive: (event: ChatEvent) => Promise<void>,
    { mayStore = async () => true, isKnown = async () => true, onAway = () => {} }: StartOptions = {},
  ): Promise<void> {
    await supergroups.load();
    me = await introduce(onAway);
    if (me === undefined) return;
    await registerCommands();
    const self = me;
    const albums = createAlbums({ now: createSteadyClock(now) });
    const read = createTranslator({
      me,
      albums,
      maxFileBytes: maxFileBytesOf(options),
      commands: [...options.commands, ...(options.groupCommands?.managers ?? [])].map(
        ({ command }) => command,
      ),
      answerPress: outgoing.answerPress,
    });
    const translate = (update: Update) => read(update).map(supergroups.rename);
    // Presses carry no time. Those from while Nod was away come all at once, so they count as pressed at once.
    await inbox.open((update, at) =>
      deliver(
        translate(update).map((event) => (event.type === 'press' ? { ...event, at } : event)),
        receive,
      ),
    );
    if (stopping.signal.aborted) return;
    // A place that may not use this Nod is known as well when it was blocked, and stays so.
    const isKept = async (chatId: number): Promise<boolean> => {
      const workspace = `telegram:${firstIdOf(chatId)}`;
      return (await mayStore(workspace)) || (await isKnown(workspace));
    };
    // An administrator bot sees all that a group talks about; only what may matter is written down.
    const accept = async (update: Update) => {
      // Before anything else, so that what comes next is known by its right name.
      if (update.message !== undefined) await supergroups.learn(update.message, isKept);
      if (update.my_chat_member !== undefined) members.note(update.my_chat_member);
      const events = translate(update);
      const isForUs = touchesAlbum(update) || events.length > 0;
      if (!isForUs) return;
      // What somebody edits in a group may be no business of ours at all, and what nobody has addressed to us is none.
      const isKeepable =
        touchesAlbum(update) ||
        (update.edited_message === undefined
          ? events.some(({ type }) => type !== 'overheard')
          : isMeantForUs(update.edited_message, self));
      const mayKeep = await mayStore(`telegram:${firstIdOf(chatIdOf(update))}`);
      if (!mayKeep && update.message?.media_group_id !== undefined) albums.keepBriefly(update.message);
      if (isKeepable && mayKeep) await inbox.accept(update);
      else inbox.pass(update);
    };
    polling = startPolling({
      token,
      apiUrl,
      botInfo: me,
      log,
      accept,
      onOutage: (isDown) => {
        connection = isDown ? 'away' : 'connected';
      },
      onFatal: lose,
    });
    connection = 'connected';
    log.info({ username: me.username }, 'Listening to Telegram');
  }

  /** Says in its chat that what somebody did has come to nothing. */
  async function tellGivenUp({ message, edited_message, callback_query, message_reaction }: Update) {
    const about = message ?? edited_message ?? callback_query?.message ?? message_reaction;
    if (about === undefined) return;
    const chat = chatRef(about);
    let text = 'Something went wrong in Nod: this message came to nothing. Please send it again.';
    if (callback_query !== undefined)
      text = 'Something went wrong in Nod: a tap here did not count. Please tap again.';
    if (message_reaction !== undefined)
      text =
        'Something went wrong in Nod: a reaction here did not count. Please take it back and react again.';
    await outgoing.send(
      chat,
      { lines: [[text]], rows: [] },
      { replyTo: { chat, id: String(about.message_id) } },
    );
  }

  function lose(error: Error): void {
    connection = 'refused';
    onFatal(error);
  }

  /** Asks Telegram who we are, for as long as it does not answer; undefined when stopped meanwhile. */
  async function introduce(onAway: () => void): Promise<UserFromGetMe | undefined> {
    const { signal } = stopping;
    try {
      return await retry(askWho, {
        signal,
        pauseAfter(error, failures) {
          // Whatever else Telegram says to it is no word on our token.
          if (error instanceof TokenRefusedError || signal.aborted) return undefined;
          log.warn({ err: error }, 'Telegram does not answer; trying on');
          connection = 'away';
          onAway();
          return error instanceof ChatBusyError ? error.retryAfterMs : backoffMs(failures);
        },
      });
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof TokenRefusedError) connection = 'refused';
      throw error;
    }
  }

  async function askWho(): Promise<UserFromGetMe> {
    stopping.signal.throwIfAborted();
    try {
      return await api.getMe();
    } catch (reason) {
      // A token that has not even the form of one gives 404.
      const isUnknown = reason instanceof GrammyError && reason.error_code === 404;
      throw isUnknown ? new TokenRefusedError() : toChatError('getMe', reason);
    }
  }

  /** The menu is an extra: without it everything works as well. */
  async function registerCommands(): Promise<void> {
    const { commands, groupCommands: { members: all, managers } = {} } = options;
    const register = (type: MenuScope, menu: readonly BotCommand[]) =>
      ask('setMyCommands', () => api.setMyCommands(menu, { scope: { type } }));
    try {
      await register('all_private_chats', commands);
      if (all !== undefined) await register('all_group_chats', all);
      if (managers !== undefined) await register('all_chat_administrators', managers);
    } catch (error) {
      log.warn({ err: error }, 'The menu of commands was not set');
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    const handled = inbox.close();
    pace?.stop();
    await polling?.stop();
    await handled;
  }

  async function isReachable(): Promise<boolean> {
    const error = await ask('getMe', () => api.getMe()).catch((reason: unknown) => reason);
    return !(error instanceof ChatUnreachableError);
  }

  /** The token in a path that Telegram does not know gives 404. */
  async function examine(options: Parameters<Bot['examine']>[0]): Promise<Examination> {
    if (me === undefined) await askWho();
    return members.examine(options);
  }

  const { send, edit, remove, addReactions, readCopy } = outgoing;
  const { fetchMember, fetchManagers, fetchObstacle, receivesReactions } = members;
  // About 20 messages and edits a minute are allowed in a group, for all cards together.
  const editPauseMs = ({ chat }: MessageRef): number => (isPrivateChat(chat) ? 3_000 : 5_000);
  const pauseMs = (chat: ChatRef, rank: CallRank): number =>
    pace?.pauseMs(supergroups.currentIdOf(parseChatRef(chat).chatId), rank) ?? 0;
  const { openFile } = files;
  const privateChat = async (person: Person): Promise<ChatRef | undefined> => {
    const personId = parsePersonId(person);
    return personId !== undefined && personId > 0 ? nameChat({ chatId: personId }) : undefined;
  };
  const openUrl = (): string | undefined => me && `https://t.me/${me.username}`;
  const chatUrl = (chat: ChatRef) => (isPrivateChat(chat) ? openUrl() : groupUrl(chat));
  // https://core.telegram.org/bots/features#deep-linking
  const startUrl = (payload: string): string | undefined =>
    me && `https://t.me/${me.username}?start=${payload}`;
  const depths = () => ({ events: inbox.depth(), calls: pace?.depth() ?? 0 });
  const listening = { start, stop, connection: () => connection, isReachable, depths };
  const messages = { send, edit, remove, openFile, privateChat, openUrl, editPauseMs, pauseMs };
  const calls = { ...listening, ...messages };
  const copies = { fingerprintOf, readCopy, messageUrl, chatUrl };
  const people = { ...copies, fetchMember, fetchManagers, fetchObstacle, examine };
  const reviewing = { ...people, addReactions, receivesReactions, tellPrivately, startUrl };
  return { platform: 'telegram', composesInPrivate: false, ...calls, ...reviewing };
}

/** How big a file may be that we get: without `--local` a server of one's own keeps to the limit of the cloud. */
export function maxFileBytesOf({
  filesDir,
  uploadLimitBytes = Number.POSITIVE_INFINITY,
}: Pick<TelegramBotOptions, 'filesDir' | 'uploadLimitBytes'>): number {
  return filesDir === undefined ? MAX_FILE_BYTES : Math.min(MAX_LOCAL_FILE_BYTES, uploadLimitBytes);
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
    } catch (error) {
      if (event.type === 'press') await event.answer(FAILED);
      throw error;
    }
    if (event.type === 'press') await event.answer();
  }
}
