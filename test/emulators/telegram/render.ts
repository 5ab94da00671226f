// Faithful: what a person would see: texts, media, captions, rows of buttons. Simplified: formatting is left out.
import type { InlineKeyboardMarkup, Message } from 'grammy/types';
import type { ChatEntry, State, StoredMessage } from './state.ts';

/** Renders the current messages of a chat as readable text. */
export function renderChat(state: State, entry: ChatEntry, messages: StoredMessage[]): string {
  const { chat } = entry;
  const title = chat.type === 'private' ? `${chat.first_name} and the bot` : `${chat.title} (${chat.type})`;
  const lines = messages.map((stored) => renderMessage(state, stored));
  return [`--- ${title} ---`, ...(lines.length > 0 ? lines : ['(no messages)'])].join('\n');
}

/** Renders one message with its buttons. */
export function renderMessage(state: State, stored: StoredMessage): string {
  const { current: message } = stored;
  const edits = stored.versions.length - 1;
  const sender = stored.fromBot ? state.bot.first_name : (message.from?.first_name ?? 'Telegram');
  const notes = [
    `#${message.message_id}`,
    ...(message.reply_to_message ? [`reply to #${message.reply_to_message.message_id}`] : []),
    ...(message.message_thread_id ? [`topic ${message.message_thread_id}`] : []),
    ...(edits > 0 ? [`edited ${edits}×`] : []),
  ];
  const body = [renderMedia(message), message.text ?? message.caption, renderService(message)];
  const reactions = [...stored.reactions.values()].flat().map((r) => (r.type === 'emoji' ? r.emoji : r.type));
  const asksForReply = stored.otherMarkup === 'force_reply' || message.reply_markup?.force_reply;
  const lines = [
    `${sender} (${notes.join(', ')})`,
    ...body.filter((part) => part !== undefined && part !== '').flatMap((part) => part?.split('\n') ?? []),
    ...renderKeyboard(message.reply_markup),
    ...(asksForReply ? ['(asks for a reply)'] : []),
    ...(reactions.length > 0 ? [reactions.join(' ')] : []),
  ];
  return lines.map((line, index) => (index === 0 ? line : `  ${line}`)).join('\n');
}

/** The rows of an inline keyboard as [ A ] [ B ]. */
export const renderKeyboard = (markup: InlineKeyboardMarkup | undefined): string[] =>
  (markup?.inline_keyboard ?? []).map((row) =>
    row.map((button) => `[ ${button.text}${'url' in button ? ' ↗' : ''} ]`).join(' '),
  );

function renderMedia(message: Message): string | undefined {
  const album = message.media_group_id ? ' in album' : '';
  const { video, animation, document } = message;
  const photo = message.photo?.at(-1);
  if (photo) return `[photo ${photo.width}×${photo.height}${album}]`;
  if (video) return `[video ${video.width}×${video.height}, ${video.duration} s${album}]`;
  if (animation) return `[animation ${animation.width}×${animation.height}, ${animation.duration} s]`;
  if (document) return `[file ${document.file_name ?? 'without name'}, ${document.file_size} bytes${album}]`;
  return undefined;
}

function renderService(message: Message): string | undefined {
  if (message.new_chat_members)
    return `(adds ${message.new_chat_members.map(({ first_name }) => first_name).join(', ')})`;
  if (message.migrate_to_chat_id) return `(upgraded to supergroup ${message.migrate_to_chat_id})`;
  if (message.migrate_from_chat_id) return `(was group ${message.migrate_from_chat_id})`;
  return undefined;
}
