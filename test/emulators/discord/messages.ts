// Faithful: message objects with links made anew each time, events of what happens to messages, content hidden without
// its intent (https://discord.com/developers/docs/resources/message). Simplified: embeds are kept as sent. Missing:
// pins, threads, stickers, polls, previews of links.

import type { Watch } from '../watch.ts';
import type { VirtualClock } from './clock.ts';
import { presentComponents } from './components-wire.ts';
import type { Files } from './files.ts';
import { memberWire, userOf } from './guild-wire.ts';
import { hasMentionOf } from './mentions.ts';
import type { Reader, Sessions } from './sessions.ts';
import type { Snowflakes } from './snowflake.ts';
import type { MessageContent, State, StoredMessage } from './state.ts';
import type { WireMessage, WireReaction } from './wire.ts';

export type NewMessage = Pick<StoredMessage, 'channelId' | 'authorId' | 'pings'> &
  Partial<
    Pick<
      StoredMessage,
      'type' | 'ephemeralFor' | 'interactionId' | 'metadata' | 'reference' | 'nonce' | 'allowedMentions'
    >
  > & { content: MessageContent };

const NONCE_LIFETIME_MS = 5 * 60_000;
/** People see everything. */
export const EVERYTHING: Reader = { seesContent: true };

type Parts = {
  state: State;
  clock: VirtualClock;
  ids: Snowflakes;
  files: Files;
  sessions: Sessions;
  watch: Watch;
};

/** Creates the store of messages, which tells the gateway of every change. */
export function createMessages(parts: Parts) {
  const { state, clock, ids, files, sessions, watch } = parts;

  const wire = (stored: StoredMessage, reader: Reader): WireMessage => {
    const { current } = stored;
    const isOpen = reader.seesContent || isOpenToBot(state, stored);
    const referenced = stored.reference ? state.messages.get(stored.reference.message_id) : undefined;
    return {
      id: stored.id,
      channel_id: stored.channelId,
      type: stored.type,
      author: userOf(state, stored.authorId),
      content: isOpen ? current.content : '',
      timestamp: clock.iso(stored.createdAtMs),
      edited_timestamp: stored.editedAtMs === undefined ? null : clock.iso(stored.editedAtMs),
      tts: false,
      mention_everyone: stored.pings.everyone,
      mentions: stored.pings.users.map((id) => userOf(state, id)),
      mention_roles: stored.pings.roles,
      attachments: isOpen
        ? current.attachments.map(({ file, description }) => files.attachment(file, description))
        : [],
      embeds: isOpen ? current.embeds : [],
      components: isOpen ? presentComponents(current, files) : [],
      flags: current.flags,
      pinned: false,
      ...(isOpen ? current.extras : {}),
      ...(stored.reactions.length > 0 ? { reactions: reactionsWire(state, stored) } : {}),
      ...(stored.nonce === undefined ? {} : { nonce: stored.nonce }),
      ...(stored.authorId === state.bot.id ? { application_id: state.applicationId } : {}),
      ...(stored.metadata ? { webhook_id: state.applicationId, interaction_metadata: stored.metadata } : {}),
      ...(stored.reference
        ? {
            message_reference: stored.reference,
            // A forward carries a snapshot in its place.
            ...(stored.reference.type === 0
              ? {
                  referenced_message:
                    referenced && !referenced.deletedAtMs ? quote(referenced, reader) : null,
                }
              : {}),
          }
        : {}),
    };
  };

  /** A quoted message does not quote in turn. */
  const quote = ({ reference: _, ...stored }: StoredMessage, reader: Reader) => wire(stored, reader);

  /** Guild messages come with their guild and the author's member. */
  const eventExtras = ({ channelId, authorId }: StoredMessage) => {
    const guildId = state.channels.get(channelId)?.guildId;
    const member = guildId ? state.guilds.get(guildId)?.members.get(authorId) : undefined;
    const { user: _, ...standing } = member ? memberWire(parts, member) : { user: undefined };
    return { ...(guildId ? { guild_id: guildId } : {}), ...(member ? { member: standing } : {}) };
  };

  const announce = (event: 'MESSAGE_CREATE' | 'MESSAGE_UPDATE', stored: StoredMessage) => {
    if (stored.ephemeralFor === undefined)
      sessions.dispatch(event, (reader: Reader) => ({ ...wire(stored, reader), ...eventExtras(stored) }), {
        isDm: !state.channels.get(stored.channelId)?.guildId,
      });
    watch.changed();
  };

  const inChannel = (channelId: string): StoredMessage[] =>
    [...state.messages.values()].filter(
      (stored) => stored.channelId === channelId && stored.deletedAtMs === undefined,
    );

  return {
    wire,
    inChannel,

    create({ content, type = 0, ...rest }: NewMessage): StoredMessage {
      const atMs = clock.now();
      const stored: StoredMessage = {
        id: ids.next(),
        type,
        ...rest,
        current: content,
        versions: [{ atMs, message: content }],
        createdAtMs: atMs,
        reactions: [],
      };
      state.messages.set(stored.id, stored);
      const channel = state.channels.get(stored.channelId)?.channel;
      if (channel && stored.ephemeralFor === undefined) channel.last_message_id = stored.id;
      announce('MESSAGE_CREATE', stored);
      return stored;
    },

    edit(stored: StoredMessage, content: MessageContent) {
      for (const { file } of stored.current.attachments)
        if (!content.attachments.some((kept) => kept.file === file)) file.isDeleted = true;
      stored.current = content;
      stored.editedAtMs = clock.now();
      stored.versions.push({ atMs: clock.now(), message: content });
      announce('MESSAGE_UPDATE', stored);
    },

    remove(stored: StoredMessage) {
      stored.deletedAtMs = clock.now();
      for (const { file } of stored.current.attachments) file.isDeleted = true;
      const { id, channelId } = stored;
      const guildId = state.channels.get(channelId)?.guildId;
      if (stored.ephemeralFor === undefined)
        sessions.dispatch(
          'MESSAGE_DELETE',
          { id, channel_id: channelId, ...(guildId ? { guild_id: guildId } : {}) },
          { isDm: !guildId },
        );
      watch.changed();
    },

    /** A message as channel routes know it: neither deleted nor ephemeral. */
    find(channelId: string, id: string): StoredMessage | undefined {
      const stored = state.messages.get(id);
      const isThere = stored?.channelId === channelId && stored.deletedAtMs === undefined;
      return isThere && stored.ephemeralFor === undefined ? stored : undefined;
    },

    /** The message an author already sent with this nonce within the last few minutes. */
    byNonce(authorId: string, nonce: string | number): StoredMessage | undefined {
      return [...state.messages.values()].find(
        (stored) =>
          stored.authorId === authorId &&
          stored.nonce === nonce &&
          stored.createdAtMs > clock.now() - NONCE_LIFETIME_MS,
      );
    },
  };
}

export type Messages = ReturnType<typeof createMessages>;

/** Without the intent a bot reads its own messages, direct ones and those that mention it. */
function isOpenToBot({ bot, channels }: State, stored: StoredMessage): boolean {
  const isDm = !channels.get(stored.channelId)?.guildId;
  return isDm || stored.authorId === bot.id || hasMentionOf(stored.current, bot.id);
}

function reactionsWire({ bot }: State, { reactions }: StoredMessage): WireReaction[] {
  return reactions.map(({ emoji, users }) => {
    const all = [...users.values()].flat();
    const burst = all.filter(({ isBurst }) => isBurst).length;
    const mine = users.get(bot.id) ?? [];
    return {
      emoji,
      count: all.length,
      count_details: { burst, normal: all.length - burst },
      me: mine.some(({ isBurst }) => !isBurst),
      me_burst: mine.some(({ isBurst }) => isBurst),
      burst_colors: [],
    };
  });
}
