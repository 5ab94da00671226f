import { isDeepStrictEqual } from 'node:util';
import type { Publish } from '../emulators/tiktok/index.ts';
import type { Seen } from './chat.ts';
import type { ChatName } from './options.ts';

/** What became of one group of files; `media` is what TikTok received. */
export interface DemoPost {
  readonly chat: string;
  /** Their names, and what the card said of each before it was posted; absent where a team decides. */
  readonly files?: readonly string[];
  readonly report?: readonly string[];
  /** What Ana alone was told when she tapped *Post now*; absent where that was nothing. */
  readonly told?: string;
  readonly kind: 'photo' | 'video';
  /**
   * Nod's last status; `refused` when the card did not let the files through, `rejected` when the team did not,
   * `stuck` when nothing settled in time.
   */
  readonly status: 'published' | 'in_inbox' | 'failed' | 'unconfirmed' | 'rejected' | 'refused' | 'stuck';
  /** How the story has to end. */
  readonly expected: 'published' | 'rejected';
  /** How many times TikTok took the media for a post that has not failed. */
  readonly published: number;
  readonly publishId: string | null;
  readonly postIds: readonly string[];
  /** Init calls, as TikTok counted them. */
  readonly inits: number;
  readonly media: readonly {
    contentType: string | undefined;
    bytes: number;
    sha256: string;
    width: number | undefined;
    height: number | undefined;
    durationSeconds: number | undefined;
    /** What it still tells about its maker. */
    metadata: readonly string[];
  }[];
  /** What TikTok shows as its text; null where it got none. */
  readonly caption: string | null;
  /** The text that it has to show; absent where the story is not about that. */
  readonly expectedCaption?: string;
  /** The last text of the card. */
  readonly card: string;
  /** Absent where no chat made any. */
  readonly troubles?: readonly DemoTrouble[];
  /** Absent where Ana posts alone, and where the post did not come to its review. */
  readonly review?: DemoReview;
  /** What its card showed in the days after; absent where the story ends with the link. */
  readonly later?: readonly DemoMoment[];
}

/** What a card has to show at some time after its post went live, and the text that did; null where none came. */
export interface DemoMoment {
  readonly when: string;
  readonly expected: string;
  readonly card: string | null;
}

/** What a chat did to Nod while the post was under way. */
export interface DemoTrouble {
  readonly platform: ChatName;
  readonly what: string;
  /** How many calls of Nod have met it. */
  readonly met: number;
}

/** How a team decided about a post. */
export interface DemoReview {
  /** How many it needs. */
  readonly approvals: number;
  /** In the order in which they were cast. */
  readonly votes: readonly DemoVote[];
  /** Init calls before the last of them. */
  readonly initsBefore: number;
  /** What all cards say in the end; null when they say nothing, or not the same. */
  readonly decision: DemoDecision | null;
  /** The last text of each card. */
  readonly cards: readonly { readonly platform: ChatName; readonly text: string }[];
}

export interface DemoVote {
  readonly platform: ChatName;
  readonly person: string;
  readonly mark: 'approve' | 'reject';
  readonly by: 'reaction' | 'button';
  readonly reason?: string;
}

export interface DemoDecision {
  readonly outcome: 'approved' | 'rejected';
  readonly by: readonly string[];
}

export interface Result {
  readonly ok: boolean;
  /** How many times TikTok took media in all, counted after Nod has stopped. */
  readonly published: number;
  readonly posts: readonly DemoPost[];
}

export type Step =
  | { event: 'start'; note: string }
  | { event: 'chat'; name: string }
  | { event: 'scene'; text: string }
  | { event: 'person'; who: string; does: string }
  /** What the bot says; `to` somebody alone, if to anybody. */
  | { event: 'note'; text: string; to?: string }
  /** A card; `where` is the chat of a team in which it stands. */
  | ({ event: 'card'; where?: string } & Seen)
  | { event: 'tiktok'; does: string }
  /** What a chat platform itself does. */
  | { event: 'platform'; name: string; does: string }
  | ({ event: 'result'; problem?: string } & Result);

export type Tell = (step: Step) => void;

/** Whether a post ended as its story had to, with its text and in spite of all troubles, and all its cards say so. */
export function isAsExpected(post: DemoPost): boolean {
  const { status, expected, published, caption, expectedCaption = caption, troubles = [], later = [] } = post;
  const { review } = post;
  if (status !== expected || published !== (expected === 'published' ? 1 : 0)) return false;
  if (caption !== expectedCaption || troubles.some(({ met }) => met === 0)) return false;
  if (later.some(({ card }) => card === null)) return false;
  if (review === undefined) return true;
  const { votes, decision, initsBefore } = review;
  const mark = expected === 'published' ? 'approve' : 'reject';
  const by = votes.filter((vote) => vote.mark === mark).map(({ person }) => person);
  const outcome = expected === 'published' ? 'approved' : 'rejected';
  return initsBefore === 0 && isDeepStrictEqual(decision, { outcome, by });
}

/** What TikTok did with one publish, in words. */
export function publishWords(publish: Publish): string {
  const files = publish.media.length;
  const bytes = publish.media.reduce((sum, media) => sum + media.bytes, 0);
  return `pulled ${files} file${files === 1 ? '' : 's'}, ${Math.round(bytes / 1000)} KB: ${publish.status}${
    publish.failReason === undefined ? '' : ` (${publish.failReason})`
  }`;
}
