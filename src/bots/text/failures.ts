import type { PostFailureReason } from '../../core/publish/post.ts';
import type { Wording } from './wording.ts';

export interface FailureWords {
  /** What happened, as the end of a headline. */
  readonly what: string;
  /** The one thing to do. */
  readonly next?: string;
  /** The way out begins with changing the post. */
  readonly edit?: true;
  /** The inbox takes what the profile does not. */
  readonly inbox?: true;
  /** Posting it without its AI label helps. */
  readonly unlabel?: true;
  /** Trimming the video helps. */
  readonly trim?: true;
  /** Connecting the account anew helps. */
  readonly connect?: true;
}

/** Why a post came to nothing, or waits; a code that Nod does not know stands as TikTok spelled it. */
export function failureWords(wording: Wording, reason: PostFailureReason, reasonRaw?: string): FailureWords {
  const words = wordsIn(wording)[reason];
  if (reason !== 'unknown' || reasonRaw === undefined) return words;
  return { ...words, what: `${words.what} (${reasonRaw})` };
}

const wordsIn = ({ slash }: Wording): Readonly<Record<PostFailureReason, FailureWords>> => ({
  media_refused: { what: 'a file cannot be used', edit: true },
  preparing_failed: { what: 'Nod could not prepare a file' },
  restored: {
    what: 'Nod was restored from a backup, and this may have been posted since',
    next: 'Look at the account first, and try again only if it is not there.',
  },
  rate_limited: { what: 'TikTok asks for a pause: too many calls in a minute' },
  daily_post_limit: {
    what: 'this account has reached TikTok’s limit of posts in 24 h by API',
    next: 'Posting in the TikTok app still works.',
  },
  pending_inbox_limit: {
    what: 'the TikTok inbox takes no more drafts of this account for now',
    next: 'Finish or delete drafts in the TikTok app.',
  },
  app_creator_cap: { what: 'this Nod has reached TikTok’s limit of posting accounts in 24 h' },
  creator_banned: {
    what: 'TikTok has barred this account from posting',
    next: 'See the notices in the TikTok app.',
  },
  unaudited_app: {
    what: 'TikTok has not audited this Nod yet, so it may only post to private accounts',
    next: 'Make the TikTok account itself private (Settings → Privacy) and choose “Only me”, or send to the inbox.',
    edit: true,
    inbox: true,
  },
  url_not_verified: {
    what: 'TikTok has not verified the address that Nod serves media from',
    next: 'The operator verifies it in TikTok’s developer portal under “URL properties”.',
  },
  privacy_not_allowed: {
    what: 'the account no longer allows that audience',
    next: 'Edit it and choose again who can see it.',
    edit: true,
    inbox: true,
  },
  scope_missing: {
    what: 'the account did not allow Nod to do this',
    next: `${slash}connect it again and allow everything.`,
    connect: true,
  },
  token_invalid: {
    what: 'TikTok no longer accepts Nod’s access',
    next: `${slash}connect the account again.`,
    connect: true,
  },
  access_removed: {
    what: 'access to the account was taken away',
    next: `${slash}connect the account again.`,
    connect: true,
  },
  account_disconnected: {
    what: 'the account is not connected any more',
    next: `${slash}connect the account again.`,
    connect: true,
  },
  consent_denied: { what: 'access was denied', next: `${slash}connect the account again.` },
  app_refused: {
    what: 'TikTok does not accept this Nod’s app',
    next: 'The operator checks the client key and secret.',
  },
  app_version: { what: 'the TikTok app on the phone is too old for this', next: 'Update the TikTok app.' },
  invalid_request: {
    what: 'TikTok did not understand the request',
    next: 'The log has TikTok’s own id for its support.',
  },
  ai_label_refused: {
    what: 'TikTok did not take the AI label of photos',
    next: 'Nod posts it without the label only if you say so; then set it in the TikTok app.',
    edit: true,
    unlabel: true,
  },
  format_refused: {
    what: 'TikTok does not take the file’s format',
    next: 'Export it anew and send it again.',
    edit: true,
  },
  duration_refused: {
    what: 'the video is too long or too short for TikTok',
    next: 'Trim it where it is too long, or send another cut.',
    edit: true,
    trim: true,
  },
  frame_rate_refused: {
    what: 'the video’s frame rate is outside 23 to 60',
    next: 'Export it at 30 frames a second.',
    edit: true,
  },
  picture_size_refused: {
    what: 'TikTok refused the size of a picture',
    next: 'Send it in another size.',
    edit: true,
  },
  spam_text: { what: 'TikTok takes the caption for spam', next: 'Edit the caption.', edit: true },
  spam: { what: 'TikTok found the post risky', next: 'Try later, or post it in the TikTok app.' },
  pull_failed: {
    what: 'TikTok could not fetch the media from this Nod',
    next: 'The operator checks that the public address is reachable.',
  },
  tiktok_internal: { what: 'TikTok had trouble of its own' },
  tiktok_unreachable: { what: 'TikTok does not answer' },
  interrupted: { what: 'Nod was interrupted while it handed the post over' },
  upload_failed: { what: 'the upload to TikTok broke off before its end' },
  never_pulled: { what: 'TikTok took it on but never fetched the media' },
  publish_unknown: {
    what: 'TikTok does not know this post any more',
    next: 'Look at the account before you try again.',
  },
  cancelled_at_tiktok: { what: 'it was cancelled' },
  not_cancellable: { what: 'it is too late to cancel' },
  unknown: {
    what: 'TikTok refused it for a reason that Nod does not know',
    next: 'The log has TikTok’s own id for its support.',
  },
});
