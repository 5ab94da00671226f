import type { APIInteraction } from 'discord.js';
import type { Person } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { ChatEvent } from '../platform.ts';
import { chatRef, userPerson } from './ids.ts';

/** What all events of an interaction or a reaction have in common. */
export type Frame = Pick<
  ChatEvent,
  'chat' | 'workspace' | 'chatTitle' | 'workspaceTitle' | 'isPrivate' | 'person' | 'handle' | 'locale'
>;

type GuildName = (id: string) => string | undefined;

interface Place {
  readonly channelId: string;
  /** Absent in direct messages. */
  readonly guildId: string | undefined;
  readonly channelName: string | undefined;
}

/** Who did it and where; undefined where Discord does not say. */
export function frameOf(interaction: APIInteraction, guildName: GuildName): Frame | undefined {
  const { channel, guild_id: guildId, member, user } = interaction;
  const actor = member?.user ?? user;
  if (channel === undefined || actor === undefined) return undefined;
  const channelName = 'name' in channel ? (channel.name ?? undefined) : undefined;
  const frame = frameIn(
    { channelId: channel.id, guildId, channelName },
    userPerson(actor, member?.nick),
    guildName,
  );
  const locale = 'locale' in interaction ? interaction.locale : undefined;
  return { ...frame, handle: `@${actor.username}`, locale };
}

/** That we were added to a server. Discord does not say by whom, so it counts as done by nobody but the server. */
export function fromJoining(
  { guildId, channelId, channelName }: { guildId: string; channelId: string; channelName: string },
  guildName: GuildName,
): ChatEvent {
  const server = { id: `discord:${guildId}`, name: plainName(guildName(guildId) ?? '') };
  const frame = frameIn({ channelId, guildId, channelName }, server, guildName);
  return { ...frame, id: `joined:${guildId}`, type: 'rights', isPresent: true, isAdded: true };
}

/** What this person does in this place. */
export function frameIn(
  { channelId, guildId, channelName }: Place,
  person: Person,
  guildName: GuildName,
): Frame {
  const chat = chatRef(channelId);
  if (guildId === undefined) {
    const workspace = person.id.replace(':', ':user:');
    return { chat, workspace, chatTitle: person.name, isPrivate: true, person };
  }
  const workspaceTitle = plainName(guildName(guildId) ?? '');
  const channel = plainName(channelName ?? '');
  const titles = [workspaceTitle, channel && `#${channel}`];
  const chatTitle = titles.filter(Boolean).join(' ') || 'Discord';
  return {
    chat,
    workspace: `discord:${guildId}`,
    chatTitle,
    workspaceTitle,
    isPrivate: false,
    person,
  };
}
