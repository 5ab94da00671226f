// Faithful: guilds, members, roles and channels as the gateway and the routes show them
// (https://discord.com/developers/docs/resources/guild). Simplified: settings nobody asks for have their defaults;
// member lists hold everybody.
import type { Emulation } from './emulation.ts';
import { permissionsOf } from './permissions.ts';
import type { GuildEntry, MemberEntry } from './state.ts';
import type { WireChannel, WireMember, WireUser } from './wire.ts';

type World = Pick<Emulation, 'state' | 'clock'>;

/** A user's standing in a guild. */
export function memberWire({ state, clock }: World, member: MemberEntry): WireMember {
  return {
    user: userOf(state, member.userId),
    nick: member.nick,
    avatar: null,
    banner: null,
    roles: [...member.roleIds],
    joined_at: clock.iso(member.joinedAtMs),
    premium_since: null,
    communication_disabled_until: null,
    flags: 0,
    pending: false,
    mute: false,
    deaf: false,
  };
}

/** A member as interactions carry it: with the permissions in the channel. */
export function memberInChannel(
  world: World,
  guild: GuildEntry,
  member: MemberEntry,
  channel: WireChannel,
): WireMember {
  const permissions = permissionsOf(guild, member, channel.permission_overwrites);
  return { ...memberWire(world, member), permissions: String(permissions) };
}

/** The bot itself or a person. */
export function userOf({ bot, users }: World['state'], userId: string): WireUser {
  const user = userId === bot.id ? bot : users.get(userId)?.user;
  if (!user) throw new Error(`There is no user ${userId}: make them with user first.`);
  return user;
}

/** The guild as routes show it. */
export function guildWire(guild: GuildEntry) {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    owner_id: guild.ownerId,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    features: [],
    emojis: [],
    stickers: [],
    roles: [...guild.roles.values()],
    preferred_locale: guild.preferredLocale,
    premium_tier: guild.premiumTier,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    vanity_url_code: null,
    application_id: null,
  };
}

/** The guild as GUILD_CREATE shows it: with channels and the bot's own member. */
export function guildCreate(world: World, guild: GuildEntry) {
  const { state, clock } = world;
  return {
    ...guildWire(guild),
    joined_at: clock.iso(guild.createdAtMs),
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    channels: [...state.channels.values()]
      .filter(({ guildId, channel }) => guildId === guild.id && channel.thread_metadata === undefined)
      .map(({ channel }) => channel),
    members: [...guild.members.values()]
      .filter(({ userId }) => userId === state.bot.id)
      .map((member) => memberWire(world, member)),
    threads: [...state.channels.values()]
      .filter(({ guildId, channel }) => guildId === guild.id && channel.thread_metadata?.archived === false)
      .map(({ channel }) => channel),
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}
