// Faithful: people write, send albums as single messages with one media_group_id and a caption on any of them, edit texts,
// captions and media for 48 hours, delete and react, and the bot hears of it as far as it may; a channel may speak in a
// supergroup that it does not belong to; what a channel posts is forwarded into its discussion group, where comments are
// replies to it. Only administrators are anonymous. Simplified: every member may do everything else. Missing: forwards,
// polls, joining and leaving by people.
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chat, Message, ReactionType, User } from 'grammy/types';
import {
  type AlbumItem,
  captionParts,
  createAppContent,
  type Place,
  type SentFile,
  type SentPhoto,
  textParts,
} from './app-content.ts';
import { isBotAdmin } from './chats.ts';
import type { Emulation } from './emulation.ts';
import {
  asReply,
  type ChatRef,
  type MessageParts,
  type MessageRef,
  placeParts,
  withoutContent,
} from './messages.ts';
import { doesBotSee } from './privacy.ts';
import { isReactionEmoji } from './reactions.ts';
import type { ChatEntry, StoredMessage } from './state.ts';
import type { World } from './world.ts';

export type AlbumOptions = Place & {
  /** Of the first item; each may have one of its own. */
  caption?: string;
  /** Real time between two items. */
  delayMs?: number;
  /** Awaited before each item after the first; gets the item's index. */
  gate?: (index: number) => Promise<void>;
};

/** Creates the functions by which people act. */
export function createPeople(emulation: Emulation, world: World) {
  const { state, clock, messages, updates, watch } = emulation;
  const content = createAppContent(emulation);
  const closed = new AbortController();

  const find = (message: MessageRef): StoredMessage => {
    const stored = messages.find(message.chat.id, message.message_id);
    if (!stored) throw new Error(`There is no message ${message.message_id} in chat ${message.chat.id}.`);
    return stored;
  };

  const post = (
    chat: ChatRef,
    from: User,
    parts: MessageParts,
    { replyTo, threadId, isAnonymous = false, asChannel, forwardedFrom }: Place,
  ): Message => {
    const entry = world.entryOf(chat);
    if (isAnonymous && !isAdministrator(entry, from))
      throw new Error(`${from.first_name} is no administrator, and only they are anonymous.`);
    if (asChannel === undefined) checkSender(entry, from);
    else if (entry.chat.type !== 'supergroup') throw new Error('Channels speak in supergroups alone.');
    const place = {
      ...(threadId === undefined ? {} : topicBeginning(entry, threadId)),
      ...placeParts(threadId, replyTo ? find(replyTo) : undefined),
      // A comment is in the thread of the post, which is no topic.
      ...(replyTo && find(replyTo).current.is_automatic_forward
        ? { message_thread_id: replyTo.message_id }
        : {}),
    };
    if (threadId !== undefined && !entry.topics.has(threadId))
      throw new Error(`There is no topic ${threadId} in this chat: make it with topic first.`);
    const behalf = asChannel ?? (isAnonymous ? entry.chat : undefined);
    const sender = asChannel !== undefined ? CHANNEL_BOT : isAnonymous ? GROUP_ANONYMOUS_BOT : from;
    const { current } = messages.post(entry, {
      from: sender,
      ...(behalf && { sender_chat: behalf }),
      ...(forwardedFrom && { forward_origin: { type: 'user', sender_user: forwardedFrom, date: 1 } }),
      ...parts,
      ...place,
    });
    entry.started = true;
    if (doesBotSee(state, entry, current))
      updates.push('message', { ...current, chat: entry.chat, from: sender });
    return current;
  };

  /** Apps let people edit for 48 hours: https://core.telegram.org/method/messages.editMessage */
  const edit = (message: MessageRef, from: User, next: Message): Message => {
    const stored = find(message);
    if (stored.current.from?.id !== from.id) throw new Error('People edit only their own messages.');
    if (clock.unixSeconds() - stored.current.date > EDITABLE_SECONDS)
      throw new Error('People edit their messages for 48 hours alone.');
    messages.edit(stored, next);
    tellEdited(stored);
    return stored.current;
  };

  const tellEdited = ({ chatId, current }: StoredMessage): void => {
    const entry = world.entryOf(chatId);
    const { from } = current;
    if (from !== undefined && doesBotSee(state, entry, current))
      updates.push('edited_message', { ...current, chat: entry.chat, from, edit_date: clock.unixSeconds() });
  };

  /** Telegram forwards a channel's post into its discussion group, pins it there, and comments reply to it. */
  const forwardPost = (group: ChatRef, channel: Chat.ChannelChat, parts: MessageParts): Message => {
    const entry = world.entryOf(group);
    if (entry.chat.type !== 'supergroup') throw new Error('Only a supergroup is a discussion group.');
    const origin = { type: 'channel' as const, chat: channel, message_id: 1, date: clock.unixSeconds() };
    const { current } = messages.post(entry, {
      from: TELEGRAM,
      sender_chat: channel,
      forward_origin: origin,
      is_automatic_forward: true,
      ...parts,
    });
    if (doesBotSee(state, entry, current))
      updates.push('message', { ...current, chat: entry.chat, from: TELEGRAM });
    return current;
  };

  const sendFile =
    (kind: 'video' | 'animation' | 'document') =>
    async (chat: ChatRef, from: User, file: SentFile): Promise<Message> =>
      post(chat, from, { ...(await content.file(kind, file)), ...captionParts(file.caption) }, file);

  return {
    find,

    async sendText(chat: ChatRef, from: User, text: string, place: Place = {}): Promise<Message> {
      return post(chat, from, textParts(text), place);
    },

    async sendPhoto(chat: ChatRef, from: User, photo: SentPhoto): Promise<Message> {
      return post(chat, from, { ...(await content.photo(photo)), ...captionParts(photo.caption) }, photo);
    },

    /** A channel posts a photo, which comes into its discussion group. */
    async postInChannel(group: ChatRef, channel: Chat.ChannelChat, photo: SentPhoto): Promise<Message> {
      return forwardPost(group, channel, { ...(await content.photo(photo)), ...captionParts(photo.caption) });
    },

    /** A sticker, a voice message, a place, a contact, a poll: what has neither text nor a file that can be posted. */
    async sendOther(chat: ChatRef, from: User, kind: OtherKind, place: Place = {}): Promise<Message> {
      return post(chat, from, OTHER_PARTS[kind] as unknown as MessageParts, place);
    },

    sendVideo: sendFile('video'),
    sendAnimation: sendFile('animation'),
    sendDocument: sendFile('document'),

    async sendAlbum(
      chat: ChatRef,
      from: User,
      items: AlbumItem[],
      options: AlbumOptions = {},
    ): Promise<Message[]> {
      checkAlbum(items);
      const contents: MessageParts[] = [];
      for (const item of items) {
        const media = item.type === 'photo' ? await content.photo(item) : await content.file(item.type, item);
        contents.push({ ...media, ...captionParts(item.caption) });
      }
      const groupId = String(randomInt(1e12, 2e14));
      const sent: Message[] = [];
      for (const [index, item] of contents.entries()) {
        if (index > 0 && options.delayMs) await pause(options.delayMs, undefined, { signal: closed.signal });
        if (index > 0) await options.gate?.(index);
        const caption = index === 0 ? captionParts(options.caption) : {};
        sent.push(post(chat, from, { ...item, ...caption, media_group_id: groupId }, options));
      }
      return sent;
    },

    /** A person changes the text or caption of an own message. */
    async editText(message: MessageRef, from: User, text: string): Promise<Message> {
      const { entities: _, caption: __, caption_entities: ___, ...rest } = find(message).current;
      const parts = rest.text === undefined ? captionParts(text) : textParts(text);
      return edit(message, from, { ...rest, ...parts });
    },

    /** A person puts another photo in place of what an own message shows; its caption stays. */
    async replacePhoto(message: MessageRef, from: User, photo: SentPhoto): Promise<Message> {
      const { current } = find(message);
      const { caption, caption_entities } = current;
      if (current.text !== undefined) throw new Error('A text does not become a photo.');
      const words = { ...(caption && { caption }), ...(caption_entities && { caption_entities }) };
      return edit(message, from, {
        ...withoutContent(current),
        ...(await content.photo(photo)),
        ...words,
      });
    },

    /** Telegram tells of a message as edited although nothing that a person wrote has changed, as it does at times. */
    repeatAsEdited(message: MessageRef) {
      tellEdited(find(message));
    },

    /** A person deletes a message; bots are not told. */
    async deleteMessage(message: MessageRef) {
      messages.remove(find(message));
    },

    /**
     * A person sets the reactions on a message, none to take them back; anonymous administrators act as the group.
     * `custom:<id>` is a custom emoji.
     */
    async react(
      message: MessageRef,
      from: User,
      emoji: string | string[],
      { isAnonymous = false } = {},
    ): Promise<void> {
      const stored = find(message);
      const entry = world.entryOf(stored.chatId);
      checkSender(entry, from);
      const next = [emoji].flat().map((each) => readReaction(entry, each));
      const actor = isAnonymous ? { actor_chat: entry.chat } : { user: from };
      const actorId = isAnonymous ? entry.chat.id : from.id;
      const old = stored.reactions.get(actorId) ?? [];
      stored.reactions.set(actorId, next);
      // Bots hear of people's reactions alone, and only as administrators, which they cannot be in a private chat.
      if (isBotAdmin(state, entry) && !from.is_bot)
        updates.push('message_reaction', {
          chat: entry.chat,
          message_id: stored.messageId,
          ...actor,
          date: clock.unixSeconds(),
          old_reaction: old,
          new_reaction: next,
        });
      watch.changed();
    },

    close: () => closed.abort(),
  };
}

const EDITABLE_SECONDS = 48 * 3_600;

/** The fake sender of messages that administrators write in the name of their group. */
const GROUP_ANONYMOUS_BOT: User = {
  id: 1087968824,
  is_bot: true,
  first_name: 'Group',
  username: 'GroupAnonymousBot',
};

/** The sender of what is forwarded from a channel into its discussion group. */
const TELEGRAM: User = { id: 777000, is_bot: false, first_name: 'Telegram' };

/** The fake sender of messages that people write as a channel of theirs. */
const CHANNEL_BOT: User = {
  id: 136817688,
  is_bot: true,
  first_name: 'Channel',
  username: 'Channel_Bot',
};

const FILE = { file_id: 'other-file', file_unique_id: 'other', file_size: 1_000 };
const LOCATION = { latitude: 52.5, longitude: 13.4 };

/** As an update shows them: https://core.telegram.org/bots/api#message */
const OTHER_PARTS = {
  sticker: {
    sticker: { ...FILE, type: 'regular', width: 512, height: 512, is_animated: false, is_video: false },
  },
  voice: { voice: { ...FILE, duration: 3, mime_type: 'audio/ogg' } },
  audio: { audio: { ...FILE, duration: 60, mime_type: 'audio/mpeg', title: 'Sea' } },
  location: { location: LOCATION },
  venue: { location: LOCATION, venue: { location: LOCATION, title: 'Beach', address: 'Sea 1' } },
  contact: { contact: { phone_number: '+491', first_name: 'Kim' } },
  poll: {
    poll: {
      id: '1',
      question: 'Sea?',
      options: [],
      total_voter_count: 0,
      is_closed: false,
      is_anonymous: true,
      type: 'regular',
      allows_multiple_answers: false,
    },
  },
  dice: { dice: { emoji: '🎲', value: 4 } },
  pinned: { pinned_message: { message_id: 1, date: 0, chat: { id: 1, type: 'private', first_name: 'Ana' } } },
} as const satisfies Record<string, object>;

export type OtherKind = keyof typeof OTHER_PARTS;

export type People = ReturnType<typeof createPeople>;

/** A message of a topic that answers nothing comes as a reply to the service message that began the topic. */
function topicBeginning({ chat, members, topics }: ChatEntry, threadId: number): MessageParts {
  const begun = { name: topics.get(threadId) ?? '', icon_color: 7322096 as const };
  const from = [...members.values()].find(({ user }) => !user.is_bot)?.user;
  const place = { message_id: threadId, message_thread_id: threadId, is_topic_message: true as const };
  const message = { ...place, chat, date: 0, ...(from && { from }), forum_topic_created: begun };
  return { reply_to_message: asReply({ current: message }) };
}

const isAdministrator = ({ members }: ChatEntry, { id }: User): boolean =>
  ['administrator', 'creator'].includes(members.get(id)?.status ?? '');

function checkSender({ chat, members, blocked, migratedToChatId }: ChatEntry, from: User) {
  if (migratedToChatId !== undefined) throw new Error(`This group moved to ${migratedToChatId}.`);
  if (blocked) throw new Error(`${from.first_name} blocked the bot and would have to unblock it first.`);
  if (!members.has(from.id))
    throw new Error(`${from.first_name} is not in ${chat.title ?? 'this private chat'}.`);
}

function checkAlbum(items: AlbumItem[]) {
  if (items.length < 2 || items.length > 10) throw new Error('An album has 2 to 10 items.');
  const documents = items.filter(({ type }) => type === 'document').length;
  if (documents > 0 && documents < items.length)
    throw new Error('Documents do not mix with photos and videos: the app sends them as separate albums.');
}

function readReaction({ availableReactions }: ChatEntry, emoji: string): ReactionType {
  const [, customId] = /^custom:(\d+)$/.exec(emoji) ?? [];
  if (customId !== undefined && availableReactions === undefined)
    return { type: 'custom_emoji', custom_emoji_id: customId };
  if (!isReactionEmoji(emoji)) throw new Error(`${emoji} is not among the reactions that people can pick.`);
  if (availableReactions?.some((each) => each.type === 'emoji' && each.emoji === emoji) === false)
    throw new Error(`The administrators of this chat do not allow ${emoji}.`);
  return { type: 'emoji', emoji };
}
