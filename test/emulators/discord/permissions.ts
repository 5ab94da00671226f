// Faithful: bits, and how roles and channel overwrites add up
// (https://discord.com/developers/docs/topics/permissions#permission-overwrites), and what is denied along with View
// Channel and Send Messages (#implicit-permissions). Simplified: a selection of the bits. Missing: time-outs.
import type { GuildEntry, MemberEntry } from './state.ts';
import type { WireOverwrite } from './wire.ts';

export const PERMISSIONS = {
  KICK_MEMBERS: 1n << 1n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_GUILD: 1n << 5n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  MENTION_EVERYONE: 1n << 17n,
  USE_EXTERNAL_EMOJIS: 1n << 18n,
  MANAGE_ROLES: 1n << 28n,
  USE_APPLICATION_COMMANDS: 1n << 31n,
  MANAGE_THREADS: 1n << 34n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
};

export type PermissionName = keyof typeof PERMISSIONS;

export const DEFAULT_PERMISSIONS: PermissionName[] = [
  'ADD_REACTIONS',
  'VIEW_CHANNEL',
  'SEND_MESSAGES',
  'EMBED_LINKS',
  'ATTACH_FILES',
  'READ_MESSAGE_HISTORY',
  'USE_EXTERNAL_EMOJIS',
  'USE_APPLICATION_COMMANDS',
  'SEND_MESSAGES_IN_THREADS',
];

/** What both sides may do in a DM. */
export const DM_PERMISSIONS = bitsOf(DEFAULT_PERMISSIONS);
const ALL = bitsOf(Object.keys(PERMISSIONS).filter(isPermissionName));

function isPermissionName(name: string): name is PermissionName {
  return name in PERMISSIONS;
}

/** Adds permissions up to a bit set. */
export function bitsOf(names: readonly PermissionName[]): bigint {
  return names.reduce((bits, name) => bits | PERMISSIONS[name], 0n);
}

/** What a member may do in a guild, and with overwrites in one of its channels. */
export function permissionsOf(guild: GuildEntry, member: MemberEntry, overwrites?: WireOverwrite[]): bigint {
  if (guild.ownerId === member.userId) return ALL;
  const roleIds = [guild.id, ...member.roleIds];
  const base = roleIds.reduce((bits, id) => bits | BigInt(guild.roles.get(id)?.permissions ?? 0), 0n);
  if (base & PERMISSIONS.ADMINISTRATOR) return ALL;
  const steps = [[guild.id], member.roleIds, [member.userId]];
  return steps.reduce((bits, ids) => applyOverwrites(bits, overwrites ?? [], ids), base);
}

/** Overwrites of one step are merged first: among roles an allowance beats a denial. */
function applyOverwrites(bits: bigint, overwrites: WireOverwrite[], ids: string[]): bigint {
  const mine = overwrites.filter(({ id }) => ids.includes(id));
  const denied = mine.reduce((sum, { deny }) => sum | BigInt(deny), 0n);
  const allowed = mine.reduce((sum, { allow }) => sum | BigInt(allow), 0n);
  return (bits & ~denied) | allowed;
}
