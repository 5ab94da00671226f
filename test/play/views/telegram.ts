import type { InlineKeyboardButton, Message, MessageEntity, ReactionType } from 'grammy/types';
import type { StoredMessage } from '../../emulators/telegram/index.ts';
import type { PlayedPerson } from '../people.ts';
import type { Playground } from '../playground.ts';
import type {
  KeyboardButton,
  Reaction,
  TelegramMedia,
  TelegramMessage,
  TelegramView,
  TextEntity,
} from './shapes.ts';

/** A chat keeps no more on the page. */
const MAX_SHOWN = 120;

/** What one person sees of Telegram: their chat with Nod and the group, oldest message first. */
export function viewTelegram({ telegram, people }: Playground, me: PlayedPerson): TelegramView {
  const { state } = telegram;
  const { group } = people;
  const chats = [
    { chat: group, title: group.title, subtitle: 'Ana, Ben, Dora and Nod' },
    { chat: me.privateChat, title: 'Nod', subtitle: 'bot' },
  ].map(({ chat, title, subtitle }) => {
    const shown = state.messages.filter(
      ({ chatId, deletedAtMs }) => chatId === chat.id && deletedAtMs === undefined,
    );
    const alone = telegram.shownTo(chat, me.telegram).map((message) => ({ message, isAlone: true }));
    const all = [...shown.map((stored) => ({ stored, message: stored.current, isAlone: false })), ...alone];
    return {
      id: chat.id,
      title,
      subtitle,
      isGroup: chat.type !== 'private',
      messages: all
        .sort((one, other) => one.message.date - other.message.date)
        .slice(-MAX_SHOWN)
        .map((each) => viewMessage(each, me, state.bot.id)),
    };
  });
  return { bot: state.bot.username, chats, commands: commandsOf(telegram.state.commands) };
}

type Seen = { readonly message: Message; readonly stored?: StoredMessage; readonly isAlone: boolean };

function viewMessage({ message, stored, isAlone }: Seen, me: PlayedPerson, botId: number): TelegramMessage {
  const { from, reply_to_message: replied, reply_markup: markup } = message;
  const media = mediaOf(message);
  return {
    id: message.message_id,
    ephemeralId: message.ephemeral_message_id,
    chat: message.chat.id,
    from: from?.first_name ?? 'Telegram',
    isMine: from?.id === me.telegram.id,
    isBot: from?.id === botId,
    isAlone,
    date: message.date,
    isEdited: message.edit_date !== undefined,
    text: message.text ?? message.caption ?? '',
    entities: (message.entities ?? message.caption_entities ?? []).map(viewEntity),
    album: message.media_group_id,
    media,
    service: serviceOf(message),
    keyboard: (markup?.inline_keyboard ?? []).map((row) => row.map(viewButton)),
    asksForReply: stored?.otherMarkup === 'force_reply' || markup?.force_reply === true,
    replyTo:
      replied === undefined
        ? undefined
        : {
            id: replied.message_id,
            from: replied.from?.first_name ?? 'Telegram',
            isMine: replied.from?.id === me.telegram.id,
            text: (replied.text ?? replied.caption ?? 'Media').slice(0, 120),
          },
    reactions: stored === undefined ? [] : reactionsOf(stored, me.telegram.id),
  };
}

function viewEntity(entity: MessageEntity): TextEntity {
  const { type, offset, length } = entity;
  return { type, offset, length, url: entity.type === 'text_link' ? entity.url : undefined };
}

function viewButton(button: InlineKeyboardButton): KeyboardButton {
  return {
    text: button.text,
    style: button.style,
    data: 'callback_data' in button ? button.callback_data : undefined,
    url: 'url' in button ? button.url : undefined,
    copies: 'copy_text' in button ? button.copy_text.text : undefined,
    isDisabled: 'disabled' in button,
  };
}

function mediaOf({ photo, video, animation, document }: Message): TelegramMedia | undefined {
  const largest = photo?.at(-1);
  const fileUrl = (id: string) => `/media/telegram/${encodeURIComponent(id)}`;
  if (largest !== undefined)
    return { type: 'photo', url: fileUrl(largest.file_id), width: largest.width, height: largest.height };
  const moving = video ?? animation;
  if (moving !== undefined) {
    const { file_id, width, height } = moving;
    return {
      type: 'video',
      url: fileUrl(file_id),
      width,
      height,
      isAnimation: video === undefined,
    };
  }
  if (document === undefined) return undefined;
  const { file_id, file_name: name = 'file', file_size: bytes = 0, mime_type: mime } = document;
  return { type: 'file', url: fileUrl(file_id), name, bytes, isPicture: mime?.startsWith('image/') ?? false };
}

function serviceOf(message: Message): string | undefined {
  if (message.new_chat_members) {
    const names = message.new_chat_members.map(({ first_name }) => first_name).join(', ');
    return `${message.from?.first_name} added ${names}`;
  }
  if (message.migrate_to_chat_id) return 'This group is a supergroup now';
  return undefined;
}

function reactionsOf({ reactions }: StoredMessage, myId: number): Reaction[] {
  const nameOf = (reaction: ReactionType) => (reaction.type === 'emoji' ? reaction.emoji : '⭐');
  const all = [...reactions].flatMap(([id, list]) => list.map((each) => ({ id, emoji: nameOf(each) })));
  return [...Map.groupBy(all, ({ emoji }) => emoji)].map(([emoji, list]) => ({
    emoji,
    count: list.length,
    isMine: list.some(({ id }) => id === myId),
  }));
}

/** The menu of commands as the apps show it: for groups, and for private chats. */
function commandsOf(all: Playground['telegram']['state']['commands']) {
  const inScope = (scope: string) =>
    [...all.values()].find((entry) => entry.scope.type === scope && entry.languageCode === '')?.commands ??
    [];
  const common = inScope('default');
  const or = (own: typeof common) => (own.length > 0 ? own : common);
  return { private: or(inScope('all_private_chats')), group: or(inScope('all_group_chats')) };
}
