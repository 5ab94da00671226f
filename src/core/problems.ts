import type { MediaProblem, PreparingProblem } from './media/types.ts';
import type { ChatRef, Obstacle } from './people.ts';
import type { PostStatus } from './publish/post.ts';
import type { PostVerb } from './publish/verbs.ts';
import type { Decision, ReviewPolicy } from './review/review.ts';
import type { FailureReason } from './tiktok/codes.ts';
import type { PrivacyLevel } from './tiktok/types.ts';

/** Everything that a person in a chat can put right, by code, with the facts that the sentence needs. */
export type Problem =
  | MediaProblem
  | PreparingProblem
  | { code: 'file_too_big_for_chat'; name: string; bytes: number; maxBytes: number }
  /** The chat does not give files of that size to bots. */
  | { code: 'file_too_big_for_bots' }
  | { code: 'file_unavailable'; name: string }
  /** The chat may hand it over later. */
  | { code: 'file_not_received'; name: string }
  /** It was kept for a while, and is deleted. */
  | { code: 'file_deleted'; name: string }
  | { code: 'upload_too_big'; name: string; bytes: number; maxBytes: number }
  | { code: 'upload_no_room'; name: string; reason: 'media_limit' | 'disk_full' }
  /** It ended before the file was whole, and nothing is kept of it. */
  | { code: 'upload_ended'; name: string }
  /** More or less came than was announced. */
  | { code: 'upload_wrong_length'; name: string }
  /** One page has taken as many files as it may, or one person has too many pages. */
  | { code: 'too_many_uploads'; what: 'files' | 'pages'; max: number }
  /** Nod fetches nothing from a link; `service` is whose share it is. */
  | { code: 'link_refused'; reason: LinkReason; service?: string | undefined }
  | { code: 'link_too_big'; bytes?: number | undefined; maxBytes: number }
  | { code: 'nothing_to_post' }
  | { code: 'media_not_ready'; waiting: number }
  /** `canRetry` where some of them have failed through no fault of their own. */
  | { code: 'media_refused'; refused: number; canRetry: boolean }
  | { code: 'media_mixed' }
  | { code: 'too_many_photos'; count: number; max: number }
  /** `max` as the setting of the limit has it, bytes for a size. */
  | { code: 'too_much_at_once'; what: 'files' | 'drafts' | 'bytes'; who: 'person' | 'place'; max: number }
  | { code: 'caption_too_long'; length: number; max: number; kind: 'photo' | 'video' }
  | { code: 'title_too_long'; length: number; max: number }
  | { code: 'no_account' }
  | { code: 'account_not_chosen' }
  | { code: 'account_disconnected'; username: string }
  | { code: 'account_busy'; username: string; posts: number }
  | { code: 'account_cannot_post'; reason: FailureReason; username: string }
  | { code: 'scope_missing'; scope: string }
  | { code: 'privacy_not_chosen' }
  | { code: 'privacy_not_offered'; privacyLevel: PrivacyLevel }
  | { code: 'disclosure_incomplete' }
  | { code: 'branded_content_private' }
  | { code: 'video_too_long_for_creator'; durationSeconds: number; maxSeconds: number }
  /** Not a moment of a video, in whatever way one writes it. */
  | { code: 'moment_unclear'; text: string }
  | { code: 'moment_too_late'; seconds: number; durationSeconds: number }
  | { code: 'draft_gone' }
  /** It is not any more what the person has seen who submits it. */
  | { code: 'draft_changed' }
  /** The post that it has become, where that is known. */
  | { code: 'draft_already_submitted'; status?: PostStatus; links?: readonly string[] }
  | { code: 'not_author'; author: string }
  /** A draft that was sent in the name of a group. */
  | { code: 'sent_as_group'; name: string }
  /** Nobody knows who it is that writes in the name of a group, or as a channel. */
  | { code: 'speaks_as_group'; name: string }
  | { code: 'speaks_as_channel'; name: string }
  | { code: 'not_admin' }
  | { code: 'not_member' }
  | { code: 'not_operator' }
  | { code: 'claim_code_unknown' }
  | { code: 'place_unknown' }
  | { code: 'operator_chat' }
  | { code: 'post_gone' }
  /** Something cannot be done with a post in this status; its links, once it is live. */
  | { code: 'not_now'; verb: PostVerb; status: PostStatus; links: readonly string[] }
  /** It goes on as another post, which is now like that. */
  | { code: 'goes_on'; status: PostStatus; links: readonly string[] }
  | { code: 'not_cancellable' }
  | { code: 'tiktok_unreachable' }
  | { code: 'may_not_vote'; policy: ReviewPolicy; chats: readonly ChatRef[] }
  | { code: 'own_post' }
  /** Only people who have linked their accounts of the joined chats have a say. */
  | { code: 'not_linked' }
  | { code: 'review_over'; decision: Decision }
  | { code: 'not_in_review' }
  | { code: 'not_shared' }
  | { code: 'not_author_or_manager'; author: string }
  | { code: 'nobody_may_vote' }
  /** Reviews cannot stand in this chat. */
  | { code: 'no_cards_here'; obstacle: Obstacle; chat: ChatRef }
  /** Nobody could see a review in the chat where it should stand. */
  | { code: 'review_unseen'; obstacle: Obstacle; chat: ChatRef; isHere: boolean }
  | { code: 'when_unclear'; text: string }
  | { code: 'when_without_time'; text: string }
  | { code: 'when_past' }
  /** Nobody has said yet in which time zone the place is. */
  | { code: 'when_zone_missing'; text: string }
  | { code: 'when_too_far'; maxDays: number }
  | { code: 'time_zone_unknown'; text: string }
  | { code: 'code_unknown' }
  | { code: 'link_code_unknown' }
  | { code: 'link_same_chat' }
  | { code: 'already_linked' }
  /** A chat that speaks as itself. */
  | { code: 'not_a_person' }
  | { code: 'too_many_codes' }
  | { code: 'already_joined' }
  | { code: 'join_itself' }
  | { code: 'join_private' }
  | { code: 'not_root'; root: string };

/** Why nothing is fetched from a link. */
export type LinkReason =
  | 'not_https'
  /** It holds a name or a password. */
  | 'login'
  | 'port'
  /** It leads to no address of the public internet. */
  | 'address'
  | 'redirects'
  | 'unreachable'
  | 'not_shared'
  | 'not_found'
  | 'page'
  | 'folder'
  /** The server packs what it sends. */
  | 'encoded'
  | 'too_slow'
  /** The service has no documented link to the file itself. */
  | 'no_plain_form'
  | 'tiktok';

/** A problem that the person in the chat can solve; the chat turns its code into a sentence. */
export class UserError extends Error {
  override name = 'UserError' as const;
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`The person has to act: ${problem.code}.`, options);
    this.problem = problem;
  }
}

/** Reading a file took longer than any honest file does, or than a busy machine allows. */
export class MediaTimeoutError extends Error {
  override name = 'MediaTimeoutError' as const;
}

/** A file needs ffmpeg, and this machine has none. */
export class FfmpegMissingError extends Error {
  override name = 'FfmpegMissingError' as const;
}

/** Somebody on the other side asks to wait; nothing was done. */
export class AskedToWaitError extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs, cause }: { retryAfterMs: number; cause?: unknown }) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The chat will not hand this file over, now or later. */
export class FileUnavailableError extends Error {
  override name = 'FileUnavailableError' as const;
}
