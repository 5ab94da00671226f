import {
  type APIInteraction,
  ChannelType,
  PermissionFlagsBits,
  RequestMethod,
  type RouteLike,
  Routes,
} from 'discord.js';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { BotRight, ChatRef, Obstacle, Person } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { Electorate, Member } from '../../core/review/review.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import { ChatClosedError, type Examination, type SetupFault } from '../platform.ts';
import type { Api } from './api.ts';
import { isRefusal, UNKNOWN_MEMBER, UNKNOWN_USER } from './errors.ts';
import { parseChatRef, parsePersonId, serverRole, userPerson, userSchema } from './ids.ts';

/** Short, for who has lost a role has lost its say. */
const FRESH_MS = 5_000;
const MAX_KEPT = 1_000;
/** Of the thousand that Discord allows in a day (https://discord.com/developers/docs/events/gateway#session-start-limit-object). */
const FEW_CONNECTIONS = 20;
const MANAGES = PermissionFlagsBits.Administrator | PermissionFlagsBits.ManageGuild;

/** What a card can do without. */
const EXTRAS: readonly (readonly [BotRight, bigint])[] = [
  ['pictures', PermissionFlagsBits.AttachFiles],
  ['read_history', PermissionFlagsBits.ReadMessageHistory],
  ['react', PermissionFlagsBits.AddReactions],
];

const THREADS: ReadonlySet<ChannelType> = new Set([
  ChannelType.AnnouncementThread,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
]);

const channelSchema = z.object({ guild_id: z.string().optional() });
const overwritesSchema = z
  .array(z.object({ id: z.string(), allow: z.string(), deny: z.string() }))
  .nullish()
  .transform((overwrites) => overwrites ?? []);
const wholeChannelSchema = channelSchema.extend({
  type: z.number(),
  name: z.string().nullish(),
  parent_id: z.string().nullish(),
  permission_overwrites: overwritesSchema,
});
const gatewaySchema = z.object({ session_start_limit: z.object({ remaining: z.number() }) });
const selfSchema = z.object({ id: z.string(), username: z.string() });
const guildSchema = z.object({
  id: z.string(),
  owner_id: z.string(),
  roles: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      permissions: z.string(),
      tags: z.object({ bot_id: z.string().optional() }).nullish(),
    }),
  ),
});
const memberSchema = z.object({ roles: z.array(z.string()) });
const namedSchema = z.object({ nick: z.string().nullish(), user: userSchema });

type Guild = z.infer<typeof guildSchema>;

/** Who was seen where, with the roles that Discord told along with it. */
interface Sighting {
  readonly channelId: string;
  /** Absent in direct messages. */
  readonly guildId: string | undefined;
  readonly userId: string;
  readonly roleIds?: readonly string[] | undefined;
}

/** What we may do in a channel. */
interface OwnRights {
  readonly bits: bigint;
  readonly isThread: boolean;
}

/**
 * Knows who is what in a server: its roles, and whether they or the ownership let somebody manage it; and what we
 * ourselves may do in its channels.
 */
export function createMembers({
  api,
  permissionsIn,
  now,
}: {
  api: Api;
  /** What we may do in a channel, as the gateway has told; undefined where it has not. */
  permissionsIn: (channelId: string) => OwnRights | undefined;
  now: () => number;
}) {
  /** Where a channel belongs never changes. */
  const places = new LRUCache<string, { guildId: string | undefined }>({ max: MAX_KEPT });
  const whileFresh = {
    max: MAX_KEPT,
    ttl: FRESH_MS,
    ttlResolution: 0,
    perf: { now: createSteadyClock(now) },
  };
  const told = new LRUCache<string, readonly string[]>(whileFresh);
  const guilds = new LRUCache<string, Guild>(whileFresh);
  /** What interactions have told since the gateway told of the last change. */
  const ownRights = new LRUCache<string, OwnRights>({ max: MAX_KEPT });

  function note({ channelId, guildId, userId, roleIds }: Sighting): void {
    places.set(channelId, { guildId });
    if (guildId !== undefined && roleIds !== undefined) told.set(`${guildId} ${userId}`, roleIds);
  }

  /** Every interaction tells what its person is in its place. */
  function noteInteraction({
    channel,
    guild_id: guildId,
    member,
    user,
    app_permissions: bits,
  }: APIInteraction): void {
    const userId = member?.user.id ?? user?.id;
    if (channel === undefined || userId === undefined) return;
    if (guildId !== undefined && /^\d+$/.test(bits))
      ownRights.set(channel.id, { bits: BigInt(bits), isThread: THREADS.has(channel.type) });
    note({ channelId: channel.id, guildId, userId, roleIds: member?.roles });
  }

  async function fetchMember(chat: ChatRef, person: Person): Promise<Member> {
    const userId = parsePersonId(person);
    if (userId === undefined) return NOTHING;
    const { guildId } = await placeOf(parseChatRef(chat));
    // Nobody else is in a direct message with us.
    if (guildId === undefined) return { isMember: true, isManager: true, roles: [] };
    const roleIds = await rolesOf(guildId, userId);
    const guild = await guildWith(guildId, roleIds ?? []);
    // The owner is always a member.
    if (roleIds === undefined) return guild.owner_id === userId ? OWNER : NOTHING;
    return memberIn(guild, userId, roleIds);
  }

  /** What somebody is called in a server; undefined where Discord does not tell, in time too. */
  async function fetchName(guildId: string, userId: string): Promise<string | undefined> {
    try {
      const call = { name: 'getGuildMember', method: RequestMethod.Get, isQuick: true };
      const member = await api.request({ ...call, fullRoute: Routes.guildMember(guildId, userId) });
      const { user, nick } = namedSchema.parse(member);
      return userPerson(user, nick).name;
    } catch {
      // A caption with a neutral word is better than none.
      return undefined;
    }
  }

  /**
   * The owner, and nobody else: who holds a role is told to bots with the privileged intent for members alone
   * (https://discord.com/developers/docs/resources/guild#list-guild-members).
   */
  async function fetchManagers(chat: ChatRef): Promise<Electorate> {
    const { guildId } = await placeOf(parseChatRef(chat));
    if (guildId === undefined) return { people: [], isComplete: true };
    const guild = await guildWith(guildId, []);
    const isByRole = guild.roles.some(
      ({ permissions, tags }) => tags?.bot_id === undefined && (BigInt(permissions) & MANAGES) !== 0n,
    );
    const owner = await fetchOwner(guild);
    return { people: owner === undefined ? [] : [owner], isComplete: !isByRole };
  }

  /** By the name that the server knows; undefined for a bot. */
  async function fetchOwner({ id, owner_id: ownerId }: Guild): Promise<Person | undefined> {
    try {
      const told = await get('getGuildMember', Routes.guildMember(id, ownerId));
      const { user, nick } = namedSchema.parse(told);
      return user.bot === true ? undefined : userPerson(user, nick);
    } catch (error) {
      if (!isRefusal(error, UNKNOWN_MEMBER, UNKNOWN_USER)) throw error;
      return { id: `discord:${ownerId}`, name: 'the owner' };
    }
  }

  async function placeOf(channelId: string): Promise<{ guildId: string | undefined }> {
    const known = places.get(channelId);
    if (known !== undefined) return known;
    const channel = channelSchema.parse(await get('getChannel', Routes.channel(channelId)));
    const place = { guildId: channel.guild_id };
    places.set(channelId, place);
    return place;
  }

  /** The ids of what somebody holds; undefined for who is no member. */
  async function rolesOf(guildId: string, userId: string): Promise<readonly string[] | undefined> {
    const noted = told.get(`${guildId} ${userId}`);
    if (noted !== undefined) return noted;
    try {
      return memberSchema.parse(await get('getGuildMember', Routes.guildMember(guildId, userId))).roles;
    } catch (error) {
      if (isRefusal(error, UNKNOWN_MEMBER, UNKNOWN_USER)) return undefined;
      throw error;
    }
  }

  /** The server with at least these roles: one may be newer than what is known of it. */
  async function guildWith(guildId: string, roleIds: readonly string[]): Promise<Guild> {
    const kept = guilds.get(guildId);
    const hasAll = roleIds.every((held) => kept?.roles.some(({ id }) => id === held));
    if (kept !== undefined && hasAll) return kept;
    const guild = guildSchema.parse(await get('getGuild', Routes.guild(guildId)));
    guilds.set(guildId, guild);
    return guild;
  }

  const forgetOwnRights = (): void => ownRights.clear();

  /** What we lack for a card. */
  function missingIn(channelId: string): readonly BotRight[] {
    const known = ownRights.get(channelId) ?? permissionsIn(channelId);
    return known === undefined ? [] : missingOf(known);
  }

  async function fetchObstacle(chat: ChatRef): Promise<Obstacle | undefined> {
    const missing = missingIn(parseChatRef(chat));
    return missing.length === 0 ? undefined : { type: 'rights', missing };
  }

  /** Whether the gateway lets us in; in a chat, what its permissions keep from us. */
  async function examine({ chat, signal }: { chat?: ChatRef; signal: AbortSignal }): Promise<Examination> {
    if (chat !== undefined) return examineChannel(parseChatRef(chat), signal);
    const { username } = selfSchema.parse(await get('getCurrentUser', Routes.user(), signal));
    const { session_start_limit: limit } = gatewaySchema.parse(
      await get('getGatewayBot', Routes.gatewayBot(), signal),
    );
    const { remaining: left } = limit;
    const fault: SetupFault | undefined =
      left < FEW_CONNECTIONS ? { type: 'few_connections', left } : undefined;
    return { name: plainName(username), fault };
  }

  async function examineChannel(channelId: string, signal: AbortSignal): Promise<Examination> {
    const fetchChannel = async (id: string) =>
      wholeChannelSchema.parse(await get('getChannel', Routes.channel(id), signal));
    try {
      const channel = await fetchChannel(channelId);
      const name = channel.name ? `#${plainName(channel.name)}` : undefined;
      if (channel.guild_id === undefined) return { name };
      const isThread = THREADS.has(channel.type);
      // A thread has the permissions of its channel.
      const { permission_overwrites: overwrites } =
        isThread && channel.parent_id ? await fetchChannel(channel.parent_id) : channel;
      const bits = await fetchOwnBits(channel.guild_id, overwrites, signal);
      const missing = missingOf({ bits, isThread });
      return { name, fault: missing.length === 0 ? undefined : { type: 'rights', missing } };
    } catch (error) {
      if (error instanceof ChatClosedError) return { fault: error.obstacle };
      throw error;
    }
  }

  /** https://discord.com/developers/docs/topics/permissions#permission-overwrites */
  async function fetchOwnBits(
    guildId: string,
    overwrites: z.infer<typeof overwritesSchema>,
    signal: AbortSignal,
  ): Promise<bigint> {
    const { id: ownId } = selfSchema.parse(await get('getCurrentUser', Routes.user(), signal));
    const own = memberSchema.parse(await get('getGuildMember', Routes.guildMember(guildId, ownId), signal));
    const guild = guildSchema.parse(await get('getGuild', Routes.guild(guildId), signal));
    const held = guild.roles.filter(({ id }) => id === guildId || own.roles.includes(id));
    const base = held.reduce((bits, { permissions }) => bits | BigInt(permissions), 0n);
    if ((base & PermissionFlagsBits.Administrator) !== 0n) return ~0n;
    // Those of everybody first, then those of all roles together, then our own.
    return [[guildId], own.roles, [ownId]].reduce((bits, ids) => {
      const step = overwrites.filter(({ id }) => ids.includes(id));
      const denied = step.reduce((sum, { deny }) => sum | BigInt(deny), 0n);
      const allowed = step.reduce((sum, { allow }) => sum | BigInt(allow), 0n);
      return (bits & ~denied) | allowed;
    }, base);
  }

  const get = (name: string, fullRoute: RouteLike, signal?: AbortSignal) =>
    api.request({ name, method: RequestMethod.Get, fullRoute, signal });

  return {
    note,
    noteInteraction,
    forgetOwnRights,
    missingIn,
    fetchMember,
    fetchManagers,
    fetchName,
    fetchObstacle,
    examine,
  };
}

export type DiscordMembers = ReturnType<typeof createMembers>;

/** What rights lack for a card; without the first ones nothing else matters. */
function missingOf({ bits, isThread }: OwnRights): readonly BotRight[] {
  const has = (bit: bigint) => (bits & bit) !== 0n;
  if (!has(PermissionFlagsBits.ViewChannel)) return ['view'];
  const isMute = isThread
    ? !has(PermissionFlagsBits.SendMessagesInThreads)
    : !has(PermissionFlagsBits.SendMessages);
  if (isMute) return [isThread ? 'send_in_threads' : 'send'];
  return EXTRAS.filter(([, bit]) => !has(bit)).map(([right]) => right);
}

const NOTHING: Member = { isMember: false, isManager: false, roles: [] };
const OWNER: Member = { isMember: true, isManager: true, roles: [] };

/** The role of everybody has the id of the server. It may let people manage, but no member is told to hold it. */
function memberIn(guild: Guild, userId: string, roleIds: readonly string[]): Member {
  const held = guild.roles.filter(({ id }) => roleIds.includes(id));
  const everyone = guild.roles.filter(({ id }) => id === guild.id);
  const permissions = [...everyone, ...held].reduce((bits, role) => bits | BigInt(role.permissions), 0n);
  const roles = held.map(serverRole);
  return { isMember: true, isManager: guild.owner_id === userId || (permissions & MANAGES) !== 0n, roles };
}
