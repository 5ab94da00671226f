import { type APIMessageComponentInteraction, ComponentType } from 'discord.js';
import type { Person } from '../../core/publish/post.ts';
import type { Role } from '../../core/review/review.ts';
import type { ChatEventOf } from '../platform.ts';
import { serverRole, userPerson } from './ids.ts';

/** What a menu of roles or people shows now; nothing for other components. */
export function readPicked(
  interaction: APIMessageComponentInteraction,
): Pick<ChatEventOf<'press'>, 'picked'> {
  const { data, guild_id: guildId } = interaction;
  // Discord resolves what is picked, and nothing where nothing is.
  if (data.component_type === ComponentType.RoleSelect) {
    const picked = data.values.flatMap((id): Role[] => {
      const role = data.resolved.roles[id];
      // Everybody is no role that somebody holds.
      return role === undefined || id === guildId ? [] : [serverRole(role)];
    });
    return { picked };
  }
  if (data.component_type !== ComponentType.UserSelect) return {};
  const picked = data.values.flatMap((id): Person[] => {
    const user = data.resolved.users[id];
    if (user === undefined || user.bot === true) return [];
    return [userPerson(user, data.resolved.members?.[id]?.nick)];
  });
  return { picked };
}
