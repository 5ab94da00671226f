import { type APIInteraction, PermissionFlagsBits, RequestMethod, type RouteLike, Routes } from 'discord.js';
import { z } from 'zod';
import type { ChatRef, Person } from '../../core/post.ts';
import type { Api } from './api.ts';
import { isRefusal, UNKNOWN_MEMBER, UNKNOWN_USER } from './errors.ts';
import { parseChatRef, parsePersonId } from './refs.ts';

const KEPT_MS = 5 * 60_000;
const MAX_KEPT = 1_000;
const MANAGES = PermissionFlagsBits.Administrator | PermissionFlagsBits.ManageGuild;

const channelSchema = z.object({ guild_id: z.string().optional() });
const guildSchema = z.object({
  id: z.string(),
  owner_id: z.string(),
  roles: z.array(z.object({ id: z.string(), permissions: z.string() })),
});
const memberSchema = z.object({ roles: z.array(z.string()) });

/** Knows who manages a server: whoever has Manage Server there, by a role or as its owner. */
export function createStanding({ api, now }: { api: Api; now: () => number }) {
  const known = new Map<string, { mayManage: boolean; until: number }>();

  /** Every interaction tells what its person may do in its place. */
  function note({ channel, member, user }: APIInteraction): void {
    if (channel === undefined) return;
    if (member !== undefined) keep(channel.id, member.user.id, allowsManaging(BigInt(member.permissions)));
    else if (user !== undefined) keep(channel.id, user.id, true);
  }

  async function mayManage(chat: ChatRef, person: Person): Promise<boolean> {
    const userId = parsePersonId(person);
    if (userId === undefined) return false;
    const channelId = parseChatRef(chat);
    const noted = known.get(`${channelId} ${userId}`);
    if (noted !== undefined && noted.until > now()) return noted.mayManage;
    const answer = await fetchMayManage(channelId, userId);
    keep(channelId, userId, answer);
    return answer;
  }

  function keep(channelId: string, userId: string, mayManage: boolean): void {
    const key = `${channelId} ${userId}`;
    known.delete(key);
    known.set(key, { mayManage, until: now() + KEPT_MS });
    const [oldest] = known.keys();
    if (known.size > MAX_KEPT && oldest !== undefined) known.delete(oldest);
  }

  async function fetchMayManage(channelId: string, userId: string): Promise<boolean> {
    const channel = channelSchema.parse(await get('getChannel', Routes.channel(channelId)));
    if (channel.guild_id === undefined) return true;
    const guild = guildSchema.parse(await get('getGuild', Routes.guild(channel.guild_id)));
    if (guild.owner_id === userId) return true;
    const roles = await fetchRoles(guild.id, userId);
    if (roles === undefined) return false;
    // The role of everybody has the id of the server.
    const held = guild.roles.filter(({ id }) => id === guild.id || roles.includes(id));
    return allowsManaging(held.reduce((bits, role) => bits | BigInt(role.permissions), 0n));
  }

  async function fetchRoles(guildId: string, userId: string): Promise<string[] | undefined> {
    try {
      return memberSchema.parse(await get('getGuildMember', Routes.guildMember(guildId, userId))).roles;
    } catch (error) {
      if (isRefusal(error, UNKNOWN_MEMBER, UNKNOWN_USER)) return undefined;
      throw error;
    }
  }

  const get = (name: string, fullRoute: RouteLike) =>
    api.request({ name, method: RequestMethod.Get, fullRoute });

  return { note, mayManage };
}

export type Standing = ReturnType<typeof createStanding>;

const allowsManaging = (permissions: bigint): boolean => (permissions & MANAGES) !== 0n;
