import type { WireComponent, WireMessage } from '../../emulators/discord/index.ts';
import type { PlayedPerson } from '../people.ts';
import type { Playground } from '../playground.ts';
import type { DiscordMessage, DiscordView } from './shapes.ts';

const MAX_SHOWN = 120;
const LOADING = 1 << 7;
const IS_COMPONENTS_V2 = 1 << 15;

/** What one person sees of Discord: #posts and what Nod has sent them directly, oldest message first. */
export function viewDiscord({ discord, people }: Playground, me: PlayedPerson): DiscordView {
  const { state } = discord;
  const myId = me.discord.id;
  const dm = [...state.channels.values()].find(({ recipientId }) => recipientId === myId);
  const channels = [
    { id: people.posts.id, name: 'posts', isDirect: false },
    ...(dm === undefined ? [] : [{ id: dm.channel.id, name: 'Nod', isDirect: true }]),
  ];
  const guild = state.guilds.get(discord.studio.id);
  return {
    server: discord.studio.name,
    botId: state.bot.id,
    me: myId,
    channels: channels.map((channel) => ({
      ...channel,
      messages: discord
        .messagesFor(channel.id, me.discord)
        .slice(-MAX_SHOWN)
        .map((message) => viewMessage(message, discord.state, myId)),
    })),
    people: [...(guild?.members.keys() ?? [])].map((id) => ({
      id,
      name: id === state.bot.id ? state.bot.username : (state.users.get(id)?.user.global_name ?? id),
    })),
    roles: [...(guild?.roles.values() ?? [])]
      .filter(({ managed, name }) => !managed && !name.startsWith('of '))
      .map(({ id, name }) => ({ id, name })),
    commands: state.commands
      .filter(({ type }) => type === 1)
      .map(({ request: { name, description, options } }) => ({ name, description, options: options ?? [] })),
    messageCommands: state.commands.filter(({ type }) => type === 3).map(({ request }) => request.name),
  };
}

function viewMessage(
  message: WireMessage,
  { messages }: Playground['discord']['state'],
  myId: string,
): DiscordMessage {
  const { author, interaction_metadata: used, referenced_message: replied, flags } = message;
  const stored = messages.get(message.id);
  return {
    id: message.id,
    author: { id: author.id, name: author.global_name ?? author.username, isBot: author.bot ?? false },
    isMine: author.id === myId,
    at: Date.parse(message.timestamp),
    isEdited: message.edited_timestamp !== null && message.interaction_metadata === undefined,
    content: message.content,
    isAlone: stored?.ephemeralFor !== undefined,
    isThinking: (flags & LOADING) !== 0,
    isV2: (flags & IS_COMPONENTS_V2) !== 0,
    usedCommand:
      used?.type === 2 && used.name !== undefined
        ? { name: used.name, by: used.user.global_name ?? '' }
        : undefined,
    replyTo: replied
      ? {
          id: replied.id,
          name: replied.author.global_name ?? replied.author.username,
          text: (textOf(replied) || 'Click to see the message').slice(0, 120),
        }
      : undefined,
    attachments: message.attachments.map(({ id, filename, size, content_type: type, width, height }) => ({
      url: mediaUrl(id),
      name: filename,
      bytes: size,
      type: type ?? '',
      width,
      height,
    })),
    embeds: message.embeds,
    components: message.components.map(viewComponent),
    reactions: (stored?.reactions ?? []).map(({ emoji, users }) => ({
      emoji: emoji.name ?? '',
      count: users.size,
      isMine: users.has(myId),
    })),
  };
}

const mediaUrl = (id: string): string => `/media/discord/${encodeURIComponent(id)}`;

/** A component with the playground's own addresses in place of Discord's signed ones, which are new each time. */
function viewComponent(component: WireComponent): WireComponent {
  const media = <T extends { attachment_id?: string; url: string }>(medium: T): T =>
    medium.attachment_id === undefined
      ? medium
      : { ...medium, url: mediaUrl(medium.attachment_id), proxy_url: mediaUrl(medium.attachment_id) };
  return {
    ...component,
    ...(component.components && { components: component.components.map(viewComponent) }),
    ...(component.accessory && { accessory: viewComponent(component.accessory) }),
    ...(component.items && {
      items: component.items.map((item) => ({ ...item, media: media(item.media) })),
    }),
    ...(component.media && { media: media(component.media) }),
    ...(component.file && { file: media(component.file) }),
  };
}

function textOf({ content, components }: WireMessage): string {
  const texts = (all: readonly WireComponent[]): string[] =>
    all.flatMap(({ content = '', components: inner = [] }) => [content, ...texts(inner)]);
  return [content, ...texts(components)].filter(Boolean).join(' ').replaceAll(/[*`]/g, '');
}
