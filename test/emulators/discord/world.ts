// Faithful: guilds with an @everyone role, a managed role of the bot, members, channels with overwrites, and the events
// of their changes; threads, archived or locked, and forums of them; words that AutoMod blocks. Simplified: permissions given to a person
// become a role of their own. Missing: categories, voice, invitations.
import { openDm } from './dm.ts';
import { type Emulation, newUser } from './emulation.ts';
import { guildCreate, memberWire } from './guild-wire.ts';
import { bitsOf, DEFAULT_PERMISSIONS, type PermissionName } from './permissions.ts';
import { createRoles } from './roles.ts';
import type { ChannelEntry, GuildEntry, MemberEntry } from './state.ts';
import { FORUM, type WireChannel, type WireRole, type WireUser } from './wire.ts';

/** Something with an id, or the id. */
export type Ref = string | { id: string };
export const idOf = (ref: Ref) => (typeof ref === 'string' ? ref : ref.id);

export type NewUser = {
  name: string;
  globalName?: string;
  locale?: string;
  /** What the user's own Nitro lets them upload. */
  uploadLimitBytes?: number;
  /** Refuses direct messages of bots. */
  hasDmsClosed?: boolean;
  /** Another application's. */
  isBot?: boolean;
};
export type NewGuild = {
  name: string;
  locale?: string;
  /** 2 raises the upload limit to 50 MiB, 3 to 100 MiB. */
  boostTier?: 0 | 1 | 2 | 3;
  /** In addition to what everybody may. */
  botPermissions?: PermissionName[];
  /** Text channels that are there when the bot comes. */
  channels?: string[];
};
export type Rights = { allow?: PermissionName[]; deny?: PermissionName[] };

/** Creates the functions that populate the emulated Discord. */
export function createWorld(emulation: Emulation) {
  const { state, clock, ids, sessions, watch } = emulation;
  const roles = createRoles(emulation);

  const guildOf = (ref: Ref): GuildEntry => {
    const entry = state.guilds.get(idOf(ref));
    if (!entry) throw new Error(`There is no guild ${idOf(ref)}: make it with guild first.`);
    return entry;
  };
  const channelOf = (ref: Ref): ChannelEntry => {
    const entry = state.channels.get(idOf(ref));
    if (!entry) throw new Error(`There is no channel ${idOf(ref)}: make it with channel or dm first.`);
    return entry;
  };
  const memberOf = (guild: GuildEntry, userId: string): MemberEntry => {
    const member = guild.members.get(userId);
    if (!member) throw new Error(`${userId} is not in ${guild.name}: add them with addMember first.`);
    return member;
  };

  const join = (guild: GuildEntry, userId: string, roleIds: string[]): MemberEntry => {
    const member: MemberEntry = { userId, roleIds, nick: null, joinedAtMs: clock.now() };
    guild.members.set(userId, member);
    return member;
  };

  const addChannel = (
    guildId: string,
    name: string,
    { topic = null, position = 0 }: { topic?: string | null; position?: number } = {},
  ): WireChannel => {
    const channel: WireChannel = {
      id: ids.next(),
      type: 0,
      flags: 0,
      guild_id: guildId,
      name,
      position,
      topic,
      nsfw: false,
      parent_id: null,
      permission_overwrites: [],
      last_message_id: null,
      rate_limit_per_user: 0,
    };
    state.channels.set(channel.id, { channel, guildId });
    return channel;
  };

  const updateMember = (guild: GuildEntry, member: MemberEntry) => {
    const event = { guild_id: guild.id, ...memberWire(emulation, member) };
    sessions.dispatch('GUILD_MEMBER_UPDATE', event, { isOwn: member.userId === state.bot.id });
    watch.changed();
  };

  return {
    guildOf,
    channelOf,

    user({
      name,
      globalName,
      locale = 'en-US',
      uploadLimitBytes,
      hasDmsClosed = false,
      isBot = false,
    }: NewUser): WireUser {
      const user = newUser(ids.next(), name.toLowerCase(), isBot, globalName ?? name);
      state.users.set(user.id, {
        user,
        locale,
        hasDmsClosed,
        ...(uploadLimitBytes ? { uploadLimitBytes } : {}),
      });
      return user;
    },

    /** A guild with the bot in it. */
    guild({ name, locale = 'en-US', boostTier = 0, botPermissions = [], channels = [] }: NewGuild): {
      id: string;
      name: string;
    } {
      const id = ids.next();
      const guild: GuildEntry = {
        id,
        name,
        ownerId: ids.next(),
        preferredLocale: locale,
        premiumTier: boostTier,
        roles: new Map(),
        members: new Map(),
        createdAtMs: clock.now(),
      };
      roles.add(guild, '@everyone', bitsOf(DEFAULT_PERMISSIONS), { id });
      const own = roles.add(guild, state.bot.username, bitsOf([...DEFAULT_PERMISSIONS, ...botPermissions]), {
        managed: true,
        tags: { bot_id: state.bot.id },
      });
      join(guild, state.bot.id, [own.id]);
      state.guilds.set(id, guild);
      for (const [position, channelName] of channels.entries()) addChannel(id, channelName, { position });
      sessions.dispatch('GUILD_CREATE', guildCreate(emulation, guild));
      return { id, name };
    },

    channel(guild: Ref, { name, topic = null }: { name: string; topic?: string | null }): WireChannel {
      const channel = addChannel(guildOf(guild).id, name, { topic });
      sessions.dispatch('CHANNEL_CREATE', channel);
      return channel;
    },

    /** A channel that holds posts, each a thread; nobody writes into the channel itself. */
    forum(guild: Ref, { name }: { name: string }): WireChannel {
      const { id: guildId } = guildOf(guild);
      const forum: WireChannel = {
        id: ids.next(),
        type: FORUM,
        flags: 0,
        guild_id: guildId,
        name,
        position: 0,
        topic: null,
        nsfw: false,
        parent_id: null,
        permission_overwrites: [],
        last_message_id: null,
        rate_limit_per_user: 0,
      };
      state.channels.set(forum.id, { channel: forum, guildId });
      sessions.dispatch('CHANNEL_CREATE', forum);
      return forum;
    },

    /** A public thread of a channel, or a post of a forum. */
    thread(parent: Ref, { name }: { name: string }): WireChannel {
      const { channel: wire, guildId } = channelOf(parent);
      const thread: WireChannel = {
        id: ids.next(),
        type: 11,
        flags: 0,
        ...(guildId === undefined ? {} : { guild_id: guildId }),
        name,
        parent_id: wire.id,
        last_message_id: null,
        rate_limit_per_user: 0,
        thread_metadata: {
          archived: false,
          locked: false,
          auto_archive_duration: 1440,
          archive_timestamp: clock.iso(clock.now()),
        },
      };
      state.channels.set(thread.id, { channel: thread, ...(guildId === undefined ? {} : { guildId }) });
      sessions.dispatch('THREAD_CREATE', { ...thread, newly_created: true });
      return thread;
    },

    /** A thread is archived, as it is after a day without a word, or locked, or opened again. */
    setThread(thread: Ref, to: { archived?: boolean; locked?: boolean }) {
      const { channel: wire } = channelOf(thread);
      if (wire.thread_metadata === undefined) throw new Error('Only a thread is archived or locked.');
      Object.assign(wire.thread_metadata, to);
      sessions.dispatch('THREAD_UPDATE', wire);
      watch.changed();
    },

    /** AutoMod keeps these words from being said, by the bot too; none lifts it. */
    blockWords(guild: Ref, words: RegExp | undefined) {
      const entry = guildOf(guild);
      if (words === undefined) delete entry.blockedWords;
      else entry.blockedWords = words;
    },

    /** The direct channel of a person with the bot. */
    dm: (user: Ref): WireChannel => openDm(emulation, idOf(user)).channel,

    role(
      guild: Ref,
      {
        name,
        permissions = [],
        mentionable = false,
      }: { name: string; permissions?: PermissionName[]; mentionable?: boolean },
    ): WireRole {
      return roles.add(guildOf(guild), name, bitsOf(permissions), { mentionable });
    },

    /** Renames a role, or replaces what it allows. */
    changeRole(guild: Ref, role: Ref, to: { name?: string; permissions?: PermissionName[] }) {
      roles.change(guildOf(guild), idOf(role), to);
    },

    deleteRole: (guild: Ref, role: Ref) => roles.remove(guildOf(guild), idOf(role)),

    addMember(
      guild: Ref,
      user: Ref,
      { roles: given = [], permissions = [] }: { roles?: Ref[]; permissions?: PermissionName[] } = {},
    ) {
      const entry = guildOf(guild);
      const own =
        permissions.length > 0 ? [roles.add(entry, `of ${idOf(user)}`, bitsOf(permissions)).id] : [];
      const member = join(entry, idOf(user), [...given.map(idOf), ...own]);
      sessions.dispatch('GUILD_MEMBER_ADD', { guild_id: entry.id, ...memberWire(emulation, member) });
      watch.changed();
    },

    removeMember(guild: Ref, user: Ref) {
      const entry = guildOf(guild);
      const { user: wire } = memberWire(emulation, memberOf(entry, idOf(user)));
      entry.members.delete(wire.id);
      sessions.dispatch('GUILD_MEMBER_REMOVE', { guild_id: entry.id, user: wire });
    },

    /** Replaces the roles of a member. */
    setRoles(guild: Ref, user: Ref, next: Ref[]) {
      const entry = guildOf(guild);
      const member = memberOf(entry, idOf(user));
      member.roleIds = next.map(idOf);
      updateMember(entry, member);
    },

    /** Gives a member or the bot permissions by a role of its own. */
    grant(guild: Ref, who: Ref | 'bot', permissions: PermissionName[]) {
      const entry = guildOf(guild);
      const userId = who === 'bot' ? state.bot.id : idOf(who);
      const member = memberOf(entry, userId);
      member.roleIds.push(roles.add(entry, `of ${userId}`, bitsOf(permissions)).id);
      updateMember(entry, member);
    },

    /** Sets the overwrite of the bot, a member or a role in one channel. */
    setOverwrite(channel: Ref, who: Ref | 'bot', { allow = [], deny = [] }: Rights) {
      const { channel: wire, guildId } = channelOf(channel);
      const id = who === 'bot' ? state.bot.id : idOf(who);
      const isRole = guildId !== undefined && guildOf(guildId).roles.has(id);
      const others = (wire.permission_overwrites ?? []).filter((overwrite) => overwrite.id !== id);
      const own = {
        id,
        type: isRole ? 0 : 1,
        allow: String(bitsOf(allow)),
        deny: String(bitsOf(deny)),
      } as const;
      wire.permission_overwrites = [...others, own];
      sessions.dispatch('CHANNEL_UPDATE', wire);
    },

    deleteChannel(channel: Ref) {
      const { channel: wire } = channelOf(channel);
      state.channels.delete(wire.id);
      sessions.dispatch('CHANNEL_DELETE', wire);
    },

    /** The bot is invited again, with the rights of everybody. */
    addBot(guild: Ref) {
      const entry = guildOf(guild);
      join(entry, state.bot.id, []);
      sessions.dispatch('GUILD_CREATE', guildCreate(emulation, entry));
    },

    /** The bot is thrown out of a guild. */
    removeBot(guild: Ref) {
      const entry = guildOf(guild);
      entry.members.delete(state.bot.id);
      sessions.dispatch('GUILD_DELETE', { id: entry.id });
    },
  };
}

export type World = ReturnType<typeof createWorld>;
