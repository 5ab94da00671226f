import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { EmulatorOptions } from './options.ts';
import { OAuthRefusal, oauthSuccess, type Reply } from './replies.ts';
import type { Exchange } from './server.ts';
import { type App, type Grant, openIdOf, type State, type Token } from './state.ts';

type Parts = {
  state: State;
  clock: Clock;
  options: EmulatorOptions;
  /** Ends all that a creator allowed an app. */
  removeAuthorization: (grant: Grant, reason: number) => void;
};

export type TokenPair = {
  access_token: string;
  expires_in: number;
  refresh_token: string;
  refresh_expires_in: number;
  open_id: string;
  scope: string;
  token_type: 'Bearer';
};

const malformed = () => new OAuthRefusal('invalid_request', 'The request parameters are malformed.');
const missing = () => new OAuthRefusal('invalid_request', 'The request is missing a required parameter.');
const badVerifier = () => new OAuthRefusal('invalid_request', 'Code verifier or code challenge is invalid.');

/** The endpoints `/v2/oauth/token/` and `/v2/oauth/revoke/`. */
export function createOAuth({ state, clock, options, removeAuthorization }: Parts) {
  function answerToken(exchange: Exchange): Reply {
    const form = readForm(exchange, options.strict.formBodies);
    const grantType = need(form, 'grant_type');
    exchange.record.grantType = grantType;
    const app = readApp(form, exchange);
    if (grantType === 'authorization_code') return oauthSuccess(exchangeCode(app, form));
    if (grantType === 'refresh_token') return oauthSuccess(refresh(app, form));
    if (grantType === 'client_credentials') return oauthSuccess(issueClientToken(app));
    throw new OAuthRefusal('unsupported_grant_type', 'The grant type is not supported.');
  }

  function answerRevoke(exchange: Exchange): Reply {
    const form = readForm(exchange, options.strict.formBodies);
    const app = readApp(form, exchange);
    const value = need(form, 'token');
    const token = state.tokens.find((one) => one.value === value && one.kind === 'access');
    if (!token?.grant || token.clientKey !== app.clientKey || token.revoked) throw malformed();
    exchange.record.creator = token.grant.creator;
    removeAuthorization(token.grant, 5);
    return { status: 200, headers: {}, body: '', succeeded: true };
  }

  function readApp(form: URLSearchParams, { record }: Exchange): App {
    const clientKey = need(form, 'client_key');
    const secret = need(form, 'client_secret');
    const app = state.apps.find((one) => one.clientKey === clientKey);
    if (app?.clientSecret !== secret) {
      throw new OAuthRefusal('invalid_client', 'Client key or secret is incorrect.');
    }
    record.clientKey = clientKey;
    return app;
  }

  function exchangeCode(app: App, form: URLSearchParams): TokenPair {
    const value = need(form, 'code');
    const redirectUri = need(form, 'redirect_uri');
    const code = state.codes.find((one) => one.code === value && one.clientKey === app.clientKey);
    if (!code || code.used || code.expiresAt <= clock.now()) {
      throw new OAuthRefusal('invalid_grant', 'Authorization code is expired.');
    }
    // A code is spent by any attempt of its own app, also by one that fails.
    code.used = true;
    if (options.strict.sameRedirectUri && code.redirectUri !== redirectUri) {
      throw new OAuthRefusal(
        'invalid_grant',
        'Redirect_uri is not matched with the uri when requesting code.',
      );
    }
    if (options.strict.pkce) checkVerifier(app, code.codeChallenge, form.get('code_verifier'));
    return issue(makeGrant(app.clientKey, code.creator, code.scopes));
  }

  function refresh(app: App, form: URLSearchParams): TokenPair {
    const value = need(form, 'refresh_token');
    const token = state.tokens.find((one) => one.value === value && one.kind === 'refresh');
    const refused = app.sandbox && options.strict.sandboxRefreshFails;
    if (!token?.grant || token.clientKey !== app.clientKey || refused || !isAlive(token)) {
      throw new OAuthRefusal('invalid_grant', 'Refresh token is invalid or expired.');
    }
    if (options.strict.oldAccessTokenDies) {
      for (const one of state.tokens)
        if (one.kind === 'access' && one.grant === token.grant) one.revoked = true;
    }
    if (!options.strict.refreshRotates) return issue(token.grant, token);
    if (options.strict.oldRefreshTokenDies) token.revoked = true;
    return issue(token.grant, undefined, options.strict.refreshRenewsLifetime ? undefined : token.expiresAt);
  }

  const isAlive = (token: Token) => !token.revoked && token.expiresAt > clock.now();

  function makeGrant(clientKey: string, username: string, scopes: string[]): Grant {
    const openId = openIdOf(clientKey, username);
    const grant = { clientKey, openId, creator: username, scopes, at: clock.now() };
    state.grants.push(grant);
    return grant;
  }

  function issue(grant: Grant, kept?: Token, refreshExpiresAt?: number): TokenPair {
    const now = clock.now();
    const { clientKey } = grant;
    const access = makeToken(
      'act',
      { kind: 'access', clientKey, grant },
      now + options.accessTokenSeconds * 1000,
    );
    const refreshToken =
      kept ??
      makeToken(
        'rft',
        { kind: 'refresh', clientKey, grant },
        refreshExpiresAt ?? now + options.refreshTokenSeconds * 1000,
      );
    return {
      access_token: access.value,
      expires_in: options.accessTokenSeconds,
      refresh_token: refreshToken.value,
      refresh_expires_in: Math.max(0, Math.floor((refreshToken.expiresAt - now) / 1000)),
      open_id: grant.openId,
      scope: grant.scopes.join(','),
      token_type: 'Bearer',
    };
  }

  function issueClientToken(app: App) {
    const token = makeToken('clt', { kind: 'client', clientKey: app.clientKey }, clock.now() + 7_200_000);
    return { access_token: token.value, expires_in: 7200, token_type: 'Bearer' };
  }

  function makeToken(prefix: string, fields: Pick<Token, 'kind' | 'clientKey' | 'grant'>, expiresAt: number) {
    const value = `${prefix}.${randomBytes(32).toString('base64url')}!4521.va`;
    const token: Token = { ...fields, value, expiresAt, revoked: false };
    state.tokens.push(token);
    return token;
  }

  return {
    answerToken,
    answerRevoke,
    /** Tokens without a consent page. */
    grant: (clientKey: string, username: string, scopes: string[]) =>
      issue(makeGrant(clientKey, username, scopes)),
  };
}

/** https://developers.tiktok.com/doc/login-kit-desktop: the challenge is the hex of SHA-256, not base64url. */
function checkVerifier(app: App, challenge: string | undefined, verifier: string | null) {
  if (challenge === undefined) {
    if (app.kind === 'desktop') throw badVerifier();
    return;
  }
  if (verifier === null || !/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) throw badVerifier();
  if (createHash('sha256').update(verifier).digest('hex') !== challenge) throw badVerifier();
}

function readForm({ headers, body }: Exchange, formOnly: boolean) {
  const type = headers['content-type'] ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams(body.toString());
  if (formOnly) throw malformed();
  const value: unknown = JSON.parse(body.toString());
  const entries = Object.entries(value ?? {}).filter(([, one]) => typeof one === 'string');
  return new URLSearchParams(entries);
}

function need(form: URLSearchParams, name: string) {
  const value = form.get(name);
  if (!value) throw missing();
  return value;
}
