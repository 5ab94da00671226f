import { createHash, randomBytes } from 'node:crypto';
import { splitScopes } from './replies.ts';
import type { PostMode } from './types.ts';

/** What Nod asks for: https://developers.tiktok.com/doc/scopes-overview */
export const SCOPES = ['user.info.basic', 'video.publish', 'video.upload'] as const;
/** Optional: reads the creator's public posts, with their links and numbers. */
export const STATS_SCOPE = 'video.list';

/** What an account has to have granted for each way of posting. */
export const SCOPE_FOR: Readonly<Record<PostMode, string>> = {
  DIRECT_POST: 'video.publish',
  MEDIA_UPLOAD: 'video.upload',
};

const MAX_TEXT_LENGTH = 500;

export type OAuthCallback =
  | { code: string; scopes: string[]; state: string }
  | {
      error: string;
      errorType?: string | undefined;
      description?: string | undefined;
      state?: string | undefined;
    };

/** What is asked for at TikTok's consent page; an app may only ask for what TikTok has approved. */
export function scopesToAsk({ stats }: { stats: boolean }): readonly string[] {
  return stats ? [...SCOPES, STATS_SCOPE] : SCOPES;
}

/** Creates a one-time verifier of 64 characters and its challenge. */
export function createPkce() {
  const codeVerifier = randomBytes(48).toString('base64url');
  return { codeVerifier, codeChallenge: challengeOf(codeVerifier) };
}

/**
 * TikTok wants the challenge in hex where RFC 7636 has base64url:
 * https://developers.tiktok.com/doc/login-kit-desktop
 */
export function challengeOf(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('hex');
}

/** Makes the address of TikTok's consent page; the redirect URI has to be registered letter by letter. */
export function authorizeUrl(options: {
  authorizeUrl: string;
  clientKey: string;
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  codeChallenge: string;
}): string {
  const url = new URL(options.authorizeUrl);
  url.searchParams.set('client_key', options.clientKey);
  url.searchParams.set('scope', options.scopes.join(','));
  url.searchParams.set('response_type', 'code');
  url.searchParams.set('redirect_uri', options.redirectUri);
  url.searchParams.set('state', options.state);
  url.searchParams.set('code_challenge', options.codeChallenge);
  url.searchParams.set('code_challenge_method', 'S256');
  // Without it a live TikTok session connects whatever account is signed in, unasked.
  url.searchParams.set('disable_auto_auth', '1');
  return url.href;
}

/** Reads the query of the redirect back; a query without code and state reads as the error `invalid_callback`. */
export function parseCallback(query: URLSearchParams): OAuthCallback {
  const read = (name: string) => {
    const value = query.get(name);
    return value === null || value === '' ? undefined : value;
  };
  const state = read('state');
  const code = read('code');
  const error = read('error');
  if (error === undefined && code !== undefined && state !== undefined) {
    return { code, scopes: splitScopes(read('scopes') ?? ''), state };
  }
  return {
    error: error?.slice(0, MAX_TEXT_LENGTH) ?? 'invalid_callback',
    errorType: read('error_type')?.slice(0, MAX_TEXT_LENGTH),
    description: read('error_description')?.slice(0, MAX_TEXT_LENGTH),
    state,
  };
}
