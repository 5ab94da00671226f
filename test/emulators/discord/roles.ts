// Faithful: roles of a guild with the events of their changes; a deleted one is taken from its members without a word
// about each of them (https://discord.com/developers/docs/events/gateway-events#guild-role-delete). Simplified: they
// stand in the order in which they were made.
import type { Emulation } from './emulation.ts';
import { bitsOf, type PermissionName } from './permissions.ts';
import type { GuildEntry } from './state.ts';
import type { WireRole } from './wire.ts';

/** Creates the functions that add, change and delete roles. */
export function createRoles({ state, ids, sessions, watch }: Emulation) {
  const tell = (event: string, guild: GuildEntry, what: object) => {
    if (state.guilds.has(guild.id)) sessions.dispatch(event, { guild_id: guild.id, ...what });
    watch.changed();
  };

  return {
    add(guild: GuildEntry, name: string, permissions: bigint, rest: Partial<WireRole> = {}): WireRole {
      const role: WireRole = {
        id: ids.next(),
        name,
        permissions: String(permissions),
        position: guild.roles.size,
        color: 0,
        colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
        hoist: false,
        managed: false,
        mentionable: false,
        icon: null,
        unicode_emoji: null,
        flags: 0,
        ...rest,
      };
      guild.roles.set(role.id, role);
      tell('GUILD_ROLE_CREATE', guild, { role });
      return role;
    },

    change(guild: GuildEntry, id: string, to: { name?: string; permissions?: PermissionName[] }) {
      const role = roleOf(guild, id);
      if (to.name !== undefined) role.name = to.name;
      if (to.permissions !== undefined) role.permissions = String(bitsOf(to.permissions));
      tell('GUILD_ROLE_UPDATE', guild, { role });
    },

    remove(guild: GuildEntry, id: string) {
      guild.roles.delete(roleOf(guild, id).id);
      for (const member of guild.members.values())
        member.roleIds = member.roleIds.filter((roleId) => roleId !== id);
      tell('GUILD_ROLE_DELETE', guild, { role_id: id });
    },
  };
}

function roleOf(guild: GuildEntry, id: string): WireRole {
  const role = guild.roles.get(id);
  if (!role) throw new Error(`There is no role ${id} in ${guild.name}: make it with role first.`);
  return role;
}
