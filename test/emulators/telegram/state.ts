// Faithful: what Telegram keeps about chats, messages, files and callback queries. Simplified: one bot, no
// persistence, deleted messages stay here with the time of their deletion. Missing: channels, business chats, polls,
// payments, stories.
import type {
  BotCommand,
  BotCommandScope,
  CallbackQuery,
  Chat,
  ChatMember,
  ChatPermissions,
  Message,
  ReactionType,
  User,
  UserFromGetMe,
} from 'grammy/types';

export type PrivateChat = Chat.PrivateChat;
export type GroupChat = Chat.GroupChat | Chat.SupergroupChat;
export type KnownChat = PrivateChat | GroupChat;

export type ChatEntry = {
  chat: KnownChat;
  /** By user id, the bot included; in a private chat the two sides. */
  members: Map<number, ChatMember>;
  /** Whether the person of a private chat has ever started the bot. */
  started: boolean;
  blocked: boolean;
  migratedToChatId?: number;
  /** Forum topics by message_thread_id. */
  topics: Map<number, string>;
  closedTopics: Set<number>;
  /** What members may do; undefined means everything. */
  permissions?: ChatPermissions;
  /** What getChat reports; undefined means that every emoji is allowed. */
  availableReactions?: ReactionType[];
};

export type MessageVersion = { atMs: number; message: Message };

export type StoredMessage = {
  chatId: number;
  messageId: number;
  fromBot: boolean;
  current: Message;
  /** The message as sent, then as after each edit. */
  versions: MessageVersion[];
  /** Sent with a reply keyboard or force_reply: such messages cannot be edited. */
  otherMarkup?: OtherMarkup;
  deletedAtMs?: number;
  /** By user id; for anonymous administrators by chat id. */
  reactions: Map<number, ReactionType[]>;
};

/** A message that one person alone sees; it is in no chat's history and has the message_id 0. */
export type EphemeralEntry = { chatId: number; receiverId: number; message: Message };

export type OtherMarkup = 'keyboard' | 'remove_keyboard' | 'force_reply';

export type CallbackAnswer = { text?: string; show_alert?: boolean; url?: string; cache_time?: number };

export type CallbackEntry = {
  query: CallbackQuery;
  askedAtMs: number;
  answer?: CallbackAnswer;
  answeredAtMs?: number;
};

export type CommandsEntry = { scope: BotCommandScope; languageCode: string; commands: BotCommand[] };

export type RequestEntry = {
  method: string;
  /** Uploads appear as {fileName, mimeType, bytes}, bytes being the count. */
  parameters: Record<string, unknown>;
  atMs: number;
  /** Undefined while the request is in progress. */
  status?: number;
  description?: string;
  /** Set when the reply was withheld by a fault. */
  dropped?: true;
};

/** Creates the empty world of one bot. */
export function createState(bot: UserFromGetMe) {
  return {
    bot,
    users: new Map<number, User>(),
    chats: new Map<number, ChatEntry>(),
    messages: [] as StoredMessage[],
    ephemeral: [] as EphemeralEntry[],
    callbackQueries: new Map<string, CallbackEntry>(),
    /** Key: the scope as JSON and the language. */
    commands: new Map<string, CommandsEntry>(),
    chatActions: [] as { chatId: number; action: string; atMs: number }[],
    requests: [] as RequestEntry[],
    /** What a careful bot would not send: unknown parameters and methods, unescaped HTML and the like. */
    lint: [] as string[],
    webhook: { url: '' },
    loggedOut: false,
  };
}

export type State = ReturnType<typeof createState>;

/** The bot as it appears as a sender. */
export const botUser = ({ bot }: State): User => ({
  id: bot.id,
  is_bot: true,
  first_name: bot.first_name,
  username: bot.username,
});
