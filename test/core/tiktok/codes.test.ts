import { describe, expect, test } from 'vitest';
import { failureOf, refusalOf } from '../../../src/core/tiktok/codes.ts';

const HOUR_MS = 3_600_000;

describe('what TikTok refuses', () => {
  test.each([
    ['rate_limit_exceeded', 'later', 60_000, 'wait', 'rate_limited'],
    ['spam_risk_too_many_posts', 'later', HOUR_MS, 'wait', 'daily_post_limit'],
    ['spam_risk_too_many_pending_share', 'later', HOUR_MS, 'inbox', 'pending_inbox_limit'],
    ['reached_active_user_cap', 'later', HOUR_MS, 'wait', 'app_creator_cap'],
    ['internal_error', 'later', undefined, 'wait', 'tiktok_internal'],
    ['access_token_invalid', 'now', undefined, 'reconnect', 'token_invalid'],
    ['invalid_grant', 'never', undefined, 'reconnect', 'token_invalid'],
    ['scope_not_authorized', 'never', undefined, 'reconnect', 'scope_missing'],
    ['scope_permission_missed', 'never', undefined, 'reconnect', 'scope_missing'],
    [
      'unaudited_client_can_only_post_to_private_accounts',
      'never',
      undefined,
      'account_private',
      'unaudited_app',
    ],
    ['url_ownership_unverified', 'never', undefined, 'operator', 'url_not_verified'],
    ['privacy_level_option_mismatch', 'never', undefined, 'privacy', 'privacy_not_allowed'],
    ['spam_risk_user_banned_from_posting', 'never', undefined, undefined, 'creator_banned'],
    ['app_version_check_failed', 'never', undefined, 'update_app', 'app_version'],
  ])('%s: try again %s', (code, retry, delayMs, ask, reason) => {
    expect(refusalOf(code)).toEqual({
      retry,
      reason,
      ...(delayMs !== undefined && { delayMs }),
      ...(ask !== undefined && { ask }),
    });
  });

  test('takes both spellings of a bad parameter for the same', () => {
    expect(refusalOf('invalid_param')).toEqual(refusalOf('invalid_params'));
    expect(refusalOf('invalid_params')).toMatchObject({ retry: 'never', reason: 'invalid_request' });
  });
});

describe('why TikTok gave a publish up', () => {
  test.each([
    ['file_format_check_failed', 'never', 'media', 'format_refused'],
    ['duration_check_failed', 'never', 'media', 'duration_refused'],
    ['frame_rate_check_failed', 'never', 'media', 'frame_rate_refused'],
    ['picture_size_check_failed', 'never', 'media', 'picture_size_refused'],
    ['internal', 'later', 'wait', 'tiktok_internal'],
    ['video_pull_failed', 'later', 'operator', 'pull_failed'],
    ['photo_pull_failed', 'later', 'operator', 'pull_failed'],
    ['publish_cancelled', 'never', undefined, 'cancelled_at_tiktok'],
    ['auth_removed', 'never', 'reconnect', 'access_removed'],
    ['spam_risk_too_many_posts', 'later', 'wait', 'daily_post_limit'],
    ['spam_risk_user_banned_from_posting', 'never', undefined, 'creator_banned'],
    ['spam_risk_text', 'never', 'caption', 'spam_text'],
    ['spam_risk', 'never', undefined, 'spam'],
  ])('%s: try again %s', (failReason, retry, ask, reason) => {
    const advice = failureOf(failReason);
    expect(advice).toMatchObject({ retry, reason });
    expect(advice.ask).toBe(ask);
    expect(advice.delayMs !== undefined).toBe(reason.endsWith('_limit'));
  });
});

test.each(['spam_risk_new_kind', 'SPAM_RISK', 'constructor', '__proto__', ''])(
  'never tries again for the unknown code "%s"',
  (code) => {
    expect(refusalOf(code)).toEqual({ retry: 'never', reason: 'unknown' });
    expect(failureOf(code)).toEqual({ retry: 'never', reason: 'unknown' });
  },
);

test('knows nothing about a failure without a reason', () => {
  expect(failureOf(undefined)).toEqual({ retry: 'never', reason: 'unknown' });
});
