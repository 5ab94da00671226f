import { readFile } from 'node:fs/promises';
import { type Api, InputFile } from 'grammy';
import type { InlineKeyboardMarkup, InputMediaPhoto, ReplyParameters } from 'grammy/types';
import type { Logger } from 'pino';
import type { ChatRef } from '../../core/post.ts';
import { type Card, ChatClosedError, type MessageRef, type Picture, type SendOptions } from '../bot.ts';
import { ask, says } from './errors.ts';
import { isPrivateChat, parseChatRef, parseMessageId, parsePersonId } from './refs.ts';
import { MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, type Mention, type Rendered, renderCard } from './render.ts';

const MAX_NOTE_LENGTH = 200;
/** A longer note vanishes before it is read, so it opens a window. */
const TOAST_LENGTH = 60;
const NO_PREVIEW = { is_disabled: true };

/**
 * Sends, edits and removes messages; nothing is repeated here.
 *
 * Sending is not idempotent at Telegram: after a ChatUnreachableError the message may be there or not.
 */
export function createOutgoing({ api, log }: { api: Api; log: Logger }) {
  async function send(chat: ChatRef, card: Card, options: SendOptions = {}): Promise<MessageRef> {
    const { chatId } = parseChatRef(chat);
    const mention = mentionOf(chat, options);
    const other = (rendered: Rendered) => ({
      ...sendParameters(chat, options),
      ...markup(rendered, chat, options),
    });
    if (card.picture === undefined) {
      const rendered = renderCard(card, MAX_TEXT_LENGTH, mention);
      const { text, entities } = rendered;
      const parameters = { ...other(rendered), entities, link_preview_options: NO_PREVIEW };
      const sent = await ask('sendMessage', () => api.sendMessage(chatId, text, parameters));
      return { chat, id: String(sent.message_id) };
    }
    const rendered = renderCard(card, MAX_CAPTION_LENGTH, mention);
    const photo = await upload(card.picture);
    const parameters = { ...other(rendered), caption: rendered.text, caption_entities: rendered.entities };
    const sent = await ask('sendPhoto', () => api.sendPhoto(chatId, photo, parameters));
    return { chat, id: String(sent.message_id), picture: card.picture.key };
  }

  async function edit(message: MessageRef, card: Card): Promise<MessageRef> {
    const { picture } = card;
    if (picture !== undefined && picture.key !== message.picture) return showPicture(message, card, picture);
    if (message.picture !== undefined) return editCaption(message, card);
    try {
      return await editText(message, card);
    } catch (error) {
      // The message shows a picture after all: it was put there just before a crash.
      if (says(error, 'no text in the message to edit')) return editCaption(message, card);
      throw error;
    }
  }

  async function editText(message: MessageRef, card: Card): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_TEXT_LENGTH);
    const other = { entities, link_preview_options: NO_PREVIEW, ...keyboardOf(keyboard) };
    const [chatId, id] = place(message);
    await changed('editMessageText', () => api.editMessageText(chatId, id, text, other));
    return message;
  }

  async function editCaption(message: MessageRef, card: Card): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_CAPTION_LENGTH);
    const other = { caption: text, caption_entities: entities, ...keyboardOf(keyboard) };
    const [chatId, id] = place(message);
    await changed('editMessageCaption', () => api.editMessageCaption(chatId, id, other));
    return message;
  }

  /** Also turns a text into a photo, which the Bot API allows (https://core.telegram.org/bots/api#editmessagemedia). */
  async function showPicture(message: MessageRef, card: Card, picture: Picture): Promise<MessageRef> {
    const { text, entities, keyboard } = renderCard(card, MAX_CAPTION_LENGTH);
    const file = await upload(picture);
    const media: InputMediaPhoto = { type: 'photo', media: file, caption: text, caption_entities: entities };
    const [chatId, id] = place(message);
    await changed('editMessageMedia', () => api.editMessageMedia(chatId, id, media, keyboardOf(keyboard)));
    return { ...message, picture: picture.key };
  }

  async function remove(message: MessageRef): Promise<void> {
    const [chatId, id] = place(message);
    try {
      await ask('deleteMessage', () => api.deleteMessage(chatId, id));
    } catch (error) {
      if (error instanceof ChatClosedError || says(error, 'message to delete not found')) return;
      // Telegram keeps messages of more than 48 hours; there is nothing to be done about it.
      if (!says(error, "message can't be deleted")) throw error;
      log.warn(
        { chat: message.chat, message: message.id },
        'Telegram no longer lets this message be deleted',
      );
    }
  }

  /** Ends a button's spinner; never fails, because nothing may depend on it. */
  async function answerPress(queryId: string, note?: string): Promise<void> {
    const text = note?.slice(0, MAX_NOTE_LENGTH);
    const other = text === undefined ? {} : { text, show_alert: text.length > TOAST_LENGTH };
    try {
      await ask('answerCallbackQuery', () => api.answerCallbackQuery(queryId, other));
    } catch (error) {
      const isLate = says(error, 'query is too old') || says(error, 'query id is invalid');
      log[isLate ? 'debug' : 'warn']({ err: error }, 'a press was not answered');
    }
  }

  return { send, edit, remove, answerPress };
}

export type Outgoing = ReturnType<typeof createOutgoing>;

async function changed(method: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await ask(method, call);
  } catch (error) {
    if (!says(error, 'message is not modified')) throw error;
  }
}

const place = (message: MessageRef): [chatId: number, messageId: number] => [
  parseChatRef(message.chat).chatId,
  parseMessageId(message),
];

// Read before the call: a missing file is a bug of ours and must not look like an outage of Telegram's.
const upload = async (picture: Picture): Promise<InputFile> =>
  new InputFile(await readFile(picture.path), 'picture.jpg');

// An edit without reply_markup takes the buttons away, as it should when a card has none.
const keyboardOf = (keyboard: InlineKeyboardMarkup | undefined) =>
  keyboard === undefined ? {} : { reply_markup: keyboard };

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

function sendParameters(chat: ChatRef, { replyTo, silent }: SendOptions) {
  const { threadId } = parseChatRef(chat);
  const reply = (message: MessageRef): ReplyParameters => ({
    message_id: parseMessageId(message),
    allow_sending_without_reply: true,
  });
  return {
    ...(threadId !== undefined && { message_thread_id: threadId }),
    ...(silent === true && { disable_notification: true }),
    ...(replyTo !== undefined && { reply_parameters: reply(replyTo) }),
  };
}
