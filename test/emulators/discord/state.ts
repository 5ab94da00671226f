// Faithful: what Discord keeps about guilds, channels, messages, commands and interactions. Simplified: one
// application, no persistence, deleted messages stay here with the time of their deletion. Missing: voice,
// webhooks other than those of interactions, user installs.
import type { CommandRequest, ModalRequest, OptionValue, WireChoice } from './command-wire.ts';
import type { StoredFile } from './files.ts';
import type {
  AllowedMentions,
  InteractionMetadata,
  WireChannel,
  WireComponent,
  WireEmoji,
  WireMessage,
  WireReference,
  WireRole,
  WireUser,
} from './wire.ts';

export type UserEntry = {
  user: WireUser;
  locale: string;
  /** What the user's own Nitro lets them upload, if more than everybody. */
  uploadLimitBytes?: number;
  /** Refuses direct messages: 50007. */
  hasDmsClosed: boolean;
};

export type MemberEntry = { userId: string; roleIds: string[]; nick: string | null; joinedAtMs: number };

export type GuildEntry = {
  id: string;
  name: string;
  ownerId: string;
  preferredLocale: string;
  premiumTier: number;
  roles: Map<string, WireRole>;
  members: Map<string, MemberEntry>;
  createdAtMs: number;
  /** What AutoMod keeps from being said by whoever does not manage the server. */
  blockedWords?: RegExp;
};

export type ChannelEntry = {
  channel: WireChannel;
  guildId?: string;
  /** For a DM: the person on the other side. */
  recipientId?: string;
};

export type KeptFile = { file: StoredFile; description?: string };

export type MessageContent = {
  content: string;
  embeds: unknown[];
  components: WireComponent[];
  flags: number;
  attachments: KeptFile[];
  /** What people add to a message beside text and files. */
  extras?: MessageExtras;
};

/** Stickers, a poll, or the message that this one forwards. */
export type MessageExtras = Pick<WireMessage, 'sticker_items' | 'poll' | 'message_snapshots'>;

export type ReactionEntry = { emoji: WireEmoji; users: Map<string, { isBurst: boolean }[]> };

export type Pings = { users: string[]; roles: string[]; everyone: boolean };

export type StoredMessage = {
  id: string;
  channelId: string;
  authorId: string;
  type: number;
  /** The only person who sees it; channel routes do not know such messages. */
  ephemeralFor?: string;
  /** The interaction it answers or follows up. */
  interactionId?: string;
  metadata?: InteractionMetadata;
  current: MessageContent;
  /** The message as sent, then as after each edit. */
  versions: { atMs: number; message: MessageContent }[];
  createdAtMs: number;
  editedAtMs?: number;
  deletedAtMs?: number;
  reactions: ReactionEntry[];
  reference?: WireReference;
  nonce?: string | number;
  /** As the sender asked for. */
  allowedMentions?: AllowedMentions | null;
  /** Who was really notified. */
  pings: Pings;
};

/** 2 command, 3 component, 4 autocomplete, 5 modal submit. */
export type InteractionKind = 2 | 3 | 4 | 5;

export type InteractionEntry = {
  id: string;
  token: string;
  kind: InteractionKind;
  userId: string;
  channelId: string;
  /** As delivered to the bot. */
  payload: Record<string, unknown>;
  /** Virtual time. */
  createdAtMs: number;
  /** Real time from delivery to the first answer. */
  acknowledgedAfterMs?: number;
  startedAt: number;
  answerType?: number;
  isEphemeral?: boolean;
  /** What @original stands for. */
  originalId?: string;
  /** The message whose component was used. */
  sourceMessageId?: string;
  followUpIds: string[];
  modal?: ModalRequest;
  choices?: WireChoice[];
  /** The person closed or submitted the modal. */
  isModalDone?: boolean;
  metadata: InteractionMetadata;
  /** The command's options as chosen. */
  options?: OptionValue[];
};

export type CommandEntry = {
  id: string;
  version: string;
  guildId?: string;
  type: number;
  request: CommandRequest;
};

export type RequestEntry = {
  /** The route's name: createMessage, editMessage, createInteractionResponse… or cdn. */
  route: string;
  method: string;
  path: string;
  body: unknown;
  files: { fileName: string; contentType: string; bytes: number }[];
  atMs: number;
  /** Undefined while the request is in progress. */
  status?: number;
  /** The JSON error code of a refusal. */
  code?: number;
  /** Set when the reply was withheld by a fault. */
  dropped?: true;
};

/** Creates the empty world of one application. */
export function createState({ bot, applicationId }: { bot: WireUser; applicationId: string }) {
  return {
    bot,
    applicationId,
    users: new Map<string, UserEntry>(),
    guilds: new Map<string, GuildEntry>(),
    channels: new Map<string, ChannelEntry>(),
    messages: new Map<string, StoredMessage>(),
    interactions: [] as InteractionEntry[],
    commands: [] as CommandEntry[],
    /** Creates of commands per guild or 'global', virtual times; 200 a day are allowed. */
    commandCreates: new Map<string, number[]>(),
    requests: [] as RequestEntry[],
    /** What a careful bot would not send: violations of the spec, ignored flags and the like. */
    lint: [] as string[],
    /** Virtual times of identifies. */
    identifies: [] as number[],
    resumes: 0,
    /** Answers of 401, 403 and 429; 10,000 in 10 minutes would ban the address. */
    invalidRequests: 0,
    isTokenRevoked: false,
  };
}

export type State = ReturnType<typeof createState>;
export type Channelish = string | { id: string };
export type { WireMessage };
