// Faithful: privacy mode (https://core.telegram.org/bots/features#privacy-mode): in groups a bot gets commands meant
// for it, replies to it, mentions and service messages; as administrator everything. Simplified: a command without
// @name counts as meant for the bot, as if it had spoken last.
import type { Message } from 'grammy/types';
import { isBotAdmin } from './chats.ts';
import type { ChatEntry, State } from './state.ts';

/** Tells whether a message of a person reaches the bot. */
export function doesBotSee(state: State, entry: ChatEntry, message: Message): boolean {
  if (entry.chat.type === 'private') return true;
  const status = entry.members.get(state.bot.id)?.status;
  if (!status || status === 'left' || status === 'kicked') return false;
  if (state.bot.can_read_all_group_messages || isBotAdmin(state, entry)) return true;
  if (message.reply_to_message?.from?.id === state.bot.id) return true;
  return addresses(message, state.bot.username);
}

function addresses(message: Message, username: string): boolean {
  const text = message.text ?? message.caption ?? '';
  const name = `@${username}`.toLowerCase();
  return (message.entities ?? message.caption_entities ?? []).some(({ type, offset, length }) => {
    const part = text.slice(offset, offset + length).toLowerCase();
    if (type === 'mention') return part === name;
    return type === 'bot_command' && (!part.includes('@') || part.endsWith(name));
  });
}
