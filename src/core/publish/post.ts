import { createHash } from 'node:crypto';
import type {
  MediaKind,
  MediaProblem,
  MediaUse,
  PreparedMedia,
  PreparingProblem,
  StoredFile,
} from '../media/types.ts';
import type { AccountName, ChatRef, Person } from '../people.ts';
import type { Problem } from '../problems.ts';
import type { Reviewed } from '../review/ballots.ts';
import {
  type BallotEntry,
  barredFrom,
  type Decision,
  type ReviewPolicy,
  type Vote,
  type VoterRules,
  votesOf,
} from '../review/review.ts';
import type { Versioned } from '../storage/database.ts';
import type { FailureReason } from '../tiktok/codes.ts';
import type {
  PostMode,
  PostSettings,
  PrivacyLevel,
  PublishStatus,
  Video,
  VideoCounts,
} from '../tiktok/types.ts';
import { isDayOld, type Pacing } from './pacing.ts';

/** A file as the person gave it. */
interface SourceFile {
  readonly name: string;
  readonly file: StoredFile;
  readonly use?: MediaUse | undefined;
  /** Of the whole video. */
  readonly durationSeconds?: number | undefined;
  /** How many pictures an animation has; absent for everything else. */
  readonly pictures?: number | undefined;
}

/** A text that somebody typed in the chat for a caption. */
export interface TypedText {
  /** The chat message that has it: a file's own, or an answer of its author's. */
  readonly messageId: string;
  /** Texts are joined in this order. */
  readonly order: number;
  readonly text: string;
  /** `joined` with those of other files; `alone`, as an answer is; `left_out`, because the caption was chosen otherwise. */
  readonly use: 'joined' | 'alone' | 'left_out';
}

/** A message that something of a post came from, as it was when the post was submitted. */
export interface PostMessage extends TypedText {
  readonly file?: { readonly ref: string; readonly key?: string | undefined } | undefined;
}

/** The id of a file that a message brings: the first one has that of the message itself. */
export const fileIdOf = (messageId: string, index: number): string =>
  index === 0 ? messageId : `${messageId}/${index}`;

/** Which of the files of a message has this id, from 0; undefined for a file of another message. */
export function fileIndexOf(id: string, messageId: string): number | undefined {
  if (id === messageId) return 0;
  return id.startsWith(`${messageId}/`) ? Number(id.slice(messageId.length + 1)) : undefined;
}

/** What was submitted. It never changes: an approval is for exactly this. */
export interface PostContent {
  readonly kind: MediaKind;
  readonly postMode: PostMode;
  readonly openId: string;
  /** In the order in which they are shown. */
  readonly sources: readonly SourceFile[];
  /** Which of several photos is the cover, from 0; absent for the first. */
  readonly coverIndex?: number | undefined;
  /** Of a photo post; absent for none. */
  readonly title?: string | undefined;
  readonly caption: string;
  readonly settings: PostSettings;
  /** The moment of the video that is its cover; absent for its first picture, and for the inbox. */
  readonly coverMs?: number | undefined;
}

/** What makes two posts alike, as hashes by which they are found. */
export interface Likeness {
  /** Of all files together, in whichever order. */
  readonly files: string;
  /** Of the caption, whatever its case and spaces; absent where there is none. */
  readonly caption?: string | undefined;
}

/** Why a post came to nothing, or has to wait: TikTok's reasons and our own. */
export type PostFailureReason =
  | FailureReason
  | 'media_refused'
  | 'preparing_failed'
  | 'tiktok_unreachable'
  /** Nod itself ended in the middle of an attempt. */
  | 'interrupted'
  | 'never_pulled'
  /** The upload broke off before its last chunk. */
  | 'upload_failed'
  /** Its data come from a backup, and it may have gone out after that. */
  | 'restored'
  | 'account_disconnected';

/** How one of TikTok's limits was used, as we count it, when it held a post back. */
export interface LimitCount {
  readonly used: number;
  readonly cap: number;
  /** TikTok has refused more than that, which is less than usual. */
  readonly isLearned?: true | undefined;
  /** How many posts wait for the same and go first; absent for none. */
  readonly ahead?: number | undefined;
  /** When there is room again; epoch milliseconds. */
  readonly opensAt: number;
}

export interface PostFailure {
  readonly reason: PostFailureReason;
  /** Where the reason is a limit: how it is used. */
  readonly limit?: LimitCount | undefined;
  /** The code or fail reason as TikTok spelled it. */
  readonly reasonRaw?: string | undefined;
  /** TikTok's id for its support. */
  readonly logId?: string | undefined;
  /** Which file, from 1, and what is wrong with it. */
  readonly file?: {
    readonly number: number;
    readonly name: string;
    readonly problem: MediaProblem | PreparingProblem;
  };
}

/** The approval that a post waits for, or has: for exactly its content. */
export interface PostReview {
  /** As it was when the post was submitted; a later change is for later posts. */
  readonly policy: ReviewPolicy;
  /** Where the card stands; the first is the place that it was posted from. */
  readonly chats: readonly ChatRef[];
  /** The workspace of each of these chats. */
  readonly places: readonly string[];
  readonly decision?: Decision;
}

export interface PostBase extends Versioned {
  readonly id: string;
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly author: Person;
  /** The draft that it was composed in; tries again and their card carry the same. */
  readonly draftId: string;
  /** By these an edit of one of them is known, which changes nothing any more. */
  readonly messages?: readonly PostMessage[] | undefined;
  /** How the account is called, as of the submission. */
  readonly account: AccountName;
  readonly preview?: StoredFile | undefined;
  readonly content: PostContent;
  readonly contentHash: string;
  /** Absent in posts from before posts were compared. */
  readonly likeness?: Likeness | undefined;
  /** The files as TikTok will pull them, once they are prepared. */
  readonly media?: readonly PreparedMedia[] | undefined;
  /** Absent where nobody's approval is asked. */
  readonly review?: PostReview | undefined;
  /** Not before then; absent for as soon as possible. */
  readonly publishAt?: number | undefined;
  readonly createdAt: number;
  /** When its last step was saved; absent before the first one, and in posts from before it was kept. */
  readonly savedAt?: number | undefined;
  /** When a review or the preparation ended: from here on, not from `createdAt`, patience with TikTok counts. */
  readonly readyAt?: number | undefined;
  /** Until when, as far as is known, a limit has held it back: patience with TikTok counts from here on. */
  readonly heldBackAt?: number | undefined;
  /** TikTok could not pull its video; another attempt may upload it. */
  readonly pullFailed?: true | undefined;
  /** It is planned, and came from a backup then: until somebody says that it did not go out early since, it does not go out. */
  readonly restoredAt?: number | undefined;
  /** TikTok refused its AI label, and a person has agreed to post it without. */
  readonly leavesOutAiLabel?: true | undefined;
  /** How many attempts were opened. */
  readonly attempts: number;
  /** How many attempts came to nothing in a way that allows another one. */
  readonly retries: number;
}

interface Settled {
  readonly settledAt: number;
}

/** TikTok's own links, by public id. */
type ShareUrls = Readonly<Record<string, string>>;

/** The links that TikTok tells of these. */
export const shareUrlsOf = (videos: readonly Pick<Video, 'id' | 'shareUrl'>[]): ShareUrls =>
  Object.fromEntries(videos.flatMap(({ id, shareUrl }) => (shareUrl === undefined ? [] : [[id, shareUrl]])));

/** How a post had done when it was looked at. */
export interface PostResults extends VideoCounts {
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A settled post that TikTok may still tell more about: its link, its numbers, or that the person finished the draft. */
interface Followed extends Settled {
  readonly publishId: string;
  /** Its public ids; a draft may be posted more than once. */
  readonly postIds: readonly string[];
  /** Those of them that nobody but the creator can see any more: taken down, or made private. */
  readonly goneIds?: readonly string[] | undefined;
  /** When the last of them had gone; absent while one is there. */
  readonly takenDownAt?: number | undefined;
  readonly shareUrls?: ShareUrls | undefined;
  /** Its numbers as of about an hour, a day and a week, oldest first. */
  readonly results?: readonly PostResults[] | undefined;
  /** When its numbers are wanted next; absent for not any more. */
  readonly nextResultsAt?: number | undefined;
  /** How often TikTok has not answered that look; absent for never. */
  readonly lookFailures?: number | undefined;
  readonly checks: number;
  readonly checkedAt: number;
  readonly hintsSeen?: number | undefined;
  /** Absent when there is nothing more to learn. */
  readonly nextCheckAt?: number;
}

/** `wait` says what went wrong on our side the last of `failures` times. */
interface Preparing {
  readonly status: 'preparing';
  readonly failures?: number;
  readonly notBefore?: number;
  readonly wait?: PostFailure;
}

interface InReview {
  readonly status: 'in_review';
  readonly since: number;
  readonly expiresAt: number;
  /** Those who can decide were reminded. */
  readonly isReminded?: true;
}

/** Its files are prepared and nobody's approval is missing: it goes to TikTok, or has gone there. */
type Released =
  /** Its author has to decide something anew before it can be published. */
  | {
      readonly status: 'on_hold';
      readonly problem: Problem;
      /** What the creator may choose now. */
      readonly privacyLevelOptions: readonly PrivacyLevel[];
      readonly expiresAt: number;
    }
  /** `wait` says why it is not tried at once. */
  | { readonly status: 'queued'; readonly notBefore: number; readonly wait?: PostFailure }
  | { readonly status: 'submitting'; readonly attemptId: string; readonly since: number }
  /** TikTok awaits chunks of its video; it cannot become a post before the last one. */
  | {
      readonly status: 'uploading';
      readonly attemptId: string;
      readonly publishId: string;
      readonly since: number;
      /** When the last pause ends; absent before the first one. */
      readonly notBefore?: number | undefined;
      /** What TikTok certainly had at the last pause. */
      readonly uploadedBytes: number;
      /** How many pauses there were since it came on. */
      readonly failures: number;
    }
  | {
      readonly status: 'processing';
      readonly attemptId: string;
      readonly publishId: string;
      readonly since: number;
      readonly checks: number;
      readonly checkedAt: number;
      /** How often TikTok had announced news when it was asked last; absent for never. */
      readonly hintsSeen?: number | undefined;
      readonly nextCheckAt: number;
      /** What TikTok has certainly taken, by our own count or by its own. */
      readonly pulledBytes: number;
      /** Absent for a pull. */
      readonly transfer?: 'upload' | undefined;
      /** TikTok said that it is too late to cancel. */
      readonly cancelRefused?: true;
    }
  | ({ readonly status: 'published' } & Followed)
  | ({ readonly status: 'in_inbox' } & Followed)
  | ({ readonly status: 'unconfirmed'; readonly publishId: string } & Settled);

/** It has come to nothing. */
type Ended =
  /** Its author is called at `callsAt`, and before that only along with a reason; absent once that is over. */
  | ({ readonly status: 'rejected'; readonly callsAt?: number | undefined } & Settled)
  | ({ readonly status: 'expired' } & Settled)
  | ({
      readonly status: 'cancelled';
      /** Absent when it was cancelled at TikTok. */
      readonly by?: Person | undefined;
      /** Its place may not use Nod any more. */
      readonly isShutOut?: true | undefined;
    } & Settled)
  /** It lives on in a draft, or in a post with another choice. */
  | ({ readonly status: 'withdrawn'; readonly by: Person } & Settled)
  | ({ readonly status: 'failed'; readonly failure: PostFailure } & Settled);

/** What a status adds to a post. */
export type PostState = Preparing | InReview | Released | Ended;

/** A post whose files are prepared. */
export type PreparedBase = PostBase & { readonly media: readonly PreparedMedia[] };

export type Post =
  | (PostBase & (Preparing | Ended))
  | (PreparedBase & InReview & { readonly review: PostReview })
  | (PreparedBase & Released);
export type PostStatus = Post['status'];
export type PostIn<S extends PostStatus> = Extract<Post, { status: S }>;

/** What follows from a refusal: a pause, room below a limit, an account that people connect, another attempt, or the end. */
export type Next =
  | { type: 'hold'; delayMs: number }
  | { type: 'hold_back'; until: number }
  | { type: 'await_account' }
  | { type: 'retry' }
  | { type: 'give_up' };

/** What the one side effect of a status came to. */
export type PostEvent =
  | { type: 'prepared'; media: readonly PreparedMedia[]; preview?: StoredFile | undefined }
  | { type: 'media_refused'; failure: PostFailure }
  /** Through no fault of the files. */
  | { type: 'preparing_failed'; failure: PostFailure }
  | { type: 'decided'; decision: Decision }
  | { type: 'expired' }
  /** A review has a quarter of its time left. */
  | { type: 'reminded' }
  /** No reason has come in time. */
  | { type: 'call_due' }
  | { type: 'rescheduled'; publishAt?: number | undefined }
  /** Nobody could have decided the review, so others have a say in it from now on. */
  | { type: 'voters_changed'; voters: VoterRules }
  | { type: 'held'; problem: Problem; privacyLevelOptions: readonly PrivacyLevel[] }
  | { type: 'attempt_opened'; attemptId: string }
  /** The account that the post waits for is connected again. */
  | { type: 'reconnected' }
  | { type: 'accepted'; publishId: string; transfer?: 'upload' | undefined; hints?: number | undefined }
  /** A chunk was not taken, or nobody knows. */
  | { type: 'upload_paused'; uploadedBytes: number; retryAfterMs?: number | undefined }
  /** The last chunk was sent: only TikTok's status tells what became of it. */
  | { type: 'handed_over'; uploadedBytes: number }
  /** A clear no, or no call at all. */
  | { type: 'refused'; failure: PostFailure; next: Next }
  /** Nod ended between the call and its answer. The attempt is revoked likewise. */
  | { type: 'interrupted' }
  /** No answer that proves anything. The attempt is revoked, so what TikTok may have started cannot become a post. */
  | { type: 'unanswered' }
  /** `hints`: how often TikTok had announced news before the question left, so that what came meanwhile is not taken for old. */
  | {
      type: 'status_read';
      status: PublishStatus;
      goneIds?: readonly string[] | undefined;
      shareUrls?: ShareUrls | undefined;
      failure?: PostFailure;
      next?: Next;
      pulledBytes: number;
      askedAt: number;
      hints?: number | undefined;
    }
  | {
      type: 'status_unread';
      pulledBytes: number;
      askedAt: number;
      hints?: number | undefined;
      retryAfterMs?: number | undefined;
    }
  /** What TikTok has announced of its public ids. */
  | {
      type: 'public_told';
      postIds: readonly string[];
      goneIds: readonly string[];
      hints?: number | undefined;
      shareUrls?: ShareUrls | undefined;
    }
  /** It is in the list of what its creator has made public. */
  | { type: 'video_found'; postId: string; shareUrls: ShareUrls }
  /** A look at the numbers is done with; without `results` there was nothing to see. */
  | {
      type: 'results_read';
      results?: PostResults | undefined;
      shareUrls?: ShareUrls | undefined;
    }
  | { type: 'results_unread'; retryAfterMs?: number | undefined }
  /** Numbers that were read until `until` are not ours to keep any more. */
  | { type: 'results_deleted'; until: number }
  | { type: 'cancelled'; by?: Person | undefined; isShutOut?: true | undefined }
  | { type: 'withdrawn'; by: Person }
  | { type: 'cancel_refused' }
  /** The clock shows a time from before the post was saved. */
  | { type: 'clock_set_back'; byMs: number };

export type PostEventType = PostEvent['type'];

const SETTLED = new Set<PostStatus>([
  'published',
  'in_inbox',
  'rejected',
  'expired',
  'cancelled',
  'withdrawn',
  'failed',
  'unconfirmed',
]);

/** Whether the post waits for its account to be connected again; `notBefore` is then the end of that. */
export const awaitsAccount = (post: Post): boolean =>
  post.status === 'queued' && post.wait?.reason === 'account_disconnected';

/** Until when a post waits for an account that is not connected: its time, and as long as patience lasts. */
export const awaitsAccountUntil = (
  { publishAt = 0, readyAt, createdAt, heldBackAt = 0 }: PostBase,
  { patienceMs }: Pick<Pacing, 'patienceMs'>,
): number => Math.max(publishAt, readyAt ?? createdAt, heldBackAt) + patienceMs;

/** Whether nothing of ours is still under way for the post. */
export function isSettled(post: Post): boolean {
  return SETTLED.has(post.status);
}

/** Whether TikTok has it for good: it is live, or in the inbox. */
export const isPosted = ({ status }: Post): boolean => status === 'published' || status === 'in_inbox';

const ENDED = new Set<PostStatus>(['rejected', 'expired', 'cancelled', 'withdrawn', 'failed']);

/** Whether the post is under way, or may be at TikTok: it has not come to nothing. */
export const mayAppear = ({ status }: Post): boolean => !ENDED.has(status);

/** A post that has terms by which it is decided. */
export type ReviewedPost = Post & { readonly review: PostReview };

/** Whether a post is decided by a review, also one that is over. */
export const isReviewed = (post: Post): post is ReviewedPost => post.review !== undefined;

/** By which terms the review of a post is decided. */
export const termsOf = ({
  id,
  contentHash,
  author,
  review,
}: PostBase & { review: PostReview }): Reviewed => ({
  postId: id,
  contentHash,
  author,
  policy: review.policy,
});

/** The votes that count in the review of a post; none where there is no review. */
export function votesOn({ review, contentHash, author }: PostBase, acts: readonly BallotEntry[]): Vote[] {
  if (review === undefined) return [];
  return votesOf(acts, contentHash, barredFrom({ policy: review.policy, author }));
}

/** When the post wants its next tick; undefined when it waits for somebody, or for nothing. */
export function dueAt(post: Post): number | undefined {
  switch (post.status) {
    case 'preparing':
      return post.notBefore ?? post.createdAt;
    case 'submitting':
      return post.since;
    case 'uploading':
      return post.notBefore ?? post.since;
    case 'queued':
      return post.notBefore;
    case 'in_review':
      return post.isReminded ? post.expiresAt : remindsAt(post);
    case 'on_hold':
      return post.expiresAt;
    case 'rejected':
      return post.callsAt;
    case 'processing':
      return post.nextCheckAt;
    case 'published':
    case 'in_inbox':
      return earliest(post.nextCheckAt, post.nextResultsAt);
    default:
      return undefined;
  }
}

/** The latest time that the post knows as past. */
export const lastTimeOf = (post: Post): number =>
  post.savedAt ??
  Math.max(post.createdAt, 'since' in post ? post.since : 0, 'checkedAt' in post ? post.checkedAt : 0);

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** When those who can decide are reminded: a quarter of the time is left. */
const remindsAt = ({ since, expiresAt }: Pick<InReview, 'since' | 'expiresAt'>): number =>
  expiresAt - (expiresAt - since) / 4;

/** What a post whose media are ready waits for: its review, or its time; `earliest` is when its author can stop it no more. */
export function whatWaits(
  { review, publishAt = 0 }: Pick<PostBase, 'review' | 'publishAt'>,
  now: number,
  { earliest }: { earliest: number },
) {
  if (review === undefined || review.decision?.outcome === 'approved') {
    const at = Math.max(now, publishAt, earliest);
    // Patience with TikTok counts from when it may be published, not from when it was submitted.
    return { status: 'queued' as const, notBefore: at, readyAt: at };
  }
  const expiresAt = now + review.policy.openHours * 3_600_000;
  return { status: 'in_review' as const, review, since: now, expiresAt };
}

/** SHA-256 over everything that an approval covers: media bytes and order, cover, texts, settings and account. */
export function hashContent(content: PostContent): string {
  const { kind, postMode, openId, caption, settings, sources } = content;
  const covered = [
    kind,
    postMode,
    openId,
    caption,
    settings.privacyLevel ?? null,
    settings.allowComment,
    settings.allowDuet,
    settings.allowStitch,
    settings.yourBrand,
    settings.brandedContent,
    settings.aiGenerated,
    sources.map(({ file, use }) => (use === undefined ? file.sha256 : [file.sha256, use])),
  ];
  const added = addedChoices(content);
  const whole = added === undefined ? covered : [...covered, added];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

/** What can be chosen since later versions; undefined where nothing is, so that approvals from before still hold. */
function addedChoices({ coverIndex, coverMs, title, settings }: PostContent): object | undefined {
  const { autoAddMusic } = settings;
  const added = {
    coverIndex: coverIndex || undefined,
    coverMs,
    title: title || undefined,
    autoAddMusic: autoAddMusic || undefined,
  };
  return Object.values(added).every((value) => value === undefined) ? undefined : added;
}

/** By what a post is known as the same that somebody has posted before. */
export function likenessOf(files: readonly StoredFile[], caption: string): Likeness {
  const words = caption.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
  return {
    files: hashOf(files.map(({ sha256 }) => sha256).sort()),
    caption: words === '' ? undefined : hashOf(words),
  };
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

/** The words of a post, for lists; empty where it has none. */
export const wordsOf = ({ title = '', caption }: Pick<PostContent, 'title' | 'caption'>): string =>
  [title, caption].filter((text) => text !== '').join(' · ');

/** Somebody may post before the preview is drawn; the first photo then stands for all. */
export function shownFile({ preview, media = [] }: Post): StoredFile | undefined {
  const [first] = media;
  return preview ?? (first?.kind === 'photo' ? first.file : undefined);
}

/** How a post did when it was looked at last; undefined where nobody knows. */
export const latestResults = (post: Post): PostResults | undefined =>
  post.status === 'published' ? post.results?.at(-1) : undefined;

/** How a post did after about a day, or later where nobody looked then. */
export const resultsOfDay = (post: Post): PostResults | undefined =>
  post.status === 'published' ? post.results?.find(({ at }) => isDayOld(post.settledAt, at)) : undefined;

/** Where TikTok shows what an account has posted. */
export const profileLink = (username: string): string =>
  `https://www.tiktok.com/@${encodeURIComponent(username)}`;

/** The links of a post that people can follow, as far as TikTok has told them. */
export function linksOf(post: Post): string[] {
  if (post.status !== 'published') return [];
  const { username } = post.account;
  // Without the handle TikTok still resolves the id.
  const handle = username ?? '';
  const { shareUrls = {}, goneIds = [] } = post;
  return post.postIds
    .filter((id) => !goneIds.includes(id))
    .map((id) => shareUrls[id] ?? `${profileLink(handle)}/${post.content.kind}/${id}`);
}

/** Whether everybody could see a post, and nobody but its creator can any more. */
export const isTakenDown = (post: Post): boolean =>
  post.status === 'published' && post.takenDownAt !== undefined;
