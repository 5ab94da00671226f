import type { Group } from './options.ts';

/** A card as a person sees it. */
export interface Seen {
  readonly text: string;
  readonly buttons: readonly (readonly string[])[];
}

/** What the demo does in a chat, whatever its platform. */
export interface DemoChat {
  readonly name: string;
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

export const labelsOf = ({ buttons }: Seen): string[] => buttons.flat();
