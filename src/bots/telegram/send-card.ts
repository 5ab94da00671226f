import { readFile } from 'node:fs/promises';
import { type Api, InputFile } from 'grammy';
import type {
  EphemeralMessageParameters,
  ForceReply,
  InlineKeyboardMarkup,
  Message,
  ReplyParameters,
} from 'grammy/types';
import type { Card, Picture } from '../platform.ts';
import { ask } from './errors.ts';
import { MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, type Mention, type Rendered, renderCard } from './render.ts';

export const NO_PREVIEW = { is_disabled: true };

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
export async function postCard(api: Api, chatId: number, card: Card, options: PostOptions): Promise<Message> {
  const { picture, file } = card;
  if (file !== undefined) {
    const document = new InputFile(Buffer.from(file.text), file.name);
    const other = captioned(card, options);
    return ask('sendDocument', () => api.sendDocument(chatId, document, other));
  }
  if (picture !== undefined) {
    const photo = await upload(picture);
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
export const upload = async (picture: Picture): Promise<InputFile> =>
  new InputFile(await readFile(picture.path), 'picture.jpg');

// An edit without reply_markup takes the buttons away, as it should when a card has none.
/** The buttons of a message, as a call takes them. */
export const keyboardOf = (keyboard: InlineKeyboardMarkup | undefined) =>
  keyboard === undefined ? {} : { reply_markup: keyboard };
