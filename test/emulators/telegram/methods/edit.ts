// Faithful: which message can become what, "not modified", keyboards dropped when left out
// (https://core.telegram.org/bots/api#updating-messages). Simplified: album messages refuse keyboards as "can't be
// edited". Missing: inline and business messages, rich messages.
import { isDeepStrictEqual } from 'node:util';
import type { Message } from 'grammy/types';
import { checkMaySend } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import { readReplyMarkup } from '../keyboard.ts';
import { contentOf, type MessageParts, withoutContent } from '../messages.ts';
import type { Params } from '../params.ts';
import type { StoredMessage } from '../state.ts';
import { formatCaption, formatMessageText } from '../text.ts';
import { readMedia } from './content.ts';
import { CAPTION, type Call, EDITING, type MethodTable } from './registry.ts';
import { readInputMedia, readLinkPreview } from './send.ts';
import { readOwnMessage } from './target.ts';

export const editMethods: MethodTable = {
  editMessageText: {
    parameters: [...EDITING, 'text', 'parse_mode', 'entities', 'link_preview_options', 'rich_message'],
    run: editMessageText,
  },
  editMessageCaption: {
    parameters: [...EDITING, ...CAPTION, 'show_caption_above_media'],
    run: editMessageCaption,
  },
  editMessageMedia: { parameters: [...EDITING, 'media'], run: editMessageMedia },
  editMessageReplyMarkup: { parameters: EDITING, run: editMessageReplyMarkup },
};

function editMessageText(emulation: Emulation, { params }: Call) {
  const stored = readOwnMessage(emulation, params);
  const { text, entities } = formatMessageText(
    {
      text: params.text('text') ?? '',
      parseMode: params.text('parse_mode'),
      entities: params.object('entities'),
    },
    emulation.lint,
  );
  if (stored.current.text === undefined) throw badRequest('there is no text in the message to edit');
  const preview = readLinkPreview(params);
  return replace(emulation, params, stored, {
    text,
    ...(entities.length > 0 ? { entities } : {}),
    ...(preview ? { link_preview_options: preview } : {}),
  });
}

function editMessageCaption(emulation: Emulation, { params }: Call) {
  const stored = readOwnMessage(emulation, params);
  const { text, entities } = formatCaption(
    {
      text: params.text('caption') ?? '',
      parseMode: params.text('parse_mode'),
      entities: params.object('caption_entities'),
    },
    emulation.lint,
  );
  if (!hasMedia(stored.current)) throw badRequest('there is no caption in the message to edit');
  const {
    caption: _,
    caption_entities: __,
    show_caption_above_media: ___,
    ...media
  } = contentParts(stored.current);
  const isAbove = params.boolean('show_caption_above_media') && text !== '';
  return replace(emulation, params, stored, {
    ...media,
    ...(text === '' ? {} : { caption: text }),
    ...(entities.length > 0 ? { caption_entities: entities } : {}),
    ...(isAbove ? { show_caption_above_media: true } : {}),
  });
}

async function editMessageMedia(emulation: Emulation, { params }: Call) {
  const stored = readOwnMessage(emulation, params);
  const request = readInputMedia(emulation, params, params.object('media'));
  const home = emulation.state.chats.get(stored.chatId);
  if (home && request.kind === 'photo') checkMaySend(emulation.state, home, 'photos');
  const { current } = stored;
  if (current.text === undefined && !hasMedia(current)) throw badRequest("message can't be edited");
  if (current.media_group_id !== undefined) {
    const isDocument = current.document !== undefined;
    if (isDocument !== (request.kind === 'document') || request.kind === 'animation')
      throw badRequest("can't use the media of the specified type in the album");
  }
  return replace(emulation, params, stored, await readMedia(emulation, request));
}

function editMessageReplyMarkup(emulation: Emulation, { params }: Call) {
  const stored = readOwnMessage(emulation, params);
  return replace(emulation, params, stored, contentParts(stored.current));
}

const hasMedia = ({ photo, video, animation, document }: Message) =>
  (photo ?? video ?? animation ?? document) !== undefined;

/** Text or media with caption, without the keyboard. */
function contentParts(message: Message): MessageParts {
  const { reply_markup: _, ...content } = contentOf(message);
  return content;
}

/** Puts new content and keyboard in place; a keyboard that is left out is removed. */
function replace(
  emulation: Emulation,
  params: Params,
  stored: StoredMessage,
  content: MessageParts,
): Message {
  const { inline, other } = readReplyMarkup(params.object('reply_markup'), emulation.lint);
  if (other) throw badRequest('inline keyboard expected');
  if (inline && stored.current.media_group_id !== undefined) throw badRequest("message can't be edited");
  // force_reply cannot change when the keyboard is edited.
  const forceReply = stored.current.reply_markup?.force_reply ? { force_reply: true } : {};
  const next: Message = {
    ...withoutContent(stored.current),
    ...content,
    ...(inline ? { reply_markup: { inline_keyboard: inline.inline_keyboard, ...forceReply } } : {}),
  };
  if (isDeepStrictEqual(contentOf(next), contentOf(stored.current)))
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  return emulation.messages.edit(stored, next);
}
