// Faithful: field names and types of the payloads, as far as the emulator uses them
// (https://discord.com/developers/docs/reference). Simplified: one loose type for all components; embeds and polls are
// kept but not understood.

export type WireUser = {
  id: string;
  username: string;
  global_name: string | null;
  discriminator: string;
  avatar: string | null;
  public_flags: number;
  flags: number;
  primary_guild: null;
  bot?: boolean;
};

export type WireMember = {
  user: WireUser;
  nick: string | null;
  avatar: null;
  banner: null;
  roles: string[];
  joined_at: string;
  premium_since: null;
  communication_disabled_until: null;
  flags: number;
  pending: boolean;
  mute: boolean;
  deaf: boolean;
  permissions?: string;
};

export type WireRole = {
  id: string;
  name: string;
  permissions: string;
  position: number;
  color: number;
  colors: { primary_color: number; secondary_color: null; tertiary_color: null };
  hoist: boolean;
  managed: boolean;
  mentionable: boolean;
  icon: null;
  unicode_emoji: null;
  flags: number;
  tags?: { bot_id: string };
};

/** `type` 0 is a role, 1 a member. */
export type WireOverwrite = { id: string; type: 0 | 1; allow: string; deny: string };

export type WireChannel = {
  id: string;
  /** 0 is a text channel of a guild, 1 a DM, 11 a thread, 15 a forum. */
  type: number;
  flags: number;
  guild_id?: string;
  name?: string;
  position?: number;
  topic?: string | null;
  nsfw?: boolean;
  parent_id?: string | null;
  permission_overwrites?: WireOverwrite[];
  recipients?: WireUser[];
  last_message_id?: string | null;
  rate_limit_per_user?: number;
  permissions?: string;
  thread_metadata?: {
    archived: boolean;
    locked: boolean;
    auto_archive_duration: number;
    archive_timestamp: string;
  };
};

export type WireEmoji = { id: string | null; name: string | null; animated?: boolean };

export type WireAttachment = {
  id: string;
  filename: string;
  size: number;
  url: string;
  proxy_url: string;
  content_type?: string;
  width?: number;
  height?: number;
  description?: string;
  ephemeral?: boolean;
  flags?: number;
};

export type WireMedia = {
  url: string;
  id?: string;
  proxy_url?: string;
  width?: number | null;
  height?: number | null;
  content_type?: string | null;
  attachment_id?: string;
};

export type WireSelectOption = {
  label: string;
  value: string;
  description?: string | null;
  default?: boolean | null;
  emoji?: WireEmoji | null;
};

/** What a select of users, roles or channels shows as picked. */
export type WireDefaultValue = { id: string; type: string };

export type WireComponent = {
  type: number;
  id?: number | null;
  custom_id?: string | null;
  label?: string | null;
  description?: string | null;
  style?: number | null;
  url?: string | null;
  sku_id?: string | null;
  emoji?: Partial<WireEmoji> | null;
  disabled?: boolean | null;
  placeholder?: string | null;
  options?: WireSelectOption[];
  default_values?: WireDefaultValue[] | null;
  min_values?: number | null;
  max_values?: number | null;
  min_length?: number | null;
  max_length?: number | null;
  required?: boolean | null;
  value?: string | null;
  default?: boolean | null;
  file_types?: string[] | null;
  content?: string;
  components?: WireComponent[];
  component?: WireComponent;
  accessory?: WireComponent;
  items?: { media: WireMedia; description?: string | null; spoiler?: boolean | null }[];
  media?: WireMedia;
  file?: WireMedia;
  name?: string;
  size?: number;
  spoiler?: boolean | null;
  divider?: boolean | null;
  spacing?: number | null;
  accent_color?: number | null;
};

export type WireReaction = {
  emoji: WireEmoji;
  count: number;
  count_details: { burst: number; normal: number };
  me: boolean;
  me_burst: boolean;
  burst_colors: string[];
};

export type WireReference = { type: number; message_id: string; channel_id: string; guild_id?: string };

export type InteractionMetadata = {
  id: string;
  type: number;
  user: WireUser;
  authorizing_integration_owners: Record<string, string>;
  name?: string;
  interacted_message_id?: string;
  triggering_interaction_metadata?: InteractionMetadata;
};

export type WireMessage = {
  id: string;
  channel_id: string;
  /** 0 plain, 19 a reply, 20 the answer to a chat command, 23 to a context-menu command. */
  type: number;
  author: WireUser;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  tts: boolean;
  mention_everyone: boolean;
  mentions: WireUser[];
  mention_roles: string[];
  attachments: WireAttachment[];
  embeds: unknown[];
  components: WireComponent[];
  flags: number;
  pinned: boolean;
  reactions?: WireReaction[];
  nonce?: string | number;
  webhook_id?: string;
  application_id?: string;
  message_reference?: WireReference;
  referenced_message?: WireMessage | null;
  interaction_metadata?: InteractionMetadata;
  sticker_items?: { id: string; name: string; format_type: number }[];
  poll?: unknown;
  /** Without author and id: https://discord.com/developers/docs/resources/message#message-snapshot-object */
  message_snapshots?: { message: Partial<WireMessage> }[];
};

/** The file a request wants to attach or keep. */
export type AttachmentRequest = {
  id: string;
  filename?: string | null;
  description?: string | null;
  is_spoiler?: boolean | null;
};

export type AllowedMentions = {
  parse?: (string | null)[] | null;
  users?: (string | null)[] | null;
  roles?: (string | null)[] | null;
  replied_user?: boolean | null;
};

/** What sends, edits and answers carry. */
export type MessagePayload = {
  content?: string | null;
  embeds?: unknown[] | null;
  components?: WireComponent[] | null;
  flags?: number | null;
  attachments?: AttachmentRequest[] | null;
  allowed_mentions?: AllowedMentions | null;
  sticker_ids?: string[] | null;
  poll?: unknown;
  nonce?: string | number | null;
  enforce_nonce?: boolean | null;
  tts?: boolean | null;
  message_reference?: {
    message_id: string;
    channel_id?: string | null;
    guild_id?: string | null;
    fail_if_not_exists?: boolean | null;
    type?: number | null;
  } | null;
};

/** The type of a channel whose threads are posts (https://discord.com/developers/docs/topics/threads#forums). */
export const FORUM = 15;

/** Message flags (https://discord.com/developers/docs/resources/message#message-object-message-flags). */
export const FLAGS = {
  SUPPRESS_EMBEDS: 1 << 2,
  EPHEMERAL: 1 << 6,
  LOADING: 1 << 7,
  SUPPRESS_NOTIFICATIONS: 1 << 12,
  IS_COMPONENTS_V2: 1 << 15,
};
