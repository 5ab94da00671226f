import { readFile } from 'node:fs/promises';
import { type Api, InputFile } from 'grammy';
import type {
  EphemeralMessageParameters,
  ForceReply,
  InlineKeyboardMarkup,
  InputMediaPhoto,
  Message,
  ReplyParameters,
} from 'grammy/types';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/people.ts';
import type { VoteChoice } from '../../core/review/review.ts';
import { startOf } from '../cards/fit-text.ts';
import {
  type CallRank,
  type Card,
  ChatBusyError,
  ChatClosedError,
  MessageGoneError,
  type MessageRef,
  type Picture,
  type SendOptions,
  shownPicture,
} from '../platform.ts';
import { ask, ChatMovedError, isRefusal, says } from './errors.ts';
import { isPrivateChat, nameMessage, parseChatRef, parseMessageRef, parsePersonId } from './ids.ts';
import type { Pace } from './pace.ts';
import { EMOJI } from './reactions.ts';
import { MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, type Mention, type Rendered, renderCard } from './render.ts';
import type { Supergroups } from './supergroups.ts';

const MAX_NOTE_LENGTH = 200;
/** A longer note vanishes before it is read, so it opens a window. */
const TOAST_LENGTH = 60;

/** Whoever looks for a copy takes the buttons off another message at worst, so it is looked for near the card only. */
const MAX_BETWEEN = 100;
/** https://core.telegram.org/api/bots/ids */
const MAX_SUPERGROUP_ID = -1_000_000_000_000;

interface OutgoingOptions {
  readonly api: Api;
  /** Absent where nothing has to be waited for. */
  readonly pace?: Pace | undefined;
  readonly supergroups: Supergroups;
  readonly log: Logger;
}

/**
 * Sends, edits and removes messages; nothing is repeated here, except in the chat that a group has moved to.
 *
 * Sending is not idempotent at Telegram: after a ChatUnreachableError the message may be there or not.
 */
export function createOutgoing({ api, pace, supergroups, log }: OutgoingOptions) {
  function send(chat: ChatRef, card: Card, options: SendOptions = {}): Promise<MessageRef> {
    return supergroups.follow(parseChatRef(chat).chatId, async (chatId) => {
      const extrasFor = (rendered: Rendered) => ({
        ...sendParameters(chat, chatId, options),
        ...markup(rendered, chat, options),
      });
      const mention = mentionOf(chat, options);
      const sent = await inTurn(chatId, options.rank, () =>
        sendCard(api, chatId, card, { mention, extrasFor }),
      );
      const id = nameMessage(chat, chatId, sent.message_id);
      const shown = shownPicture(card);
      return shown === undefined ? { chat, id } : { chat, id, picture: shown.key };
    });
  }

  /** Makes a call when Telegram's limits let it. */
  async function inTurn<T>(chatId: number, rank: CallRank = 'person', call: () => Promise<T>): Promise<T> {
    await pace?.take(chatId, rank);
    try {
      return await call();
    } catch (error) {
      if (error instanceof ChatBusyError) pace?.noteBusy(chatId, error.retryAfterMs);
      throw error;
    }
  }

  async function edit(
    message: MessageRef,
    card: Card,
    { rank }: { rank?: CallRank | undefined } = {},
  ): Promise<MessageRef> {
    const picture = shownPicture(card);
    if (card.attachment?.type === 'file')
      throw new MessageGoneError('A message is not turned into a file: send it.');
    if (picture !== undefined && picture.key !== message.picture)
      return showPicture(message, card, { picture, rank });
    const editAsKnown = message.picture === undefined ? editText : editCaption;
    try {
      return await editAsKnown(message, card, rank);
    } catch (error) {
      // The message shows a picture after all: it was put there just before a crash.
      if (says(error, 'no text in the message to edit')) return editCaption(message, card, rank);
      // It has none: it is a copy that a crash has left, from before there was one.
      if (says(error, 'no caption in the message to edit')) return editText(message, card, rank);
      throw error;
    }
  }

  async function editText(message: MessageRef, card: Card, rank?: CallRank): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_TEXT_LENGTH);
    const other = { entities, link_preview_options: NO_PREVIEW, ...keyboardOf(keyboard) };
    const call: Call = (chatId, id) => api.editMessageText(chatId, id, text, other);
    await change(message, 'editMessageText', { rank, call });
    return message;
  }

  async function editCaption(message: MessageRef, card: Card, rank?: CallRank): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_CAPTION_LENGTH);
    const other = { caption: text, caption_entities: entities, ...keyboardOf(keyboard) };
    const call: Call = (chatId, id) => api.editMessageCaption(chatId, id, other);
    await change(message, 'editMessageCaption', { rank, call });
    return message;
  }

  /** Also turns a text into a photo, which the Bot API allows (https://core.telegram.org/bots/api#editmessagemedia). */
  async function showPicture(
    message: MessageRef,
    card: Card,
    { picture, rank }: { picture: Picture; rank: CallRank | undefined },
  ): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_CAPTION_LENGTH);
    const file = await upload(picture);
    const media: InputMediaPhoto = { type: 'photo', media: file, caption: text, caption_entities: entities };
    const other = keyboardOf(keyboard);
    const call: Call = (chatId, id) => api.editMessageMedia(chatId, id, media, other);
    await change(message, 'editMessageMedia', { rank, call });
    return { ...message, picture: picture.key };
  }

  async function change(
    message: MessageRef,
    method: string,
    { rank, call }: { rank: CallRank | undefined; call: Call },
  ): Promise<void> {
    try {
      await at(message, method, (chatId, id) =>
        inTurn(chatId, rank, () => ask(method, () => call(chatId, id))),
      );
    } catch (error) {
      if (!says(error, 'message is not modified')) throw error;
    }
  }

  async function remove(message: MessageRef): Promise<void> {
    try {
      await at(message, 'deleteMessage', (chatId, id) => api.deleteMessage(chatId, id));
    } catch (error) {
      if (error instanceof ChatClosedError || error instanceof MessageGoneError) return;
      if (says(error, 'message to delete not found')) return;
      // Telegram keeps messages of more than 48 hours; there is nothing to be done about it.
      if (!says(error, "message can't be deleted")) throw error;
      log.warn(
        { chat: message.chat, message: message.id },
        'Telegram no longer lets this message be deleted',
      );
    }
  }

  /** Of several marks the first: a bot has one reaction (https://core.telegram.org/bots/api#setmessagereaction). */
  async function addReactions(message: MessageRef, [mark]: readonly VoteChoice[]): Promise<void> {
    if (mark === undefined) return;
    const reaction = [{ type: 'emoji' as const, emoji: EMOJI[mark] }];
    try {
      await at(message, 'setMessageReaction', (chatId, id) => api.setMessageReaction(chatId, id, reaction));
    } catch (error) {
      // People find the reaction without us, or the group does not want it.
      if (!isRefusal(error)) throw error;
      log.debug({ err: error, chat: message.chat }, 'Our reaction was not wanted');
    }
  }

  /** Makes a call about a message where it was sent; gone when its group has moved since. */
  async function at(message: MessageRef, method: string, call: Call): Promise<void> {
    const { homeId, messageId } = parseMessageRef(message);
    await supergroups.load();
    // An ephemeral message has the number 0 and is out of reach once it is shown.
    if (supergroups.currentIdOf(homeId) !== homeId || messageId === 0) throw new MessageGoneError(GONE);
    try {
      await ask(method, () => call(homeId, messageId));
    } catch (error) {
      if (!(error instanceof ChatMovedError)) throw error;
      await supergroups.note(homeId, error.movedTo);
      throw new MessageGoneError(GONE);
    }
  }

  /** Ends a button's spinner; never fails, because nothing may depend on it. */
  async function answerPress(queryId: string, note?: string): Promise<void> {
    const text = note && startOf(note, MAX_NOTE_LENGTH);
    const other = text === undefined ? {} : { text, show_alert: text.length > TOAST_LENGTH };
    try {
      await ask('answerCallbackQuery', () => api.answerCallbackQuery(queryId, other));
    } catch (error) {
      const isLate = says(error, 'query is too old') || says(error, 'query id is invalid');
      log[isLate ? 'debug' : 'warn']({ err: error }, 'A press was not answered');
    }
  }

  /** Telegram lets bots read no messages, but shows the one whose buttons are taken off. */
  async function readCopy(message: MessageRef, cards: readonly MessageRef[]): Promise<string | undefined> {
    if (cards.length > 0 && !cards.some((card) => isNear(message, card))) return undefined;
    let shown: Message | true | undefined;
    try {
      await at(message, 'editMessageReplyMarkup', async (chatId, id) => {
        shown = await api.editMessageReplyMarkup(chatId, id);
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    return typeof shown === 'object' ? (shown.text ?? shown.caption) : undefined;
  }

  return { send, edit, remove, addReactions, answerPress, readCopy };
}

function isNear(message: MessageRef, card: MessageRef): boolean {
  const [one, other] = [parseMessageRef(message), parseMessageRef(card)];
  return one.homeId === other.homeId && Math.abs(other.messageId - one.messageId) <= MAX_BETWEEN;
}

/** What a message that shows this card says. */
export const fingerprintOf = (card: Card): string =>
  renderCard(card, card.attachment === undefined ? MAX_TEXT_LENGTH : MAX_CAPTION_LENGTH).text;

/** https://core.telegram.org/api/links#message-links; only the messages of supergroups have links. */
export function messageUrl(message: MessageRef): string | undefined {
  const { homeId, messageId } = parseMessageRef(message);
  return homeId < MAX_SUPERGROUP_ID && messageId > 0
    ? `https://t.me/c/${MAX_SUPERGROUP_ID - homeId}/${messageId}`
    : undefined;
}

/** The same for a supergroup, or a topic of it, by its first message. */
export function groupUrl(chat: ChatRef): string | undefined {
  const { threadId = 1 } = parseChatRef(chat);
  return messageUrl({ chat, id: String(threadId) });
}

type Call = (chatId: number, messageId: number) => Promise<unknown>;

const GONE =
  'The message is out of reach: it was for one person alone, or its group has become a supergroup.';

/** What asks a person for a reply; `selective`, which a group needs, does not go together with buttons. */
function markup({ keyboard }: Rendered, chat: ChatRef, { asksFor }: SendOptions) {
  if (asksFor === undefined) return keyboardOf(keyboard);
  if (keyboard !== undefined && isPrivateChat(chat)) return keyboardOf({ ...keyboard, force_reply: true });
  return { reply_markup: { force_reply: true as const, selective: true } };
}

/** In a group `selective` reaches whom the text names; in a private chat there is nobody else. */
function mentionOf(chat: ChatRef, { asksFor }: SendOptions): Mention | undefined {
  const userId = asksFor === undefined ? undefined : parsePersonId(asksFor);
  if (asksFor === undefined || userId === undefined || userId < 0 || isPrivateChat(chat)) return undefined;
  return { userId, name: asksFor.name };
}

function sendParameters(chat: ChatRef, chatId: number, { replyTo, silent }: SendOptions) {
  const { threadId } = parseChatRef(chat);
  const reply = replyTo === undefined ? undefined : replyParameters(replyTo, chatId);
  return {
    ...(threadId !== undefined && { message_thread_id: threadId }),
    ...(silent === true && { disable_notification: true }),
    ...(reply !== undefined && { reply_parameters: reply }),
  };
}

/** Nothing for a message from before the group moved: its number may be another message's by now. */
function replyParameters(message: MessageRef, chatId: number): ReplyParameters | undefined {
  const { homeId, messageId } = parseMessageRef(message);
  if (homeId !== chatId || messageId === 0) return undefined;
  return { message_id: messageId, allow_sending_without_reply: true };
}

const NO_PREVIEW = { is_disabled: true };

/** What goes along with a message of any kind. */
interface Extras {
  readonly message_thread_id?: number;
  readonly disable_notification?: boolean;
  readonly reply_parameters?: ReplyParameters;
  readonly ephemeral_message_parameters?: EphemeralMessageParameters;
  readonly reply_markup?: InlineKeyboardMarkup | ForceReply;
}

interface PostOptions {
  readonly mention?: Mention | undefined;
  readonly extrasFor: (rendered: Rendered) => Extras;
}

/** Sends a card as the kind of message that it needs: a text, a photo or a file. */
export async function sendCard(api: Api, chatId: number, card: Card, options: PostOptions): Promise<Message> {
  const { attachment } = card;
  if (attachment?.type === 'file') {
    const document = new InputFile(Buffer.from(attachment.text), attachment.name);
    const other = captioned(card, options);
    return ask('sendDocument', () => api.sendDocument(chatId, document, other));
  }
  if (attachment?.type === 'picture') {
    const photo = await upload(attachment);
    const other = captioned(card, options);
    return ask('sendPhoto', () => api.sendPhoto(chatId, photo, other));
  }
  const rendered = renderCard(card, MAX_TEXT_LENGTH, options.mention);
  const { text, entities } = rendered;
  const other = { ...options.extrasFor(rendered), entities, link_preview_options: NO_PREVIEW };
  return ask('sendMessage', () => api.sendMessage(chatId, text, other));
}

function captioned(card: Card, { mention, extrasFor }: PostOptions) {
  const rendered = renderCard(card, MAX_CAPTION_LENGTH, mention);
  return { ...extrasFor(rendered), caption: rendered.text, caption_entities: rendered.entities };
}

/** Reads before the call: a missing file is a bug of ours and must not look like an outage of Telegram's. */
const upload = async (picture: Picture): Promise<InputFile> =>
  new InputFile(await readFile(picture.path), 'picture.jpg');

// An edit without reply_markup takes the buttons away, as it should when a card has none.
/** The buttons of a message, as a call takes them. */
export const keyboardOf = (keyboard: InlineKeyboardMarkup | undefined) =>
  keyboard === undefined ? {} : { reply_markup: keyboard };
