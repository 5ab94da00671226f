import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { consentPage, errorPage } from './consent-page.ts';
import type { EmulatorOptions } from './options.ts';
import { html, type Reply, redirect } from './replies.ts';
import type { Exchange } from './server.ts';
import type { App, State } from './state.ts';
import { isRegistrable, matchesRedirect } from './url-rules.ts';

type Parts = { state: State; clock: Clock; options: EmulatorOptions };

type Asked = {
  app: App;
  scopes: string[];
  redirectUri: string;
  state: string;
  codeChallenge?: string;
  alwaysShow: boolean;
};

const sessionCookie = 'tiktok_session';

/** The page that a person sees: https://developers.tiktok.com/doc/login-kit-web */
export function createAuthorize({ state, clock, options }: Parts) {
  function answerPage({ query, headers }: Exchange): Reply {
    const asked = readQuestion(query);
    if ('page' in asked) return asked.page;
    const username = new RegExp(`\\b${sessionCookie}=([\\w.]+)`).exec(headers.cookie ?? '')?.[1];
    if (username !== undefined && !asked.alwaysShow && hasGranted(asked, username)) {
      return allow(asked, username, asked.scopes);
    }
    const creators = state.creators.filter((creator) => !username || creator.username === username);
    return html(200, consentPage({ ...asked, creators, action: `?${query}` }));
  }

  function answerDecision({ query, body }: Exchange): Reply {
    const asked = readQuestion(query);
    if ('page' in asked) return asked.page;
    const form = new URLSearchParams(body.toString());
    const username = form.get('creator') ?? '';
    if (form.get('decision') !== 'allow') return refuse(asked, 'access_denied', 'User denied the request.');
    if (!state.creators.some((creator) => creator.username === username)) {
      return html(400, errorPage('access_denied', 'creator', 'Choose an account.'));
    }
    if (asked.app.sandbox && !asked.app.targetUsers.includes(username)) {
      const description = 'The account is not a target user of this sandbox.';
      return refuse(asked, 'access_denied', description, 'non_sandbox_target');
    }
    const scopes = asked.scopes.filter((scope) => form.getAll('scope').includes(scope));
    return allow(asked, username, scopes);
  }

  /** What the URL asks for, or the page that stops a wrong one; TikTok does not redirect then. */
  function readQuestion(query: URLSearchParams): Asked | { page: Reply } {
    const stop = (error: string, type: string, text: string) => ({
      page: html(400, errorPage(error, type, text)),
    });
    const app = state.apps.find((one) => one.clientKey === query.get('client_key'));
    if (!app) return stop('unauthorized_client', 'client_key', 'We could not log in with this client_key.');
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!isRegistered(app, redirectUri)) {
      return stop('invalid_request', 'redirect_uri', 'The redirect_uri is not registered for this app.');
    }
    if (query.get('response_type') !== 'code') {
      return stop('unsupported_response_type', 'response_type', 'The response_type has to be "code".');
    }
    const given = query.get('state');
    if (!given) return stop('invalid_request', 'state', 'The state is missing.');
    const scopes = (query.get('scope') ?? '').split(',').filter((scope) => scope !== '');
    if (scopes.length === 0 || scopes.some((scope) => !app.scopes.includes(scope))) {
      return stop('invalid_scope', 'scope', 'A scope is unknown or not approved for this app.');
    }
    const challenge = query.get('code_challenge') ?? undefined;
    if (options.strict.pkce && !isChallengeFine(app, challenge, query.get('code_challenge_method'))) {
      return stop('invalid_request', 'code_challenge', 'The code_challenge (S256) is missing or malformed.');
    }
    const alwaysShow = query.get('disable_auto_auth') === '1';
    const asked = { app, scopes, redirectUri, state: given, alwaysShow };
    return challenge === undefined ? asked : { ...asked, codeChallenge: challenge };
  }

  function isRegistered(app: App, redirectUri: string) {
    return app.redirectUris
      .slice(0, 10)
      .some(
        (one) => isRegistrable(app.kind, one, options.allowLoopbackHttp) && matchesRedirect(one, redirectUri),
      );
  }

  function hasGranted({ app, scopes }: Asked, username: string) {
    return state.grants.some(
      (grant) =>
        grant.clientKey === app.clientKey &&
        grant.creator === username &&
        scopes.every((scope) => grant.scopes.includes(scope)),
    );
  }

  function allow(asked: Asked, username: string, scopes: string[]): Reply {
    const code = `${randomBytes(24).toString('base64url')}*0!4521.va`;
    state.codes.push({
      code,
      clientKey: asked.app.clientKey,
      creator: username,
      scopes,
      redirectUri: asked.redirectUri,
      ...(asked.codeChallenge !== undefined && { codeChallenge: asked.codeChallenge }),
      expiresAt: clock.now() + options.codeSeconds * 1000,
      used: false,
    });
    const query = new URLSearchParams({ code, scopes: scopes.join(','), state: asked.state });
    return redirect(`${asked.redirectUri}?${query}`, {
      'set-cookie': `${sessionCookie}=${username}; Path=/v2/auth; HttpOnly; SameSite=Lax`,
    });
  }

  function refuse(asked: Asked, error: string, description: string, type?: string): Reply {
    const query = new URLSearchParams({ error, error_description: description, state: asked.state });
    if (type !== undefined) query.set('error_type', type);
    return redirect(`${asked.redirectUri}?${query}`);
  }

  return { answerPage, answerDecision };
}

/** The desktop flow needs a challenge; whether it is hex shows at the token step only, as on the real page. */
function isChallengeFine(app: App, challenge: string | undefined, method: string | null) {
  if (challenge === undefined) return app.kind === 'web';
  return challenge !== '' && method === 'S256';
}
