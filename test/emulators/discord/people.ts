// Faithful: people write with files and replies, edit, delete and react, as far as they may. Simplified: custom emoji
// are not checked, the previews of links come with the message. Missing: votes in polls.
import type { Emulation } from './emulation.ts';
import type { UploadFile } from './files.ts';
import { pingsOf } from './mentions.ts';
import { EVERYTHING } from './messages.ts';
import { PERMISSIONS, type PermissionName } from './permissions.ts';
import { addReaction, clearReactions, reactionsWith, readEmoji, removeReaction } from './reactions.ts';
import { mentionScope, sendRight, uploadLimit, userPermissions } from './standing.ts';
import type { ChannelEntry, StoredMessage } from './state.ts';
import type { WireMessage } from './wire.ts';
import { idOf, type Ref, type World } from './world.ts';

export type NewPost = {
  content?: string;
  files?: UploadFile[];
  replyTo?: Ref;
  /** Names of stickers. */
  stickers?: string[];
  /** Its question. */
  poll?: string;
  /** What Discord shows of the links in the text, or an app beside it. */
  embeds?: { type: string; url?: string }[];
  /** A message that is forwarded, in place of everything else. */
  forwards?: Ref;
};

/** Creates the functions by which people act outside of interactions. */
export function createPeople(emulation: Emulation, world: World) {
  const { state, messages } = emulation;
  const access = createAccess(emulation);

  return {
    async sendMessage(channel: Ref, user: Ref, post: string | NewPost): Promise<WireMessage> {
      const {
        content = '',
        files = [],
        replyTo,
        stickers = [],
        poll,
        embeds = [],
        forwards,
      }: NewPost = typeof post === 'string' ? { content: post } : post;
      const entry = world.channelOf(channel);
      const authorId = idOf(user);
      access.require(entry, authorId, [
        sendRight(entry),
        ...(files.length > 0 ? (['ATTACH_FILES'] as const) : []),
      ]);
      const replied = replyTo ? access.find(replyTo, authorId) : undefined;
      const attachments = await Promise.all(
        files.map(async (file) => ({ file: await upload(entry, authorId, file) })),
      );
      const forwarded = forwards === undefined ? undefined : access.find(forwards, authorId);
      const extras = {
        ...(stickers.length > 0
          ? { sticker_items: stickers.map((name) => ({ id: emulation.ids.next(), name, format_type: 1 })) }
          : {}),
        ...(poll === undefined ? {} : { poll: { question: { text: poll }, answers: [] } }),
        ...(forwarded === undefined
          ? {}
          : { message_snapshots: [{ message: snapshotOf(messages.wire(forwarded, EVERYTHING)) }] }),
      };
      const body = { content, embeds, components: [], flags: 0, attachments, extras };
      const scope = mentionScope(emulation, entry, {
        senderId: authorId,
        allowed: undefined,
        repliedUserId: replied?.authorId,
      });
      const stored = messages.create({
        channelId: entry.channel.id,
        authorId,
        content: body,
        pings: pingsOf(body, scope),
        ...(replied
          ? { type: 19, reference: { type: 0, message_id: replied.id, channel_id: replied.channelId } }
          : {}),
        ...(forwarded
          ? { reference: { type: 1, message_id: forwarded.id, channel_id: forwarded.channelId } }
          : {}),
      });
      return messages.wire(stored, EVERYTHING);
    },

    /** A person changes the text of an own message. */
    editMessage(message: Ref, user: Ref, content: string): WireMessage {
      const stored = access.find(message, idOf(user));
      if (stored.authorId !== idOf(user)) throw new Error('People edit only their own messages.');
      messages.edit(stored, { ...stored.current, content });
      return messages.wire(stored, EVERYTHING);
    },

    /** A person deletes an own message, or with Manage Messages any. */
    deleteMessage(message: Ref, user: Ref) {
      const stored = access.find(message, idOf(user));
      if (stored.authorId !== idOf(user))
        access.require(world.channelOf(stored.channelId), idOf(user), ['MANAGE_MESSAGES']);
      messages.remove(stored);
    },

    /** A person reacts; with `burst` by a super reaction. Joining a reaction needs no permission to add one. */
    react(message: Ref, emoji: string, user: Ref, { burst = false } = {}) {
      const stored = access.find(message, idOf(user));
      if (stored.ephemeralFor !== undefined) throw new Error('Nobody can react to an ephemeral message.');
      const wire = readEmoji(emoji);
      const isFirst = !reactionsWith(stored, wire);
      access.require(world.channelOf(stored.channelId), idOf(user), [
        'READ_MESSAGE_HISTORY',
        ...(isFirst ? (['ADD_REACTIONS'] as const) : []),
      ]);
      addReaction(emulation, stored, { userId: idOf(user), emoji: wire, isBurst: burst });
    },

    /** A person takes the reactions with an emoji back; with `burst` told, only those of that kind. */
    unreact(message: Ref, emoji: string, user: Ref, { burst }: { burst?: boolean } = {}) {
      const stored = access.find(message, idOf(user));
      removeReaction(emulation, stored, {
        userId: idOf(user),
        emoji: readEmoji(emoji),
        ...(burst === undefined ? {} : { isBurst: burst }),
      });
    },

    /** A person with Manage Messages clears all reactions, or those with one emoji. */
    clearReactions(message: Ref, user: Ref, emoji?: string) {
      const stored = access.find(message, idOf(user));
      access.require(world.channelOf(stored.channelId), idOf(user), ['MANAGE_MESSAGES']);
      clearReactions(emulation, stored, emoji === undefined ? undefined : readEmoji(emoji));
    },

    /** A person opens or closes their direct messages for bots. */
    setDmsClosed(user: Ref, isClosed: boolean) {
      const entry = state.users.get(idOf(user));
      if (entry) entry.hasDmsClosed = isClosed;
    },
  };

  function upload(entry: ChannelEntry, userId: string, file: UploadFile) {
    access.checkSize(entry, userId, file);
    return emulation.files.add(file, { folderId: entry.channel.id });
  }
}

/** What a forward keeps of a message. */
function snapshotOf(message: WireMessage): Partial<WireMessage> {
  const { type, content, embeds, attachments, timestamp, edited_timestamp, flags } = message;
  const { mentions, mention_roles, sticker_items, components } = message;
  return {
    ...{ type, content, embeds, attachments, timestamp, edited_timestamp, flags, mentions, mention_roles },
    ...(sticker_items === undefined ? {} : { sticker_items }),
    components,
  };
}

export type People = ReturnType<typeof createPeople>;

/** Creates the checks of what a person sees and may do; what they may not throws plain errors. */
export function createAccess(emulation: Emulation) {
  const { state } = emulation;
  const nameOf = (userId: string) => state.users.get(userId)?.user.global_name ?? userId;

  const require = (entry: ChannelEntry, userId: string, names: readonly PermissionName[]) => {
    const permissions = userPermissions(emulation, entry, userId);
    const missing = (['VIEW_CHANNEL', ...names] as const).filter(
      (name) => !(permissions & PERMISSIONS[name]),
    );
    if (missing.length > 0)
      throw new Error(
        `${nameOf(userId)} lacks ${missing.join(', ')} in ${entry.channel.name ?? 'this channel'}.`,
      );
  };

  return {
    require,
    nameOf,

    /** A message that a person can see. */
    find(message: Ref, userId: string): StoredMessage {
      const stored = state.messages.get(idOf(message));
      if (!stored || stored.deletedAtMs !== undefined)
        throw new Error(`There is no message ${idOf(message)}, or not any more.`);
      if (stored.ephemeralFor !== undefined && stored.ephemeralFor !== userId)
        throw new Error(`Only ${nameOf(stored.ephemeralFor)} sees this message, not ${nameOf(userId)}.`);
      const entry = state.channels.get(stored.channelId);
      if (!entry) throw new Error('The channel of this message is gone.');
      require(entry, userId, []);
      return stored;
    },

    /** The app refuses larger files before the bot hears of them. */
    checkSize(entry: ChannelEntry, userId: string, { size, bytes }: UploadFile) {
      const limit = uploadLimit(emulation, entry, userId);
      const length = size ?? bytes?.byteLength ?? 0;
      if (length > limit)
        throw new Error(`Your files are too powerful: ${length} bytes, the limit is ${limit} bytes.`);
    },
  };
}

export type Access = ReturnType<typeof createAccess>;
