import type { PostSettings, PrivacyLevel } from './types.ts';

/** Why TikTok did not publish, in our words; what the chat says follows from it. */
export type FailureReason =
  | 'rate_limited'
  | 'daily_post_limit'
  | 'pending_inbox_limit'
  | 'app_creator_cap'
  | 'creator_banned'
  | 'unaudited_app'
  | 'url_not_verified'
  | 'privacy_not_allowed'
  | 'scope_missing'
  | 'token_invalid'
  | 'access_removed'
  | 'consent_denied'
  | 'app_refused'
  | 'app_version'
  | 'invalid_request'
  /** It has no AI label for what was posted: sources disagree whether photos have one. */
  | 'ai_label_refused'
  | 'format_refused'
  | 'duration_refused'
  | 'frame_rate_refused'
  | 'picture_size_refused'
  | 'spam_text'
  | 'spam'
  | 'pull_failed'
  | 'tiktok_internal'
  | 'cancelled_at_tiktok'
  | 'not_cancellable'
  | 'publish_unknown'
  | 'unknown';

/** Who or what helps once trying again does not, or no longer. */
type Ask =
  | 'wait'
  | 'reconnect'
  | 'privacy'
  | 'media'
  | 'caption'
  | 'operator'
  /** The creator makes the TikTok account private. */
  | 'account_private'
  /** The creator finishes drafts in the TikTok inbox. */
  | 'inbox'
  /** The creator updates the TikTok app. */
  | 'update_app';

export interface Advice {
  readonly retry: 'now' | 'later' | 'never';
  /** How long a limit holds; what else may be tried again later keeps the pace of the post. */
  readonly delayMs?: number;
  readonly ask?: Ask;
  readonly reason: FailureReason;
}

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

const UNKNOWN: Advice = { retry: 'never', reason: 'unknown' };

/**
 * Error codes and fail reasons share the table, as TikTok shares spellings between them:
 * https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
 * https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
 * https://developers.tiktok.com/doc/oauth-error-handling
 */
const ADVICE: ReadonlyMap<string, Advice> = new Map(
  Object.entries<Advice>({
    // Limits that time lifts.
    rate_limit_exceeded: { retry: 'later', delayMs: 60 * SECOND_MS, ask: 'wait', reason: 'rate_limited' },
    spam_risk_too_many_posts: { retry: 'later', delayMs: HOUR_MS, ask: 'wait', reason: 'daily_post_limit' },
    spam_risk_too_many_pending_share: {
      retry: 'later',
      delayMs: HOUR_MS,
      ask: 'inbox',
      reason: 'pending_inbox_limit',
    },
    reached_active_user_cap: { retry: 'later', delayMs: HOUR_MS, ask: 'wait', reason: 'app_creator_cap' },

    // Trouble on the way or inside TikTok.
    internal: { retry: 'later', ask: 'wait', reason: 'tiktok_internal' },
    internal_error: { retry: 'later', ask: 'wait', reason: 'tiktok_internal' },
    server_error: { retry: 'later', ask: 'wait', reason: 'tiktok_internal' },
    temporarily_unavailable: {
      retry: 'later',
      ask: 'wait',
      reason: 'tiktok_internal',
    },
    video_pull_failed: { retry: 'later', ask: 'operator', reason: 'pull_failed' },
    photo_pull_failed: { retry: 'later', ask: 'operator', reason: 'pull_failed' },

    // Permission. Only an access token can be refreshed, hence the one `now`.
    access_token_invalid: { retry: 'now', ask: 'reconnect', reason: 'token_invalid' },
    invalid_grant: { retry: 'never', ask: 'reconnect', reason: 'token_invalid' },
    auth_removed: { retry: 'never', ask: 'reconnect', reason: 'access_removed' },
    access_denied: { retry: 'never', ask: 'reconnect', reason: 'consent_denied' },
    scope_not_authorized: { retry: 'never', ask: 'reconnect', reason: 'scope_missing' },
    scope_permission_missed: { retry: 'never', ask: 'reconnect', reason: 'scope_missing' },

    // What the operator of the app has to settle with TikTok.
    unaudited_client_can_only_post_to_private_accounts: {
      retry: 'never',
      ask: 'account_private',
      reason: 'unaudited_app',
    },
    url_ownership_unverified: { retry: 'never', ask: 'operator', reason: 'url_not_verified' },
    invalid_client: { retry: 'never', ask: 'operator', reason: 'app_refused' },
    unauthorized_client: { retry: 'never', ask: 'operator', reason: 'app_refused' },
    // Documented in the singular, answered in the plural.
    invalid_param: { retry: 'never', ask: 'operator', reason: 'invalid_request' },
    invalid_params: { retry: 'never', ask: 'operator', reason: 'invalid_request' },
    invalid_request: { retry: 'never', ask: 'operator', reason: 'invalid_request' },
    invalid_scope: { retry: 'never', ask: 'operator', reason: 'invalid_request' },
    unsupported_grant_type: { retry: 'never', ask: 'operator', reason: 'invalid_request' },
    unsupported_response_type: { retry: 'never', ask: 'operator', reason: 'invalid_request' },

    // What a person can change about the post.
    privacy_level_option_mismatch: { retry: 'never', ask: 'privacy', reason: 'privacy_not_allowed' },
    invalid_file_upload: { retry: 'never', ask: 'media', reason: 'format_refused' },
    file_format_check_failed: { retry: 'never', ask: 'media', reason: 'format_refused' },
    duration_check_failed: { retry: 'never', ask: 'media', reason: 'duration_refused' },
    frame_rate_check_failed: { retry: 'never', ask: 'media', reason: 'frame_rate_refused' },
    picture_size_check_failed: { retry: 'never', ask: 'media', reason: 'picture_size_refused' },
    spam_risk_text: { retry: 'never', ask: 'caption', reason: 'spam_text' },
    app_version_check_failed: { retry: 'never', ask: 'update_app', reason: 'app_version' },

    // What nobody here can change.
    spam_risk: { retry: 'never', reason: 'spam' },
    spam_risk_user_banned_from_posting: { retry: 'never', reason: 'creator_banned' },
    publish_cancelled: { retry: 'never', reason: 'cancelled_at_tiktok' },
    publish_not_cancellable: { retry: 'never', reason: 'not_cancellable' },
    invalid_publish_id: { retry: 'never', reason: 'publish_unknown' },
    token_not_authorized_for_specified_publish_id: { retry: 'never', reason: 'publish_unknown' },
  }),
);

/** Says what a refused call means, by the `code` of a `TikTokApiError`; codes are only compared for equality. */
export function refusalOf(code: string): Advice {
  return ADVICE.get(code) ?? UNKNOWN;
}

/** Whether a code of TikTok's is one that we have met. */
export const isKnownCode = (code: string): boolean => ADVICE.has(code);

/** Whether a refusal says that it is the AI label that TikTok does not take. */
export const refusesAiLabel = (refusal: { readonly code: string; readonly tiktokMessage: string }): boolean =>
  refusalOf(refusal.code).reason === 'invalid_request' && /\bis_aigc\b/.test(refusal.tiktokMessage);

/** Says what the `fail_reason` of a FAILED publish means. */
export function failureOf(failReason: string | undefined): Advice {
  return failReason === undefined ? UNKNOWN : (ADVICE.get(failReason) ?? UNKNOWN);
}

/** How TikTok's own app calls who can see a post. */
export const PRIVACY_NAMES: Record<PrivacyLevel, string> = {
  PUBLIC_TO_EVERYONE: 'Everyone',
  MUTUAL_FOLLOW_FRIENDS: 'Friends',
  FOLLOWER_OF_CREATOR: 'Followers',
  SELF_ONLY: 'Only me',
};

/** What TikTok writes on a post that discloses advertising, of both kinds the stronger one; undefined for neither. */
export function disclosureLabel({ brandedContent, yourBrand }: PostSettings): string | undefined {
  if (brandedContent) return 'Paid partnership';
  return yourBrand ? 'Promotional content' : undefined;
}
