import { type RESTPutAPIApplicationCommandsJSONBody, RequestMethod, Routes } from 'discord.js';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/people.ts';
import { createPerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import { createSafely } from '../adapter-kit/safely.ts';
import type { Bot, ChatEvent, MessageRef, StartOptions } from '../platform.ts';
import { createApi } from './api.ts';
import { discordCommands } from './commands.ts';
import { createDirectMessages } from './direct-messages.ts';
import { TokenRefusedError } from './errors.ts';
import { createFiles } from './files.ts';
import { createGateway } from './gateway.ts';
import { parseChatRef, parseMessageId, timeOf } from './ids.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import { createMembers } from './members.ts';
import { createReactionCalls, createReactions, type Reactions } from './reactions.ts';
import { createReplies } from './replies.ts';
import { createOutgoing } from './send.ts';

export { TokenRefusedError } from './errors.ts';

const HOUR_MS = 60 * 60_000;
const EDIT_PAUSE_MS = 5_000;
/** Discord limits edits of older messages further, without telling how far (error 30046). */
const OLD_EDIT_PAUSE_MS = 15_000;
const WHISPER_EDIT_PAUSE_MS = 1_000;
/** Discord checks nonces against “the past few minutes” (https://discord.com/developers/docs/resources/message#create-message). */
const ONCE_KEY_MS = 2 * 60_000;

export interface DiscordBotOptions {
  readonly token: string;
  /** Without the version. */
  readonly apiUrl: string;
  readonly log: Logger;
  readonly now?: () => number;
  /** What is registered, for all servers and direct messages. */
  readonly commands?: RESTPutAPIApplicationCommandsJSONBody;
  /** Called once when Discord stops taking the token or the connection; the bot is deaf from then on. */
  readonly onFatal?: (error: Error) => void;
}

/** Creates the Discord side of the chat contract, on interactions and reactions alone. */
export function createDiscordBot(options: DiscordBotOptions): Bot {
  const { token, log, now = Date.now, commands = discordCommands(), onFatal = () => {} } = options;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const api = createApi({ token, apiUrl, log, onRefused: fail });
  const outgoing = createOutgoing({ api, now });
  const direct = createDirectMessages({ api, outgoing, log });
  const replies = createReplies({ api, log });
  const marks = createReactionCalls({ api, log });
  const members = createMembers({ api, now });
  const files = createFiles({ apiUrl });
  const chatQueue = createPerChatQueue();
  let interactions: Interactions | undefined;
  let reactions: Reactions | undefined;
  let onGap = () => {};
  /** While starting, what goes wrong is thrown. */
  let isStarted = false;
  let hasFailed = false;
  let applicationId: string | undefined;

  const gateway = createGateway({
    token,
    apiUrl,
    log,
    take: {
      interaction(interaction) {
        members.noteInteraction(interaction);
        interactions?.take(interaction);
      },
      reactionAdded: (reaction) => reactions?.takeAdded(reaction),
      reactionRemoved: (reaction) => reactions?.takeRemoved(reaction),
      reactionsCleared: (cleared) => reactions?.takeCleared(cleared),
    },
    // The first session is told of when all is ready.
    onSession: () => isStarted && onGap(),
    onRights: () => isStarted && onGap(),
    onEnd: fail,
  });

  async function start(
    receive: (event: ChatEvent) => Promise<void>,
    { onGap: onMissed = () => {} }: StartOptions = {},
  ): Promise<void> {
    const safely = createSafely({ receive, log });
    onGap = onMissed;
    interactions = createInteractions({ replies, chatQueue, guildName: gateway.guildName, safely });
    reactions = createReactions({ api, chatQueue, log, marks, members, gateway, safely, onGap });
    const me = await gateway.open();
    if (me === undefined) return;
    applicationId = me.applicationId;
    await registerCommands(me.applicationId);
    isStarted = true;
    log.info({ username: me.username }, 'listening to Discord');
    onGap();
  }

  /** Puts the whole list in place of the last one; without it, what was registered before goes on working. */
  async function registerCommands(applicationId: string): Promise<void> {
    try {
      await api.request({
        name: 'putCommands',
        method: RequestMethod.Put,
        fullRoute: Routes.applicationCommands(applicationId),
        body: commands,
      });
    } catch (error) {
      if (error instanceof TokenRefusedError) throw error;
      log.warn({ err: error }, 'the commands were not registered');
    }
  }

  function fail(error: Error): void {
    if (!isStarted || hasFailed) return;
    hasFailed = true;
    log.fatal({ err: error }, 'Discord no longer takes this bot; nothing is received any more');
    onFatal(error);
  }

  async function stop(): Promise<void> {
    gateway.close();
    await chatQueue.idle();
    await gateway.disconnect();
  }

  function editPauseMs(message: MessageRef, at: number): number {
    const id = parseMessageId(message);
    if (typeof id !== 'string') return WHISPER_EDIT_PAUSE_MS;
    return at - timeOf(id) > HOUR_MS ? OLD_EDIT_PAUSE_MS : EDIT_PAUSE_MS;
  }

  const receivesReactions = async (chat: ChatRef): Promise<boolean> =>
    gateway.hearsReactions(parseChatRef(chat));

  const { send, edit, remove } = outgoing;
  const { openFile } = files;
  const { fetchMember } = members;
  const { addReactions, fetchReactions } = marks;
  const { tellPrivately, privateChat } = direct;
  const openUrl = (): string | undefined => applicationId && invitationUrl(applicationId);
  const messages = { send, edit, remove, openFile, privateChat, openUrl, editPauseMs, tellPrivately };
  const calls = { start, stop, ...messages, fetchMember, addReactions, fetchReactions, receivesReactions };
  return { platform: 'discord', composesInPrivate: true, onceKeyMs: ONCE_KEY_MS, ...calls };
}

/** View Channels, Send Messages, Embed Links, Attach Files, Read Message History, Add Reactions. */
const PERMISSIONS = '117824';

/** https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow */
const invitationUrl = (applicationId: string): string =>
  `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot%20applications.commands&permissions=${PERMISSIONS}`;
