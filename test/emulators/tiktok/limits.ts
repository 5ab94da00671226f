import type { Clock } from './clock.ts';
import type { EmulatorOptions } from './options.ts';
import { ApiRefusal } from './replies.ts';
import type { Grant } from './state.ts';

/** Calls per minute; https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit and the pages of the endpoints. */
const perMinute: Record<string, number> = {
  'creator_info/query': 20,
  'video/init': 6,
  'inbox/video/init': 6,
  'content/init': 6,
  'status/fetch': 30,
  'user/info': 600,
  'video/list': 600,
  'video/query': 600,
};

/**
 * Sliding windows of one minute per endpoint and authorisation.
 * A refreshed token shares the window of the one before, so that refreshing is no way around a limit.
 */
export function createLimits({ clock, options }: { clock: Clock; options: EmulatorOptions }) {
  const calls = new Map<string, number[]>();

  return {
    /** Counts a call, or refuses it with 429. */
    count(endpoint: string, grant: Grant) {
      const limit = perMinute[endpoint];
      if (!options.strict.rateLimits || limit === undefined) return;
      const bucket = options.strict.sharedInitLimit && endpoint.endsWith('/init') ? 'init' : endpoint;
      const key = `${bucket} ${grant.clientKey} ${grant.openId}`;
      const recent = (calls.get(key) ?? []).filter((at) => at > clock.now() - 60_000);
      if (recent.length >= limit) {
        throw new ApiRefusal(
          429,
          'rate_limit_exceeded',
          'The API rate limit was exceeded. Please try again later.',
        );
      }
      calls.set(key, [...recent, clock.now()]);
    },
  };
}

export type Limits = ReturnType<typeof createLimits>;
