// What the server tells the page; both are held to it, and it imports nothing but shapes.
import type { ModalRequest, WireOption } from '../../emulators/discord/command-wire.ts';
import type { WireComponent } from '../../emulators/discord/wire.ts';

export interface TelegramView {
  /** Username of the bot. */
  readonly bot: string;
  readonly chats: readonly TelegramChat[];
  readonly commands: { readonly private: readonly MenuCommand[]; readonly group: readonly MenuCommand[] };
}

interface MenuCommand {
  readonly command: string;
  readonly description: string;
}

export interface TelegramChat {
  readonly id: number;
  readonly title: string;
  readonly subtitle: string;
  readonly isGroup: boolean;
  readonly messages: readonly TelegramMessage[];
}

export interface TelegramMessage {
  readonly id: number;
  /** Of a message that one person alone sees. */
  readonly ephemeralId?: number | undefined;
  readonly chat: number;
  readonly from: string;
  readonly isMine: boolean;
  readonly isBot: boolean;
  readonly isAlone: boolean;
  /** Unix time in seconds. */
  readonly date: number;
  readonly isEdited: boolean;
  readonly text: string;
  readonly entities: readonly TextEntity[];
  readonly album?: string | undefined;
  readonly media?: TelegramMedia | undefined;
  readonly service?: string | undefined;
  readonly keyboard: readonly (readonly KeyboardButton[])[];
  readonly asksForReply: boolean;
  readonly replyTo?:
    | { readonly id: number; readonly from: string; readonly isMine: boolean; readonly text: string }
    | undefined;
  readonly reactions: readonly Reaction[];
}

export interface TextEntity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string | undefined;
}

export interface KeyboardButton {
  readonly text: string;
  readonly style?: string | undefined;
  readonly data?: string | undefined;
  readonly url?: string | undefined;
  readonly copies?: string | undefined;
  readonly isDisabled: boolean;
}

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly isMine: boolean;
}

export type TelegramMedia =
  | { readonly type: 'photo'; readonly url: string; readonly width: number; readonly height: number }
  | {
      readonly type: 'video';
      readonly url: string;
      readonly width: number;
      readonly height: number;
      readonly isAnimation: boolean;
    }
  | {
      readonly type: 'file';
      readonly url: string;
      readonly name: string;
      readonly bytes: number;
      readonly isPicture: boolean;
    };

export interface DiscordView {
  readonly server: string;
  readonly botId: string;
  readonly me: string;
  readonly channels: readonly DiscordChannel[];
  readonly people: readonly Named[];
  readonly roles: readonly Named[];
  readonly commands: readonly {
    readonly name: string;
    readonly description?: string | null | undefined;
    readonly options: readonly WireOption[];
  }[];
  readonly messageCommands: readonly string[];
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

interface DiscordChannel extends Named {
  readonly isDirect: boolean;
  readonly messages: readonly DiscordMessage[];
}

export interface DiscordMessage {
  readonly id: string;
  readonly author: Named & { readonly isBot: boolean };
  readonly isMine: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isEdited: boolean;
  readonly content: string;
  /** Ephemeral: one person sees it. */
  readonly isAlone: boolean;
  readonly isThinking: boolean;
  readonly isV2: boolean;
  readonly usedCommand?: { readonly name: string; readonly by: string } | undefined;
  readonly replyTo?: { readonly id: string; readonly name: string; readonly text: string } | undefined;
  readonly attachments: readonly DiscordFile[];
  readonly embeds: readonly unknown[];
  readonly components: readonly WireComponent[];
  readonly reactions: readonly Reaction[];
}

interface DiscordFile {
  readonly url: string;
  readonly name: string;
  readonly bytes: number;
  readonly type: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** What comes of an interaction at once. */
export interface InteractionOutcome {
  readonly interaction?: string;
  readonly modal?: ModalRequest;
}

export interface PhoneView {
  readonly profiles: readonly Profile[];
}

interface Profile {
  readonly username: string;
  readonly nickname: string;
  readonly isConnected: boolean;
  readonly likes: number;
  readonly views: number;
  readonly posts: readonly PhonePost[];
  readonly inbox: readonly PhonePost[];
}

export interface PhonePost {
  readonly key: string;
  readonly publishId?: string | undefined;
  readonly postId?: string | undefined;
  readonly kind: 'photo' | 'video';
  readonly title: string;
  readonly caption: string;
  readonly media: readonly { readonly url: string; readonly type: string }[];
  /** The number of the cover photo, or the second of the video. */
  readonly cover: number;
  readonly state: 'underway' | 'inbox' | 'checking' | 'public' | 'friends' | 'private' | 'gone';
  readonly counts?:
    | { readonly views: number; readonly likes: number; readonly comments: number; readonly shares: number }
    | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface StateView {
  readonly nod: 'starting' | 'running' | 'dead';
  readonly switches: readonly SwitchView[];
  /** How far the clocks are ahead of the real time. */
  readonly aheadMs: number;
}

/** A trouble of the switchboard. */
export interface SwitchView {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  /** `toggle` stays on until it is turned off; `once` meets the next request that fits; `now` happens at once. */
  readonly kind: 'toggle' | 'once' | 'now';
  readonly isOn: boolean;
}

/** One line of the timeline. */
export interface WireView {
  readonly id: number;
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly path: string;
  readonly status?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly problem?: string | undefined;
}

/** An entry of the timeline with all that is shown of it. */
export interface WireDetails extends WireView {
  readonly request: WirePart;
  readonly response?: WirePart;
}

/** Headers and a body as text. */
export interface WirePart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
