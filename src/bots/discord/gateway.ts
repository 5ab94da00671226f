import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionInfo } from '@discordjs/ws';
import {
  type APIInteraction,
  ChannelType,
  Client,
  DiscordjsError,
  DiscordjsErrorCodes,
  type DMChannel,
  Events,
  GatewayCloseCodes,
  GatewayDispatchEvents,
  type GatewayDispatchPayload,
  GatewayIntentBits,
  type GatewayMessageReactionAddDispatchData,
  type GatewayMessageReactionRemoveAllDispatchData,
  type GatewayMessageReactionRemoveDispatchData,
  type GatewayMessageReactionRemoveEmojiDispatchData,
  type Guild,
  type NonThreadGuildBasedChannel,
  Options,
  PermissionFlagsBits,
  SimpleShardingStrategy,
  type TextChannel,
} from 'discord.js';
import type { Logger } from 'pino';
import { backoffMs, retry } from '../../core/retry.ts';
import { ChatRefusedError, ChatUnreachableError } from '../platform.ts';
import { TIMEOUT_MS } from './api.ts';
import { TokenRefusedError, toChatError } from './errors.ts';

const MAX_STOP_MS = 3_000;
/** Closed with it, a session can be resumed, as with all but 1000 and 1001: https://discord.com/developers/docs/events/gateway#initiating-a-disconnect */
const RESUMABLE = 4900;
/** Longer than the library pauses between two connections. */
const SETTLE_MS = 1_000;
const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.DirectMessageReactions,
];
/** Reactions are told where we see the channel, and can be read back where we see its past. */
const REACTION_RIGHTS = [PermissionFlagsBits.ViewChannel, PermissionFlagsBits.ReadMessageHistory];

const WRITING = [PermissionFlagsBits.ViewChannel, PermissionFlagsBits.SendMessages];

interface GatewayOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly log: Logger;
  readonly take: Takers;
  /** A session has begun; nothing of what was before it is told. */
  readonly onSession: () => void;
  /** Discord does not answer; we try on. */
  readonly onAway: () => void;
  /** What we may do has changed somewhere; nothing of what was kept from us is told. */
  readonly onRights: () => void;
  /** The gateway is closed for good. */
  readonly onEnd: (error: Error) => void;
}

/** A server that we were added to, and where its people read what we say. */
export interface JoinedServer {
  readonly guildId: string;
  readonly channelId: string;
  readonly channelName: string;
}

/** Who hears of what. */
interface Takers {
  readonly joined: (server: JoinedServer) => void;
  readonly interaction: (interaction: APIInteraction) => void;
  readonly reactionAdded: (reaction: GatewayMessageReactionAddDispatchData) => void;
  readonly reactionRemoved: (reaction: GatewayMessageReactionRemoveDispatchData) => void;
  readonly reactionsCleared: (
    cleared: GatewayMessageReactionRemoveAllDispatchData | GatewayMessageReactionRemoveEmojiDispatchData,
  ) => void;
}

/**
 * Holds the connection through which Discord tells what happens.
 *
 * Interactions and reactions are taken as they come over the wire: whole whether or not their server, channel or
 * message is cached, and before the library is ready.
 */
export function createGateway({
  token,
  apiUrl,
  log,
  take,
  onSession,
  onAway,
  onRights,
  onEnd,
}: GatewayOptions) {
  const closing = new AbortController();
  let client: Client | undefined;
  /** The sessions as far as they were heard, and a way to end their connections that leaves them open. */
  let readSessions: () => Promise<(SessionInfo | null)[]> = async () => [];
  let cut: () => PromiseLike<void> | void = () => {};
  let isUp = false;
  let ending: Error | undefined;
  let heardUpTo: Promise<(SessionInfo | null)[]> | undefined;

  /** Connects, for as long as Discord does not answer; undefined when closed meanwhile. */
  async function open(): Promise<{ applicationId: string; username: string } | undefined> {
    const closed = once(closing.signal, 'abort');
    const { signal } = closing;
    try {
      return await retry(() => connect(closed), {
        signal,
        pauseAfter(error, failures) {
          if (signal.aborted || ending !== undefined) return undefined;
          log.warn({ err: error }, 'Discord does not answer; trying on');
          onAway();
          return backoffMs(failures);
        },
      });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw ending ?? error;
    }
  }

  /** Connects once, and tells who we are; throws as well when closed meanwhile. */
  async function connect(closed: Promise<unknown>): Promise<{ applicationId: string; username: string }> {
    closing.signal.throwIfAborted();
    const fresh = createClient();
    client = fresh;
    try {
      await Promise.race([fresh.login(token), closed]);
    } catch (reason) {
      client = undefined;
      if (reason instanceof DiscordjsError && reason.code === DiscordjsErrorCodes.TokenInvalid)
        ending = new TokenRefusedError();
      throw toChatError('the connection to its gateway', reason);
    }
    closing.signal.throwIfAborted();
    if (ending !== undefined) throw ending;
    if (fresh.application === null) throw new ChatUnreachableError('Discord did not tell our application.');
    return { applicationId: fresh.application.id, username: fresh.user?.username ?? '' };
  }

  function createClient(): Client {
    const fresh = new Client({
      intents: INTENTS,
      // As many connections as Discord wants for the servers that we are in.
      shards: 'auto',
      rest: { api: apiUrl, timeout: TIMEOUT_MS },
      // Only names of servers and channels, and what we may do there, are read from it.
      makeCache: Options.cacheWithLimits({
        ...Options.DefaultMakeCacheSettings,
        MessageManager: 0,
        ReactionManager: 0,
        PresenceManager: 0,
        GuildEmojiManager: 0,
        UserManager: { maxSize: 0, keepOverLimit: (user) => user.id === user.client.user?.id },
        GuildMemberManager: { maxSize: 0, keepOverLimit: (member) => member.id === member.client.user?.id },
      }),
      ws: {
        buildStrategy(manager) {
          const { retrieveSessionInfo } = manager.options;
          readSessions = () => Promise.all([...fresh.ws.shards.keys()].map((id) => retrieveSessionInfo(id)));
          cut = () => manager.destroy({ code: RESUMABLE });
          // Destroyed in its pause before a new connection, the library would connect all the same.
          manager.options.retrieveSessionInfo = (shardId) =>
            closing.signal.aborted ? new Promise(() => {}) : retrieveSessionInfo(shardId);
          return new SimpleShardingStrategy(manager);
        },
      },
    });
    listen(fresh, GatewayDispatchEvents.InteractionCreate, take.interaction);
    listen(fresh, GatewayDispatchEvents.MessageReactionAdd, take.reactionAdded);
    listen(fresh, GatewayDispatchEvents.MessageReactionRemove, take.reactionRemoved);
    listen(fresh, GatewayDispatchEvents.MessageReactionRemoveAll, take.reactionsCleared);
    listen(fresh, GatewayDispatchEvents.MessageReactionRemoveEmoji, take.reactionsCleared);
    listen(fresh, GatewayDispatchEvents.Ready, () => onSession());
    watch(fresh);
    watchRights(fresh);
    // The library tells only of servers that are new since it was ready.
    fresh.on(Events.GuildCreate, (guild) => {
      const channel = greetingChannelOf(guild);
      if (channel === undefined || closing.signal.aborted) return;
      take.joined({ guildId: guild.id, channelId: channel.id, channelName: channel.name });
    });
    return fresh;
  }

  function listen<T>(fresh: Client, event: GatewayDispatchEvents, hear: (told: T) => void): void {
    fresh.ws.on(event, (told: T) => {
      if (!closing.signal.aborted) hear(told);
    });
  }

  /** Takes what was told to another connection; reactions are read back, as those of a while are weighed together. */
  function takePayload({ t: event, d: told }: GatewayDispatchPayload): void {
    if (event === GatewayDispatchEvents.InteractionCreate && !closing.signal.aborted) take.interaction(told);
  }

  function watch(fresh: Client): void {
    const note = (isUpNow: boolean) => {
      if (isUp && !isUpNow && !closing.signal.aborted)
        log.warn({}, 'The connection to Discord broke off; trying on');
      if (!isUp && isUpNow) log.info({}, 'Connected to Discord');
      isUp = isUpNow;
    };
    const up = new Set<number>();
    const noteUp = (_: unknown, shard: number) => {
      up.add(shard);
      note(up.size === fresh.ws.shards.size);
    };
    fresh.ws.on(GatewayDispatchEvents.Ready, noteUp);
    fresh.ws.on(GatewayDispatchEvents.Resumed, noteUp);
    fresh.on(Events.ShardReconnecting, (shard) => {
      up.delete(shard);
      note(false);
    });
    fresh.on(Events.ShardDisconnect, ({ code }) => {
      isUp = false;
      ending = endOf(code);
      if (!closing.signal.aborted) onEnd(ending);
    });
    const complain = (error: Error) =>
      log.debug({ err: toChatError('the gateway', error) }, 'Discord’s gateway made trouble');
    fresh.on(Events.ShardError, complain);
    fresh.on(Events.Error, complain);
  }

  function watchRights(fresh: Client): void {
    const compare = (before: bigint | undefined, after: bigint | undefined) => {
      if (before !== after && !closing.signal.aborted) onRights();
    };
    const ours = (channel: DMChannel | NonThreadGuildBasedChannel) =>
      channel.isDMBased() || fresh.user === null ? undefined : channel.permissionsFor(fresh.user)?.bitfield;
    fresh.on(Events.ChannelUpdate, (before, after) => compare(ours(before), ours(after)));
    // Somebody has invited us, maybe again.
    fresh.on(Events.GuildCreate, () => compare(undefined, 0n));
    fresh.on(Events.ThreadUpdate, (before, after) => {
      const isOpened = (before.archived && !after.archived) || (before.locked && !after.locked);
      if (isOpened && !closing.signal.aborted) onRights();
    });
    fresh.on(Events.GuildRoleUpdate, (before, after) =>
      compare(before.permissions.bitfield, after.permissions.bitfield),
    );
    fresh.on(Events.GuildMemberUpdate, (before, after) => {
      if (after.id === fresh.user?.id) compare(before.permissions.bitfield, after.permissions.bitfield);
    });
  }

  /** Takes nothing any more; what was taken can still be answered. */
  function close(): void {
    if (!closing.signal.aborted && isUp) heardUpTo = readSessions();
    closing.abort();
  }

  /** Ends the connections; the sessions that another process may go on with. */
  async function disconnect(): Promise<SessionInfo[]> {
    close();
    const last = client;
    client = undefined;
    if (last === undefined) return [];
    const sessions = ((await heardUpTo) ?? []).filter((session) => session !== null);
    // The library itself would end the sessions as well.
    if (sessions.length > 0) await Promise.race([cut(), delay(MAX_STOP_MS, undefined, { ref: false })]);
    // A connection in the making has to come about or fail: the library would let go of it with nobody to hear it fail.
    if (!isUp && ending === undefined) await delay(SETTLE_MS);
    await Promise.race([last.destroy(), delay(MAX_STOP_MS, undefined, { ref: false })]);
    return sessions;
  }

  const guildName = (id: string): string | undefined => client?.guilds.cache.get(id)?.name;

  function channelName(id: string): string | undefined {
    const channel = client?.channels.cache.get(id);
    return channel !== undefined && 'name' in channel ? (channel.name ?? undefined) : undefined;
  }

  /** Whether events reach us now. */
  const isConnected = (): boolean => isUp;

  const roleName = (guildId: string, id: string): string | undefined =>
    client?.guilds.cache.get(guildId)?.roles.cache.get(id)?.name;

  /** What a channel of the server is called, unless it is hidden from some of its people. */
  function openChannelName(guildId: string, id: string): string | undefined {
    const guild = client?.guilds.cache.get(guildId);
    const channel = guild?.channels.cache.get(id);
    const everyone = guild?.roles.everyone;
    if (channel === undefined || everyone === undefined) return undefined;
    return channel.permissionsFor(everyone)?.has(PermissionFlagsBits.ViewChannel) ? channel.name : undefined;
  }

  /** The link to a message (https://discord.com/developers/docs/reference#message-formatting); undefined where its channel is not known. */
  function messageUrl(channelId: string, messageId: string): string | undefined {
    const url = channelUrl(channelId);
    return url && `${url}/${messageId}`;
  }

  function channelUrl(channelId: string): string | undefined {
    const channel = client?.channels.cache.get(channelId);
    if (channel === undefined) return undefined;
    const place = channel.isDMBased() ? '@me' : channel.guildId;
    return `https://discord.com/channels/${place}/${channelId}`;
  }

  /** Our own user; undefined before the first session. */
  const ownId = (): string | undefined => client?.user?.id;

  /** What we may do in a channel or a thread; undefined where the library does not know it. */
  function permissionsIn(channelId: string): { bits: bigint; isThread: boolean } | undefined {
    const channel = client?.channels.cache.get(channelId);
    if (channel === undefined || channel.isDMBased() || !client?.user) return undefined;
    const bits = channel.permissionsFor(client.user)?.bitfield;
    return bits === undefined ? undefined : { bits, isThread: channel.isThread() };
  }

  /** Whether reactions there reach us; taken for granted where the library does not know the channel. */
  function receivesReactions(channelId: string): boolean {
    const channel = client?.channels.cache.get(channelId);
    if (channel === undefined || channel.isDMBased() || !client?.user) return true;
    return channel.permissionsFor(client.user)?.has(REACTION_RIGHTS) ?? true;
  }

  const names = { guildName, channelName, roleName, openChannelName, ownId };
  return {
    open,
    takePayload,
    close,
    disconnect,
    isConnected,
    ...names,
    messageUrl,
    channelUrl,
    permissionsIn,
    receivesReactions,
  };
}

export type Gateway = ReturnType<typeof createGateway>;

/** Where Discord itself greets people, else the first channel in which everybody may read and we may write. */
function greetingChannelOf({ channels, systemChannel, members, roles }: Guild): TextChannel | undefined {
  const { me } = members;
  const texts = channels.cache
    .filter((channel): channel is TextChannel => channel.type === ChannelType.GuildText)
    .sort((a, b) => a.rawPosition - b.rawPosition);
  const fits = (channel: TextChannel): boolean =>
    me !== null &&
    channel.permissionsFor(me).has(WRITING) &&
    channel.permissionsFor(roles.everyone).has(PermissionFlagsBits.ViewChannel);
  return [...(systemChannel === null ? [] : [systemChannel]), ...texts.values()].find(fits);
}

function endOf(code: number): Error {
  if (code === GatewayCloseCodes.AuthenticationFailed) return new TokenRefusedError();
  return new ChatRefusedError(
    `Discord closed its gateway to this bot with ${code} and takes no new connection.`,
  );
}
