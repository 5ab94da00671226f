import type { Clock } from './clock.ts';
import type { InitRequest } from './init-body.ts';
import type { EmulatorOptions } from './options.ts';
import { ApiRefusal, guidelinesRefusal } from './replies.ts';
import type { App, Creator, Grant, State } from './state.ts';
import { isOwned } from './url-rules.ts';

type Parts = { state: State; clock: Clock; options: EmulatorOptions };

const dayMs = 86_400_000;

/** What a creator and an app may do now, counted over the last 24 hours of the virtual clock. */
export function createCreatorRules({ state, clock, options }: Parts) {
  const recent = () => state.publishes.filter((publish) => publish.createdAt > clock.now() - dayMs);

  function capRefusal(app: App, creator: Creator): string | undefined {
    if (!options.strict.creatorCaps) return undefined;
    if (creator.banned) return 'spam_risk_user_banned_from_posting';
    const direct = recent().filter(
      (publish) => publish.mode === 'DIRECT_POST' && publish.status !== 'FAILED',
    );
    const active = new Set(direct.filter((one) => one.clientKey === app.clientKey).map((one) => one.creator));
    active.add(creator.username);
    if (active.size > (app.audited ? app.activeCreatorCap : app.unauditedCreatorCap))
      return 'reached_active_user_cap';
    const elsewhere = creator.postsElsewhere.filter((at) => at > clock.now() - dayMs).length;
    const here = direct.filter((one) => one.creator === creator.username).length;
    return here + elsewhere >= creator.postCap ? 'spam_risk_too_many_posts' : undefined;
  }

  function draftRefusal(creator: Creator): string | undefined {
    if (!options.strict.creatorCaps) return undefined;
    if (creator.banned) return 'spam_risk_user_banned_from_posting';
    const pending = recent().filter(
      (one) =>
        one.mode === 'MEDIA_UPLOAD' &&
        one.creator === creator.username &&
        one.status !== 'FAILED' &&
        one.status !== 'PUBLISH_COMPLETE',
    );
    return pending.length >= creator.pendingCap ? 'spam_risk_too_many_pending_share' : undefined;
  }

  return {
    /** The code that creator_info answers instead of the creator's settings, with HTTP 200. */
    creatorInfoRefusal: (app: App, creator: Creator) =>
      creator.creatorInfoRefusal ?? capRefusal(app, creator),

    /** Refuses with 403 in a fixed order; the order of the real checks is not known. */
    check(app: App, creator: Creator, request: InitRequest) {
      const isDirect = request.mode === 'DIRECT_POST';
      const refusal = isDirect ? capRefusal(app, creator) : draftRefusal(creator);
      if (refusal) throw guidelinesRefusal(refusal);
      if (isDirect && options.strict.auditRules && !app.audited) {
        if (!creator.private || request.privacyLevel !== 'SELF_ONLY') {
          throw guidelinesRefusal('unaudited_client_can_only_post_to_private_accounts');
        }
      }
      if (isDirect && !privacyOptions(creator).includes(request.privacyLevel ?? '')) {
        throw guidelinesRefusal('privacy_level_option_mismatch');
      }
      if (options.strict.urlOwnership && request.sourceUrls.some((url) => !isOwned(app, url))) {
        throw new ApiRefusal(
          403,
          'url_ownership_unverified',
          'Please review our URL ownership verification rules at https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide/#pull_from_url',
        );
      }
      if (!isDirect && request.mediaType === 'PHOTO' && !creator.appIsCurrent) {
        throw new ApiRefusal(400, 'app_version_check_failed', 'The TikTok app of the user is too old.');
      }
    },
  };
}

export type CreatorRules = ReturnType<typeof createCreatorRules>;

export function privacyOptions(creator: Creator) {
  const widest = creator.private ? 'FOLLOWER_OF_CREATOR' : 'PUBLIC_TO_EVERYONE';
  return [widest, 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'];
}

/** The app and the creator that a token speaks for. */
export function readParties(state: State, grant: Grant) {
  const app = state.apps.find((one) => one.clientKey === grant.clientKey);
  const creator = state.creators.find((one) => one.username === grant.creator);
  if (!app || !creator) throw new Error('The grant names an app or a creator that is not in the state.');
  return { app, creator };
}
