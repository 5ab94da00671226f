import type { Message, MessageEntity, UserFromGetMe } from 'grammy/types';

/** Who we are in a chat, as far as addressing goes. */
export type Me = Pick<UserFromGetMe, 'id' | 'username'>;

export interface Command {
  readonly name: string;
  readonly argument: string;
}

const COMMAND = /^\/([a-z0-9_]{1,32})(?:@([a-z0-9_]+))?(?=\s|$)\s*([\s\S]*)$/i;
const POST_COMMANDS = new Set(['post', 'tiktok']);

/** The command that a text begins with; `elsewhere` when it names another bot. */
export function readCommand(text: string, me: Me): (Command & { named: boolean }) | 'elsewhere' | undefined {
  const [, name, bot, argument = ''] = COMMAND.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (bot !== undefined && bot.toLowerCase() !== me.username.toLowerCase()) return 'elsewhere';
  return { name: name.toLowerCase(), argument: argument.trim(), named: bot !== undefined };
}

/** Whether a command offers the media that it stands with or replies to. */
export const asksToPost = (command: Command): boolean => POST_COMMANDS.has(command.name);

/** A text or caption without what only addresses us, and whether it does address us. */
export function readAddress(text: string, entities: readonly MessageEntity[], me: Me) {
  const command = readCommand(text, me);
  if (command === 'elsewhere') return { text, isForUs: false };
  if (command !== undefined && asksToPost(command)) {
    return { text: withoutMentions(command.argument, me), isForUs: true };
  }
  const mentioned = entities.some((entity) => mentions(entity, text, me));
  return mentioned ? { text: withoutMentions(text, me), isForUs: true } : { text, isForUs: false };
}

/** Whether a message answers one of ours. */
export const repliesToUs = (message: Message, me: Me): boolean =>
  message.reply_to_message?.from?.id === me.id && message.reply_to_message.sender_chat === undefined;

/** Whether a message is meant for us, as far as it says so itself. */
export function isMeantForUs(message: Message, me: Me): boolean {
  const { text, entities, caption, caption_entities } = message;
  if (message.chat.type === 'private' || repliesToUs(message, me)) return true;
  return readAddress(text ?? caption ?? '', entities ?? caption_entities ?? [], me).isForUs;
}

function mentions(entity: MessageEntity, text: string, me: Me): boolean {
  if (entity.type === 'text_mention') return entity.user.id === me.id;
  if (entity.type !== 'mention') return false;
  const name = text.slice(entity.offset + 1, entity.offset + entity.length);
  return name.toLowerCase() === me.username.toLowerCase();
}

/** Our own name is an address in the chat and nothing that belongs into a caption. */
function withoutMentions(text: string, me: Me): string {
  const mention = new RegExp(`[ \\t]?(?<![\\w@])@${me.username}\\b`, 'gi');
  return text.replace(mention, '').trim();
}
