import { setTimeout as delay } from 'node:timers/promises';
import {
  type APIInteraction,
  PermissionFlagsBits,
  type RESTPutAPIApplicationCommandsJSONBody,
  RequestMethod,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/people.ts';
import { backoffMs, retry } from '../../core/retry.ts';
import type { Store } from '../../core/storage/database.ts';
import { createPerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import { createSafely } from '../adapter-kit/safely.ts';
import {
  type Bot,
  ChatBusyError,
  type ChatEvent,
  ChatRefusedError,
  ChatUnreachableError,
  type Connection,
  type MessageRef,
  type StartOptions,
} from '../platform.ts';
import { untilLeading } from '../while-leading.ts';
import { createApi } from './api.ts';
import { discordCommands } from './commands.ts';
import { fromJoining } from './context.ts';
import { createDirectMessages } from './direct-messages.ts';
import { TokenRefusedError } from './errors.ts';
import { createFiles } from './files.ts';
import { createGateway, type JoinedServer } from './gateway.ts';
import { parseChatRef, parseMessageId, timeOf } from './ids.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import { createLastSessions, type LastSessions } from './last-sessions.ts';
import { createTextReader } from './markdown.ts';
import { createMembers } from './members.ts';
import { createReactionCalls, createReactions, type Reactions } from './reactions.ts';
import { createReplies } from './replies.ts';
import { createOutgoing, fingerprintOf } from './send.ts';

export { TokenRefusedError } from './errors.ts';
export type { LastSessions } from './last-sessions.ts';

const RETRY_MS = 1_000;
const HOUR_MS = 60 * 60_000;
const EDIT_PAUSE_MS = 5_000;
/** Discord limits edits of older messages further, without telling how far (error 30046). */
const OLD_EDIT_PAUSE_MS = 15_000;
const WHISPER_EDIT_PAUSE_MS = 1_000;
/** Discord waits three seconds for the first answer, and the answer takes its time. */
const LATEST_ANSWER_MS = 2_000;
/** Discord checks nonces against “the past few minutes” (https://discord.com/developers/docs/resources/message#create-message). */
const ONCE_KEY_MS = 2 * 60_000;

export interface DiscordBotOptions {
  readonly token: string;
  /** Without the version. */
  readonly apiUrl: string;
  readonly log: Logger;
  readonly now?: () => number;
  /** Where the session is kept for the next process; it ends with this one where there is none. */
  readonly sessions?: Store<LastSessions> | undefined;
  /** What is registered, for all servers and direct messages. */
  readonly commands?: RESTPutAPIApplicationCommandsJSONBody;
  /** Called once when Discord stops taking the token or the connection; the bot is deaf from then on. */
  readonly onFatal?: (error: Error) => void;
  /** False while another process may hold the same connection and answer in its place. */
  readonly mayAct?: (() => boolean) | undefined;
}

/** Creates the Discord side of the chat contract, on interactions and reactions alone. */
export function createDiscordBot(options: DiscordBotOptions): Bot {
  const {
    token,
    log,
    now = Date.now,
    commands = discordCommands(),
    onFatal = () => {},
    mayAct = () => true,
  } = options;
  const { sessions } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const lastSessions = sessions && createLastSessions({ kept: sessions, token, apiUrl, now, log });
  const api = createApi({ token, apiUrl, log, onRefused: fail });
  const outgoing = createOutgoing({
    api,
    missingIn: (channelId) => members.missingIn(channelId),
    ownId: () => gateway.ownId(),
    now,
  });
  const direct = createDirectMessages({ api, outgoing, log });
  const replies = createReplies({ api, log });
  const marks = createReactionCalls({ api, log });
  const members = createMembers({ api, now, permissionsIn: (channelId) => gateway.permissionsIn(channelId) });
  const files = createFiles({ apiUrl });
  const chatQueue = createPerChatQueue();
  let interactions: Interactions | undefined;
  let joined: (server: JoinedServer) => void = () => {};
  let reactions: Reactions | undefined;
  let onGap = () => {};
  let onAway = () => {};
  let isAway = false;
  /** While starting, what goes wrong is thrown. */
  let isStarted = false;
  let hasFailed = false;
  const stopping = new AbortController();
  let catchingUp: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let applicationId: string | undefined;

  const gateway = createGateway({
    token,
    apiUrl,
    log,
    take: {
      interaction(interaction) {
        members.noteInteraction(interaction);
        if (mayAct()) interactions?.take(interaction);
        else void takeOnceActing(interaction);
      },
      joined: (server) => joined(server),
      reactionAdded: (reaction) => reactions?.takeAdded(reaction),
      reactionRemoved: (reaction) => reactions?.takeRemoved(reaction),
      reactionsCleared: (cleared) => reactions?.takeCleared(cleared),
    },
    // The first session is told of when all is ready.
    onSession: () => isStarted && onGap(),
    onAway() {
      isAway = true;
      onAway();
    },
    onRights() {
      members.forgetOwnRights();
      if (isStarted) onGap();
    },
    onEnd: fail,
  });

  /** The first answer to an interaction counts, so whoever cannot handle it must not give one. */
  async function takeOnceActing(interaction: APIInteraction): Promise<void> {
    try {
      await untilLeading(mayAct, { patienceMs: LATEST_ANSWER_MS });
      interactions?.take(interaction);
    } catch (error) {
      log.info({ err: error }, 'An interaction is left to another process');
    }
  }

  async function start(
    receive: (event: ChatEvent) => Promise<void>,
    {
      onGap: onMissed = () => {},
      onAway: onSilence = () => {},
      timeZoneOf = async () => 'UTC',
    }: StartOptions = {},
  ): Promise<void> {
    const safely = createSafely({ receive, log });
    onGap = onMissed;
    onAway = onSilence;
    const textReader = createTextReader({ gateway, members, timeZoneOf });
    interactions = createInteractions({
      replies,
      chatQueue,
      guildName: gateway.guildName,
      textReader,
      safely,
    });
    joined = (server) => {
      const event = fromJoining(server, gateway.guildName);
      chatQueue.run(event.chat, async () => void (await safely(event)));
    };
    reactions = createReactions({ api, chatQueue, log, marks, members, gateway, safely, onGap });
    const opening = open();
    catchUp(opening);
    const me = await opening;
    if (me === undefined) return;
    applicationId = me.applicationId;
    isStarted = true;
    log.info({ username: me.username }, 'Listening to Discord');
    onGap();
  }

  /** Takes what happened since the last process was stopped. */
  function catchUp(isConnected: Promise<unknown>): void {
    const over = isConnected.catch(() => {});
    catchingUp = lastSessions
      ?.takeMissed((payload) => gateway.takePayload(payload), over)
      .catch((error) => log.warn({ err: error }, 'What Discord told while Nod was stopped is not known'));
  }

  /** Puts the whole list in place of the last one; what was registered before works on until then. */
  async function registerCommands(applicationId: string): Promise<void> {
    const fullRoute = Routes.applicationCommands(applicationId);
    const put = { name: 'putCommands', method: RequestMethod.Put, fullRoute, body: commands };
    try {
      await api.request(put);
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error;
      log.warn({ err: error }, 'The commands were not registered');
      const isLasting = !(error instanceof ChatBusyError || error instanceof ChatUnreachableError);
      if (!isLasting) void registerLater(() => api.request(put));
    }
  }

  /** Before the first time there are no commands at all, so they are not given up while Discord does not answer. */
  async function registerLater(register: () => Promise<unknown>): Promise<void> {
    const { signal } = stopping;
    try {
      await delay(RETRY_MS, undefined, { signal });
      await retry(register, {
        signal,
        pauseAfter(error, failures) {
          if (error instanceof ChatBusyError) return error.retryAfterMs;
          return error instanceof ChatUnreachableError ? backoffMs(failures) : undefined;
        },
      });
      log.info({}, 'The commands are registered');
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'The commands were not registered');
    }
  }

  async function open() {
    try {
      const me = await gateway.open();
      if (me !== undefined) await registerCommands(me.applicationId);
      return me;
    } catch (error) {
      hasFailed = error instanceof ChatRefusedError;
      throw error;
    }
  }

  function connection(): Connection {
    if (hasFailed) return 'refused';
    if (isStarted && gateway.isConnected()) return 'connected';
    return isStarted || isAway ? 'away' : 'connecting';
  }

  async function isReachable(): Promise<boolean> {
    const asked = {
      name: 'getGatewayBot',
      method: RequestMethod.Get,
      fullRoute: Routes.gatewayBot(),
      isQuick: true,
    };
    const error = await api.request(asked).catch((reason: unknown) => reason);
    return !(error instanceof ChatUnreachableError);
  }

  function fail(error: Error): void {
    if (!isStarted || hasFailed) return;
    hasFailed = true;
    log.fatal({ err: error }, 'Discord no longer takes this bot; nothing is received any more');
    onFatal(error);
  }

  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  async function end(): Promise<void> {
    stopping.abort();
    gateway.close();
    await catchingUp;
    await chatQueue.idle();
    const sessions = await gateway.disconnect();
    if (sessions.length === 0 || lastSessions === undefined) return;
    await lastSessions
      .keep(sessions)
      .catch((error) =>
        log.warn({ err: error }, 'What Discord tells until the next start will not be heard'),
      );
  }

  function editPauseMs(message: MessageRef, at: number): number {
    const id = parseMessageId(message);
    if (typeof id !== 'string') return WHISPER_EDIT_PAUSE_MS;
    return at - timeOf(id) > HOUR_MS ? OLD_EDIT_PAUSE_MS : EDIT_PAUSE_MS;
  }

  const receivesReactions = async (chat: ChatRef): Promise<boolean> =>
    gateway.receivesReactions(parseChatRef(chat));

  const { send, sendBeside, edit, canEdit, remove, readCopy, findSent } = outgoing;
  const messageUrl = (message: MessageRef) => gateway.messageUrl(parseChatRef(message.chat), message.id);
  const chatUrl = (chat: ChatRef) => gateway.channelUrl(parseChatRef(chat));
  const { openFile } = files;
  const { fetchMember, fetchManagers, fetchObstacle, examine } = members;
  const { addReactions, fetchReactions, fetchUntouched } = marks;
  const { tellPrivately, privateChat } = direct;
  const openUrl = (): string | undefined => applicationId && invitationUrl(applicationId);
  const messages = {
    send,
    sendBeside,
    edit,
    canEdit,
    remove,
    openFile,
    privateChat,
    openUrl,
    editPauseMs,
    tellPrivately,
  };
  const depths = () => ({ events: chatQueue.depth() });
  const listening = { start, stop, connection, isReachable, depths };
  const copies = { fingerprintOf, readCopy, findSent, messageUrl, chatUrl };
  const people = { ...copies, fetchMember, fetchManagers, fetchObstacle, examine };
  const reviewing = { ...people, addReactions, fetchReactions, fetchUntouched, receivesReactions };
  const calls = { ...listening, ...messages, ...reviewing };
  return { platform: 'discord', composesInPrivate: true, onceKeyMs: ONCE_KEY_MS, ...calls };
}

/** All that Nod needs somewhere. */
const PERMISSIONS = String(
  [
    PermissionFlagsBits.ViewChannel,
    PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.SendMessagesInThreads,
    PermissionFlagsBits.EmbedLinks,
    PermissionFlagsBits.AttachFiles,
    PermissionFlagsBits.ReadMessageHistory,
    PermissionFlagsBits.AddReactions,
  ].reduce((bits, bit) => bits | bit, 0n),
);

/** https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow */
const invitationUrl = (applicationId: string): string =>
  `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot%20applications.commands&permissions=${PERMISSIONS}`;
