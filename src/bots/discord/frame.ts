import type { APIInteraction } from 'discord.js';
import type { ChatEvent } from '../bot.ts';
import { chatRef, userPerson } from './refs.ts';

/** What all events of an interaction have in common. */
export type Frame = Pick<ChatEvent, 'chat' | 'workspace' | 'chatTitle' | 'isPrivate' | 'person'>;

/** Who did it and where; undefined where Discord does not say. */
export function frameOf(
  { channel, guild_id, member, user }: APIInteraction,
  guildName: (id: string) => string | undefined,
): Frame | undefined {
  const actor = member?.user ?? user;
  if (channel === undefined || actor === undefined) return undefined;
  const person = userPerson(actor, member?.nick);
  const chat = chatRef(channel.id);
  if (guild_id === undefined)
    return { chat, workspace: `discord:user:${actor.id}`, chatTitle: person.name, isPrivate: true, person };
  const titles = [guildName(guild_id), 'name' in channel && channel.name ? `#${channel.name}` : undefined];
  const chatTitle = titles.filter(Boolean).join(' ') || 'Discord';
  return { chat, workspace: `discord:${guild_id}`, chatTitle, isPrivate: false, person };
}
