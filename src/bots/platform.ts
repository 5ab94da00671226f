import type { Readable } from 'node:stream';
import type { LeftOut } from '../core/compose/draft.ts';
import type { ChatRef, Obstacle, Person } from '../core/people.ts';
import { AskedToWaitError } from '../core/problems.ts';
import type { Electorate, Member, Role, VoteChoice } from '../core/review/review.ts';

/** How we stand with a platform: it takes us, it does not answer, or it does not take our bot any more. */
export type Connection = 'connecting' | 'connected' | 'away' | 'refused';

/** What every chat platform does for the conversation. */
export interface Bot {
  readonly platform: 'telegram' | 'discord';
  /** Drafts are composed where only their author sees them; then a post gets a card of its own for all. */
  readonly composesInPrivate: boolean;
  /**
   * Begins to listen and returns once the platform has accepted the token, however long it does not answer.
   * Events of one chat arrive one after the other; where the platform keeps them, an event is delivered again after a
   * crash until `receive` has resolved.
   *
   * @throws ChatRefusedError when the platform does not take our bot.
   */
  start(receive: (event: ChatEvent) => Promise<void>, options?: StartOptions): Promise<void>;
  /** Stops listening and finishes the events under way. */
  stop(): Promise<void>;
  connection(): Connection;
  /** Asks the platform something that changes nothing, and tells whether it answers. */
  isReachable(): Promise<boolean>;
  send(chat: ChatRef, card: Card, options?: SendOptions): Promise<MessageRef>;
  /** Shows `card` in place of what the message shows now. An unchanged card is a success. */
  edit(
    message: MessageRef,
    card: Card,
    options?: { readonly rank?: CallRank | undefined },
  ): Promise<MessageRef>;
  /** Sends a message that only the reader of this one sees, who is one person alone; absent where there are none. */
  readonly sendBeside?: (message: MessageRef, card: Card) => Promise<MessageRef>;
  /** What a message that shows this card is known by among ours. */
  fingerprintOf(card: Card): string;
  /**
   * What a message is known by that may show what one of `cards` shows; undefined where it is none of ours, has no buttons, or
   * is far from them. Where the platform does not let it be read otherwise, it loses its buttons.
   */
  readCopy(message: MessageRef, cards: readonly MessageRef[]): Promise<string | undefined>;
  /** Our messages in a chat since a time (epoch milliseconds), the newest first; absent where bots cannot read a chat. */
  readonly findSent?: (chat: ChatRef, since: number) => Promise<readonly SentMessage[]>;
  /** A link to a message of ours, for whoever is in its chat; undefined where there are none. */
  messageUrl(message: MessageRef): string | undefined;
  /** A link that opens a chat, for whoever is in it; undefined where there is none. */
  chatUrl(chat: ChatRef): string | undefined;
  /** Deletes a message of ours; one that is gone already is a success. */
  remove(message: MessageRef): Promise<void>;
  /**
   * Opens a file that somebody offered, on the platform or on our own disk. Errors never name the platform's URL.
   *
   * @throws FileUnavailableError, also from the stream, when asking again would not help.
   */
  openFile(ref: string): Promise<Readable>;
  /** What the person is in this chat right now. In a private chat everybody manages, and is a member. */
  fetchMember(chat: ChatRef, person: Person): Promise<Member>;
  /** Who manages the place of this chat, bots left out, as far as the platform tells. */
  fetchManagers(chat: ChatRef): Promise<Electorate>;
  /** Puts our own reactions under a message, for others to join; what stands there already is a success. */
  addReactions(message: MessageRef, marks: readonly VoteChoice[]): Promise<void>;
  /** Whose reactions stand under a message, bots left out; absent where the platform does not tell. */
  readonly fetchReactions?: (message: MessageRef) => Promise<readonly { person: Person; mark: VoteChoice }[]>;
  /**
   * The ids of those of these messages of one chat that only we have reacted to, where one question tells of many; what is left
   * out may have reactions, or be gone.
   */
  readonly fetchUntouched?: (chat: ChatRef, messages: readonly MessageRef[]) => Promise<ReadonlySet<string>>;
  /** Whether reactions in this chat reach us at all. */
  receivesReactions(chat: ChatRef): Promise<boolean>;
  /** What would keep a card out of this chat, as far as it is known before one is sent. */
  fetchObstacle(chat: ChatRef): Promise<Obstacle | undefined>;
  /**
   * Asks the platform anew what is in our way there, or in one of its chats; changes nothing, and works before `start`.
   *
   * @throws ChatRefusedError where it does not take our token, ChatUnreachableError
   */
  examine(options: { readonly chat?: ChatRef; readonly signal: AbortSignal }): Promise<Examination>;
  /** Tells one person alone, near the message if possible; false where the platform offers no way. */
  tellPrivately(message: MessageRef, person: Person, card: Card): Promise<boolean>;
  /** The chat in which this person alone talks with us; undefined where the platform lets us open none. */
  privateChat(person: Person): Promise<ChatRef | undefined>;
  /** Where people find the bot: a link that opens it or invites it; undefined before it has started. */
  openUrl(): string | undefined;
  /** The link that opens a private chat with us, with a payload of A-Z a-z 0-9 _ and -; absent where there is none. */
  readonly startUrl?: (payload: string) => string | undefined;
  /** Whether a message of ours can still be edited, as far as its age goes; absent where age does not matter. */
  readonly canEdit?: (message: MessageRef) => boolean;
  /** How long to let pass between two edits of a message. */
  editPauseMs(message: MessageRef, now: number): number;
  /** How much waits or is being done, by what it is; for whoever measures. */
  readonly depths?: () => Readonly<Record<string, number>>;
  /** How long a card of this rank has to wait until the chat likes another one; absent where the platform's library sees to that. */
  readonly pauseMs?: (chat: ChatRef, rank: CallRank) => number;
  /** How long the platform remembers a `onceKey`; absent where it knows no such keys. */
  readonly onceKeyMs?: number;
}

/** What a look at our bot on its platform, or in one chat, has shown. */
export interface Examination {
  /** What the bot or the chat is called, where that was told. */
  readonly name?: string | undefined;
  readonly fault?: SetupFault | undefined;
}

/** What somebody has to set right on a platform. */
export type SetupFault =
  | Obstacle
  /** Reactions in this chat do not reach us. */
  | { readonly type: 'no_reactions' }
  /** Another program takes what is meant for us. */
  | { readonly type: 'other_program' }
  /** Only so many more connections are let through for now. */
  | { readonly type: 'few_connections'; readonly left: number };

/** What goes first where a chat limits how much is said in it: what people wait for, then new cards, then changed ones. */
export const RANKS = ['person', 'new', 'edit'] as const;
export type CallRank = (typeof RANKS)[number];

export interface StartOptions {
  /** Called whenever the platform does not answer while we start; the start goes on. */
  readonly onAway?: () => void;
  /** Called once connected, and again whenever events may have been missed that only reading back can tell. */
  readonly onGap?: () => void;
  /** Whether what is said in a place may be written to the disk until it is handled; by the id of its workspace. */
  readonly mayStore?: (workspace: string) => Promise<boolean>;
  /** Whether anything is kept of a place that has to follow it when its id changes. */
  readonly isKnown?: (workspace: string) => Promise<boolean>;
  /** The time zone of a place (IANA name), for times that only the platform shows in everybody's own. */
  readonly timeZoneOf?: (workspace: string) => Promise<string>;
}

export interface SendOptions {
  readonly replyTo?: MessageRef | undefined;
  /** Opens the person's keyboard for a reply to this message. */
  readonly asksFor?: Person;
  /** Calls this person's attention to the message. */
  readonly callsFor?: Person | undefined;
  /** Leaves the phone silent. */
  readonly silent?: boolean;
  /**
   * Names the message that shall stand there, in at most 25 characters; it must not change while the message may have
   * arrived. Where the platform can, a message that was sent under the same key is not sent again.
   */
  readonly onceKey?: string;
  /** As for somebody who waits for it, unless said otherwise. */
  readonly rank?: CallRank | undefined;
}

/** A message, nearly always of ours, as its platform finds it again. */
export interface MessageRef {
  readonly chat: ChatRef;
  readonly id: string;
  /** Key of the picture that it shows. */
  readonly picture?: string;
  /** Only one person sees it, and for some minutes only it can be edited. */
  readonly isPrivate?: true;
}

/** A message of ours, as it stands in its chat. */
export interface SentMessage {
  readonly message: MessageRef;
  readonly fingerprint: string;
}

/** What a message shows; the adapter sets it in its platform's means and shortens what does not fit. */
export interface Card {
  readonly attachment?: Attachment | undefined;
  readonly lines: readonly Line[];
  readonly rows: readonly Row[];
}

type Attachment = Picture | TextFile;

/** A JPEG on our disk; equal keys mean equal pictures. */
export interface Picture {
  readonly type: 'picture';
  readonly key: string;
  readonly path: string;
}

/** A text file to keep. */
export interface TextFile {
  readonly type: 'file';
  readonly name: string;
  readonly text: string;
}

/** One paragraph line; an empty array is a blank line. */
export type Line = readonly Span[];
export type Span =
  | string
  | {
      readonly text: string;
      readonly style?: 'bold' | 'italic' | 'code';
      readonly href?: string;
      /** The time that `text` says, for platforms that show it in each reader's own time zone. */
      readonly moment?: Moment;
    };

/** A point in time (epoch milliseconds), as a date or as how far it is from now. */
export interface Moment {
  readonly at: number;
  readonly form: 'date' | 'distance';
}

/** Buttons side by side, one choice out of several, or a menu of roles or people. */
export type Row = ButtonRow | Choice | Picker;

export interface ButtonRow {
  readonly type: 'buttons';
  readonly buttons: readonly Button[];
}

/** A menu where the platform has menus, buttons where it has not. */
export interface Choice {
  readonly type: 'choice';
  /** What is asked for while nothing is chosen. */
  readonly prompt: string;
  readonly options: readonly { readonly label: string; readonly press: string; readonly isChosen: boolean }[];
}

/** A menu of everybody, or of all roles, in the place; it shows nothing where the platform has no such menus. */
export interface Picker {
  readonly type: 'picker';
  readonly pick: 'roles' | 'people';
  readonly prompt: string;
  /** What a change of the menu brings back, with `picked`. */
  readonly press: string;
  /** The ids that are picked; those of another platform are left out. */
  readonly picked: readonly string[];
  readonly max: number;
}

export type Button = { readonly label: string; readonly tone?: 'good' | 'bad' | 'main' } & (
  | { /** What a press brings back: at most 64 bytes. */ readonly press: string }
  | { readonly href: string }
);

/** Buttons side by side. */
export const buttonRow = (...buttons: readonly Button[]): ButtonRow => ({ type: 'buttons', buttons });

/** Buttons below one another. */
export const buttonColumn = (buttons: readonly Button[]): ButtonRow[] => buttons.map((one) => buttonRow(one));

/** Many buttons in rows of `length`. */
export function buttonRows(buttons: readonly Button[], length: number): ButtonRow[] {
  const starts = buttons.flatMap((_, index) => (index % length === 0 ? [index] : []));
  return starts.map((start) => buttonRow(...buttons.slice(start, start + length)));
}

/** The picture that a card shows. */
export const shownPicture = ({ attachment }: Card): Picture | undefined =>
  attachment?.type === 'picture' ? attachment : undefined;

/** Something that happened in a chat, in no platform's terms. */
export type ChatEvent = {
  /** The platform's own id of the event; the same event may come twice. */
  readonly id: string;
  readonly chat: ChatRef;
  /** The place that shares accounts: a group or a private chat, whatever the thread. */
  readonly workspace: string;
  readonly chatTitle: string;
  /** What the whole place is called, where that differs; empty where the platform does not know yet. */
  readonly workspaceTitle?: string;
  readonly isPrivate: boolean;
  readonly person: Person;
  /** What the platform calls that person and nobody else, such as `@kim`. */
  readonly handle?: string | undefined;
  /** When it happened, in epoch milliseconds, by the platform's clock; where that does not tell, when it was received. */
  readonly at?: number | undefined;
  /** The language of the person's app as a BCP 47 tag, where the platform tells it. */
  readonly locale?: string | undefined;
  /** A message of ours that only this person sees and that waits for the answer; absent where answers go to the chat. */
  readonly reply?: MessageRef | undefined;
  /** Says something more to this person alone once the event is answered; absent where there are no such messages. */
  readonly tellAlso?: (text: string) => Promise<boolean>;
} & (
  | {
      readonly type: 'media';
      readonly messageId: string;
      /** Equal for all files of one album. */
      readonly album?: string | undefined;
      readonly caption?: string | undefined;
      /** The person's own message that gives the caption for all files, where that is not the file's own. */
      readonly captionFrom?: string | undefined;
      /** The platform shows this file of the album alone. */
      readonly isAlbumPart?: true | undefined;
      /** It addresses us only by what it answers: it joins that draft, or is no business of ours. */
      readonly isOnlyReply?: true | undefined;
      /** Its words are somebody else's. */
      readonly isForwarded?: true | undefined;
      /** A message of ours that it answers, such as the card of the draft that it shall join. */
      readonly replyTo?: MessageRef | undefined;
      /** Files of a draft stand in this order. */
      readonly order: number;
      readonly file: OfferedFile;
      readonly wishes?: Wishes | undefined;
      /** What else stood in the message and cannot be posted; with its first file. */
      readonly leftOut?: readonly LeftOut[] | undefined;
    }
  | {
      readonly type: 'command';
      readonly name: string;
      readonly argument: string;
      /** The person's own message that gives the command; absent where commands are no messages. */
      readonly message?: MessageRef | undefined;
      /** The biggest file that this person can give us here, where the platform tells it. */
      readonly maxFileBytes?: number | undefined;
      /** Whose message the command replies to. */
      readonly target?: Person | undefined;
    }
  | {
      /** Somebody has changed a message of theirs, or the platform says so; it may never have been for us. */
      readonly type: 'edit';
      readonly messageId: string;
      /** Without what only addresses us; empty where there is none. */
      readonly text: string;
      /** What it shows now. */
      readonly file?: OfferedFile | undefined;
      /** What it offers where it has been for us only since the edit. */
      readonly offer?: ChatEventOf<'media'> | undefined;
    }
  | {
      readonly type: 'text';
      readonly text: string;
      /** The person's own message, whose later edits come as `edit` events; absent where none come. */
      readonly messageId?: string | undefined;
      /** What comes by its links stands in this order; absent where a text is only an answer. */
      readonly order?: number | undefined;
      /** It addresses us to have something posted: its links are files, and what else it says is their caption. */
      readonly isToPost?: true | undefined;
      readonly replyTo?: MessageRef | undefined;
      /** What our question was about, where the answer tells it. */
      readonly subject?: string;
    }
  | {
      /** Somebody is filling in an option of a command; nothing is chosen yet. */
      readonly type: 'suggest';
      readonly option: 'account' | 'privacy';
      readonly typed: string;
      /** The `accountKey` that is chosen so far. */
      readonly account?: string | undefined;
      readonly offer: (suggestions: readonly { label: string; value: string }[]) => Promise<void>;
    }
  | {
      readonly type: 'press';
      readonly press: string;
      readonly message: MessageRef;
      /**
       * Whether the message has a button that says so. Clients of one's own can send anything, and a button may have gone
       * while it was pressed: what is not on the message may be done, but the message proves nothing.
       */
      readonly isOnMessage: boolean;
      /** The fingerprint of the message as it is now, where the platform tells it. */
      readonly shows?: string | undefined;
      /** What a `Picker` shows now. */
      readonly picked?: readonly (Role | Person)[];
      /** Ends the button's spinner, with a note for the presser alone. The first call counts. */
      readonly answer: (note?: string) => Promise<void>;
      /** Answers with a message that only the presser sees; absent where there are none. */
      readonly openPrivately?: () => Promise<MessageRef>;
      /** Asks for a text in a window of its own, whose answer comes as a `text` event; absent where there are none. */
      readonly ask?: (question: Question) => Promise<void>;
    }
  | {
      /** Somebody has changed their reactions under a message of ours. */
      readonly type: 'reaction';
      readonly message: MessageRef;
      /** Which marks stand now; a mark that is not named is as it was. */
      readonly marks: { readonly [M in VoteChoice]?: boolean };
      /** The platform does not say who it was; `person` is the place itself. */
      readonly isAnonymous?: true;
    }
  | {
      /** What the bot may do in this chat has changed, or whether its messages there can be reached. */
      readonly type: 'rights';
      /** Whether the bot is in the chat. */
      readonly isPresent: boolean;
      /** It was not there before. */
      readonly isAdded?: true | undefined;
    }
  | {
      /** Somebody has sent media in a place of many people without addressing us. */
      readonly type: 'overheard';
      readonly message: MessageRef;
    }
  | {
      /** Somebody has sent us alone what is neither media nor text. */
      readonly type: 'untakeable';
      readonly what: 'sticker' | 'sound' | 'place' | 'contact' | 'poll' | 'story' | 'other';
    }
);

/** What was chosen along with a file. */
export interface Wishes {
  /** As TikTok spells it. */
  readonly privacyLevel?: string | undefined;
  /** An `accountKey`. */
  readonly account?: string | undefined;
  /** A time in words. */
  readonly when?: string | undefined;
}

export interface Question {
  /** What the answer is about: at most 90 characters. */
  readonly subject: string;
  readonly title: string;
  /** What helps to answer it, in a short line. */
  readonly hint?: string;
  /** What stands in the field already. */
  readonly text: string;
  readonly maxLength: number;
}

export type ChatEventOf<T extends ChatEvent['type']> = Extract<ChatEvent, { type: T }>;

export interface OfferedFile {
  /** Opens the file through `openFile`, also after a restart; names the link that a file comes by. */
  readonly ref: string;
  /** The link that it comes by, which nobody else may see. */
  readonly link?: string | undefined;
  /** Equal for the same file, where `ref` may change. */
  readonly key?: string | undefined;
  readonly name: string;
  /** As the platform declares it. */
  readonly bytes?: number | undefined;
  /** A small JPEG of it that the platform made. */
  readonly thumbnailRef?: string | undefined;
  /** What the platform says that it is; only for words before it is looked at. */
  readonly claimedKind?: 'photo' | 'video' | undefined;
  /** Set when the platform will not give the file to a bot: the biggest size that it would. */
  readonly tooBig?: { readonly maxBytes: number } | undefined;
}

/** The message to edit or to answer is no longer there. */
export class MessageGoneError extends Error {
  override name = 'MessageGoneError' as const;
}

/** The bot can no longer write into the chat: it was blocked or removed, or the chat is gone. */
export class ChatClosedError extends Error {
  override name = 'ChatClosedError' as const;
  readonly obstacle: Obstacle;

  constructor(message: string, obstacle: Obstacle = { type: 'unknown' }) {
    super(message);
    this.obstacle = obstacle;
  }
}

/** The platform says no to what was sent, and would again; only we could put that right. */
export class CardRefusedError extends Error {}

/** The platform does not take our bot: only whoever runs the program can put that right. */
export class ChatRefusedError extends Error {}

/** The platform asks to wait. Nothing was done. */
export class ChatBusyError extends AskedToWaitError {
  override name = 'ChatBusyError' as const;
}

/** No answer that proves anything. */
export class ChatUnreachableError extends Error {
  override name = 'ChatUnreachableError' as const;
  /** What was asked may have been done; false when the platform cannot have heard of it. */
  readonly maybeDone: boolean;

  constructor(message: string, { maybeDone = true }: { maybeDone?: boolean } = {}) {
    super(message);
    this.maybeDone = maybeDone;
  }
}
