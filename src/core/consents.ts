import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Account, Accounts } from './accounts.ts';
import type { ChatRef, Person } from './post.ts';
import type { Store, Versioned } from './stores.ts';
import type { TikTokClient } from './tiktok/client.ts';
import { TikTokApiError } from './tiktok/errors.ts';
import { authorizeUrl, createPkce, SCOPES } from './tiktok/oauth.ts';
import type { UserInfo } from './tiktok/types.ts';

/** Somebody in a chat asked to connect a TikTok account; the id is the secret of the link that they got. */
export interface Invitation extends Versioned {
  readonly id: string;
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly chatTitle: string;
  readonly person: Person;
  readonly expiresAt: number;
}

/** One way through TikTok's consent page, by its `state`. */
export interface Consent extends Versioned {
  readonly invitation: Invitation;
  readonly codeVerifier: string;
  /** SHA-256 of the cookie of the browser that began. */
  readonly browserHash: string;
  readonly expiresAt: number;
  readonly usedAt?: number;
}

/** How a way through the consent page ended. Without an invitation nobody can be told but the browser. */
export type ConsentOutcome =
  | { type: 'connected'; invitation: Invitation; account: Account; missingScopes: readonly string[] }
  | { type: 'denied' | 'expired' | 'reused' | 'foreign'; invitation: Invitation }
  | { type: 'refused'; invitation: Invitation; code: string }
  | { type: 'unreachable'; invitation: Invitation }
  | { type: 'unknown' };

const INVITATION_LIFE_MS = 60 * 60_000;
const CONSENT_LIFE_MS = 10 * 60_000;

/** Leads a person from a chat through TikTok's consent page and back. */
export function createConsents({
  invitations,
  consents,
  accounts,
  client,
  clientKey,
  authorizePage,
  redirectUri,
  now,
  log,
}: {
  invitations: Store<Invitation>;
  consents: Store<Consent>;
  accounts: Accounts;
  client: TikTokClient;
  clientKey: string;
  authorizePage: string;
  redirectUri: string;
  now: () => number;
  log: Logger;
}) {
  async function invite(from: {
    workspace: string;
    chat: ChatRef;
    chatTitle: string;
    person: Person;
  }): Promise<Invitation> {
    const id = newSecret();
    const { workspace, chat, chatTitle, person } = from;
    const expiresAt = now() + INVITATION_LIFE_MS;
    const invitation = await invitations.create(id, { id, workspace, chat, chatTitle, person, expiresAt });
    if (invitation === undefined) throw new Error('A fresh id is taken: the random source repeats itself.');
    return invitation;
  }

  async function readInvitation(id: string): Promise<Invitation | undefined> {
    const invitation = await invitations.get(id);
    return invitation !== undefined && invitation.expiresAt > now() ? invitation : undefined;
  }

  /** The URL of TikTok's consent page for this invitation and this browser. */
  async function begin(invitation: Invitation, browser: string): Promise<string> {
    const state = newSecret();
    const { codeVerifier, codeChallenge } = createPkce();
    await consents.create(state, {
      invitation,
      codeVerifier,
      browserHash: hash(browser),
      expiresAt: now() + CONSENT_LIFE_MS,
    });
    return authorizeUrl({
      authorizeUrl: authorizePage,
      clientKey,
      redirectUri,
      scopes: SCOPES,
      state,
      codeChallenge,
    });
  }

  /** Ends the way that `state` names: at most once, and only for the browser that began it. */
  async function finish(callback: {
    state: string;
    browser: string | undefined;
    code?: string;
    error?: string;
  }): Promise<ConsentOutcome> {
    const consent = await consents.get(callback.state);
    if (consent === undefined) return { type: 'unknown' };
    const { invitation } = consent;
    if (consent.usedAt !== undefined) return { type: 'reused', invitation };
    if (!isSameBrowser(callback.browser, consent.browserHash)) return { type: 'foreign', invitation };
    if ((await consents.replace(callback.state, consent, { ...consent, usedAt: now() })) === undefined) {
      return { type: 'reused', invitation };
    }
    if (consent.expiresAt <= now()) return { type: 'expired', invitation };
    if (callback.error !== undefined) {
      return callback.error === 'access_denied'
        ? { type: 'denied', invitation }
        : { type: 'refused', invitation, code: callback.error };
    }
    if (callback.code === undefined) return { type: 'refused', invitation, code: 'code_missing' };
    return exchange(invitation, callback.code, consent.codeVerifier);
  }

  async function exchange(
    invitation: Invitation,
    code: string,
    codeVerifier: string,
  ): Promise<ConsentOutcome> {
    try {
      const grant = await client.exchangeCode({ code, redirectUri, codeVerifier });
      const info = await readUser(grant.accessToken, grant.scopes);
      const { workspace, chat, person } = invitation;
      const account = await accounts.connect({ workspace, chat, person, grant, info });
      await invitations.delete(invitation.id);
      const missingScopes = SCOPES.filter((scope) => !grant.scopes.includes(scope));
      return { type: 'connected', invitation, account, missingScopes };
    } catch (error) {
      log.warn({ err: error }, 'An account could not be connected');
      if (error instanceof TikTokApiError) return { type: 'refused', invitation, code: error.code };
      return { type: 'unreachable', invitation };
    }
  }

  /** The account is worth connecting without its name, so this failure is only noted. */
  async function readUser(accessToken: string, scopes: readonly string[]): Promise<UserInfo | undefined> {
    try {
      return await client.fetchUserInfo(accessToken, scopes);
    } catch (error) {
      log.warn({ err: error }, 'TikTok did not tell the name of the account');
      return undefined;
    }
  }

  /** Deletes what has long expired. */
  async function sweep(): Promise<void> {
    const longAgo = now() - 24 * INVITATION_LIFE_MS;
    for await (const [id, { expiresAt }] of invitations.entries()) {
      if (expiresAt < longAgo) await invitations.delete(id);
    }
    for await (const [state, { expiresAt }] of consents.entries()) {
      if (expiresAt < longAgo) await consents.delete(state);
    }
  }

  return { invite, readInvitation, begin, finish, sweep };
}

export type Consents = ReturnType<typeof createConsents>;

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

function hash(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function isSameBrowser(browser: string | undefined, browserHash: string): boolean {
  return browser !== undefined && timingSafeEqual(Buffer.from(hash(browser)), Buffer.from(browserHash));
}
