// Faithful: what the bot may do where, and with which code it is refused
// (https://discord.com/developers/docs/topics/permissions), upload limits by boost level. Simplified: a bot in a DM may
// do everything that DMs know. A thread has the rights of its channel, and one of its own for sending.
import type { Emulation } from './emulation.ts';
import {
  archivedThread,
  blockedByAutoMod,
  lockedThread,
  missingAccess,
  missingPermissions,
  unknownChannel,
  unknownGuild,
  unknownMessage,
} from './failure.ts';
import type { MentionScope } from './mentions.ts';
import { DM_PERMISSIONS, PERMISSIONS, type PermissionName, permissionsOf } from './permissions.ts';
import type { ChannelEntry, GuildEntry, MessageContent, StoredMessage } from './state.ts';
import type { AllowedMentions } from './wire.ts';

const MIB = 1024 * 1024;
const BOOST_LIMITS: Record<number, number> = { 2: 50 * MIB, 3: 100 * MIB };

/** A channel the bot can see, or the refusal. */
export function reachChannel(
  emulation: Emulation,
  channelId: string,
  needed: PermissionName[] = [],
): ChannelEntry {
  const entry = emulation.state.channels.get(channelId);
  if (!entry) throw unknownChannel();
  const permissions = botPermissions(emulation, entry);
  if (!(permissions & PERMISSIONS.VIEW_CHANNEL)) throw missingAccess();
  if (needed.some((name) => !(permissions & PERMISSIONS[name]))) throw missingPermissions();
  return entry;
}

/** What sending takes in a channel, or in a thread. */
export const sendRight = ({ channel }: ChannelEntry): PermissionName =>
  channel.thread_metadata === undefined ? 'SEND_MESSAGES' : 'SEND_MESSAGES_IN_THREADS';

/** Refuses to send into a locked thread; an archived one is opened by what is sent. */
export function openThread(emulation: Emulation, entry: ChannelEntry): void {
  const metadata = entry.channel.thread_metadata;
  if (metadata?.locked && !managesThreads(emulation, entry)) throw lockedThread();
  if (metadata === undefined || !metadata.archived) return;
  metadata.archived = false;
  emulation.sessions.dispatch('THREAD_UPDATE', entry.channel);
}

const managesThreads = (emulation: Emulation, entry: ChannelEntry): boolean =>
  (botPermissions(emulation, entry) & PERMISSIONS.MANAGE_THREADS) !== 0n;

/** Refuses what would change something in an archived thread. */
export function refuseArchived({ channel }: ChannelEntry): void {
  if (channel.thread_metadata?.archived) throw archivedThread();
}

/** Refuses what AutoMod keeps from being said (https://discord.com/developers/docs/resources/auto-moderation). */
export function passAutoMod(emulation: Emulation, entry: ChannelEntry, content: MessageContent): void {
  const words = emulation.state.guilds.get(entry.guildId ?? '')?.blockedWords;
  if (words === undefined || !words.test(JSON.stringify([content.content, content.components]))) return;
  // Whoever manages the server is exempt.
  if (!(botPermissions(emulation, entry) & PERMISSIONS.MANAGE_GUILD)) throw blockedByAutoMod();
}

/** A message in a channel the bot can see, or the refusal. */
export function reachMessage(
  emulation: Emulation,
  { channelId, messageId, needed = [] }: { channelId: string; messageId: string; needed?: PermissionName[] },
): StoredMessage {
  reachChannel(emulation, channelId, needed);
  const stored = emulation.messages.find(channelId, messageId);
  if (!stored) throw unknownMessage();
  return stored;
}

/** A guild the bot is in, or the refusal. */
export function reachGuild({ state }: Emulation, guildId: string): GuildEntry {
  const guild = state.guilds.get(guildId);
  if (!guild) throw unknownGuild();
  if (!guild.members.has(state.bot.id)) throw missingAccess();
  return guild;
}

/** The bot's permissions in a channel; none where it is not a member. */
export function botPermissions(emulation: Emulation, entry: ChannelEntry): bigint {
  return userPermissions(emulation, entry, emulation.state.bot.id);
}

/** Somebody's permissions in a channel. */
export function userPermissions(
  { state }: Emulation,
  { channel, guildId, recipientId }: ChannelEntry,
  userId: string,
) {
  if (guildId === undefined) return recipientId === userId || userId === state.bot.id ? DM_PERMISSIONS : 0n;
  const guild = state.guilds.get(guildId);
  const member = guild?.members.get(userId);
  const parent =
    channel.thread_metadata === undefined ? undefined : state.channels.get(channel.parent_id ?? '');
  const overwrites = (parent?.channel ?? channel).permission_overwrites;
  return guild && member ? impliedBy(permissionsOf(guild, member, overwrites)) : 0n;
}

/** Without View Channel there is nothing else, and without Send Messages no picture. */
function impliedBy(permissions: bigint): bigint {
  if (!(permissions & PERMISSIONS.VIEW_CHANNEL)) return 0n;
  const isMute = !(permissions & (PERMISSIONS.SEND_MESSAGES | PERMISSIONS.SEND_MESSAGES_IN_THREADS));
  return isMute ? permissions & ~(PERMISSIONS.ATTACH_FILES | PERMISSIONS.EMBED_LINKS) : permissions;
}

/** The largest file that may be uploaded in a channel, with what the person's own Nitro adds. */
export function uploadLimit(
  { state, options }: Emulation,
  { guildId }: ChannelEntry,
  userId?: string,
): number {
  const tier = guildId === undefined ? 0 : (state.guilds.get(guildId)?.premiumTier ?? 0);
  const own = userId === undefined ? 0 : (state.users.get(userId)?.uploadLimitBytes ?? 0);
  return Math.max(options.attachmentLimitBytes, BOOST_LIMITS[tier] ?? 0, own);
}

/** Whom a sender's message can notify. */
export function mentionScope(
  emulation: Emulation,
  entry: ChannelEntry,
  {
    senderId,
    allowed,
    repliedUserId,
  }: { senderId: string; allowed: AllowedMentions | null | undefined; repliedUserId?: string | undefined },
): MentionScope {
  const { state } = emulation;
  const guild = entry.guildId === undefined ? undefined : state.guilds.get(entry.guildId);
  return {
    allowed,
    repliedUserId,
    mentionableRoleIds: [...(guild?.roles.values() ?? [])]
      .filter(({ mentionable }) => mentionable)
      .map(({ id }) => id),
    mayMentionEveryone: (userPermissions(emulation, entry, senderId) & PERMISSIONS.MENTION_EVERYONE) !== 0n,
    isKnownUser: (id) => id === state.bot.id || state.users.has(id),
  };
}
