import type { CallbackQuery, Message, Update, User } from 'grammy/types';
import { readLinks } from '../../core/links/read-links.ts';
import type { Person } from '../../core/people.ts';
import type { ChatEvent, ChatEventOf } from '../platform.ts';
import { asksToPost, type Command, type Me, readAddress, readCommand, repliesToUs } from './addressing.ts';
import { type Address, type Albums, givenBy, type TakenItem } from './albums.ts';
import { hasMedia, isLikelyPost, offeredFile } from './files.ts';
import { chatRef, chatTitle, messageRef, senderPerson, userPerson, workspaceRef } from './ids.ts';
import { fromJoining, fromMove, fromReaction, fromReopening, fromRights } from './reactions.ts';

/**
 * The kinds of updates that we ask for, always by name: an empty list means Telegram's default, a missing one
 * whatever was asked for last (https://core.telegram.org/bots/api#getupdates).
 */
export const ALLOWED_UPDATES = [
  'message',
  'edited_message',
  'callback_query',
  'message_reaction',
  'my_chat_member',
] as const;

export interface TranslatorOptions {
  readonly me: Me;
  readonly albums: Albums;
  readonly maxFileBytes: number;
  /** The commands that we have registered; in groups others are somebody else's. */
  readonly commands: readonly string[];
  readonly answerPress: (queryId: string, note?: string) => Promise<void>;
}

/**
 * Makes a translator from Telegram's updates into chat events; most updates of a group give none.
 *
 * In a private chat everything counts. In a group the bot may see every message (as an administrator) or only what
 * is meant for it (privacy mode, https://core.telegram.org/bots/features#privacy-mode), so only what addresses us
 * counts: our commands, texts that mention us or answer us, media whose caption mentions us or begins with /post
 * or /tiktok, media that answer us, media that such a command replies to, and the rest of an album of which one item counts.
 * An edit counts whatever it says: it may have taken the address away.
 */
export function createTranslator(options: TranslatorOptions) {
  const { me } = options;

  function translate(update: Update): ChatEvent[] {
    const {
      message,
      edited_message: edited,
      callback_query: query,
      message_reaction: reaction,
      my_chat_member: change,
    } = update;
    if (query !== undefined) return fromPress(update.update_id, query, options.answerPress);
    if (reaction !== undefined) return fromReaction(update.update_id, reaction);
    if (change !== undefined) return fromRights(update.update_id, change);
    if (edited !== undefined) return fromEdit(update.update_id, edited);
    if (message === undefined || message.is_automatic_forward === true) return [];
    if (message.forum_topic_reopened !== undefined) return fromReopening(update.update_id, message);
    if (message.migrate_from_chat_id !== undefined) return fromMove(update.update_id, message);
    if (message.new_chat_members?.some(({ id }) => id === me.id))
      return fromJoining(update.update_id, message);
    return hasMedia(message) ? fromMedia(update.update_id, message) : fromText(update.update_id, message);
  }

  function fromMedia(updateId: number, message: Message): ChatEvent[] {
    const { isForUs } = readAddress(message.caption ?? '', message.caption_entities ?? [], me);
    const answers = repliesToUs(message, me) ? 'reply' : undefined;
    const address: Address | undefined = isForUs || message.chat.type === 'private' ? 'named' : answers;
    const item = { updateId, message };
    const alone = address === undefined ? [] : [{ ...item, address }];
    const items = message.media_group_id === undefined ? alone : options.albums.take(item, address);
    return items.length === 0 ? overheard(updateId, message) : items.flatMap((taken) => mediaEvent(taken));
  }

  /** A photo or a video of a person's own; what is forwarded, or says that it is for another bot, is talk of others. */
  function overheard(updateId: number, message: Message): ChatEvent[] {
    const frame = frameOf(updateId, message);
    const isTalk = isForwarded(message) || readCommand(message.caption ?? '', me) !== undefined;
    if (frame === undefined || isTalk || !isLikelyPost(message)) return [];
    return [{ ...frame, type: 'overheard', message: messageRef(message) }];
  }

  /** The media that a command replies to, and what is known of their album; what the command says is the caption of all. */
  function fromPostCommand(
    updateId: number,
    command: Message,
    media: Message,
    argument: string,
  ): ChatEvent[] {
    const item = { updateId, message: media };
    const isCaptioned = argument !== '';
    const isAlbum = media.media_group_id !== undefined;
    const items = isAlbum
      ? options.albums.takeAll(item, { isCaptioned })
      : [{ ...item, address: 'named' as const }];
    return items.flatMap((taken) => {
      const isReplied = taken.message.message_id === media.message_id;
      const caption = { text: argument, messageId: command.message_id };
      return mediaEvent(taken, {
        caption: isReplied && isCaptioned ? caption : undefined,
        isAlbumPart: isAlbum && items.length === 1,
      });
    });
  }

  function mediaEvent(
    { updateId, message, address }: TakenItem,
    given: { caption?: { text: string; messageId: number } | undefined; isAlbumPart?: boolean } = {},
  ): ChatEventOf<'media'>[] {
    const file = offeredFile(message, options.maxFileBytes);
    const frame = frameOf(updateId, message);
    if (file === undefined || frame === undefined) return [];
    const typed = readAddress(message.caption ?? '', message.caption_entities ?? [], me).text;
    const caption = given.caption?.text ?? typed;
    const answered = repliesToUs(message, me) ? message.reply_to_message : undefined;
    const event: ChatEventOf<'media'> = {
      ...frame,
      type: 'media',
      replyTo: answered && { ...messageRef(answered), chat: frame.chat },
      isOnlyReply: address === 'reply' ? true : undefined,
      messageId: String(message.message_id),
      order: message.message_id,
      file,
      caption: caption === '' ? undefined : caption,
      captionFrom: given.caption && String(given.caption.messageId),
      album: message.media_group_id,
      isAlbumPart: given.isAlbumPart ? true : undefined,
      isForwarded: isForwarded(message) ? true : undefined,
    };
    return [event];
  }

  /** Telegram tells of an edit also where nothing that people wrote has changed. */
  function fromEdit(updateId: number, message: Message): ChatEvent[] {
    if (message.media_group_id !== undefined) options.albums.noteEdit(message);
    const frame = frameOf(updateId, message);
    if (frame === undefined || isForwarded(message)) return [];
    const words = message.text ?? message.caption ?? '';
    const { text, isForUs } = readAddress(words, message.entities ?? message.caption_entities ?? [], me);
    const file = offeredFile(message, options.maxFileBytes);
    // In a private chat everything was offered before it was edited.
    const isAlbumPart = message.media_group_id !== undefined;
    const item = { updateId, message, address: 'named' as const };
    const [offer] = isForUs && !frame.isPrivate ? mediaEvent(item, { isAlbumPart }) : [];
    const messageId = String(message.message_id);
    return [{ ...frame, type: 'edit', messageId, text, file, offer }];
  }

  function fromText(updateId: number, message: Message): ChatEvent[] {
    const frame = frameOf(updateId, message);
    if (frame === undefined) return [];
    if (message.text === undefined) return fromOther(frame, message);
    // What somebody passes on is no order of theirs.
    const command = isForwarded(message) ? undefined : readCommand(message.text, me);
    if (command === 'elsewhere') return [];
    if (command === undefined) return fromProse(frame, message, message.text);
    const media = asksToPost(command) ? mediaRepliedTo(message) : undefined;
    const said = readAddress(message.text, message.entities ?? [], me).text;
    if (media !== undefined) return fromPostCommand(updateId, message, media, said);
    const linked = asksToPost(command) ? linksOf(message, said) : undefined;
    if (linked !== undefined) return [{ ...frame, ...linked, type: 'text', isToPost: true }];
    if (!frame.isPrivate && !command.named && !isOurs(command)) return [];
    const { name, argument } = command;
    const target = personRepliedTo(message);
    return [{ ...frame, type: 'command', name, argument, message: messageRef(message), target }];
  }

  function fromProse(frame: Frame, message: Message, text: string): ChatEvent[] {
    const answered = repliesToUs(message, me) ? message.reply_to_message : undefined;
    const address = readAddress(text, message.entities ?? [], me);
    if (!frame.isPrivate && answered === undefined && !address.isForUs) return [];
    // A quoted message comes without its topic; it is in the one of the reply.
    const replyTo = answered && { ...messageRef(answered), chat: frame.chat };
    const { message_id: order } = message;
    const isToPost = !frame.isPrivate && address.isForUs && !isForwarded(message) ? true : undefined;
    return [
      { ...frame, type: 'text', text: address.text, messageId: String(order), order, isToPost, replyTo },
    ];
  }

  const isOurs = (command: Command): boolean =>
    asksToPost(command) || command.name === 'start' || options.commands.includes(command.name);

  return translate;
}

/** What somebody sends us alone that can be no part of a post; nothing for service messages. */
function fromOther(frame: Frame, message: Message): ChatEvent[] {
  const found = OTHER_KINDS.find(([field]) => message[field] !== undefined);
  if (found === undefined || !frame.isPrivate) return [];
  return [{ ...frame, type: 'untakeable', what: found[1] }];
}

/** A venue sets `location` as well. */
const OTHER_KINDS = [
  ['sticker', 'sticker'],
  ['voice', 'sound'],
  ['audio', 'sound'],
  ['venue', 'place'],
  ['location', 'place'],
  ['contact', 'contact'],
  ['poll', 'poll'],
  ['story', 'story'],
  ['dice', 'other'],
  ['game', 'other'],
  ['paid_media', 'other'],
  ['checklist', 'other'],
] as const satisfies readonly [keyof Message, ChatEventOf<'untakeable'>['what']][];

type Frame = Pick<
  ChatEvent,
  'id' | 'chat' | 'workspace' | 'chatTitle' | 'isPrivate' | 'person' | 'handle' | 'locale'
>;

function frameOf(updateId: number, message: Message): Frame | undefined {
  const person = senderPerson(message);
  if (person === undefined) return undefined;
  return {
    id: String(updateId),
    chat: chatRef(message),
    workspace: workspaceRef(message.chat),
    chatTitle: chatTitle(message.chat),
    isPrivate: message.chat.type === 'private',
    person,
    handle: message.sender_chat === undefined ? handleOf(message.from) : undefined,
  };
}

const handleOf = (user: User | undefined): string | undefined => user?.username && `@${user.username}`;

/** Whether the words are somebody else's: passed on, or made by another bot. */
const isForwarded = ({ forward_origin, via_bot }: Message): boolean =>
  forward_origin !== undefined || via_bot !== undefined;

/** Who wrote what a command replies to; nobody when that was a bot. */
function personRepliedTo({ reply_to_message: answered }: Message): Person | undefined {
  // A message of a topic that answers nothing replies to the topic's beginning.
  return answered === undefined || answered.forum_topic_created !== undefined
    ? undefined
    : senderPerson(answered);
}

/** The text with the links that a command asks to post: its own, or that of the message which it replies to. */
function linksOf(
  { message_id: order, reply_to_message: answered }: Message,
  said: string,
): Pick<ChatEventOf<'text'>, 'text' | 'messageId' | 'order'> | undefined {
  if (readLinks(said).links.length > 0) return { text: said, messageId: String(order), order };
  const { text, message_id: answeredOrder = order } = answered ?? {};
  const { links, rest } = readLinks(text ?? '');
  if (links.length === 0) return undefined;
  const caption = said === '' ? rest : said;
  return {
    text: [...links, caption].join('\n'),
    messageId: String(answeredOrder),
    order: answeredOrder,
  };
}

/** The media that a command replies to, offered by whoever gives the command. */
function mediaRepliedTo(message: Message): Message | undefined {
  const target = message.reply_to_message;
  if (target === undefined || !hasMedia(target)) return undefined;
  const { message_thread_id, is_topic_message } = message;
  return {
    ...givenBy(message, target),
    chat: message.chat,
    ...(message_thread_id !== undefined && { message_thread_id }),
    ...(is_topic_message !== undefined && { is_topic_message }),
  };
}

/** Telegram tells the message as it is now, whatever the app that pressed shows or makes up. */
function hasButton(message: NonNullable<CallbackQuery['message']>, data: string): boolean {
  const keyboard = 'reply_markup' in message ? message.reply_markup?.inline_keyboard : undefined;
  return (
    keyboard?.flat().some((button) => 'callback_data' in button && button.callback_data === data) ?? false
  );
}

function fromPress(
  updateId: number,
  query: CallbackQuery,
  answerPress: TranslatorOptions['answerPress'],
): ChatEvent[] {
  const { message, data } = query;
  if (message === undefined || data === undefined) return [];
  let answered: Promise<void> | undefined;
  return [
    {
      id: String(updateId),
      chat: chatRef(message),
      workspace: workspaceRef(message.chat),
      chatTitle: chatTitle(message.chat),
      isPrivate: message.chat.type === 'private',
      person: userPerson(query.from),
      handle: handleOf(query.from),
      locale: query.from.language_code,
      type: 'press',
      press: data,
      message: messageRef(message),
      isOnMessage: hasButton(message, data),
      shows: 'text' in message || 'caption' in message ? (message.text ?? message.caption) : undefined,
      answer: (note) => {
        answered ??= answerPress(query.id, note);
        return answered;
      },
    },
  ];
}
