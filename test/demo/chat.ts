import type { ChatName, Group } from './options.ts';
import type { Tell } from './story.ts';

/** How long a card is waited for. */
export const CARD_MS = 60_000;

/** A card as a person sees it. */
export interface Seen {
  readonly text: string;
  readonly buttons: readonly (readonly string[])[];
  /** The reactions under it, with how many people set each. */
  readonly marks?: readonly string[];
}

/** The chat itself does not let a person send the file in this way. */
export class NotOfferedError extends Error {
  override name = 'NotOfferedError' as const;
}

/** What the demo does in a chat, whatever its platform. */
export interface DemoChat {
  readonly name: string;
  /** What stands before a caption so that the bot heeds it. */
  readonly address: string;
  /** Makes Ana the operator, by the code that the start of Nod printed. */
  claim(code: string): Promise<void>;
  /** Connects the TikTok account; what the bot says then. */
  connect(): Promise<string>;
  /** Gives the files to the bot. */
  send(group: Group): Promise<DemoCard>;
}

/** The card that the files got. */
export interface DemoCard {
  /** Resolves with the card once it fits, now or after an edit. */
  shows(fits: (seen: Seen) => boolean, timeoutMs: number): Promise<Seen>;
  /** Presses a button; the note that only the presser sees, if there is one. */
  press(label: string): Promise<string | undefined>;
  /** The card as it stands. */
  last(): Seen | undefined;
}

/** A chat of a team, where the cards of its reviews stand. */
export interface Room {
  readonly platform: ChatName;
  /** As people call it. */
  readonly name: string;
  /** What a draft is called here. */
  readonly draftName: string;
  /** Where posts of this room are composed. */
  readonly chat: DemoChat;
  readonly approveMark: string;
  /** What stands before the name of a command. */
  readonly slash: string;
  setApprovals(approvals: number): Promise<void>;
  /** The card of the review that begins next. */
  nextCard(): ReviewCard;
  /** What Ana is answered who enters a command, by how the answer begins. */
  ask(command: string, beginning: string): Promise<Seen>;
}

/** The card of a review in one room; afterwards it shows what becomes of the post. */
export interface ReviewCard extends Pick<DemoCard, 'shows' | 'last'> {
  readonly room: Room;
  /** The card as it asks the team, with the bot’s own reactions under it. */
  asks(timeoutMs: number): Promise<Seen>;
  /** Somebody sets the reaction that approves. */
  react(name: string): Promise<void>;
  /** Somebody presses *Approve*; what they are told. */
  approve(name: string): Promise<string | undefined>;
  /** Somebody presses *Reject…* and says why, which is told on the way. */
  reject(vote: { name: string; reason: string }, tell: Tell): Promise<void>;
}

export const labelsOf = ({ buttons }: Seen): string[] => buttons.flat();

/** The reactions under a message, counted. */
export const marksText = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts].map(([emoji, count]) => `${emoji} ${count}`);
