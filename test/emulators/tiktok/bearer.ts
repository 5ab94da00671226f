import type { Clock } from './clock.ts';
import { ApiRefusal } from './replies.ts';
import type { Exchange } from './server.ts';
import type { Grant, State } from './state.ts';

/** Reads whose access token a request carries; unknown, expired and revoked ones are refused alike. */
export function createBearer({ state, clock }: { state: State; clock: Clock }) {
  function readGrant({ headers, record }: Exchange): Grant {
    const value = /^Bearer (act\.\S+)$/.exec(headers.authorization ?? '')?.[1];
    const token = state.tokens.find((one) => one.kind === 'access' && one.value === value);
    if (!token?.grant || token.revoked || token.expiresAt <= clock.now()) {
      throw new ApiRefusal(
        401,
        'access_token_invalid',
        'The access token is invalid or not found in the request.',
      );
    }
    record.creator = token.grant.creator;
    record.clientKey = token.clientKey;
    return token.grant;
  }

  /** Refuses a grant that has none of the scopes. */
  function needScope(grant: Grant, ...anyOf: string[]) {
    if (anyOf.some((scope) => grant.scopes.includes(scope))) return;
    throw new ApiRefusal(
      401,
      'scope_not_authorized',
      'The user did not authorize the scope required for completing this request.',
    );
  }

  return { readGrant, needScope };
}

export type Bearer = ReturnType<typeof createBearer>;
